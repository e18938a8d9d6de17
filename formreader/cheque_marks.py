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
LEANING = 1.2
"""Width of a comma at most, in its own heights: 40 degrees steep."""
BELOW, HANGING = 0.35, 0.15
"""How far below the digits' top a comma begins, and how far below their foot it ends if it need
not be straight, in their heights: no digit is as low and as short."""
ON_LINE, TALL_COMMA = 0.4, 0.6
"""How much lower than the digits' a comma's middle lies, in their heights, and how tall it is,
below and above which it may be a 1 written low; chosen."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A separator: its column, whether it is a point and whether it may be a 1 written low."""

    x: float
    is_point: bool
    like_a_one: bool


class Parts:
    """The connected parts of an ink mask, with their boxes and which of them are straight."""

    def __init__(self, ink: Mask) -> None:
        """Label the parts; part i has the label i + 1."""
        grey = ink.view(np.uint8)
        _, self.labels, stats, _ = cv2.connectedComponentsWithStats(grey, connectivity=8)
        self.x, self.y, self.wide, self.high, area = stats[1:].T.astype(np.float64)
        self.middle = self.x + self.wide / 2
        edge = area.sum() - float(cv2.erode(grey, np.ones((3, 3), np.uint8)).sum())
        thick = 2 * area.sum() / max(1.0, edge)
        short = area < STRAIGHT * thick * np.hypot(self.wide, self.high)
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


def take_commas(ink: Mask, height: float) -> tuple[Mask, list[Mark]]:
    """Take commas and points out of ink bool (H, W); return the rest and them, left to right.

    `height` is the digit height in pixels. A comma is a straight stroke whose middle lies
    clearly lower than that of the digits beside it; one in line with them is a 1 and stays.
    """
    parts = Parts(ink)
    digits = np.flatnonzero((parts.high > 0.45 * height) & (parts.wide > 0.3 * height))
    if digits.size < 2:
        return ink, []
    left, marks = ink.copy(), []
    first, last = parts.middle[digits].min(), parts.middle[digits].max()
    for i in range(len(parts.x)):
        if not first < parts.middle[i] < last:
            continue
        far = np.abs(parts.middle[digits] - parts.middle[i])
        beside = [k for k in digits[np.argsort(far)] if k != i][:3]
        top = float(np.median(parts.y[beside]))
        foot = float(np.median((parts.y + parts.high)[beside]))
        size = max(parts.wide[i], parts.high[i]) / (foot - top)
        low = parts.y[i] + parts.high[i]
        shift = (low - parts.high[i] / 2 - (top + foot) / 2) / (foot - top)
        dot = size < DOT and low > foot - DOT * (foot - top) and not parts.ringed[i]
        covering = (np.abs(parts.middle - parts.middle[i]) < 0.4 * parts.wide) & (
            parts.y + parts.high > parts.y[i] + 0.2 * (foot - top)
        )
        alone = covering.sum() - covering[i] == 0
        steep = parts.wide[i] <= LEANING * parts.high[i]
        short = parts.y[i] >= top + BELOW * (foot - top) and low > foot - 0.15 * (foot - top)
        hanging = short and low > foot + HANGING * (foot - top) and not parts.ringed[i]
        stroke = steep and ((parts.straight[i] and (shift >= LOWER or short)) or hanging)
        if size > SPECK and alone and (dot or stroke):
            left[parts.labels == i + 1] = False
            tall = parts.high[i] > TALL_COMMA * (foot - top)
            point = bool(dot and low < foot + 0.5 * DOT * (foot - top))
            marks.append(Mark(float(parts.middle[i]), point, bool(tall and shift < ON_LINE)))
    return left, sorted(marks, key=lambda mark: mark.x)


def split(ink: Mask, marks: list[Mark], height: float) -> tuple[list[Mask], list[Mark]]:
    """Split ink bool (H, W) into what lies between the marks, each with a stroke of a digit.

    `height` is the digit height in pixels. Also returns the marks between neighbouring pieces,
    of several in one gap the doubtful one.
    """
    parts = Parts(ink)
    group = np.searchsorted(np.array([mark.x for mark in marks]), parts.middle)
    written = parts.high > 0.5 * height
    numbers = np.unique(group[written] if written.any() else group)
    masks = []
    for number in numbers:
        owned = np.concatenate([[False], group == number])
        masks.append(np.asarray(owned[parts.labels], np.bool_))
    between = [
        max(marks[a:b], key=lambda mark: (mark.like_a_one, not mark.is_point))
        for a, b in pairwise(numbers.tolist())
    ]
    return masks, between
