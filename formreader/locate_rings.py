"""Tell boxes from what strokes of figures enclose: a 0, the space between two (a part of stage 3).

The sides of a 0 on a line pass for walls. Taken for a box, it was taken out of its number: 1050
was read 50 and 97540 9754, and seven of 48 such numbers were accepted. So do the bar of a 5 and the
foot of a 3 beside it for a box's upper and lower edge: 4653 was accepted as 465.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from formreader.document import Grey
from formreader.locate_boxes import Cell
from formreader.rules import Level

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

UNEVEN = 0.4
"""Swing of darkness along the edge of a box from which a pen drew it: 0.33 at most along boxes of
scans and photos, 0.42 and more along bars and feet of digits; in black and white, where rules of
one pixel break, up to 0.57."""
LONGER_MM = 6.0
"""How much longer than its box such an edge is at most, in millimetres: rules of tables in soft
photos are uneven, too."""
WIDEST_MM, HIGHEST_MM = 14.0, 11.0
"""Size up to which a box may lie between strokes, in millimetres."""
ALIKE, FEWEST_ALIKE = 0.15, 4
"""Difference in size of boxes that are alike, as a share of it, and as many as are no chance:
those of a survey in black and white have uneven edges."""
EDGE_SHARE, EDGE_PX = 0.6, 4
"""Share of a box's width that its edge runs along, and how far from it in pixels, beside half of
its thickness."""


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


def between_strokes(cells: Sequence[Cell], levels: Sequence[Level], scale: float) -> list[bool]:
    """Tell for each of the cells that stand alone whether it is the space between strokes.

    `levels` are the level rules of the page, `scale` in pixels per millimetre.
    """
    sizes = np.array([(cell.width, cell.height) for cell in cells]).reshape(-1, 2)
    uneven = [v for v in levels if v.even > UNEVEN]
    told = []
    for cell, size in zip(cells, sizes, strict=True):
        small = cell.width <= WIDEST_MM * scale and cell.height <= HIGHEST_MM * scale
        penned = cell.closed and small and any(_is_edge(v, cell, scale) for v in uneven)
        alike = int((np.abs(sizes - size) < ALIKE * size).all(axis=1).sum()) if penned else 0
        told.append(penned and alike < FEWEST_ALIKE)
    return told


def _is_edge(level: Level, cell: Cell, scale: float) -> bool:
    """Tell whether a level rule hardly longer than a cell is its upper or lower edge."""
    if level.x1 - level.x0 > cell.width + LONGER_MM * scale:
        return False
    shared = min(level.x1, cell.right) - max(level.x0, cell.left)
    row = float(level.y.mean())
    near = min(abs(row - cell.top), abs(row - cell.bottom))
    return shared > EDGE_SHARE * cell.width and near < level.thick / 2 + EDGE_PX


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
