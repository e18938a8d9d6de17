"""Join the pieces between neighbouring cuts to glyphs that may be digits (a part of stage 4)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from formreader.document import Float, Rect, union
from formreader.ink import normalize_glyph
from formreader.segment_cuts import HEIGHT, WHITE

WIDEST = 1.5
"""Widest glyph, in digit heights; a looped 2 with its tail reached 1.3."""
ALONE = 2.0
"""The same of what stands alone between white paper: broad 0s of small writing, 1.6 digit heights
wide, were never tried whole and read as two digits."""
FULL_HEIGHT, FULL_WIDTH = 0.7, 0.3
"""Size in digit heights from which writing between two white gaps is taken for whole digits;
halves of a broken 0 are narrower, the loose bar of a 5 is lower."""


def join_pieces(
    dark: Float, seams: NDArray[np.int16], cost: NDArray[np.float64]
) -> tuple[list[tuple[Rect, Float, int, int]], NDArray[np.uint8]]:
    """Join neighbouring pieces of upright writing, float32 (H, W), into glyphs.

    `seams` int16 (cuts, H) and their `cost` (cuts,) as `find_cuts` gives them. Returns of each
    glyph its rectangle in pixels of `dark`, its picture float32 (28, 28), its first and its last
    cut; and the number of the piece of every pixel, counted from 1, uint8 (H, W).
    """
    lefts, rights = seams.min(1).tolist(), (seams.max(1) + 1).tolist()
    piece = pieces(dark.shape, seams, lefts, rights)
    ink = (dark > 0.4).view(np.uint8)
    boxes = []
    for number, (left, right) in enumerate(zip(lefts[:-1], rights[1:], strict=True), 1):
        x, y, w, h = cv2.boundingRect(ink[:, left:right] * (piece[:, left:right] == number))
        boxes.append(Rect(left + x, y, w, h))
    firm = firm_gaps(cost, boxes)
    gaps = dict(pairwise(white_gaps(cost)))
    joined = []
    for start in range(len(boxes)):
        rect = Rect(0, 0, 0, 0)
        for end in range(start + 1, len(seams)):
            rect = around([rect, boxes[end - 1]])
            alone = start in gaps and end == gaps[start]
            if rect.width > (ALONE if alone else WIDEST) * HEIGHT and end > start + 1:
                if end < gaps.get(start, 0):
                    continue
                break
            if rect.width < 2 and rect.height < 2:
                if end == start + 1:
                    continue
                break
            near = slice(lefts[start], rights[end])
            inside = piece[:, near] - np.uint8(start + 1) < end - start  # below 0 wraps to 255
            part = cv2.copyTo(dark[:, near], inside.view(np.uint8))
            joined.append((rect, normalize_glyph(part), start, end))
            wide = end > start + 1 and cost[end - 1] < WHITE and rect.width > 1.1 * HEIGHT
            if wide or end in firm:
                break
    return joined, piece


def pieces(
    shape: tuple[int, ...], seams: NDArray[np.int16], lefts: list[int], rights: list[int]
) -> NDArray[np.uint8]:
    """Count the seams at the left of every pixel: uint8 (H, W), there are at most 60."""
    piece = np.zeros(shape, np.uint8)
    grid = np.arange(shape[1], dtype=np.int16)[None, :]
    for seam, left, right in zip(seams, lefts, rights, strict=True):
        piece[:, left:right] += (grid[:, left:right] >= seam[:, None]).view(np.uint8)
        piece[:, right:] += np.uint8(1)
    return piece


def around(boxes: Sequence[Rect]) -> Rect:
    """Return the rectangle around those that have a width."""
    return union([box for box in boxes if box.width] or [Rect(0, 0, 0, 0)])


def firm_gaps(cost: NDArray[np.float64], boxes: Sequence[Rect]) -> set[int]:
    """Find the white gaps that part two pieces of writing each as large as a digit.

    No digit spans them: trying it made a sixth of all glyphs and read no number of 1,000.
    """
    white = white_gaps(cost)
    sizes = [around(boxes[start:end]) for start, end in pairwise(white)]
    whole = [r.height >= FULL_HEIGHT * HEIGHT and r.width >= FULL_WIDTH * HEIGHT for r in sizes]
    return {gap for gap, both in zip(white[1:-1], pairwise(whole), strict=True) if all(both)}


def white_gaps(cost: NDArray[np.float64]) -> list[int]:
    """List the cuts through white paper, with the first and the last."""
    return [k for k in range(len(cost)) if cost[k] < WHITE or k in (0, len(cost) - 1)]
