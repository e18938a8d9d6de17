"""Training: a tiny run from digits to a model that reads, stopped on its way."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import few_steps
import numpy as np
import pytest

from formreader import (
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


# What a run leaves


@needs_tensorflow
def test_a_run_leaves_its_networks_the_card_and_the_curves(trained: Trained) -> None:
    for name in ("network.tflite", "strips.tflite", "printed.tflite", "card.json", "training.png"):
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
    assert card["epochs"] == {"digits": EPOCHS, "strips": EPOCHS, "printed": EPOCHS}
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
def test_what_tensorflow_complains_of_between_batches_stays_off_the_screen(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    class Noisy:
        def reset_metrics(self) -> None: ...

        def train_on_batch(self, *arrays: Any) -> float:
            os.write(2, b"error: operand type is not compatible")
            return 0.5

        def save(self, path: Path) -> None:
            path.touch()

    course = Course("noisy", Noisy, lambda epoch, step: ([], []), 2, lambda network: 0.5, 1)
    said = Said()
    run(course, tmp_path, {"seed": 1}, said)
    assert len(said.lines) == 1
    assert "error" not in capfd.readouterr().err


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
