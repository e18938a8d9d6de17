"""Find numbers written in table cells, on lines and on plain paper (a part of stage 3)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from formreader.document import Kind
from formreader.locate_boxes import Cell, is_box
from formreader.locate_groups import LARGEST_MM, LEVEL_SLACK, Group, groups
from formreader.rules import Level

SMALLEST_MM = 1.2
"""Least height of a written digit in millimetres, as small as the print of labels."""
FIELD_GAP = 2.2
"""Gap that joins two groups in one cell or on one line, as a share of their height."""
WIDEST_CHARACTER = 1.75
"""Greatest width of one digit as a share of the row's height; joined writing is wider."""
STACKED = 1.2
"""Sum of the widths of a number's digits at most, as a share of its length: they do not lie
over one another, as the parts of a picture or a square code do."""
SOLID = 0.72
"""Share of its box that a wide stroke figure may fill; more is a printed mark."""
UNLIKE_HEIGHTS = 0.27
"""Greatest spread of the heights of digits in one number, as a share of their mean; words
with heads and tails spread more."""


PRINTED = 0.7
"""Likeness to print from which a group is left out."""
TALLER = 1.5
"""Height, as a share of the page's usual print, from which a group in a cell goes to a person
instead: six neatly written numbers of a table had no row at all."""
USUAL_HEIGHT = 0.12
"""Share of the page's print that has a height for it to be one of the heights of its fonts."""
RULED_DOUBT = 0.16
"""Doubt of a number in a cell or on a line before its likeness to print is added."""
LEAST_CHARACTERS = {Kind.CELL: 1, Kind.LINE: 2, Kind.FREE: 3}
"""Characters from which a number may be sure of itself; fewer may be a piece of print."""
FREE_DOUBT = 0.3
"""The same for a number on plain paper, where labels and headings stand too."""


LONE_BOX_DOUBT = 0.55
"""Least doubt of one character in one box by itself, as likely a tick as a digit, and of
what stands in brackets or is too short."""
PRINT_SIZED = 1.15
"""Height of a lone figure, as a share of the page's tall print, up to which a person looks:
numbers of columns and items were accepted as values on photos of filled forms."""
TICK_BOXES = 4
"""Lone square boxes of one size from which they are boxes to tick."""


@dataclass(frozen=True, slots=True)
class Written:
    """A place where a number seems to be written: its group, the layout and the doubt."""

    group: Group
    kind: Kind
    doubt: float


def _number_like(group: Group, scale: float, boxed: bool = False) -> bool:
    """Tell whether a group may be a number; more is forgiven where a cell is drawn for it."""
    tall = group.tall
    high = group.height
    if not SMALLEST_MM * scale <= high <= LARGEST_MM * scale or len(tall) > 16:
        return False
    if len(group.boxes) > 2 * len(tall) + 8 or (len(tall) == 1 and tall[0, 2] > 1.5 * high):
        return False
    if tall[:, 2].max() > 2.2 * WIDEST_CHARACTER * high:
        return False
    if np.mean(tall[:, 2] <= WIDEST_CHARACTER * high) < 0.6:
        return False
    if group.bottom - group.top > 3.0 * high:
        return False
    if tall[:, 2].sum() > (1.3 if boxed else 1.0) * STACKED * (group.right - group.left):
        return False
    solid = tall[:, 4] > SOLID * tall[:, 2] * tall[:, 3]
    if np.any(solid & (tall[:, 2] > 0.5 * tall[:, 3])):
        return False
    usual = tall[:, 3][tall[:, 3] <= 1.5 * high]
    spread = float(np.std(usual) / np.mean(usual))
    return spread <= (1.6 if boxed else 1.0) * UNLIKE_HEIGHTS


def print_heights(found: list[Group]) -> NDArray[np.float64]:
    """Return the heights of characters in groups that are surely printed."""
    sure = [g.tall[:, 3] for g in found if len(g.tall) >= 4 and g.printed >= 0.75]
    return np.concatenate(sure).astype(np.float64) if sure else np.zeros(0)


def _as_print(group: Group, heights: NDArray[np.float64]) -> float:
    """Return the share of a group's characters that are just as tall as much of the print."""
    if heights.size < 20:
        return 0.5
    own = group.tall[:, 3].astype(np.float64)
    near = (
        np.abs(own[:, None] - heights[None, :]) <= np.maximum(0.5, 0.5 * LEVEL_SLACK * own)[:, None]
    )
    return float(np.mean(near.mean(axis=1) > USUAL_HEIGHT))


def _in_line(group: Group, others: NDArray[np.float64]) -> bool:
    """Tell whether print stands on the same row right beside the group."""
    if not len(others):
        return False
    high = group.height
    base = group.base
    gap = np.maximum(others[:, 0] - group.right, group.left - others[:, 1])
    return bool(
        (
            (np.abs(others[:, 2] - base) <= 0.08 * high + 1)
            & (gap < 1.6 * high)
            & (np.abs(others[:, 3] - high) < 0.2 * high)
        ).any()
    )


def _inside(group: Group, cell: Cell) -> bool:
    """Tell whether a group's middle lies in a cell."""
    x, y = (group.left + group.right) / 2, (group.top + group.bottom) / 2
    return cell.left < x < cell.right and cell.top < y < cell.bottom


def _home(group: Group, cells: list[Cell]) -> int:
    """Return the index of the smallest cell that holds the group, -1 for none."""
    best, area = -1, float("inf")
    for i, cell in enumerate(cells):
        if _inside(group, cell):
            size = cell.width * cell.height
            if size < area and cell.height < 8 * group.height:
                best, area = i, size
    return best


def _on_rule(group: Group, levels: list[Level], spans: NDArray[np.float64]) -> bool:
    """Tell whether a level rule runs under a group.

    `spans` (N, 4) are first and last column and least and greatest row of the rules.
    """
    high, wide = group.height, group.right - group.left
    shared = np.minimum(spans[:, 1], group.right) - np.maximum(spans[:, 0], group.left)
    near = (shared >= 0.7 * wide) & (spans[:, 1] - spans[:, 0] >= 2.0 * high)
    near &= (spans[:, 3] > group.base - 0.35 * high) & (spans[:, 2] < group.base + 0.7 * high)
    for level in (levels[i] for i in np.flatnonzero(near)):
        x0, x1 = max(level.x0, group.left), min(level.x1, group.right)
        y = float(level.y[(x0 + x1) // 2 - level.x0])
        if -0.35 * high < y - group.base < 0.7 * high:
            return True
    return False


def _joined(found: list[tuple[Group, int, bool]]) -> list[tuple[Group, int, bool]]:
    """Join groups on one row of one cell or line: parts of one number."""
    done: list[tuple[Group, int, bool]] = []
    for group, home, ruled in sorted(found, key=lambda f: f[0].left):
        for i, (other, other_home, other_ruled) in enumerate(done):
            high, low = max(group.height, other.height), min(group.height, other.height)
            shared = min(group.bottom, other.bottom) - max(group.top, other.top)
            same = home == other_home and (home >= 0 or (ruled and other_ruled))
            if same and group.left - other.right < FIELD_GAP * high and shared > 0.4 * low:
                done[i] = (Group(np.vstack([other.boxes, group.boxes])), home, ruled)
                break
        else:
            done.append((group, home, ruled))
    return done


def find_written(
    boxes: NDArray[np.int64],
    cells: list[Cell],
    levels: list[Level],
    scale: float,
    anywhere: bool = True,
) -> list[Written]:
    """Find the numbers written by hand among character boxes outside of box rows.

    Only in `cells`, where `anywhere` is false.
    """
    found = groups(boxes)
    heights = print_heights(found)
    neat = {id(g) for g in found if _neat(g, heights) and _home(g, cells) >= 0}
    sure = [g for g in found if len(g.tall) >= 3 and g.printed >= 0.75 and id(g) not in neat]
    lines = np.array([(g.left, g.right, g.base, g.height) for g in sure]).reshape(-1, 4)
    ends = [(v.x0, v.x1, v.y.min(), v.y.max()) for v in levels]
    spans = np.array(ends, np.float64).reshape(-1, 4)
    kept: list[tuple[Group, int, bool]] = []
    for group in found:
        if not 0.4 * SMALLEST_MM * scale <= group.height <= LARGEST_MM * scale:
            continue
        home = _home(group, cells)
        if (home < 0 and not anywhere) or _in_line(group, lines):
            continue
        if group.printed >= PRINTED and len(group.tall) > 1 and id(group) not in neat:
            continue
        ruled = home < 0 and _on_rule(group, levels, spans)
        if home < 0 and not ruled and not _number_like(group, scale):
            continue
        tall = group.tall
        if len(tall) < 2 and ((home < 0 and not ruled) or _stray(tall[0], cells, home)):
            continue
        if home >= 0 and _checkbox(cells[home], cells, scale):
            continue
        kept.append((group, home, ruled))
    written = []
    for group, home, ruled in _joined(kept):
        if not _number_like(group, scale, home >= 0):
            continue
        kind = Kind.CELL if home >= 0 else Kind.LINE if ruled else Kind.FREE
        base = FREE_DOUBT if kind is Kind.FREE else RULED_DOUBT
        doubt = base + 0.45 * group.printed + 0.15 * _as_print(group, heights)
        short = len(group.tall) < LEAST_CHARACTERS[kind] or _as_small_as_print(group, heights)
        if short or _bracketed(group) or _ordinal(group) or group.printed >= PRINTED:
            doubt = max(doubt, LONE_BOX_DOUBT)
        if len(group.tall) < 2 and home >= 0 and _box_or_label(cells[home], sure, scale):
            doubt = max(doubt, LONE_BOX_DOUBT)
        written.append(Written(group, kind, min(1.0, doubt)))
    return written


def _neat(group: Group, heights: NDArray[np.float64]) -> bool:
    """Tell whether a group that looks printed is much taller than the page's usual print."""
    if group.printed < PRINTED or len(group.tall) < 2 or heights.size < 20:
        return False
    return bool(group.height >= TALLER * np.median(heights))


def _box_or_label(cell: Cell, printed: list[Group], scale: float) -> bool:
    """Tell whether a lone figure's cell is a single box or holds print, as a heading does."""
    return is_box(cell, scale) or any(_inside(group, cell) for group in printed)


def _ordinal(group: Group) -> bool:
    """Tell whether a dot follows one or two figures, as in the number of a printed item."""
    if len(group.tall) > 2:
        return False
    last = group.tall[-1]
    size = group.boxes[:, 2:4].max(axis=1)
    dots = group.boxes[(size < 0.35 * group.height) & (group.boxes[:, 0] >= last[0] + last[2])]
    return bool((dots[:, 1] > group.base - 0.4 * group.height).any())


def _as_small_as_print(group: Group, heights: NDArray[np.float64]) -> bool:
    """Tell whether one figure by itself is no taller than the page's print, as labels are."""
    if len(group.tall) > 1 or heights.size < 20:
        return False
    return group.height <= PRINT_SIZED * float(np.percentile(heights, 90))


def _bracketed(group: Group) -> bool:
    """Tell whether a group stands in brackets, as the letters and numbers of labels do."""
    tall = group.tall
    if len(tall) < 3:
        return False
    first, middle, last = tall[0], tall[1:-1], tall[-1]
    high = group.height
    return all(
        end[2] < 0.45 * end[3]
        and end[1] <= middle[:, 1].min() + 0.04 * high
        and end[1] + end[3] > (middle[:, 1] + middle[:, 3]).max() + 0.06 * high
        for end in (first, last)
    )


def _checkbox(cell: Cell, cells: list[Cell], scale: float) -> bool:
    """Tell whether a cell is one of several small square boxes of one size: boxes to tick."""
    if max(cell.width, cell.height) > 8 * scale or not 0.7 < cell.width / cell.height < 1.4:
        return False
    alike = [
        c
        for c in cells
        if abs(c.width - cell.width) < 0.15 * cell.width
        and abs(c.height - cell.height) < 0.15 * cell.height
    ]
    return len(alike) >= TICK_BOXES


def _stray(box: NDArray[np.int64], cells: list[Cell], home: int) -> bool:
    """Tell whether a lone thin stroke is a piece of a rule rather than a written 1."""
    x, _, w, h, _ = box
    if w > 0.35 * h:
        return False
    if home < 0:
        return True
    cell = cells[home]
    return bool(min(x - cell.left, cell.right - x - w) < 0.3 * h or h > 0.85 * cell.height)
