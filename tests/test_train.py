"""Training: a tiny run from digits to a model that reads, stopped on its way."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import few_steps
import numpy as np
import pytest

from formreader import (
    classify,
    datasets,
    fit_cheques,
    fit_confidence,
    train,
    train_material,
    train_strips,
)
from formreader.datasets import hands_of
from formreader.errors import ModelError, OutputError, UsageError
from formreader.train_loop import Course, run, save
from formreader.train_settings import Settings

needs_tensorflow = pytest.mark.skipif(
    importlib.util.find_spec("tensorflow") is None,
    reason='TensorFlow is not installed: pip install "formreader[train]"',
)
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
EPOCHS = 2


class KilledError(Exception):
    """Stands for what ends a process between two epochs."""


@dataclass
class Said:
    """What a run reported; the run ends after a line that begins with `end`."""

    end: str = "never"
    lines: list[str] = field(default_factory=list)

    def __call__(self, line: str) -> None:
        self.lines.append(line)
        if line.startswith(self.end):
            raise KilledError

    def about(self, words: str) -> list[str]:
        return [line for line in self.lines if words in line]


@dataclass
class Trained:
    """A finished run: its folder, card, and what it said before and after it was stopped."""

    data: Path
    folder: Path
    card: dict[str, Any]
    runs: list[Said]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Train two epochs on drawn digits; the run is killed on its way and called again."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    folder = tmp_path_factory.mktemp("training")
    digits, test = datasets.draw_digits(300, 1), datasets.draw_digits(60, 2)
    np.savez(
        folder / "digits.npz",
        x_train=digits.images,
        y_train=digits.labels,
        x_test=test.images,
        y_test=test.labels,
    )
    runs = [Said("strips: epoch 1 of 2"), Said()]
    with pytest.MonkeyPatch.context() as patch, few_steps.untraced():
        patch.setattr(fit_confidence, "FIELDS", 15)
        patch.setattr(fit_cheques, "AMOUNTS", (12, 12))
        patch.setattr(train_strips, "CHECKED", 12)
        patch.setattr(train_strips, "BATCH", 6)
        for said in runs:
            try:
                card = train.train(
                    [folder / "digits.npz"], folder / "model", Settings(epochs=EPOCHS), report=said
                )
            except KilledError:
                continue
    return Trained(folder / "digits.npz", folder / "model", card, runs)


@pytest.fixture
def model(trained: Trained, tmp_path: Path) -> Path:
    """Copy the trained model, to be damaged at will."""
    files = (classify.NETWORK, classify.STRIP_NETWORK, classify.CARD)
    (tmp_path / "model").mkdir()
    for name in files:
        shutil.copy(trained.folder / name, tmp_path / "model" / name)
    return tmp_path / "model"


# What a run leaves


@needs_tensorflow
def test_a_run_leaves_both_networks_the_card_and_the_curves(trained: Trained) -> None:
    for name in ("network.tflite", "strips.tflite", "card.json", "training.png"):
        assert (trained.folder / name).stat().st_size > 0
    assert (trained.folder / "training.png").read_bytes().startswith(b"\x89PNG")
    assert not list(trained.folder.rglob("*fresh*"))


@needs_tensorflow
def test_the_card_says_what_the_model_is_and_was_made_of(trained: Trained) -> None:
    card = json.loads((trained.folder / "card.json").read_text("utf-8"))
    assert card == trained.card
    assert card["alphabet"] == "0123456789?"
    assert card["data"]["sources"] == {"digits.npz": datasets.file_hash(trained.data)}
    drawn = 2 * 300
    assert card["data"]["training_digits"] + card["data"]["held_out_digits"] == 300 + drawn
    assert card["epochs"] == {"digits": EPOCHS, "strips": EPOCHS}
    assert {"tensorflow", "keras", "numpy", "python"} <= set(card["versions"])
    assert 0.5 <= card["temperature"] <= 4
    assert 0 <= card["export_agreement"]["share"] <= 1
    assert card["test"]["count"] == 60
    assert 0 <= card["test"]["right"] <= 60
    assert set(card["calibration"]) == {"free", "cells", "amount"}
    assert str(trained.folder) not in json.dumps(card)


@needs_tensorflow
def test_the_exported_model_reads_what_the_trained_one_reads(trained: Trained) -> None:
    assert trained.card["export_agreement"]["count"] >= 20
    assert trained.card["export_agreement"]["share"] > 0.9


@needs_tensorflow
def test_the_score_of_a_digit_is_a_mean_of_two_unlike_networks(trained: Trained) -> None:
    import keras

    from formreader.network import SMALL, averaged

    both = keras.models.load_model(trained.folder / "training" / "digits.keras")
    glyphs = datasets.draw_digits(20, 3).images.astype(np.float32) / np.float32(255)
    scores = both.predict(glyphs, verbose=0)
    assert scores.shape == (20, 2, 11)
    assert np.abs(scores[:, 0] - scores[:, 1]).max() > 0.01
    mean = (1 - SMALL) * scores[:, 0] + SMALL * scores[:, 1]
    assert averaged(both).predict(glyphs, verbose=0) == pytest.approx(mean, abs=1e-4)


@needs_tensorflow
@pytest.mark.parametrize("name", ["digits", "strips"])
def test_the_loss_falls_already_in_the_second_epoch(trained: Trained, name: str) -> None:
    notes = trained.folder / "training" / f"{name}-history.json"
    first, second = json.loads(notes.read_text())["epochs"]
    assert second["loss"] < first["loss"]
    assert 0 <= second["held_out"] <= 1


@needs_tensorflow
def test_the_model_reads_a_field_from_end_to_end(trained: Trained) -> None:
    from formreader.document import Page
    from formreader.pipeline import Options, Reader

    image = np.full((60, 150), 235, np.uint8)
    image[15:45, 30:34] = image[15:45, 80:84] = 40
    reader = Reader(Options(form="field", model=trained.folder))
    assert reader.model_id.startswith("model@")
    result = reader.read_page(Page("a.png", 1, image, 200.0))
    [reading] = result.readings
    assert 0 <= reading.confidence <= 1
    assert all(symbol in "0123456789" for symbol in reading.text)


# Stopped and called again


@needs_tensorflow
def test_a_stopped_run_goes_on_after_its_last_epoch(trained: Trained) -> None:
    first, second = trained.runs
    assert len(first.about("digits: epoch")) == 2
    assert second.about("digits: going on after epoch 2 of 2")
    assert second.about("strips: going on after epoch 1 of 2")
    assert not second.about("digits: epoch")
    assert len(second.about("strips: epoch")) == 1


@needs_tensorflow
def test_another_recipe_begins_anew(tmp_path: Path) -> None:
    import keras

    def build() -> Any:
        network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        network.compile("sgd", "mse")
        return network

    def batch(epoch: int, step: int) -> tuple[np.ndarray, np.ndarray]:
        return np.ones((4, 2), np.float32), np.ones((4, 1), np.float32)

    course = Course("tiny", build, batch, 2, lambda network: 0.5, 2)
    with pytest.raises(KilledError):
        run(course, tmp_path, {"seed": 1}, Said("tiny: epoch 1 of 2"))
    same, other = Said(), Said()
    _, history = run(course, tmp_path, {"seed": 1}, same)
    assert same.lines[0] == "tiny: going on after epoch 1 of 2"
    assert len(history) == 2
    run(course, tmp_path, {"seed": 2}, other)
    assert other.lines[0].startswith("tiny: epoch 1 of 2")


@needs_tensorflow
def test_a_resumed_epoch_sees_the_batches_it_would_have_seen(trained: Trained) -> None:
    material = train.gather([trained.data], seed=1)
    hands = hands_of(material.written)
    for step in (0, 3):
        one = train_material.epoch_batch(material, hands, 1, 1, step)
        same = train_material.epoch_batch(material, hands, 1, 1, step)
        other = train_material.epoch_batch(material, hands, 1, 0, step)
        assert np.array_equal(one[0], same[0])
        assert np.array_equal(one[1], same[1])
        assert not np.array_equal(one[0], other[0])


def test_notes_of_a_run_are_written_after_the_network(tmp_path: Path) -> None:
    class Network:
        def save(self, path: Path) -> None:
            path.write_text("network")

    saved, notes = tmp_path / "digits.keras", tmp_path / "digits-history.json"
    save(Network(), saved, notes, {"epochs": [1]})
    assert saved.read_text() == "network"
    assert json.loads(notes.read_text()) == {"epochs": [1]}
    assert sorted(path.name for path in tmp_path.iterdir()) == [notes.name, saved.name]


def test_a_course_cannot_be_changed_on_its_way() -> None:
    course = Course("a", dict, lambda epoch, step: ([], []), 1, lambda model: 1.0, 2)
    with pytest.raises(AttributeError):
        course.epochs = 3  # type: ignore[misc]


# Batches


def test_a_batch_holds_digits_and_junk_in_their_shares() -> None:
    digits = datasets.draw_digits(200, 1)
    some = digits.at(np.arange(100))
    glyphs, labels = train_material.batch(some, digits, [1, 2])
    assert glyphs.shape == (116, 28, 28)
    assert glyphs.dtype == np.float32
    assert (labels == 10).sum() == 16
    assert np.array_equal(labels[:100], some.labels)


def material_of(count: int, others: int = 0) -> train_material.Material:
    """Return material of drawn digits, with `others` black squares that are no digits."""
    digits = datasets.draw_digits(count, 1)
    squares = np.full((others, 28, 28), 255, np.uint8)
    return train_material.Material(digits, digits, digits, None, {}, others=squares)


@pytest.mark.parametrize("size", [50, 100, 200])
def test_an_epochs_batch_holds_digits_junk_and_glyphs_of_lattices(size: int) -> None:
    material = material_of(400)
    hands = hands_of(material.written)
    steps = range(400 // size)
    made = [train_material.epoch_batch(material, hands, 1, 0, step, size) for step in steps]
    assert all(len(glyphs) == len(labels) for glyphs, labels in made)
    digits = sum((labels[int(1.16 * size) :] < 10).sum() for _, labels in made)
    others = sum((labels == 10).sum() for _, labels in made)
    assert 0.7 * 0.22 * 400 <= digits <= 0.22 * 400
    assert 0.26 * 400 <= others <= 0.30 * 400 + len(steps)


def test_batches_of_a_single_digit_are_made_too() -> None:
    material = material_of(60)
    hands = hands_of(material.written)
    for step in range(60):
        glyphs, labels = train_material.epoch_batch(material, hands, 1, 0, step, 1)
        assert len(glyphs) == len(labels) >= 2


def test_own_pictures_of_what_is_no_digit_are_learned_as_often_as_digits() -> None:
    material = material_of(600, others=6)
    hands = hands_of(material.written)
    black = 0
    for step in range(30):
        glyphs, labels = train_material.epoch_batch(material, hands, 1, 0, step, 20)
        black += int((glyphs[labels == 10].mean((1, 2)) > 0.4).sum())
    assert black <= 25  # six each once in the pass, and what is as black by itself


# What stops a run


def test_without_tensorflow_the_command_that_installs_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match=r'pip install "formreader\[train\]"'):
        train.train([], tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_unusable_data_stop_the_run_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train, "find_spec", lambda name: object())
    with pytest.raises(UsageError, match="There is no file"):
        train.train([tmp_path / "absent.npz"], tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_a_folder_that_cannot_be_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train, "find_spec", lambda name: object())
    digits = datasets.draw_digits(40, 1)
    np.savez(tmp_path / "digits.npz", x_train=digits.images, y_train=digits.labels)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="cannot be written to"):
        train.train([tmp_path / "digits.npz"], tmp_path / "file" / "model")


def test_a_download_that_fails_names_the_way_without_one(monkeypatch: pytest.MonkeyPatch) -> None:
    class Offline:
        @staticmethod
        def load_data() -> None:
            raise Exception("URL fetch failure")  # as Keras does

    class Keras:
        class datasets:  # noqa: N801
            mnist = Offline

    monkeypatch.setitem(sys.modules, "keras", Keras)  # type: ignore[arg-type]
    with pytest.raises(ModelError, match=r"--data mnist\.npz"):
        train.download_mnist()


# What is refused when a model is loaded


@needs_tensorflow
def test_a_network_of_another_width_than_its_card_is_refused(model: Path) -> None:
    card = json.loads((model / "card.json").read_text())
    (model / "card.json").write_text(json.dumps({**card, "alphabet": "0123456789"}))
    with pytest.raises(ModelError, match="gives 11 classes but its card names 10"):
        classify.load_recognizer(model)


@needs_tensorflow
@pytest.mark.parametrize("content", [b"", b"not a network", bytes(5000)])
def test_a_damaged_network_is_refused(model: Path, content: bytes) -> None:
    (model / "network.tflite").write_bytes(content)
    with pytest.raises(ModelError, match="damaged"):
        classify.load_recognizer(model)


@needs_tensorflow
def test_a_network_cut_short_is_refused(model: Path) -> None:
    network = model / "network.tflite"
    network.write_bytes(network.read_bytes()[:2000])
    with pytest.raises(ModelError, match="damaged"):
        classify.load_recognizer(model)


@needs_tensorflow
def test_the_network_of_strips_in_the_place_of_the_other_is_refused(model: Path) -> None:
    shutil.copy(model / "strips.tflite", model / "network.tflite")
    with pytest.raises(ModelError):
        classify.load_recognizer(model)


@needs_tensorflow
def test_a_missing_network_is_named(model: Path) -> None:
    (model / "network.tflite").unlink()
    with pytest.raises(ModelError, match=r"no network\.tflite in"):
        classify.load_recognizer(model)


@needs_tensorflow
def test_a_missing_strip_reader_is_named(model: Path) -> None:
    (model / "strips.tflite").unlink()
    card = classify.load_recognizer(model).card
    with pytest.raises(ModelError, match=r"strips\.tflite"):
        classify.load_strip_reader(model, card)


@needs_tensorflow
def test_a_model_whose_training_was_stopped_is_refused(model: Path) -> None:
    from formreader.pipeline import Options, Reader

    card = json.loads((model / "card.json").read_text())
    (model / "card.json").write_text(json.dumps({**card, "calibration": {}}))
    with pytest.raises(ModelError, match="was stopped before its end"):
        Reader(Options(model=model))


def test_a_missing_card_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"has no card\.json.*formreader train"):
        classify.load_recognizer(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "\udcff"])
def test_a_damaged_card_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "card.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ModelError, match=r"card\.json"):
        classify.load_recognizer(tmp_path)


@pytest.mark.parametrize("missing", ["alphabet", "temperature", "calibration"])
def test_a_card_that_lacks_a_key_says_which(tmp_path: Path, missing: str) -> None:
    card = {"alphabet": "0123456789?", "temperature": 1.0, "calibration": {}}
    del card[missing]
    (tmp_path / "card.json").write_text(json.dumps(card))
    with pytest.raises(ModelError, match=f"lacks {missing}"):
        classify.load_recognizer(tmp_path)


# Scores


@needs_tensorflow
def test_scores_do_not_depend_on_how_many_glyphs_come_at_once(model: Path) -> None:
    recognizer = classify.load_recognizer(model)
    glyphs = datasets.draw_digits(100, 5).images.astype(np.float32) / np.float32(255)
    together = recognizer.classify(glyphs)
    alone = np.concatenate([recognizer.classify(glyphs[i : i + 1]) for i in range(100)])
    np.testing.assert_allclose(together, alone, atol=1e-3)
    assert recognizer.classify(glyphs[:0]).shape == (0, 11)


@needs_tensorflow
@pytest.mark.parametrize("width", [4, 32, 64, 65, 333, 512])
def test_strips_of_every_width_are_read(model: Path, width: int) -> None:
    reader = classify.load_strip_reader(model, {"strips": {"temperature": 1.0}})
    assert reader is not None
    frames = reader.read(np.zeros((32, width), np.float32))
    assert frames.shape[1] == 11
    assert width / 2 <= len(frames) <= width / 2 + 4
    np.testing.assert_allclose(np.exp(frames).sum(1), 1, atol=1e-4)


def test_a_model_without_a_strip_reader_has_none(tmp_path: Path) -> None:
    assert classify.load_strip_reader(tmp_path, {}) is None


def test_log_probabilities_sum_to_one_and_soften_with_temperature() -> None:
    logits = np.array([[4.0, 0.0, -500.0], [1000.0, 0.0, 0.0]], np.float32)
    for temperature in (0.5, 1.0, 4.0):
        chances = np.exp(classify.log_softmax(logits, temperature))
        np.testing.assert_allclose(chances.sum(1), 1, atol=1e-5)
    sharp, soft = (np.exp(classify.log_softmax(logits, t))[0, 0] for t in (1.0, 4.0))
    assert soft < sharp
