"""Junk that teaches what is no digit, and variants of digits as paper makes them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formreader import strokes
from formreader.augment import augment, bend, change_pen, leave_line, scan
from formreader.document import Float
from formreader.ink import normalize_glyph
from formreader.junk import KINDS, beside, make_junk, trim


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def digits(count: int = 40) -> tuple[Float, np.ndarray]:
    labels = np.arange(count) % 10
    drawn = [
        normalize_glyph(strokes.draw_symbol(str(d), strokes.random_hand(rng(i)), rng(i), 40))
        for i, d in enumerate(labels)
    ]
    return np.stack(drawn), labels


GLYPHS, LABELS = digits()


# Junk


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_junk_is_ink_that_can_be_normalised(kind: str) -> None:
    _, make = KINDS[kind]
    for seed in range(30):
        piece = make(GLYPHS, LABELS, rng(seed))
        assert piece.ndim == 2
        assert piece.min() >= 0
        assert piece.max() <= 1
        assert normalize_glyph(piece).max() == pytest.approx(1)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_makes_the_same_junk(kind: str) -> None:
    _, make = KINDS[kind]
    assert np.array_equal(make(GLYPHS, LABELS, rng(7)), make(GLYPHS, LABELS, rng(7)))
    assert any(
        not np.array_equal(make(GLYPHS, LABELS, rng(7)), make(GLYPHS, LABELS, rng(seed)))
        for seed in (8, 9)
    )


def test_the_shares_of_all_kinds_make_a_whole() -> None:
    assert sum(share for share, _ in KINDS.values()) == pytest.approx(1)


def test_all_kinds_are_made_in_their_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def noting(name: str) -> object:
        def make(*_: object) -> Float:
            made.append(name)
            return np.ones((4, 4), np.float32)

        return make

    for name, (share, _) in list(KINDS.items()):
        monkeypatch.setitem(KINDS, name, (share, noting(name)))
    assert len(make_junk(GLYPHS, LABELS, 1000, rng())) == 1000
    for name, (share, _) in KINDS.items():
        assert made.count(name) == pytest.approx(1000 * share, abs=50)


def test_junk_does_not_change_the_digits_it_is_made_of() -> None:
    before = GLYPHS.copy()
    make_junk(GLYPHS, LABELS, 200, rng(3))
    assert np.array_equal(GLYPHS, before)


def test_half_a_digit_is_never_half_a_one() -> None:
    _, half = KINDS["half digit"]
    narrow = np.zeros((28, 28), np.float32)
    narrow[4:24, 13:15] = 1
    glyphs = np.concatenate([np.repeat(narrow[None], 30, 0), GLYPHS[:10]])
    labels = np.concatenate([np.ones(30, int), LABELS[:10]])
    assert all(half(glyphs, labels, rng(seed)).shape[1] >= 4 for seed in range(20))


def test_two_glyphs_stand_beside_each_other() -> None:
    left, right = np.full((10, 6), 0.5, np.float32), np.ones((20, 9), np.float32)
    pair = beside(left, right, 3)
    assert pair.shape == (20, 18)
    assert (pair[:, 6:9] == 0).all()
    assert (pair[:, 9:] == 1).all()
    assert pair[:, :6].sum() == pytest.approx(0.5 * 60)
    assert beside(left, right, -100).shape[1] == 6 + 9 - 2  # overlaps by a third at most


def test_trimming_cuts_to_the_ink() -> None:
    glyph = np.zeros((28, 28), np.float32)
    glyph[5:9, 10:20] = 1
    assert trim(glyph).shape == (4, 10)


# Augmentation


@given(st.integers(0, 39), st.integers(0, 2**32 - 1))
@settings(max_examples=150, deadline=None)
def test_every_variant_is_a_normalised_glyph(index: int, seed: int) -> None:
    variant = augment(GLYPHS[index], rng(seed))
    assert variant.shape == (28, 28)
    assert variant.dtype == np.float32
    assert variant.min() >= 0
    assert variant.max() == pytest.approx(1)


def test_the_same_seed_gives_the_same_variant() -> None:
    assert np.array_equal(augment(GLYPHS[3], rng(5)), augment(GLYPHS[3], rng(5)))
    assert not np.array_equal(augment(GLYPHS[3], rng(5)), augment(GLYPHS[3], rng(6)))


def test_variants_stay_nearer_to_their_own_digit_than_to_another() -> None:
    held = rng(0)

    def mean(digit: int) -> Float:
        chosen = GLYPHS[digit : digit + 1]
        return np.mean([augment(chosen[0], held) for _ in range(60)], axis=0)

    for digit, other in ((0, 1), (2, 7), (4, 8)):
        own = np.abs(mean(digit) - GLYPHS[digit]).mean()
        assert own < np.abs(mean(digit) - GLYPHS[other]).mean()


def test_bending_by_nothing_leaves_the_digit() -> None:
    glyph = GLYPHS[5]
    still = normalize_glyph(bend(glyph, rng(1), 0.0))
    apart = [
        np.abs(np.roll(still, (dy, dx), (0, 1)) - glyph).mean()
        for dy in (-1, 0, 1)
        for dx in (-1, 0, 1)
    ]
    assert min(apart) < 0.05


def test_a_changed_pen_is_thicker_or_thinner_but_never_gone() -> None:
    canvas = bend(GLYPHS[2], rng(0), 0.0)
    inks = [float(change_pen(canvas, rng(seed)).sum()) for seed in range(40)]
    assert min(inks) < canvas.sum() < max(inks)
    assert min(inks) > 0.2 * canvas.sum()


def test_a_line_left_over_is_ink_beside_the_digit() -> None:
    canvas = bend(GLYPHS[0], rng(0), 0.0)
    ink = canvas > 0.3
    added = [((leave_line(canvas, rng(seed)) > 0.3) & ~ink).sum() for seed in range(20)]
    assert sum(count > 0 for count in added) > 15
    assert max(added) < ink.sum()
    blank = np.zeros((56, 56), np.float32)
    assert np.array_equal(leave_line(blank, rng(0)), blank)


def test_a_scan_keeps_its_range() -> None:
    canvas = bend(GLYPHS[8], rng(0), 0.0)
    for seed in range(60):
        seen = scan(canvas, rng(seed))
        assert seen.dtype == np.float32
        assert 16 <= seen.shape[0] < 72
        assert seen.min() >= 0
        assert 0.3 < seen.max() <= 1
