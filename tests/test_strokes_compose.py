"""Handwriting by the stroke model, and numbers composed of it on paper."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
import pytest

from formreader import strokes
from formreader.compose import (
    LENGTHS,
    MARK,
    beside,
    compose,
    random_text,
    write_number,
)
from formreader.compose_zeros import chain_zeros
from formreader.document import Float
from formreader.ink import normalize_glyph
from formreader.junk import trim
from formreader.paper import BASE, background, on_paper
from formreader.stroke_forms import CONTINENTAL, FORMS


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def glyphs_of_a_hand(seed: int = 0) -> tuple[Float, np.ndarray]:
    """Draw one writer's digits: glyphs (30, 28, 28) and labels (30,)."""
    held = rng(seed)
    writer = strokes.random_hand(held)
    labels = np.tile(np.arange(10), 3)
    drawn = [normalize_glyph(strokes.draw_symbol(str(d), writer, held, 40)) for d in labels]
    return np.stack(drawn), labels


# Strokes


def test_a_hand_bends_its_forms_in_its_own_way_every_time() -> None:
    hands = [strokes.random_hand(np.random.default_rng(seed), own=0.07) for seed in (1, 2)]
    still = [replace(hand, unrest=0.0, form=hands[0].form) for hand in hands]

    def written(hand: strokes.Hand) -> Float:
        same = replace(hand, slant=0.0, width=0.6, roundness=0.8)
        return np.concatenate(strokes.pen_paths("4", same, np.random.default_rng(9)))

    assert np.array_equal(written(still[0]), written(still[0]))
    assert np.abs(written(still[0]) - written(still[1])).max() > 0.02
    plain = replace(still[0], own=0.0)
    assert np.abs(written(plain) - written(still[0])).max() > 0.01


@pytest.mark.parametrize("symbol", [*strokes.DIGITS, *sorted(set(strokes.LETTERS)), *"$#+-=.,/"])
def test_every_symbol_can_be_written_in_every_form(symbol: str) -> None:
    for form in range(len(FORMS[symbol])):
        hand = strokes.Hand(dict.fromkeys(FORMS, form), 0.1, 0.6, 0.08, 0.02, 0.8)
        drawn = strokes.draw_symbol(symbol, hand, rng(1), 40)
        assert drawn.dtype == np.float32
        assert drawn.min() == 0
        assert drawn.max() == pytest.approx(1)
        border = np.concatenate([drawn[0], drawn[-1], drawn[:, 0], drawn[:, -1]])
        assert border.max() == 0  # nothing is cut off


def ink_of(symbol: str, form: int) -> Float:
    """Draw one form of a symbol by a hand that does not shake, as a glyph."""
    hand = strokes.Hand({symbol: form}, 0.1, 0.7, 0.08, 0.0, 0.8)
    return normalize_glyph(strokes.draw_symbol(symbol, hand, rng(1), 40))


@pytest.mark.parametrize("symbol", CONTINENTAL)
def test_every_continental_form_is_drawn_whole_and_unlike_all_other_forms(symbol: str) -> None:
    plain = len(FORMS[symbol])
    drawn = [ink_of(symbol, i) for i in range(plain + len(CONTINENTAL[symbol]))]
    for place in range(plain, len(drawn)):
        assert drawn[place].max() == pytest.approx(1)
        others = [other for i, other in enumerate(drawn) if i != place]
        assert min(np.abs(drawn[place] - other).mean() for other in others) > 0.03
    with pytest.raises(IndexError):
        ink_of(symbol, len(drawn))


def test_only_a_continental_hand_writes_continental_forms_and_does_so_two_times_in_three() -> None:
    def continental(hand: strokes.Hand, symbol: str) -> bool:
        return hand.form[symbol] >= len(FORMS[symbol])

    held = rng(8)
    plain = [strokes.random_hand(held) for _ in range(200)]
    hands = [strokes.random_hand(held, continental=True) for _ in range(400)]
    assert not any(continental(hand, symbol) for hand in plain for symbol in FORMS)
    for symbol, forms in CONTINENTAL.items():
        used = [hand.form[symbol] for hand in hands if continental(hand, symbol)]
        assert len(used) / len(hands) == pytest.approx(2 / 3, abs=0.08)
        assert set(used) == {len(FORMS[symbol]) + i for i in range(len(forms))}
    others = set(FORMS) - set(CONTINENTAL)
    assert not any(continental(hand, symbol) for hand in hands for symbol in others)


@pytest.mark.parametrize("height_px", [20, 40, 90])
def test_a_digit_is_as_high_as_asked_for(height_px: int) -> None:
    heights = []
    for symbol in strokes.DIGITS:
        hand = strokes.random_hand(rng(2))
        heights.append(trim(strokes.draw_symbol(symbol, hand, rng(2), height_px)).shape[0])
    assert np.median(heights) == pytest.approx(height_px, rel=0.25)


def test_the_same_seed_writes_the_same_digit_and_another_seed_another() -> None:
    def write(seed: int) -> Float:
        return normalize_glyph(strokes.draw_symbol("8", strokes.random_hand(rng(seed)), rng(seed)))

    assert np.array_equal(write(1), write(1))
    assert not np.array_equal(write(1), write(2))


def test_one_hand_writes_a_digit_much_alike_and_two_hands_less_so() -> None:
    def spread(hands: list[strokes.Hand]) -> float:
        drawn = [
            normalize_glyph(strokes.draw_symbol("4", hand, rng(i), 40))
            for i, hand in enumerate(hands)
        ]
        return float(np.std(drawn, axis=0).mean())

    one = strokes.random_hand(rng(5))
    assert spread([one] * 12) < 0.8 * spread([strokes.random_hand(rng(i)) for i in range(12)])


def test_a_spline_goes_through_its_points() -> None:
    points = np.array([[0, 0], [1, 2], [3, 1], [4, 4]], np.float32)
    for roundness in (0.0, 0.5, 1.0):
        path = strokes.smooth(points, roundness)
        for point in points:
            assert np.abs(path - point).sum(1).min() < 1e-5


# Numbers


def test_a_number_shows_every_digit_it_says() -> None:
    held = np.ones((20, 12), np.float32)
    for text in ("1", "42", "12345678"):
        ink, owner = write_number(text, [held] * len(text), (8.0, 0.0), rng(3))
        assert set(np.unique(owner)) - {0, MARK} == set(range(1, len(text) + 1))
        pieces, _, stats, _ = cv2.connectedComponentsWithStats((ink > 0.5).view(np.uint8))
        tall = stats[1:, cv2.CC_STAT_HEIGHT] > 14
        assert pieces - 1 >= len(text)
        assert tall.sum() >= len(text)


def test_a_narrower_gap_writes_a_narrower_number() -> None:
    tile = np.ones((20, 12), np.float32)
    apart, _ = write_number("777", [tile] * 3, (6.0, 0.0), rng(4))
    touching, _ = write_number("777", [tile] * 3, (-2.0, 0.0), rng(4))
    assert touching.shape[1] < apart.shape[1]


@pytest.mark.parametrize("seed", range(12))
def test_a_composed_number_is_a_grey_picture_that_says_its_text(seed: int) -> None:
    number = compose(*glyphs_of_a_hand(), rng(seed), "90210")
    again = compose(*glyphs_of_a_hand(), rng(seed), "90210")
    assert number.text == "90210"
    assert np.array_equal(number.image, again.image)
    assert number.image.dtype == np.uint8
    height, width = number.image.shape
    assert 14 <= height <= 250
    assert width > height
    assert number.image.std() > 5  # there is ink


def test_a_writer_who_lacks_a_digit_gets_it_from_the_stroke_model() -> None:
    glyphs, labels = glyphs_of_a_hand()
    keep = labels != 3
    assert compose(glyphs[keep], labels[keep], rng(1), "333").text == "333"


def test_some_numbers_touch_and_some_do_not() -> None:
    glyphs, labels = glyphs_of_a_hand()
    touching = [compose(glyphs, labels, rng(seed), "555").touching for seed in range(40)]
    assert 5 <= sum(touching) <= 30


def test_made_up_numbers_have_all_lengths_and_keep_their_leading_zeros() -> None:
    held = rng(6)
    texts = [random_text(held) for _ in range(800)]
    assert {len(text) for text in texts} == set(LENGTHS)
    assert all(text.isdecimal() for text in texts)
    assert any(text.startswith("0") for text in texts)
    assert sum(text.endswith("00") for text in texts) > 80  # round amounts
    assert {len(random_text(held, (4, 5))) for _ in range(50)} == {4, 5}


# Paper


def test_ink_on_paper_is_darker_than_the_paper() -> None:
    ink = np.zeros((40, 120), np.float32)
    ink[8:32, 20:26] = ink[8:32, 90:96] = 1
    for seed in range(25):
        grey, inside = on_paper(ink, rng(seed))
        assert inside.width / inside.height == pytest.approx(3, rel=0.1)
        assert 0 < inside.right <= grey.shape[1]
        assert 0 < inside.bottom <= grey.shape[0]
        assert grey.dtype == np.uint8
        dark, light = np.percentile(grey, [3, 60])
        assert light - dark > 15


def test_paper_is_not_always_plain() -> None:
    patterned = [background((60, 200), 40.0, 220.0, rng(seed)).std() for seed in range(30)]
    assert max(patterned) > 8
    assert min(patterned) < 8


@pytest.mark.parametrize("count", [2, 3])
def test_zeros_in_a_chain_are_one_stroke_that_goes_from_each_to_the_next(count: int) -> None:
    for seed in range(30):
        rng = np.random.default_rng(seed)
        hand = strokes.random_hand(rng)
        chain = chain_zeros(count, hand, rng)
        assert len(chain) == count
        assert all(np.array_equal(a[-1], b[0]) for a, b in pairwise(chain))
        middles = [float(path[:, 0].mean()) for path in chain]
        assert middles == sorted(middles)
        for path in chain:
            assert 0.35 * BASE < float(np.ptp(path[:, 1])) < 1.25 * BASE
            assert float(path[:, 1].max()) > -0.2 * BASE  # each stands on the line


def test_digits_of_a_composed_number_own_dark_ink_from_left_to_right() -> None:
    for seed in range(12):
        number = compose(*glyphs_of_a_hand(), rng(seed), "1000")
        assert number.owner.shape == number.image.shape
        lefts = [np.flatnonzero((number.owner == k).any(0))[0] for k in range(1, 5)]
        assert lefts == sorted(lefts)
        paper = np.median(number.image[number.owner == 0])
        for place in range(1, 5):
            assert number.image[number.owner == place].mean() < paper


def test_no_digit_hides_in_the_one_before_it() -> None:
    stroke = np.ones((20, 3), np.float32)
    canvas = np.zeros((60, 90), np.float32)
    canvas[10:50, 10:40] = 1
    left = int(beside(canvas, stroke, 12.0, 15.0))
    assert (canvas[15:35, left : left + 3] > 0.5).mean() <= 0.25
    assert beside(canvas, stroke, 60.0, 15.0) == 60.0
