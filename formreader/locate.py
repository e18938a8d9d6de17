"""Stage 3 of 8: find the places where numbers were filled in, with no form definition.

Rows of boxes and combs come from ruled lines (`locate_boxes`, `locate_rows`), numbers in
table cells, on lines and on plain paper from the writing itself (`locate_text`). Geometry is
measured on a copy of about 200 dots per inch; the fields are cut from the picture itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from formreader import locate_cheque, locate_combs
from formreader import locate_placed as placed
from formreader.document import ChequePlaces, FieldImage, Grey
from formreader.locate_boxes import Cell as Cell
from formreader.locate_order import enlarged, in_reading_order, stretched
from formreader.locate_page import OpenPage
from formreader.locate_placed import Place as Place
from formreader.locate_row_field import row_field
from formreader.locate_rows import Row as Row
from formreader.locate_tables import in_grid as in_grid
from formreader.rules import Level

WORKING_DPI = 200.0
"""Resolution of the copy in which geometry is measured: thin rules keep two pixels."""
LONGEST_PX = 2900
"""Longest side of that copy in pixels (A4 at 200 has 2340), so a wrong resolution costs time
but never much of it."""
PAGE_MM = 297.0
"""Longest side in millimetres taken for a picture whose resolution is not believable."""


def locate(image: Grey, dpi: float) -> list[FieldImage]:
    """Find the fields of an upright page, in reading order.

    `image` uint8 (H, W), `dpi` its resolution. Returns the fields named f01, f02, …; boxes
    and combs also when blank, everything else only where something was written.
    """
    if min(image.shape) < 12:
        return []
    page = _opened(image, dpi)
    page.search()
    page.split_tables()
    tables = locate_combs.in_tables(page.rows, page.scale)
    found = [row_field(page, row) for row in page.rows]
    fields = [
        f
        for f, in_table in zip(found, tables, strict=True)
        if f is not None and (f.ink.any() or not in_table)
    ]
    fields += page.written()
    return in_reading_order(fields)


@dataclass(frozen=True, slots=True)
class Cut:
    """A field cut out of a page: how much of its lines was found, and the least of one box."""

    field: FieldImage
    found: float
    whole: float


def at_places(image: Grey, dpi: float, places: list[Place]) -> list[Cut]:
    """Cut the fields of a form out of an upright page."""
    page = _opened(image, dpi)
    laid = placed.lay(page, places)
    written = page.written(anywhere=False) if page.cells else []
    cuts = ((placed.cut(page, lie, written), lie) for lie in laid)
    return [Cut(field, lie.found, lie.whole) for field, lie in cuts if field is not None]


def empty_places(image: Grey, dpi: float) -> tuple[list[Row], list[Cell], list[Level]]:
    """Find rows of boxes, other cells and level rules of an upright blank, in its pixels."""
    page = _opened(image, dpi)
    page.trust_bar_tops()
    page.search()
    page.split_tables()
    grown = [
        replace(row, cells=tuple(enlarged(c, page.zoom) for c in row.cells)) for row in page.rows
    ]
    cells = [enlarged(c, page.zoom) for c in page.cells]
    lines = [level for level in page.rules.levels if level.even < 0.6]
    return grown, cells, [stretched(level, page.zoom) for level in lines]


def cheque(image: Grey, dpi: float, signs: str) -> ChequePlaces:
    """Find what one upright cheque shows: boxes, frames, lines, and which of some `signs`."""
    page = _opened(image, dpi)
    page.search()
    return locate_cheque.places(page, signs)


def _opened(image: Grey, dpi: float) -> OpenPage:
    """Bring a page to the working resolution and find its rules."""
    height, width = image.shape
    if not 20 <= dpi <= 1300 or max(height, width) / dpi > 20:
        dpi = max(height, width) / PAGE_MM * 25.4
    zoom = min(WORKING_DPI / dpi, LONGEST_PX / max(height, width))
    size = (max(8, round(width * zoom)), max(8, round(height * zoom)))
    method = cv2.INTER_AREA if zoom < 1 else cv2.INTER_CUBIC
    small = np.asarray(cv2.resize(image, size, interpolation=method), np.uint8)
    return OpenPage(image, small, dpi, zoom)
