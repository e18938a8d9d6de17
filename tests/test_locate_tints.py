"""White boxes in a tint, and what is none."""

from __future__ import annotations

import numpy as np
import pytest
from pages import Sheet, drafted, over

from formreader.document import Kind
from formreader.form_draft_places import find_places
from formreader.locate import locate
from formreader.rules_tinted import white_boxes


def tinted(dark: int = 210) -> Sheet:
    sheet = Sheet(width_mm=120, height_mm=80)
    left, top = sheet.px(5, 5)
    right, bottom = sheet.px(115, 60)
    sheet.image[top:bottom, left:right] = dark
    return sheet


def white(sheet: Sheet, x: float, y: float, w: float, h: float) -> None:
    left, top = sheet.px(x, y)
    right, bottom = sheet.px(x + w, y + h)
    sheet.image[top:bottom, left:right] = 255


def test_white_boxes_in_a_tint_are_boxes_without_a_printed_line() -> None:
    sheet = tinted()
    for i in range(4):
        white(sheet, 20 + 7 * i, 15, 6, 8)
    white(sheet, 60, 15, 40, 8)
    sheet.number("4827", 19.5, 16.4, 7, 5)
    sheet.number("59121", 64, 16.4, 4.4, 5)
    fields = locate(sheet.image, 200)
    [row] = over(fields, sheet, 33, 19)
    assert len(row.cells) == 4
    [cell] = over(fields, sheet, 75, 19)
    assert cell.spec.kind is Kind.CELL


def test_white_boxes_in_a_tint_are_drafted() -> None:
    sheet = tinted()
    for i in range(4):
        white(sheet, 20 + 7 * i, 15, 6, 8)
    white(sheet, 60, 15, 40, 8)
    found = find_places(sheet.image, 200)
    [row] = drafted(found, 33, 19)
    assert len(row.cells) == 4
    [cell] = drafted(found, 75, 19)
    assert cell.box == pytest.approx((60, 15, 40, 8), abs=0.5)


def test_grey_paper_and_the_edge_of_a_shadow_make_no_boxes() -> None:
    sheet = Sheet(width_mm=120, height_mm=80)
    shade = np.linspace(0.75, 1.0, sheet.image.shape[1])
    shade[400:600] *= 0.8
    sheet.image[:] = (sheet.image * shade).astype(np.uint8)
    assert not len(white_boxes(sheet.image, 200 / 25.4))
