"""Find combs and frames with a side missing, and tell table rows (a part of stage 3)."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from formreader.document import Kind
from formreader.locate_bands import NARROWEST_MM
from formreader.locate_boxes import LARGEST_BOX_MM, LOWEST_MM, Cell, inside
from formreader.locate_comb_groups import (
    BEYOND_MM,
    NARROWEST_PITCH_MM,
    WIDEST_PITCH_MM,
    in_groups,
)
from formreader.locate_rows import LEAST_TICKS, PITCH_SLACK, Row
from formreader.locate_ticks import bare_ticks
from formreader.rules import FAINTEST, Level, Rules

END_GAP = 0.4
"""How far a comb's level rule may go on past its outer ticks, as a share of the pitch."""
UNEVEN_END = 0.2
"""How far an end tick may stand off the pitch, as a share of it: one that was taken to stand a
little beside its place stayed in the first box of a blank comb and was accepted as 1."""
UNLIKE_ENDS = 0.7
"""Least length of one end as a share of the other of a comb of three ticks, or in a frame."""
WALL = 1.6
"""Length from which two ends alike are the sides of a frame around a comb, as a share of its other
ticks: a box more at one end took in the last letter printed before the digits of an account."""
SHORT_TICK_MM = 1.2
"""Length of a tick in millimetres below which feet of letters on a line look the same."""
LEAST_SHORT_TICKS = 5
"""Ticks that make a comb when they are that short."""
EVENEST = 0.45
"""Greatest swing of darkness along a comb's level rule; letters in a row have 0.6."""
TICK_MM = 0.6
"""Shortest tick of a comb in millimetres."""
TABLE_GAP_MM = 0.95
"""Distance of two rows of boxes, in millimetres, up to which they share one rule."""


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
            if not NARROWEST_PITCH_MM * scale <= pitch <= WIDEST_PITCH_MM * scale:
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


def _covered(level: Level, rows: list[Row]) -> float:
    """Return the share of a level rule that lies under rows of boxes."""
    shared = [
        max(0.0, min(r.frame.right, level.x1) - max(r.frame.left, level.x0))
        for r in rows
        if len(r.cells) > 1
    ]
    return float(sum(shared)) / len(level.y)


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
    """Find combs: level rules with short uprights at one pitch, open at the top, or these alone.

    A comb may be in groups, between which its rule is broken.
    """
    combs: list[Row] = []
    for level in (*rules.levels, *bare_ticks(rules, scale)):
        if len(level.y) < 2.5 * NARROWEST_MM * scale or level.even > EVENEST:
            continue
        y = float(level.y.mean())
        near = [r for r in rows + combs if r.frame.top - 6 < y - 4 < r.frame.bottom + 6]
        if _covered(level, near) > 0.9:
            continue
        ticks = _free_ticks(rules, level, near, scale)
        if not (seen := _groups(level, ticks, scale)):
            continue
        longer = _longer(level, rules.up.shape[1], scale)
        groups = _groups(level, _free_ticks(rules, longer, near, scale), scale) or seen
        pitch = float(np.median(np.concatenate([np.diff(marks) for marks in groups])))
        tall = float(np.median(ticks[:, 1]))
        base = y - level.thick / 2 - 1
        high = tall if tall >= 0.75 * pitch else max(1.3 * pitch, LOWEST_MM * scale)
        high = min(high, _headroom(rules, groups[0][0], groups[-1][-1], base, scale))
        cells = [
            Cell(a + 1.5, base - high, b - 1.5, base, False)
            for marks in groups
            for a, b in itertools.pairwise(marks)
        ]
        combs.append(Row(Kind.COMB, tuple(cells)))
    return combs


def _free_ticks(rules: Rules, level: Level, rows: list[Row], scale: float) -> NDArray[np.float64]:
    """Return the ticks that stand on a level rule and in none of some rows of boxes."""
    ticks = _ticks(rules, level, -1, scale)
    return np.array([tick for tick in ticks if not _taken(rows, tick[0])]).reshape(-1, 2)


def _groups(level: Level, ticks: NDArray[np.float64], scale: float) -> list[list[float]]:
    """Return the columns of the walls of each group of a comb; none where a rule is no comb."""
    if len(ticks) < LEAST_TICKS:
        return []
    return in_groups(level, ticks, scale) or _in_one(level, ticks, scale)


def _longer(level: Level, width: int, scale: float) -> Level:
    """Return a level rule that reaches on to the ticks at its ends; it may be seen too short."""
    more = round(BEYOND_MM * scale)
    ends = (min(more, level.x0), min(more, width - level.x1))
    return replace(
        level, x0=level.x0 - ends[0], y=np.pad(level.y, ends, "edge"), seen=np.pad(level.seen, ends)
    )


def _in_one(level: Level, ticks: NDArray[np.float64], scale: float) -> list[list[float]]:
    """Return the columns of a comb's walls, in one list; none where a rule is no comb."""
    comb = _comb(ticks, scale)
    short = len(comb) and float(np.median(comb[:, 1])) < SHORT_TICK_MM * scale
    if len(comb) < (LEAST_SHORT_TICKS if short else LEAST_TICKS):
        return []
    ends = comb[[0, -1], 1]
    if len(comb) == LEAST_TICKS and ends.min() < UNLIKE_ENDS * ends.max():
        return []
    pitch = float(np.median(np.diff(comb[:, 0])))
    marks, walled = list(comb[:, 0]), _walled(comb)
    for side in () if walled else (-1, 1):
        outer = marks[0] - pitch if side < 0 else marks[-1] + pitch
        nearest = float(ticks[np.abs(ticks[:, 0] - outer).argmin(), 0])
        if abs(nearest - outer) < UNEVEN_END * pitch:
            outer = nearest
        if level.x0 - 0.15 * pitch <= outer <= level.x1 + 0.15 * pitch:
            marks.insert(0 if side < 0 else len(marks), outer)
    beyond = max(marks[0] - level.x0, level.x1 - marks[-1])
    return [marks] if beyond <= (walled + END_GAP) * pitch else []


def _walled(comb: NDArray[np.float64]) -> bool:
    """Tell whether the outer ticks are the sides of a frame around it."""
    ends, others = comb[[0, -1], 1], comb[1:-1, 1]
    return bool(ends.min() > max(WALL * np.median(others), UNLIKE_ENDS * ends.max()))


def open_frames(rules: Rules, cells: list[Cell], rows: list[Row], scale: float) -> list[Cell]:
    """Find frames that lack their top or bottom: a level rule with equal uprights at its ends."""
    found: list[Cell] = []
    for level in rules.levels:
        if len(level.y) < 6 * scale or level.even > EVENEST:
            continue
        y = float(level.y.mean())
        if _covered(level, [r for r in rows if r.frame.top - 9 < y < r.frame.bottom + 9]) > 0.5:
            continue
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
