"""Find the places to write on of a blank form: part of `form draft`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import cv2
import numpy as np

from formreader import binarize, locate
from formreader.document import Grey
from formreader.form_draft_columns import places_in_columns
from formreader.form_draft_labels import MARK_MM, TOUCHING_MM, free_parts, holds_print, marks_in
from formreader.form_names import Draft
from formreader.locate import Cell, Row
from formreader.rules import Level
from formreader.rules_dotted import is_dotted

LOWEST_MM, NARROWEST_MM = 3.2, 6.0
"""Least height and width in millimetres of a table cell in which a number can be written."""
CHECKBOX_MM = 6.5
"""Largest side of a checkbox in millimetres."""
TABLED_MM = 4.0
"""Least side in millimetres of a cell of a table that is no box to tick: 331 of 364 numbers of a
drawn register were accepted as ticks."""
FEWEST_BOXES, NO_HINT, CHARACTER = 2, 0.5, 0.3
"""Empty boxes of a row from which print in others is no hint, its darkness at least, as a share of
the page's ink, and its height, as a share of the box's."""
COLUMN_MM, FEWEST_FILLED = 0.5, 4
"""How far the sides of a column's cells differ, in millimetres, and cells filled by print from
which it is a column of print (chosen)."""
COMMA_MM, AS_WIDE = 3.0, 0.4
"""Greatest side of a printed comma or point, in millimetres, and how much the places of two cents
differ in width, as a share (chosen)."""
LINE_MM = 12.0
"""Shortest line to write on, in millimetres."""
ABOVE_MM = 5.5
"""Height of the space above such a line that must be empty, in millimetres."""
AROUND_MM, AROUND, LETTERS_MM = (0.7, 1.5), 0.1, 5.0
"""Where around a box, in millimetres from its inside, and how much ink on three of its sides makes
it a gap between letters, and the greatest height of such a gap: one was accepted as ticked."""
UNDER_MM, UNDER = (0.3, 0.6), 0.08
"""Where below a line, in millimetres, and how much ink makes it the upper edge of letters."""
BELOW_MM = 2.5
"""How far below a line is looked whether it is the upper edge of a dark bar, in millimetres."""
EDGE_OF_MM, PALE_BAR = (0.3, 1.0), 0.95
"""Where below a line, in millimetres, and how bright at most, as a share of the space above, it is
the upper edge of a bar."""
WHITE_PERCENT, TINTED = 90, 0.72
"""Percentile of a blank's brightness that is its paper's, and the brightness of a place to write at
least, as a share of that: on the dark headings of a vaccination card bright letters made a row of
boxes, and its pages were refused as another version."""
LEADS_MM = 14.0
"""How far after a line of dots the place lies that it leads to, in millimetres."""
EDGE_MM = 1.2
"""How near the upper edge of a box a line is that edge, in millimetres."""


def find_places(image: Grey, dpi: float) -> list[Draft]:
    """Find boxes, combs, empty cells, checkboxes and lines on a straight blank page."""
    scale = dpi / 25.4
    rows, cells, levels = locate.empty_places(image, dpi)
    dark = binarize.darkness(image, scale)
    usual = binarize.ink_level(dark)
    ink = binarize.ink_mask(dark, usual)
    white = float(np.percentile(image, WHITE_PERCENT))
    light = partial(on_paper, image, TINTED * white)
    rows = [row for row in rows if any(map(light, row.cells))]
    rows = [row for row in rows if not among_letters(ink, row.frame, scale)]
    rows = [without_printed(row, dark > NO_HINT * usual, scale) for row in rows]
    found = [Draft(str(row.kind), tuple(in_mm(c, scale) for c in row.cells)) for row in rows]
    boxes = [row.frame for row in rows]
    taken = list(boxes)
    parts = [free_parts(ink, cell, cells, scale) for cell in cells]
    filled = among_printed(cells, parts, ink, scale)
    parts = with_last_cents(cells, parts, ink, scale)
    grid = locate.in_grid(cells, scale)
    for cell, tabled, free_ones in zip(cells, grid, parts, strict=True):
        if any(meets(cell, other) for other in taken) or cell in filled:
            continue
        for free in free_ones:
            kind = kind_of(free, scale, bool(tabled))
            if kind and not (kind == "checkbox" and among_letters(ink, cell, scale)):
                found.append(Draft(kind, (in_mm(free, scale),)))
                taken.append(cell)
    for place in places_in_columns(image, ink, levels, (*boxes, *cells), scale):
        if any(meets(place, other) for other in taken):
            continue
        found.append(Draft("line", (in_mm(place, scale),)))
        taken.append(place)
    for level in levels:
        line = space_above(level, scale)
        known = (*taken, *cells)
        if (
            line is None
            or not light(line)
            or not light(space_below(level, scale))
            or over_bar(image, level, line, scale)
            or holds_print(ink, line, scale)
            or any(edge_of(line, c, scale) for c in known)
            or under_print(ink, level, scale)
            or (is_dotted(level) and any(leads_to(line, c, scale) for c in (*boxes, *cells)))
        ):
            continue
        if not any(meets(line, other) for other in known):
            found.append(Draft("line", (in_mm(line, scale),)))
            taken.append(line)
    return found


def with_last_cents(
    cells: Sequence[Cell], parts: Sequence[list[Cell]], ink: np.ndarray, scale: float
) -> list[list[Cell]]:
    """Join places that end one character after a printed comma with the character beside them.

    A hairline parts the two cents of an Italian tax form: of 54 amounts by its draft six were
    accepted without their last digit. `parts` are the places that each of the `cells` leaves.
    """
    found = list(parts)
    for at, cell in enumerate(cells):
        marks = marks_in(ink, cell, scale)
        if len(marks) != 1 or parts[at] != [cell]:
            continue
        x, y, wide, high = marks[0].tolist()
        if max(wide, high) > COMMA_MM * scale or y + high / 2 < cell.height / 2:
            continue
        for next_at, last in enumerate(cells):
            beside = abs(last.left - cell.right) < TOUCHING_MM * scale
            level = abs(last.top - cell.top) < scale and abs(last.bottom - cell.bottom) < scale
            as_wide = abs(cell.width - x - wide - last.width) < AS_WIDE * last.width
            if beside and level and as_wide and not len(marks_in(ink, last, scale)):
                found[at], found[next_at] = [replace(cell, right=last.right)], []
    return found


def among_printed(
    cells: Sequence[Cell], parts: Sequence[Sequence[Cell]], ink: np.ndarray, scale: float
) -> list[Cell]:
    """Return the cells with a mark in the middle, of columns that print fills for the most part.

    A printed 77 was taken for a mark that parts two numbers, and accepted as read: the others of
    its column, wider, left no place to write. `parts` are the places that each cell leaves.
    """
    marked = [any(max(m[2:]) >= MARK_MM * scale for m in marks_in(ink, c, scale)) for c in cells]
    full = np.array([mark and not free for mark, free in zip(marked, parts, strict=True)], bool)
    sides = np.array([(cell.left, cell.right) for cell in cells], np.float64).reshape(-1, 2)
    found = []
    for at, cell in enumerate(cells):
        if not marked[at] or list(parts[at]) != [cell]:  # or the place is beside a label
            continue
        column = (np.abs(sides - sides[at]) < COLUMN_MM * scale).all(axis=1)
        if (full & column).sum() >= max(FEWEST_FILLED, column.sum() / 2):
            found.append(cell)
    return found


def without_printed(row: Row, ink: np.ndarray, scale: float) -> Row:
    """Leave out the first and last boxes of a row that have their characters printed in them.

    Such are the pence of an amount in whole pounds: an empty one was accepted as 00. Where all have
    them they are hints, as are paler ones, which are no `ink`.
    """
    empty = [k for k, cell in enumerate(row.cells) if not holds_character(ink, cell, scale)]
    if len(empty) < FEWEST_BOXES:
        return row
    return replace(row, cells=row.cells[empty[0] : empty[-1] + 1])


def in_mm(cell: Cell, scale: float) -> tuple[float, float, float, float]:
    """Return the edges of a box in mm, its printed lines' middles taken for its edges."""
    pad = 0.3
    return (
        cell.left / scale - pad, cell.top / scale - pad,
        cell.right / scale + pad, cell.bottom / scale + pad,
    )  # fmt: skip


def kind_of(cell: Cell, scale: float, is_tabled: bool) -> str | None:
    """Tell a checkbox from a cell to write in, as those of a table; None for what is too small."""
    wide, high = cell.width / scale, cell.height / scale
    if is_tabled and min(wide, high) >= TABLED_MM:
        return "cell"
    if max(wide, high) <= CHECKBOX_MM and 0.6 < wide / high < 1.6:
        return "checkbox"
    return "cell" if high >= LOWEST_MM and wide >= NARROWEST_MM else None


def among_letters(ink: np.ndarray, frame: Cell, scale: float) -> bool:
    """Tell whether a small box was seen in a line of text: letters stand right around it."""
    if frame.height > LETTERS_MM * scale:
        return False
    near, far = (round(mm * scale) for mm in AROUND_MM)
    x0, x1 = round(frame.left) - near, round(frame.right) + near
    y0, y1 = max(0, round(frame.top) - near), round(frame.bottom) + near
    wide = far - near
    sides = (
        ink[y0:y1, max(0, x0 - wide) : max(0, x0)],
        ink[y0:y1, x1 : x1 + wide],
        ink[max(0, y0 - wide) : y0, max(0, x0) : x1],
        ink[y1 : y1 + wide, max(0, x0) : x1],
    )
    shares = [float(side.mean()) for side in sides if side.size]
    return len(shares) > 1 and sorted(shares)[1] > AROUND


def edge_of(line: Cell, cell: Cell, scale: float) -> bool:
    """Tell whether a line is the upper edge of a box rather than one to write on."""
    wide = min(line.right, cell.right) - max(line.left, cell.left)
    return wide > 0 and abs(cell.top - line.bottom) < EDGE_MM * scale


def holds_character(ink: np.ndarray, cell: Cell, scale: float) -> bool:
    """Tell whether something as tall as a character is printed inside a box."""
    rim = round(0.5 * scale)
    top, left = max(0, round(cell.top)) + rim, max(0, round(cell.left)) + rim
    part = ink[top : round(cell.bottom) - rim, left : round(cell.right) - rim]
    if not part.size:
        return False
    stats = cv2.connectedComponentsWithStats(part.astype(np.uint8), connectivity=8)[2]
    return bool((stats[1:, cv2.CC_STAT_HEIGHT] >= CHARACTER * cell.height).any())


def space_above(level: Level, scale: float) -> Cell | None:
    """Return the space above a line that is long enough to write on."""
    if len(level.y) < LINE_MM * scale:
        return None
    y = float(level.y[0]) - (level.thick / 2 if is_dotted(level) else 0)
    top = max(0.0, y - ABOVE_MM * scale)
    return Cell(level.x0, top, level.x1, y - 0.3 * scale)


def space_below(level: Level, scale: float) -> Cell:
    """Return the space right below a line; it is dark where the line is the edge of a bar."""
    y = float(level.y[0]) + level.thick / 2
    return Cell(level.x0, y + UNDER_MM[0] * scale, level.x1, y + BELOW_MM * scale)


def over_bar(image: Grey, level: Level, line: Cell, scale: float) -> bool:
    """Tell whether a line is the upper edge of a pale bar: it is darker right below than above."""
    first, last = (round(float(level.y[0]) + level.thick / 2 + mm * scale) for mm in EDGE_OF_MM)
    below = image[first:last, level.x0 : level.x1]
    above = image[round(line.top) : round(line.bottom), level.x0 : level.x1]
    if not (below.size and above.size):
        return False
    return float(np.median(below)) < PALE_BAR * float(np.median(above))


def on_paper(image: Grey, least: float, cell: Cell) -> bool:
    """Tell whether three quarters of a place are as bright as paper, `least` of 255 or brighter."""
    top, left = max(0, round(cell.top)), max(0, round(cell.left))
    part = image[top : round(cell.bottom), left : round(cell.right)]
    return part.size == 0 or float(np.percentile(part, 25)) >= least


def under_print(ink: np.ndarray, level: Level, scale: float) -> bool:
    """Tell whether a line is the upper edge of printed letters: they go on right below it."""
    first = round(float(level.y[0]) + level.thick / 2 + UNDER_MM[0] * scale)
    part = ink[first : first + round(UNDER_MM[1] * scale), level.x0 : level.x1]
    return part.size > 0 and float(part.mean()) > UNDER


def leads_to(line: Cell, place: Cell, scale: float) -> bool:
    """Tell whether dots lead the eye to a place to write on their row."""
    return place.top < line.bottom < place.bottom + EDGE_MM * scale and (
        -EDGE_MM * scale < place.left - line.right < LEADS_MM * scale
    )


def meets(a: Cell, b: Cell) -> bool:
    """Tell whether two cells share more than an edge."""
    wide = min(a.right, b.right) - max(a.left, b.left)
    high = min(a.bottom, b.bottom) - max(a.top, b.top)
    return wide > 2 and high > 0.25 * min(a.height, b.height)
