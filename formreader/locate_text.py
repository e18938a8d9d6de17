"""Find numbers written in table cells, on lines and on plain paper (a part of stage 3).

Without a definition of the form, print has to be told from handwriting: printed characters
stand on one row and have very few heights, handwriting does neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from formreader.document import Kind, Mask
from formreader.locate_boxes import Cell
from formreader.locate_rows import is_box
from formreader.rules import Level

SMALLEST_MM = 1.2
"""Least height of a written digit in millimetres, as small as the print of labels."""
LARGEST_MM = 14.0
"""Greatest height of a written digit in millimetres; above it are headings and signatures."""
LINK_GAP = 0.8
"""Gap that joins two characters into one group, as a share of their height."""
FIELD_GAP = 2.2
"""Gap that joins two groups in one cell or on one line, as a share of their height."""
LEVEL_SLACK = 0.045
"""How far printed characters stray from their row, as a share of their height."""
WIDEST_CHARACTER = 1.75
"""Greatest width of one digit as a share of the row's height; joined writing is wider."""
WIDEST_STROKE_MM = 1.05
"""Side in millimetres of a solid square that no pen makes; marks and bars hold one."""
STACKED = 1.2
"""Sum of the widths of a number's digits at most, as a share of its length: they do not lie
over one another, as the parts of a picture or a square code do."""
SOLID = 0.72
"""Share of its box that a wide stroke figure may fill; more is a printed mark."""
UNLIKE_HEIGHTS = 0.27
"""Greatest spread of the heights of digits in one number, as a share of their mean; words
with heads and tails spread more."""


BROAD = 1.1
"""Width of a character, as a share of the height, that printed figures do not reach."""
WIDE_SET = 0.33
"""Gap between characters, as a share of the height, that print seldom has within a word."""
PRINTED = 0.7
"""Likeness to print from which a group is left out."""
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
TICK_BOXES = 4
"""Lone square boxes of one size from which they are boxes to tick."""


@dataclass(frozen=True, eq=False)
class Group:
    """Characters side by side: boxes int (N, 5) as x, y, width, height, pixels, from the left.

    What follows from the boxes is kept once worked out: a page asks for it many times.
    """

    boxes: NDArray[np.int64]

    @cached_property
    def left(self) -> int:
        """Return the first column."""
        return int(self.boxes[:, 0].min())

    @cached_property
    def right(self) -> int:
        """Return the first column beyond."""
        return int((self.boxes[:, 0] + self.boxes[:, 2]).max())

    @cached_property
    def top(self) -> int:
        """Return the first row."""
        return int(self.boxes[:, 1].min())

    @cached_property
    def bottom(self) -> int:
        """Return the first row beyond."""
        return int((self.boxes[:, 1] + self.boxes[:, 3]).max())

    @cached_property
    def tall(self) -> NDArray[np.int64]:
        """Return the boxes that are no commas, dots or dashes."""
        high = self.boxes[:, 3]
        return self.boxes[high >= 0.55 * np.percentile(high, 80)]

    @cached_property
    def height(self) -> float:
        """Return the usual height of its characters."""
        return float(np.median(self.tall[:, 3]))

    @cached_property
    def base(self) -> float:
        """Return the row its characters stand on."""
        return float(np.median(self.tall[:, 1] + self.tall[:, 3]))

    @cached_property
    def printed(self) -> float:
        """Return in 0…1 how much it looks printed: one row, few heights, tight and narrow."""
        return _printed(self)


@dataclass(frozen=True, slots=True)
class Written:
    """A place where a number seems to be written: its group, the layout and the doubt."""

    group: Group
    kind: Kind
    doubt: float


def spots(ink: Mask, scale: float) -> NDArray[np.int64]:
    """Return the components of the ink that may be (part of) a character.

    int64 (N, 5): x, y, width, height and number of pixels.
    """
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink.view(np.uint8), connectivity=8)
    side = max(3, round(WIDEST_STROKE_MM * scale))
    blobs = cv2.erode(ink.view(np.uint8), np.ones((side, side), np.uint8)).view(np.bool_)
    stats[np.unique(labels[blobs]), 4] = 0
    stats = stats[1:]
    wide, high, area = stats[:, 2], stats[:, 3], stats[:, 4]
    kept = (high <= LARGEST_MM * scale) & (wide <= 25 * scale)
    kept &= (area >= 0.06 * scale * scale) & (np.maximum(wide, high) >= 0.4 * scale)
    return stats[kept].astype(np.int64)


def groups(boxes: NDArray[np.int64]) -> list[Group]:
    """Link characters that stand side by side."""
    order = boxes[np.argsort(boxes[:, 0], kind="stable")]
    owner = np.arange(len(order))
    right, bottom = order[:, 0] + order[:, 2], order[:, 1] + order[:, 3]
    reach = int(LINK_GAP * order[:, 3].max()) + 1 if len(order) else 0
    last = np.searchsorted(order[:, 0], right + reach, "right")

    def root(i: int) -> int:
        while owner[i] != i:
            owner[i] = owner[owner[i]]
            i = int(owner[i])
        return i

    for i in range(len(order)):
        j = np.arange(i + 1, last[i])
        if not j.size:
            continue
        high = np.maximum(order[j, 3], order[i, 3])
        shared = np.minimum(bottom[j], bottom[i]) - np.maximum(order[j, 1], order[i, 1])
        near = order[j, 0] - right[i] <= LINK_GAP * high
        beside = shared > 0.35 * np.minimum(order[j, 3], order[i, 3])
        over = np.minimum(right[j], right[i]) - order[j, 0] > 0.5 * np.minimum(
            order[j, 2], order[i, 2]
        )
        over &= np.minimum(order[j, 3], order[i, 3]) < 0.5 * high
        for k in j[near & (beside | (over & (shared > -0.2 * high)))]:
            owner[root(int(k))] = root(i)
    members: dict[int, list[int]] = {}
    for i in range(len(order)):
        members.setdefault(root(i), []).append(i)
    return [Group(order[m]) for m in members.values()]


def _printed(group: Group) -> float:
    tall = group.tall
    high = group.height
    broad = float(np.mean(tall[:, 2] > BROAD * high))
    if len(tall) < 2:
        return 0.5 * (1 - broad)
    slack = max(1.0, LEVEL_SLACK * high)
    base = tall[:, 1] + tall[:, 3]
    on_row = float(np.mean(np.abs(base - np.median(base)) <= slack))
    heights = tall[:, 3].astype(np.float64)
    close = np.abs(heights[:, None] - heights[None, :]) <= slack
    first = close[np.argmax(close.sum(axis=1))]
    rest = ~first
    gaps = tall[1:, 0] - (tall[:-1, 0] + tall[:-1, 2])
    wide_set = float(np.median(gaps)) > WIDE_SET * high
    word = len(tall) > 4 or (len(tall) > 3 and not wide_set and broad == 0)
    second = close[rest][:, rest].sum(axis=1).max() if rest.sum() > 1 and word else 0
    few = (first.sum() + second) / len(tall)
    return float(min(on_row, few)) * (1 - 0.7 * broad) * (0.6 if wide_set else 1.0)


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
    near = np.abs(own[:, None] - heights[None, :]) <= np.maximum(0.5, 0.5 * LEVEL_SLACK * own)[:, None]
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


def _home(group: Group, cells: list[Cell]) -> int:
    """Return the index of the smallest cell that holds the group, -1 for none."""
    x, y = (group.left + group.right) / 2, (group.top + group.bottom) / 2
    best, area = -1, float("inf")
    for i, cell in enumerate(cells):
        if cell.left < x < cell.right and cell.top < y < cell.bottom:
            size = cell.width * cell.height
            if size < area and cell.height < 8 * group.height:
                best, area = i, size
    return best


def _on_rule(group: Group, levels: list[Level]) -> bool:
    """Tell whether a level rule runs under a group."""
    high = group.height
    for level in levels:
        x0, x1 = max(level.x0, group.left), min(level.x1, group.right)
        if x1 - x0 < 0.7 * (group.right - group.left) or len(level.y) < 2.0 * high:
            continue
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
    boxes: NDArray[np.int64], cells: list[Cell], levels: list[Level], scale: float
) -> list[Written]:
    """Find the numbers written by hand among character boxes outside of box rows."""
    found = groups(boxes)
    heights = print_heights(found)
    sure = [g for g in found if len(g.tall) >= 3 and g.printed >= 0.75]
    lines = np.array(
        [(g.left, g.right, g.base, g.height) for g in sure]
    ).reshape(-1, 4)
    kept: list[tuple[Group, int, bool]] = []
    for group in found:
        if not 0.4 * SMALLEST_MM * scale <= group.height <= LARGEST_MM * scale:
            continue
        if group.printed >= PRINTED and len(group.tall) > 1 or _in_line(group, lines):
            continue
        home = _home(group, cells)
        ruled = home < 0 and _on_rule(group, levels)
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
        if _bracketed(group) or (len(group.tall) < LEAST_CHARACTERS[kind]):
            doubt = max(doubt, LONE_BOX_DOUBT)
        if home >= 0 and is_box(cells[home], scale) and len(group.tall) < 2:
            doubt = max(doubt, LONE_BOX_DOUBT)
        written.append(Written(group, kind, min(1.0, doubt)))
    return written


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
