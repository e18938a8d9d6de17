"""A number struck out, or cut off by the edge of its picture, is no number to be accepted."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from formreader.document import Mask, Rect
from formreader.pipeline_struck import cut_at_side, struck_through

HIGH, WIDE = 40, 26


def digits(count: int) -> tuple[Mask, list[Rect]]:
    """Draw open rings side by side, which leave paper between and within them."""
    ink = np.zeros((80, 60 + 36 * count), np.uint8)
    rects = []
    for at in range(count):
        x = 30 + 36 * at
        cv2.ellipse(ink, (x + WIDE // 2, 20 + HIGH // 2), (WIDE // 2, HIGH // 2), 0, 0, 360, 1, 3)
        rects.append(Rect(x, 20, WIDE, HIGH))
    return ink.view(np.bool_), rects


def line(ink: Mask, first: float, last: float) -> Mask:
    """Draw a line across, from one share of the digits' height to another."""
    drawn = ink.copy().view(np.uint8)
    rows = [round(20 + share * HIGH) for share in (first, last)]
    cv2.line(drawn, (18, rows[0]), (drawn.shape[1] - 18, rows[1]), 1, 3)
    return drawn.view(np.bool_)


@pytest.mark.parametrize("count", [2, 3, 7])
@pytest.mark.parametrize(
    ("ends", "struck"),
    [
        ((0.5, 0.5), True),
        ((0.35, 0.6), True),
        ((0.95, 0.1), True),
        ((1.0, 1.0), False),  # underlined
        ((1.15, 1.1), False),
        ((0.0, 0.0), False),
    ],
)
def test_a_line_through_the_middle_of_all_digits_strikes_them_out(
    count: int, ends: tuple[float, float], struck: bool
) -> None:
    ink, rects = digits(count)
    assert not struck_through(ink, rects)
    assert struck_through(line(ink, *ends), rects) is struck


def test_a_bar_through_one_digit_is_its_own() -> None:
    ink, rects = digits(1)
    assert not struck_through(line(ink, 0.5, 0.5), rects)


def test_nothing_is_struck_through_where_nothing_was_read() -> None:
    ink, _ = digits(2)
    assert not struck_through(ink, [])
    assert not struck_through(ink, [Rect(5, 5, 1, 1), Rect(7, 5, 1, 1)])


@pytest.mark.parametrize(("rows", "is_cut"), [(0, False), (12, False), (18, True)])
@pytest.mark.parametrize("column", [0, -1])
def test_ink_along_a_side_of_the_picture_is_a_digit_cut_in_two(
    rows: int, is_cut: bool, column: int
) -> None:
    ink, _ = digits(3)
    ink[25 : 25 + rows, column] = True
    assert cut_at_side(ink, HIGH) is is_cut
