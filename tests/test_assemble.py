"""Assembling: glyphs and scores made by hand, no picture anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formreader.assemble import BEAM, PASS_BOX, assemble, spell
from formreader.document import Candidate, Float, Glyph, Rect

NO_PIXELS = np.zeros((28, 28), np.float32)


def glyph(start: int, end: int, height: float = 1.0, width: float = 0.5, cell: int = -1) -> Glyph:
    """Make a glyph between two cuts; its rectangle says where it is in the lattice."""
    return Glyph(Rect(start, 0, end - start, 1), NO_PIXELS, start, end, height, width, cell)


def says(**chances: float) -> Float:
    """Return log-probabilities (11,): `d7=0.9` for the digit 7, `junk=0.1`; the rest share."""
    left = (1 - sum(chances.values())) / (11 - len(chances))
    scores = np.full(11, max(left, 1e-6))
    for name, chance in chances.items():
        scores[10 if name == "junk" else int(name[1:])] = chance
    logs: Float = np.log(scores / scores.sum()).astype(np.float32)
    return logs


JUNK = says(junk=0.97)


def read(
    held: Sequence[tuple[Glyph, Float]], cuts: Sequence[float], cells: int = 0
) -> list[Candidate]:
    glyphs = [one for one, _ in held]
    scores = np.stack([score for _, score in held]) if held else np.zeros((0, 11), np.float32)
    return assemble(glyphs, scores, np.array(cuts, np.float64), cells)


def test_a_field_without_glyphs_has_no_reading() -> None:
    assert read([], [0.0]) == []


def test_digits_are_read_from_left_to_right() -> None:
    held = [(glyph(i, i + 1), says(**{f"d{d}": 0.95})) for i, d in enumerate((4, 0, 7, 7))]
    best = read(held, [0.0] * 5)[0]
    assert best.text == "4077"
    assert [c.text for c in best.characters] == ["4", "0", "7", "7"]
    assert [c.rect.x for c in best.characters] == [0, 1, 2, 3]
    assert (best.passed, best.touching) == (0, 0)


def test_two_digits_win_over_the_junk_they_make_together() -> None:
    held = [
        (glyph(0, 1), says(d5=0.9)),
        (glyph(1, 2), says(d3=0.9)),
        (glyph(0, 2, width=1.1), JUNK),
    ]
    best = read(held, [0.0, 0.6, 0.0])[0]
    assert best.text == "53"
    assert best.touching == 1


def test_one_digit_wins_over_the_halves_it_was_cut_into() -> None:
    held = [
        (glyph(0, 1, width=0.3), says(junk=0.8, d1=0.1)),
        (glyph(1, 2, width=0.3), says(junk=0.8, d7=0.1)),
        (glyph(0, 2), says(d0=0.95)),
    ]
    best = read(held, [0.0, 1.2, 0.0])[0]
    assert best.text == "0"
    assert best.touching == 0


def test_a_dear_cut_needs_better_digits_than_a_free_one() -> None:
    halves = [(glyph(0, 1), says(d1=0.75, junk=0.2)), (glyph(1, 2), says(d1=0.75, junk=0.2))]
    whole = [(glyph(0, 2), says(d0=0.45, junk=0.4))]
    assert read(halves + whole, [0.0, 0.0, 0.0])[0].text == "11"
    assert read(halves + whole, [0.0, 1.6, 0.0])[0].text == "0"


@pytest.mark.parametrize("height", [0.1, 0.2, 0.3])
def test_a_dot_or_dash_between_digits_is_passed_over(height: float) -> None:
    held = [
        (glyph(0, 1), says(d1=0.95)),
        (glyph(1, 2, height=height, width=0.3), says(junk=0.6, d1=0.3)),
        (glyph(2, 3), says(d9=0.95)),
    ]
    best = read(held, [0.0] * 4)[0]
    assert best.text == "19"
    assert best.passed == 0


def test_a_mark_as_tall_as_a_digit_that_is_passed_over_is_counted() -> None:
    held = [(glyph(0, 1), says(d2=0.95)), (glyph(1, 2), says(junk=0.9999))]
    readings = {candidate.text: candidate for candidate in read(held, [0.0] * 3)}
    assert readings["2"].passed == 1
    assert sorted(readings["2"].characters[0].text) == ["2"]


def test_a_clear_digit_is_never_passed_over() -> None:
    held = [(glyph(i, i + 1), says(d6=0.9)) for i in range(3)]
    assert read(held, [0.0] * 4)[0].text == "666"


def test_white_paper_between_cuts_is_stepped_over() -> None:
    held = [(glyph(1, 2), says(d3=0.95)), (glyph(4, 5), says(d8=0.95))]
    assert read(held, [0.0] * 7)[0].text == "38"


@pytest.mark.parametrize(("short", "long"), [(0.5, 0.9), (0.97, 0.4)])
def test_each_string_is_listed_once_with_its_better_way(short: float, long: float) -> None:
    held = [
        (glyph(0, 1), says(d4=0.9)),
        (glyph(1, 2), says(d2=short)),
        (glyph(1, 3), says(d2=long)),
        (glyph(2, 3, height=0.1, width=0.1), JUNK),
    ]
    candidates = read(held, [0.0] * 4)
    assert len({c.text for c in candidates}) == len(candidates)
    assert candidates[0].text == "42"
    ways = [c.characters[1].probability for c in candidates if c.text == "42"]
    assert ways == [pytest.approx(max(short, long), abs=0.01)]


def test_the_second_best_string_differs_in_the_least_sure_digit() -> None:
    held = [
        (glyph(0, 1), says(d1=0.97)),
        (glyph(1, 2), says(d4=0.6, d9=0.38)),
        (glyph(2, 3), says(d8=0.97)),
    ]
    assert [c.text for c in read(held, [0.0] * 4)[:2]] == ["148", "198"]


def test_alternatives_of_a_character_are_its_next_two_classes() -> None:
    [best, *_] = read([(glyph(0, 1), says(d3=0.7, d5=0.2, junk=0.08))], [0.0, 0.0])
    [character] = best.characters
    assert character.probability == pytest.approx(0.7, rel=0.05)
    assert [symbol for symbol, _ in character.alternatives] == ["5", "?"]
    assert character.alternatives[0][1] == pytest.approx(0.2, rel=0.1)


def test_a_digit_read_as_its_third_class_has_the_two_better_ones_beside_it() -> None:
    held = [(glyph(0, 1), says(d3=0.5, d5=0.3, d8=0.2))]
    third = next(c for c in read(held, [0.0, 0.0]) if c.text == "8")
    assert [symbol for symbol, _ in third.characters[0].alternatives] == ["3", "5"]


@pytest.mark.parametrize("height", [0.25, 3.0])
def test_a_height_no_digit_has_makes_it_unlikely_outside_boxes(height: float) -> None:
    usual = read([(glyph(0, 1), says(d1=0.9))], [0.0, 0.0])
    odd = read([(glyph(0, 1, height=height), says(d1=0.9))], [0.0, 0.0])
    boxed = read([(glyph(0, 1, height=height, cell=0), says(d1=0.9))], [0.0, 0.0], cells=1)

    def score(candidates: list[Candidate]) -> float:
        return next(c.score for c in candidates if c.text == "1")

    assert score(odd) < score(usual) - 2
    assert score(boxed) == pytest.approx(score(usual))


# Boxes


def test_empty_boxes_add_nothing_to_the_number() -> None:
    held = [(glyph(i, i + 1, cell=i), says(**{f"d{d}": 0.95})) for i, d in ((1, 2), (2, 0))]
    best = read(held, [0.0] * 6, cells=5)[0]
    assert best.text == "20"
    assert best.touching == 0


def test_a_struck_out_box_is_passed_over_and_counted() -> None:
    held = [
        (glyph(0, 1, cell=0), says(d7=0.95)),
        (glyph(1, 2, cell=1), says(junk=0.999)),
        (glyph(2, 3, cell=2), says(d5=0.95)),
    ]
    best = read(held, [0.0] * 4, cells=3)[0]
    assert best.text == "75"
    assert best.passed == 1


def struck(place: int, filler: bool) -> tuple[str, float]:
    """Read three boxes of which one is struck out; returns the best string and its score."""
    says_box = [says(d7=0.98), says(d5=0.98)]
    says_box.insert(place, says(junk=0.99, d8=0.005))
    glyphs = [glyph(box, box + 1, cell=box) for box in range(3)]
    best = assemble(glyphs, np.stack(says_box), np.zeros(4), 3, filler=filler)[0]
    return best.text, best.score


def test_a_box_struck_out_before_the_number_costs_nothing_where_the_form_allows_it() -> None:
    text, score = struck(0, filler=True)
    assert (text, round(score, 2)) == ("75", round(2 * np.log(0.98) + np.log(0.99), 2))
    assert struck(0, filler=False) == ("75", pytest.approx(score + PASS_BOX))
    assert struck(1, filler=True) == struck(1, filler=False)
    assert struck(2, filler=True) == struck(2, filler=False)


# Anything at all


@st.composite
def lattices(draw: st.DrawFn) -> tuple[list[tuple[Glyph, Float]], list[float], int]:
    nodes = draw(st.integers(2, 8))
    starts = st.integers(0, nodes - 2)
    spans = draw(st.lists(st.tuples(starts, st.integers(1, 3)), max_size=10, unique=True))
    cells = draw(st.sampled_from([0, nodes - 1]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    held = []
    for start, length in sorted(spans):
        logits = rng.normal(0, 4, 11)
        scores = (logits - np.log(np.exp(logits).sum())).astype(np.float32)
        end = min(start + length, nodes - 1)
        held.append((glyph(start, end, float(rng.uniform(0.05, 2))), scores))
    return held, list(rng.uniform(0, 2, nodes)), cells


@given(lattices())
@settings(max_examples=200, deadline=None)
def test_any_lattice_gives_few_ordered_different_strings(
    lattice: tuple[list[tuple[Glyph, Float]], list[float], int],
) -> None:
    held, cuts, cells = lattice
    candidates = read(held, cuts, cells)
    assert bool(held) <= len(candidates) <= BEAM
    assert all(a.score >= b.score for a, b in pairwise(candidates))
    assert len({c.text for c in candidates}) == len(candidates)
    for candidate in candidates:
        assert "".join(c.text for c in candidate.characters) == candidate.text
        assert all(a.rect.right <= b.rect.x for a, b in pairwise(candidate.characters))
        assert 0 <= candidate.touching <= len(cuts)
        assert np.isfinite(candidate.score)


def test_a_given_text_is_spelt_at_its_best_score() -> None:
    held = [(glyph(i, i + 1), says(**{f"d{d}": 0.6, "d1": 0.2})) for i, d in enumerate((4, 0, 7))]
    glyphs, scores = [one for one, _ in held], np.stack([score for _, score in held])
    cuts = np.array([0.0, 0.3, 0.0, 0.0])
    listed = assemble(glyphs, scores, cuts, 0)
    spelt = spell(glyphs, scores, cuts, 0, {c.text for c in listed})
    assert [(c.text, c.score, c.characters) for c in spelt] == [
        (c.text, c.score, c.characters) for c in listed
    ]


def test_a_text_too_unlikely_to_be_listed_is_spelt_all_the_same() -> None:
    held = [(glyph(0, 1), says(d4=0.999)), (glyph(1, 2), says(d7=0.999))]
    glyphs, scores = [one for one, _ in held], np.stack([score for _, score in held])
    cuts = np.zeros(3)
    assert "58" not in [c.text for c in assemble(glyphs, scores, cuts, 0)]
    [best, other] = spell(glyphs, scores, cuts, 0, {"58", "47"})
    assert (best.text, other.text) == ("47", "58")
    assert [c.text for c in other.characters] == ["5", "8"]
    assert other.score == pytest.approx(float(scores[0][5] + scores[1][8]))


def test_a_text_longer_than_the_glyphs_is_not_spelt() -> None:
    scores = says(d4=0.9)[None]
    assert spell([glyph(0, 1)], scores, np.zeros(2), 0, {"44"}) == []
    assert spell([], np.zeros((0, 11), np.float32), np.zeros(1), 0, {"4"}) == []
