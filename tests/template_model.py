"""A model for tests that needs no training: it compares a glyph with drawn templates.

It reads the digits of one plain hand of our stroke model, which `write_digit` writes, and
calls whatever looks like none of them `?`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from formreader import strokes
from formreader.document import Float
from formreader.ink import normalize_glyph
from formreader.junk import trim

ALPHABET = "0123456789?"
SHARPNESS = 40.0
"""Logits lost for a cosine of 1 between a glyph and its best template."""
JUNK_LEVEL = 0.72
"""Cosine below which a glyph is likelier no digit."""


HAND = strokes.Hand(dict.fromkeys(strokes.FORMS, 0), 0.0, 0.6, 0.09, 0.015, 0.9)
SLANTS = (-0.5, -0.25, 0.0, 0.25, 0.5)
"""Shears of the templates: what stands alone may be set upright by its slant."""


def write_digit(symbol: str, seed: int = 0, height_px: int = 40) -> Float:
    """Write one digit, cut to its ink: darkness (H, W)."""
    return trim(strokes.draw_symbol(symbol, HAND, np.random.default_rng(seed), height_px))


def sheared(ink: Float, shear: float) -> Float:
    wide = np.pad(ink, ((2, 2), (30, 30)))
    matrix = np.array([[1, shear, -shear * wide.shape[0] / 2], [0, 1, 0]])
    return np.asarray(cv2.warpAffine(wide, matrix, wide.shape[::-1]), np.float32)


def templates() -> tuple[Float, np.ndarray]:
    """Return glyphs (N, 784) of unit length, and the digit that each one is (N,)."""
    images, labels = [], []
    for digit in range(10):
        for seed in range(100, 103):
            ink = write_digit(str(digit), seed)
            images += [normalize_glyph(sheared(ink, shear)).ravel() for shear in SLANTS]
            labels += [digit] * len(SLANTS)
    held = np.stack(images)
    return held / np.linalg.norm(held, axis=1, keepdims=True), np.array(labels)


class TemplateModel:
    """Stands in for `classify.LiteRecognizer`."""

    alphabet = ALPHABET
    temperature = 1.0
    model_id = "templates@000000000000"

    def __init__(self, threshold: float | None = 0.5) -> None:
        self.images, self.labels = templates()
        row = {"max_error": 0.01, "threshold": threshold, "accepted": 0, "wrong": 0, "of": 0}
        plain = {"strip_weight": 1.0, "weights": [4, 1, 2, 2, 0, 0, 0, 1, 0], "bias": 1.2}
        calibration = {kind: {**plain, "table": [row]} for kind in ("free", "cells", "amount")}
        self.card: dict[str, Any] = {
            "alphabet": ALPHABET,
            "temperature": 1.0,
            "calibration": calibration,
        }

    def classify(self, glyphs: Float) -> Float:
        flat = glyphs.reshape(len(glyphs), -1)
        unit = flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)
        likeness = np.stack(
            [self.best(unit, digit) for digit in range(10)] + [np.full(len(unit), JUNK_LEVEL)], 1
        )
        return (SHARPNESS * likeness).astype(np.float32)

    def best(self, unit: Float, digit: int) -> Float:
        """Return the likeness to the best template of a digit, a shift by a pixel allowed."""
        mine = self.images[self.labels == digit].reshape(-1, 28, 28)
        moved = [np.roll(mine, by, (1, 2)) for by in ((0, 0), (0, 1), (0, -1), (1, 0), (-1, 0))]
        found: Float = (unit @ np.concatenate(moved).reshape(-1, 784).T).max(1, initial=0)
        return found


def put_in_place(monkeypatch: Any, model: TemplateModel) -> None:
    """Let `pipeline.Reader` load this model whatever folder is named."""
    from formreader import classify

    monkeypatch.setattr(classify, "load_recognizer", lambda folder: model)
    monkeypatch.setattr(classify, "load_strip_reader", lambda folder, card: None)
    monkeypatch.setattr(classify, "model_folder", lambda chosen: Path("templates"))
