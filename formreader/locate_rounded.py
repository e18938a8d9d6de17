"""Find boxes with rounded corners by the paper they close in (a part of stage 3).

Their corners leave so little of straight lines that no level rule and no wall is seen: of 33
numbers in such boxes none had a field by a drafted form.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from formreader.document import Mask
from formreader.locate_boxes import ALIKE, Cell, is_box

LEAST_MM = 3.2
"""Least side of such a box in millimetres; the insides of letters are smaller."""
FULL = (0.9, 0.985)
"""Share of its bounding box that its inside fills: a circle fills 0.79, sharp corners all."""
APART = 1.2
"""Distance of two boxes of a row at most, as a share of their width."""
FEWEST = 2
"""Boxes of one size side by side from which they are such."""


def rounded_boxes(ink: Mask, scale: float) -> list[Cell]:
    """Return the boxes with rounded corners that stand in rows, as the insides of their outlines.

    `ink` bool (H, W), `scale` its pixels per millimetre.
    """
    outlines, order = cv2.findContours(
        np.ascontiguousarray(ink).view(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE
    )
    if not outlines:
        return []
    found = []
    for outline, (_, _, _, parent) in zip(outlines, order[0], strict=True):
        if parent < 0:
            continue  # not the inside of anything
        x, y, wide, high = cv2.boundingRect(outline)
        cell = Cell(x + 1, y + 1, x + wide - 1, y + high - 1)
        if min(cell.width, cell.height) < LEAST_MM * scale or not is_box(cell, scale):
            continue
        share = cv2.contourArea(outline) / ((wide - 1) * (high - 1))
        if FULL[0] <= share <= FULL[1]:
            found.append(cell)
    return [cell for cell in found if _beside(cell, found) + 1 >= FEWEST]


def with_rounded(seen: list[Cell], ink: Mask, scale: float) -> list[Cell]:
    """Add the boxes with rounded corners to the cells seen, where none of these is a box."""
    known = [cell for cell in seen if is_box(cell, scale)]
    return seen + [
        cell
        for cell in rounded_boxes(ink, scale)
        if not any(
            box.left < (cell.left + cell.right) / 2 < box.right
            and box.top < cell.middle < box.bottom
            for box in known
        )
    ]


def _beside(cell: Cell, others: Sequence[Cell]) -> int:
    """Count the boxes of one size with a box on its row, near it."""
    slack = ALIKE * cell.height / 2
    return sum(
        other is not cell
        and abs(other.top - cell.top) < slack
        and abs(other.bottom - cell.bottom) < slack
        and abs(other.width - cell.width) < slack
        and max(other.left - cell.right, cell.left - other.right) < APART * cell.width
        for other in others
    )
