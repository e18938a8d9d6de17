"""Glyphs cut from composed numbers, with what they are."""

from __future__ import annotations

import numpy as np
import pytest

from formreader.compose import compose
from formreader.datasets import draw_digits
from formreader.document import Float, Rect
from formreader.train_pieces import OTHER, class_of, make_pieces, pieces_of

UPRIGHT = Rect(0, 0, 20, 40)


def hand() -> tuple[Float, np.ndarray]:
    digits = draw_digits(300, 2)
    return digits.images.astype(np.float32) / np.float32(255), digits.labels


def ink(*shares: float) -> np.ndarray:
    """Return the ink of marks and of two digits in a glyph, as shares of what each has."""
    return np.array(shares) * 100


@pytest.mark.parametrize(
    ("inside", "what"),
    [
        (ink(0, 1, 0), 4),
        (ink(0, 0, 1), 7),
        (ink(0.1, 0.9, 0), 4),
        (ink(0, 1, 1), OTHER),
        (ink(0, 0.6, 0.6), OTHER),
        (ink(0, 1, 0.5), OTHER),
        (ink(1, 0, 0), OTHER),
        (ink(0, 0.7, 0), None),
        (ink(0, 1, 0.25), None),
    ],
)
def test_a_glyph_is_told_by_whose_ink_it_holds(inside: np.ndarray, what: int | None) -> None:
    assert class_of(inside, ink(1, 1, 1), "47", UPRIGHT) == what


def test_an_upright_stroke_is_never_taught_to_be_no_digit() -> None:
    stroke = Rect(0, 0, 6, 40)
    assert class_of(ink(1, 0, 0), ink(1, 1, 1), "47", stroke) is None
    assert class_of(ink(0, 1, 0), ink(1, 1, 1), "17", stroke) == 1


def test_every_digit_of_a_plain_number_is_found_among_its_glyphs() -> None:
    found = 0
    for seed in range(20):
        number = compose(*hand(), np.random.default_rng(seed), "2468")
        found += len({what for _, what in pieces_of(number)} & {2, 4, 6, 8})
    assert found >= 64  # of 80: touching digits are not all cut clean


def test_pieces_are_glyphs_of_both_kinds_and_the_same_for_a_seed() -> None:
    glyphs, told = make_pieces([hand()], 10, 6, [1, 2])
    again, _ = make_pieces([hand()], 10, 6, [1, 2])
    assert np.array_equal(glyphs, again)
    assert glyphs.shape == (len(told), 28, 28)
    assert glyphs.dtype == np.float32
    assert (told < OTHER).sum() == 10
    assert 0 < (told == OTHER).sum() <= 6
