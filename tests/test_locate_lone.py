"""Digits by themselves on plain paper have a row where they stand among numbers as in a table."""

from __future__ import annotations

import numpy as np
import pytest
from pages import Sheet

from formreader.document import Kind
from formreader.locate import locate
from formreader.locate_groups import Group
from formreader.locate_lone import among_numbers


def number(x: int, y: int, count: int, high: int = 30) -> Group:
    return Group(np.array([[x + 24 * at, y + at % 2, 18, high, 200] for at in range(count)]))


COLUMN = [number(100, 60 * row, 2) for row in range(5)]


@pytest.mark.parametrize(
    ("digit", "found"),
    [
        (number(110, 300, 1), False),  # in the column, on a row of its own
        (number(400, 60, 1), False),  # on a row, in no column
        (number(110, 300, 1, 12), False),  # as small as print
    ],
    ids=["no-row", "no-column", "too-small"],
)
def test_a_digit_with_a_row_or_a_column_alone_is_none(digit: Group, found: bool) -> None:
    assert (among_numbers([digit], COLUMN) == [digit]) is found


def test_digits_in_rows_and_columns_of_numbers_are_found() -> None:
    digits = [number(400 + 4 * row, 60 * row, 1) for row in range(5)]
    assert among_numbers(digits, COLUMN) == digits
    assert among_numbers(digits, COLUMN[:4]) == []
    assert among_numbers(digits[:2], COLUMN) == []


@pytest.mark.parametrize("ruled", [True, False])
def test_the_figures_of_a_table_whose_rules_are_gone_have_rows(ruled: bool) -> None:
    texts = [
        ["47", "5", "3", "26"],
        ["6", "81", "4", "7"],
        ["35", "9", "28", "8"],
        ["5", "62", "39", "54"],
    ]
    sheet = Sheet(width_mm=120, height_mm=85)
    sheet.paragraph(12, 10, lines=3)
    for line, row in enumerate(texts):
        for column, text in enumerate(row):
            x, y = 20 + 20 * column, 28 + 12 * line
            if ruled:
                sheet.box(x, y, 20, 12)
            sheet.number(text, x + 6, y + 3, 5.0, 5.0)
    fields = [f for f in locate(sheet.image, 200) if f.rect.y > sheet.px(0, 27)[1]]
    assert len(fields) == 16
    alone = [f for f in fields if f.spec.kind is Kind.FREE and f.rect.width < sheet.px(7, 0)[0]]
    assert len(alone) == (0 if ruled else 8)
    assert all(field.doubt > 0.5 for field in alone)
