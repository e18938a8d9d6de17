"""Find the uprights that part the space between two level rules (a part of stage 3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from formreader.rules import Level, Rules

NARROWEST_MM = 1.9
"""Least width of a cell in millimetres."""
WALL_SHARE = 0.7
"""Share of a cell's height that each of its uprights must cover (round corners)."""
END_SHARE = 0.3
"""Share of the last sixth of a wall that must be seen where its level rule goes on past it."""
PAPER_SHARE, LEAST_PAPER, LEAST_GAP = 0.4, 0.24, 3
"""Darkness of paper as a share of an upright's, and the share and the run of its samples that are
paper where a digit's stroke stands under a letter of the label in its cell: they have 0.25 to 0.42
and 3 to 10, walls of scans, photos and black-and-white forms 0.21 at most. A digit taken for the
wall of its cell was lost: 1078 was accepted as 078, 22421 as 2242."""
LOOSE, BEYOND, WHOLE = 0.15, (0.15, 0.8), 0.9
"""Share of the height at both ends of an upright in which paper parts it from its rule where it is
a stroke, and where it goes on beyond the rule, as walls of tables do, some of which end before
their rules: of a 17 as high as its box the 1 was taken for a wall, and 7 accepted. There it is all
dark but a tenth: up to 0.4 the digits of the next row do, and 0 was accepted for 10."""
FEW = 5
"""Uprights in a band up to which one may be a 1 in a box; in rows of boxes `uncut` mends that, and
the last wall of one that ended before its rule gave way to the frame beside it."""
SHORT_MM, UNEVEN_MM = 16.0, 0.09
"""Length of a level rule in millimetres up to which it may be strokes of writing beside a longer
one, and how far their distance strays on average then: the bars of two 7s over a line made a box
with their stems, and 77047881 was accepted as 047881. Between printed ones of 16 forms it strays
by 0.08 at most, on photos, between a line and bars or letters by 0.09 to 0.23."""
BLOCK_PX = 5
"""Columns beyond the end of two rules that are dark from one to the other where they end at a
black block: the last of five boxes before one was missed, and of 2645 there 264 was accepted."""
SAMPLES = 24
"""Rows looked at between two level rules."""


@dataclass(frozen=True, slots=True)
class Wall:
    """An upright between two level rules: its first and last column."""

    left: float
    right: float


class Band:
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

    def walls(self) -> list[Wall]:
        """Return the uprights that reach from rule to rule, from left to right."""
        up = self.rules.up[self.rows, self.cols]
        end = SAMPLES // 6
        solid = up.mean(axis=0) >= WALL_SHARE
        solid &= up[:end].mean(axis=0) >= END_SHARE
        solid &= up[-end:].mean(axis=0) >= END_SHARE
        edges = np.flatnonzero(np.diff(np.concatenate([[0], solid.view(np.int8), [0]])))
        walls = [Wall(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True)]
        whole = [wall for wall in walls if not self._stacked(wall)]
        met_at = [self._ends(wall) for wall in whole]
        stroke = np.array([not (meets or goes_on) for meets, goes_on in met_at], bool)
        if len(whole) > FEW:
            stroke &= self._amid([goes_on for _, goes_on in met_at], stroke)
        is_few = 3 * np.count_nonzero(stroke) <= len(whole)
        met = [w for w, out in zip(whole, stroke, strict=True) if not (out and is_few)]
        ends = len(self.cols)
        before, after = self._at_block(0, -1), self._at_block(ends - 1, 1)
        first = [] if before is None else [Wall(0, before)]
        return first + met + ([] if after is None else [Wall(after, ends)])

    def _at_block(self, end: int, way: int) -> int | None:
        """Return the column up to which paper lies beside a dark block that ends both level rules.

        `end` is their first or last column, from which `way` leads on; None where no block is.
        """
        dark, column = self.rules.dark, self.x0 + end
        reach = np.arange(-2 * BLOCK_PX, BLOCK_PX + 1)
        cols = column + way * reach
        if end < 0 or cols.min() < 0 or cols.max() >= dark.shape[1]:
            return None
        rules = np.rint([self.top[end], self.bottom[end]]).astype(np.int64)
        ruled = dark[rules[:, None], cols[:BLOCK_PX]].max(axis=1).min()
        filled = dark[self.rows[:, end][:, None], cols].min(axis=0) >= PAPER_SHARE * ruled
        if filled[0] or not filled[-BLOCK_PX:].all():
            return None
        paper = int(np.flatnonzero(~filled)[-1])
        return int(end + way * reach[paper] + (way > 0))

    @staticmethod
    def _amid(goes_on: Sequence[bool], stroke: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Tell which uprights have walls that go on beyond their rules for next ones: bool (N,)."""
        walls = np.flatnonzero(~stroke)
        beyond = np.concatenate([[False], np.array(goes_on)[walls], [False]])
        place = np.searchsorted(walls, np.arange(len(stroke)))
        return np.asarray(beyond[place] & beyond[place + 1], np.bool_)

    def _ends(self, wall: Wall) -> tuple[bool, bool]:
        """Tell whether an upright reaches both rules without a gap, and goes on beyond one."""
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
        return (
            all(inked(y, thick, way, (0, LOOSE)) == 1 for y, thick, way in rules),
            any(inked(y, thick, -way, BEYOND) >= WHOLE for y, thick, way in rules),
        )

    def _stacked(self, wall: Wall) -> bool:
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

    def inside(
        self, a: Wall, b: Wall, scale: float, least: tuple[float, float]
    ) -> tuple[float, float, float, float] | None:
        """Return left, top, right and bottom of a cell between two walls.

        None where one of both level rules is not there or something cuts the cell. `least` are the
        shares of its width that its upper and its lower rule must cover.
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
        return self.x0 + left, top, self.x0 + right, bottom
