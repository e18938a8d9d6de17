"""Find the printed walls of a form's boxes, and ink that may be one of them (part of stage 3).

A definition says where the middle of a wall is, not how thick it was printed, copied and
blurred. What stands out of the rim reads as a 1 or as a mark: on blank pages of 100 dpi and of
a form with thick frames such slivers were accepted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np

from formreader.document import Float, Grey, Mask, Rect
from formreader.locate_boxes import Cell

OFF_MM = 0.6
"""How far from its place a wall is looked for, in millimetres."""
THICKEST_MM = 1.2
"""Half of the thickest wall, its blur included, in millimetres."""
MIDST = 0.15
"""Share of a side left out at both ends, where other walls meet it."""
STEADY = 30
"""Percentile of the darkness along a wall: all of a wall is dark, little of a digit beside it."""
LEAST_WALL = 0.3
"""Darkness of a wall, as a share of the page's ink, from which it is seen."""
TAIL = 0.12
"""Darkness, as a share of the wall's, at which its blur ends: ink is told from 0.15 on."""
UNUSUAL_MM = 0.12
"""How much thicker than the others of its field one wall may be, in millimetres; more is a
stroke beside it."""
HUGS_MM = 0.6
"""Width in millimetres of the strip along a wall in which a box's whole ink may be the wall."""
STREAK = 0.3
"""Width, as a share of the crop's side, up to which ink from border to border is a streak."""


@dataclass(frozen=True, slots=True)
class _Side:
    """One side of a box: the wall's place, the way inwards, and the span beside it."""

    cell: int
    name: str
    at: float
    inwards: int
    start: float
    stop: float

    def strip(self, dark: Grey, reach: int) -> tuple[Grey, int]:
        """Cut out the strip along this side, across it as columns; also its first column."""
        margin = MIDST * (self.stop - self.start)
        along = slice(max(0, round(self.start + margin)), max(0, round(self.stop - margin)))
        first = max(0, round(self.at) - reach)
        over = slice(first, round(self.at) + reach + 1)
        upright = self.name in ("left", "right")
        return (dark[along, over] if upright else dark[over, along].T), first


def inner(dark: Grey, level: float, cells: Sequence[Cell], pixels_per_mm: float) -> list[Cell]:
    """Return the boxes within their walls, given as the middles of these.

    `dark` uint8 (H, W), `level` the usual darkness of its ink. A side without a wall stays.
    """
    sides = [side for number, cell in enumerate(cells) for side in _sides(number, cell)]
    depths = [_depth(side, dark, level, pixels_per_mm) for side in sides]
    seen = [depth for depth in depths if depth is not None]
    if not seen:
        return list(cells)
    most = float(np.median(seen)) + UNUSUAL_MM * pixels_per_mm
    edges: list[dict[str, float]] = [{} for _ in cells]
    for side, depth in zip(sides, depths, strict=True):
        edges[side.cell][side.name] = side.at + side.inwards * min(depth or 0.0, most)
    return [Cell(e["left"], e["top"], e["right"], e["bottom"]) for e in edges]


def _sides(number: int, cell: Cell) -> list[_Side]:
    return [
        _Side(number, "left", cell.left, 1, cell.top, cell.bottom),
        _Side(number, "right", cell.right, -1, cell.top, cell.bottom),
        _Side(number, "top", cell.top, 1, cell.left, cell.right),
        _Side(number, "bottom", cell.bottom, -1, cell.left, cell.right),
    ]


def _depth(side: _Side, dark: Grey, level: float, scale: float) -> float | None:
    """Return how far a wall reaches into its box from where it should be, in pixels."""
    off, thickest = round(OFF_MM * scale), round(THICKEST_MM * scale)
    strip, first = side.strip(dark, off + thickest)
    if min(strip.shape) < 3:
        return None
    profile = _steady(strip)
    place = round(side.at) - first
    near = profile[max(0, place - off) : max(0, place + off + 1)]
    if not near.size:
        return None  # the wall would lie beyond the page
    peak = int(near.argmax()) + max(0, place - off)
    if profile[peak] < LEAST_WALL * level:
        return None
    onward = profile[peak:] if side.inwards > 0 else profile[peak::-1]
    ends = np.flatnonzero(onward < TAIL * profile[peak])
    width = int(ends[0]) if ends.size else thickest
    return max(0.0, (peak + side.inwards * min(width, thickest) + first - side.at) * side.inwards)


def _steady(strip: Grey) -> Float:
    """Return the percentile STEADY of each column; `np.percentile` takes ten times as long."""
    at = STEADY / 100 * (len(strip) - 1)
    low, share = int(at), np.float32(at - int(at))
    part = np.partition(strip, (low, low + 1), axis=0)[low : low + 2].astype(np.float32)
    return np.asarray(part[0] + share * (part[1] - part[0]))


def hugged(ink: Mask, boxes: Sequence[Rect], pixels_per_mm: float) -> bool:
    """Tell whether all ink of one of the boxes lies along a wall, and so may be the wall.

    `ink` bool (H, W), `boxes` in its pixels.
    """
    reach = max(2, round(HUGS_MM * pixels_per_mm))
    for box in boxes:
        left, top = max(0, box.x), max(0, box.y)
        x, y, w, h = cv2.boundingRect(ink[top : box.bottom, left : box.right].view(np.uint8).copy())
        wide, high = box.right - left, box.bottom - top
        if w and (x + w <= reach or x >= wide - reach or y + h <= reach or y >= high - reach):
            return True
    return False


def streaked(ink: Mask) -> bool:
    """Tell whether a narrow line runs through a crop from border to border, as a scratch does."""
    for mask, (near, far) in product((ink, ink.T), ((0, -1),)):
        _, labels = cv2.connectedComponents(np.ascontiguousarray(mask).view(np.uint8))
        for label in set(labels[near].tolist()) & set(labels[far].tolist()) - {0}:
            if np.ptp(np.nonzero(labels == label)[1]) < STREAK * mask.shape[1]:
                return True
    return False
