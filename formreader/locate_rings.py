"""Tell written zeros from boxes: both close a ring around paper (a part of stage 3).

The sides of a 0 on a line pass for walls. Taken for a box, it was taken out of its number: 1050
was read 50 and 97540 9754, and seven of 48 such numbers were accepted.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from formreader.document import Grey
from formreader.locate_boxes import Cell

LEAST_BOX_MM = 3.2
"""Side up to which a cell by itself is no box for a digit, in millimetres; those of a comb may be
as narrow."""
LARGEST_RING_MM = 7.0
"""Greatest height and width of the paper within a written 0, in millimetres."""
BENT = 0.08
"""How much nearer to the middle a side is at its ends than halfway, as a share of the width: 0.02
at most for 95 of 100 of the 3,000 empty boxes of real forms, photos and cheques, 0.09 to 0.2 for
most written zeros."""
ENDS = 0.12
"""Where the ends of a side are looked at, as a share of the height."""
BARE = 0.5
"""Share of the width and of the height in the middle that holds no ink within a 0."""


def are_zeros(cells: Sequence[Cell], dark: Grey, scale: float) -> bool:
    """Tell whether the cells of a row are the insides of written zeros.

    `dark` uint8 (H, W) is the darkness of the page, `scale` in pixels per millimetre.
    """
    largest = max(max(cell.width, cell.height) for cell in cells)
    if len(cells) == 1 and largest <= LEAST_BOX_MM * scale:
        return True
    if largest > LARGEST_RING_MM * scale:
        return False
    bends = np.array([_bends(cell, dark) for cell in cells])
    return bool(np.median(bends) >= BENT)  # not where one is filled: NaN


def _bends(cell: Cell, dark: Grey) -> list[float]:
    """Return how much nearer to the middle each end of both sides is, in widths; NaN if filled."""
    rim = 0.25 * cell.width
    top, left = int(cell.top), max(0, int(cell.left - rim))
    part = dark[top : int(cell.bottom) + 1, left : int(cell.right + rim) + 1]
    high, wide = part.shape
    middle = wide // 2
    sides = part[high // 2, :middle].max(initial=0), part[high // 2, middle:].max(initial=0)
    ink = part >= max(1, min(sides) // 2)
    reach_y, reach_x = round(BARE * high / 2), round(BARE * cell.width / 2)
    centre = ink[high // 2 - reach_y : high // 2 + reach_y + 1]
    if centre[:, middle - reach_x : middle + reach_x + 1].any():
        return [np.nan] * 4
    found = []
    for half in (ink[:, :middle][:, ::-1], ink[:, middle:]):
        rows = [half[round(share * (high - 1))] for share in (0.5, ENDS, 1 - ENDS)]
        free = [int(row.argmax()) if row.any() else middle for row in rows]
        found += [(free[0] - end) / cell.width for end in free[1:]]
    return found
