"""A model's files: what is refused when they are loaded, and what its networks give."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from formreader import classify, datasets
from formreader.errors import ModelError


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Copy the bundled model, to be damaged at will."""
    (tmp_path / "model").mkdir()
    networks = (classify.NETWORK, classify.STRIP_NETWORK, classify.PRINT_NETWORK)
    for name in (*networks, classify.CARD):
        shutil.copy(classify.model_folder(None) / name, tmp_path / "model" / name)
    return tmp_path / "model"


# What is refused when a model is loaded


def test_a_network_of_another_width_than_its_card_is_refused(model: Path) -> None:
    card = json.loads((model / "card.json").read_text())
    (model / "card.json").write_text(json.dumps({**card, "alphabet": "0123456789"}))
    with pytest.raises(ModelError, match="gives 11 classes but its card names 10"):
        classify.load_recognizer(model)


@pytest.mark.parametrize("content", [b"", b"not a network", bytes(5000)])
def test_a_damaged_network_is_refused(model: Path, content: bytes) -> None:
    (model / "network.tflite").write_bytes(content)
    with pytest.raises(ModelError, match="damaged"):
        classify.load_recognizer(model)


def test_a_network_cut_short_is_refused(model: Path) -> None:
    network = model / "network.tflite"
    network.write_bytes(network.read_bytes()[:2000])
    with pytest.raises(ModelError, match="damaged"):
        classify.load_recognizer(model)


def test_the_network_of_strips_in_the_place_of_the_other_is_refused(model: Path) -> None:
    shutil.copy(model / "strips.tflite", model / "network.tflite")
    with pytest.raises(ModelError):
        classify.load_recognizer(model)


def test_a_missing_network_is_named(model: Path) -> None:
    (model / "network.tflite").unlink()
    with pytest.raises(ModelError, match=r"no network\.tflite in"):
        classify.load_recognizer(model)


def test_a_missing_strip_reader_is_named(model: Path) -> None:
    (model / "strips.tflite").unlink()
    card = classify.load_recognizer(model).card
    with pytest.raises(ModelError, match=r"strips\.tflite"):
        classify.load_strip_reader(model, card)


def test_a_missing_print_detector_is_named(model: Path) -> None:
    (model / "printed.tflite").unlink()
    card = classify.load_recognizer(model).card
    with pytest.raises(ModelError, match=r"printed\.tflite"):
        classify.load_print_detector(model, card)


@pytest.mark.parametrize("other", ["network.tflite", "strips.tflite"])
def test_another_network_in_the_place_of_the_print_detector_is_refused(
    model: Path, other: str
) -> None:
    shutil.copy(model / other, model / "printed.tflite")
    with pytest.raises(ModelError):
        classify.load_print_detector(model, classify.load_recognizer(model).card)


def test_a_model_of_before_there_was_a_print_detector_has_none(model: Path) -> None:
    (model / "printed.tflite").unlink()
    card = classify.load_recognizer(model).card
    del card["printed"]
    assert classify.load_print_detector(model, card) is None


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


def test_scores_do_not_depend_on_how_many_glyphs_come_at_once(model: Path) -> None:
    recognizer = classify.load_recognizer(model)
    glyphs = datasets.draw_digits(100, 5).images.astype(np.float32) / np.float32(255)
    together = recognizer.classify(glyphs)
    alone = np.concatenate([recognizer.classify(glyphs[i : i + 1]) for i in range(100)])
    np.testing.assert_allclose(together, alone, atol=1e-3)
    assert recognizer.classify(glyphs[:0]).shape == (0, 11)


@pytest.mark.parametrize("width", [4, 32, 64, 65, 333, 512])
def test_strips_of_every_width_are_read(model: Path, width: int) -> None:
    reader = classify.load_strip_reader(model, {"strips": {"temperature": 1.0}})
    assert reader is not None
    frames = reader.read(np.zeros((32, width), np.float32))
    assert frames.shape[1] == 11
    assert width / 2 <= len(frames) <= width / 2 + 4
    np.testing.assert_allclose(np.exp(frames).sum(1), 1, atol=1e-4)


@pytest.mark.parametrize(("card", "looks"), [({}, 1), ({"looks": 1}, 1), ({"looks": 2}, 2)])
def test_a_model_looks_as_often_as_its_promises_were_proved_with(
    model: Path, card: dict[str, int], looks: int
) -> None:
    reader = classify.load_strip_reader(model, {"strips": {"temperature": 1.0, **card}})
    assert reader is not None
    assert reader.looks == looks


def test_a_model_without_a_strip_reader_has_none(tmp_path: Path) -> None:
    assert classify.load_strip_reader(tmp_path, {}) is None


def test_log_probabilities_sum_to_one_and_soften_with_temperature() -> None:
    logits = np.array([[4.0, 0.0, -500.0], [1000.0, 0.0, 0.0]], np.float32)
    for temperature in (0.5, 1.0, 4.0):
        chances = np.exp(classify.log_softmax(logits, temperature))
        np.testing.assert_allclose(chances.sum(1), 1, atol=1e-5)
    sharp, soft = (np.exp(classify.log_softmax(logits, t))[0, 0] for t in (1.0, 4.0))
    assert soft < sharp
