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

from formreader.document import Grey, Mask
from formreader.locate_boxes import Cell, is_box
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
AS_HIGH = 0.05
"""Difference of the heights of two rows of one table, as a share."""
LACKING = 0.5
"""Share of a table's rows without a wall above which its columns have none there."""
SEVERAL = 0.25
"""Share of the filled cells that hold several characters from which they are no such boxes."""
HEAD, HEADED = 0.93, 0.7
"""Brightness of the cell of a heading at most, as a share of the cells under it, and share of a
table's columns that have one to themselves: a heading over boxes for digits is one for all."""
COUNTED, HEADS, RIM = 4, 5, 0.1
"""Rows and columns from which print at one place in the first box of all, or over all, is seen to
count them, and the space over the boxes, in their heights, in which their own rule lies."""
SAME_PLACE, SAME_SHAPE = 0.06, 0.75
"""How much that print differs in its edges, in heights of the boxes, and the correlation of two of
it from which it is the same character, as in boxes with a century printed in them."""
CHARACTER = 0.3
"""Height of a character at least, as a share of its cell's."""


def split(
    rows: Sequence[Row], seen: Sequence[Cell], ink: Mask, grey: Grey, scale: float
) -> tuple[list[Row], list[Cell]]:
    """Return the rows of boxes among `rows`, and the cells of the rows that are of tables.

    `seen` are the cells before walls were put in where one seemed to be missing, dark ones too,
    `ink` bool and `grey` uint8 (H, W) are the page, `scale` in pixels per millimetre.
    """
    kept: list[Row] = []
    cells: list[Cell] = []
    wide = [cell for cell in seen if not is_box(cell, scale)]
    for stack in _stacks(rows, scale):
        mine = [cell for row in stack for cell in row.cells]
        if len(stack) < LEAST_ROWS:
            of_table = _go_on(mine, wide, scale) or (
                _hold_several(mine, ink, 1.0) and bool(in_grid(mine, scale, seen).all())
            )
        else:
            of_table = (
                _wide(mine)
                or _hold_several(mine, ink)
                or _headed(stack, seen, grey, scale)
                or _counted(stack, ink)
            )
        if of_table:
            cells += _as_seen(stack, seen, scale)
        else:
            kept += stack
    return sorted(kept, key=rows.index), cells


def in_grid(cells: Sequence[Cell], scale: float, others: Sequence[Cell] = ()) -> NDArray[np.bool_]:
    """Tell which cells share walls with others beside and above or below them: bool (N,).

    The `others` are looked for there, too.

    Boxes to tick stand by themselves. Of 364 numbers of a drawn register, in cells of 7 mm, 335
    had no row, and by its draft all were ticks.
    """
    left, top, right, bottom = _edges([*cells, *others])
    near = TOUCHING_MM * scale
    above = _touch(bottom, top, left, right, near)
    beside = _touch(right, left, top, bottom, near)
    return (_any_way(beside) & _any_way(above))[: len(cells)]


def _go_on(cells: Sequence[Cell], wide: Sequence[Cell], scale: float) -> bool:
    """Tell whether a cell goes on above or below in one as high that is too wide for a box.

    Of a column of one width half the cells were boxes, a pixel higher than the others: two
    columns were read as one number, and 84 accepted for an 8 and a 4.
    """
    left, top, right, bottom = _edges([*cells, *wide])
    on = _touch(bottom, top, left, right, TOUCHING_MM * scale)
    high = bottom - top
    alike = np.abs(high[:, None] - high) < AS_HIGH * high
    return bool(((on | on.T) & alike)[: len(cells), len(cells) :].any())


def in_columns(cells: Sequence[Cell], scale: float) -> list[Cell]:
    """Return the cells that stand in a column of three between the same two walls.

    In none of them a wall was overlooked. Where one was put into the wide column of a table of
    scores, single digits and totals of a row were read as one number.
    """
    left, top, right, bottom = _edges(cells)
    on = _touch(bottom, top, left, right, TOUCHING_MM * scale)
    middle = np.logical_and(on.any(axis=0), on.any(axis=1))
    sure = np.logical_or(middle, _any_way(on & (middle | middle[:, None])))
    return list(itertools.compress(cells, sure.tolist()))


def _edges(cells: Sequence[Cell]) -> Edges:
    """Return left, top, right and bottom of cells: (4, N)."""
    edges = [(c.left, c.top, c.right, c.bottom) for c in cells]
    return np.array(edges, np.float64).reshape(-1, 4).T


def _touch(last: Edges, first: Edges, low: Edges, high: Edges, near: float) -> NDArray[np.bool_]:
    """Tell which of N cells end where others begin, between the same two lines: bool (N, N)."""
    same = np.maximum(np.abs(low[:, None] - low), np.abs(high[:, None] - high)) < near
    return np.asarray(same & (np.abs(last[:, None] - first) < near))


def _any_way(pairs: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell which of N are in one of the `pairs` (N, N)."""
    return np.asarray(pairs.any(axis=0) | pairs.any(axis=1))


def by_themselves(
    cells: Sequence[Cell], filled: NDArray[np.bool_], scale: float
) -> NDArray[np.bool_]:
    """Tell which cells of a table have no `filled` one (N,) beside them: bool (N,).

    Of two that are filled each may hold a digit of one number: of 15 in two cells of a tally form
    the 5 was accepted.
    """
    left, top, right, bottom = _edges(cells)
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
    edges = _edges(seen)
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
    """Tell whether the middles of two cells lie in one of those with `edges` (4, N)."""
    left, top, right, bottom = edges
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


def _headed(stack: Sequence[Row], seen: Sequence[Cell], grey: Grey, scale: float) -> bool:
    """Tell whether most columns of a stack of rows have a tinted cell for their own heading."""
    mine = [cell for row in stack for cell in row.cells]
    usual = float(np.median([_brightness(cell, grey) for cell in mine]))
    heads = _edges([cell for cell in seen if _brightness(cell, grey) < HEAD * usual])
    left, top, right, _ = _edges([c for c in mine if _brightness(c, grey) >= HEAD * usual])
    near = TOUCHING_MM * scale
    walls = np.maximum(np.abs(left[:, None] - heads[0]), np.abs(right[:, None] - heads[2])) < near
    under = (walls & (np.abs(top[:, None] - heads[3]) < near)).any(axis=1)
    return int(under.sum()) >= HEADED * max(len(row.cells) for row in stack)


def _counted(stack: Sequence[Row], ink: Mask) -> bool:
    """Tell whether print counts the rows in their first box, or the columns over the first row.

    A row's number and three scores beside it were accepted as one number, 1985, and so were the
    ten cells of each row of a grid whose columns have numbers.
    """
    left = min(row.frame.left for row in stack)
    first = [row.cells[0] for row in stack if row.frame.left - left < 0.5 * row.cells[0].width]
    top = min(stack, key=lambda row: row.frame.top)
    heads = [replace(c, top=c.top - c.height, bottom=c.top - RIM * c.height) for c in top.cells]
    return _is_series(sorted(first, key=lambda cell: cell.top), COUNTED, ink) or _is_series(
        heads, HEADS, ink
    )


def _is_series(cells: Sequence[Cell], least: int, ink: Mask) -> bool:
    """Tell whether cells hold characters that stand as print does, `least` and never two alike."""
    pieces = [(cell, piece) for cell in cells if (piece := _tallest(cell, ink)) is not None]
    if len(pieces) < max(least, len(cells)):
        return False
    ends = [((top - c.top) / c.height, (end - c.top) / c.height) for c, (top, end, _) in pieces]
    if float(np.ptp(np.array(ends), axis=0).max()) > SAME_PLACE:
        return False
    shapes = [cv2.resize(part.astype(np.float32), (16, 16)).ravel() for _, (_, _, part) in pieces]
    alike = [float(np.corrcoef(a, b)[0, 1]) > SAME_SHAPE for a, b in itertools.pairwise(shapes)]
    return not any(alike)


def _tallest(cell: Cell, ink: Mask) -> tuple[int, int, Mask] | None:
    """Return first row, last row and shape of the tallest piece of ink in a cell."""
    y, x = int(cell.top) + 1, int(cell.left) + 1
    part = np.ascontiguousarray(ink[y : int(cell.bottom), x : int(cell.right)]).view(np.uint8)
    if not part.size:
        return None
    _, labels, stats, _ = cv2.connectedComponentsWithStats(part, connectivity=8)
    if len(stats) < 2 or stats[1:, cv2.CC_STAT_HEIGHT].max() < CHARACTER * cell.height:
        return None
    own = 1 + int(stats[1:, cv2.CC_STAT_HEIGHT].argmax())
    left, top, wide, high, _ = stats[own].tolist()
    return y + top, y + top + high, labels[top : top + high, left : left + wide] == own


def _brightness(cell: Cell, grey: Grey) -> float:
    """Return how bright the paper of a cell is, 0 to 255."""
    part = grey[int(cell.top) + 1 : int(cell.bottom), int(cell.left) + 1 : int(cell.right)]
    return float(np.median(part)) if part.size else 0.0


def _hold_several(cells: Sequence[Cell], ink: Mask, share: float = SEVERAL) -> bool:
    """Tell whether a `share` of the filled cells hold characters side by side."""
    counts = [_characters(cell, ink) for cell in cells]
    filled = sum(count > 0 for count in counts)
    return filled > 0 and sum(count > 1 for count in counts) >= share * filled


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
