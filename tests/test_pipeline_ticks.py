"""Checkboxes: a mark is accepted, one that was struck out again is not."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from formreader.document import Candidate, FieldImage, FieldSpec, Kind, Reason, Rect, Status
from formreader.pipeline_ticks import check_ticks, read_mark, tick

SIDE = 60


def box(name: str, *strokes: tuple[tuple[int, int], ...], pen: int = 4) -> FieldImage:
    """Draw a checkbox of 5 mm at 300 dpi with pen strokes in it."""
    page = np.full((SIDE, SIDE), 255, np.uint8)
    for stroke in strokes:
        cv2.polylines(page, [np.array(stroke, np.int32)], False, 0, pen)
    rect = Rect(0, 0, SIDE, SIDE)
    return FieldImage(FieldSpec(name, Kind.CHECKBOX), rect, page, page < 128)


def cross(name: str = "crossed", pen: int = 4) -> FieldImage:
    return box(name, ((8, 8), (52, 52)), ((52, 8), (8, 52)), pen=pen)


def scribbled(name: str = "scribbled-over") -> FieldImage:
    zigzag = tuple((4 if n % 2 else 56, 6 + 6 * n) for n in range(9))
    return box(name, ((8, 8), (52, 52)), ((52, 8), (8, 52)), zigzag)


def filled(name: str = "filled-in") -> FieldImage:
    return box(name, ((30, 0), (30, 60)), pen=50)


def read(*fields: FieldImage) -> list[tuple[str, Status]]:
    readings = check_ticks([tick(field) for field in fields], fields)
    return [(reading.text, reading.status) for reading in readings]


@pytest.mark.parametrize("pen", [2, 4, 9])
def test_a_cross_is_a_mark_with_any_pen(pen: int) -> None:
    assert read(cross(pen=pen)) == [("1", Status.ACCEPTED)]


def test_an_empty_box_is_blank() -> None:
    assert read(box("empty")) == [("", Status.BLANK)]


def test_a_mark_that_was_scribbled_over_is_never_accepted() -> None:
    reading = tick(scribbled())
    assert reading.status is Status.REVIEW
    assert Reason.STRUCK_OUT in reading.reasons


def test_a_filled_box_among_crosses_may_be_a_mark_taken_back() -> None:
    assert read(cross(), filled(), box("empty")) == [
        ("1", Status.ACCEPTED),
        ("1", Status.REVIEW),
        ("", Status.BLANK),
    ]


def test_filled_boxes_are_marks_where_all_marks_are_filled_in() -> None:
    assert read(filled("a"), box("empty"), filled("b")) == [
        ("1", Status.ACCEPTED),
        ("", Status.BLANK),
        ("1", Status.ACCEPTED),
    ]


@pytest.mark.parametrize(
    ("text", "chance", "accepted"),
    [
        ("6", 0.99, False),
        ("6", 0.5, True),  # hardly a digit
        ("1", 0.99, True),  # a plain stroke
        ("13", 0.99, True),  # a cross in two pieces
        ("", 1.0, True),
    ],
)
def test_a_digit_in_a_checkbox_is_no_mark(text: str, chance: float, accepted: bool) -> None:
    reading = read_mark(cross(), [Candidate(text, float(np.log(chance)), ())])
    assert (reading.status is Status.ACCEPTED) is accepted
    assert (Reason.MISFIT in reading.reasons) is not accepted


def test_an_empty_checkbox_stays_blank_whatever_the_digit_reader_says() -> None:
    assert read_mark(box("empty"), [Candidate("6", 0.0, ())]).status is Status.BLANK
    assert read_mark(cross(), []).status is Status.ACCEPTED
