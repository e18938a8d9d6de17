"""Tell pen from print by how evenly characters stand, to a part of a pixel (a part of stage 3).

Figures of a font stand on one row and are equally tall, but for 2 % by which round ones reach over.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from formreader.document import Grey, Mask

EVEN, LEAST_PX = 0.03, 0.9
"""How far the feet and heads of printed figures stray from their rows, root mean square, as a share
of their height, and in pixels: of 147 printed numbers on blank and on drawn forms, straight and
turned, none by more than 0.021, of copies without greys 0.84 pixels. Of 229 by hand on filled tax
forms and drawn forms, as level as print by whole pixels, about half did."""
PRINTED, FEWEST = 0.01, 3
"""How little characters stray that no hand wrote, in their heights, and how many it takes: of 234
numbers by hand of three digits and more that were accepted one strayed less, of 40 printed 19."""
LETTERS = 0.2
"""The same share from which small letters stand beside large ones: of 194 printed words 169, of
155 such numbers six."""
BREADTH = 0.08
"""Width of a thin stroke in heights of its character: specks on the edges of copies without greys
are narrower."""
RIM = 2
"""Pixels around a character in which its edge fades."""


def edges(dark: Grey, ink: Mask) -> tuple[float, float] | None:
    """Return the rows between which a character stands, to a part of a pixel; None without ink.

    `dark` uint8 (H, W) is its darkness, `ink` bool (H, W) what of it is its own. It ends where
    as many pixels of a row as a stroke is wide are half as dark as its ink.
    """
    own = np.flatnonzero(ink.any(axis=1))
    if not own.size:
        return None
    first, last = int(own[0]), int(own[-1]) + 1
    half = float(np.percentile(dark[ink], 90)) / 2
    breadth = max(1, round(BREADTH * (last - first)))
    across = np.sort(dark[max(0, first - RIM) : last + RIM, ink.any(axis=0)], axis=1)
    stroke = across[:, -min(breadth, across.shape[1])].astype(np.float64)
    full = np.flatnonzero(stroke >= half)
    if not full.size:
        return first, last
    top, bottom = int(full[0]), int(full[-1])
    start = max(0, first - RIM)
    return (
        start + top - _faded(stroke[top::-1], half),
        start + bottom + 1 + _faded(stroke[bottom:], half),
    )


def _faded(stroke: NDArray[np.float64], half: float) -> float:
    """Return how far from the first of some rows the darkness falls to half, 0 to 1 pixel."""
    if len(stroke) < 2:
        return 0.0
    return float((stroke[0] - half) / max(stroke[0] - stroke[1], 1.0))


def is_even(spans: list[tuple[float, float]]) -> bool:
    """Tell whether characters between such rows stand as evenly as print; one does."""
    strays, high = _strays(spans)
    return float(np.sqrt((strays**2).mean())) <= max(EVEN * high, LEAST_PX)


def is_penned(spans: list[tuple[float, float]]) -> bool:
    """Tell whether characters stand less evenly than printed figures and more than letters."""
    strays, high = _strays(spans)
    return not is_even(spans) and float(np.abs(strays).max()) <= LETTERS * high


def is_printed(spans: list[tuple[float, float]]) -> bool:
    """Tell whether characters stand as evenly as only print does."""
    strays, high = _strays(spans)
    return len(spans) >= FEWEST and float(np.sqrt((strays**2).mean())) < PRINTED * high


def _strays(spans: list[tuple[float, float]]) -> tuple[NDArray[np.float64], float]:
    """Return how far feet and heads stray, in pixels (N, 2), and the usual height."""
    ends = np.array(spans, np.float64).reshape(-1, 2)
    if not len(ends):
        return np.zeros((1, 2)), 0.0
    return ends - np.median(ends, axis=0), float(np.median(np.diff(ends)))
