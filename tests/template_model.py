"""A model for tests that needs no training: it compares a glyph with drawn templates.

It reads digits of OpenCV's plain font and those of our stroke model's plainest hand, and
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

ALPHABET = "0123456789?"
SHARPNESS = 40.0
"""Logits lost for a cosine of 1 between a glyph and its best template."""
JUNK_LEVEL = 0.72
"""Cosine below which a glyph is likelier no digit."""


def print_digit(symbol: str, height_px: int = 44, thickness: int = 3) -> Float:
    """Print one digit in the plain font, cut to its ink: darkness (H, W)."""
    canvas = np.zeros((3 * height_px, 3 * height_px), np.uint8)
    scale = height_px / 21.0  # capitals of this font are 21 units high
    place = (height_px // 2, 2 * height_px)
    cv2.putText(canvas, symbol, place, 0, scale, 255, thickness, cv2.LINE_AA)
    x, y, w, h = cv2.boundingRect(canvas)
    cut: Float = canvas[y : y + h, x : x + w].astype(np.float32) / np.float32(255)
    return cut


def templates() -> tuple[Float, np.ndarray]:
    """Return glyphs (N, 784) of unit length, and the digit that each one is (N,)."""
    hand = strokes.Hand(dict.fromkeys(strokes.FORMS, 0), 0.0, 0.6, 0.09, 0.01, 0.9)
    rng = np.random.default_rng(0)
    images, labels = [], []
    for digit in range(10):
        drawn = [print_digit(str(digit), thickness=width) for width in (2, 4, 7)]
        drawn += [strokes.draw_symbol(str(digit), hand, rng, 44) for _ in range(2)]
        images += [normalize_glyph(one).ravel() for one in drawn]
        labels += [digit] * len(drawn)
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
        plain = {"strip_weight": 1.0, "weights": [4, 1, 2, 2, 0, 0, 0, 1], "bias": -2.0}
        calibration = {kind: {**plain, "table": [row]} for kind in ("free", "cells")}
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
