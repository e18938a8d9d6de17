"""Glyphs cut from composed numbers, with what they are."""

from __future__ import annotations

import numpy as np
import pytest

from formreader import pipeline, segment
from formreader.compose import compose
from formreader.datasets import draw_digits
from formreader.document import Float
from formreader.train_pieces import OTHER, class_of, make_pieces, pieces_of


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
    assert class_of(inside, ink(1, 1, 1), "47", True, False) == what


def test_an_upright_stroke_is_never_taught_to_be_no_digit() -> None:
    assert class_of(ink(1, 0, 0), ink(1, 1, 1), "47", True, True) is None
    assert class_of(ink(0, 1, 0), ink(1, 1, 1), "17", True, True) == 1


def test_glyphs_of_a_number_are_told_to_be_its_digits_from_left_to_right() -> None:
    found = 0
    for seed in range(20):
        number = compose(*hand(), np.random.default_rng(seed), "2468")
        told = [what for _, what in pieces_of(number) if what != OTHER]
        assert told == sorted(told)
        found += len(set(told))
    assert found >= 64  # of 80: touching digits are not all cut clean


@pytest.mark.parametrize(("digits", "others"), [(22, 14), (44, 28), (1, 0), (0, 0)])
def test_pieces_are_glyphs_of_both_kinds_and_the_same_for_a_seed(digits: int, others: int) -> None:
    glyphs, told = make_pieces([hand()], digits, others, np.random.default_rng(1))
    again, _ = make_pieces([hand()], digits, others, np.random.default_rng(1))
    assert np.array_equal(glyphs, again)
    assert glyphs.shape == (len(told), 28, 28)
    assert glyphs.dtype == np.float32
    assert 0.7 * digits <= (told < OTHER).sum() <= digits
    assert 0.7 * others <= (told == OTHER).sum() <= others


def test_a_picture_laid_over_writing_is_moved_as_the_writing_was() -> None:
    for seed in range(12):
        number = compose(*hand(), np.random.default_rng(seed), "2468")
        field = pipeline.whole_image(number.image)
        writing = segment.set_out(segment.bare_writing(field))
        assert writing is not None
        laid = segment.laid_over(segment.bare_writing(field).darkness, writing)
        assert laid.shape == writing.dark.shape
        assert np.abs(laid - writing.dark)[writing.dark > 0.1].mean() < 1e-3
