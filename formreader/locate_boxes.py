"""Find the boxes, table cells and combs that ruled lines make (a part of stage 3).

A cell is looked for between two level rules: the uprights seen between them, even with
gaps, cut the space into cells. That stands rounded corners, broken lines and digits that
touch their box, where looking for closed outlines would not. All coordinates are pixels of
the picture the rules were found in.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import numpy as np

from formreader.document import Grey
from formreader.locate_bands import NARROWEST_MM, Band
from formreader.rules import Rules
from formreader.rules_dotted import between_walls, is_dotted

LOWEST_MM = 2.7
"""Least height of a cell in millimetres; boxes of 3.5 mm leave about 3 inside."""
HIGHEST_MM = 45.0
"""Greatest height of a cell in millimetres; above it is a frame, not a place for a number."""
LEVEL_SHARE = 0.62
"""Share of a cell's width that its level rules must cover (broken lines)."""
DOTTED_SHARE = 0.85
"""The same of rules of dots: those of a table go from wall to wall; lines to sign on do not."""
BARE_SHARE = 0.3
"""Share of two level rules that no other may come between for them to be tried as one band."""
SAME_MM = 0.5
"""Distance in millimetres up to which a rule of dots and the one above it, such as the edge of the
tint of a row, are one: the edge may end before the last wall, which the dots meet."""
LARGEST_BOX_MM = 17.0
"""Greatest side of a box for one character, in millimetres."""
WIDEST_SHAPE = 1.75
"""Greatest width of such a box, as a share of its height; wider ones are table cells."""
ALIKE = 0.25
"""How much heights, widths and rows of neighbouring boxes may differ, as a share of a box."""


@dataclass(frozen=True, slots=True)
class Cell:
    """The inside of one box: edges in pixels; `closed` when both level rules were seen."""

    left: float
    top: float
    right: float
    bottom: float
    closed: bool = True

    @property
    def width(self) -> float:
        """Return the inner width."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Return the inner height."""
        return self.bottom - self.top

    @property
    def middle(self) -> float:
        """Return the row halfway down."""
        return (self.top + self.bottom) / 2


def find_cells(rules: Rules, scale: float) -> list[Cell]:
    """Find the closed cells between the ruled lines, `scale` in pixels per millimetre."""
    levels = [level for level in rules.levels if len(level.y) >= NARROWEST_MM * scale]
    if not levels:
        return []
    dotted = [is_dotted(level) for level in levels]
    least = [DOTTED_SHARE if dots else LEVEL_SHARE for dots in dotted]
    width = rules.up.shape[1]
    levels = [
        between_walls(level, width) if dots else level
        for level, dots in zip(levels, dotted, strict=True)
    ]
    x0 = np.array([level.x0 for level in levels])
    x1 = np.array([level.x1 for level in levels])
    y = np.array([float(level.y.mean()) for level in levels])
    slack = np.array([np.ptp(level.y) for level in levels])
    cells: list[Cell] = []
    for i, top in enumerate(levels):
        shared = np.minimum(x1, top.x1) - np.maximum(x0, top.x0)
        below = y - y[i]
        near = (below > 0) & (below < HIGHEST_MM * scale + slack + slack[i])
        first = np.full(len(top.y), np.inf)
        for j in np.flatnonzero(near & (shared >= NARROWEST_MM * scale)):
            part = slice(max(0, x0[j] - top.x0), x1[j] - top.x0)
            short = shared[j] < 17 * scale
            bare = first[part] > below[j] - (SAME_MM * scale if dotted[j] else 0)
            if not bare.mean() > (BARE_SHARE / 4 if short else BARE_SHARE):
                continue
            if below[j] > LOWEST_MM * scale / 2:
                first[part] = np.minimum(first[part], below[j])
            band = Band(rules, top, levels[j])
            high = float((band.bottom - band.top).mean())
            if not LOWEST_MM * scale <= high <= HIGHEST_MM * scale:
                continue
            walls = band.walls()
            for a, b in itertools.pairwise(walls):
                edges = band.inside(a, b, scale, (least[i], least[j]))
                if edges is not None:
                    cells.append(Cell(*edges))
    return cells


def is_box(cell: Cell, scale: float) -> bool:
    """Tell whether a cell has the size and shape of a box for one character."""
    return (
        cell.height <= LARGEST_BOX_MM * scale
        and cell.width <= LARGEST_BOX_MM * scale
        and cell.width <= WIDEST_SHAPE * cell.height
    )


def inside(inner: Cell, outer: Cell, slack: float = 2.0) -> bool:
    """Tell whether one cell lies in another."""
    return (
        inner.left >= outer.left - slack
        and inner.right <= outer.right + slack
        and inner.top >= outer.top - slack
        and inner.bottom <= outer.bottom + slack
    )


def paper_cells(cells: list[Cell], dark: Grey, level: float) -> list[Cell]:
    """Drop the cells whose inside is not mostly paper: bars, pictures, shaded headings."""
    kept = []
    for cell in cells:
        part = dark[int(cell.top) : int(cell.bottom) + 1, int(cell.left) : int(cell.right) + 1]
        if part.size and float(np.median(part)) < 0.25 * level:
            kept.append(cell)
    return kept


def outermost(cells: list[Cell], scale: float) -> list[Cell]:
    """Drop cells seen twice, and guides and letters drawn inside a box."""
    order = sorted(cells, key=lambda c: -c.width * c.height)
    kept: list[Cell] = []
    boxes: list[Cell] = []
    edges = np.zeros((0, 4))
    for cell in order:
        if len(boxes):
            slack = 0.08 * cell.height + 2
            mid_x, mid_y = (cell.left + cell.right) / 2, cell.middle
            over = (
                (edges[:, 0] < mid_x) & (edges[:, 2] > mid_x)
                & (edges[:, 1] - slack < mid_y) & (edges[:, 3] + slack > mid_y)
            )  # fmt: skip
            if over.any():
                continue
        kept.append(cell)
        if is_box(cell, scale):
            boxes.append(cell)
            edges = np.vstack([edges, [cell.left, cell.top, cell.right, cell.bottom]])
    return kept


def uncut(cells: list[Cell], scale: float) -> list[Cell]:
    """Undo cuts by strokes that reach from top to bottom, as a long 1 does.

    Two neighbours make one box when together they are as wide as other boxes of their row.
    """
    boxes = sorted((c for c in cells if is_box(c, scale)), key=lambda c: c.left)
    gone: set[int] = set()
    made: list[Cell] = []
    left = np.array([c.left for c in boxes])
    wide = np.array([c.width for c in boxes])
    middle = np.array([c.middle for c in boxes])
    high = np.array([c.height for c in boxes])
    for i, a in enumerate(boxes):
        row = (np.abs(middle - a.middle) < ALIKE * a.height) & (
            np.abs(high - a.height) < ALIKE * a.height
        )
        row &= np.abs(left - a.left) < 8 * a.height
        after = np.flatnonzero(row & (left > a.right - 2) & (left < a.right + 0.2 * a.height))
        if i in gone or not after.size:
            continue
        j = int(after[0])
        both = boxes[j].right - a.left
        if max(a.width, boxes[j].width) > 0.8 * both or j in gone:
            continue
        if np.sum(row & (np.abs(wide - both) < 0.12 * both)) < 2:
            continue
        gone |= {i, j}
        made.append(replace(a, right=boxes[j].right))
    dropped = {id(boxes[i]) for i in gone}
    return [c for c in cells if id(c) not in dropped] + made
