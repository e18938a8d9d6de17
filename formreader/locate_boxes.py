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
from formreader.rules import Level, Rules
from formreader.rules_dotted import between_walls, is_dotted

LOWEST_MM = 2.7
"""Least height of a cell in millimetres; boxes of 3.5 mm leave about 3 inside."""
HIGHEST_MM = 45.0
"""Greatest height of a cell in millimetres; above it is a frame, not a place for a number."""
NARROWEST_MM = 1.9
"""Least width of a cell in millimetres."""
LEVEL_SHARE = 0.62
"""Share of a cell's width that its level rules must cover (broken lines)."""
DOTTED_SHARE = 0.85
"""The same of rules of dots: those of a table go from wall to wall; lines to sign on do not."""
WALL_SHARE = 0.7
"""Share of a cell's height that each of its uprights must cover (round corners)."""
END_SHARE = 0.3
"""Share of the last sixth of a wall that must be seen where its level rule goes on past it."""
PAPER_SHARE, LEAST_PAPER, LEAST_GAP = 0.4, 0.24, 3
"""Darkness of paper as a share of an upright's, and the share and the run of its samples that are
paper where a digit's stroke stands under a letter of the label in its cell: they have 0.25 to 0.42
and 3 to 10, walls of scans, photos and black-and-white forms 0.21 at most. A digit taken for the
wall of its cell was lost: 1078 was accepted as 078, 22421 as 2242."""
LOOSE, BEYOND = 0.15, (0.15, 0.4)
"""Share of the height at both ends of an upright in which paper parts it from its rule where it is
a stroke, and where it goes on beyond the rule, as walls of tables do, some of which end before
their rules: of a 17 as high as its box the 1 was taken for a wall, and 7 accepted."""
FEW = 5
"""Uprights in a band up to which one may be a 1 in a box; in rows of boxes `uncut` mends that, and
the last wall of one that ended before its rule gave way to the frame beside it."""
SHORT_MM, UNEVEN_MM = 16.0, 0.09
"""Length of a level rule in millimetres up to which it may be strokes of writing beside a longer
one, and how far their distance strays on average then: the bars of two 7s over a line made a box
with their stems, and 77047881 was accepted as 047881. Between printed ones of 16 forms it strays
by 0.08 at most, on photos, between a line and bars or letters by 0.09 to 0.23."""
BARE_SHARE = 0.3
"""Share of two level rules that no other may come between for them to be tried as one band."""
SAME_MM = 0.5
"""Distance in millimetres up to which a rule of dots and the one above it, such as the edge of the
tint of a row, are one: the edge may end before the last wall, which the dots meet."""
SAMPLES = 24
"""Rows looked at between two level rules."""
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


@dataclass(frozen=True, slots=True)
class _Wall:
    """An upright between two level rules: its first and last column."""

    left: float
    right: float


class _Band:
    """The space between two level rules where they overlap."""

    def __init__(self, rules: Rules, top: Level, bottom: Level) -> None:
        self.x0 = max(top.x0, bottom.x0)
        x1 = min(top.x1, bottom.x1)
        self.top = top.y[self.x0 - top.x0 : x1 - top.x0]
        self.bottom = bottom.y[self.x0 - bottom.x0 : x1 - bottom.x0]
        self.top_seen = top.seen[self.x0 - top.x0 : x1 - top.x0]
        self.bottom_seen = bottom.seen[self.x0 - bottom.x0 : x1 - bottom.x0]
        self.thick = (top.thick, bottom.thick)
        self.lengths = (len(top.y), len(bottom.y))
        share = (np.arange(SAMPLES) + 0.5)[:, None] / SAMPLES
        rows = self.top * (1 - share) + self.bottom * share
        self.rows = np.clip(np.rint(rows), 0, rules.up.shape[0] - 1).astype(np.int64)
        self.cols = np.arange(self.x0, x1)
        self.rules = rules

    def walls(self) -> list[_Wall]:
        """Return the uprights that reach from rule to rule, from left to right."""
        up = self.rules.up[self.rows, self.cols]
        end = SAMPLES // 6
        solid = up.mean(axis=0) >= WALL_SHARE
        solid &= up[:end].mean(axis=0) >= END_SHARE
        solid &= up[-end:].mean(axis=0) >= END_SHARE
        edges = np.flatnonzero(np.diff(np.concatenate([[0], solid.view(np.int8), [0]])))
        walls = [_Wall(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True)]
        whole = [wall for wall in walls if not self._stacked(wall)]
        if len(whole) > FEW:
            return whole
        met = [wall for wall in whole if self._meets(wall)]
        return met if 2 * (len(whole) - len(met)) <= len(met) else whole

    def _meets(self, wall: _Wall) -> bool:
        """Tell whether an upright reaches both rules without a gap, or goes on beyond one."""
        part = slice(int(wall.left), int(wall.right))
        dark, cols = self.rules.dark, self.cols[part]
        paper = PAPER_SHARE * np.median(dark[self.rows[:, part], cols].max(axis=1))
        top, bottom = float(self.top[part].mean()), float(self.bottom[part].mean())

        def inked(rule: float, thick: float, way: int, span: tuple[float, float]) -> float:
            near, far = (1 + share * max(bottom - top, 2 / LOOSE) for share in span)
            rows = np.rint(rule + way * (thick / 2 + np.arange(near, far))).astype(np.int64)
            rows = np.clip(rows, 0, len(dark) - 1)
            return float((dark[rows[:, None], cols].max(axis=1) >= paper).mean())

        rules = ((top, self.thick[0], 1), (bottom, self.thick[1], -1))
        if all(inked(y, thick, way, (0, LOOSE)) == 1 for y, thick, way in rules):
            return True
        return any(inked(y, thick, -way, BEYOND) >= WALL_SHARE for y, thick, way in rules)

    def _stacked(self, wall: _Wall) -> bool:
        """Tell whether an upright is a stroke under a letter, with paper between them."""
        part = slice(max(0, int(wall.left) - 2), int(wall.right) + 2)
        dark = self.rules.dark[self.rows[:, part], self.cols[part]].max(axis=1)
        paper = dark < PAPER_SHARE * np.median(dark)
        if paper.mean() < LEAST_PAPER:
            return False
        runs = np.flatnonzero(np.diff(np.concatenate([[0], paper.view(np.int8), [0]])))
        return bool((runs[1::2] - runs[::2]).max() >= LEAST_GAP)

    def _cut(self, part: slice) -> bool:
        """Tell whether a level rule runs between the two, right across columns `part`."""
        high = int((self.bottom[part] - self.top[part]).mean())
        above, below = (0.06 * high + thick / 2 + 2 for thick in self.thick)
        down = np.arange(above, high - below)[:, None]
        rows = np.rint(self.top[part] + down).astype(np.int64)
        rows = np.clip(rows, 0, self.rules.across.shape[0] - 1)
        return bool(self.rules.across[rows, self.cols[part]].mean(axis=1).max(initial=0) > 0.9)

    def _strokes(self, scale: float) -> bool:
        """Tell whether one of two level rules is strokes of writing over or under a longer one."""
        if not min(self.lengths) < SHORT_MM * scale <= max(self.lengths):
            return False
        high = self.bottom - self.top
        return float(np.abs(high - np.median(high)).mean()) > UNEVEN_MM * scale

    def cell(self, a: _Wall, b: _Wall, scale: float, least: tuple[float, float]) -> Cell | None:
        """Return the cell between two walls, if both level rules are there and nothing cuts it.

        `least` are the shares of its width that its upper and its lower rule must cover.
        """
        left, right = int(a.right), int(b.left)
        if right - left < NARROWEST_MM * scale:
            return None
        part = slice(left, right)
        seen = self.top_seen[part].mean(), self.bottom_seen[part].mean()
        if seen[0] < least[0] or seen[1] < least[1]:
            return None
        if self._cut(part) or self._strokes(scale):
            return None
        pad = 1.0
        top = float(self.top[part].mean()) + self.thick[0] / 2 + pad
        bottom = float(self.bottom[part].mean()) - self.thick[1] / 2 - pad
        return Cell(self.x0 + left, top, self.x0 + right, bottom)


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
            band = _Band(rules, top, levels[j])
            high = float((band.bottom - band.top).mean())
            if not LOWEST_MM * scale <= high <= HIGHEST_MM * scale:
                continue
            walls = band.walls()
            for a, b in itertools.pairwise(walls):
                cell = band.cell(a, b, scale, (least[i], least[j]))
                if cell is not None:
                    cells.append(cell)
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
