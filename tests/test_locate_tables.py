"""The cells of a table are a field each, boxes for single digits in a stack are not."""

from __future__ import annotations

import numpy as np
import pytest
from pages import Sheet

from formreader.document import FieldImage, Kind
from formreader.locate import locate
from formreader.locate_boxes import Cell
from formreader.locate_rows import Row
from formreader.locate_tables import split

TEXTS = [["09", "15", "30"], ["6", "45", "19"], ["07", "83", "52"], ["60", "12", "11"]]


def grid(texts: list[list[str]], wide: float, high: float, digit: float = 0.6) -> Sheet:
    """Draw a ruled grid, the text of each cell written in its middle."""
    sheet = Sheet(width_mm=110, height_mm=90)
    sheet.paragraph(12, 10, lines=3)
    for line, row in enumerate(texts):
        for column, text in enumerate(row):
            x, y = 20 + column * wide, 28 + line * high
            sheet.box(x, y, wide, high)
            pitch = min(0.9 * wide / max(2, len(text)), 0.5 * high)
            left = x + (wide - pitch * len(text)) / 2
            sheet.number(text, left, y + 0.2 * high, pitch, digit * high)
    return sheet


def filled(sheet: Sheet) -> list[FieldImage]:
    return [f for f in locate(sheet.image, 200) if f.ink.any() and f.rect.y > sheet.px(0, 27)[1]]


@pytest.mark.parametrize(("wide", "high"), [(12, 9), (13, 10), (10, 9.5), (14, 9)])
def test_numbers_in_nearly_square_cells_of_a_table_are_read_one_by_one(
    wide: float, high: float
) -> None:
    fields = filled(grid(TEXTS, wide, high))
    assert len(fields) == 12
    assert {f.spec.kind for f in fields} == {Kind.CELL}
    assert max(f.rect.width for f in fields) < wide * 200 / 25.4


def test_single_digits_in_wide_cells_of_a_table_are_no_number_together() -> None:
    texts = [list("023656"), list("395377"), list("961845"), list("235784")]
    fields = filled(grid(texts, 12, 9))
    assert len(fields) == 24
    assert all(f.doubt > 0.5 for f in fields)


@pytest.mark.parametrize("wide", [5.0, 6.0, 6.8])
def test_boxes_for_a_digit_in_a_stack_are_rows(wide: float) -> None:
    fields = filled(grid([list("0036"), list("3953"), list("9108")], wide, 6.0))
    assert [len(f.cells) for f in fields] == [4, 4, 4]


def rows(count: int, wide: float, gap: float = 0.0) -> list[Row]:
    high = 40.0
    tops = [50 + n * (high + gap) for n in range(count)]
    return [
        Row(
            Kind.COMB,
            tuple(Cell(50 + k * wide, y, 48 + (k + 1) * wide, y + high) for k in range(4)),
        )
        for y in tops
    ]


@pytest.mark.parametrize(
    ("made", "are_table"),
    [(rows(3, 60), True), (rows(2, 60), False), (rows(3, 60, gap=20), False), (rows(3, 44), False)],
    ids=["wide", "two-rows", "apart", "square"],
)
def test_a_table_has_three_rows_that_touch_and_cells_wider_than_boxes(
    made: list[Row], are_table: bool
) -> None:
    kept, cells = split(made, np.zeros((400, 400), bool), 8.0)
    assert (kept, len(cells)) == (([], 12) if are_table else (made, 0))


def test_a_1_near_the_wall_of_its_cell_is_found() -> None:
    sheet = grid([[" "] * 3] * 4, 13, 10)
    sheet.line(22.2, 30, 22.4, 36)  # 2 mm from the wall, as numbers are written at the left
    fields = [f for f in filled(sheet) if f.ink.any()]
    assert len(fields) == 1
    assert fields[0].doubt > 0.5
