"""Tell the rows of a table from rows of boxes: a cell of a table is a field (a part of stage 3).

Both are cells of one size between rules. A time sheet whose cells were nearly square was read as
one number a row: of 147 values 27 were read, and rows of single digits accepted.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from formreader.document import Mask
from formreader.locate_boxes import Cell
from formreader.locate_rows import Row

Edges = NDArray[np.float64]

LEAST_ROWS = 3
"""Rows that share their rules and walls from which they may be a table."""
TOUCHING_MM, SAME_WALL_MM = 1.2, 1.0
"""How far apart two rows and two walls are at most that are one, in millimetres."""
SAME_WALLS = 0.7
"""Share of a row's walls that go on in the next row of its table."""
WIDE = 1.2
"""Width of the cells of a table, as a share of their height, from which they are no boxes for a
digit: those in stacks on real forms are as wide as high, cells for tally marks 1.6."""
LACKING = 0.5
"""Share of a table's rows without a wall above which its columns have none there."""
SEVERAL = 0.25
"""Share of the filled cells that hold several characters from which they are no such boxes."""
CHARACTER = 0.3
"""Height of a character at least, as a share of its cell's."""


def split(
    rows: Sequence[Row], seen: Sequence[Cell], ink: Mask, scale: float
) -> tuple[list[Row], list[Cell]]:
    """Return the rows of boxes among `rows`, and the cells of the rows that are of tables.

    `seen` are the cells before walls were put in where one seemed to be missing, `ink` bool (H, W)
    is the ink of the page, `scale` in pixels per millimetre.
    """
    kept: list[Row] = []
    cells: list[Cell] = []
    for stack in _stacks(rows, scale):
        mine = [cell for row in stack for cell in row.cells]
        if len(stack) >= LEAST_ROWS and (_wide(mine) or _hold_several(mine, ink)):
            cells += _as_seen(stack, seen, scale)
        else:
            kept += stack
    return sorted(kept, key=rows.index), cells


def in_grid(cells: Sequence[Cell], scale: float) -> NDArray[np.bool_]:
    """Tell which cells share walls with others beside and above or below them: bool (N,).

    Boxes to tick stand by themselves. Of 364 numbers of a drawn register, in cells of 7 mm, 335
    had no row, and by its draft all were ticks.
    """
    edges = [(c.left, c.top, c.right, c.bottom) for c in cells]
    left, top, right, bottom = np.array(edges, np.float64).reshape(-1, 4).T
    near = TOUCHING_MM * scale

    def touched(first: Edges, last: Edges, low: Edges, high: Edges) -> NDArray[np.bool_]:
        same = np.maximum(np.abs(low[:, None] - low), np.abs(high[:, None] - high)) < near
        return np.asarray((same & (np.abs(last[:, None] - first) < near)).any(axis=1))

    beside = touched(left, right, top, bottom) | touched(right, left, top, bottom)
    return beside & (touched(top, bottom, left, right) | touched(bottom, top, left, right))


def by_themselves(
    cells: Sequence[Cell], filled: NDArray[np.bool_], scale: float
) -> NDArray[np.bool_]:
    """Tell which cells of a table have no `filled` one (N,) beside them: bool (N,).

    Of two that are filled each may hold a digit of one number: of 15 in two cells of a tally form
    the 5 was accepted.
    """
    edges = [(c.left, c.top, c.right, c.bottom) for c in cells]
    left, top, right, bottom = np.array(edges, np.float64).reshape(-1, 4).T
    middle, near = (top + bottom) / 2, TOUCHING_MM * scale
    level = (top < middle[:, None]) & (middle[:, None] < bottom)
    gap = np.maximum(left - right[:, None], left[:, None] - right)
    beside = level & (np.abs(gap) < near) & filled
    return in_grid(cells, scale) & ~beside.any(axis=1)


def _stacks(rows: Sequence[Row], scale: float) -> list[list[Row]]:
    """Share rows out into stacks, each row in the stack that it touches."""
    stacks: list[list[Row]] = []
    for row in sorted(rows, key=lambda row: row.frame.top):
        touched = [stack for stack in stacks if any(_on(upper, row, scale) for upper in stack)]
        stacks = [stack for stack in stacks if stack not in touched]
        stacks.append([*(upper for stack in touched for upper in stack), row])
    return stacks


def _as_seen(stack: Sequence[Row], seen: Sequence[Cell], scale: float) -> list[Cell]:
    """Return the cells of a table; a wall that few of its rows show is none.

    A column twice as wide as the others, for their totals, was taken for two.
    """
    edges = np.array([(c.left, c.top, c.right, c.bottom) for c in seen], np.float64).reshape(-1, 4)
    pairs = [pair for row in stack for pair in itertools.pairwise(row.cells)]
    walls = np.array([(a.right + b.left) / 2 for a, b in pairs])
    lacking = np.array([_share_one(a, b, edges) for a, b in pairs])
    cells: list[Cell] = []
    for row in stack:
        cells.append(row.cells[0])
        for a, b in itertools.pairwise(row.cells):
            column = np.abs(walls - (a.right + b.left) / 2) < SAME_WALL_MM * scale
            if lacking[column].mean() > LACKING:
                cells[-1] = replace(cells[-1], right=b.right)
            else:
                cells.append(b)
    return cells


def _share_one(a: Cell, b: Cell, edges: Edges) -> bool:
    """Tell whether the middles of two cells lie in one of those with `edges` (N, 4)."""
    left, top, right, bottom = edges.T
    first, last = (a.left + a.right) / 2, (b.left + b.right) / 2
    level = (top < a.middle) & (a.middle < bottom)
    return bool((level & (left < first) & (last < right)).any())


def _on(upper: Row, lower: Row, scale: float) -> bool:
    """Tell whether two rows share a rule and most walls."""
    if abs(lower.frame.top - upper.frame.bottom) > TOUCHING_MM * scale:
        return False
    above, below = (
        np.array([row.frame.left, *(c.right for c in row.cells)]) for row in (upper, lower)
    )
    fewer, more = sorted((above, below), key=len)
    near = np.abs(fewer[:, None] - more[None, :]).min(axis=1) < SAME_WALL_MM * scale
    return float(near.mean()) >= SAME_WALLS


def _wide(cells: Sequence[Cell]) -> bool:
    """Tell whether cells are usually wider than boxes for one digit."""
    return float(np.median([cell.width / cell.height for cell in cells])) > WIDE


def _hold_several(cells: Sequence[Cell], ink: Mask) -> bool:
    """Tell whether more than a few of the filled cells hold characters side by side."""
    counts = [_characters(cell, ink) for cell in cells]
    filled = sum(count > 0 for count in counts)
    return filled > 0 and sum(count > 1 for count in counts) >= SEVERAL * filled


def _characters(cell: Cell, ink: Mask) -> int:
    """Count the pieces of ink in a cell as tall as characters that stand beside one another."""
    part = ink[int(cell.top) + 1 : int(cell.bottom), int(cell.left) + 1 : int(cell.right)]
    if not part.size:
        return 0
    _, _, stats, _ = cv2.connectedComponentsWithStats(
        np.ascontiguousarray(part).view(np.uint8), connectivity=8
    )
    tall = stats[1:][stats[1:, cv2.CC_STAT_HEIGHT] >= CHARACTER * cell.height]
    count, end = 0, -1
    for left, _, width, _, _ in tall[tall[:, 0].argsort()].tolist():
        count += left > end
        end = max(end, left + width)
    return count
