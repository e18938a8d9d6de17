"""Ink and paper: the one normaliser, flattening, ruled lines, strips."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from formreader import strokes
from formreader.binarize import darkness
from formreader.document import Float, Grey, Mask
from formreader.ink import (
    INK_LEVEL,
    LONGEST_STRIP,
    STRIP_HEIGHT,
    STRIP_MARGIN,
    darkness_of,
    normalize_glyph,
    remove_long_lines,
    strip_of,
    strokes_of,
    written,
)

RNG_SEED = 20
DARKNESS = arrays(
    np.float32,
    st.tuples(st.integers(1, 60), st.integers(1, 60)),
    elements=st.floats(0, 1, width=16),
)


def drawn(symbol: str, seed: int = RNG_SEED, height_px: int = 60) -> Float:
    rng = np.random.default_rng(seed)
    return strokes.draw_symbol(symbol, strokes.random_hand(rng), rng, height_px)


def apart(one: Float, other: Float) -> float:
    """Return the mean difference of two glyphs; a shift by a pixel is rounding."""
    shifts = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
    return min(float(np.abs(np.roll(one, by, (0, 1)) - other).mean()) for by in shifts)


def ink_box(glyph: Float) -> tuple[int, int, int, int]:
    box = cv2.boundingRect((glyph > 0.25).view(np.uint8))
    return box[0], box[1], box[2], box[3]


# normalize_glyph


@pytest.mark.parametrize("symbol", "0123456789")
def test_a_digit_fills_twenty_pixels_around_its_centre_of_mass(symbol: str) -> None:
    glyph = normalize_glyph(drawn(symbol))
    assert glyph.shape == (28, 28)
    assert glyph.dtype == np.float32
    assert glyph.max() == 1.0
    assert glyph.min() == 0.0
    assert max(ink_box(glyph)[2:]) in (19, 20)  # a faint outermost row may fall under the edge
    moments = cv2.moments(glyph)
    centre = moments["m10"] / moments["m00"], moments["m01"] / moments["m00"]
    assert centre == pytest.approx((14.0, 14.0), abs=0.51)


@pytest.mark.parametrize("shape", [(0, 0), (45, 0), (0, 45)])
def test_a_crop_without_pixels_has_no_strokes(shape: tuple[int, int]) -> None:
    strokes_found = strokes_of(np.zeros(shape, bool))
    assert strokes_found.stats.shape == (1, 5)
    assert strokes_found.kept(np.zeros(1, bool)).shape == shape


@pytest.mark.parametrize("symbol", "0123456789")
def test_size_and_place_of_a_digit_do_not_matter(symbol: str) -> None:
    small = drawn(symbol)
    large = cv2.resize(small, None, fx=2.5, fy=2.5)
    moved = np.pad(small, ((40, 3), (7, 90)))
    assert np.array_equal(normalize_glyph(moved), normalize_glyph(small))
    assert apart(normalize_glyph(large), normalize_glyph(small)) < 0.05


def test_paleness_of_the_pen_does_not_matter() -> None:
    digit = drawn("5")
    np.testing.assert_allclose(normalize_glyph(digit * 0.4), normalize_glyph(digit), atol=1e-5)


@pytest.mark.parametrize("symbol", "0123456789")
def test_normalising_twice_changes_next_to_nothing(symbol: str) -> None:
    once = normalize_glyph(drawn(symbol))
    assert apart(normalize_glyph(once), once) < 0.03


def test_no_ink_gives_an_empty_glyph() -> None:
    assert not normalize_glyph(np.zeros((30, 20), np.float32)).any()
    assert not normalize_glyph(np.full((30, 20), 0.04, np.float32)).any()  # paper noise


def test_a_thin_line_keeps_its_direction() -> None:
    upright, level = np.zeros((90, 90), np.float32), np.zeros((90, 90), np.float32)
    upright[5:85, 40] = 1
    level[40, 5:85] = 1
    assert ink_box(normalize_glyph(upright))[2:] == (1, 20)
    assert ink_box(normalize_glyph(level))[2:] == (20, 1)


def test_a_single_pixel_becomes_a_square_in_the_middle() -> None:
    dot = np.zeros((9, 9), np.float32)
    dot[4, 4] = 1
    assert ink_box(normalize_glyph(dot)) == (4, 4, 20, 20)


def test_the_input_is_not_changed() -> None:
    digit = drawn("8")
    before = digit.copy()
    normalize_glyph(digit)
    assert np.array_equal(digit, before)


@given(DARKNESS)
@settings(max_examples=150, deadline=None)
def test_any_darkness_gives_a_glyph_in_range(darkness: Float) -> None:
    glyph = normalize_glyph(darkness)
    assert glyph.shape == (28, 28)
    assert np.isfinite(glyph).all()
    assert glyph.min() >= 0
    assert glyph.max() <= 1 + 1e-6


# darkness_of


def paper_with(ink: Float, paper: Float | float, depth: float) -> Grey:
    return np.clip(paper - depth * ink, 0, 255).astype(np.uint8)


def test_flat_paper_has_no_contrast() -> None:
    darkness, contrast = darkness_of(np.full((40, 80), 220, np.uint8))
    assert contrast == 0.0
    assert darkness.shape == (40, 80)
    assert not darkness.any()


def test_contrast_is_counted_in_grey_levels() -> None:
    ink = np.zeros((60, 120), np.float32)
    ink[20:40, 30:36] = 1
    darkness, contrast = darkness_of(paper_with(ink, 230.0, 100))
    assert contrast == pytest.approx(100, abs=8)
    assert darkness[30, 32] > 0.9
    assert darkness[5, 100] < 0.05


def test_a_shadow_over_the_field_is_no_ink() -> None:
    digit = drawn("3", height_px=40)
    shade = np.linspace(240, 190, digit.shape[1], dtype=np.float32)[None, :]
    darkness, _ = darkness_of(paper_with(digit, shade, 90))
    flat, _ = darkness_of(paper_with(digit, 240.0, 90))
    differing = (darkness > INK_LEVEL) != (flat > INK_LEVEL)
    assert differing.mean() < 0.02


def test_security_print_stays_paper() -> None:
    digit = drawn("4", height_px=48)
    row, column = np.mgrid[: digit.shape[0], : digit.shape[1]].astype(np.float32)
    waves = 235 - 18 * (0.5 + 0.5 * np.sin((column + row) * 0.9))
    darkness, _ = darkness_of(paper_with(digit, waves, 120))
    far = cv2.dilate(digit, np.ones((5, 5), np.uint8)) < 0.05
    assert not (darkness[far] > INK_LEVEL).any()
    assert (darkness[digit > 0.9] > INK_LEVEL).mean() > 0.95


def test_a_dark_panel_on_a_light_sheet_is_paper_too() -> None:
    digit = np.pad(drawn("6", height_px=40), ((4, 4), (20, 60)))
    page = np.full(digit.shape, 150.0, np.float32)
    page[:14], page[:, :10] = 235, 235
    darkness, _ = darkness_of(paper_with(digit, page, 90))
    far = cv2.dilate(digit, np.ones((7, 7), np.uint8)) < 0.05
    assert (darkness[far] > INK_LEVEL).mean() < 0.02
    assert (darkness[digit > 0.9] > INK_LEVEL).mean() > 0.9


def test_a_black_field_is_not_read_as_ink_on_paper() -> None:
    _, contrast = darkness_of(np.zeros((30, 30), np.uint8))
    assert contrast == 0.0


@given(arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 60))))
@settings(max_examples=100, deadline=None)
def test_any_picture_gives_darkness_in_range(grey: Grey) -> None:
    darkness, contrast = darkness_of(grey)
    assert darkness.shape == grey.shape
    assert darkness.dtype == np.float32
    assert np.isfinite(darkness).all()
    assert darkness.min() >= 0
    assert darkness.max() <= 1
    assert 0 <= contrast <= 255


# remove_long_lines


def ruled() -> tuple[Mask, Mask]:
    """Return a stroke that crosses a rule, and the rule alone."""
    rule = np.zeros((60, 200), bool)
    rule[30:32, 5:195] = True
    stroke = np.zeros_like(rule)
    stroke[10:50, 100:105] = True
    return stroke, rule


def test_a_rule_goes_and_the_stroke_across_it_stays_whole() -> None:
    stroke, rule = ruled()
    left = remove_long_lines(stroke | rule, 80, 4)
    assert left[stroke].all()
    assert not left[rule & ~cv2.dilate(stroke.view(np.uint8), np.ones((3, 3))).astype(bool)].any()


def test_a_slightly_leaning_rule_goes_too() -> None:
    leaning = np.zeros((60, 200), np.uint8)
    cv2.line(leaning, (5, 30), (195, 32), 1, 2)
    assert remove_long_lines(leaning.astype(bool), 80, 4).sum() < 0.1 * leaning.sum()


def test_a_short_dash_and_a_thick_bar_are_kept() -> None:
    ink = np.zeros((60, 200), bool)
    ink[20:22, 10:60] = True  # shorter than a rule
    ink[40:50, 10:190] = True  # thicker than a rule
    assert np.array_equal(remove_long_lines(ink, 80, 4), ink)


@given(arrays(bool, st.tuples(st.integers(1, 30), st.integers(1, 50))), st.integers(2, 60))
@settings(max_examples=80, deadline=None)
def test_removing_lines_never_adds_ink(mask: Mask, length: int) -> None:
    assert not (remove_long_lines(mask, length, 3) & ~mask).any()


# strip_of


def test_a_strip_is_the_ink_at_28_pixels_with_a_white_margin() -> None:
    darkness = np.zeros((100, 300), np.float32)
    darkness[20:76, 50:162] = 1  # 56 high, 112 wide
    strip = strip_of(darkness, strokes_of(darkness > 0.5).stats)
    assert strip.shape == (STRIP_HEIGHT, 56 + 2 * STRIP_MARGIN)
    assert strip.dtype == np.float32
    inner = strip[STRIP_MARGIN:-STRIP_MARGIN, STRIP_MARGIN:-STRIP_MARGIN]
    assert inner.min() == 1
    assert strip.sum() == pytest.approx(inner.sum())


def test_an_overlong_field_is_squeezed_to_the_widest_strip() -> None:
    darkness = np.zeros((20, 3000), np.float32)
    darkness[5:15, 10:2990] = 1
    assert strip_of(darkness, strokes_of(darkness > 0.5).stats).shape == (
        STRIP_HEIGHT,
        LONGEST_STRIP,
    )


def test_a_field_without_ink_gives_an_empty_strip() -> None:
    strip = strip_of(np.zeros((40, 90), np.float32), strokes_of(np.zeros((40, 90), bool)).stats)
    assert strip.shape == (STRIP_HEIGHT, STRIP_HEIGHT)
    assert not strip.any()


def test_a_far_speck_does_not_widen_the_strip() -> None:
    darkness = np.zeros((60, 400), np.float32)
    darkness[10:50, 20:60] = 1
    alone = strip_of(darkness, strokes_of(darkness > 0.5).stats)
    darkness[30, 390] = 1
    assert strip_of(darkness, strokes_of(darkness > 0.5).stats).shape == alone.shape


@given(DARKNESS)
@settings(max_examples=100, deadline=None)
def test_any_field_gives_a_strip_of_the_right_size(darkness: Float) -> None:
    strip = strip_of(darkness, strokes_of(darkness > INK_LEVEL).stats)
    assert strip.shape[0] == STRIP_HEIGHT
    assert 2 * STRIP_MARGIN < strip.shape[1] <= LONGEST_STRIP
    assert np.isfinite(strip).all()


def test_pale_specks_of_print_are_no_ink_but_a_paler_digit_is() -> None:
    darkness = np.zeros((40, 90), np.float32)
    darkness[5:35, 10:16] = 1
    darkness[5:35, 40:46] = 0.6
    darkness[20:24, 70:80] = 0.6
    ink = written(darkness)
    assert ink[10, 12]
    assert ink[10, 42]
    assert not ink[:, 65:].any()


@pytest.mark.parametrize("light", [0.5, 0.7])
def test_writing_in_a_shadow_and_a_black_bar_stay_dark(light: float) -> None:
    page = np.full((400, 400), 240, np.uint8)
    cv2.line(page, (250, 60), (250, 340), 40, 4)
    page[:, 200:] = (page[:, 200:] * light).astype(np.uint8)
    page[350:390, 20:180] = 10
    dark = darkness(page, 200 / 25.4, shadows=True)
    assert dark[60:330, 250].min() > 150
    assert dark[360:380, 40:160].min() > 120
    assert dark[60:340, 204:240].max() < 28
