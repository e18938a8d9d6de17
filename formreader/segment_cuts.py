"""Set writing upright and find the cheap seams that may part two digits (a part of stage 4).

All of it happens at the standard digit height of 40 px.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from formreader.document import Float, Rect

HEIGHT = 40
"""Digit height in pixels to which a field is brought before it is cut."""
MARGIN = 8
"""White columns left at both sides of upright writing, in pixels."""
SIDEWAYS = np.float32(0.03)
"""Price of a sideways step of a cut, in pixels of full ink; at 0 cuts wander in white."""
APART = 6
"""Least distance between two cuts in pixels, at digit height 40; 4 made 15 % more glyphs
and read four numbers fewer of 400."""
CUT_LIMIT = 1.8
"""Dearest cut, in stroke widths: touching digits cost 0.3 to 1.5, the middle of a 0 costs 2."""
MOST_SLANT = 0.6
"""Greatest slant taken out, in pixels a row (31°)."""
WHITE = 0.15
"""Cost in stroke widths up to which a cut counts as a gap of white paper."""
TOO_WIDE = 0.8
"""Width in digit heights from which a piece is cut again; with 1.2 pairs of small round 0s
stayed whole."""
MOST_CUTS = 60
"""Cuts kept in a field: enough for 15 digits; the dearest are dropped beyond it."""


@dataclass(frozen=True, slots=True)
class Lean:
    """How writing was set upright: `shear` in pixels a row, `margin` in pixels at the left."""

    shear: float
    margin: int


def upright(dark: Float, shear: float, margin: int = MARGIN) -> tuple[Float, Lean]:
    """Take the slant out of writing: float32 (H, W') and how it was moved.

    `shear` is what `slant` measured; `margin` white columns are left at both sides.
    """
    height = dark.shape[0]
    pad = int(abs(shear) * height / 2) + margin
    wide = cv2.copyMakeBorder(dark, 0, 0, pad, pad, cv2.BORDER_CONSTANT)
    leant = lean_by(wide, shear)
    columns = np.flatnonzero(leant.max(0) > 0.1)
    if not columns.size:  # ink no darker than its paper, such as a field that is black all over
        columns = np.arange(leant.shape[1])
    left = max(0, int(columns[0]) - margin)
    return leant[:, left : int(columns[-1]) + margin + 1], Lean(shear, pad - left)


def leant_like(picture: Float, lean: Lean, width: int) -> Float:
    """Move a picture as `upright` moved the writing it lies over: float32 (H, `width`)."""
    pad = int(abs(lean.shear) * picture.shape[0] / 2) + MARGIN
    wide = cv2.copyMakeBorder(picture, 0, 0, pad, pad, cv2.BORDER_CONSTANT)
    left = pad - lean.margin
    return lean_by(wide, lean.shear)[:, left : left + width]


def slant(dark: Float) -> float:
    """Measure the slant of writing in pixels a row, on a copy of half the size.

    The shear that makes the column sums most uneven wins (after Vinciarelli & Luettin 2001).
    """
    height, width = dark.shape[0] // 2, dark.shape[1] // 2
    pad = int(MOST_SLANT * height / 2)
    small = cv2.resize(dark, (max(width, 1), max(height, 1)), interpolation=cv2.INTER_AREA)
    small = cv2.copyMakeBorder(small, 0, 0, pad, pad, cv2.BORDER_CONSTANT)
    shears = np.arange(-MOST_SLANT, MOST_SLANT + 0.01, 0.1)
    uneven = [float((lean_by(small, s).sum(0) ** 2).sum()) for s in shears]
    return float(shears[int(np.argmax(uneven))])


def lean_by(dark: Float, shear: float) -> Float:
    """Shear a picture about its middle row."""
    height, width = dark.shape
    matrix = np.array([[1, shear, -shear * height / 2], [0, 1, 0]])
    return cv2.warpAffine(dark, matrix, (width, height), flags=cv2.INTER_LINEAR)


def crop_rects(rects: Sequence[Rect], lean: Lean, scale: float, box: Rect) -> list[Rect]:
    """Take rectangles of upright writing back to crop pixels.

    `box` is where the writing lies in the crop; the rectangles returned lie inside of it.
    """
    x, y, width, height = np.array([(r.x, r.y, r.width, r.height) for r in rects]).T
    shifts = lean.shear * (np.stack([y, y + height]) - scale * box.height / 2)
    left = np.maximum(np.trunc((x - lean.margin - shifts.max(0)) / scale), 0)
    right = np.minimum(np.rint((x + width - lean.margin - shifts.min(0)) / scale), box.width)
    bottom = np.minimum(np.rint((y + height) / scale), box.height)
    left, top = np.minimum(left, box.width - 1), np.minimum(np.trunc(y / scale), box.height - 1)
    size = np.maximum(right - left, 1), np.maximum(bottom - top, 1)
    found = np.stack([left + box.x, top + box.y, *size], axis=1).astype(int)
    return [Rect(*row) for row in found.tolist()]


def find_cuts(dark: Float) -> tuple[NDArray[np.int16], NDArray[np.float64]]:
    """Find cheap seams from top to bottom.

    `dark` float32 (H, W). Through every column of the middle row runs the cheapest path that
    moves sideways by a pixel a row at most (seam carving, Avidan & Shamir 2007). Local minima
    of the cost become cuts. Returns the cut columns int16 (cuts, H) and their costs in stroke
    widths (cuts,); the first and last cut lie outside the ink.
    """
    middle = dark.shape[0] // 2
    above, steps_up = cheapest_paths(dark[: middle + 1])
    below, steps_down = cheapest_paths(dark[:middle:-1])
    price = (above + below) / stroke_width(dark)
    chosen = local_minima(price)
    upper = follow(steps_up, chosen)
    lower = follow(steps_down, chosen)
    seams = np.concatenate([upper, lower[::-1]]).T
    return seams.astype(np.int16), np.maximum(price[chosen], 0.0)


def stroke_width(dark: Float) -> float:
    """Estimate the pen's width in pixels: twice the ink's area over its outline."""
    mask = (dark > 0.5).view(np.uint8)
    edge = int(mask.sum()) - int(cv2.erode(mask, np.ones((3, 3), np.uint8)).sum())
    return float(np.clip(2.0 * mask.sum() / max(edge, 1), 2.0, HEIGHT / 4))


def cheapest_paths(dark: Float) -> tuple[Float, NDArray[np.int8]]:
    """Find the cheapest path from the first row to every column of the last.

    Returns the ink passed float32 (W,) and, for every row and column, the sideways step
    −1, 0 or 1 that led there, int8 (H, W).
    """
    best = np.full((len(dark), dark.shape[1] + 2), 1e6, np.float32)
    inner = best[:, 1:-1]
    inner[0] = dark[0]
    for row in range(1, len(dark)):
        above = best[row - 1]
        side = np.minimum(above[:-2], above[2:])
        side += SIDEWAYS
        np.minimum(side, above[1:-1], out=side)
        np.add(side, dark[row], out=inner[row])
    left, right = best[:-1, :-2], best[:-1, 2:]
    steps = np.zeros(dark.shape, np.int8)
    sideways = np.minimum(left, right) + SIDEWAYS < inner[:-1]
    steps[1:] = np.where(sideways, np.where(left < right, -1, 1), 0)
    return inner[-1], steps


def follow(steps: NDArray[np.int8], ends: NDArray[np.int64]) -> NDArray[np.int64]:
    """Trace paths back from their last row: columns int64 (H, paths)."""
    columns = np.empty((len(steps), len(ends)), np.int64)
    place = ends
    for row in range(len(steps) - 1, -1, -1):
        columns[row] = place
        place = place + steps[row, place]
    return columns


def local_minima(price: NDArray[np.floating]) -> NDArray[np.int64]:
    """Pick the cheapest columns, at least 6 px apart; white gaps are cut in their middle.

    A piece that stays wider than a digit is cut at its cheapest place, however dear: strokes
    of touching digits may run side by side.
    """
    width = len(price)
    white = price < WHITE
    picked: list[int] = [0, width - 1]
    edges = np.flatnonzero(np.diff(np.concatenate([[False], white, [False]]).astype(np.int8)))
    for start, end in edges.reshape(-1, 2):
        if start > 0 and end < width:
            picked.append(int(start + end - 1) // 2)
    around = np.lib.stride_tricks.sliding_window_view(np.pad(price, 2, mode="edge"), 5)
    inky = np.flatnonzero((price <= around.min(1)) & (price >= WHITE) & (price <= CUT_LIMIT))
    free = np.ones(width, bool)
    for x in picked:
        free[max(x - APART + 1, 0) : x + APART] = False
    for x in inky[np.argsort(price[inky], kind="stable")].tolist():
        if len(picked) < MOST_CUTS and free[x]:
            picked.append(x)
            free[max(x - APART + 1, 0) : x + APART] = False
    spans = list(pairwise(sorted(picked)))
    while spans and len(picked) < MOST_CUTS:
        left, right = spans.pop()
        if right - left <= TOO_WIDE * HEIGHT:
            continue
        inner = slice(left + 2 * APART, right - 2 * APART)
        middle = left + 2 * APART + int(np.argmin(price[inner]))
        picked.append(middle)
        spans += [(left, middle), (middle, right)]
    return np.array(sorted(picked))
