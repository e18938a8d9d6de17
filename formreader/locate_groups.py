"""Link spots of ink into groups of characters and tell how printed they look (stage 3).

Without a definition of the form, print has to be told from handwriting: printed characters
stand on one row, have very few heights and stand close; handwriting does so seldom.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from formreader.document import Mask
from formreader.rules import quantile

LARGEST_MM = 14.0
"""Greatest height of a written digit in millimetres; above it are headings and signatures."""
LINK_GAP = 0.8
"""Gap that joins two characters into one group, as a share of their height."""
NEXT_SHARED, NEXT_GAP = 0.6, 0.4
"""Share of their height that two characters have in common, and their gap as a share of it, if the
one that stands outside of the other's cell is still the next of its number and no label's."""
ON_LINE = -2
"""Home of a character that stands on a level rule and in no cell."""
AS_TALL = 0.62
"""Least height of a character beside a line, as a share of that of one on it, to be of its number:
small letters of 2.5 mm print have half of the height of digits written after them."""
LABEL_TALL, LABEL_OVER, BAR_WIDE = 0.45, 0.25, 1.8
"""Height of a letter of a label, as a share of the height of a digit beside and under it, at most,
how far down the digit the letter's middle lies (commas and points lie lower), and width of a bar,
as a share of its height."""
LEVEL_SLACK = 0.045
"""How far printed characters stray from their row, as a share of their height."""
WIDEST_STROKE_MM = 1.05
"""Side in millimetres of a solid square that no pen makes; marks and bars hold one."""
SOLID_SHARE, SOLID_TALL = 0.6, 0.8
"""Share of its box that a mark with such a square fills, and that one as tall as a digit fills; a 2
of a broad pen holds the square too, but fills half, and an 8 whose loops ran full fills 0.7: of a
4584 on a page of 110 dpi 45 was left."""
TALL_MM, TALL = 2.2, 1.1
"""Least height of a digit that may be that full, in millimetres and as a share of its width."""
BROAD = 1.1
"""Width of a character, as a share of the height, that printed figures do not reach."""
WIDE_SET = 0.33
"""Gap between characters, as a share of the height, that print seldom has within a word."""


@dataclass(frozen=True, eq=False)
class Group:
    """Characters side by side: boxes int (N, 5) as x, y, width, height, pixels, from the left.

    What follows from the boxes is kept once worked out: a page asks for it many times.
    """

    boxes: NDArray[np.int64]

    @cached_property
    def left(self) -> int:
        """Return the first column."""
        return int(self.boxes[:, 0].min())

    @cached_property
    def right(self) -> int:
        """Return the first column beyond."""
        return int((self.boxes[:, 0] + self.boxes[:, 2]).max())

    @cached_property
    def top(self) -> int:
        """Return the first row."""
        return int(self.boxes[:, 1].min())

    @cached_property
    def bottom(self) -> int:
        """Return the first row beyond."""
        return int((self.boxes[:, 1] + self.boxes[:, 3]).max())

    @cached_property
    def tall(self) -> NDArray[np.int64]:
        """Return the boxes that are no commas, dots or dashes."""
        high = self.boxes[:, 3]
        return self.boxes[high >= 0.55 * quantile(high, 0.8)]

    @cached_property
    def height(self) -> float:
        """Return the usual height of its characters."""
        return quantile(self.tall[:, 3], 0.5)

    @cached_property
    def base(self) -> float:
        """Return the row its characters stand on."""
        return quantile(self.tall[:, 1] + self.tall[:, 3], 0.5)

    @cached_property
    def printed(self) -> float:
        """Return in 0…1 how much it looks printed: one row, few heights, tight and narrow."""
        return _printed(self)


def spots(ink: Mask, scale: float) -> NDArray[np.int64]:
    """Return the components of the ink that may be (part of) a character.

    int64 (N, 5): x, y, width, height and number of pixels.
    """
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink.view(np.uint8), connectivity=8)
    side = max(3, round(WIDEST_STROKE_MM * scale))
    blobs = cv2.erode(ink.view(np.uint8), np.ones((side, side), np.uint8)).view(np.bool_)
    tall = (stats[:, 3] > TALL_MM * scale) & (stats[:, 3] > TALL * stats[:, 2])
    solid = stats[:, 4] > np.where(tall, SOLID_TALL, SOLID_SHARE) * stats[:, 2] * stats[:, 3]
    stats[[i for i in np.unique(labels[blobs]) if solid[i]], 4] = 0
    stats = stats[1:]
    wide, high, area = stats[:, 2], stats[:, 3], stats[:, 4]
    kept = (high <= LARGEST_MM * scale) & (wide <= 25 * scale)
    kept &= (area >= 0.06 * scale * scale) & (np.maximum(wide, high) >= 0.4 * scale)
    return np.asarray(stats[kept], np.int64)


def groups(boxes: NDArray[np.int64], homes: NDArray[np.int64]) -> list[Group]:
    """Link characters that stand side by side.

    `homes` (N,) are the cells in which they stand. Those of two cells are never linked, one in
    none (-1, or ON_LINE above a level rule) with one elsewhere only where it is plainly the next
    on its row: ink leaves its cell. Of 52 numbers written after labels on lines of a drawn form 39
    had no row, most for the label in their group: beside a line stands only what is as tall.
    """
    from_left = np.argsort(boxes[:, 0], kind="stable")
    order, homes = boxes[from_left], homes[from_left]
    owner = np.arange(len(order))
    right, bottom = order[:, 0] + order[:, 2], order[:, 1] + order[:, 3]
    reach = int(LINK_GAP * order[:, 3].max()) + 1 if len(order) else 0
    last = np.searchsorted(order[:, 0], right + reach, "right")

    def root(i: int) -> int:
        while owner[i] != i:
            owner[i] = owner[owner[i]]
            i = int(owner[i])
        return i

    for i in range(len(order)):
        j = np.arange(i + 1, last[i])
        if not j.size:
            continue
        high = np.maximum(order[j, 3], order[i, 3])
        shared = np.minimum(bottom[j], bottom[i]) - np.maximum(order[j, 1], order[i, 1])
        near = order[j, 0] - right[i] <= LINK_GAP * high
        beside = shared > 0.35 * np.minimum(order[j, 3], order[i, 3])
        over = np.minimum(right[j], right[i]) - order[j, 0] > 0.5 * np.minimum(
            order[j, 2], order[i, 2]
        )
        over &= np.minimum(order[j, 3], order[i, 3]) < 0.5 * high
        linked = near & (beside | (over & (shared > -0.2 * high)))
        unlike = homes[j] != homes[i]
        leaves = np.minimum(homes[j], homes[i]) < 0
        leaves &= shared > NEXT_SHARED * np.minimum(order[j, 3], order[i, 3])
        leaves &= order[j, 0] - right[i] <= NEXT_GAP * high
        outside = np.maximum(homes[j], homes[i]) < 0
        leaves &= ~outside | (np.minimum(order[j, 3], order[i, 3]) > AS_TALL * high)
        for k in j[linked & (leaves | ~unlike)].tolist():
            if not _above(order[i].tolist(), order[k].tolist()):
                owner[root(k)] = root(i)
    members: dict[int, list[int]] = {}
    for i in range(len(order)):
        members.setdefault(root(i), []).append(i)
    return [Group(order[m]) for m in members.values()]


def _above(one: list[int], other: list[int]) -> bool:
    """Tell whether two characters are a digit and a letter of the label over it.

    A label inside a box linked a 4 to its own letters, and of a 431187 31187 was accepted. A bar
    over a digit is the top of a 5.
    """
    small, tall = sorted((one, other), key=lambda box: box[3])
    return (
        small[3] < LABEL_TALL * tall[3]
        and small[1] + small[3] / 2 < tall[1] + LABEL_OVER * tall[3]
        and small[2] < BAR_WIDE * small[3]
    )


def _printed(group: Group) -> float:
    tall = group.tall
    high = group.height
    broad = float(np.mean(tall[:, 2] > BROAD * high))
    if len(tall) < 2:
        return 0.5 * (1 - broad)
    slack = max(1.0, LEVEL_SLACK * high)
    base = tall[:, 1] + tall[:, 3]
    on_row = float(np.mean(np.abs(base - quantile(base, 0.5)) <= slack))
    heights = tall[:, 3].astype(np.float64)
    close = np.abs(heights[:, None] - heights[None, :]) <= slack
    first = close[np.argmax(close.sum(axis=1))]
    rest = ~first
    gaps = tall[1:, 0] - (tall[:-1, 0] + tall[:-1, 2])
    wide_set = quantile(gaps, 0.5) > WIDE_SET * high
    word = len(tall) > 4 or (len(tall) > 3 and not wide_set and broad == 0)
    second = close[rest][:, rest].sum(axis=1).max() if rest.sum() > 1 and word else 0
    few = (first.sum() + second) / len(tall)
    return float(min(on_row, few)) * (1 - 0.7 * broad) * (0.6 if wide_set else 1.0)
