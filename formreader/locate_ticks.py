"""Find the ticks of combs that have no rule under them (a part of stage 3).

Left in the ink they are 1s: of a drawn French form blank combs were accepted as 11 and 11111.
"""

from __future__ import annotations

import itertools

import cv2
import numpy as np
from numpy.typing import NDArray

from formreader.rules import Level, Rules

SHORTEST_MM, LONGEST_MM, THICKEST_MM = 1.2, 5.0, 1.0
"""Least and greatest height and greatest width of a tick, in millimetres."""
ALIKE_MM = 0.4
"""How far the ends of two neighbouring ticks lie above or below each other, in millimetres."""
APART_MM = (0.6, 2.4, 13.0)
"""Distance of the ticks of two groups, from and to which, and of those of a box at most, in
millimetres."""
FEWEST = 4
"""Ticks that make a comb."""
ALONE, BESIDE_MM, INKY = 0.6, 0.6, 0.4
"""Share of the ticks of a comb with paper on both sides, the distance in millimetres where it is
looked for, and the darkness of a tick, as a share, that is none: stems of letters have others near.
"""
EVEN = 0.06
"""How far a step from tick to tick may be from the usual one, as a share of it."""
FREE_MM = 0.5
"""How far from the ends of a tick no level rule is, in millimetres; else it is a wall."""


def bare_ticks(rules: Rules, scale: float) -> list[Level]:
    """Return the rows of ticks of a picture as the level rules that they would stand on.

    Between two groups the rule is not seen.
    """
    chains: list[list[NDArray[np.int64]]] = []
    for tick in _ticks(rules, scale):
        for chain in chains:
            last = chain[-1]
            near = np.abs(tick[1:3] - last[1:3]).max() <= ALIKE_MM * scale
            if near and APART_MM[0] * scale < tick[0] - last[0] <= APART_MM[2] * scale:
                chain.append(tick)
                break
        else:
            chains.append([tick])
    found = [np.array(chain) for chain in chains if len(chain) >= FEWEST]
    return [
        _level(ticks, scale)
        for ticks in found
        if _evenly_set(ticks, scale) and _alone(rules, ticks, scale) >= ALONE
    ]


def _evenly_set(ticks: NDArray[np.int64], scale: float) -> bool:
    """Tell whether ticks (N, 3) stand at one distance, but between groups."""
    steps = np.diff(ticks[:, 0])
    steps = steps[steps > APART_MM[1] * scale]
    if len(steps) < FEWEST - 1:
        return False
    usual = float(np.median(steps))
    return float(np.abs(steps - usual).max()) <= EVEN * usual + 1


def _alone(rules: Rules, ticks: NDArray[np.int64], scale: float) -> float:
    """Return the share of ticks (N, 3) with paper on both sides."""
    off = round(BESIDE_MM * scale)
    alone = []
    for x, top, bottom in ticks.tolist():
        own = float(rules.dark[top:bottom, x].mean())
        sides = [max(0, x - off), min(rules.dark.shape[1] - 1, x + off)]
        alone.append(float(rules.dark[top:bottom, sides].max()) < INKY * own)
    return float(np.mean(alone))


def _ticks(rules: Rules, scale: float) -> NDArray[np.int64]:
    """Return the middle, first and last row of the short uprights that end on no rule: (N, 3)."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(rules.up.view(np.uint8), connectivity=8)
    left, top, wide, high = stats[1:, :4].T.astype(np.int64)
    kept = (high >= SHORTEST_MM * scale) & (high <= LONGEST_MM * scale)
    kept &= wide <= THICKEST_MM * scale
    x, y0, y1 = (left + wide // 2)[kept], top[kept], (top + high)[kept]
    reach = round(FREE_MM * scale)
    limit = len(rules.across) - 1
    at = np.arange(-reach, reach + 1)[:, None]
    ends = [rules.across[np.clip(y + at, 0, limit), x].any(axis=0) for y in (y0, y1)]
    free = ~(ends[0] | ends[1])
    found = np.stack([x, y0, y1], 1)[free]
    return np.asarray(found[np.argsort(found[:, 0], kind="stable")])


def _level(ticks: NDArray[np.int64], scale: float) -> Level:
    """Return the rule that ticks (N, 3) would stand on."""
    x, _, bottom = ticks.T
    columns = np.arange(x[0], x[-1] + 1)
    seen = np.ones(len(columns), bool)
    for a, b in itertools.pairwise(x.tolist()):
        if b - a < APART_MM[1] * scale:
            seen[a - x[0] + 1 : b - x[0]] = False
    return Level(int(x[0]), np.interp(columns, x, bottom - 2.0), seen, 1.0, 0.0)
