"""Turn pages level and draw them as their form lies (part of stage 2)."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from formreader.document import Grey
from formreader.forms_print import Print
from formreader.register_coarse import project

Matrix = NDArray[np.float64]
Points = NDArray[np.float64]

READING_DPI = (150.0, 300.0)
"""Least and greatest resolution of the straightened page that is read."""
TURNED_SIDE = 2200
"""Longest side in pixels of the picture that is turned for its form: turned by 45° and brought
to 1,500, a page keeps its sharpness."""
LEVEL_DEG = 10.0
"""Lean of long lines, in degrees, from which a page is first turned level for its form."""
BLOCK = 16
"""Side in pixels of the blocks between which a bent map is interpolated."""


def powers(at: Points, form: Print) -> Matrix:
    """Return the ten monomials up to the third degree of points, scaled to the page: (N, 10)."""
    x = 2 * at[:, 0] / form.width - 1
    y = 2 * at[:, 1] / form.height - 1
    return np.stack(
        [np.ones_like(x), x, y, x * x, x * y, y * y, x**3, x * x * y, x * y * y, y**3], 1
    )


def placed(matrix: Matrix, bend: Matrix | None, at: Points, form: Print) -> Points:
    """Take points in form millimetres to picture pixels, the bend of the paper included."""
    if bend is not None:
        at = at + powers(at, form) @ bend
    return project(matrix, at)


def straightened(
    image: Grey, matrix: Matrix, bend: Matrix | None, form: Print
) -> tuple[Grey, float]:
    """Draw a page as its form lies: uint8 picture and its dpi; `matrix` takes mm to its pixels."""
    shares = np.array([[0.5, 0.5], [0.5, 0.6]], np.float64)
    sides = np.array([form.width, form.height], np.float64)
    middle = project(matrix, np.asarray(shares * sides, np.float64))
    per_mm = np.hypot(*(middle[1] - middle[0])) / (0.1 * form.height)
    dpi = float(np.clip(25.4 * per_mm, *READING_DPI))
    scale = dpi / 25.4
    width, height = round(form.width * scale), round(form.height * scale)
    cols = (np.arange(-1, width // BLOCK + 2) + 0.5) * BLOCK
    rows = (np.arange(-1, height // BLOCK + 2) + 0.5) * BLOCK
    grid = np.stack(np.meshgrid(cols, rows), -1).reshape(-1, 2) / scale
    at = placed(matrix, bend, grid, form).reshape(len(rows), len(cols), 2).astype(np.float32)
    size = (len(cols) * BLOCK, len(rows) * BLOCK)
    maps = [cv2.resize(at[:, :, axis], size, interpolation=cv2.INTER_LINEAR) for axis in (0, 1)]
    drawn = cv2.remap(image, maps[0], maps[1], cv2.INTER_LINEAR, borderValue=255)
    kept = drawn[BLOCK : BLOCK + height, BLOCK : BLOCK + width]
    return np.ascontiguousarray(kept), dpi


def shrunk(image: Grey) -> tuple[Grey, float]:
    """Bring a picture to the size in which it is turned; also the factor."""
    factor = min(1.0, TURNED_SIDE / max(image.shape))
    small = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8), factor


def level_turn(image: Grey) -> float:
    """Return the counter-clockwise angle in degrees, -45 to 45, by which long lines lean.

    0 for what `register` straightens by itself.
    """
    zoom = min(1.0, 1000 / max(image.shape))
    small = cv2.resize(image, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA)
    lines = cv2.createLineSegmentDetector(cv2.LSD_REFINE_NONE).detect(small)[0]
    if lines is None:
        return 0.0
    x0, y0, x1, y1 = lines.reshape(-1, 4).T.astype(np.float64)
    length = np.hypot(x1 - x0, y1 - y0)
    angle = (np.rad2deg(np.arctan2(y0 - y1, x1 - x0)) + 45) % 90
    kept = length > 0.03 * max(small.shape)
    counts = np.bincount((angle[kept]).astype(int) % 90, length[kept], 90)
    smooth = counts + np.roll(counts, 1) + np.roll(counts, -1)
    angle = float(int(smooth.argmax()) + 0.5 - 45)
    return angle if kept.any() and abs(angle) > LEVEL_DEG else 0.0


def rotated(image: Grey, angle_deg: float) -> tuple[Grey, Matrix]:
    """Turn a picture clockwise by an angle, nothing cut off; also the map back to its pixels."""
    if not angle_deg:
        return image, np.eye(3)
    height, width = image.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), -angle_deg, 1.0)
    c, s = abs(turn[0, 0]), abs(turn[0, 1])
    size = (int(height * s + width * c), int(height * c + width * s))
    turn[:, 2] += (size[0] - width) / 2, (size[1] - height) / 2
    drawn = cv2.warpAffine(image, turn, size, borderValue=255)
    return np.asarray(drawn, np.uint8), np.linalg.inv(np.vstack([turn, [0, 0, 1]]))


def fitted(matrix: Matrix, width: int, height: int) -> Matrix:
    """Shift and shrink what `matrix` makes of a picture so that all of it stays in the frame."""
    corners = np.array([[0, width, width, 0], [0, 0, height, height], [1, 1, 1, 1]], np.float64)
    at = matrix @ corners
    at = at[:2] / at[2]
    low, high = at.min(axis=1), at.max(axis=1)
    factor = min(width / (high[0] - low[0]), height / (high[1] - low[1]), 1.0)
    shift = np.array([width, height]) / 2 - factor * (low + high) / 2
    return np.asarray(np.array([[factor, 0, shift[0]], [0, factor, shift[1]], [0, 0, 1]]) @ matrix)
