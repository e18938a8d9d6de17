"""Rate the exported recognizer on single digits: accuracy, calibration, risk and coverage."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from formreader.document import Float
from formreader.errors import UsageError
from formreader.evaluate_rates import (
    SYMBOLS,
    calibration_error,
    clopper_pearson,
    confusion,
    curve,
    rate,
    read_at,
    thinned,
)

BATCH = 1024
"""Glyphs classified at once; bounds memory, changes no result."""
DARK_PAPER = 127.5
"""Median of all border pixels from which the digits are dark on white (half of 0…255)."""


class Recognizer(Protocol):
    """What is rated: `alphabet` holds the classes, digits first, in the order of the logits."""

    alphabet: str
    temperature: float

    def classify(self, glyphs: Float) -> Float:
        """Score glyphs (N, 28, 28) float32, 0 paper to 1 ink; return logits (N, K)."""


def evaluate_glyphs(npz: Path, model: Path | None = None) -> dict[str, Any]:
    """Rate an exported model (None: the bundled one) on x_test, y_test of an npz file.

    Images uint8 (N, H, W) of any size, bright on black or dark on white; or a folder of
    pictures by class, of which `test` counts if there is one. Raises `UsageError` where there
    are no digits and `ModelError` where the model cannot be used.
    """
    from formreader.classify import load_recognizer

    if not npz.is_dir():
        images, labels = read_glyphs(npz)
        return {"data": npz.name, **rate_glyphs(images, labels, load_recognizer(model))}
    warnings: list[str] = []
    glyphs, labels = read_test_folder(npz, warnings)
    rated = rate_normalized(glyphs, labels, load_recognizer(model))
    return {"data": npz.resolve().name, **rated, "warnings": warnings}


def read_test_folder(folder: Path, warnings: list[str]) -> tuple[Float, NDArray[np.int64]]:
    """Read the digits of a folder of pictures by class: float32 (N, 28, 28) and labels (N,)."""
    from formreader.glyph_folder import place_of, read_folder

    part = "test" if place_of(folder, "test") else "train"
    digits, others = read_folder(folder, part, warnings.append)
    if len(others):
        warnings.append(f"{len(others)} pictures of what is no digit are left out.")
    return digits.images.astype(np.float32) / np.float32(255), digits.labels


def read_glyphs(npz: Path) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Read x_test uint8 (N, H, W) and y_test int64 (N,) from an npz file."""
    if not npz.is_file():
        raise UsageError(f"There is no file {npz}.")
    try:
        with np.load(npz, allow_pickle=False) as data:
            images, labels = data["x_test"], data["y_test"]
    except KeyError:
        raise UsageError(f"{npz.name} must hold the arrays x_test and y_test.") from None
    except (ValueError, OSError, zipfile.BadZipFile, AttributeError, TypeError):
        raise UsageError(f"{npz.name} is not an npz file of digit pictures.") from None
    if images.ndim == 4 and images.shape[3] == 1:
        images = images[..., 0]
    fits = images.ndim == 3 and labels.shape == images.shape[:1] and images.dtype == np.uint8
    if not fits or not len(images):
        raise UsageError(
            f"{npz.name} must hold x_test as uint8 pictures (count, height, width) and one "
            "y_test for each."
        )
    if labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() > 9:
        raise UsageError(f"{npz.name}: y_test must hold whole numbers from 0 to 9.")
    return images, labels.astype(np.int64)


def normalized(images: NDArray[np.uint8]) -> Float:
    """Bring digit pictures to the network's frame: float32 (N, 28, 28), 0 paper to 1 ink.

    Whether ink is bright or dark is decided once for the set, by the median of all border
    pixels: a single tight crop has ink on its border, a whole set has paper.
    """
    from formreader.ink import normalize_glyph

    borders = (images[:, 0], images[:, -1], images[:, :, 0], images[:, :, -1])
    is_dark_on_white = np.median(np.concatenate(borders, axis=1)) > DARK_PAPER
    glyphs = np.empty((len(images), 28, 28), np.float32)
    for i, image in enumerate(images):
        darkness = image.astype(np.float32) / np.float32(255)
        glyphs[i] = normalize_glyph(1 - darkness if is_dark_on_white else darkness)
    return glyphs


def probabilities(glyphs: Float, recognizer: Recognizer) -> NDArray[np.float64]:
    """Return calibrated class probabilities (N, K): softmax of logits over the temperature."""
    batches = range(0, len(glyphs), BATCH)
    logits = np.concatenate([recognizer.classify(glyphs[i : i + BATCH]) for i in batches])
    scaled = logits.astype(np.float64) / recognizer.temperature
    scaled = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    shares: NDArray[np.float64] = scaled / scaled.sum(axis=1, keepdims=True)
    return shares


def rate_glyphs(
    images: NDArray[np.uint8], labels: NDArray[np.int64], recognizer: Recognizer
) -> dict[str, Any]:
    """Rate a recognizer on pictures of digits: uint8 (N, H, W) and their labels (N,)."""
    return rate_normalized(normalized(images), labels, recognizer)


def rate_normalized(
    glyphs: Float, labels: NDArray[np.int64], recognizer: Recognizer
) -> dict[str, Any]:
    """Rate a recognizer on labelled glyphs; a digit called anything else counts as an error."""
    shares = probabilities(glyphs, recognizer)
    alphabet = recognizer.alphabet
    best = shares.argmax(axis=1)
    called = [alphabet[i] for i in best]
    truth = [SYMBOLS[label] for label in labels]
    right = [c == t for c, t in zip(called, truth, strict=True)]
    columns = [alphabet.index(symbol) for symbol in SYMBOLS]
    among = shares[:, columns].argmax(axis=1)
    sure = [float(p) for p in shares.max(axis=1)]
    n, errors = len(truth), right.count(False)
    low, high = clopper_pearson(errors, n)
    points = curve([(p, r, True) for p, r in zip(sure, right, strict=True)], n)
    return {
        "kind": "glyphs",
        "accuracy": rate(n - errors, n),
        "errors": {**rate(errors, n), "low": low, "high": high},
        "accuracy_among_digits": rate(int((among == labels).sum()), n),
        "called_no_digit": rate(sum(c not in SYMBOLS for c in called), n),
        "calibration": calibration_error(list(zip(sure, right, strict=True))),
        "temperature": float(recognizer.temperature),
        "by_digit": {
            s: rate(sum(r for r, t in zip(right, truth, strict=True) if t == s), truth.count(s))
            for s in SYMBOLS
        },
        "confusion": confusion(list(zip(truth, called, strict=True))),
        "curve": thinned(points),
        "read_at": read_at(points, n),
        "warnings": [],
    }
