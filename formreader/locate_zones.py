"""Where lines run that are taken out before writing is looked for (a part of stage 3)."""

from __future__ import annotations

import cv2
import numpy as np

from formreader.document import Mask
from formreader.locate_boxes import Cell
from formreader.rules import Level, Rules

LONG_LEVEL_MM, LONG_UPRIGHT_MM = 6.0, 8.0
"""Length in millimetres from which a level or an upright rule is taken out wherever it runs."""
EVEN = 0.6
"""Swing of darkness along a level rule below which it is a line and no row of letters."""
FOOT_MM = 0.6
"""Distance from a level rule, in millimetres, within which only its own rows are taken for it."""
OWN_PX = 0.8
"""Distance from its measured edge, in pixels, up to which a row is the rule's: it is blurred."""
SURELY_RULE_MM = 16.0
"""Length in millimetres from which a level rule is no row of strokes, however it bends."""
BEND_MM, LEAN = 0.035, 0.02
"""How far a shorter one strays from a straight line on average, in millimetres, and how much it
leans; printed ones stray by 0.02. The bar of a 5 and the top of the 8 after it, in a cell, made a
rule of 8 mm, and both were taken out; so did the feet of two 2s over a line, and 42250 was read
42750."""
SAME_LINE_PX = 2.0
"""How far the middles of two pieces of one line lie apart beyond half its thickness, in pixels."""
SMOOTH_MM = 5.0
"""Length in millimetres over which a rule's height on the page is smoothed: feet pull it up."""
ALL_LONG = 0.95
"""Share of a cell's height from which its wall is a long upright: only what lies at that is taken
for the wall. Of 12:50 beside one the 1 was, too, and 250 stood for the number."""
REACH_MM = 0.7
"""How far from the edge of a cell its line may lie, in millimetres."""


def level_lines(rules: Rules, scale: float) -> Mask:
    """Return where level rules run, without the feet of characters that stand right on them.

    Of printed 2s close over the rule of a comb the feet went with it, and 2024 was read as 7074.
    """
    band, own = np.zeros((2, *rules.across.shape), bool)
    reach = round(FOOT_MM * scale)
    last = rules.across.shape[0] - 1
    for level in _lines(rules, scale):
        columns = np.arange(level.x0, level.x1)
        window = min(len(columns), round(SMOOTH_MM * scale) | 1)
        ends = (window // 2, (window - 1) // 2)
        runs = np.lib.stride_tricks.sliding_window_view(np.pad(level.y, ends, "edge"), window)
        middle = np.median(runs, axis=1)
        for shift in range(-reach - 2, reach + 3):
            lines = np.clip(np.floor(middle) + shift, 0, last).astype(np.int64)
            off = np.abs(lines - middle) - level.thick / 2
            band[lines, columns] |= off < reach
            own[lines, columns] |= off < OWN_PX
    return np.asarray(rules.across & (own | ~band), np.bool_)


def level_zone(rules: Rules, cells: list[Cell], scale: float) -> tuple[Mask, list[Level]]:
    """Return where long level rules and the tops and bottoms of cells are, and the former."""
    shape = rules.across.shape
    zone = np.zeros(shape, bool)
    levels = [level for level in _lines(rules, scale) if _printed(level, cells, scale)]
    _mark(zone, levels)
    reach = max(4, round(REACH_MM * scale))
    for cell in cells:
        for y in (cell.top, cell.bottom):
            part = (
                slice(max(0, int(y) - reach), int(y) + reach + 1),
                slice(max(0, int(cell.left) - reach), int(cell.right) + reach + 1),
            )
            zone[part] |= rules.across[part]
    return zone, levels


def edge_zone(rules: Rules, cell: Cell, reach: int) -> Mask:
    """Return where level rules run along the upper and lower edge of a cell, `reach` px around.

    Of several near an edge the longest is its line, with what goes on in the same rows. The feet
    of printed digits close over it were taken for a part of it: of 215 printed 2s on drawn
    cheques 34 were read as 7s.
    """
    zone = np.zeros(rules.across.shape, bool)
    left, right = cell.left - reach, cell.right + reach
    for y in (cell.top, cell.bottom):
        even = (v for v in rules.levels if v.even < EVEN)
        near = [v for v in even if abs(float(v.y.mean()) - y) <= reach + v.thick / 2]
        shared = [min(v.x1, right) - max(v.x0, left) for v in near]
        if not near or max(shared) <= 0:
            continue
        line = near[int(np.argmax(shared))]
        row, slack = float(line.y.mean()), line.thick / 2 + SAME_LINE_PX
        _mark(zone, [v for v in near if abs(float(v.y.mean()) - row) <= slack])
    zone[:, : max(0, int(left))] = zone[:, int(right) + 1 :] = False
    return zone & rules.across


def _mark(zone: Mask, levels: list[Level]) -> None:
    """Mark where level rules run in a mask, in place."""
    for level in levels:
        half = level.thick / 2 + 1
        for shift in np.arange(-half, half + 0.5):
            lines = np.clip(np.rint(level.y + shift), 0, len(zone) - 1).astype(np.int64)
            zone[lines, np.arange(level.x0, level.x1)] = True


def _lines(rules: Rules, scale: float) -> list[Level]:
    """Return the level rules that are too long for a stroke and no rows of letters."""
    least = LONG_LEVEL_MM * scale
    return [v for v in rules.levels if len(v.y) >= least and v.even < EVEN]


def _printed(level: Level, cells: list[Cell], scale: float) -> bool:
    """Tell whether a level rule is printed and not the feet of several digits side by side."""
    sure = len(level.y) >= SURELY_RULE_MM * scale
    return sure or _along_edge(level, cells, scale) or _straight(level, scale)


def _along_edge(level: Level, cells: list[Cell], scale: float) -> bool:
    """Tell whether a level rule runs along the upper or lower edge of a cell."""
    y, rim = float(level.y.mean()), REACH_MM * scale
    return any(
        min(abs(y - cell.top), abs(y - cell.bottom)) <= rim
        and cell.left - rim < level.x1
        and level.x0 < cell.right + rim
        for cell in cells
    )


def _straight(level: Level, scale: float) -> bool:
    """Tell whether a level rule is as straight as a printed one."""
    x = np.arange(len(level.y))
    lean, start = np.polyfit(x, level.y, 1)
    bend = float(np.abs(level.y - lean * x - start).mean())
    return bool(bend < BEND_MM * scale and abs(lean) < LEAN)


def upright_zone(rules: Rules, cells: list[Cell], scale: float) -> Mask:
    """Return where long upright rules and the walls of cells are."""
    long = np.ones((round(LONG_UPRIGHT_MM * scale), 1), np.uint8)
    up = rules.up.view(np.uint8)
    zone = np.asarray(cv2.morphologyEx(up, cv2.MORPH_OPEN, long), np.uint8).view(np.bool_)
    near = cv2.dilate(zone.view(np.uint8), np.ones((1, 3), np.uint8)).view(np.bool_)
    reach = max(4, round(REACH_MM * scale))
    for cell in cells:
        for x in (cell.left, cell.right):
            part = (
                slice(max(0, int(cell.top) - reach), int(cell.bottom) + reach + 1),
                slice(max(0, int(x) - reach), int(x) + reach + 1),
            )
            along = near[max(0, int(cell.top)) : int(cell.bottom), part[1]].any(axis=1)
            is_long = bool(along.size and along.mean() >= ALL_LONG)  # a cell may lie off the page
            zone[part] |= rules.up[part] & near[part] if is_long else rules.up[part]
    return zone
