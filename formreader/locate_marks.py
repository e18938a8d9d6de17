"""Tell small marks printed in a cell from what is written around them (a part of stage 3).

The slash of a date and the colon of a time stand between the parts of a number and are none of it.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from formreader.document import FieldImage, Mask, Rect
from formreader.locate_page import OpenPage

BLURRED_MM, AS_TALL, PEN_MM = 0.7, 0.5, 0.3
"""How far around what is printed in a cell ink may be that print, in millimetres, and the height of
other ink there, as a share of the number's, and its width in millimetres, from which it is writing.
"""
WITHIN_MM, ALL_PRINT, FILLED_MM = 0.7, 0.85, 0.4
"""How far around the inner part of a printed character its ink may lie, in millimetres, the share
of the ink in a box that lies there from which it is print, and by how much more than that part it
measures: 1s written over the pale letters of DD MM YYYY lie within them."""
AROUND_MM, LESS_MM = 0.5, 0.5
"""How far off its place a copy may show a mark, and by how much less its sides may measure there
than in the form, in millimetres."""


def take_marks(page: OpenPage, boxes: NDArray[np.float64]) -> None:
    """Take marks that the form has in its cells out of the page's ink.

    `boxes` (N, 4) are their left, top, right and bottom in pixels of the working copy. Only what
    lies within a mark's own place and is as large goes; what a stroke touches stays.
    """
    rim = AROUND_MM * page.scale
    for left, top, right, bottom in boxes.tolist():
        y, x = max(0, round(top - rim)), max(0, round(left - rim))
        part = np.s_[y : max(0, round(bottom + rim)), x : max(0, round(right + rim))]
        ink = page.small_dark[part] > page.least_own
        spot = mark_in(ink, right - left, bottom - top, LESS_MM * page.scale)
        if spot.any():
            page.small_dark[part][spot] = 0
            rect = page.rect_of(x, y, x + spot.shape[1], y + spot.shape[0])
            whole = np.s_[rect.y : rect.bottom, rect.x : rect.right]
            size = page.dark[whole].shape[::-1]
            page.dark[whole][cv2.resize(spot.view(np.uint8), size) > 0] = 0


def mark_in(ink: Mask, wide: float, high: float, less: float) -> Mask:
    """Return the ink of a mark, and the pixels around it, in a picture of its place.

    `ink` is bool (H, W); nothing where what lies within it is smaller than `wide` and `high` by
    more than `less` pixels.
    """
    if not ink.any():
        return np.zeros_like(ink)
    labels, stats = cv2.connectedComponentsWithStats(ink.view(np.uint8), connectivity=8)[1:3]
    edges = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    inner = np.setdiff1d(np.arange(1, len(stats)), edges)
    if not inner.size:
        return np.zeros_like(ink)
    left, top, across, down = stats[inner, :4].T
    like = (left + across).max() - left.min() >= wide - less
    like &= (top + down).max() - top.min() >= high - less
    spot = np.isin(labels, inner) & like
    return np.asarray(cv2.dilate(spot.view(np.uint8), np.ones((3, 3), np.uint8)).view(np.bool_))


def holds_more(
    whole: FieldImage,
    number: Rect,
    known: Sequence[tuple[float, float, float, float]],
    pixels_per_mm: float,
) -> bool:
    """Tell whether a cell, cut `whole`, holds more writing than the one number found in it.

    `known` are left, top, right and bottom of the form's own print there, in pixels. Of a 25/07 in
    a cell with a printed slash 25 was accepted: the 07 looked like print.
    """
    ink = whole.ink.copy()
    rim = BLURRED_MM * pixels_per_mm
    printed = [_grown(box, rim) for box in known]
    for box in (number, *printed):
        inner = box.moved(-whole.rect.x, -whole.rect.y)
        ink[max(0, inner.y) : max(0, inner.bottom), max(0, inner.x) : max(0, inner.right)] = False
    stats = cv2.connectedComponentsWithStats(ink.view(np.uint8), connectivity=8)[2][1:]
    pen = stats[:, 2] >= PEN_MM * pixels_per_mm  # what is left of a rule is thinner
    return bool((pen & (stats[:, 3] >= AS_TALL * number.height)).any())


def over_print(field: FieldImage, captions: NDArray[np.float64]) -> bool:
    """Tell whether a number is written over what is printed in its cell, (N, 4) edges.

    A 7 that began in the letters of a label was accepted as 4.
    """
    edges = captions - np.tile((field.rect.x, field.rect.y), 2)
    return any(
        bool(field.ink[top:bottom, left:right].any())
        for left, top, right, bottom in np.maximum(edges.round().astype(int), 0).tolist()
    )


def is_print(
    field: FieldImage, boxes: Sequence[Rect], captions: NDArray[np.float64], pixels_per_mm: float
) -> bool:
    """Tell whether most of a row's `boxes` with ink hold what the form has printed in them.

    `captions` (N, 4) are the edges of the inner parts of that. Of boxes with 2, 1 and 0 in them,
    one of which is to be circled, 210 was accepted.
    """
    edges = captions - np.tile((field.rect.x, field.rect.y), 2)
    middle = (edges[:, :2] + edges[:, 2:]) / 2
    held = []
    for box in boxes:
        left, top, right, bottom = np.maximum((box.x, box.y, box.right, box.bottom), 0).tolist()
        rows, cols = np.nonzero(field.ink[top:bottom, left:right])
        if rows.size:
            inside = ((middle > (left, top)) & (middle < (right, bottom))).all(axis=1)
            held.append(_is_shown(edges[inside], cols + left, rows + top, pixels_per_mm))
    return 2 * sum(held) > len(held)


def _is_shown(
    printed: NDArray[np.float64],
    cols: NDArray[np.intp],
    rows: NDArray[np.intp],
    pixels_per_mm: float,
) -> bool:
    """Tell whether ink is what is `printed`, (N, 4) edges, and no more or less of it."""
    if not len(printed):
        return False
    first, last = printed[:, :2].min(axis=0), printed[:, 2:].max(axis=0)
    ink = np.stack((cols, rows), axis=1)
    rim, filled = WITHIN_MM * pixels_per_mm, FILLED_MM * pixels_per_mm
    near = ((ink >= first - rim) & (ink <= last + rim)).all(axis=1)
    return bool(near.mean() >= ALL_PRINT and (np.ptp(ink, axis=0) >= last - first + filled).all())


def _grown(box: tuple[float, float, float, float], rim: float) -> Rect:
    """Return edges in pixels as a rectangle, larger by `rim` on all sides."""
    left, top, right, bottom = (round(v) for v in np.add(box, (-rim, -rim, rim, rim)).tolist())
    return Rect(left, top, max(1, right - left), max(1, bottom - top))
