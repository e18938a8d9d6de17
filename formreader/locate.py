"""Stage 3 of 8: find the places where numbers were filled in, with no form definition.

Rows of boxes and combs come from ruled lines (`locate_boxes`, `locate_rows`), numbers in
table cells, on lines and on plain paper from the writing itself (`locate_text`). Geometry is
measured on a copy of about 200 dots per inch; the fields are cut from the picture itself.
"""

from __future__ import annotations

import cv2
import numpy as np

from formreader import locate_cheque, locate_combs
from formreader.document import ChequePlaces, FieldImage, FieldSpec, Grey
from formreader.locate_page import OpenPage

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
    tables = locate_combs.in_tables(page.rows, page.scale)
    found = [page.row_field(row) for row in page.rows]
    fields = [
        f
        for f, in_table in zip(found, tables, strict=True)
        if f is not None and (f.ink.any() or not in_table)
    ]
    fields += page.written()
    return _named(fields)


def cheque(image: Grey, dpi: float) -> ChequePlaces:
    """Find what one upright cheque shows: boxes, frames and ink without ruled lines."""
    return locate_cheque.places(_opened(image, dpi))


def _opened(image: Grey, dpi: float) -> OpenPage:
    """Bring a page to the working resolution and find its rules, boxes and cells."""
    height, width = image.shape
    if not 20 <= dpi <= 1300 or max(height, width) / dpi > 20:
        dpi = max(height, width) / PAGE_MM * 25.4
    zoom = min(WORKING_DPI / dpi, LONGEST_PX / max(height, width))
    size = (max(8, round(width * zoom)), max(8, round(height * zoom)))
    method = cv2.INTER_AREA if zoom < 1 else cv2.INTER_CUBIC
    small = np.asarray(cv2.resize(image, size, interpolation=method), np.uint8)
    return OpenPage(image, small, dpi, zoom)


def _named(fields: list[FieldImage]) -> list[FieldImage]:
    """Put fields in reading order, row by row, and name them."""
    waiting = sorted(fields, key=lambda f: f.rect.y + f.rect.height / 2)
    ordered: list[FieldImage] = []
    while waiting:
        first = waiting[0].rect
        middle = first.y + first.height / 2
        line = [f for f in waiting if f.rect.y < middle < f.rect.bottom]
        ordered += sorted(line, key=lambda f: f.rect.x)
        taken = {id(f) for f in line}
        waiting = [f for f in waiting if id(f) not in taken]
    digits = max(2, len(str(len(ordered))))
    return [
        FieldImage(
            FieldSpec(f"f{i:0{digits}d}", f.spec.kind, f.spec.length),
            f.rect, f.image, f.ink, f.cells, f.doubt,
        )
        for i, f in enumerate(ordered, 1)
    ]  # fmt: skip
