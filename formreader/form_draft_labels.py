"""Find where in a cell with print a number is written: part of `form draft`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from formreader.locate import Cell

PRINTED = 0.012
"""Share of ink in a cell from which it holds print and is no place to write."""
MARK_MM = 0.9
"""Least side of a printed character, in millimetres; specks of a scan are smaller."""
LABEL_TOP_MM = 1.6
"""How far below the upper edge of its box a label inside it begins at most, in millimetres."""
FREE_MM, FREE = 4.2, 0.55
"""Least height of the space that it leaves, in millimetres and as a share of the box's; the
headings of a table, which stand midway, leave less."""
PARTING_MM, JOINED_MM, MOST_PARTING, PART_MM = 3.6, 1.0, 3, 6.0
"""Greatest width of a mark that parts a number, in millimetres, the gap up to which its strokes are
one, the number of such marks at most, and the width of the two widest parts at least."""
WORDS_MM = 2.5
"""Gap in millimetres up to which words are one label."""
DOT_MM, DOTS_APART_MM = (0.15, 1.0), (0.4, 2.6)
"""Least and greatest side of a dot of a colon, and how far its dots are apart, in millimetres."""
BAR_MM = (0.9, 3.5)
"""Least and greatest length of the bars of an equals sign, in millimetres."""
RIM_MM, TOUCHING_MM = 1.0, 1.2
"""Distance of such a space from its label, and of two cells that have a wall in common at most, in
millimetres."""
BESIDE_MM, UNIT_MM, AT_EDGE_MM = 12.0, 10.0, 4.0
"""Least width of the space beside a label, the greatest of a unit after it, and its distance from
the edge of its cell at most, in millimetres."""
SIGN_MM = 4.5
"""Greatest width of a sign before a number, such as that of a currency, in millimetres."""

Marks = np.ndarray[tuple[int, int], np.dtype[np.int32]]


def free_parts(ink: np.ndarray, cell: Cell, cells: Sequence[Cell], scale: float) -> list[Cell]:
    """Return the parts of a cell that are empty: all of it, or below or beside its labels.

    Of 69 numbers of a sheet whose cells hold "Tél. :" or "kg" 40 had no field. A label asks for
    what is written in the next of the `cells` if that is empty.
    """
    below = below_label(ink, cell, scale)
    if below:
        return [below]
    under = under_line(ink, cell, scale)
    if under and (before := beside_labels(ink, under, scale)):
        return before
    near = TOUCHING_MM * scale
    following = [
        other
        for other in cells
        if abs(other.left - cell.right) < near and other.top < cell.middle < other.bottom
    ]
    if any(not len(marks_in(ink, other, scale)) for other in following):
        return []
    return beside_labels(ink, cell, scale)


def beside_labels(ink: np.ndarray, cell: Cell, scale: float) -> list[Cell]:
    """Return the empty parts of a cell after a colon, equals sign or currency and before a unit.

    Of 66 numbers in boxes with a printed € none had a field.
    """
    marks = marks_in(ink, cell, scale)
    if not len(marks):
        return []
    joined = WORDS_MM * scale
    order = marks[np.argsort(marks[:, 0])]
    reach = np.maximum.accumulate(order[:, 0] + order[:, 2])
    first = np.flatnonzero(np.r_[True, order[1:, 0] - reach[:-1] > joined])
    words = [order[a:b] for a, b in zip(first, [*first[1:], len(order)], strict=True)]
    spans = [(int(w[0, 0]), int((w[:, 0] + w[:, 2]).max())) for w in words]
    is_unit = spans[-1][1] - spans[-1][0] <= UNIT_MM * scale
    is_unit &= spans[-1][1] >= cell.width - AT_EDGE_MM * scale
    is_sign = len(spans) == 1 and spans[0][1] - spans[0][0] <= SIGN_MM * scale
    is_sign &= spans[0][0] <= AT_EDGE_MM * scale
    found = []
    for place, (_, end) in enumerate(spans):
        until = spans[place + 1][0] if place + 1 < len(spans) else cell.width
        if is_sign or asks(words[place], scale):
            found.append((end, until))
    if is_unit and len(spans) == 1:
        found.append((0, spans[0][0]))
    rim = RIM_MM * scale
    return [
        replace(cell, left=cell.left + start + (rim if start else 0), right=cell.left + end - rim)
        for start, end in found
        if end - start >= BESIDE_MM * scale
    ]


def under_line(ink: np.ndarray, cell: Cell, scale: float) -> Cell | None:
    """Return the part of a cell under a line of print at its upper edge, if more print is there.

    Of 28 numbers in boxes with a name above and a unit below none had a field.
    """
    marks = marks_in(ink, cell, scale)
    order = marks[np.argsort(marks[:, 1])]
    reach = np.maximum.accumulate(order[:, 1] + order[:, 3])
    lower = np.flatnonzero(order[1:, 1] > reach[:-1])
    if not lower.size or order[0, 1] > (LABEL_TOP_MM + 0.5) * scale:
        return None
    free = replace(cell, top=cell.top + float(reach[lower[0]]))
    return free if free.height >= max(FREE_MM * scale, FREE * cell.height) else None


def marks_in(ink: np.ndarray, cell: Cell, scale: float) -> Marks:
    """Return what is printed in a cell: left, top, width and height from its corner (N, 4)."""
    rim = round(0.5 * scale)
    top, left = round(max(0, cell.top)) + rim, round(max(0, cell.left)) + rim
    part = np.ascontiguousarray(ink[top : round(cell.bottom) - rim, left : round(cell.right) - rim])
    if not part.size:
        return np.zeros((0, 4), np.int32)
    stats = cv2.connectedComponentsWithStats(part.view(np.uint8), connectivity=8)[2][1:, :4]
    stats = stats[stats[:, 2:].max(axis=1) >= DOT_MM[0] * scale]
    stats[:, :2] += rim
    return np.asarray(stats, np.int32)


def asks(word: Marks, scale: float) -> bool:
    """Tell whether a label ends in a colon or an equals sign: two marks alike, one over the other.

    `word` (N, 4) are its marks as `marks_in` gives them.
    """
    x, y, wide, high = word.T / scale
    last = int((x + wide).argmax())
    under = (np.abs(x - x[last]) < DOT_MM[1] / 2) & (np.abs(wide - wide[last]) < DOT_MM[1] / 2)
    apart = np.abs(y - y[last])
    pair = under & (apart >= DOTS_APART_MM[0]) & (apart <= DOTS_APART_MM[1])
    pair &= high <= DOT_MM[1]
    sized = DOT_MM[0] <= wide[last] <= DOT_MM[1] or BAR_MM[0] <= wide[last] <= BAR_MM[1]
    return bool(pair.sum() == 1 and sized and high[last] <= DOT_MM[1])


def parted(marks: np.ndarray, cell: Cell, scale: float) -> bool:
    """Tell whether the print in a cell only parts a number, as the slashes of a date.

    `marks` (N, 4+) are left, top, width and height from the cell's left in pixels. 84 of 130 cells
    of a drawn timesheet, for dates and times, had no field.
    """
    edges = sorted((x, x + wide) for x, wide in marks[:, (0, 2)].tolist())
    spans = [list(edges[0])]
    for left, right in edges[1:]:
        if left - spans[-1][1] <= JOINED_MM * scale:
            spans[-1][1] = max(spans[-1][1], right)
        else:
            spans.append([left, right])
    ends = [0.0, *(edge for span in spans for edge in span), cell.width]
    free = [right - left for left, right in zip(ends[::2], ends[1::2], strict=True)]
    narrow = max(right - left for left, right in spans) <= PARTING_MM * scale
    return len(spans) <= MOST_PARTING and narrow and sorted(free)[-2] >= PART_MM * scale


def below_label(ink: np.ndarray, cell: Cell, scale: float) -> Cell | None:
    """Return the part of a cell that is empty: all, or below a label at its upper edge.

    None where print stands elsewhere in it and does more than part a number. Of 49 numbers in
    boxes of a drawn form with their labels inside 35 had no field; a small label left in a
    field was accepted as its number.
    """
    rim = 0.5 * scale
    top, left = int(max(0, cell.top + rim)), int(max(0, cell.left + rim))
    part = ink[top : int(cell.bottom - rim) + 1, left : int(cell.right - rim) + 1]
    if part.size == 0:
        return None
    stats = cv2.connectedComponentsWithStats(part.view(np.uint8), connectivity=8)[2][1:]
    marks = stats[stats[:, 2:4].max(axis=1) >= MARK_MM * scale]
    if not len(marks):
        return None if holds_print(ink, cell, scale) else cell
    if parted(marks, cell, scale):
        return cell
    free = replace(cell, top=float(top + (marks[:, 1] + marks[:, 3]).max()))
    at_top = marks[:, 1].min() <= LABEL_TOP_MM * scale
    enough = free.height >= max(FREE_MM * scale, FREE * cell.height)
    return free if at_top and enough and not holds_print(ink, free, scale) else None


def holds_print(ink: np.ndarray, cell: Cell, scale: float) -> bool:
    """Tell whether something is printed inside a cell."""
    rim = 0.5 * scale
    part = ink[
        int(max(0, cell.top + rim)) : int(cell.bottom - rim) + 1,
        int(max(0, cell.left + rim)) : int(cell.right - rim) + 1,
    ]
    return part.size == 0 or float(part.mean()) > PRINTED
