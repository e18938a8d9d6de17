"""What a form allows, weighed against what the readers propose; no picture anywhere."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from formreader import strokes
from formreader.document import (
    Candidate,
    Character,
    FieldImage,
    FieldSpec,
    Float,
    Glyph,
    Kind,
    Reason,
    Rect,
    Status,
)
from formreader.ink import normalize_glyph
from formreader.junk import beside, trim
from formreader.pipeline_judge import (
    MOST_LOST,
    Cut,
    judge,
    narrowed,
    passed_over,
    shared_out,
    struck_out,
)
from formreader.segment import Lattice
from formreader.validate import validate

RNG = np.random.default_rng(8)

LATTICE = [Candidate("38", math.log(0.6), ()), Candidate("88", math.log(0.3), ())]
STRIPS = [("38", math.log(0.8)), ("88", math.log(0.1)), ("33", math.log(0.05))]


def up_to(most: int) -> FieldSpec:
    return FieldSpec("day", Kind.BOXES, fits=lambda text: text != "" and int(text) <= most)


def chances(found: list[tuple[str, float]]) -> dict[str, float]:
    return {text: round(math.exp(score), 3) for text, score in found}


def test_what_a_form_excludes_is_no_doubt_of_what_it_allows() -> None:
    ours, theirs, changed = narrowed(LATTICE, STRIPS, up_to(40), in_boxes=True)
    assert chances([(c.text, c.score) for c in ours]) == {"38": round(0.6 / 0.7, 3)}
    assert chances(theirs) == {"38": round(0.8 / 0.9, 3), "33": round(0.05 / 0.9, 3)}
    assert changed is None


def test_outside_boxes_the_scores_of_the_lattice_are_no_probabilities() -> None:
    ours, theirs, _ = narrowed(LATTICE, STRIPS, up_to(40), in_boxes=False)
    assert ours == LATTICE[:1]
    assert chances(theirs)["38"] == round(0.8 / 0.9, 3)


def test_a_reading_that_the_form_changed_is_named_as_such() -> None:
    ours, _, changed = narrowed(LATTICE[::-1], STRIPS, up_to(40), in_boxes=True)
    assert ours[0].text == "38"
    assert changed is Reason.NARROWED


def in_a_box(ink: Float) -> Glyph:
    ink = trim(ink)
    return Glyph(Rect(0, 0, ink.shape[1], ink.shape[0]), normalize_glyph(ink), 0, 1, 1.0, 1.0, 0)


def test_only_crosses_and_dashes_strike_an_empty_box_out() -> None:
    crosses = dashes = digits = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        hand = strokes.random_hand(rng)
        drawn = {symbol: strokes.draw_symbol(symbol, hand, rng) for symbol in "X-048137"}
        crosses += struck_out(in_a_box(drawn["X"]))
        dashes += struck_out(in_a_box(drawn["-"]))
        digits += sum(struck_out(in_a_box(drawn[digit])) for digit in "048137")
        both = beside(trim(drawn["4"]), trim(drawn["8"]), 2)
        assert not struck_out(in_a_box(both))
    assert crosses >= 32
    assert dashes >= 32
    assert digits <= 4  # of 240; an 8 may be as good as a cross


@pytest.mark.parametrize(("first", "counted"), [("X", 0), ("48", 1), ("0", 1)])
def test_what_is_passed_over_before_a_number_counts_unless_it_strikes_its_box_out(
    first: str, counted: int
) -> None:
    rng = np.random.default_rng(3)
    hand = strokes.random_hand(rng)
    ink = trim(strokes.draw_symbol(first[0], hand, rng))
    for symbol in first[1:]:
        ink = beside(ink, trim(strokes.draw_symbol(symbol, hand, rng)), 2)
    passed, read = in_a_box(ink), in_a_box(trim(strokes.draw_symbol("7", hand, rng)))
    read = replace(read, rect=read.rect.moved(100, 0), start=1, end=2, cell=1)
    spec = FieldSpec("votes", Kind.BOXES, 2, filler=True)
    field = FieldImage(spec, Rect(0, 0, 200, 60), np.zeros((60, 200), np.uint8), ink[:0] > 0)
    cut = Cut(field, Lattice((passed, read), np.zeros(3), 40.0, 60.0, 2))
    best = Candidate("7", -0.1, (Character("7", 0.99, (), read.rect),), passed=1)
    assert passed_over(best, cut) == counted


def test_where_a_form_allows_nothing_all_is_kept() -> None:
    assert narrowed(LATTICE, STRIPS, up_to(3), in_boxes=True) == (LATTICE, STRIPS, Reason.MISFIT)


@pytest.mark.parametrize(
    ("every", "kept", "lost"), [(1.0, 0.5, 0.5), (0.7, 0.7, 0), (1, 0.01, MOST_LOST)]
)
def test_little_that_is_possible_never_becomes_sure(every: float, kept: float, lost: float) -> None:
    assert shared_out([math.log(every)], [math.log(kept)]) == pytest.approx(-math.log(1 - lost))


@pytest.mark.parametrize(
    ("cells", "log_odds", "text"),
    [(3, -10.0, ""), (3, -6.0, "93"), (0, -10.0, "93")],  # outside boxes such a row is left out
)
def test_letters_in_boxes_are_not_forced_into_digits(
    cells: int, log_odds: float, text: str
) -> None:
    glyph = in_a_box(trim(strokes.draw_symbol("7", strokes.random_hand(RNG), RNG)))
    ink = np.zeros((60, 200), bool)
    field = FieldImage(FieldSpec("name", Kind.BOXES), Rect(0, 0, 200, 60), 255 - 255 * ink, ink)
    cut = Cut(field, Lattice((glyph,), np.zeros(2), 40.0, 60.0, cells))
    best = Candidate("93", -4.0, (Character("9", 0.3, (("?", 0.5),), glyph.rect),), passed=4)
    fitted = {"strip_weight": 0.0, "weights": [0.0] * 9, "bias": log_odds}
    found = judge(cut, [best], [], {"cells": fitted, "free": fitted})
    assert found.text == text
    status, reasons = validate(found, 0.9)
    assert status is Status.REVIEW  # never a blank: what stands there is shown
    assert (reasons[0] is Reason.NOT_A_DIGIT) == (text == "")
