"""Lines to write on that are printed as rows of dots or short dashes. Shared below the stages.

To components of ink such a line is a number of fifty full stops: it linked the label before it
and what was written on it into one group, and none of 30 numbers of a drawn form had a row.
"""

from __future__ import annotations

import math
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from formreader.document import Mask
from formreader.rules import Level, Rules, quantile

HIGHEST_MM, WIDEST_MM = 0.85, 2.2
"""Greatest height of a dot and length of a dash, in millimetres."""
STEP_MM = 3.0
"""Greatest distance of the middles of two dots, in millimetres."""
ROW_MM = 0.2
"""How far the dots of one line lie above or below each other, in millimetres."""
EVEN_STEP, EVENLY = 0.2, 0.8
"""How far a step may be from the usual one, as a share of it, and the share of steps that are not:
full stops and the dots of letters are set at no such pitch."""
LEAST_RUN, LEAST_DOTS = 6, 10
"""Dots in an unbroken run, and in the whole line, from which they are a line."""
COMPANY = 4
"""Specks within about STEP_MM on a row, itself among them, that each dot of a line has."""
HIDDEN_MM = 9.0
"""Longest part of a line, in millimetres, whose dots a written figure hides."""
SHORTEST_MM = 12.0
"""Shortest line of dots to write on, in millimetres."""
UNEVEN = 0.5
"""Swing of darkness along a line of dots: above that of combs, below that of letters in a row."""
DOTTED = 0.75
"""Share of a line that is seen below which it is one of dots."""


def dotted_lines(ink: Mask, pixels_per_mm: float) -> list[NDArray[np.float64]]:
    """Return the lines of dots in `ink` bool (H, W): their dots (N, 6) from the left.

    A dot is x, y, width, height and the x and y of its middle, in pixels.
    """
    return _lines(_dots(ink, pixels_per_mm), pixels_per_mm)


def with_dotted(found: Rules, lines: list[NDArray[np.float64]]) -> Rules:
    """Add lines of dots to the level rules of a picture."""
    if not lines:
        return found
    across = found.across.copy()
    for line in lines:
        for x, y, wide, high in line.astype(np.int64)[:, :4]:
            across[y : y + high, x : x + wide] = True
    levels = sorted([*found.levels, *map(_level, lines)], key=lambda v: float(v.y.mean()))
    return replace(found, across=across, levels=levels)


def is_dotted(level: Level) -> bool:
    """Tell whether a level rule is one of dots."""
    return float(level.seen.mean()) < DOTTED


def between_walls(level: Level, width: int) -> Level:
    """Take a rule of dots for a solid one, a step longer at both ends: there are its walls.

    `width` is that of the picture. Of 418 numbers of a drawn chart whose rows were dotted 276 had
    no field.
    """
    starts = np.flatnonzero(np.diff(level.seen.view(np.int8)) == 1)
    step = math.ceil((1 + EVEN_STEP) * quantile(np.diff(starts), 0.5))
    left, right = min(step, level.x0), min(step, width - level.x1)
    seen = np.pad(level.seen, (left, right))[None].view(np.uint8)
    closed = cv2.morphologyEx(seen, cv2.MORPH_CLOSE, np.ones((1, step), np.uint8))
    y = np.pad(level.y, (left, right), "edge")
    return replace(level, x0=level.x0 - left, y=y, seen=closed[0].view(np.bool_))


def _dots(ink: Mask, scale: float) -> NDArray[np.float64]:
    """Return the specks (N, 6) from the left: x, y, width, height and the middle's x, y."""
    few = np.count_nonzero(ink[:, 1:] > ink[:, :-1]) < 2**16 - 2**12  # short labels will do
    _, _, stats, _ = cv2.connectedComponentsWithStats(
        ink.view(np.uint8), connectivity=8, ltype=cv2.CV_16U if few else cv2.CV_32S
    )
    stats = stats[1:, :4]
    small = (stats[:, 3] <= HIGHEST_MM * scale) & (stats[:, 2] <= WIDEST_MM * scale)
    box = stats[small].astype(np.float64)
    dots = np.hstack([box, box[:, :2] + box[:, 2:] / 2])
    dots = dots[_in_company(dots[:, 4:], ink.shape, scale)]
    return np.asarray(dots[np.argsort(dots[:, 4], kind="stable")])


def _in_company(
    middles: NDArray[np.float64], shape: tuple[int, ...], scale: float
) -> NDArray[np.bool_]:
    """Tell for each speck whether others stand on its row: most of a page's dust is alone."""
    step = ROW_MM * scale
    small = (int(shape[0] / step) + 3, int(shape[1] / (STEP_MM * scale)) + 3)
    row, col = (
        (middles[:, 1] / step).astype(np.int64) + 1,
        (middles[:, 0] / (STEP_MM * scale)).astype(np.int64) + 1,
    )
    number = np.zeros(small, np.float32)
    np.add.at(number, (row, col), 1)
    near = cv2.boxFilter(number, -1, (3, 3), normalize=False, borderType=cv2.BORDER_CONSTANT)
    return np.asarray(near[row, col] >= COMPANY)


def _lines(dots: NDArray[np.float64], scale: float) -> list[NDArray[np.float64]]:
    """Chain specks into runs, and runs of one row into lines."""
    runs = [run for run in _chained(dots, STEP_MM * scale, ROW_MM * scale) if len(run) > 1]
    regular = [run for run in runs if _is_regular(run)]
    heads = np.array([run[0] for run in regular]).reshape(-1, 6)
    order = np.argsort(heads[:, 4], kind="stable")
    lines: list[NDArray[np.float64]] = []
    for run in (regular[i] for i in order):
        for k, line in enumerate(lines):
            gap, off = run[0, 4] - line[-1, 4], abs(run[0, 5] - line[-1, 5])
            if 0 < gap < HIDDEN_MM * scale and off < 2 * ROW_MM * scale:
                lines[k] = np.vstack([line, run])
                break
        else:
            lines.append(run)
    return [
        line
        for line in map(_trimmed, lines)
        if len(line) >= LEAST_DOTS
        and line[-1, 4] - line[0, 4] >= SHORTEST_MM * scale
        and _longest_run(line) >= LEAST_RUN
    ]


def _trimmed(line: NDArray[np.float64]) -> NDArray[np.float64]:
    """Leave out specks at the ends that stand farther off: the full stop of a label."""
    far = np.diff(line[:, 4]) > (1 + EVEN_STEP) * quantile(np.diff(line[:, 4]), 0.5) + 0.5
    first, last = (1 if far[0] else 0), (len(line) - 1 if far[-1] else len(line))
    return line[first:last]


def _chained(dots: NDArray[np.float64], reach: float, slack: float) -> list[NDArray[np.float64]]:
    """Link each speck to the nearest one on its right on its row."""
    following = np.full(len(dots), -1)
    taken = np.zeros(len(dots), bool)
    last = np.searchsorted(dots[:, 4], dots[:, 4] + reach, "right")
    for i in range(len(dots)):
        after = np.flatnonzero(np.abs(dots[i + 1 : last[i], 5] - dots[i, 5]) <= slack) + i + 1
        if after.size and not taken[after[0]]:
            following[i] = after[0]
            taken[after[0]] = True
    runs = []
    for first in np.flatnonzero(~taken):
        members = [int(first)]
        while following[members[-1]] >= 0:
            members.append(int(following[members[-1]]))
        runs.append(dots[members])
    return runs


def _is_regular(run: NDArray[np.float64]) -> bool:
    """Tell whether most steps of a run of specks are alike."""
    steps = np.diff(run[:, 4])
    usual = quantile(steps, 0.5)
    return bool(np.mean(np.abs(steps - usual) <= EVEN_STEP * usual + 0.5) >= EVENLY)


def _longest_run(line: NDArray[np.float64]) -> int:
    """Return the greatest number of specks at one pitch without a gap."""
    steps = np.diff(line[:, 4])
    usual = quantile(steps, 0.5)
    gaps = np.flatnonzero(np.abs(steps - usual) > EVEN_STEP * usual + 0.5)
    edges = np.concatenate([[-1], gaps, [len(steps)]])
    return int(np.diff(edges).max())


def _level(line: NDArray[np.float64]) -> Level:
    """Make a level rule of a line of dots."""
    x0, x1 = int(line[0, 0]), int(line[-1, 0] + line[-1, 2])
    seen = np.zeros(x1 - x0, bool)
    for x, wide in line[:, (0, 2)].astype(np.int64):
        seen[x - x0 : x - x0 + wide] = True
    y = np.interp(np.arange(x0, x1), line[:, 4], line[:, 5])
    return Level(x0, y, seen, max(1.0, quantile(line[:, 3], 0.5)), UNEVEN)
