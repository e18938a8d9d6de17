"""Rows of boxes that hold a piece of a number, or several numbers, are not accepted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from formreader.document import (
    Character,
    FieldImage,
    FieldSpec,
    Kind,
    Reading,
    Reason,
    Rect,
    Status,
)
from formreader.pipeline_pieces import without_pieces

WIDE, HIGH = 40, 50


def row(count: int, x: int, y: int = 100, high: int = HIGH) -> FieldImage:
    """Make a field of adjoining boxes whose crop has a margin of 10 pixels."""
    rect = Rect(x - 10, y - 10, count * WIDE + 20, high + 20)
    cells = tuple(Rect(10 + WIDE * at, 10, WIDE - 3, high) for at in range(count))
    return field(rect, Kind.BOXES, cells)


def field(rect: Rect, kind: Kind, cells: tuple[Rect, ...] = ()) -> FieldImage:
    shape = rect.height, rect.width
    image = np.full(shape, 255, np.uint8)
    return FieldImage(FieldSpec("f", kind), rect, image, image < 128, cells)


def writing(x: int, y: int = 105, confidence: float = 0.9) -> tuple[FieldImage, Reading]:
    return field(Rect(x, y, 30, 35), Kind.LINE), accepted("4", confidence)


def accepted(text: str, confidence: float = 0.999) -> Reading:
    return Reading("f", text, confidence, Status.ACCEPTED, (), (), Rect(0, 0, 9, 9))


def status_of_row(*beside: tuple[FieldImage, Reading]) -> Status:
    """Check a row of four boxes from column 200 on, its last box ending at 357."""
    fields = [row(4, 200), *(f for f, _ in beside)]
    checked = without_pieces(fields, [accepted("6589"), *(r for _, r in beside)])
    if checked[0].status is Status.REVIEW:
        assert checked[0].reasons == (Reason.CUT_OFF,)
    return checked[0].status


@pytest.mark.parametrize(
    ("beside", "expected"),
    [
        (writing(160), Status.REVIEW),
        (writing(362), Status.REVIEW),
        (writing(362, confidence=0.3), Status.ACCEPTED),  # a label or sign
        (writing(100), Status.ACCEPTED),
        (writing(400), Status.ACCEPTED),
        (writing(160, y=140), Status.ACCEPTED),  # below
    ],
)
def test_writing_right_beside_a_row_of_boxes_may_be_more_of_its_number(
    beside: tuple[FieldImage, Reading], expected: Status
) -> None:
    assert status_of_row(beside) is expected


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (row(2, 360), Status.REVIEW),
        (row(2, 120), Status.REVIEW),
        (row(2, 372), Status.ACCEPTED),  # set apart
        (row(2, 360, y=160), Status.ACCEPTED),  # the next row of a table
        (row(2, 360, high=80), Status.ACCEPTED),
    ],
)
def test_a_row_that_goes_on_at_the_same_pitch_is_the_same_row(
    other: FieldImage, expected: Status
) -> None:
    assert status_of_row((other, accepted("12"))) is expected


def grouped(*sizes: int, apart: int = 20) -> FieldImage:
    """Make a row of boxes in groups set a little apart."""
    cells, x = [], 10
    for size in sizes:
        cells += [Rect(x + WIDE * at, 10, WIDE - 3, HIGH) for at in range(size)]
        x += WIDE * size + apart
    return field(Rect(100, 100, x, HIGH + 20), Kind.BOXES, tuple(cells))


@pytest.mark.parametrize(("apart", "expected"), [(20, Status.REVIEW), (35, Status.ACCEPTED)])
def test_a_row_that_goes_on_at_the_step_between_its_groups_is_the_same_row(
    apart: int, expected: Status
) -> None:
    groups = grouped(4, 2)  # its first box at column 110, its groups 20 pixels apart
    before = row(4, 110 - apart - 4 * WIDE, 110)
    checked = without_pieces([before, groups], [accepted("5320"), accepted("018815")])
    assert {reading.status for reading in checked} == {expected}


def read_in(boxes: FieldImage, filled: list[int]) -> Reading:
    """Read a digit in each of the boxes `filled`."""
    places = [boxes.cells[at].moved(boxes.rect.x, boxes.rect.y) for at in filled]
    digits = tuple(Character("7", 0.99, (), place) for place in places)
    return replace(accepted("7" * len(filled)), characters=digits)


@pytest.mark.parametrize(
    ("boxes", "filled", "several"),
    [
        (grouped(3, 3, 3), range(9), True),
        (grouped(3, 3, 3), range(3), False),  # one of them alone
        (grouped(3, 3, 3), [2, 5], True),
        (grouped(2, 2, 4), range(8), False),  # day, month and year
        (grouped(3, 2, 4), range(9), False),  # a tax number
        (grouped(2, 2, 2), range(6), False),
        (grouped(2, 2), range(4), True),
        (grouped(9), range(9), False),
        (grouped(3, 3, 3, apart=4), range(9), False),  # no more than scanning makes of one gap
    ],
)
def test_boxes_in_groups_may_be_several_numbers(
    boxes: FieldImage, filled: list[int], several: bool
) -> None:
    [checked] = without_pieces([boxes], [read_in(boxes, list(filled))])
    assert (checked.reasons == (Reason.SEVERAL,)) is several
    assert (checked.status is Status.REVIEW) is several


def test_rows_and_writing_without_neighbours_stay_as_they_are() -> None:
    assert without_pieces([], []) == []
    assert status_of_row() is Status.ACCEPTED
    alone, reading = writing(100)
    assert without_pieces([alone], [reading]) == [reading]
