"""Rate the exported recognizer on single digits: accuracy, calibration, risk and coverage."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from formreader.document import Float
from formreader.errors import UsageError
from formreader.evaluate_digits import by_digit, confusion
from formreader.evaluate_rates import (
    SYMBOLS,
    calibration_error,
    curve,
    rate,
    read_at,
    thinned,
)
from formreader.evaluate_stress import Album, Judge, in_all, not_digits, spoiled_digits

BATCH = 1024
"""Glyphs classified at once; bounds memory, changes no result."""
REJECTED = 0.01
"""Share of good digits that the stated threshold rejects."""
WORST = 60
"""Misreads shown as pictures: all of 10,000 digits of which 0.3 % are misread, and more."""
DARK_PAPER = 127.5
"""Median of all border pixels from which the digits are dark on white (half of 0…255)."""


class Recognizer(Protocol):
    """What is rated: `alphabet` holds the classes, digits first, in the order of the logits."""

    alphabet: str
    temperature: float

    def classify(self, glyphs: Float) -> Float:
        """Score glyphs (N, 28, 28) float32, 0 paper to 1 ink; return logits (N, K)."""


def read_digits(path: Path) -> tuple[Float, NDArray[np.int64], list[str]]:
    """Read labelled digits to rate: darkness float32 (N, H, W), labels (N,) and warnings.

    From an npz file (`read_glyphs`) or a folder of pictures by class, of which `test` counts if
    there is one. Raises `UsageError` where there are no digits.
    """
    if not path.is_dir():
        images, labels = read_glyphs(path)
        return darkness(images), labels, []
    from formreader.glyph_folder import place_of, read_folder

    warnings: list[str] = []
    part = "test" if place_of(path, "test") else "train"
    digits, others = read_folder(path, part, warnings.append)
    if len(others):
        warnings.append(f"{len(others)} pictures of what is no digit are left out.")
    return digits.images.astype(np.float32) / np.float32(255), digits.labels, warnings


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


def darkness(images: NDArray[np.uint8]) -> Float:
    """Return pictures as darkness: float32 (N, H, W), 0 paper to 1 ink.

    Whether ink is bright or dark is decided once for the set, by the median of all border
    pixels: a single tight crop has ink on its border, a whole set has paper.
    """
    borders = (images[:, 0], images[:, -1], images[:, :, 0], images[:, :, -1])
    bright = images.astype(np.float32) / np.float32(255)
    return 1 - bright if np.median(np.concatenate(borders, axis=1)) > DARK_PAPER else bright


def normalized(dark: Float) -> Float:
    """Bring darkness (N, H, W) to the network's frame: float32 (N, 28, 28)."""
    from formreader.ink import normalize_glyph

    return np.stack([normalize_glyph(picture) for picture in dark])


def probabilities(glyphs: Float, recognizer: Recognizer) -> NDArray[np.float64]:
    """Return calibrated class probabilities (N, K): softmax of logits over the temperature."""
    batches = range(0, len(glyphs), BATCH)
    logits = np.concatenate([recognizer.classify(glyphs[i : i + BATCH]) for i in batches])
    scaled = logits.astype(np.float64) / recognizer.temperature
    scaled = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    shares: NDArray[np.float64] = scaled / scaled.sum(axis=1, keepdims=True)
    return shares


def judge_with(recognizer: Recognizer) -> Judge:
    """Return a function that calls glyphs digits, 0 sure where they are called no digit."""
    columns = [recognizer.alphabet.index(symbol) for symbol in SYMBOLS]

    def judge(glyphs: Float) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        shares = probabilities(glyphs, recognizer)
        among = shares[:, columns]
        sure = np.where(np.isin(shares.argmax(axis=1), columns), among.max(axis=1), 0.0)
        return among.argmax(axis=1), sure

    return judge


def rate_glyphs(
    dark: Float, labels: NDArray[np.int64], recognizer: Recognizer, album: Album
) -> dict[str, Any]:
    """Rate a recognizer on labelled digits, darkness (N, H, W) and int64 (N,).

    A digit called no digit counts as an error, and as sent to a person in the curve. Pictures
    of what the report shows go to `album`.
    """
    glyphs = normalized(dark)
    shares = probabilities(glyphs, recognizer)
    alphabet = recognizer.alphabet
    called = [alphabet[i] for i in shares.argmax(axis=1)]
    truth = [SYMBOLS[label] for label in labels]
    right = [c == t for c, t in zip(called, truth, strict=True)]
    columns = [alphabet.index(symbol) for symbol in SYMBOLS]
    among = shares[:, columns].argmax(axis=1)
    sure = [float(p) for p in shares.max(axis=1)]
    n = len(truth)
    digits = [c in SYMBOLS for c in called]
    scored = [(p, r, True) for p, r, d in zip(sure, right, digits, strict=True) if d]
    points = curve(scored, n)
    matrix = confusion(list(zip(truth, called, strict=True)))
    threshold = rejecting([p if d else 0.0 for p, d in zip(sure, digits, strict=True)])
    accepted = [r for p, r, _ in scored if p >= threshold]
    judge = judge_with(recognizer)
    table = not_digits(glyphs, labels, judge, threshold, album)
    return {
        "kind": "glyphs",
        "accuracy": rate(right.count(True), n),
        "errors": rate(right.count(False), n),
        "accuracy_among_digits": rate(int((among == labels).sum()), n),
        "called_no_digit": rate(digits.count(False), n),
        "threshold": threshold,
        "rejected": rate(n - len(accepted), n),
        "accepted_wrong": rate(accepted.count(False), len(accepted)),
        "calibration": calibration_error(list(zip(sure, right, strict=True))),
        "temperature": float(recognizer.temperature),
        "by_digit": by_digit(matrix),
        "confusion": matrix,
        "curve": thinned(points),
        "read_at": read_at(points, n),
        "misread": right.count(False),
        "misreads": worst_glyphs(glyphs, truth, shares, alphabet, threshold, album),
        "degradations": spoiled_digits(dark, labels, judge, threshold, album),
        "not_digits": table,
        "not_digits_unseen": in_all(table, False),
        "not_digits_learned": in_all(table, True),
    }


def rejecting(sure: list[float]) -> float:
    """Return the highest threshold that rejects at most `REJECTED` of good digits.

    `sure` is 0 for a digit called no digit. The threshold is 0 where more than `REJECTED` of
    them are called so: then these alone are rejected.
    """
    return sorted(sure)[int(len(sure) * REJECTED)]


def worst_glyphs(
    glyphs: Float,
    truth: list[str],
    shares: NDArray[np.float64],
    alphabet: str,
    threshold: float,
    album: Album,
) -> list[dict[str, Any]]:
    """List the misread digits, surest first, with their second choice."""
    order = np.argsort(-shares, axis=1)
    wrong = [i for i, t in enumerate(truth) if alphabet[order[i, 0]] != t]
    wrong.sort(key=lambda i: (alphabet[order[i, 0]] not in SYMBOLS, -shares[i].max()))
    rows = []
    for i in wrong[:WORST]:
        first, second = order[i, :2]
        sure = float(shares[i, first])
        is_accepted = alphabet[first] in SYMBOLS and sure >= threshold
        album[f"digit {i}"] = [(255 * (1 - glyphs[i])).astype(np.uint8)]
        rows.append(
            {
                "index": i,
                "truth": truth[i],
                "value": alphabet[first],
                "confidence": sure,
                "second": alphabet[second],
                "second_confidence": float(shares[i, second]),
                "status": "accepted" if is_accepted else "review",
                "picture": f"digit {i}",
            }
        )
    return rows
