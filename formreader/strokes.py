"""Handwriting drawn by our own stroke model: digits in many forms, marks and letters.

Every symbol is a list of pen strokes through points of a unit square (x right, y down,
digit height 1). A `Hand` holds what stays the same within one writer: slant, width, pen,
which form of a digit is used; `draw_symbol` adds the small differences of every stroke.
Samples, tests and training data share it; nothing here comes from real pages.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from formreader.document import Float

Stroke = tuple[tuple[float, float], ...]

FORMS: dict[str, tuple[tuple[Stroke, ...], ...]] = {
    "0": (
        (
            (
                (0.5, 0.0),
                (0.12, 0.25),
                (0.1, 0.7),
                (0.45, 1.0),
                (0.85, 0.75),
                (0.85, 0.25),
                (0.48, 0.0),
            ),
        ),
        (
            (
                (0.6, 0.02),
                (0.2, 0.2),
                (0.08, 0.65),
                (0.4, 1.0),
                (0.8, 0.8),
                (0.88, 0.3),
                (0.5, 0.0),
                (0.35, 0.12),
            ),
        ),
        (
            (
                (0.5, 0.0),
                (0.12, 0.25),
                (0.1, 0.7),
                (0.45, 1.0),
                (0.85, 0.75),
                (0.85, 0.25),
                (0.48, 0.0),
            ),
            ((0.92, 0.02), (0.5, 0.5), (0.08, 0.98)),
        ),
    ),
    "1": (
        (((0.5, 0.0), (0.5, 0.5), (0.5, 1.0)),),
        (((0.15, 0.35), (0.4, 0.15), (0.6, 0.0)), ((0.6, 0.0), (0.58, 0.5), (0.55, 1.0))),
        (((0.02, 0.6), (0.3, 0.3), (0.62, 0.0)), ((0.62, 0.0), (0.6, 0.5), (0.56, 1.0))),
        (
            ((0.25, 0.22), (0.42, 0.12), (0.55, 0.0)),
            ((0.55, 0.0), (0.54, 0.5), (0.52, 1.0)),
            ((0.2, 1.0), (0.5, 0.99), (0.85, 1.0)),
        ),
    ),
    "2": (
        (
            ((0.1, 0.22), (0.4, 0.0), (0.8, 0.15), (0.72, 0.45), (0.35, 0.8), (0.08, 1.0)),
            ((0.08, 1.0), (0.5, 0.97), (0.92, 0.98)),
        ),
        (
            (
                (0.12, 0.2),
                (0.45, 0.0),
                (0.82, 0.2),
                (0.6, 0.6),
                (0.2, 0.95),
                (0.12, 0.8),
                (0.35, 0.78),
                (0.6, 0.98),
                (0.95, 0.9),
            ),
        ),
    ),
    "3": (
        (((0.15, 0.1), (0.5, 0.0), (0.8, 0.2), (0.4, 0.46), (0.85, 0.7), (0.55, 1.0), (0.1, 0.9)),),
        (
            ((0.12, 0.02), (0.5, 0.0), (0.82, 0.02)),
            ((0.82, 0.02), (0.6, 0.25), (0.42, 0.42)),
            ((0.42, 0.42), (0.85, 0.6), (0.7, 0.95), (0.1, 0.95)),
        ),
    ),
    "4": (
        (
            ((0.25, 0.02), (0.18, 0.3), (0.12, 0.6)),
            ((0.12, 0.6), (0.5, 0.58), (0.95, 0.55)),
            ((0.75, 0.1), (0.7, 0.5), (0.66, 1.0)),
        ),
        (
            ((0.65, 0.0), (0.35, 0.35), (0.05, 0.68)),
            ((0.05, 0.68), (0.5, 0.68), (0.95, 0.66)),
            ((0.66, 0.0), (0.66, 0.5), (0.66, 1.0)),
        ),
        (
            ((0.15, 0.05), (0.12, 0.4), (0.4, 0.52), (0.75, 0.4)),
            ((0.85, 0.02), (0.75, 0.5), (0.65, 1.0)),
        ),
    ),
    "5": (
        (
            ((0.2, 0.02), (0.17, 0.2), (0.15, 0.42)),
            ((0.15, 0.42), (0.55, 0.36), (0.85, 0.65), (0.5, 1.0), (0.08, 0.92)),
            ((0.2, 0.02), (0.5, 0.01), (0.88, 0.0)),
        ),
        (
            ((0.85, 0.0), (0.5, 0.02), (0.25, 0.03)),
            ((0.25, 0.03), (0.2, 0.25), (0.18, 0.42)),
            ((0.18, 0.42), (0.6, 0.38), (0.82, 0.68), (0.45, 1.0), (0.1, 0.9)),
        ),
    ),
    "6": (
        (((0.7, 0.0), (0.3, 0.3), (0.1, 0.7), (0.4, 1.0), (0.82, 0.8), (0.65, 0.5), (0.2, 0.65)),),
        (
            (
                (0.6, 0.02),
                (0.2, 0.35),
                (0.12, 0.75),
                (0.45, 1.0),
                (0.85, 0.82),
                (0.6, 0.56),
                (0.15, 0.75),
            ),
        ),
    ),
    "7": (
        (((0.08, 0.05), (0.5, 0.04), (0.9, 0.02)), ((0.9, 0.02), (0.6, 0.5), (0.4, 1.0))),
        (
            ((0.08, 0.05), (0.5, 0.04), (0.9, 0.02)),
            ((0.9, 0.02), (0.6, 0.5), (0.4, 1.0)),
            ((0.25, 0.52), (0.55, 0.5), (0.85, 0.48)),
        ),
        (
            ((0.1, 0.22), (0.12, 0.1), (0.15, 0.04)),
            ((0.15, 0.04), (0.5, 0.06), (0.9, 0.02)),
            ((0.9, 0.02), (0.62, 0.5), (0.42, 1.0)),
            ((0.22, 0.55), (0.55, 0.5), (0.88, 0.47)),
        ),
        (
            ((0.1, 0.2), (0.12, 0.1), (0.15, 0.04)),
            ((0.15, 0.04), (0.5, 0.08), (0.9, 0.02)),
            ((0.9, 0.02), (0.65, 0.45), (0.5, 1.0)),
        ),
    ),
    "8": (
        (
            (
                (0.75, 0.12),
                (0.4, 0.0),
                (0.2, 0.22),
                (0.5, 0.48),
                (0.82, 0.78),
                (0.45, 1.0),
                (0.12, 0.78),
                (0.5, 0.48),
                (0.78, 0.2),
                (0.7, 0.08),
            ),
        ),
        (
            ((0.5, 0.0), (0.2, 0.2), (0.5, 0.45), (0.8, 0.2), (0.5, 0.0)),
            ((0.5, 0.45), (0.12, 0.75), (0.5, 1.0), (0.88, 0.75), (0.5, 0.45)),
        ),
    ),
    "9": (
        (
            ((0.8, 0.2), (0.5, 0.0), (0.15, 0.25), (0.4, 0.5), (0.8, 0.25)),
            ((0.82, 0.15), (0.78, 0.55), (0.7, 1.0)),
        ),
        (
            ((0.8, 0.2), (0.45, 0.0), (0.15, 0.28), (0.45, 0.52), (0.8, 0.25)),
            ((0.8, 0.2), (0.78, 0.6), (0.6, 0.95), (0.2, 0.95)),
        ),
        (
            (
                (0.82, 0.1),
                (0.4, 0.02),
                (0.15, 0.3),
                (0.5, 0.48),
                (0.82, 0.2),
                (0.75, 0.6),
                (0.5, 1.0),
            ),
        ),
    ),
    ".": ((((0.47, 0.97), (0.53, 1.0)),),),
    ",": ((((0.5, 0.9), (0.52, 1.0), (0.4, 1.18)),),),
    "-": ((((0.15, 0.55), (0.5, 0.54), (0.85, 0.53)),),),
    "=": ((((0.15, 0.45), (0.85, 0.43)), ((0.15, 0.65), (0.85, 0.62))),),
    "/": ((((0.75, -0.05), (0.45, 0.5), (0.2, 1.05)),),),
    "X": ((((0.05, 0.0), (0.5, 0.5), (0.95, 1.0)), ((0.95, 0.0), (0.5, 0.5), (0.05, 1.0))),),
    "$": (
        (
            (
                (0.8, 0.2),
                (0.5, 0.05),
                (0.2, 0.25),
                (0.5, 0.5),
                (0.8, 0.75),
                (0.5, 0.95),
                (0.15, 0.82),
            ),
            ((0.5, -0.1), (0.5, 1.1)),
        ),
    ),
    "+": ((((0.1, 0.5), (0.9, 0.5)), ((0.5, 0.1), (0.5, 0.9))),),
    "#": (
        (
            ((0.3, 0.1), (0.2, 0.9)),
            ((0.7, 0.1), (0.6, 0.9)),
            ((0.05, 0.35), (0.95, 0.33)),
            ((0.0, 0.68), (0.9, 0.65)),
        ),
    ),
    "A": ((((0.05, 1.0), (0.5, 0.0), (0.95, 1.0)), ((0.2, 0.65), (0.8, 0.65))),),
    "E": ((((0.85, 0.0), (0.15, 0.02), (0.15, 1.0), (0.88, 0.98)), ((0.15, 0.5), (0.7, 0.48))),),
    "F": ((((0.88, 0.0), (0.15, 0.02), (0.15, 1.0)), ((0.15, 0.48), (0.7, 0.46))),),
    "H": ((((0.12, 0.0), (0.12, 1.0)), ((0.88, 0.0), (0.88, 1.0)), ((0.12, 0.5), (0.88, 0.48))),),
    "K": ((((0.15, 0.0), (0.15, 1.0)), ((0.85, 0.0), (0.15, 0.55), (0.9, 1.0))),),
    "M": ((((0.05, 1.0), (0.12, 0.0), (0.5, 0.7), (0.88, 0.0), (0.95, 1.0)),),),
    "N": ((((0.1, 1.0), (0.12, 0.0), (0.88, 1.0), (0.9, 0.0)),),),
    "P": (
        (
            ((0.2, 0.0), (0.18, 1.0)),
            ((0.18, 0.05), (0.6, 0.0), (0.85, 0.25), (0.55, 0.5), (0.18, 0.5)),
        ),
    ),
    "R": (
        (
            ((0.2, 0.0), (0.18, 1.0)),
            ((0.18, 0.05), (0.6, 0.0), (0.85, 0.25), (0.55, 0.48), (0.18, 0.48)),
            ((0.4, 0.5), (0.9, 1.0)),
        ),
    ),
    "T": ((((0.05, 0.02), (0.95, 0.0)), ((0.5, 0.02), (0.48, 1.0))),),
    "V": ((((0.05, 0.0), (0.5, 1.0), (0.95, 0.0)),),),
    "W": ((((0.02, 0.0), (0.25, 1.0), (0.5, 0.3), (0.75, 1.0), (0.98, 0.0)),),),
    "m": (
        (
            (
                (0.05, 0.4),
                (0.08, 1.0),
                (0.1, 0.55),
                (0.3, 0.42),
                (0.45, 0.6),
                (0.46, 1.0),
                (0.48, 0.55),
                (0.7, 0.42),
                (0.88, 0.6),
                (0.9, 1.0),
            ),
        ),
    ),
    "n": ((((0.1, 0.4), (0.12, 1.0), (0.15, 0.6), (0.5, 0.4), (0.8, 0.6), (0.82, 1.0)),),),
    "u": ((((0.1, 0.4), (0.12, 0.85), (0.45, 1.0), (0.8, 0.7), (0.82, 0.4), (0.85, 1.0)),),),
    "w": ((((0.05, 0.4), (0.25, 1.0), (0.5, 0.5), (0.72, 1.0), (0.95, 0.4)),),),
    "k": ((((0.2, 0.0), (0.18, 1.0)), ((0.7, 0.4), (0.2, 0.72), (0.75, 1.0))),),
    "h": ((((0.2, 0.0), (0.18, 1.0), (0.22, 0.6), (0.5, 0.42), (0.75, 0.6), (0.76, 1.0)),),),
    "a": (
        (
            (
                (0.75, 0.45),
                (0.4, 0.4),
                (0.12, 0.7),
                (0.4, 1.0),
                (0.72, 0.75),
                (0.75, 0.45),
                (0.78, 0.9),
                (0.95, 1.0),
            ),
        ),
    ),
    "e": (
        (
            (
                (0.15, 0.7),
                (0.75, 0.65),
                (0.6, 0.42),
                (0.25, 0.5),
                (0.2, 0.9),
                (0.55, 1.0),
                (0.85, 0.88),
            ),
        ),
    ),
    "r": ((((0.2, 0.4), (0.22, 1.0), (0.25, 0.65), (0.5, 0.42), (0.8, 0.48)),),),
}
"""Forms of each symbol; digits include crossed 7, European 1, open 4 and slashed 0."""

DIGITS = "0123456789"
LETTERS = "AEFHKMNPRTVWmnuwkhaer"


@dataclass(frozen=True, slots=True)
class Hand:
    """What stays the same within one writer; lengths in digit heights."""

    form: dict[str, int]
    slant: float
    width: float
    pen: float
    unrest: float
    roundness: float


def random_hand(rng: np.random.Generator) -> Hand:
    """Make up a writer: slant −0.25…0.45, digit width 0.4…0.85, pen 0.05…0.14."""
    form = {symbol: int(rng.integers(len(forms))) for symbol, forms in FORMS.items()}
    return Hand(
        form=form,
        slant=float(rng.normal(0.1, 0.13)),
        width=float(rng.uniform(0.4, 0.85)),
        pen=float(rng.uniform(0.05, 0.14)),
        unrest=float(rng.uniform(0.01, 0.04)),
        roundness=float(rng.uniform(0.5, 1.0)),
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
    for stroke in FORMS[symbol][hand.form[symbol] % len(FORMS[symbol])]:
        points = np.array(stroke, np.float32)
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
