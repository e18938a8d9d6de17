"""Handwriting drawn by our own stroke model: digits in many forms, marks and letters.

A `Hand` holds what stays the same within one writer: slant, width, pen, which form of a digit
is used; `draw_symbol` adds the small differences of every stroke. Samples, tests and training
data share it; nothing here comes from real pages.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from formreader.document import Float
from formreader.stroke_forms import CONTINENTAL, FORMS

DIGITS = "0123456789"
LETTERS = "ACEFHKLMNRTVWdekmnrwxℰℇ𝓀"
"""Letters that are no digit to any reader: some write a 9 like a P, a 4 like an h, a 7 like a Y,
a 0 like an a or, left open, like a u."""

OWN = 0.07
"""How far a hand in training may bend the forms it writes, in digit heights."""


@dataclass(frozen=True, slots=True)
class Hand:
    """What stays the same within one writer; lengths in digit heights."""

    form: dict[str, int]
    slant: float
    width: float
    pen: float
    unrest: float
    roundness: float
    own: float = 0.0
    seed: int = 0

    def habit(self, symbol: str, points: int) -> Float:
        """Return how this writer alone bends the points (n, 2) of a symbol's form."""
        if not self.own:
            return np.zeros((points, 2), np.float32)
        rng = np.random.default_rng([self.seed, ord(symbol)])
        return rng.normal(0, self.own, (points, 2)).astype(np.float32)


def random_hand(rng: np.random.Generator, continental: bool = False, own: float = 0.0) -> Hand:
    """Make up a writer: slant −0.25…0.45, digit width 0.4…0.85, pen 0.05…0.14.

    A `continental` hand writes two digits in three in a form of `CONTINENTAL`. All forms of a
    hand are bent by up to `own` (standard deviation in digit heights) in the same way each time.
    """
    form = {symbol: int(rng.integers(len(forms))) for symbol, forms in FORMS.items()}
    for symbol, forms in CONTINENTAL.items() if continental else ():
        if rng.random() < 2 / 3:
            form[symbol] = len(FORMS[symbol]) + int(rng.integers(len(forms)))
    return Hand(
        form=form,
        slant=float(rng.normal(0.1, 0.13)),
        width=float(rng.uniform(0.4, 0.85)),
        pen=float(rng.uniform(0.05, 0.14)),
        unrest=float(rng.uniform(0.01, 0.05)),
        roundness=float(rng.uniform(0.5, 1.0)),
        own=float(rng.uniform(0, own)) if own else 0.0,
        seed=int(rng.integers(2**32)) if own else 0,
    )


def smooth(points: Float, roundness: float, steps: int = 8) -> Float:
    """Draw a Catmull-Rom spline through points (n, 2); 0 gives the bare polygon."""
    if len(points) < 3:
        return points
    padded = np.concatenate([points[:1] * 2 - points[1:2], points, points[-1:] * 2 - points[-2:-1]])
    t = np.linspace(0, 1, steps, endpoint=False, dtype=np.float32)[:, None]
    pieces = []
    for i in range(1, len(padded) - 2):
        a, b = padded[i], padded[i + 1]
        ta = roundness * (padded[i + 1] - padded[i - 1]) / 2
        tb = roundness * (padded[i + 2] - padded[i]) / 2
        h = b - a
        pieces.append(a + t * ta + t**2 * (3 * h - 2 * ta - tb) + t**3 * (ta + tb - 2 * h))
    pieces.append(points[-1:])
    return np.concatenate(pieces).astype(np.float32)


def pen_paths(symbol: str, hand: Hand, rng: np.random.Generator) -> list[Float]:
    """Write one symbol in the unit square as smooth paths, float32 (n, 2) each."""
    warp = rng.normal(0, hand.unrest, (2, 2))
    paths = []
    forms = FORMS[symbol] + CONTINENTAL.get(symbol, ())
    strokes = forms[hand.form[symbol]]
    habits = hand.habit(symbol, sum(map(len, strokes)))
    for stroke in strokes:
        mine, habits = habits[: len(stroke)], habits[len(stroke) :]
        points = np.array(stroke, np.float32) + mine
        shaken = points + rng.normal(0, hand.unrest, points.shape)
        warped = shaken + (shaken - 0.5) @ warp
        path = smooth(warped.astype(np.float32), hand.roundness)
        x = path[:, 0] * hand.width + hand.slant * (1.0 - path[:, 1])
        paths.append(np.stack([x, path[:, 1]], 1).astype(np.float32))
    return paths


def draw_paths(canvas: Float, paths: list[Float], pen_px: float, dark: float = 1.0) -> None:
    """Draw paths in canvas pixels onto float32 darkness (H, W), in place, antialiased."""
    layer = np.zeros(canvas.shape, np.uint8)
    width = max(1, round(pen_px))
    for path in paths:
        fixed = np.round(path * 16).astype(np.int32).reshape(-1, 1, 2)
        cv2.polylines(layer, [fixed], False, 255, width, cv2.LINE_AA, 4)
    np.maximum(canvas, layer * np.float32(dark / 255.0), out=canvas)


def draw_symbol(symbol: str, hand: Hand, rng: np.random.Generator, height_px: int = 40) -> Float:
    """Draw one symbol alone: float32 darkness (H, W) in 0…1, with a margin around it."""
    margin = height_px // 3
    paths = [p * height_px + margin for p in pen_paths(symbol, hand, rng)]
    shift = min(float(p[:, 0].min()) for p in paths) - margin
    paths = [p - np.array([shift, 0], np.float32) for p in paths]
    right = max(float(p[:, 0].max()) for p in paths)
    canvas = np.zeros((round(height_px * 1.25) + 2 * margin, int(right) + margin + 2), np.float32)
    draw_paths(canvas, paths, hand.pen * height_px)
    return canvas
