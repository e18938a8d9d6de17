"""Dark bars of a form, as the headings of a table: the row below one begins at its lower edge.

Shared below the stages. No line is printed there: of a drawn chart the first row had no cells.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from formreader.document import Grey
from formreader.rules import Level, Rules
from formreader.rules_tinted import WHITE, brightness

DARK = 0.8
"""Brightness of a bar at most, as a share of the white around it; paler is the tint of a row."""
BLACK = 0.5
"""The same of one whose upper edge may be that of a row, too: tinted rows of a tax form lost the
boxes in them."""
LOWEST_MM, HIGHEST_MM, SHORTEST_MM = 4.0, 20.0, 15.0
"""Least and greatest height and least width of a bar in millimetres: the frames of white boxes are
thinner (by the edge of one, 3 mm thick, numbers on drawn meter cards were lost), letters shorter,
pictures higher."""
WHOLE = 0.85
"""Share of its box that a bar fills; what has holes is a frame."""
STROKE_MM = 2.0
"""Width of the strokes of white letters in a bar, in millimetres, that are filled."""
FILLED = 0.65
"""Least share of a bar that is dark without that: of a line of bold letters it is half."""
STRAIGHT_MM = 0.3
"""How far its edges lie above or below a straight line at most, in millimetres."""
KNOWN_MM, KNOWN = 0.5, 0.5
"""How near a printed rule is that edge, in millimetres, and along how much of it."""


def edges(image: Grey, pixels_per_mm: float) -> tuple[list[Level], list[Level]]:
    """Return the lower edges of the dark bars of a page, and the upper ones of the black.

    The page is uint8 (H, W) with dark ink.
    """
    half = cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    scale = pixels_per_mm / 2
    bright = brightness(half, scale)
    mask = (bright < DARK * WHITE).view(np.uint8)
    filled = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, _block(STROKE_MM * scale, STROKE_MM * scale))
    bars = cv2.morphologyEx(filled, cv2.MORPH_OPEN, _block(SHORTEST_MM * scale, LOWEST_MM * scale))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(bars, connectivity=4)
    lower: list[Level] = []
    upper: list[Level] = []
    for number, (x, y, wide, high, area) in enumerate(stats.tolist()[1:], 1):
        part = np.s_[y : y + high, x : x + wide]
        mine = labels[part] == number
        if high > HIGHEST_MM * scale or area < WHOLE * wide * high:
            continue
        if int(mask[part][mine].sum()) < FILLED * area:
            continue
        feet, heads = y + high - mine[::-1].argmax(axis=0), y + mine.argmax(axis=0)
        is_black = float(bright[part][mine].mean()) < BLACK * WHITE
        for found, ends in ((lower, feet), (upper, heads))[: 1 + is_black]:
            usual = np.polyval(np.polyfit(np.arange(wide), ends, 1), np.arange(wide))
            if np.median(np.abs(ends - usual)) <= STRAIGHT_MM * scale:
                rows = np.repeat(np.asarray(2 * usual, np.float64), 2)[: image.shape[1] - 2 * x]
                found.append(Level(2 * x, rows, np.ones(rows.size, bool), 1.0, 0.0))
    return lower, upper


def with_bars(found: Rules, edges: list[Level], pixels_per_mm: float) -> Rules:
    """Add the `edges` of bars to the level rules of a picture, where none is printed."""
    reach = KNOWN_MM * pixels_per_mm
    fresh = [edge for edge in edges if _printed(found.levels, edge, reach) < KNOWN]
    if not fresh:
        return found
    levels = sorted([*found.levels, *fresh], key=lambda level: float(level.y.mean()))
    return replace(found, levels=levels)


def _printed(levels: list[Level], edge: Level, reach: float) -> float:
    """Return along which share of an edge rules run near."""
    seen = np.zeros(len(edge.y), bool)
    for level in levels:
        first, last = max(level.x0, edge.x0), min(level.x1, edge.x1)
        if first < last:
            ours, theirs = (slice(first - r.x0, last - r.x0) for r in (edge, level))
            seen[ours] |= np.abs(edge.y[ours] - level.y[theirs]) <= reach
    return float(seen.mean())


def _block(wide: float, high: float) -> Grey:
    """Return a solid kernel of so many pixels."""
    return np.ones((max(1, round(high)), max(1, round(wide))), np.uint8)
