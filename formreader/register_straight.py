"""Draw pages as their form lies (part of stage 2)."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from formreader.document import Grey, Registration
from formreader.forms_print import Print
from formreader.register_coarse import project

Matrix = NDArray[np.float64]
Points = NDArray[np.float64]

READING_DPI = (150.0, 300.0)
"""Least and greatest resolution of the straightened page that is read."""
BLOCK = 16
"""Side in pixels of the blocks between which a bent map is interpolated."""
STRIP = 8
"""Blocks from top to bottom that are drawn at once: their maps fit into the processor's cache."""


def powers(at: Points, size: tuple[float, float]) -> Matrix:
    """Return the ten monomials up to the third degree of points on a page of `size`: (N, 10)."""
    x = 2 * at[:, 0] / size[0] - 1
    y = 2 * at[:, 1] / size[1] - 1
    return np.stack(
        [np.ones_like(x), x, y, x * x, x * y, y * y, x**3, x * x * y, x * y * y, y**3], 1
    )


def placed(matrix: Matrix, bend: Matrix | None, at: Points, form: Print) -> Points:
    """Take points in form millimetres to picture pixels, the bend of the paper included."""
    if bend is not None:
        at = at + powers(at, (form.width, form.height)) @ bend
    return project(matrix, at)


def to_loaded(at: Points, registration: Registration) -> Points:
    """Take points (N, 2) of the upright page to the page as loaded, in pixels."""
    if registration.bend is not None:
        at = at + powers(at, registration.size) @ registration.bend
    return project(registration.matrix, at)


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
    drawn = np.empty((height, width), np.uint8)
    for top in range(0, height, STRIP * BLOCK):
        rows = top + (np.arange(-1, STRIP + 1) + 0.5) * BLOCK
        grid = np.stack(np.meshgrid(cols, rows), -1).reshape(-1, 2) / scale
        at = placed(matrix, bend, grid, form).reshape(len(rows), len(cols), 2).astype(np.float32)
        size = (len(cols) * BLOCK, len(rows) * BLOCK)
        maps = [
            cv2.resize(at[:, :, axis], size, interpolation=cv2.INTER_LINEAR)[BLOCK:-BLOCK, BLOCK:]
            for axis in (0, 1)
        ]
        part = cv2.remap(image, maps[0], maps[1], cv2.INTER_LINEAR, borderValue=255)
        drawn[top : top + STRIP * BLOCK] = part[: height - top, :width]
    return drawn, dpi
