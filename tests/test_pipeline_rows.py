"""Printed numbers of a table's rows are not what was written into it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from formreader.document import FieldImage, FieldSpec, Kind, Reading, Reason, Rect, Status
from formreader.pipeline_rows import printed_numbers, row_numbers, without_row_numbers


def column(texts: list[str], x: int = 100, pitch: int = 60, top: int = 50) -> list[Reading]:
    return [
        Reading("f", text, 0.999, Status.ACCEPTED, (), (), Rect(x, top + pitch * at, 16, 26))
        for at, text in enumerate(texts)
        if text
    ]


@pytest.mark.parametrize(
    ("texts", "counted"),
    [
        (["1", "2", "3"], 3),
        (["4", "5", "6", "7", "8", "9", "10"], 7),
        (["4", "", "6", "7"], 3),  # one was seen to be print before
        (["2", "", "4", "5"], 3),
        (["1", "2", "8", "3", "7", "0", "2"], 0),  # some count by chance
        (["3", "4"], 0),
        (["3", "2", "1"], 0),
        (["7", "7", "7"], 0),
        (["1001", "1002", "1003"], 0),
        ([""], 0),
    ],
)
def test_numbers_that_count_the_rows_of_their_column_are_told(
    texts: list[str], counted: int
) -> None:
    assert len(row_numbers(column(texts))) == counted


def test_row_numbers_go_to_a_person_and_what_stands_beside_them_does_not() -> None:
    numbers, values = column(["1", "2", "3"]), column(["150", "146", "171"], x=300)
    checked = without_row_numbers([*numbers, *values])
    assert [reading.status for reading in checked] == [Status.REVIEW] * 3 + [Status.ACCEPTED] * 3
    assert checked[0].reasons == (Reason.NOT_A_FIELD,)
    assert checked[3:] == values


def test_digits_of_unlike_rows_are_no_row_numbers() -> None:
    crooked = [*column(["1"]), *column(["2"], top=110), *column(["3"], top=320)]
    assert not row_numbers(crooked)


def shaped(readings: list[Reading], *logits: float) -> list[FieldImage]:
    blank = np.full((26, 16), 255, np.uint8)
    spec = FieldSpec("f", Kind.FREE)
    return [
        FieldImage(spec, reading.rect, blank, blank < 0, like_print=logit)
        for reading, logit in zip(readings, logits, strict=True)
    ]


def turned(readings: list[Reading]) -> list[Reading]:
    return [replace(r, rect=Rect(r.rect.y, r.rect.x, 16, 26)) for r in readings]


@pytest.mark.parametrize("lay", [list, turned], ids=["down", "across"])
def test_of_numbers_that_count_rows_or_columns_those_surely_printed_are_told(
    lay: Callable[[list[Reading]], list[Reading]],
) -> None:
    numbers = lay(column(["1", "2", "", "4", "5"]))
    assert printed_numbers(shaped(numbers, 4.0, 3.0, -0.5, 4.0), numbers) == {0, 1, 3}


@pytest.mark.parametrize("logits", [(-4.0, -3.0, -4.0), (0.0, 0.0, 0.0), (4.0, -2.0, 3.0)])
def test_numbers_that_may_be_written_are_none_of_the_printed_ones(
    logits: tuple[float, ...],
) -> None:
    numbers = column(["1", "2", "3"])
    assert not printed_numbers(shaped(numbers, *logits), numbers)


def test_printed_numbers_that_count_nothing_stay() -> None:
    numbers = column(["7", "2", "9"])
    assert not printed_numbers(shaped(numbers, 4.0, 4.0, 4.0), numbers)
