"""What in the picture of an amount speaks for or against its reading."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from formreader import cheque_doubts as doubts
from formreader.document import Character, Mask, Rect

BOX = Rect(20, 20, 32, 44)


def drawn(*paths: list[list[int]]) -> Mask:
    page = np.zeros((90, 90), np.uint8)
    for path in paths:
        cv2.polylines(page, [np.array(path)], False, 1, 4)
    return page > 0


def zero(gap: int) -> Mask:
    """Draw a 0 that is open by so many degrees at its top."""
    page = np.zeros((90, 90), np.uint8)
    cv2.ellipse(page, (36, 42), (14, 20), 0, -90 + gap, 270 - gap, 1, 4)
    return page > 0


LIKE_U = drawn([[22, 22], [24, 50], [32, 60], [42, 58], [46, 44]], [[46, 32], [46, 56], [51, 62]])


@pytest.mark.parametrize(
    ("ink", "doubt"), [(LIKE_U, True), (zero(0), False), (zero(8), False), (zero(40), False)]
)
def test_only_a_0_that_is_open_and_has_a_foot_may_be_a_4(ink: Mask, doubt: bool) -> None:
    x, y, w, h = cv2.boundingRect(ink.view(np.uint8))
    read = [Character("0", 0.99, (), Rect(x, y, w, h))]
    assert doubts.is_doubtful(ink, read) is doubt
    assert not doubts.is_doubtful(ink, [Character("4", 0.99, (), Rect(x, y, w, h))])


def test_a_0_closed_or_nearly_so_is_not_open() -> None:
    assert [doubts.is_open(zero(gap), BOX) for gap in (0, 8, 60)] == [False, False, True]


def test_pieces_of_ink_and_what_counts_the_digits_are_told() -> None:
    ink = zero(0)
    assert doubts.hints(ink, 40.0, 0, False) == (0.0, 0.0, 0.0, 0.0)
    ink[20:30, 70:74] = ink[50:60, 70:74] = True
    ink[80, 80] = True  # dust
    assert doubts.hints(ink, 40.0, 1, True) == (0.5, 1.0, 0.0, 1.0)


@pytest.mark.parametrize(
    ("path", "doubt"),
    [
        ([[40, 20], [36, 64]], False),
        ([[34, 28], [41, 20], [36, 64]], False),  # a flag
        ([[24, 24], [46, 22], [36, 64]], True),  # a 7
    ],
)
def test_only_a_1_that_is_bent_like_a_7_is_doubtful(path: list[list[int]], doubt: bool) -> None:
    ink = drawn(path)
    read = [Character("1", 0.99, (), Rect(*cv2.boundingRect(ink.view(np.uint8))))]
    assert doubts.is_doubtful(ink, read) is doubt
