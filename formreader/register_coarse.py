"""Find roughly where a form's print lies on a picture, by correlation (part of stage 2)."""

from __future__ import annotations

from itertools import product

import cv2
import numpy as np
from numpy.typing import NDArray

from formreader.document import Float
from formreader.forms_print import Lines, Print

Matrix = NDArray[np.float64]
Points = NDArray[np.float64]

ROUGH_MM, COARSE_MM = 4.0, 2.0
"""Millimetres a pixel in the first and the second coarse search; rules are blurred to as much."""
SCALES = 1.03 ** np.arange(-24, 13)
"""Scales tried, relative to the page filling the picture: 0.49 to 1.43. A sheet laid askew on
a picture, or turned by 45°, fills 0.6 of it."""
LIKELY = 8
"""Places of the first search, which takes every other scale, that the second looks at again."""
TRIED = 6
"""Coarse places that are refined."""


def project(matrix: Matrix, at: Points) -> Points:
    """Apply a projective map (3, 3) to points (N, 2)."""
    moved = at @ matrix[:, :2].T + matrix[:, 2]
    return np.asarray(moved[:, :2] / moved[:, 2:])


class Correlated:
    """The rules of a picture, to be correlated with those of forms at one coarseness."""

    def __init__(self, seen: Lines, fill: float, mm_per_pixel: float) -> None:
        height, width = seen.across.shape
        self.fill, self.mm = fill, mm_per_pixel
        self.unit = 1 / (mm_per_pixel * fill)
        size = (round(height * self.unit), round(width * self.unit))
        self.frame = (cv2.getOptimalDFTSize(2 * size[0]), cv2.getOptimalDFTSize(2 * size[1]))
        page = self._drawn((seen.levels, seen.uprights), self.unit)
        self.waves = [np.fft.rfft2(part) for part in page]

    def _drawn(self, lines: tuple[Points, Points], scale: float) -> list[Float]:
        """Draw level and upright segments blurred, `scale` pixels a unit."""
        pictures = []
        height, width = self.frame
        for segments, swap in zip(lines, (False, True), strict=True):
            along, across = (height, width) if swap else (width, height)
            y, a, b = np.rint(segments * scale).astype(np.int64).T
            kept = (y >= 0) & (y < across) & (b >= 0) & (a < along)
            y, a, b = y[kept], np.maximum(a[kept], 0), np.minimum(b[kept], along - 1)
            steps = np.zeros((across, along + 1), np.float32)
            np.add.at(steps, (y, a), 1)
            np.add.at(steps, (y, b + 1), -1)
            picture = np.minimum(np.cumsum(steps, axis=1)[:, :along], 1)
            picture = np.ascontiguousarray(picture.T if swap else picture)
            pictures.append(cv2.GaussianBlur(picture, (0, 0), 1.0))
        return pictures

    def best(self, turned: Print, scale: float) -> tuple[float, Matrix]:
        """Return how well a form lies on the picture at one scale, 0 to 1, and where."""
        drawn = self._drawn((turned.levels, turned.uprights), scale / self.mm)
        norm = np.sqrt(sum(float((d * d).sum()) for d in drawn)) or 1.0
        parts = (w * np.conj(np.fft.rfft2(d)) for w, d in zip(self.waves, drawn, strict=True))
        match = np.fft.irfft2(sum(parts), self.frame)
        y, x = np.unravel_index(int(np.argmax(match)), self.frame)
        dy, dx = (
            float(v - size if v > size / 2 else v) / self.unit
            for v, size in zip((y, x), self.frame, strict=True)
        )
        place = np.array([[scale * self.fill, 0, dx], [0, scale * self.fill, dy], [0, 0, 1]])
        return float(match[y, x]) / norm, place


def coarse(form: Print, seen: Lines) -> list[Matrix]:
    """Return likely places of the form on the picture, best first: affine maps (3, 3)."""
    fill = max(seen.across.shape) / max(form.width, form.height)
    turned = [_turned(form, turns) for turns in range(4)]
    rough = Correlated(seen, fill, ROUGH_MM)
    steps = product(range(4), range(1, len(SCALES), 2))
    ranked = sorted(steps, key=lambda step: -rough.best(turned[step[0]], SCALES[step[1]])[0])
    near = {(turns, k + by) for turns, k in ranked[:LIKELY] for by in (-1, 0, 1)}
    fine = Correlated(seen, fill, COARSE_MM)
    tried = []
    for turns, k in sorted(near):
        score, place = fine.best(turned[turns], SCALES[k])
        tried.append((score, place @ _turn(form, turns)))
    tried.sort(key=lambda pair: -pair[0])
    return [matrix for _, matrix in tried[:TRIED]]


def _turn(form: Print, turns: int) -> Matrix:
    """Return the map that turns a form by quarter turns clockwise, in millimetres."""
    w, h = form.width, form.height
    return np.array(
        [
            [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
            [[0, -1, h], [1, 0, 0], [0, 0, 1]],
            [[-1, 0, w], [0, -1, h], [0, 0, 1]],
            [[0, 1, 0], [-1, 0, w], [0, 0, 1]],
        ][turns],
        np.float64,
    )


def _turned(form: Print, turns: int) -> Print:
    """Return a form's rules after quarter turns clockwise."""
    if turns == 0:
        return form
    matrix = _turn(form, turns)
    parts: list[list[tuple[float, float, float]]] = [[], []]
    for swap, segments in enumerate((form.levels, form.uprights)):
        for y, a, b in segments:
            ends = np.array([[a, y], [b, y]] if not swap else [[y, a], [y, b]])
            (x0, y0), (x1, y1) = project(matrix, ends)
            if abs(x1 - x0) >= abs(y1 - y0):
                parts[0].append((y0, min(x0, x1), max(x0, x1)))
            else:
                parts[1].append((x0, min(y0, y1), max(y0, y1)))
    levels, uprights = (np.array(part).reshape(-1, 3) for part in parts)
    size = (form.width, form.height) if turns == 2 else (form.height, form.width)
    return Print(*size, levels, uprights, form.words)
