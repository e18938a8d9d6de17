"""What stands between the digits of an amount: commas and points."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from formreader.document import FieldImage, Float, Grey, Mask, Rect

STRAIGHT = 1.4
"""Ink of a straight stroke at most, as a share of the usual thickness times its length: in four
of OpenCV's fonts the 7 has 1.65, the 4 1.8, all other digits but the 1 more than 2."""
SLIM = 0.5
"""Spread across a straight stroke at most, as a share of that along it; 3s have 0.6, 0s 0.5."""
NEEDLE = 0.15
"""The same below which a part is straight however bold its stroke is; slashes had 0.10 to 0.13."""
PIXEL = 1 / 12
"""Spread within a pixel, in square pixels: its variance."""
LEAST_HOLE = 4.0
"""Area within the outline of a hole in square pixels; a missing pixel has 2."""
LOWER = 0.25
"""How much lower than the digits beside it a comma's middle lies, in their heights."""
DOT, SPECK = 0.45, 0.08
"""Size of a mark on the line that no digit reaches, and of dust, in heights of the digits."""
WRITTEN = 0.4
"""Height from which ink between two marks is digits, in digit heights: at half the height of one
part the first 2 of "2,30,900" was left out, and a 5 in three pieces."""
LEANING = 1.2
"""Width of a comma at most, in its own heights: 40 degrees steep."""
BELOW, HANGING = 0.35, 0.15
"""How far below the digits' top a comma begins, and how far below their foot it ends if it need
not be straight, in their heights: no digit is as low and as short."""
OFF_LINE = 0.3
"""How far above the digits' foot a point ends at most, in their heights: the loose bar of a 5 was
one, 0.39 above it."""
BENEATH = 0.2
"""How far below the digits' foot a comma or point begins at most, in their heights: what lies lower
is of the frame or of other print."""
PIECE, TALLEST_COMMA, BROKEN = 0.5, 0.8, 0.6
"""Heights in digit heights: of a piece of a broken digit, of a comma, and of what may be the upper
part of a digit whose foot looks like a point, at most; chosen."""
BESIDE, ABOVE = 0.1, 0.5
"""Gaps across and up, in digit heights, up to which two pieces are taken for one broken digit."""
DASH, DASH_LONG, DASH_BESIDE = 0.22, (0.2, 1.0), 0.35
"""Height of a dash between digits at most and its length, in their heights, and the share of it
that may lie over one of them, as bars of a 4 and a 5 do. `35-00` is 35 pounds."""
DUST = 0.9
"""Size, in widths of the pen, below which a point may be dust."""
ON_LINE, TALL_COMMA = 0.4, 0.6
"""How much lower than the digits' a comma's middle lies, in their heights, and how tall it is,
below and above which it may be a 1 written low; chosen."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A separator: its column, whether it is a point and whether it may be a 1 written low.

    `broken` tells that it is in pieces, or one of several in one gap: it may be a pale digit; or
    that it proves nothing, as a dash between digits or a spot that is smaller than the pen.
    """

    x: float
    is_point: bool
    like_a_one: bool
    broken: bool = False


class Parts:
    """The connected parts of an ink mask, with their boxes and which of them are straight."""

    def __init__(self, ink: Mask) -> None:
        """Label the parts; part i has the label i + 1."""
        grey = ink.view(np.uint8)
        _, self.labels, stats, _ = cv2.connectedComponentsWithStats(grey, connectivity=8)
        self.x, self.y, self.wide, self.high, area = stats[1:].T.astype(np.float64)
        self.middle = self.x + self.wide / 2
        edge = area.sum() - float(cv2.erode(grey, np.ones((3, 3), np.uint8)).sum())
        self.thick = 2 * area.sum() / max(1.0, edge)
        short = area < STRAIGHT * self.thick * np.hypot(self.wide, self.high)
        self.ringed = self._ringed(grey)
        spread = self._spread(ink, area)
        self.straight = ((short & (spread < SLIM)) | (spread < NEEDLE)) & ~self.ringed

    def usual_height(self, some: NDArray[np.intp]) -> float:
        """Return the median height of some parts, without the straight ones where others are."""
        curved = some[~self.straight[some]]
        of = curved if curved.size else some
        return float(np.median(self.high[of])) if of.size else 0.0

    def _spread(self, ink: Mask, area: Float) -> Float:
        """Return the spread of each part across its long direction as a share of that along."""
        y, x = np.nonzero(ink)
        part = self.labels[y, x] - 1
        dx = x - (np.bincount(part, x) / area)[part]
        dy = y - (np.bincount(part, y) / area)[part]
        xx, yy, xy = (np.bincount(part, v) / area for v in (dx * dx, dy * dy, dx * dy))
        tilt = np.hypot((xx - yy) / 2, xy)
        middle = (xx + yy) / 2 + PIXEL
        return np.sqrt((middle - tilt) / (middle + tilt))

    def _ringed(self, grey: Grey) -> NDArray[np.bool_]:
        """Tell which parts close a ring around paper."""
        found = np.zeros(len(self.x), bool)
        outlines, tree = cv2.findContours(grey, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
        for outline, (_, _, _, outer) in zip(outlines, tree[0] if outlines else (), strict=True):
            if outer >= 0 and cv2.contourArea(outline) >= LEAST_HOLE:
                column, row = outline[0, 0]
                found[self.labels[row, column] - 1] = True
        return found


def without_left(field: FieldImage, edge: int) -> FieldImage:
    """Cut a field off before column `edge`; its rectangle moves with it.

    A stroke goes with the side that has most of it: the rim of a currency sign read as 1.
    """
    rect = field.rect
    _, labels = cv2.connectedComponents(field.ink.view(np.uint8), connectivity=8)
    before = np.bincount(labels[:, :edge].ravel(), minlength=int(labels.max()) + 1)
    after = np.bincount(labels[:, edge:].ravel(), minlength=len(before))
    kept = after > before
    kept[0] = False
    return replace(
        field,
        rect=Rect(rect.x + edge, rect.y, rect.width - edge, rect.height),
        image=np.ascontiguousarray(field.image[:, edge:]),
        ink=np.ascontiguousarray(kept[labels[:, edge:]]),
    )


def take_commas(ink: Mask, height: float, dashes: bool = False) -> tuple[Mask, list[Mark]]:
    """Take commas and points out of ink bool (H, W); return the rest and them, left to right.

    `height` is the digit height in pixels; `dashes` tells that a dash may part
    hundredths. A comma is a straight stroke whose middle lies clearly lower than that of the digits
    beside it; one in line with them is a 1 and stays, and so do the pieces of a broken digit, which
    reach higher together than a comma.
    """
    parts = Parts(ink)
    digits = np.flatnonzero((parts.high > 0.45 * height) & (parts.wide > 0.3 * height))
    if digits.size < 2:
        return ink, []
    written = parts.middle[np.union1d(digits, np.flatnonzero(parts.high > TALL_COMMA * height))]
    left, marks = ink.copy(), []
    pieces = near_pieces(parts, height)
    for number in np.unique(pieces):
        own = pieces == number
        mark = as_mark(parts, own, digits, dashes)
        if mark and written.min() < mark.x < written.max():
            left[np.concatenate([[False], own])[parts.labels]] = False
            marks.append(mark)
    return left, sorted(marks, key=lambda mark: mark.x)


def near_pieces(parts: Parts, height: float) -> NDArray[np.intp]:
    """Give each part a number, small pieces that stand close together the same.

    A thin pen leaves a 5 or a 9 in pieces, of which one was a point and the next a comma:
    22937 was read 22.37.
    """
    small = (np.maximum(parts.wide, parts.high) < PIECE * height) & ~parts.ringed
    across = gaps(parts.x, parts.wide) <= BESIDE * height
    up = gaps(parts.y, parts.high) <= ABOVE * height
    mark = small | (parts.straight & (parts.high < TALLEST_COMMA * height))
    near = across & up & ((small[:, None] & mark) | (small & mark[:, None]))
    np.fill_diagonal(near, True)
    first = near.argmax(axis=1)
    while (first != (reached := np.where(near, first, len(near)).min(axis=1))).any():
        first = reached
    return np.asarray(first)


def gaps(start: Float, size: Float) -> Float:
    """Return how far apart each two of some stretches are, float64 (N, N); below 0 they overlap."""
    end = start + size
    return np.maximum(start - end[:, None], start[:, None] - end)


def as_mark(
    parts: Parts, own: NDArray[np.bool_], digits: NDArray[np.intp], dashes: bool
) -> Mark | None:
    """Return the separator that the parts `own` are together, None where they are none."""
    x, y = parts.x[own].min(), parts.y[own].min()
    wide = (parts.x + parts.wide)[own].max() - x
    low = (parts.y + parts.high)[own].max()
    high, middle = low - y, x + wide / 2
    far = np.abs(parts.middle[digits] - middle)
    beside = [k for k in digits[np.argsort(far)] if not own[k]][:3]
    if not beside:
        return None
    top = float(np.median(parts.y[beside]))
    foot = float(np.median((parts.y + parts.high)[beside]))
    usual = foot - top
    size = max(wide, high) / usual
    shift = (low - high / 2 - (top + foot) / 2) / usual
    ringed = bool(parts.ringed[own].any())
    straight = bool(parts.straight[own][np.argmax(parts.high[own])])
    dot = size < DOT and low > foot - OFF_LINE * usual and not ringed
    covering = ~own & (np.abs(parts.middle - middle) < 0.4 * parts.wide)
    covering &= (parts.y + parts.high > y + 0.2 * usual) | (parts.high < BROKEN * usual)
    steep = wide <= LEANING * high
    short = y >= top + BELOW * usual and low > foot - 0.15 * usual
    hanging = short and low > foot + HANGING * usual and not ringed
    stroke = steep and ((straight and (shift >= LOWER or short)) or hanging)
    if dashes and size > SPECK and is_dash(parts, own, digits, (top, usual)):
        return Mark(float(middle), True, False, True)
    beneath = y > foot + BENEATH * usual
    if size <= SPECK or beneath or covering.any() or not (dot or stroke):
        return None
    point = bool(dot and low < foot + 0.5 * DOT * usual)
    tall = high > TALL_COMMA * usual and shift < ON_LINE
    doubtful = own.sum() > 1 or max(wide, high) < DUST * parts.thick
    return Mark(float(middle), point, bool(tall), bool(doubtful))


def is_dash(
    parts: Parts, own: NDArray[np.bool_], digits: NDArray[np.intp], row: tuple[float, float]
) -> bool:
    """Tell whether the one part `own` is a dash at half the height of the digits beside it.

    `row` is the top and the height of these in pixels.
    """
    if own.sum() != 1:
        return False
    at, (top, usual) = int(own.argmax()), row
    wide, high = parts.wide[at], parts.high[at]
    level = (parts.y[at] + high / 2 - top) / usual
    flat = high < DASH * usual and 1.3 * high < wide and not parts.ringed[at]
    if not (flat and DASH_LONG[0] * usual < wide < DASH_LONG[1] * usual and 0.3 < level < 0.75):
        return False
    others = digits[digits != at]
    over = np.minimum((parts.x + parts.wide)[others], parts.x[at] + wide)
    over -= np.maximum(parts.x[others], parts.x[at])
    return bool((over < DASH_BESIDE * wide).all())


def split(ink: Mask, marks: list[Mark], height: float) -> tuple[list[Mask], list[Mark]]:
    """Split ink bool (H, W) into what lies between the marks, each with a stroke of a digit.

    `height` is the digit height in pixels. Also returns the marks between neighbouring pieces,
    of several in one gap the doubtful one.
    """
    parts = Parts(ink)
    group = np.searchsorted(np.array([mark.x for mark in marks]), parts.middle)
    least = [parts.y[group == n].min(initial=np.inf) for n in range(len(marks) + 1)]
    most = [(parts.y + parts.high)[group == n].max(initial=0) for n in range(len(marks) + 1)]
    written = np.subtract(most, least) > WRITTEN * height
    numbers = np.flatnonzero(written) if written.any() else np.unique(group)
    masks = []
    for number in numbers:
        owned = np.concatenate([[False], group == number])
        masks.append(np.asarray(owned[parts.labels], np.bool_))
    return masks, [the_mark(marks[a:b]) for a, b in pairwise(numbers.tolist())]


def the_mark(marks: list[Mark]) -> Mark:
    """Return what stands for the marks in one gap: the doubtful one of them."""
    worst = max(marks, key=lambda mark: (mark.like_a_one, not mark.is_point))
    return replace(worst, broken=worst.broken or len(marks) > 1)
