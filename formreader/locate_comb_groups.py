"""Find the groups of a comb that is broken between them (a part of stage 3)."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from formreader.locate_rows import PITCH_SLACK
from formreader.rules import Level

NARROWEST_PITCH_MM = 2.4
"""Least distance of a comb's ticks, in millimetres; closer ones are a ruler or a code."""
WIDEST_PITCH_MM = 12.5
"""Greatest distance of a comb's ticks, in millimetres."""
BEYOND_MM = 1.5
"""How far beyond the ends of its rule a comb's ticks are looked for, in millimetres: by a 1 in the
first box the rule was seen 1 short, and the 1 was taken for its tick: 2345 accepted for 12345."""
PART_GAP_MM, PART_END_MM = 0.5, 0.9
"""Least gap in the rule of a comb between two groups, and how near its ends their ticks stand, in
millimetres; the combs of French forms, for dates and accounts, are printed like that."""
ALIKE = 0.25
"""How far a tick beside another group's is from as long as usual; strokes at a rule are longer."""
LEAST_STEPS, TICKS_SEEN = 3, 0.7
"""Steps from tick to tick from which the pitch of groups is known, and share of the ticks of each
that must be seen."""


def in_groups(level: Level, ticks: NDArray[np.float64], scale: float) -> list[list[float]]:
    """Return the columns of the walls of each group of a comb; none where it is in no groups.

    Groups end in ticks, and all have one pitch. Their ticks may stand so close that the gap between
    them is not seen in the rule.
    """
    x = ticks[:, 0]
    steps = np.diff(x)
    steps = steps[(steps >= NARROWEST_PITCH_MM * scale) & (steps <= WIDEST_PITCH_MM * scale)]
    if steps.size < LEAST_STEPS:
        return []
    pitch = float(np.median(steps))
    seen = _broken(level, x, scale)
    close, near = _parted(ticks, pitch, scale), PART_END_MM * scale
    others = [(a, b) for a, b in seen if not any(c < b + near and a - near < d for c, d in close)]
    known = pitch, BEYOND_MM * scale
    return _walls(level, x, close + others, *known) or _walls(level, x, seen, *known)


def _broken(level: Level, x: NDArray[np.float64], scale: float) -> list[tuple[float, float]]:
    """Return the gaps in a rule at both ends of which a tick stands."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], level.seen.view(np.int8), [0]])))
    parts, near = level.x0 + edges.reshape(-1, 2), PART_END_MM * scale
    return [
        (float(a), float(b))
        for a, b in zip(parts[:-1, 1], parts[1:, 0], strict=True)
        if b - a >= PART_GAP_MM * scale
        and (np.abs(x - a) < near).any()
        and (np.abs(x - b) < near).any()
    ]


def _parted(ticks: NDArray[np.float64], pitch: float, scale: float) -> list[tuple[float, float]]:
    """Return pairs of ticks that stand close and end two groups.

    From each of them the others go on at the pitch, as they do not from a digit's stroke.
    """
    x, length = ticks.T
    even = x[np.abs(length / np.median(length) - 1) < ALIKE]

    def off(place: float) -> float:
        return float(np.abs(x - place).min())

    return [
        (float(a), float(b))
        for a, b in itertools.pairwise(even)
        if PART_GAP_MM * scale <= b - a < NARROWEST_PITCH_MM * scale
        and off(a - pitch) < min(PITCH_SLACK * pitch, off(b - pitch))
        and off(b + pitch) < min(PITCH_SLACK * pitch, off(a + pitch))
    ]


def _walls(
    level: Level,
    x: NDArray[np.float64],
    cuts: list[tuple[float, float]],
    pitch: float,
    reach: float,
) -> list[list[float]]:
    """Return the columns of the walls of each group between cuts; none where most lack a tick."""
    if not cuts:
        return []
    before, after = np.array(sorted(cuts)).T
    groups = []
    for first, last in zip([level.x0, *after], [*before, level.x1], strict=True):
        a, b = _end(x, first, pitch, reach), _end(x, last, -pitch, reach)
        marks = np.linspace(a, b, max(1, round((b - a) / pitch)) + 1)
        nearest = x[np.abs(marks[:, None] - x).argmin(axis=1)]
        seen = np.abs(nearest - marks) < PITCH_SLACK * pitch
        if abs(marks[1] - a - pitch) > PITCH_SLACK * pitch or seen.mean() < TICKS_SEEN:
            return []
        groups.append(np.where(seen, nearest, marks).tolist())
    return groups


def _end(x: NDArray[np.float64], end: float, inwards: float, reach: float) -> float:
    """Return the tick near an end of a group from which the next one is best at its pitch."""
    away = np.abs(x - end)
    near = x[away <= max(reach, away.min())]
    off = np.abs(near[:, None] + inwards - x).min(axis=1)
    return float(near[off.argmin()])
