"""Find roughly where a form's print lies on a picture, by correlation (part of stage 2)."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from formreader.document import Float
from formreader.forms_print import Lines, Print

Matrix = NDArray[np.float64]
Points = NDArray[np.float64]

COARSE_MM = 2.0
"""Millimetres a pixel in the coarse search; rules are blurred to about as much."""
SCALES = 1.03 ** np.arange(-24, 13)
"""Scales tried, relative to the page filling the picture: 0.49 to 1.43. A sheet laid askew on
a picture, or turned by 45°, fills 0.6 of it."""
TRIED = 6
"""Coarse places that are refined."""


def project(matrix: Matrix, at: Points) -> Points:
    """Apply a projective map (3, 3) to points (N, 2)."""
    moved = at @ matrix[:, :2].T + matrix[:, 2]
    return np.asarray(moved[:, :2] / moved[:, 2:])


def _drawn(lines: tuple[Points, Points], shape: tuple[int, int], scale: float) -> list[Float]:
    """Draw level and upright segments blurred, on a coarse grid of `scale` pixels a unit."""
    pictures = []
    for segments, swap in zip(lines, (False, True), strict=True):
        picture = np.zeros(shape, np.uint8)
        for y, a, b in np.rint(segments * scale).astype(int).tolist():
            ends = ((y, a), (y, b)) if swap else ((a, y), (b, y))
            cv2.line(picture, *ends, 255, 1)
        pictures.append(cv2.GaussianBlur(picture.astype(np.float32), (0, 0), 1.0))
    return pictures


def coarse(form: Print, seen: Lines) -> list[Matrix]:
    """Return likely places of the form on the picture, best first: affine maps (3, 3)."""
    height, width = seen.across.shape
    fill = max(height, width) / max(form.width, form.height)
    unit = 1 / (COARSE_MM * fill)
    size = (round(height * unit), round(width * unit))
    frame = (cv2.getOptimalDFTSize(2 * size[0]), cv2.getOptimalDFTSize(2 * size[1]))
    page = _drawn((seen.levels, seen.uprights), frame, unit)
    waves = [np.fft.rfft2(p) for p in page]
    tried = []
    for turns in range(4):
        turned = _turned(form, turns)
        for scale in SCALES:
            drawn = _drawn((turned.levels, turned.uprights), frame, scale / COARSE_MM)
            norm = np.sqrt(sum(float((d * d).sum()) for d in drawn)) or 1.0
            match = np.zeros(frame)
            for wave, d in zip(waves, drawn, strict=True):
                match += np.fft.irfft2(wave * np.conj(np.fft.rfft2(d)), frame)
            y, x = np.unravel_index(int(np.argmax(match)), frame)
            score = float(match[y, x]) / norm
            dy = y - frame[0] if y > frame[0] / 2 else y
            dx = x - frame[1] if x > frame[1] / 2 else x
            place = np.array(
                [[scale * fill, 0, dx / unit], [0, scale * fill, dy / unit], [0, 0, 1]]
            )
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
