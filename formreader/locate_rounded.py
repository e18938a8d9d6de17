"""Find boxes with rounded corners by the paper they close in (a part of stage 3).

Their corners leave so little of straight lines that no level rule and no wall is seen: of 33
numbers in such boxes none had a field by a drafted form.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import cv2
import numpy as np

from formreader.document import Grey, Mask
from formreader.locate_boxes import ALIKE, Cell, is_box

LEAST_MM = 3.2
"""Least side of such a box in millimetres; the insides of letters are smaller."""
FULL = 0.88
"""Share of its bounding box that its inside fills at least; a circle fills 0.79."""
RADIUS_MM, LEAST_RADIUS_MM, FEWEST = 1.5, 1.0, 4
"""Radius of the corners of so many boxes of one size on a row at least, and of the others there, in
millimetres: blur and ink make 1.2 of sharp ones, 1.3 to 1.6 on a photo and of three boxes of a
cheque; most of those of a drawn form have 1.6 to 2.4."""
RIM_MM = 0.7
"""Width in millimetres of the strip around such a box's inside in which its outline runs: what is
left of rounded corners made other digits of half of the numbers in them."""
CORNERS, TURN = 4 - np.pi, 0.35
"""Area that four rounded corners lack, in squares of their radius, and the share of a side from its
end within which one turns."""


class Rounded:
    """The boxes with rounded corners that stand in rows on a page.

    `ink` bool (H, W), `scale` its pixels per millimetre; `cells` are the insides of the boxes.
    """

    def __init__(self, ink: Mask, scale: float) -> None:
        closed = _closed(ink)
        radius = [_radius(cell, outline, scale) for cell, outline in closed]
        pairs = [pair for pair, mm in zip(closed, radius, strict=True) if mm >= LEAST_RADIUS_MM]
        sure = [c for (c, _), mm in zip(closed, radius, strict=True) if mm >= RADIUS_MM]
        kept = [(cell, outline) for cell, outline in pairs if _alike(cell, sure) >= FEWEST]
        self.cells = [cell for cell, _ in kept]
        self._outlines = [outline for _, outline in kept]
        self._shape, self._scale = ink.shape, scale

    def with_cells(self, seen: list[Cell]) -> list[Cell]:
        """Add those that are none of the boxes `seen` by their lines."""
        known = [cell for cell in seen if is_box(cell, self._scale)]
        return seen + [
            cell
            for cell in self.cells
            if not any(
                box.left < (cell.left + cell.right) / 2 < box.right
                and box.top < cell.middle < box.bottom
                for box in known
            )
        ]

    @cached_property
    def corners(self) -> Mask:
        """Return where the outlines of all of them turn: bool (H, W)."""
        inside = np.zeros(self._shape, np.uint8)
        cv2.drawContours(inside, self._outlines, -1, 1, cv2.FILLED)
        reach = round(RIM_MM * self._scale)
        around = cv2.dilate(inside, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))
        rim = around > cv2.erode(inside, np.ones((5, 5), np.uint8))
        for cell in self.cells:
            x, y = round(cell.left) - reach, round(cell.top) - reach
            wide, high = round(cell.width) + 2 * reach, round(cell.height) + 2 * reach
            part = rim[max(0, y) : y + high, max(0, x) : x + wide]
            part[round(TURN * high) : round((1 - TURN) * high)] = False
            part[:, round(TURN * wide) : round((1 - TURN) * wide)] = False
        return np.asarray(rim, np.bool_)


def _closed(ink: Mask) -> list[tuple[Cell, Grey]]:
    """Return what ink closes in, as a box, and its outline."""
    outlines, order = cv2.findContours(
        np.ascontiguousarray(ink).view(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE
    )
    if not outlines:
        return []
    found = []
    for outline, (_, _, _, parent) in zip(outlines, order[0], strict=True):
        if parent >= 0:  # the inside of something
            x, y, wide, high = cv2.boundingRect(outline)
            found.append((Cell(x + 1, y + 1, x + wide - 1, y + high - 1), outline))
    return found


def _radius(cell: Cell, outline: Grey, scale: float) -> float:
    """Return the radius of a box's corners in mm, 0 where it is no box for a character."""
    if min(cell.width, cell.height) < LEAST_MM * scale or not is_box(cell, scale):
        return 0.0
    whole = float(np.prod(cv2.minAreaRect(outline)[1]))
    missing = max(0.0, whole - cv2.contourArea(outline))
    return float(np.sqrt(missing / CORNERS)) / scale if missing <= (1 - FULL) * whole else 0.0


def _alike(cell: Cell, others: Sequence[Cell]) -> int:
    """Count the boxes of a box's size on its row."""
    slack = ALIKE * cell.height / 2
    return sum(
        abs(other.top - cell.top) < slack
        and abs(other.bottom - cell.bottom) < slack
        and abs(other.width - cell.width) < slack
        for other in others
    )
