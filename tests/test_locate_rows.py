"""Rows of boxes whose walls are hidden by strokes of the digits in them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pages import Sheet

from formreader.document import Kind
from formreader.locate import _opened as opened
from formreader.locate import locate
from formreader.locate_page import OpenPage
from formreader.locate_row_field import _holds_next as holds_next
from formreader.locate_rows import Row


def boxes_with_strokes(strokes: list[tuple[int, float]]) -> Sheet:
    """Draw six adjoining boxes, over some a bold upright: box counted from 0, and its share."""
    sheet = Sheet(width_mm=80, height_mm=40)
    sheet.row("1     ", 15, 15, box=5.2, high=6)
    for place, share in strokes:
        x = 15 + 5.2 * (place + share)
        for step in (0.0, 0.3, 0.6):
            sheet.line(x + step, 15.2, x + step, 20.8)
    return sheet


@pytest.mark.parametrize(
    "strokes",
    [[(3, 0.5), (4, 0.3), (5, 0.2)], [(2, 0.5), (3, 0.4)]],
    ids=["last-three", "in-the-middle"],
)
def test_strokes_as_tall_as_their_boxes_break_no_row(strokes: list[tuple[int, float]]) -> None:
    [found] = locate(boxes_with_strokes(strokes).image, 200)
    assert len(found.cells) == 6


def part_of_a_row(text: str, kept: slice) -> tuple[OpenPage, Row]:
    """Draw a row of boxes of which only some were seen; return the page and that part."""
    sheet = Sheet(width_mm=80, height_mm=40)
    sheet.row(text, 15, 15, box=5.2, high=6)
    page = opened(sheet.image, 200)
    page.search()
    [whole] = page.rows
    page.rows = [Row(Kind.BOXES, whole.cells[kept])]
    return page, page.rows[0]


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [("203948", True, True), ("2 394 ", False, False), (" 0394 ", True, False), ("113941", 1, 1)],
)
def test_a_row_whose_next_box_was_not_seen_goes_on_where_a_digit_is_in_it(
    text: str, before: bool, after: bool
) -> None:
    page, row = part_of_a_row(text, slice(2, 5))
    assert holds_next(page, row, page.level, 0) == before
    assert holds_next(page, row, page.level, -1) == after


def test_the_boxes_of_another_number_do_not_go_on_a_row() -> None:
    page, row = part_of_a_row("203948", slice(0, 3))
    assert holds_next(page, row, page.level, -1)
    whole, other = part_of_a_row("203948", slice(3, 6))
    slivers = tuple(replace(cell, right=cell.left + 0.4 * cell.width) for cell in other.cells)
    page.rows.append(Row(Kind.BOXES, slivers))
    assert holds_next(page, row, page.level, -1)
    page.rows += whole.rows
    assert not holds_next(page, row, page.level, -1)
