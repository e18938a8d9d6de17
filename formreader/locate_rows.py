"""Group boxes into rows, mend the rows, and find combs and open frames (a part of stage 3)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from formreader.document import Grey, Kind
from formreader.locate_boxes import LOWEST_MM, NARROWEST_MM, Cell
from formreader.rules import FAINTEST, Level, Rules

LARGEST_BOX_MM = 17.0
"""Greatest side of a box for one character, in millimetres."""
WIDEST_SHAPE = 1.75
"""Greatest width of such a box, as a share of its height; wider ones are table cells."""
JOINED_GAP = 0.85
"""Gap that still joins two boxes into one number, as a share of a box's width: room for a dash."""
ALIKE = 0.25
"""How much heights, widths and rows of neighbouring boxes may differ, as a share of a box."""
PITCH_SLACK = 0.14
"""How far a tick may lie from its place in a comb, as a share of the pitch."""
RULED = 0.7
"""Share of a place in a row that its level rules must cover to be taken for a box."""
MOST_MISSING = 8
"""Boxes in a row that may be missing between two that were seen."""
LEAST_TICKS = 3
"""Ticks at equal distances that make a comb; two strokes on a line happen by chance."""
WIDEST_PITCH_MM = 12.5
"""Greatest distance of a comb's ticks, in millimetres."""
TABLE_GAP_MM = 0.95
"""Distance of two rows of boxes, in millimetres, up to which they share one rule."""
SEPARATE_MM = 2.4
"""Gap between two boxes, in millimetres, from which a rule of the table may stand in it."""
TICK_MM = 0.9
"""Shortest tick of a comb in millimetres."""
EVENEST = 0.45
"""Greatest swing of darkness along a comb's level rule; letters in a row have 0.6."""
END_GAP = 0.4
"""How far a comb's level rule may go on past its outer ticks, as a share of the pitch."""


@dataclass(frozen=True)
class Row:
    """Boxes side by side that hold one number, from left to right."""

    kind: Kind
    cells: tuple[Cell, ...]

    @cached_property
    def frame(self) -> Cell:
        """Return the space that all boxes take together."""
        return Cell(
            self.cells[0].left,
            min(c.top for c in self.cells),
            self.cells[-1].right,
            max(c.bottom for c in self.cells),
        )


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


def on_paper(row: Row, dark: Grey, level: float) -> bool:
    """Tell whether most boxes of a row are mostly paper."""
    return 2 * len(paper_cells(list(row.cells), dark, level)) > len(row.cells)


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


def _separated(rules: Rules, a: Cell, b: Cell, scale: float) -> bool:
    """Tell whether a rule of the table around them runs between two boxes."""
    gap = b.left - a.right
    if gap < max(0.3 * a.width, SEPARATE_MM * scale):
        return False
    rows = np.arange(a.top - 0.45 * a.height, a.bottom + 0.45 * a.height)
    rows = np.clip(rows, 0, rules.up.shape[0] - 1).astype(np.int64)
    own = 0.3 * SEPARATE_MM * scale
    x0, x1 = int(a.right + own), int(b.left - own) + 1
    part = rules.up[rows[0] : rows[-1] + 1, x0:x1]
    return bool(part.mean(axis=0).max(initial=0) > 0.8)


def _neighbours(a: Cell, b: Cell) -> bool:
    high, wide = min(a.height, b.height), min(a.width, b.width)
    return (
        abs(a.middle - b.middle) < ALIKE * high
        and abs(a.height - b.height) < ALIKE * high
        and abs(a.width - b.width) < ALIKE * max(a.width, b.width)
        and -0.2 * wide < b.left - a.right < JOINED_GAP * max(a.width, b.width)
    )


def chains(cells: list[Cell], rules: Rules, scale: float) -> list[list[Cell]]:
    """Link boxes that stand side by side."""
    boxes = sorted((c for c in cells if is_box(c, scale)), key=lambda c: c.left)
    tails: list[list[Cell]] = []
    for box in boxes:
        reach = box.left - 1.9 * LARGEST_BOX_MM * scale
        near = [t for t in tails if t[-1].right > reach and abs(t[-1].middle - box.middle) < 20 * scale]
        fits = [t for t in near if _neighbours(t[-1], box) and not _separated(rules, t[-1], box, scale)]
        if fits:
            min(fits, key=lambda t: abs(t[-1].middle - box.middle)).append(box)
        else:
            tails.append([box])
    return _bridged(tails, rules, scale)


def ruled(rules: Rules, left: float, right: float, like: Cell, share: float) -> bool:
    """Tell whether the level rules of box `like` are also there from left to right."""
    x0, x1 = int(max(0, left)), int(min(rules.across.shape[1], right))
    if x1 - x0 < 3:
        return False
    for y in (like.top, like.bottom):
        band = rules.across[max(0, int(y) - 5) : int(y) + 6, x0:x1]
        if band.size == 0 or band.max(axis=0).mean() < share:
            return False
    return True


def wall_near(rules: Rules, x: float, reach: float, like: Cell) -> bool:
    """Tell whether an upright is seen beside a box like `like` within `reach` of column `x`."""
    part = rules.up[int(like.top) : int(like.bottom), max(0, int(x - reach)) : int(x + reach) + 1]
    return bool(part.size and part.mean(axis=0).max() > 0.45)


def cut_by_wall(rules: Rules, left: float, wide: float, like: Cell) -> bool:
    """Tell whether an upright as tall as box `like` stands in the middle of a place for one."""
    x0, x1 = int(max(0, left + 0.25 * wide)), int(left + 0.75 * wide)
    part = rules.up[int(like.top) : int(like.bottom), x0:x1]
    return bool(part.size and part.mean(axis=0).max() > 0.95)


def _bridged(tails: list[list[Cell]], rules: Rules, scale: float) -> list[list[Cell]]:
    """Join chains of one row between which only boxes that were not seen are missing."""
    tails = sorted(tails, key=lambda t: t[0].left)
    merged = True
    while merged:
        merged = False
        for i, a in enumerate(tails):
            for b in tails[i + 1 :]:
                if abs(a[-1].middle - b[0].middle) < a[-1].height and _bridge(a, b, rules, scale):
                    a += b
                    tails.remove(b)
                    merged = True
                    break
    return tails


def _bridge(a: list[Cell], b: list[Cell], rules: Rules, scale: float) -> bool:
    last, first = a[-1], b[0]
    high, wide = min(last.height, first.height), min(last.width, first.width)
    if abs(last.middle - first.middle) > ALIKE * high or abs(last.height - first.height) > ALIKE * high:
        return False
    steps = [q.left - p.left for chain in (a, b) for p, q in zip(chain, chain[1:], strict=False)]
    pitch = min(steps) if steps else 1.12 * wide
    missing = round((first.left - last.left) / pitch) - 1
    if not 1 <= missing <= MOST_MISSING:
        return False
    step = (first.left - last.left) / (missing + 1)
    if abs(step - pitch) > PITCH_SLACK * pitch:
        return False
    if pitch > 1.15 * wide and _separated(rules, last, first, scale):
        return False
    places = [last.left + k * step for k in range(1, missing + 1)]
    if any(cut_by_wall(rules, x, wide, last) for x in places):
        return False
    if missing > 1:
        walls = [wall_near(rules, x - (step - wide) / 2, 0.12 * step, last) for x in places[1:]]
        if np.mean(walls) < 0.5:
            return False
    return all(ruled(rules, x + 0.1 * wide, x + 0.9 * wide, last, RULED) for x in places)


def _usual(values: list[float]) -> float:
    return float(np.median(values))


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


class _Mender:
    """Completes one chain of boxes: fills holes and lengthens it along its level rules."""

    def __init__(self, chain: list[Cell], rules: Rules, scale: float) -> None:
        self.rules, self.scale = rules, scale
        self.width = _usual([c.width for c in chain])
        self.chain = chain
        steps = [b.left - a.left for a, b in zip(self.chain, self.chain[1:], strict=False)]
        near = [s for s in steps if s < 1.35 * min(steps)] if steps else []
        self.pitch = _usual(near) if near else 0.0

    def _place(self, left: float, like: Cell) -> Cell:
        return replace(like, left=left, right=left + self.width)

    def _filled(self) -> list[Cell]:
        done = [self.chain[0]]
        for cell in self.chain[1:]:
            last = done[-1]
            missing = round((cell.left - last.left) / self.pitch) - 1
            step = (cell.left - last.left) / (missing + 1)
            if 0 < missing and abs(step - self.pitch) < PITCH_SLACK * self.pitch:
                done += [self._place(last.left + k * step, last) for k in range(1, missing + 1)]
            done.append(cell)
        return done

    def _lengthened(self, chain: list[Cell], side: int) -> list[Cell]:
        """Add boxes at one end as far as the rules go on by whole steps to a wall."""
        end = chain[0] if side < 0 else chain[-1]
        added: list[Cell] = []
        for k in range(1, 8):
            cell = self._place(end.left + side * k * self.pitch, end)
            if not ruled(self.rules, cell.left, cell.right, end, 0.85):
                break
            added.append(cell)
            outer = cell.left if side < 0 else cell.right
            if wall_near(self.rules, outer, 0.15 * self.pitch, end):
                return (added[::-1] + chain) if side < 0 else (chain + added)
        return chain

    def run(self) -> list[Cell]:
        if len(self.chain) < 2:
            return self.chain
        chain = self._filled()
        if len(chain) >= LEAST_TICKS and self.pitch < 1.4 * self.width:
            chain = self._lengthened(self._lengthened(chain, -1), 1)
        return chain


def regular(chain: list[Cell]) -> bool:
    """Tell whether boxes are equally wide, as for one character each."""
    wide = np.array([c.width for c in chain])
    return bool(np.median(np.abs(wide / np.median(wide) - 1)) < 0.12 and np.ptp(wide) < 0.6 * wide.max())


def box_rows(cells: list[Cell], rules: Rules, scale: float) -> tuple[list[Row], list[Cell]]:
    """Return the rows of boxes among `cells` and the cells that are in none."""
    cells = uncut(cells, scale)
    first = distinct(_mended(cells, rules, scale)[0])
    boxes = [c for row in first for c in row.cells]
    frames = [row.frame for row in first]
    others = [c for c in cells if not any(_holds(f, c) for f in frames)]
    rows, alone = _mended(boxes + others, rules, scale)
    rows = distinct(rows)
    frames = [row.frame for row in rows]
    return rows, [c for c in alone if not any(inside(c, f, 3.0) for f in frames)]


def _mended(cells: list[Cell], rules: Rules, scale: float) -> tuple[list[Row], list[Cell]]:
    rows: list[Row] = []
    alone: list[Cell] = [c for c in cells if not is_box(c, scale)]
    for chain in chains(cells, rules, scale):
        mended = _Mender(chain, rules, scale).run()
        if len(mended) > 1 and not regular(mended):
            alone += chain
            continue
        gaps = [b.left - a.right for a, b in zip(mended, mended[1:], strict=False)]
        joined = bool(gaps) and _usual(gaps) < 0.12 * mended[0].width
        rows.append(Row(Kind.COMB if joined else Kind.BOXES, tuple(mended)))
    return rows, alone


def distinct(rows: list[Row]) -> list[Row]:
    """Give each place to one row only: the one with the most boxes."""
    kept: list[Row] = []
    for row in sorted(rows, key=lambda r: -len(r.cells)):
        frames = [r.frame for r in kept if _meet(r.frame, row.frame)]
        cells = tuple(c for c in row.cells if not any(_holds(f, c) for f in frames))
        if cells:
            kept.append(replace(row, cells=cells))
    return kept


def _meet(a: Cell, b: Cell) -> bool:
    return a.left < b.right and b.left < a.right and a.top < b.bottom and b.top < a.bottom


def _holds(frame: Cell, cell: Cell) -> bool:
    x = (cell.left + cell.right) / 2
    return frame.left < x < frame.right and frame.top < cell.middle < frame.bottom


def in_tables(rows: list[Row], scale: float) -> list[bool]:
    """Tell for each row whether it shares rules with rows above and below, as in a table."""
    frames = [r.frame for r in rows]
    near = TABLE_GAP_MM * scale

    def stacked(upper: Cell, lower: Cell) -> bool:
        shared = min(upper.right, lower.right) - max(upper.left, lower.left)
        return abs(lower.top - upper.bottom) < near and shared > 0.5 * upper.width

    below = [[j for j, b in enumerate(frames) if stacked(a, b)] for a in frames]
    above = [[j for j, b in enumerate(frames) if stacked(b, a)] for a in frames]
    return [
        len(below[i]) + len(above[i]) > 1
        or any(below[j] for j in below[i])
        or any(above[j] for j in above[i])
        for i in range(len(frames))
    ]


def _ticks(rules: Rules, level: Level, side: int, scale: float) -> NDArray[np.float64]:
    """Return (x, length) of the uprights that end on a level rule; `side` -1 above, 1 below."""
    reach = round(LARGEST_BOX_MM * scale)
    rows = level.y + side * (level.thick / 2 + 1 + np.arange(reach)[:, None])
    rows = np.clip(np.rint(rows), 0, rules.up.shape[0] - 1).astype(np.int64)
    cols = np.arange(level.x0, level.x1)
    on = rules.dark[np.clip(np.rint(level.y), 0, rules.up.shape[0] - 1).astype(np.int64), cols]
    seen = rules.dark[rows, cols] > max(FAINTEST, 0.4 * float(np.median(on)))
    broken = ~(seen[:-2] | seen[1:-1] | seen[2:])
    beyond = rules.across[rows[2:], cols]
    beyond[: round(TICK_MM * scale)] = False
    broken |= beyond & (np.cumsum(beyond.mean(axis=1) > 0.5, axis=0) > 0)[:, None]
    length = np.where(broken.any(axis=0), broken.argmax(axis=0), reach - 2)
    solid = length >= TICK_MM * scale
    edges = np.flatnonzero(np.diff(np.concatenate([[0], solid.view(np.int8), [0]])))
    found = [
        (level.x0 + (a + b - 1) / 2, float(length[a:b].max()))
        for a, b in zip(edges[::2], edges[1::2], strict=True)
        if b - a < 1.2 * scale
    ]
    return np.array(found).reshape(-1, 2)


def _comb(ticks: NDArray[np.float64], scale: float) -> NDArray[np.float64]:
    """Return the longest run of ticks of one length at one pitch, empty if too short."""
    best = np.zeros((0, 2))
    x, length = ticks[:, 0], ticks[:, 1]
    for i in range(len(ticks)):
        for j in range(i + 1, min(i + 4, len(ticks))):
            pitch = x[j] - x[i]
            if not 2.8 * scale <= pitch <= WIDEST_PITCH_MM * scale:
                continue
            picked, at = [i], x[i]
            while True:
                near = np.flatnonzero(
                    (np.abs(x - at - pitch) < PITCH_SLACK * pitch) & (length < 2.2 * pitch)
                )
                if not near.size:
                    break
                nearest = int(near[np.argmin(np.abs(x[near] - at - pitch))])
                picked.append(nearest)
                at = x[nearest]
            if len(picked) > len(best):
                best = ticks[picked]
    return best if len(best) >= LEAST_TICKS else np.zeros((0, 2))


def _taken(rows: list[Row], x: float) -> bool:
    return any(len(r.cells) > 1 and r.frame.left - 3 < x < r.frame.right + 3 for r in rows)


def _headroom(rules: Rules, left: float, right: float, base: float, scale: float) -> float:
    """Return how far up it is from a comb's base to the next level rule, at least a box."""
    low = LOWEST_MM * scale
    rows = np.arange(int(base - low), max(0, int(base - LARGEST_BOX_MM * scale)), -1)
    rows = rows[rows >= 0]
    part = rules.across[rows, int(max(0, left)) : int(right)]
    ruled_rows = np.flatnonzero(part.mean(axis=1) > 0.6) if part.size else rows[:0]
    return float(low + ruled_rows[0] - 1) if ruled_rows.size else float("inf")


def comb_rows(rules: Rules, rows: list[Row], scale: float) -> list[Row]:
    """Find combs: level rules with short uprights at one pitch, open at the top."""
    combs: list[Row] = []
    for level in rules.levels:
        if len(level.y) < 2.5 * NARROWEST_MM * scale or level.even > EVENEST:
            continue
        y = float(level.y.mean())
        ticks = _ticks(rules, level, -1, scale)
        if len(ticks) < LEAST_TICKS:
            continue
        near = [r for r in rows + combs if r.frame.top - 6 < y - 4 < r.frame.bottom + 6]
        ticks = np.array([t for t in ticks if not _taken(near, t[0])]).reshape(-1, 2)
        comb = _comb(ticks, scale)
        if not len(comb):
            continue
        pitch = float(np.median(np.diff(comb[:, 0])))
        marks = list(comb[:, 0])
        for side in (-1, 1):
            outer = marks[0] - pitch if side < 0 else marks[-1] + pitch
            if level.x0 - 0.15 * pitch <= outer <= level.x1 + 0.15 * pitch:
                marks.insert(0 if side < 0 else len(marks), outer)
        if max(marks[0] - level.x0, level.x1 - marks[-1]) > END_GAP * pitch:
            continue
        tall = float(np.median(comb[:, 1]))
        base = y - level.thick / 2 - 1
        high = tall if tall >= 0.75 * pitch else max(1.3 * pitch, LOWEST_MM * scale)
        high = min(high, _headroom(rules, marks[0], marks[-1], base, scale))
        cells = [
            Cell(a + 1.5, base - high, b - 1.5, base, False)
            for a, b in zip(marks, marks[1:], strict=False)
        ]
        combs.append(Row(Kind.COMB, tuple(cells)))
    return combs


def open_frames(rules: Rules, cells: list[Cell], scale: float) -> list[Cell]:
    """Find frames that lack their top or bottom: a level rule with equal uprights at its ends."""
    found: list[Cell] = []
    for level in rules.levels:
        if len(level.y) < 6 * scale or level.even > EVENEST:
            continue
        y = float(level.y.mean())
        for side in (-1, 1):
            ticks = _ticks(rules, level, side, scale)
            ticks = ticks[ticks[:, 1] >= LOWEST_MM * scale] if len(ticks) else ticks
            if len(ticks) != 2 or abs(ticks[0, 1] - ticks[1, 1]) > 0.2 * ticks[:, 1].max():
                continue
            if ticks[0, 0] - level.x0 > scale or level.x1 - ticks[1, 0] > scale:
                continue
            far = y + side * float(ticks[:, 1].min())
            cell = Cell(ticks[0, 0] + 2, min(y, far) + 2, ticks[1, 0] - 2, max(y, far) - 2, False)
            if cell.height < 2.0 * cell.width and not any(inside(cell, c, 4.0) for c in cells):
                found.append(cell)
    return found
