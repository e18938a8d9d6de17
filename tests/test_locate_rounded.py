"""Boxes with rounded corners are found by the paper they close in."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from pages import Sheet

from formreader.document import Kind
from formreader.form_draft_places import find_places
from formreader.locate import locate
from formreader.locate_rounded import Rounded


def rounded(sheet: Sheet, x: float, y: float, wide: float, high: float, radius: float) -> None:
    """Draw the outline of a box with rounded corners, all in millimetres."""
    r = round(radius * sheet.mm)
    (x0, y0), (x1, y1) = sheet.px(x, y), sheet.px(x + wide, y + high)
    for ends in ((x0 + r, y0, x1 - r, y0), (x0 + r, y1, x1 - r, y1)):
        cv2.line(sheet.image, ends[:2], ends[2:], 60, 2)
    for ends in ((x0, y0 + r, x0, y1 - r), (x1, y0 + r, x1, y1 - r)):
        cv2.line(sheet.image, ends[:2], ends[2:], 60, 2)
    corners = ((x0 + r, y0 + r, 180), (x1 - r, y0 + r, 270), (x1 - r, y1 - r, 0))
    for cx, cy, turn in (*corners, (x0 + r, y1 - r, 90)):
        cv2.ellipse(sheet.image, (cx, cy), (r, r), turn, 0, 90, 60, 2)


def row(digits: str, radius: float = 1.8) -> Sheet:
    sheet = Sheet(width_mm=110, height_mm=50)
    sheet.paragraph(8, 8, lines=2)
    for place, digit in enumerate(digits):
        rounded(sheet, 15 + 8.5 * place, 24, 6.8, 9, radius)
        if digit != " ":
            sheet.digit(digit, 16.9 + 8.5 * place, 26, 3, 5)
    return sheet


@pytest.mark.parametrize("radius", [1.4, 1.8, 2.2])
def test_a_row_of_rounded_boxes_is_one_number(radius: float) -> None:
    [field] = [f for f in locate(row("50417", radius).image, 200) if f.cells]
    assert len(field.cells) == 5
    for cell in field.cells:
        assert field.ink[cell.y : cell.bottom, cell.x : cell.right].any()


def test_empty_rounded_boxes_are_drafted() -> None:
    [draft] = [d for d in find_places(row("     ").image, 200) if d.kind == str(Kind.BOXES)]
    assert len(draft.cells) == 5


def test_a_digit_that_runs_over_the_outline_of_a_rounded_box_is_not_lost() -> None:
    sheet = row("50417")
    cv2.line(sheet.image, sheet.px(38, 27), sheet.px(40.6, 34), 20, 4, cv2.LINE_AA)
    held = [f for f in locate(sheet.image, 200) if f.ink.any() and f.rect.y > sheet.px(0, 20)[1]]
    sure = [f for f in held if len(f.cells) not in (0, 5) and f.doubt < 0.5]
    assert not sure


@pytest.mark.parametrize("mark", ["circles", "lone", "letters"])
def test_circles_a_lone_outline_and_letters_are_no_rounded_boxes(mark: str) -> None:
    sheet = Sheet(width_mm=110, height_mm=50)
    if mark == "circles":
        for x in (20, 30, 40):
            cv2.circle(sheet.image, sheet.px(x, 25), round(3 * sheet.mm), 40, 2)
    elif mark == "lone":
        rounded(sheet, 20, 20, 7, 9, 1.8)
    else:
        cv2.putText(sheet.image, "DO BODO", sheet.px(10, 30), cv2.FONT_HERSHEY_DUPLEX, 3, 20, 3)
    assert not Rounded(np.asarray(sheet.image < 128), sheet.mm).cells
