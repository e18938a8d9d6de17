"""Numbers found only in part, and those of which two stand in one cell."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from formreader.locate_boxes import Cell
from formreader.locate_groups import Group
from formreader.locate_torn import beside, crossed, in_one_cell, parts_of_one


@pytest.mark.parametrize("wall", [True, False])
def test_numbers_close_together_are_parts_of_one_but_for_a_wall_between(wall: bool) -> None:
    up = np.zeros((100, 200), bool)
    up[10:90, 78] = wall
    up[30:50, 78] = True
    first = Group(np.array([[40, 30, 12, 20, 90], [56, 30, 12, 20, 90]]))
    second = Group(np.array([[90, 31, 12, 20, 90], [106, 30, 12, 20, 90]]))
    assert parts_of_one([first, second], up) == [not wall, not wall]


@pytest.mark.parametrize(
    ("gap", "in_cell", "expected"),
    [(10, True, True), (23, False, True), (23, True, False), (30, False, False)],
)
@pytest.mark.parametrize("turned", [False, True])
def test_a_stroke_beside_a_number_that_leans_out_of_reach_is_seen_whole_outside_of_cells(
    gap: int, in_cell: bool, expected: bool, turned: bool
) -> None:
    ink = np.zeros((100, 200), np.uint8)
    cv2.line(ink, (92 + gap, 49), (92 + gap + 8, 31), 1, 2)
    boxes = np.array([[64, 30, 12, 20, 90], [80, 30, 12, 20, 90]])
    if turned:
        ink = np.ascontiguousarray(ink[:, ::-1])
        boxes[:, 0] = 200 - boxes[:, 0] - 12
    group, up = Group(boxes[np.argsort(boxes[:, 0])]), np.zeros(ink.shape, bool)
    assert beside(group, ink.view(np.bool_), up, in_cell) is expected


@pytest.mark.parametrize(
    ("top", "bottom", "lean", "expected"),
    [
        (0, 100, 0, True),
        (0, 100, 4, True),
        (30, 50, 0, False),  # a 1
        (0, 50, 0, True),  # ends on the line under the cells that the numbers stand in
        (26, 50, 0, False),  # a 1 taller than the others
        (30, 54, 0, False),
        (24, 100, 0, True),
    ],
)
def test_a_wall_through_a_number_that_goes_on_over_or_under_it_parts_it(
    top: int, bottom: int, lean: int, expected: bool
) -> None:
    up = np.zeros((100, 200), np.uint8)
    cv2.line(up, (98, top), (98 + lean, bottom), 1)
    boxes = np.array([[64, 30, 12, 20, 90], [80, 30, 12, 20, 90], [104, 30, 12, 20, 90]])
    assert crossed(Group(boxes), up.view(np.bool_)) is expected
    assert not crossed(Group(boxes[:2]), up.view(np.bool_))


@pytest.mark.parametrize(
    ("gap", "wall", "is_known", "doubted"),
    [
        (14, None, False, True),
        (7, 3, False, True),  # as near as the digits of a number written over the wall
        (14, 7, False, False),  # farther apart than its digits, and both keep off the wall
        (14, 1, False, True),  # the number meets it
        (14, 12, False, True),  # the next one meets it
        (14, 7, True, False),
        (14, None, True, False),  # its wall is known, seen or not
        (8, 4, True, True),
        (20, None, False, True),
        (20, 1, False, False),  # the number of the next column
    ],
)
def test_the_number_of_the_next_column_is_no_part_of_a_number(
    gap: int, wall: int | None, is_known: bool, doubted: bool
) -> None:
    ink, up = np.zeros((100, 200), bool), np.zeros((100, 200), bool)
    boxes = np.array([[64, 30, 12, 20, 90], [80, 30, 12, 20, 90]])
    ink[30:50, 92 + gap : 95 + gap] = True
    if wall is not None:
        up[:, 92 + wall] = True
    assert beside(Group(boxes), ink, up, True, is_known) is doubted


def test_a_digit_by_itself_is_no_number_beside_a_wall_that_two_digits_keep_off() -> None:
    ink, up = np.zeros((100, 200), bool), np.zeros((100, 200), bool)
    ink[30:50, 106:109] = True
    up[:, 99] = True
    assert beside(Group(np.array([[80, 30, 12, 20, 90]])), ink, up, True)


@pytest.mark.parametrize(
    ("second", "several"),
    [
        ((64, 56), True),  # the one under the other
        ((130, 30), True),  # beside it
        ((250, 30), False),  # in the next cell
        ((64, 130), False),  # in no cell
    ],
)
def test_two_numbers_in_one_cell_are_told(second: tuple[int, int], several: bool) -> None:
    cells = [Cell(50, 20, 200, 90), Cell(200, 20, 350, 90), Cell(0, 0, 400, 200)]
    numbers = [
        Group(np.array([[x, y, 12, 20, 90], [x + 16, y, 12, 20, 90]]))
        for x, y in ((64, 30), second)
    ]
    boxes = np.vstack([number.boxes for number in numbers])
    assert in_one_cell(numbers, cells, boxes) == [several, several]


@pytest.mark.parametrize(
    ("between", "several"), [(0, True), (1, True), (4, False)], ids=["paper", "slash", "word"]
)
def test_two_numbers_on_one_line_of_a_high_cell_are_told(between: int, several: bool) -> None:
    cells = [Cell(50, 20, 350, 200)]
    numbers = [Group(np.array([[x, 60, 12, 20, 90]])) for x in (80, 200)]
    marks = np.array([[110 + 18 * n, 55, 8, 22, 60] for n in range(between)]).reshape(-1, 5)
    boxes = np.vstack([*(number.boxes for number in numbers), marks])
    assert in_one_cell(numbers, cells, boxes) == [several, several]


@pytest.mark.parametrize(
    ("rests", "doubted"),
    [
        ([(98, 30, 35)], True),  # the bar of a 7 whose stem the wall took
        ([(99, 30, 34), (99, 42, 49)], True),  # the loop and the foot of a 9
        ([(98, 30, 31)], False),  # dust
        ([(102, 30, 35)], False),  # a dash that keeps off the wall
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_half_a_number_over_a_wall_is_told_by_the_rest_of_a_digit_that_meets_it(
    rests: list[tuple[int, int, int]], doubted: bool, turned: bool
) -> None:
    ink, up = np.zeros((100, 200), bool), np.zeros((100, 200), bool)
    up[:, 96:98] = True
    for x, top, bottom in rests:
        ink[top:bottom, x : x + 10] = True
    left = 76
    if turned:
        ink, up = (np.ascontiguousarray(part[:, ::-1]) for part in (ink, up))
        left = 200 - left - 12
    assert beside(Group(np.array([[left, 30, 12, 20, 90]])), ink, up, True) is doubted
