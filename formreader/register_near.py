"""Points of a form's print, and what lies nearest to them on a picture (part of stage 2)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from formreader.document import Mask
from formreader.forms_print import Lines, Print

Matrix = NDArray[np.float64]
Points = NDArray[np.float64]

STEP_MM = 2.0
"""Distance of the points along a printed rule, in millimetres."""
FAR_PX, FAR_WORD = np.int16(8192), np.full((1, 2), 1e6, np.float32)
"""Where the nearest rule or word is taken to be on a picture without any."""
ENDS_PX = 7
"""Width in pixels over which rules are lengthened by half at both ends: probes reach to the end."""


class Target:
    """Where the nearest rule across a point is, and the nearest word, anywhere on a picture."""

    def __init__(self, seen: Lines) -> None:
        self.shape = height, width = seen.across.shape
        self.rows = _nearest(seen.across)
        self.cols = _nearest(np.ascontiguousarray(seen.up.T))
        self.words = seen.words.astype(np.float32) if len(seen.words) else FAR_WORD
        paper = np.ones((height, width), np.uint8)
        x, y = np.rint(seen.words).astype(np.int64).T
        paper[np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)] = 0
        self.from_words = cv2.distanceTransform(paper, cv2.DIST_L2, 3)

    def find(self, kinds: NDArray[np.int64], at: Points) -> tuple[Points, Points]:
        """Return what lies nearest to each point (N, 2), and how far off it is, in pixels.

        Level rules (kind 0) are looked for up and down, upright ones (1) sideways, words (2) all
        around.
        """
        x, y, outside = self._pixels(at)
        spot = at.copy()
        level, upright, word = (np.flatnonzero(kinds == kind) for kind in range(3))
        spot[level, 1] = self.rows[y[level], x[level]]
        spot[upright, 0] = self.cols[x[upright], y[upright]]
        apart = at[word, None].astype(np.float32) - self.words
        spot[word] = self.words[np.einsum("nmk,nmk->nm", apart, apart).argmin(axis=1)]
        far = np.hypot(*(spot - at).T)
        far[outside] = np.inf
        return spot, far

    def distance(self, kinds: NDArray[np.int64], at: Points) -> NDArray[np.float32]:
        """Return the distance alone, to a pixel: for points (…, N, 2)."""
        x, y, outside = self._pixels(at)
        far = np.empty(at.shape[:-1], np.float32)
        level, upright, word = ((..., np.flatnonzero(kinds == kind)) for kind in range(3))
        far[level] = np.abs(self.rows[y[level], x[level]] - y[level])
        far[upright] = np.abs(self.cols[x[upright], y[upright]] - x[upright])
        far[word] = self.from_words[y[word], x[word]]
        far[outside] = np.inf
        return far

    def _pixels(self, at: Points) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
        height, width = self.shape
        whole = np.rint(at).astype(np.int64)
        x, y = whole[..., 0], whole[..., 1]
        outside = (x < 0) | (y < 0) | (x >= width) | (y >= height)
        return np.clip(x, 0, width - 1), np.clip(y, 0, height - 1), outside


def _nearest(mask: Mask) -> NDArray[np.int16]:
    """Return for every pixel the row of the nearest set one in its column, or one far off."""
    wide = cv2.dilate(mask.view(np.uint8), np.ones((1, ENDS_PX), np.uint8)).view(np.bool_)
    rows = np.arange(len(mask), dtype=np.int16)[:, None]
    above = np.maximum.accumulate(np.where(wide, rows, -FAR_PX), axis=0)
    below = np.minimum.accumulate(np.where(wide, rows, FAR_PX)[::-1], axis=0)[::-1]
    return np.where(rows - above <= below - rows, above, below)


@dataclass(frozen=True, slots=True, eq=False)
class Probes:
    """Points of a form's print (N, 2) in mm, the kind of each, and what each counts for."""

    at: Points
    kind: NDArray[np.int64]
    weight: NDArray[np.float64]

    def turned(self, matrix: Matrix) -> Probes:
        """Return the probes with their kinds as on a picture: a quarter turn swaps the rules."""
        quarter = abs(matrix[0, 1]) > abs(matrix[0, 0])
        return replace(self, kind=np.where(self.kind < 2, self.kind ^ quarter, 2))

    def thinned(self, most: int) -> Probes:
        """Return every second, third, … of the probes, so that about `most` are left."""
        every = max(1, len(self.at) // most)
        return Probes(self.at[::every], self.kind[::every], self.weight[::every])


@lru_cache(maxsize=256)
def probes_of(form: Print) -> Probes:
    """Put points on the rules and words of a form."""
    level = _along(form.levels)
    upright = _along(form.uprights)[:, ::-1]
    at = np.concatenate([level, upright, form.words])
    sizes = (len(level), len(upright), len(form.words))
    kind = np.repeat([0, 1, 2], sizes)
    return Probes(at, kind, np.where(kind == 2, 0.7, 1.0))


def _along(segments: Points) -> Points:
    points = [
        np.stack([x := np.linspace(a, b, max(2, round((b - a) / STEP_MM))), np.full(len(x), y)], 1)
        for y, a, b in segments
    ]
    return np.concatenate(points) if points else np.zeros((0, 2))
