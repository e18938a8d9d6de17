"""Find roughly where a form's print lies on a picture, by correlation (part of stage 2)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from itertools import product

import cv2
import numpy as np
from numpy.typing import NDArray

from formreader.document import Float
from formreader.forms_print import Lines, Print

Matrix = NDArray[np.float64]
Points = NDArray[np.float64]
Waves = NDArray[np.complexfloating]

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

    def waves_of(self, turned: Print, scale: float) -> tuple[list[Waves], float]:
        """Return the spectra of a form drawn at one scale, and the size of the drawing."""
        drawn = self._drawn((turned.levels, turned.uprights), scale / self.mm)
        norm = np.sqrt(sum(float(np.vdot(d, d)) for d in drawn)) or 1.0
        return [np.fft.rfft2(d) for d in drawn], norm

    def best(
        self, waves: list[Waves], norm: float, turned: Print, scale: float, flipped: bool
    ) -> tuple[float, Matrix]:
        """Return how well a form lies on the picture, 0 to 1, and where; `flipped` is by 180°.

        The spectrum of a picture turned by 180° is the conjugate of its own.
        """
        level, up = waves if flipped else (np.conj(part) for part in waves)
        match = np.fft.irfft2(self.waves[0] * level + self.waves[1] * up, self.frame)
        peak = np.unravel_index(int(np.argmax(match)), self.frame)
        per_mm = scale * self.fill
        shift = []
        for at, size, side in zip(peak, self.frame, (turned.height, turned.width), strict=True):
            begin = (float(at) - flipped * side * scale / self.mm) % size
            shift.append((begin - size if begin > size / 2 else begin) / self.unit)
        place = np.array([[per_mm, 0, shift[1]], [0, per_mm, shift[0]], [0, 0, 1]])
        return float(match[peak]) / norm, place


def coarse(form: Print, seen: Lines) -> list[Matrix]:
    """Return likely places of the form on the picture, best first: affine maps (3, 3)."""
    fill = max(seen.across.shape) / max(form.width, form.height)
    rough = Correlated(seen, fill, ROUGH_MM)
    steps = product((0, 1), range(1, len(SCALES), 2))
    ranked = sorted(_tried(form, rough, steps, (0, 1)), key=lambda one: -one[0])
    near = {(turns, k + by) for _, turns, k, _ in ranked[:LIKELY] for by in (-1, 0, 1)}
    fine = Correlated(seen, fill, COARSE_MM)
    tried = [
        one
        for flipped in (0, 1)
        for one in _tried(
            form, fine, sorted((t % 2, k) for t, k in near if t // 2 == flipped), (flipped,)
        )
    ]
    tried.sort(key=lambda one: -one[0])
    return [place @ _turn(form, turns) for _, turns, _, place in tried[:TRIED]]


def _tried(
    form: Print,
    picture: Correlated,
    steps: Iterable[tuple[int, int]],
    flips: tuple[int, ...],
) -> list[tuple[float, int, int, Matrix]]:
    """Lay a form on a picture by quarter turns and scales, as it is and by 180°.

    Returns how well it lies, the quarter turns clockwise, the index of the scale and the place.
    """
    found = []
    for turns, k in steps:
        turned = _turned(form, turns)
        waves, norm = picture.waves_of(turned, SCALES[k])
        for flipped in flips:
            score, place = picture.best(waves, norm, turned, SCALES[k], bool(flipped))
            found.append((score, turns + 2 * flipped, k, place))
    return found


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


@lru_cache(maxsize=512)
def _turned(form: Print, turns: int) -> Print:
    """Return a form's rules after one quarter turn clockwise, or none."""
    if turns == 0:
        return form
    (x, top, bottom), (y, left, right) = form.uprights.T, form.levels.T
    levels = np.stack([x, form.height - bottom, form.height - top], 1)
    uprights = np.stack([form.height - y, left, right], 1)
    return Print(form.height, form.width, levels, uprights, form.words)
