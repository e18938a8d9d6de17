"""White boxes in a tinted part of a form: their edges are rules. Shared below the stages.

No line is printed around such boxes. Of 26 numbers in those of a drawn form the draft had one.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from formreader.document import Grey, Mask
from formreader.rules import Level, Rules

STROKE_MM = 0.75
"""Width of strokes, in millimetres, that are wiped out before tints are compared; the strips of
tint between boxes are wider."""
WHITE_MM = 40.0
"""Side in millimetres of the part of a page whose brightest tenth is its white."""
DARKEST, PALEST = 0.55, 0.955
"""Brightness of a tint as a share of the white around it: darker ones are bars and pictures, and
paper itself varies by some hundredths."""
WHITE = 200
"""Number that stands for white where brightness is counted."""
COARSE = 3
"""How much smaller a copy is searched for a tint at all."""
LEAST_TINTED = 0.02
"""Share of the page that must be of one tint."""
SMALLEST_MM, HIGHEST_MM, WIDEST_MM = 3.0, 16.0, 190.0
"""Least side, and greatest height and width, of a white box in millimetres."""
LEAST_FILLED, LEAST_WHITE, LEAST_AROUND = 0.55, 0.4, 0.85
"""Shares of a box that are no tint, and white, with writing in it, and of the strip around it that
is tint."""
NEAR_MM, FRAMED = 0.4, 0.7
"""How near its edges, in millimetres, and along how much of each of them rules frame a box."""
AROUND_MM = (0.3, 0.8)
"""Where that strip lies, in millimetres outside of the box."""


def with_tinted(found: Rules, white: NDArray[np.int64], pixels_per_mm: float) -> Rules:
    """Add the edges of `white` boxes (N, 4), as `white_boxes` gives them, to the rules."""
    reach = max(2, round(NEAR_MM * pixels_per_mm))
    boxes = [box for box in white.tolist() if not _is_framed(found, box, reach)]
    if not boxes:
        return found
    across, up = found.across.copy(), found.up.copy()
    levels = list(found.levels)
    for left, top, right, bottom in boxes:
        for y in (top, bottom):
            across[max(0, y - 1) : y + 2, left:right] = True
            middle = np.full(right - left, float(y))
            levels.append(Level(left, middle, np.ones(right - left, bool), 1.0, 0.0))
        for x in (left, right):
            up[top:bottom, max(0, x - 1) : x + 2] = True
    levels.sort(key=lambda level: float(level.y.mean()))
    return replace(found, across=across, up=up, levels=levels)


def _is_framed(found: Rules, box: list[int], reach: int) -> bool:
    """Tell whether rules run along all sides of a box: these were printed and are known."""
    left, top, right, bottom = box

    def seen(mask: Mask, at: int, first: int, last: int) -> float:
        return float(mask[max(0, at - reach) : at + reach + 1, first:last].any(axis=0).mean())

    sides = (
        *(seen(found.across, y, left, right) for y in (top, bottom)),
        *(seen(found.up.T, x, top, bottom) for x in (left, right)),
    )
    return min(sides) > FRAMED


def white_boxes(image: Grey, pixels_per_mm: float) -> NDArray[np.int64]:
    """Return the white boxes (N, 4) in tinted parts: left, top, right, bottom in pixels."""
    half, scale = _shrunk(image, 2), pixels_per_mm / 2
    limit = _limit(brightness(_shrunk(half, COARSE), scale / COARSE))
    if limit is None:
        return np.zeros((0, 4), np.int64)
    bright = brightness(half, scale)
    mask = cv2.inRange(bright, round(DARKEST * WHITE) + 1, limit - 1)
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    holes = cv2.bitwise_not(mask)  # strokes in a box are dark or thin, and so none of the tint
    stats = cv2.connectedComponentsWithStats(holes, connectivity=4)[2][1:]
    wide, high, area = stats[:, 2] / scale, stats[:, 3] / scale, stats[:, 4]
    fits = (np.minimum(wide, high) >= SMALLEST_MM) & (high <= HIGHEST_MM) & (wide <= WIDEST_MM)
    fits &= area >= LEAST_FILLED * stats[:, 2] * stats[:, 3]
    boxes = [
        box
        for box in stats[fits, :4].astype(np.int64)
        if _white_share(bright, box, limit) > LEAST_WHITE and _is_amid(mask, box, scale)
    ]
    if not boxes:
        return np.zeros((0, 4), np.int64)
    x, y, w, h = np.array(boxes).T
    return np.asarray(2 * np.stack([x, y, x + w, y + h], axis=1))


def _shrunk(image: Grey, times: int) -> Grey:
    """Return a picture so many times smaller; whole pixels take a fifth of the time of others."""
    height, width = image.shape[0] // times, image.shape[1] // times
    whole = image[: height * times, : width * times]
    return np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def brightness(image: Grey, scale: float) -> Grey:
    """Return the brightness of a page without strokes, WHITE where it is that around it."""
    side = max(3, round(STROKE_MM * scale))
    bare = cv2.morphologyEx(image, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8))
    size = (max(2, round(bare.shape[1] / scale / 2)), max(2, round(bare.shape[0] / scale / 2)))
    coarse = cv2.resize(bare, size, interpolation=cv2.INTER_AREA)
    reach = np.ones((round(WHITE_MM / 4) * 2 + 1,) * 2, np.uint8)
    bright = cv2.blur(cv2.dilate(coarse, reach), reach.shape)
    white = cv2.resize(bright, bare.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.divide(bare, cv2.max(white, 1), scale=WHITE), np.uint8)


def _limit(bright: Grey) -> int | None:
    """Return the brightness between the page's commonest tint and its white, None without."""
    counts = cv2.calcHist([bright], [0], None, [256], [0, 256])[:, 0]
    low = round(DARKEST * WHITE)
    tinted = counts[low : round(PALEST * WHITE)]
    if tinted.sum() < LEAST_TINTED * counts.sum():
        return None
    tint = low + int(np.convolve(tinted, np.ones(5), "same").argmax())
    return (tint + WHITE) // 2


def _white_share(bright: Grey, box: NDArray[np.int64], limit: int) -> float:
    x, y, w, h = box.tolist()
    return float((bright[y : y + h, x : x + w] >= limit).mean())


def _is_amid(tint: Grey, box: NDArray[np.int64], scale: float) -> bool:
    """Tell whether the strip around a white box is tint on all sides."""
    x, y, w, h = box.tolist()
    near, far = (max(1, round(mm * scale)) for mm in AROUND_MM)
    if min(x, y) < far or x + w + far > tint.shape[1] or y + h + far > tint.shape[0]:
        return False
    sides = (
        tint[y - far : y - near + 1, x : x + w],
        tint[y + h + near - 1 : y + h + far, x : x + w],
        tint[y : y + h, x - far : x - near + 1],
        tint[y : y + h, x + w + near - 1 : x + w + far],
    )
    return all(float((side > 0).mean()) >= LEAST_AROUND for side in sides)
