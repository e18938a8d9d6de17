"""Find the columns of tables that are ruled level alone: part of `form draft`.

No wall says where a column ends; its heading does. Of 293 numbers on two forms with such tables, an
election record and a vaccination card, 268 were not read.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from formreader.document import Grey, Mask
from formreader.form_draft_labels import marks_in
from formreader.locate import Cell
from formreader.rules import Level

LONGEST_MM = 60.0
"""Least length of the rules of such a table, in millimetres."""
SAME_END_MM, SAME_RULE_MM = 1.5, 2.5
"""How far the right ends of its rules differ, and how near two rules are that are one, in
millimetres: the lower edge of a dark heading is seen beside the rule under it."""
ROW_MM = (4.5, 16.0)
"""Least and greatest height of a row, in millimetres."""
FEWEST_ROWS, FEWEST_HEADS = 4, 3
"""Rules in a stack, with the lower edge of a heading's bar, and headings over it, at least, that
make a table."""
BAR_MM, TINTED = (3.0, 14.0), 0.93
"""Least and greatest height of a tinted heading in millimetres, and its brightness at most, as a
share of that of paper."""
CONTRAST = 40
"""How much brighter or darker letters are than their bar, of 255 shades."""
WALLED = 0.1
"""Share of a table in cells from which it has walls: letters are sometimes taken for a comb."""
WORDS_MM = 2.5
"""Gap in millimetres up to which words are one heading."""
MARK_MM = 0.4
"""Least height of a mark of a heading in millimetres."""
PAD_MM = 1.5
"""How far left of headings set to the left their columns begin, in millimetres."""
NARROWEST_MM = 8.0
"""Least width of a column to write in, in millimetres."""

Span = tuple[float, float]


def places_in_columns(
    image: Grey, ink: Mask, levels: Sequence[Level], cells: Sequence[Cell], scale: float
) -> list[Cell]:
    """Return the empty places in the columns of tables without upright rules.

    `image` uint8 (H, W) is a straight blank, `ink` bool (H, W) its ink, `scale` in pixels a
    millimetre. Where there are `cells`, walls part the columns.
    """
    found: list[Cell] = []
    for stack in stacks(levels, scale):
        left, right = min(level.x0 for level in stack), max(level.x1 for level in stack)
        rows = [float(level.y.mean()) for level in stack]
        heads, rows = headed(image[:, left:right], ink[:, left:right], rows, scale)
        if len(heads) < FEWEST_HEADS:
            continue
        edges = [left + edge for edge in column_edges(heads, right - left, scale)]
        held = sum(_held(cell, edges[0], rows[0], right, rows[-1]) for cell in cells)
        if held > WALLED * (right - edges[0]) * (rows[-1] - rows[0]):
            continue
        found += [
            cell
            for top, bottom in pairwise(rows)
            for a, b in pairwise(edges)
            if b - a >= NARROWEST_MM * scale
            and not len(marks_in(ink, cell := Cell(a, top, b, bottom), scale))
        ]
    return found


def headed(
    image: Grey, ink: Mask, rows: list[float], scale: float
) -> tuple[list[Span], list[float]]:
    """Return from where to where the headings of a table run, and the rules of the rows under them.

    They stand in a tinted bar that ends at the first of the `rows`, in one that ends a row over it,
    as a pale one has no rule of its own, or else between the first two. Too few rows have none.
    """
    enough = len(rows) >= FEWEST_ROWS
    if enough and (heads := in_bar(image, rows[0], scale)):
        return heads, rows
    over = rows[0] - float(np.median(np.diff(rows)))
    slack = SAME_RULE_MM * scale
    first = max(0, round(over - slack))
    ends = first + np.flatnonzero(_tinted(image, first, round(over + slack)))
    if ends.size and (heads := in_bar(image, float(ends[-1]), scale)):
        return heads, [float(ends[-1]) + 1, *rows]
    between = ink[round(rows[0]) : round(rows[1])]
    return spans_of(between, scale) if enough else [], rows[1:]


def stacks(levels: Sequence[Level], scale: float) -> list[list[Level]]:
    """Return the stacks of long level rules that end at one place, each from the top."""
    ends: list[list[Level]] = []
    for level in sorted(levels, key=lambda level: float(level.y.mean())):
        if len(level.y) < LONGEST_MM * scale:
            continue
        for stack in ends:
            last = stack[-1]
            apart = float(level.y.mean() - last.y.mean()) / scale
            if abs(level.x1 - last.x1) > SAME_END_MM * scale or apart > ROW_MM[1]:
                continue
            if apart < SAME_RULE_MM:
                stack[-1] = level
                break
            if apart >= ROW_MM[0]:
                stack.append(level)
                break
        else:
            ends.append([level])
    return [stack for stack in ends if len(stack) >= FEWEST_ROWS - 1]


def in_bar(image: Grey, bottom: float, scale: float) -> list[Span]:
    """Return from where to where headings run in a tinted bar that ends at a row, if one does."""
    first = max(0, round(bottom - BAR_MM[1] * scale))
    last = max(first, round(bottom - SAME_END_MM * scale))
    part = image[first:last]
    if not part.size:
        return []
    pale = np.flatnonzero(~_tinted(image, first, last))
    bar = part[pale[-1] + 1 if pale.size else 0 :]
    if len(bar) < BAR_MM[0] * scale:
        return []
    letters = np.abs(bar - float(np.median(bar))) > CONTRAST
    letters[:, letters.all(axis=0)] = False  # paper beside the bar
    return spans_of(letters, scale)


def _tinted(image: Grey, first: int, last: int) -> Mask:
    """Tell which of some rows of pixels are mostly darker than paper: bool (N,)."""
    usual = np.median(image[first:last], axis=1)
    return np.asarray(usual < TINTED * float(np.percentile(image, 90)))


def spans_of(ink: Mask, scale: float) -> list[Span]:
    """Return from where to where words run that stand apart in a strip of ink (H, W)."""
    stats = cv2.connectedComponentsWithStats(
        np.ascontiguousarray(ink).view(np.uint8), connectivity=8
    )[2][1:]
    high = stats[:, cv2.CC_STAT_HEIGHT]
    kept = stats[(high >= MARK_MM * scale) & (stats[:, cv2.CC_STAT_WIDTH] < ink.shape[1] / 2)]
    spans: list[Span] = []
    for x, wide in sorted(kept[:, (cv2.CC_STAT_LEFT, cv2.CC_STAT_WIDTH)].tolist()):
        if spans and x - spans[-1][1] <= WORDS_MM * scale:
            spans[-1] = (spans[-1][0], max(spans[-1][1], x + wide))
        else:
            spans.append((x, x + wide))
    return spans


def column_edges(heads: Sequence[Span], width: float, scale: float) -> NDArray[np.float64]:
    """Return where columns begin and end in a table `width` pixels wide, by their headings.

    Headings set in the middle of their columns tell their edges one by one from the right; where
    that leads into a heading, they are set to the left.
    """
    edges = [width]
    for head, before in pairwise(heads[::-1]):
        edge = sum(head) - edges[-1]
        if not before[1] < edge < head[0]:
            lefts = [left - PAD_MM * scale for left, _ in heads]
            return np.array([*np.maximum(lefts, 0), width])
        edges.append(edge)
    return np.array([0.0, *edges[::-1]])


def _held(cell: Cell, left: float, top: float, right: float, bottom: float) -> float:
    """Return how much of a cell lies in a table, in square pixels."""
    wide = min(cell.right, right) - max(cell.left, left)
    high = min(cell.bottom, bottom) - max(cell.top, top)
    return max(0.0, wide) * max(0.0, high)
