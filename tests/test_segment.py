"""Segmenting: spaced, touching and slanted digits, boxes, dirt, and anything at all."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from formreader import pipeline, strokes
from formreader.document import FieldImage, FieldSpec, Float, Glyph, Grey, Kind, Mask, Rect
from formreader.ink import INK_LEVEL, darkness_of
from formreader.junk import trim
from formreader.segment import Lattice, segment, strip, without_rules
from formreader.segment_cuts import slant

HEIGHT_PX = 44


def digit(symbol: str, seed: int = 3, height_px: int = HEIGHT_PX) -> Float:
    """Draw one digit, cut to its ink, by a hand whose digits take their plainest form."""
    rng = np.random.default_rng([seed, ord(symbol)])
    plain = strokes.Hand(dict.fromkeys(strokes.FORMS, 0), 0.0, 0.6, 0.09, 0.01, 0.9)
    return trim(strokes.draw_symbol(symbol, plain, rng, height_px))


def written(
    text: str, gap_px: int, slant: float = 0.0, broad_px: int = 0
) -> tuple[Float, list[Rect]]:
    """Write digits side by side: darkness (H, W) with a margin, and where each one lies.

    Any 0 is `broad_px` wide, unless that is 0.
    """
    canvas = np.zeros((HEIGHT_PX + 30, 80 * len(text) + 60), np.float32)
    pen, places = 20, []
    for symbol in text:
        ink = digit(symbol)
        if broad_px and symbol == "0":
            ink = cv2.resize(ink, (broad_px, ink.shape[0]), interpolation=cv2.INTER_LINEAR)
        top = HEIGHT_PX + 15 - ink.shape[0]
        patch = canvas[top : top + ink.shape[0], pen : pen + ink.shape[1]]
        np.maximum(patch, ink, out=patch)
        places.append(Rect(pen, top, ink.shape[1], ink.shape[0]))
        pen += ink.shape[1] + gap_px
    canvas = canvas[:, : pen + 20]
    if slant:
        lean = slant * canvas.shape[0]
        matrix = np.array([[1, -slant, lean], [0, 1, 0]], np.float64)
        size = (int(canvas.shape[1] + lean), canvas.shape[0])
        canvas = np.asarray(cv2.warpAffine(canvas, matrix, size))
    return canvas, places


def paper(ink: Float) -> Grey:
    return np.clip(235 - 150 * ink, 0, 255).astype(np.uint8)


def field_of(grey: Grey, cells: tuple[Rect, ...] = (), ink: Mask | None = None) -> FieldImage:
    if ink is None:
        ink = darkness_of(grey)[0] > INK_LEVEL
    spec = FieldSpec("number", Kind.BOXES if cells else Kind.FREE)
    return FieldImage(spec, Rect(0, 0, grey.shape[1], grey.shape[0]), grey, ink, cells)


def off(one: Rect, other: Rect) -> int:
    """Return by how many pixels the edges of two rectangles differ at most."""
    edges = [(r.x, r.y, r.right, r.bottom) for r in (one, other)]
    return max(abs(a - b) for a, b in zip(*edges, strict=True))


def way_through(lattice: Lattice, places: list[Rect], tolerance_px: int) -> list[Glyph]:
    """Return a path of glyphs that lie where the digits were written, one a digit."""
    paths: list[list[Glyph]] = [[]]
    for place in places:
        here = [glyph for glyph in lattice.glyphs if off(glyph.rect, place) <= tolerance_px]
        assert here, f"no glyph lies at {place}"
        paths = [[*p, g] for p in paths for g in here if not p or p[-1].end == g.start]
    assert paths, "the glyphs of the digits do not join on to one another"
    return min(paths, key=lambda path: sum(map(off, [g.rect for g in path], places)))


def assert_connected(lattice: Lattice) -> None:
    """Check that glyphs lead from cut to cut, forwards, within the lattice."""
    for glyph in lattice.glyphs:
        assert 0 <= glyph.start < glyph.end < len(lattice.cuts)


# Free writing


@pytest.mark.parametrize("text", ["7", "42", "1234567890", "10001", "88888"])
def test_every_spaced_digit_is_a_glyph_of_its_own(text: str) -> None:
    ink, places = written(text, gap_px=12)
    lattice = segment(field_of(paper(ink)))
    way_through(lattice, places, tolerance_px=5)
    assert lattice.height == pytest.approx(HEIGHT_PX, rel=0.2)
    assert_connected(lattice)


def test_cuts_between_spaced_digits_are_free() -> None:
    ink, places = written("3625", gap_px=12)
    lattice = segment(field_of(paper(ink)))
    path = way_through(lattice, places, tolerance_px=5)
    assert all(lattice.cuts[glyph.end] < 0.15 for glyph in path[:-1])


def just_touching(text: str) -> tuple[Float, list[Rect]]:
    """Write two digits as far apart as lets them still be one piece of ink."""
    for gap_px in range(0, -20, -1):
        ink, places = written(text, gap_px)
        pieces, _ = cv2.connectedComponents((darkness_of(paper(ink))[0] > 0.5).view(np.uint8))
        if pieces == 2:  # the paper is counted too
            return ink, places
    raise AssertionError(f"{text} never touch")


def cut_apart(text: str) -> bool:
    ink, places = just_touching(text)
    try:
        way_through(segment(field_of(paper(ink))), places, tolerance_px=9)
    except AssertionError:
        return False
    return True


def test_three_in_four_pairs_that_just_touch_are_cut_apart() -> None:
    missed = [a + b for a in "023456789" for b in "023456789" if not cut_apart(a + b)]
    assert len(missed) <= 20, missed


def test_the_cut_between_touching_digits_costs_something() -> None:
    ink, places = just_touching("00")
    lattice = segment(field_of(paper(ink)))
    left, _ = way_through(lattice, places, tolerance_px=9)
    assert 0.15 < lattice.cuts[left.end] < 1.8


@pytest.mark.parametrize("slant", [-0.3, 0.3, 0.5])
def test_slanted_digits_are_cut_along_their_slant(slant: float) -> None:
    ink, _ = written("4175", gap_px=8, slant=slant)
    upright, _ = written("4175", gap_px=8)
    lattice, plain = segment(field_of(paper(ink))), segment(field_of(paper(upright)))

    def free_cuts(held: Lattice) -> int:
        return int((held.cuts[1:-1] < 0.15).sum())

    assert free_cuts(lattice) == free_cuts(plain) >= 3
    assert_connected(lattice)


def test_glyphs_are_normalised_digits_in_digit_heights() -> None:
    ink, places = written("58", gap_px=12)
    for glyph in way_through(segment(field_of(paper(ink))), places, tolerance_px=5):
        assert glyph.image.shape == (28, 28)
        assert glyph.image.max() == pytest.approx(1)
        assert glyph.height == pytest.approx(1, abs=0.25)
        assert 0.3 < glyph.width < 1
        assert glyph.cell == -1


@pytest.mark.parametrize("grey", [255, 128, 0])
def test_blank_paper_gives_no_glyphs(grey: int) -> None:
    assert segment(field_of(np.full((60, 200), grey, np.uint8))).glyphs == ()


def test_noise_of_a_scanner_gives_no_glyphs() -> None:
    rng = np.random.default_rng(5)
    noisy = np.clip(rng.normal(220, 4, (60, 200)), 0, 255).astype(np.uint8)
    assert segment(field_of(noisy)).glyphs == ()


def test_specks_are_no_glyphs() -> None:
    ink, _ = written("64", gap_px=14)
    clean = segment(field_of(paper(ink)))
    ink[12:15, 5:8] = ink[60:63, -8:-5] = 1
    dirty = segment(field_of(paper(ink)))
    assert len(dirty.glyphs) == len(clean.glyphs)


def test_a_rule_below_the_number_is_no_glyph() -> None:
    ink, places = written("2607", gap_px=12)
    ink[-8:-6] = 1
    lattice = segment(field_of(paper(ink)))
    way_through(lattice, places, tolerance_px=6)
    assert max(glyph.rect.bottom for glyph in lattice.glyphs) < ink.shape[0] - 6


@pytest.mark.parametrize("symbol", "174")
def test_a_thin_stroke_that_meets_the_border_is_no_rule(symbol: str) -> None:
    tight = np.pad(digit(symbol, height_px=30), ((0, 12), (10, 10)))
    ink = darkness_of(paper(tight))[0] > INK_LEVEL
    assert np.array_equal(without_rules(ink), ink)


def test_the_edge_of_a_box_is_taken_out() -> None:
    ink, _ = written("53", gap_px=12)
    ink[:, 4:6] = 1
    assert not without_rules(ink > INK_LEVEL)[:, 4:6].any()


def test_a_straight_1_in_a_crop_cut_to_the_writing_is_no_line() -> None:
    ink, _ = written("303", gap_px=20)
    tight = trim(ink)
    middle = tight.shape[1] // 3 + 2
    tight[:, middle : middle + 3] = 1
    assert without_rules(tight > INK_LEVEL)[:, middle].all()


@pytest.mark.parametrize(("left", "may_be_a_line"), [(0, True), (40, False)])
def test_a_line_at_the_side_of_a_tight_crop_is_told_from_one_inside(
    left: int, may_be_a_line: bool
) -> None:
    tight = np.pad(trim(written("30", gap_px=30)[0]), ((0, 0), (6, 0)))
    tight[:, left : left + 3] = 1
    assert segment(field_of(paper(tight))).edge is may_be_a_line


@pytest.mark.parametrize(("share", "noticed"), [(1.0, False), (0.7, False), (0.35, True)])
def test_a_digit_in_ink_too_pale_to_be_read_is_noticed(share: float, noticed: bool) -> None:
    ink, places = written("385", gap_px=14)
    ink[:, places[1].x : places[1].right] *= share
    lattice = segment(pipeline.whole_image(paper(ink)))
    assert lattice.paler is noticed
    if not noticed:
        assert any(off(glyph.rect, places[1]) < 4 for glyph in lattice.glyphs)


# Boxes


def boxes(count: int, side: int = 60) -> tuple[Rect, ...]:
    return tuple(Rect(index * side, 0, side, side) for index in range(count))


def boxed(*contents: str | None, side: int = 60) -> Float:
    """Write digits into the middle of boxes; None leaves one empty."""
    page = np.zeros((side, side * len(contents)), np.float32)
    for index, symbol in enumerate(contents):
        if symbol:
            ink = digit(symbol, height_px=36)
            left, top = index * side + (side - ink.shape[1]) // 2, (side - ink.shape[0]) // 2
            page[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    return page


def test_every_filled_box_gives_one_glyph_and_an_empty_one_none() -> None:
    lattice = segment(field_of(paper(boxed("4", None, "0", "1")), boxes(4)))
    assert [glyph.cell for glyph in lattice.glyphs] == [0, 2, 3]
    assert [(glyph.start, glyph.end) for glyph in lattice.glyphs] == [(0, 1), (2, 3), (3, 4)]
    assert lattice.cells == 4
    assert len(lattice.cuts) == 5


def test_empty_boxes_give_no_glyphs() -> None:
    lattice = segment(field_of(np.full((60, 180), 230, np.uint8), boxes(3)))
    assert lattice.glyphs == ()
    assert lattice.cells == 3


def test_a_dot_of_dirt_does_not_fill_a_box() -> None:
    page = boxed("4", None)
    page[30:34, 80:84] = 1
    assert [glyph.cell for glyph in segment(field_of(paper(page), boxes(2))).glyphs] == [0]


def test_ink_that_leaves_its_box_stays_whole() -> None:
    page = boxed(None, None)
    ink = digit("5", height_px=50)
    page[5 : 5 + ink.shape[0], 38 : 38 + ink.shape[1]] = ink  # a few pixels reach over
    lattice = segment(field_of(paper(page), boxes(2)))
    [glyph] = lattice.glyphs
    assert glyph.cell == 0
    assert glyph.rect.right > 60
    assert off(glyph.rect, Rect(38, 5, ink.shape[1], ink.shape[0])) <= 2


def test_a_stroke_across_two_boxes_is_cut_at_their_border() -> None:
    page = boxed("8", "8")
    page[28:32, 20:100] = 1
    lattice = segment(field_of(paper(page), boxes(2)))
    assert [glyph.cell for glyph in lattice.glyphs] == [0, 1]
    assert lattice.glyphs[0].rect.right <= 60 <= lattice.glyphs[1].rect.x


def test_boxes_that_do_not_adjoin_are_read_each_for_itself() -> None:
    page = np.pad(boxed("3", "9"), ((0, 0), (0, 40)))
    cells = (Rect(0, 0, 58, 60), Rect(64, 0, 56, 60), Rect(125, 0, 35, 60))
    lattice = segment(field_of(paper(page), cells))
    assert [glyph.cell for glyph in lattice.glyphs] == [0, 1]


# Strips


def test_the_strip_of_a_number_is_as_wide_as_the_number() -> None:
    ink, places = written("4096", gap_px=10)
    found = strip(field_of(paper(ink)))
    assert found.shape[0] == 32
    width = places[-1].right - places[0].x
    assert found.shape[1] == pytest.approx(28 / HEIGHT_PX * width, rel=0.1)


def test_the_strip_of_slanted_writing_is_set_upright() -> None:
    upright_strip = strip(field_of(paper(written("1111", gap_px=24)[0])))
    found = strip(field_of(paper(written("1111", gap_px=24, slant=0.4)[0])))
    assert found.shape[1] == pytest.approx(upright_strip.shape[1], abs=5)
    assert slant(found) == pytest.approx(0, abs=0.11)


def test_a_gap_that_a_printed_mark_leaves_is_closed_in_the_strip() -> None:
    field = field_of(paper(written("26", gap_px=70)[0]))
    apart = strip(field)
    close = strip(replace(field, spec=replace(field.spec, parted=True)))
    lost = apart.shape[1] - close.shape[1]
    gap = np.diff(np.flatnonzero(close.max(axis=0) > 0.25)).max()
    assert lost > 20
    assert 8 < gap <= 14
    assert close.sum() == pytest.approx(apart.sum(), rel=0.01)


def test_no_glyph_spans_the_paper_between_two_whole_digits() -> None:
    ink, places = written("38", gap_px=6)
    middle = (places[0].right + places[1].x) // 2
    glyphs = segment(field_of(paper(ink))).glyphs
    assert glyphs
    assert not [g for g in glyphs if g.rect.x < middle - 6 and g.rect.right > middle + 6]


def test_a_broad_digit_between_white_paper_is_tried_whole() -> None:
    ink, places = written("1503", gap_px=12, broad_px=84)
    way_through(segment(field_of(paper(ink))), places, tolerance_px=5)


# Anything at all


@given(arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 60))), st.integers(0, 5))
@settings(max_examples=120, deadline=None)
def test_any_picture_can_be_segmented(grey: Grey, count: int) -> None:
    assert_sound(field_of(grey, cells_over(grey, count)))


@given(
    arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 60))),
    st.randoms(),
    st.floats(0, 1),
)
@settings(max_examples=120, deadline=None)
def test_any_ink_over_any_picture_can_be_segmented(
    grey: Grey, random: object, share: float
) -> None:
    rng = np.random.default_rng(random.getrandbits(32))  # type: ignore[attr-defined]
    assert_sound(field_of(grey, ink=rng.random(grey.shape) < share))


def test_ink_no_darker_than_its_paper_can_be_segmented() -> None:
    """Found by the test above: nearly black all over, a quarter of it taken for ink."""
    grey = np.zeros((16, 6), np.uint8)
    grey[15, 2] = 8
    for seed in range(40):
        ink = np.random.default_rng(seed).random(grey.shape) < 0.25
        assert_sound(field_of(grey, ink=ink))


@pytest.mark.parametrize(
    "shape", [(1, 1), (1, 300), (300, 1), (3, 200), (200, 3), (2, 2), (90, 900)]
)
@pytest.mark.parametrize("seed", range(4))
def test_odd_sizes_can_be_segmented(shape: tuple[int, int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    grey = rng.integers(0, 256, shape, np.uint8)
    blurred = np.asarray(cv2.GaussianBlur(grey, (0, 0), 3))
    stretched = np.asarray(cv2.normalize(blurred, None, 0, 255, cv2.NORM_MINMAX), np.uint8)
    for image in (grey, stretched):
        assert_sound(field_of(image))
        assert_sound(field_of(image, cells_over(image, 3)))


def cells_over(grey: Grey, count: int) -> tuple[Rect, ...]:
    width = grey.shape[1] // max(count, 1)
    return tuple(Rect(i * width, 0, width, grey.shape[0]) for i in range(count) if width)


def assert_sound(field: FieldImage) -> None:
    lattice = segment(field)
    assert_connected(lattice)
    height, width = field.image.shape
    for glyph in lattice.glyphs:
        assert glyph.rect.x >= 0
        assert glyph.rect.y >= 0
        assert glyph.rect.width >= 1
        assert glyph.rect.height >= 1
        assert glyph.rect.right <= width
        assert glyph.rect.bottom <= height
        assert np.isfinite(glyph.image).all()
    assert np.isfinite(lattice.cuts).all()
    assert strip(field).shape[0] == 32
