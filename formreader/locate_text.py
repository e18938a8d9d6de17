"""Find numbers written in table cells, on lines and on plain paper (a part of stage 3)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from formreader import locate_doubts as doubts
from formreader import locate_print as prints
from formreader.document import Grey, Kind
from formreader.locate_boxes import Cell
from formreader.locate_doubts import ABOVE_RULE, UNDER_RULE, Written, inside
from formreader.locate_groups import LARGEST_MM, ON_LINE, Group, groups
from formreader.locate_lone import among_numbers
from formreader.locate_tables import by_themselves, in_grid
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
FEW_SOLID = 3
"""Characters of a number in a cell from which one may be that full all the same: the loops of a
digit run full in low scans, and one 8 so of 881814 left no row."""
UNLIKE_HEIGHTS = 0.27
"""Greatest spread of the heights of digits in one number, as a share of their mean; words
with heads and tails spread more."""
STRAY_NEAR = 0.12
"""Distance from the wall of its cell, in its own heights, below which a lone upright stroke is
taken for a piece of a rule. With 0.3 eight of 161 numbers in a table, all 1s, had no row."""
TICK_BOXES, TICK_BOX_MM = 4, 8.0
"""Lone square boxes of one size from which they are boxes to tick, and the greatest side of one in
millimetres."""
ALIKE, WIDE_SHARE, FEWEST_WIDE = 0.15, 0.1, 5
"""By how much the sides of cells of one size differ, as a share, and how many of those written in
hold several digits at least, as a share and by count (chosen), if they are no boxes of one each."""


Placed = tuple[Group, int, bool]
"""A group, the index of its cell (-1 for none), and whether it stands on a rule."""


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
    if (solid & (tall[:, 2] > 0.5 * tall[:, 3])).sum() > (boxed and len(tall) >= FEW_SOLID):
        return False
    usual = tall[:, 3][tall[:, 3] <= 1.5 * high]
    spread = float(np.std(usual) / np.mean(usual))
    return spread <= (1.6 if boxed else 1.0) * UNLIKE_HEIGHTS


def _cells_of(boxes: NDArray[np.int64], cells: list[Cell]) -> NDArray[np.int64]:
    """Return the index of the smallest cell in which each character's middle lies, -1 for none."""
    homes = np.full(len(boxes), -1)
    x, y = boxes[:, 0] + boxes[:, 2] / 2, boxes[:, 1] + boxes[:, 3] / 2
    for i in sorted(range(len(cells)), key=lambda i: -cells[i].width * cells[i].height):
        cell = cells[i]
        homes[(x > cell.left) & (x < cell.right) & (y > cell.top) & (y < cell.bottom)] = i
    return homes


def _home(group: Group, cells: list[Cell]) -> int:
    """Return the index of the smallest cell that holds the group, -1 for none."""
    best, area = -1, float("inf")
    for i, cell in enumerate(cells):
        if inside(group, cell):
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
    near &= spans[:, 3] > group.base - ABOVE_RULE * high
    near &= spans[:, 2] < group.base + UNDER_RULE * high
    for level in (levels[i] for i in np.flatnonzero(near)):
        x0, x1 = max(level.x0, group.left), min(level.x1, group.right)
        y = float(level.y[(x0 + x1) // 2 - level.x0])
        if -ABOVE_RULE * high < y - group.base < UNDER_RULE * high:
            return True
    return False


def _over_rules(boxes: NDArray[np.int64], levels: list[Level]) -> NDArray[np.bool_]:
    """Tell for each character whether a level rule runs under its middle."""
    over = np.zeros(len(boxes), bool)
    middle, base = boxes[:, 0] + boxes[:, 2] // 2, boxes[:, 1] + boxes[:, 3]
    for level in levels:
        near = np.flatnonzero((middle >= level.x0) & (middle < level.x1))
        below = level.y[middle[near] - level.x0] - base[near]
        high = boxes[near, 3]
        over[near] |= (below > -ABOVE_RULE * high) & (below < UNDER_RULE * high)
    return over


def _joined(found: list[Placed]) -> list[Placed]:
    """Join groups on one row of one cell or line: parts of one number."""
    done: list[Placed] = []
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
    dark: Grey,
    cells: list[Cell],
    levels: list[Level],
    scale: float,
    anywhere: bool,
) -> list[Written]:
    """Find the numbers written by hand among character boxes outside of box rows.

    `dark` uint8 (H, W) is the darkness of the ink. Only in `cells` where not `anywhere`, and
    nothing as level as print: a form's own cells are looked at whatever stands there. With
    `anywhere` what is taken for print comes last, with a doubt of `locate_doubts.PRINT`.
    """
    homes = _cells_of(boxes, cells)
    homes[(homes < 0) & _over_rules(boxes, levels)] = ON_LINE
    placed = _placed(boxes, homes, cells, levels)
    likely = [g for g, home, _ in placed if anywhere and _number_like(g, scale, home >= 0)]
    known = doubts.known_print(placed, likely, boxes, dark)
    kept: list[Placed] = []
    hidden: list[Placed] = []
    filled = np.isin(np.arange(len(cells)), homes)
    alone = by_themselves(cells, filled, scale)
    ticked = _tick_boxes(cells, in_grid(cells, scale), scale)
    for place in placed:
        group, home, ruled = place
        if not _may_be_number(place, cells, ticked, scale, anywhere):
            continue
        if id(group) not in known.printed and not prints.in_line(group, home, known.lines):
            kept.append(place)
        elif anywhere:
            hidden.append(place)
    written = []
    joined = _joined(kept)
    alone |= _of_numbers(joined, cells, known)

    def in_its_cell(place: Written, home: int) -> Written:
        if len(place.group.tall) > 1 or home < 0:
            return place
        return doubts.lone(place, cells[home], bool(alone[home]), known, scale)

    for group, home, ruled in joined:
        if not _number_like(group, scale, home >= 0):
            continue
        kind = _kind(home, ruled)
        found = doubts.judged(group, kind, known) if anywhere else doubts.known_place(group, kind)
        if anywhere:
            found = in_its_cell(found, home)
        if doubts.holds_tick(group, levels):
            found = found.doubted(doubts.LONE_BOX_DOUBT)
        if anywhere and ruled and doubts.on_two_lines(group, levels, scale):
            found = found.doubted(doubts.LONE_BOX_DOUBT)
        written.append(found)
    if anywhere:
        numbers, others = [place.group for place in written], [group for group, _, _ in hidden]
        among = among_numbers(_single(placed, cells, known, scale), numbers, others)
        hidden += [(group, -1, False) for group in among]
    return written + [
        in_its_cell(doubts.hidden(group, _kind(home, ruled)), home)
        for group, home, ruled in hidden
        if _number_like(group, scale, home >= 0)
    ]


def _placed(
    boxes: NDArray[np.int64], homes: NDArray[np.int64], cells: list[Cell], levels: list[Level]
) -> list[Placed]:
    """Group character boxes, each by its own cell or line, and say where the groups stand."""
    ends = [(v.x0, v.x1, v.y.min(), v.y.max()) for v in levels]
    spans = np.array(ends, np.float64).reshape(-1, 4)
    placed = []
    for group in groups(boxes, homes):
        home = _home(group, cells)
        placed.append((group, home, home < 0 and _on_rule(group, levels, spans)))
    return placed


def _single(
    placed: Sequence[Placed], cells: list[Cell], known: doubts.Print, scale: float
) -> list[Group]:
    """Return what may be digits by themselves on plain paper."""
    return [
        group
        for group, home, ruled in placed
        if home < 0 and not ruled and id(group) not in known.printed
        if len(group.tall) < 2 and not _stray(group.tall[0], cells, -1)
        if _number_like(group, scale) and not prints.in_line(group, -1, known.lines)
    ]


def _of_numbers(
    placed: Sequence[Placed], cells: list[Cell], known: doubts.Print
) -> NDArray[np.bool_]:
    """Tell which cells are for whole numbers, as others of their size hold several digits.

    A number's boxes hold one each: of a score sheet with a 10 here and there, 103 numbers of one
    digit went to a person. Printed headings say nothing of the cells under them, and a number with
    one digit to a cell stands in columns that hold no other.
    """
    filled = {home for _, home, _ in placed if home >= 0}
    several = {
        home
        for group, home, _ in placed
        if home >= 0
        and len(group.tall) > 1
        and doubts.judged(group, Kind.CELL, known).doubt < doubts.LONE_BOX_DOUBT
    }
    sizes = np.array([(cell.width, cell.height) for cell in cells], np.float64).reshape(-1, 2)
    found = np.zeros(len(cells), bool)
    for home in filled - several:
        alike = (np.abs(sizes - sizes[home]) < ALIKE * sizes[home]).all(axis=1)
        same = set(np.flatnonzero(alike).tolist()) & filled
        column = any(
            abs(cells[at].left - cells[home].left) < ALIKE * sizes[home, 0] for at in same & several
        )
        found[home] = column and len(same & several) >= max(FEWEST_WIDE, WIDE_SHARE * len(same))
    return found


def _kind(home: int, ruled: bool) -> Kind:
    """Say where a group stands; `home` is the index of its cell."""
    return Kind.CELL if home >= 0 else Kind.LINE if ruled else Kind.FREE


def _may_be_number(
    place: Placed, cells: list[Cell], ticked: set[int], scale: float, anywhere: bool
) -> bool:
    """Tell whether a group may be a number or a part of one, by its size and where it stands.

    `ticked` are the indices of the cells that are boxes to tick.
    """
    group, home, ruled = place
    if not 0.4 * SMALLEST_MM * scale <= group.height <= LARGEST_MM * scale:
        return False
    if home < 0 and not anywhere:
        return False
    if home < 0 and not ruled and not _number_like(group, scale):
        return False
    tall = group.tall
    if len(tall) < 2 and ((home < 0 and not ruled) or _stray(tall[0], cells, home)):
        return False
    return home not in ticked


def _tick_boxes(cells: list[Cell], tabled: NDArray[np.bool_], scale: float) -> set[int]:
    """Return the indices of the cells that are boxes to tick: small squares of one size.

    Those of a table, `tabled` (N,), are none.
    """
    return {
        i
        for i, cell in enumerate(cells)
        if not tabled[i]
        and max(cell.width, cell.height) <= TICK_BOX_MM * scale
        and 0.7 < cell.width / cell.height < 1.4
        and sum(_is_alike(cell, other) for other in cells) >= TICK_BOXES
    }


def _is_alike(cell: Cell, other: Cell) -> bool:
    """Tell whether two cells are of one size."""
    wide, high = abs(other.width - cell.width), abs(other.height - cell.height)
    return wide < ALIKE * cell.width and high < ALIKE * cell.height


def _stray(box: NDArray[np.int64], cells: list[Cell], home: int) -> bool:
    """Tell whether a lone thin stroke is a piece of a rule rather than a written 1."""
    x, _, w, h, _ = box
    if w > 0.35 * h:
        return False
    if home < 0:
        return True
    cell = cells[home]
    return bool(min(x - cell.left, cell.right - x - w) < STRAY_NEAR * h or h > 0.85 * cell.height)
