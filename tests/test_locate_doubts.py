"""Doubts of what stands in cells, on lines and on plain paper, and what shapes leave of them."""

from __future__ import annotations

import numpy as np
import pytest

from formreader.document import Kind
from formreader.locate_boxes import Cell
from formreader.locate_doubts import (
    FREE_DOUBT,
    LONE_BOX_DOUBT,
    PRINT,
    RULED_DOUBT,
    Print,
    hidden,
    judged,
)
from formreader.locate_groups import Group
from formreader.locate_text import find_written

NOTHING = Print(np.zeros(0), {}, set(), [], [])


def digits(count: int, pitch: int = 16) -> Group:
    return Group(np.array([[50 + pitch * at, 30 + at % 2, 12, 20, 90] for at in range(count)]))


@pytest.mark.parametrize(
    ("count", "kind", "left"),
    [
        (2, Kind.FREE, FREE_DOUBT),
        (3, Kind.FREE, FREE_DOUBT),
        (1, Kind.LINE, LONE_BOX_DOUBT),
        (2, Kind.LINE, RULED_DOUBT),
        (1, Kind.CELL, RULED_DOUBT),
    ],
)
def test_two_digits_on_plain_paper_are_a_number_if_their_shapes_are_a_hands(
    count: int, kind: Kind, left: float
) -> None:
    place = judged(digits(count), kind, NOTHING)
    assert place.penned == left
    assert place.doubt >= LONE_BOX_DOUBT or kind is not Kind.FREE


def test_two_digits_far_apart_on_plain_paper_may_be_those_of_two_cells() -> None:
    assert judged(digits(2, 22), Kind.FREE, NOTHING).penned == LONE_BOX_DOUBT
    assert judged(digits(2, 20), Kind.FREE, NOTHING).penned == FREE_DOUBT
    assert hidden(digits(2, 22), Kind.FREE).penned == LONE_BOX_DOUBT


@pytest.mark.parametrize(
    ("count", "kind", "left"),
    [(1, Kind.CELL, RULED_DOUBT), (1, Kind.LINE, LONE_BOX_DOUBT), (2, Kind.FREE, FREE_DOUBT)],
)
def test_what_stands_as_print_does_is_a_number_if_its_shapes_are_a_hands(
    count: int, kind: Kind, left: float
) -> None:
    place = hidden(digits(count), kind)
    assert (place.doubt, place.penned) == (PRINT, left)


@pytest.mark.parametrize(("at", "left"), [(54, LONE_BOX_DOUBT), (294, RULED_DOUBT)])
def test_a_digit_in_one_of_two_filled_boxes_may_be_half_a_number_even_where_print_stands(
    at: int, left: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a 15 in two cells of a tally form."""
    monkeypatch.setattr("formreader.locate_text.prints.in_line", lambda *_: True)
    cells = [
        Cell(x, y, x + 40, y + 40) for y in (20, 60) for x in (40, 80, 120, 160, 200, 240, 280)
    ]
    boxes = np.array([[x, 30, 12, 20, 90] for x in (54, 94, 294)])
    found = find_written(boxes, np.zeros((200, 400), np.uint8), cells, [], 8.0, True)
    [penned] = [w.penned for w in found if abs(w.group.left - at) < 30 and w.doubt == PRINT]
    assert penned == left
