"""Bring the picture of a form level and flat, by its long lines alone (part of stage 2).

Which way up the page lies is left to the form's print to tell. Lines are found by the line
segment detector (von Gioi et al. 2010).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from formreader.document import Grey

Matrix = NDArray[np.float64]

TURNED_SIDE = 2200
"""Longest side in pixels of the picture that is turned: turned by 45° and brought to 1,500, a
page keeps its sharpness."""
LINES_SIDE = 1000
"""Longest side in pixels of the picture in which long lines are looked for."""
LEAST_LINE = 0.02
"""Length of a line, as a share of that side, from which it tells how a page lies: the walls of
boxes on a sheet of A4. From 0.06 on forms without long upright rules were not flattened, and
four of six tilted by 0.1 laid a row of boxes (8 mm) off."""
LEAST_TURN_DEG = 0.1
"""Turn in degrees below which a page is left as it is: 0.3 mm across a page."""
NEAR_DEG = 1.5
"""How far from the commonest direction lines still count for it, in degrees."""
FAN_DEG = 10.0
"""How far lines of a tilted page may lean off the middle one, in degrees."""
LEAST_LEVEL, LEAST_STEEP = 5, 4
"""Long lines of both directions that are needed to tell a tilt."""
LEAST_TILT, LARGEST_TILT = 0.04, 0.4
"""Change of scale from the middle of a picture to its edge from which a page is flattened, and the
greatest that is believed to be perspective. Smaller ones are told by the form's print: from 0.02
on a bent sheet on a scanner was taken for tilted, and 65 % of its print found instead of 82 %."""


def shrunk(image: Grey, side: int) -> tuple[Grey, Matrix]:
    """Bring a picture to `side` pixels at most; also the map from its pixels to those before."""
    factor = min(1.0, side / max(image.shape))
    if factor == 1.0:
        return image, np.eye(3)
    small = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    shift = (0.5 / factor) - 0.5  # pixels are counted from the middle of the first one
    back = np.array([[1 / factor, 0, shift], [0, 1 / factor, shift], [0, 0, 1]])
    return np.asarray(small, np.uint8), back


def leveled(image: Grey) -> tuple[Grey, Matrix, float]:
    """Turn a page level, up to quarter turns, and take a photo's tilt out of it.

    Returns the picture, the map from its pixels to those of `image` and the angle of the turn in
    degrees, counter-clockwise, -45 to 45.
    """
    small, back = shrunk(image, LINES_SIDE)
    lines = cv2.createLineSegmentDetector(cv2.LSD_REFINE_NONE).detect(small)[0]
    if lines is None:
        return image, np.eye(3), 0.0
    ends = lines.reshape(-1, 4).astype(np.float64)
    ends = ends[
        np.hypot(ends[:, 2] - ends[:, 0], ends[:, 3] - ends[:, 1]) > LEAST_LINE * LINES_SIDE
    ]
    if not len(ends):
        return image, np.eye(3), 0.0
    ends = ends * back[0, 0] + back[0, 2]
    angle = turn_of(ends)
    if abs(angle) < LEAST_TURN_DEG:
        angle = 0.0
    size, turn = turned_frame(image.shape, angle)
    tilt = _perspective(ends, np.asarray(np.linalg.inv(turn)), size)
    if tilt is None and not angle:
        return image, np.eye(3), 0.0
    matrix = turn if tilt is None else turn @ tilt
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    drawn = cv2.warpPerspective(image, matrix, size, flags=flags, borderValue=255)
    return np.asarray(drawn, np.uint8), np.asarray(matrix), angle


def turn_of(ends: Matrix) -> float:
    """Return the counter-clockwise angle in degrees, -45 to 45, by which lines (N, 4) lean."""
    x, y = ends[:, 2] - ends[:, 0], ends[:, 1] - ends[:, 3]
    length = np.hypot(x, y)
    angle = (np.rad2deg(np.arctan2(y, x)) + 45) % 90
    counts = np.bincount(angle.astype(int) % 90, length, 90)
    smooth = counts + np.roll(counts, 1) + np.roll(counts, -1)
    off = (angle - int(smooth.argmax()) - 0.5 + 45) % 90 - 45
    near = np.abs(off) <= NEAR_DEG
    order = np.argsort(off[near])
    along = np.cumsum(length[near][order])
    middle = off[near][order][int(np.searchsorted(along, along[-1] / 2))]
    return float((int(smooth.argmax()) + 0.5 + middle) % 90 - 45)


def turned_frame(shape: tuple[int, ...], angle_deg: float) -> tuple[tuple[int, int], Matrix]:
    """Return the size (width, height) of a picture turned clockwise, and the map back from it."""
    height, width = shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), -angle_deg, 1.0)
    c, s = abs(turn[0, 0]), abs(turn[0, 1])
    size = (int(height * s + width * c), int(height * c + width * s))
    turn[:, 2] += (size[0] - width) / 2, (size[1] - height) / 2
    return size, np.linalg.inv(np.vstack([turn, [0, 0, 1]]))


def _perspective(ends: Matrix, turn: Matrix, size: tuple[int, int]) -> Matrix | None:
    """Return the map from flat to tilted pixels of the turned picture, None if not tilted."""
    a, b = (
        (ends[:, part] @ turn[:2, :2].T + turn[:2, 2]) - np.array(size) / 2
        for part in (slice(0, 2), slice(2, 4))
    )
    across = np.abs(b - a)
    length = np.hypot(*across.T)
    lean = np.tan(np.deg2rad(FAN_DEG))
    cross = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    lines = np.stack([a[:, 1] - b[:, 1], b[:, 0] - a[:, 0], cross], 1)
    lines /= np.hypot(lines[:, 0], lines[:, 1])[:, None]
    level = across[:, 1] < lean * across[:, 0]
    steep = across[:, 0] < lean * across[:, 1]
    parts = (lines[level], length[level], lines[steep], length[steep])
    return flattening(*parts, size, LEAST_TILT)


def flattening(
    level: Matrix,
    level_length: NDArray[np.float64],
    steep: Matrix,
    steep_length: NDArray[np.float64],
    size: tuple[int, int],
    least_tilt: float = 0.0,
) -> Matrix | None:
    """Return the map from flat to tilted pixels of a photo, None where that cannot be told.

    `level` and `steep` are lines ax + by + c = 0 (N, 3) around the middle of a picture of
    `size` (width, height), of unit normals, with their lengths.
    """
    if len(level) < LEAST_LEVEL or len(steep) < LEAST_STEEP:
        return None
    width, height = size
    norm = np.diag([1.0, 1.0, 2.0 / max(height, width)])
    level, steep = level @ norm, steep @ norm
    far_x = _meeting_point(level, level_length)
    far_y = _meeting_point(steep, steep_length)
    horizon = np.cross(far_x, far_y)
    if abs(horizon[2]) < 1e-9:
        return None
    horizon = horizon / horizon[2]
    tilt = float(np.abs(horizon[:2]).sum())
    if not least_tilt <= tilt <= LARGEST_TILT:
        return None
    flat = np.eye(3)
    flat[2] = horizon
    along, down = far_x[:2] / np.linalg.norm(far_x[:2]), far_y[:2] / np.linalg.norm(far_y[:2])
    along, down = along * np.sign(along[0]), down * np.sign(down[1])
    shear = np.eye(3)
    shear[:2, :2] = np.linalg.inv(np.stack([along, down], axis=1))
    half = max(height, width) / 2
    place = np.array([[half, 0, width / 2], [0, half, height / 2], [0, 0, 1.0]])
    full = place @ shear @ flat @ np.linalg.inv(place)
    return np.asarray(np.linalg.inv(fitted(full, width, height)), np.float64)


def _meeting_point(lines: Matrix, weight: NDArray[np.float64]) -> Matrix:
    """Return the point (homogeneous) through which weighted lines (N, 3) pass most nearly."""
    kept = np.ones(len(lines), bool)
    point = np.array([1.0, 0.0, 0.0])
    for _ in range(4):
        _, _, v = np.linalg.svd(lines[kept] * weight[kept, None], full_matrices=False)
        point = v[-1]
        miss = np.abs(lines @ point)
        kept = miss <= max(3.0 * float(np.median(miss)), 1e-9)
    return point


def fitted(matrix: Matrix, width: int, height: int) -> Matrix:
    """Shift and shrink what `matrix` makes of a picture so that all of it stays in the frame."""
    corners = np.array([[0, width, width, 0], [0, 0, height, height], [1, 1, 1, 1]], np.float64)
    at = matrix @ corners
    at = at[:2] / at[2]
    low, high = at.min(axis=1), at.max(axis=1)
    factor = min(width / (high[0] - low[0]), height / (high[1] - low[1]), 1.0)
    shift = np.array([width, height]) / 2 - factor * (low + high) / 2
    return np.asarray(np.array([[factor, 0, shift[0]], [0, factor, shift[1]], [0, 0, 1]]) @ matrix)
