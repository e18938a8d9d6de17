"""Group boxes into rows and mend the rows (a part of stage 3)."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from formreader.document import Grey, Kind
from formreader.locate_boxes import ALIKE, LARGEST_BOX_MM, Cell, inside, is_box, paper_cells, uncut
from formreader.rules import Rules

JOINED_GAP = 0.85
"""Gap that still joins two boxes into one number, as a share of a box's width: room for a dash."""
PITCH_SLACK = 0.14
"""How far a tick may lie from its place in a comb, as a share of the pitch."""
RULED = 0.7
"""Share of a place in a row that its level rules must cover to be taken for a box."""
MOST_MISSING = 8
"""Boxes in a row that may be missing between two that were seen."""
MOST_BETWEEN_TWO = 2
"""The same between two boxes from which no pitch is known: of a comb of 20 boxes in a white field
strokes of a 1 and of letters made two, far apart, and its number had no row."""
LEAST_TICKS = 3
"""Ticks at equal distances that make a comb; two strokes on a line happen by chance."""
SEPARATE_MM = 2.4
"""Gap between two boxes, in millimetres, from which a rule of the table may stand in it."""


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


def on_paper(row: Row, dark: Grey, level: float) -> bool:
    """Tell whether most boxes of a row are mostly paper."""
    return 2 * len(paper_cells(list(row.cells), dark, level)) > len(row.cells)


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


def chains(
    cells: list[Cell], rules: Rules, scale: float, whole: Sequence[Cell] = ()
) -> list[list[Cell]]:
    """Link boxes that stand side by side; none is missing in a `whole` cell."""
    boxes = sorted((c for c in cells if is_box(c, scale)), key=lambda c: c.left)
    tails: list[list[Cell]] = []
    for box in boxes:
        reach = box.left - 1.9 * LARGEST_BOX_MM * scale
        near = [
            t for t in tails if t[-1].right > reach and abs(t[-1].middle - box.middle) < 20 * scale
        ]
        fits = [
            t for t in near if _neighbours(t[-1], box) and not _separated(rules, t[-1], box, scale)
        ]
        if fits:
            min(fits, key=lambda t: abs(t[-1].middle - box.middle)).append(box)
        else:
            tails.append([box])
    return _bridged(tails, rules, scale, whole)


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


def _bridged(
    tails: list[list[Cell]], rules: Rules, scale: float, whole: Sequence[Cell]
) -> list[list[Cell]]:
    """Join chains of one row between which only boxes that were not seen are missing."""
    tails = sorted(tails, key=lambda t: t[0].left)
    merged = True
    while merged:
        merged = False
        for i, a in enumerate(tails):
            for b in tails[i + 1 :]:
                level = abs(a[-1].middle - b[0].middle) < a[-1].height
                if level and _bridge(a, b, rules, scale, whole):
                    a += b
                    tails.remove(b)
                    merged = True
                    break
    return tails


def _bridge(
    a: list[Cell], b: list[Cell], rules: Rules, scale: float, whole: Sequence[Cell]
) -> bool:
    last, first = a[-1], b[0]
    high, wide = min(last.height, first.height), min(last.width, first.width)
    if (
        abs(last.middle - first.middle) > ALIKE * high
        or abs(last.height - first.height) > ALIKE * high
    ):
        return False
    steps = [q.left - p.left for chain in (a, b) for p, q in itertools.pairwise(chain)]
    pitch = min(steps) if steps else 1.12 * wide
    missing = round((first.left - last.left) / pitch) - 1
    if not 1 <= missing <= (MOST_MISSING if steps else MOST_BETWEEN_TWO):
        return False
    step = (first.left - last.left) / (missing + 1)
    if abs(step - pitch) > PITCH_SLACK * pitch:
        return False
    if pitch > 1.15 * wide and _separated(rules, last, first, scale):
        return False
    places = [last.left + k * step for k in range(1, missing + 1)]
    if any(_in_one(x, wide, last, whole) for x in places):
        return False
    walls = [wall_near(rules, x - (step - wide) / 2, 0.12 * step, last) for x in places[1:]]
    if walls and np.mean(walls) < 0.5:
        return False
    cut = any(cut_by_wall(rules, x, wide, last) for x in places)
    alike = abs(last.width - first.width) < ALIKE * max(last.width, first.width)
    if cut and not (walls and all(walls) and alike):  # or else it is a stroke of a digit
        return False
    return all(ruled(rules, x + 0.1 * wide, x + 0.9 * wide, last, RULED) for x in places)


def _in_one(left: float, wide: float, like: Cell, whole: Sequence[Cell]) -> bool:
    """Tell whether the middle of a place for a box like `like` lies in a whole cell."""
    return any(_holds(cell, replace(like, left=left, right=left + wide)) for cell in whole)


def _usual(values: list[float]) -> float:
    return float(np.median(values))


class _Mender:
    """Completes one chain of boxes: fills holes and lengthens it along its level rules."""

    def __init__(self, chain: list[Cell], rules: Rules, whole: Sequence[Cell]) -> None:
        self.rules, self.whole = rules, whole
        self.width = _usual([c.width for c in chain])
        self.chain = chain
        steps = [b.left - a.left for a, b in itertools.pairwise(self.chain)]
        near = [s for s in steps if s < 1.35 * min(steps)] if steps else []
        self.pitch = _usual(near) if near else 0.0

    def _place(self, left: float, like: Cell) -> Cell:
        return replace(like, left=left, right=left + self.width)

    def _fits(self, left: float, like: Cell, share: float) -> bool:
        """Tell whether there is room for one more box between level rules."""
        if _in_one(left, self.width, like, self.whole):
            return False
        return ruled(self.rules, left, left + self.width, like, share)

    def _filled(self) -> list[Cell]:
        done = [self.chain[0]]
        for cell in self.chain[1:]:
            last = done[-1]
            missing = round((cell.left - last.left) / self.pitch) - 1
            step = (cell.left - last.left) / (missing + 1)
            if missing > 0 and abs(step - self.pitch) < PITCH_SLACK * self.pitch:
                places = [last.left + k * step for k in range(1, missing + 1)]
                if all(self._fits(x, last, RULED) for x in places):
                    done += [self._place(x, last) for x in places]
            done.append(cell)
        return done

    def _lengthened(self, chain: list[Cell], side: int) -> list[Cell]:
        """Add boxes at one end as far as the rules go on by whole steps, to the last wall.

        Up to the first wall a 299131 with strokes through its last boxes was read 29913.
        """
        end = chain[0] if side < 0 else chain[-1]
        added: list[Cell] = []
        walled = 0
        for k in range(1, 8):
            cell = self._place(end.left + side * k * self.pitch, end)
            if not self._fits(cell.left, end, 0.85):
                break
            added.append(cell)
            outer = cell.left if side < 0 else cell.right
            if wall_near(self.rules, outer, 0.15 * self.pitch, end):
                walled = k
        sure = added[:walled]
        return sure[::-1] + chain if side < 0 else chain + sure

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
    return bool(
        np.median(np.abs(wide / np.median(wide) - 1)) < 0.12 and np.ptp(wide) < 0.6 * wide.max()
    )


def box_rows(
    cells: list[Cell], rules: Rules, scale: float, whole: Sequence[Cell] = ()
) -> tuple[list[Row], list[Cell]]:
    """Return the rows of boxes among `cells` and the cells that are in none.

    In those of `cells` that are `whole` no wall was overlooked.
    """
    cells = uncut(cells, scale)
    first = distinct(_mended(cells, rules, scale, whole)[0])
    boxes = [c for row in first for c in row.cells]
    frames = [row.frame for row in first]
    others = [c for c in cells if not any(_holds(f, c) for f in frames)]
    rows, alone = _mended(boxes + others, rules, scale, whole)
    rows = distinct(rows)
    frames = [row.frame for row in rows]
    return rows, [c for c in alone if not any(inside(c, f, 3.0) for f in frames)]


def _mended(
    cells: list[Cell], rules: Rules, scale: float, whole: Sequence[Cell]
) -> tuple[list[Row], list[Cell]]:
    rows: list[Row] = []
    alone: list[Cell] = [c for c in cells if not is_box(c, scale)]
    for chain in chains(cells, rules, scale, whole):
        mended = _Mender(chain, rules, whole).run()
        if len(mended) > 1 and not regular(mended):
            alone += chain
            continue
        gaps = [b.left - a.right for a, b in itertools.pairwise(mended)]
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
