"""Find the boxes and frames of one cheque (a part of stage 3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from formreader import binarize, locate_lined, locate_zones, rules
from formreader.document import (
    DATE_BOXES,
    SHORT_DATE_BOXES,
    ChequePlaces,
    FieldImage,
    FieldSpec,
    Frame,
    Grey,
    Kind,
    Mask,
    Rect,
    union,
)
from formreader.locate_boxes import Cell
from formreader.locate_page import OpenPage
from formreader.locate_row_field import row_field

HEIGHT_MM, WIDTH_MM = (6.0, 18.0), (22.0, 95.0)
"""Least and greatest height and width of a frame that may hold an amount, in millimetres."""
BEFORE = 1.5
"""Stretch before a frame in which its currency sign is looked for, in frame heights."""
DARKER = (0.25, 0.5)
"""Least darkness of rules, as shares of the ink's, for another look: woven waves of security
print, a fifth as dark as ink, hid all boxes and frames of three of five drawn cheques."""
RIM_MM = 0.7
"""Stretch at a frame's edges, in millimetres, in which its rules are taken out."""
ALIKE, BETWEEN = 0.25, 2.0
"""How far heights of boxes of one date may differ, as a share of them, and the gap between day,
month and year at most, in widths of a box."""
OUT = 0.25
"""How far writing may stand out of its frame, as a share of the frame's height."""


def places(page: OpenPage, signs: str) -> ChequePlaces:
    """Find the places of a cheque whose currency sign is one of `signs`.

    Where boxes or frames are missing, they are looked for among darker rules only.
    """
    found = _places(page)
    lined = locate_lined.amounts(page, signs)
    days = [] if found.dates else locate_lined.days(page)
    for share in DARKER:
        if found.dates and found.amounts:
            break
        page.see_rules(round(share * page.level))
        page.find()
        again = _places(page)
        found = ChequePlaces(
            found.rows if found.dates else again.rows + found.rows,
            found.amounts or again.amounts,
            found.frames + again.frames,
            again.ink,
        )
    return replace(found, lined=lined, days=days)


def _places(page: OpenPage) -> ChequePlaces:
    """Find the boxes and frames among the rules that were found last."""
    scale, width = page.scale, page.small_dark.shape[1]
    fitting = [
        cell
        for cell in page.cells
        if HEIGHT_MM[0] * scale <= cell.height <= HEIGHT_MM[1] * scale
        and WIDTH_MM[0] * scale <= cell.width <= WIDTH_MM[1] * scale
        and cell.left + cell.right > width
    ]
    found = [row_field(page, row) for row in page.rows]
    rows = [row for row in found if row is not None]
    return ChequePlaces(
        rows + joined(page.image, rows),
        [_frame(page, cell) for cell in fitting],
        [page.rect_of(c.left, c.top, c.right, c.bottom) for c in page.cells],
        _bare_ink(page),
    )


def joined(image: Grey, rows: Sequence[FieldImage]) -> list[FieldImage]:
    """Join rows of boxes that stand in one line and have as many boxes together as a date."""
    found = []
    for first in rows:
        box, middle = first.cells[0], first.rect.y + first.rect.height / 2
        line = [r for r in rows if r.rect.y < middle < r.rect.bottom]
        line = [r for r in line if abs(r.cells[0].height - box.height) < ALIKE * box.height]
        line.sort(key=lambda r: r.rect.x)
        gaps = [b.rect.x + b.cells[0].x - a.rect.x - a.cells[-1].right for a, b in pairwise(line)]
        number = sum(len(r.cells) for r in line)
        fits = number in (DATE_BOXES, SHORT_DATE_BOXES) and len(line) > 1 and line[0] is first
        if fits and max(gaps) < BETWEEN * box.width:
            found.append(_as_one(image, line))
    return found


def _as_one(image: Grey, line: Sequence[FieldImage]) -> FieldImage:
    """Make one field of rows of boxes in one line."""
    rect = union([row.rect for row in line])
    ink = np.zeros((rect.height, rect.width), bool)
    cells: list[Rect] = []
    for row in line:
        x, y = row.rect.x - rect.x, row.rect.y - rect.y
        ink[y : y + row.rect.height, x : x + row.rect.width] |= row.ink
        cells += [cell.moved(x, y) for cell in row.cells]
    return FieldImage(
        replace(line[0].spec, length=len(cells)),
        rect,
        np.ascontiguousarray(image[rect.y : rect.bottom, rect.x : rect.right]),
        ink,
        tuple(cells),
        max(row.doubt for row in line),
    )


def _bare_ink(page: OpenPage) -> Mask:
    """Return the ink of the cheque without the edges of its frames.

    Other rules stay: a line of bold digits may look like one.
    """
    across, up = np.zeros((2, *page.small_dark.shape), bool)
    reach = round(RIM_MM * page.scale)
    for cell in page.cells:
        top, bottom = max(0, int(cell.top) - reach), int(cell.bottom) + reach + 1
        across |= locate_zones.edge_zone(page.rules, cell, reach)
        for edge in (int(cell.left), int(cell.right)):
            up[top:bottom, max(0, edge - reach) : edge + reach + 1] = True
    up &= page.rules.up
    whole = Rect(0, 0, page.image.shape[1], page.image.shape[0])
    ink = binarize.ink_mask(page.dark, page.level)
    return rules.without_rules(ink, page.cut_mask(across, whole), page.cut_mask(up, whole))


def _frame(page: OpenPage, cell: Cell) -> Frame:
    """Cut out a frame with what stands out of it, and the place of a sign before it."""
    out = OUT * cell.height
    rect = page.rect_of(cell.left, cell.top - out, cell.right + out, cell.bottom + out)
    box = page.rect_of(cell.left, cell.top, cell.right, cell.bottom).moved(-rect.x, -rect.y)
    inside = np.zeros((rect.height, rect.width), bool)
    inside[box.y : box.bottom, box.x : box.right] = True
    dark = page.dark[rect.y : rect.bottom, rect.x : rect.right]
    ink = binarize.ink_mask(dark, page.own_level(dark[inside]))
    across, up = page.cut_mask(page.rules.across, rect), page.cut_mask(page.rules.up, rect)
    rim = round(RIM_MM * page.full_mm)
    inner = np.zeros_like(inside)
    inner[box.y + rim : box.bottom - rim, box.x + rim : box.right - rim] = True
    ink = page.own_ink(
        rules.without_rules(ink, across & ~inner, up & ~inner), inside, 0.5, points=True
    )
    image = np.ascontiguousarray(page.image[rect.y : rect.bottom, rect.x : rect.right])
    ahead = page.rect_of(cell.left - BEFORE * cell.height, cell.top, cell.left, cell.bottom)
    return Frame(
        FieldImage(FieldSpec("amount", Kind.CELL), rect, image, ink),
        dark,
        page.dark[ahead.y : ahead.bottom, ahead.x : ahead.right],
        box.height,
    )
