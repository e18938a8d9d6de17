"""Confidence: fusing two readers, describing a reading, thresholds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from formreader.calibrate import (
    CELLS,
    FREE,
    LAST,
    UNSEEN,
    WORST,
    agree,
    alternatives,
    calibrate,
    confidence,
    features,
    fuse,
    log_odds,
    threshold_for,
)
from formreader.document import Candidate, Character, Rect


def candidate(text: str, score: float, probability: float = 0.99) -> Candidate:
    characters = tuple(Character(c, probability, (), Rect(0, 0, 1, 1)) for c in text)
    return Candidate(text, score, characters)


def described(
    lattice: list[Candidate],
    strip: list[tuple[str, float]],
    look: tuple[float, ...] = (60.0, 20.0),
) -> np.ndarray:
    return features(lattice, strip, fuse(lattice, strip, 1.0), look)


# Fusing


def test_without_a_strip_the_lattice_decides_alone() -> None:
    lattice = [candidate("12", -1.0), candidate("17", -3.0)]
    assert fuse(lattice, [], 2.0) == [("12", -1.0), ("17", -3.0)]


def test_the_surer_reader_wins() -> None:
    lattice = [candidate("12", -1.0), candidate("17", -1.4)]
    strip = [("17", -0.05), ("12", -3.0)]
    assert fuse(lattice, strip, 1.0)[0][0] == "17"
    assert fuse(lattice, strip, 0.0)[0][0] == "12"


def test_a_string_that_only_one_reader_lists_can_still_win() -> None:
    lattice = [candidate("12", -1.0)]
    fused = dict(fuse(lattice, [("123", -0.01)], 4.0))
    assert fused["12"] == pytest.approx(4.0 * UNSEEN)
    assert fused["123"] == pytest.approx(WORST - 0.04)
    assert max(fused, key=lambda text: fused[text]) == "123"


TEXTS = st.lists(st.text("0123456789", min_size=1, max_size=3), unique=True, max_size=5)
SCORES = st.floats(-40, 0)


@given(TEXTS.filter(bool), TEXTS, st.data(), st.floats(0, 4))
def test_fusing_lists_every_string_once_best_first(
    ours: list[str], theirs: list[str], data: st.DataObject, weight: float
) -> None:
    lattice = sorted((candidate(t, data.draw(SCORES)) for t in ours), key=lambda c: -c.score)
    strip = sorted(((t, data.draw(SCORES)) for t in theirs), key=lambda pair: -pair[1])
    fused = fuse(lattice, strip, weight)
    assert sorted(text for text, _ in fused) == sorted({*ours, *theirs})
    scores = [score for _, score in fused]
    assert scores == sorted(scores, reverse=True)


# Describing


def test_agreement_and_margin_are_larger_for_a_surer_reading() -> None:
    sure = described([candidate("12", -0.1), candidate("17", -9.0)], [("12", -0.01)])
    unsure = described([candidate("12", -0.1, 0.6), candidate("17", -0.3, 0.7)], [("17", -0.7)])
    assert (sure[:6] >= unsure[:6]).all()
    assert sure[0] > unsure[0]  # margin
    assert sure[3] > unsure[3]  # weakest character
    assert sure[5] == 1  # the readers agree
    assert unsure[5] == 0


def test_the_weakest_character_counts() -> None:
    weak = Candidate(
        "12",
        -1.0,
        (
            Character("1", 0.999, (), Rect(0, 0, 1, 1)),
            Character("2", 0.55, (), Rect(0, 0, 1, 1)),
        ),
    )
    assert described([weak], [])[3] == pytest.approx(log_odds(0.55))


def test_a_lonely_reading_has_the_widest_margin() -> None:
    alone = described([candidate("12", -0.1)], [])
    close = described([candidate("12", -0.1), candidate("17", -0.2)], [])
    assert alone[0] > close[0]


@given(TEXTS.filter(bool), TEXTS, st.data(), st.floats(0, 255), st.floats(0, 1000))
def test_every_description_is_nine_bounded_numbers(
    ours: list[str], theirs: list[str], data: st.DataObject, contrast: float, height: float
) -> None:
    lattice = sorted((candidate(t, data.draw(SCORES)) for t in ours), key=lambda c: -c.score)
    strip = sorted(((t, data.draw(SCORES)) for t in theirs), key=lambda pair: -pair[1])
    values = described(lattice, strip, (contrast, height))
    assert values.shape == (9,)
    assert np.isfinite(values).all()
    assert (np.abs(values) <= 2.01).all()


@pytest.mark.parametrize(
    ("height", "value"), [(1, -1.3219), (8, -1.3219), (10, -1), (20, 0), (40, 1), (500, 1.6781)]
)
def test_the_digit_height_counts_in_doublings_of_20_px(height: float, value: float) -> None:
    low, high = (described([candidate("12", -0.1)], [], (60.0, h)) for h in (20.0, height))
    assert high[8] == pytest.approx(value, abs=1e-4)
    assert np.array_equal(low[:8], high[:8])


@pytest.mark.parametrize("strip_first", ["17", "", "1", "112"])
def test_readers_agree_only_on_the_very_same_string(strip_first: str) -> None:
    lattice = [candidate("12", -0.1), candidate("17", -2.0)]
    assert agree(lattice, [("12", -0.1), (strip_first, -2.0)])
    assert not agree(lattice, [(strip_first, -0.1), ("12", -0.2)])


def test_a_reader_that_is_torn_between_two_strings_agrees_with_neither() -> None:
    torn = [candidate("3390", -0.57), candidate("3340", -0.95)]
    assert not agree(torn, [("3390", -0.01), ("3340", -6.0)])
    clear = [candidate("3390", -0.57), candidate("3340", -1.5)]
    assert agree(clear, [("3390", -0.01), ("3340", -6.0)])


def test_one_reader_alone_agrees_with_itself_but_that_is_no_sign_of_certainty() -> None:
    alone = [candidate("12", -0.1)]
    assert agree(alone, [])
    assert not agree([], [("12", -0.1)])
    assert described(alone, [])[5] == 0


def test_where_the_lattice_reads_alone_its_own_chance_stands_for_the_strips() -> None:
    alone = [candidate("12", -0.1)]
    assert described(alone, [])[4] == pytest.approx(log_odds(np.exp(-0.1)))
    assert described(alone, [("12", -0.7)])[4] == pytest.approx(log_odds(np.exp(-0.7)))


# Confidence


def test_a_field_is_sure_of_the_best_fused_string() -> None:
    lattice = [candidate("12", -1.0), candidate("17", -1.4)]
    strip, look = [("17", -0.05), ("12", -3.0)], (60.0, 40.0)
    fitted = {"strip_weight": 1.0, "weights": [0.0] * 8 + [1.0], "bias": 0.0}
    fused, chance = calibrate(lattice, strip, look, fitted)
    assert fused == fuse(lattice, strip, 1.0)
    assert chance == pytest.approx(1 / (1 + np.exp(-1)))  # one doubling of 20 px


def test_a_field_without_a_digit_has_no_confidence() -> None:
    fitted = {"strip_weight": 1.0, "weights": [0.0] * 9, "bias": 9.0}
    assert calibrate([candidate("", -0.1)], [], (60.0, 40.0), fitted) == ([("", -0.1)], 0.0)


def test_confidence_is_the_logistic_of_the_weighted_sum() -> None:
    weights: dict[str, Any] = {"weights": [1.0, -2.0], "bias": 0.5}
    assert confidence(np.array([1.0, 0.25]), weights) == pytest.approx(1 / (1 + np.exp(-1)))
    assert confidence(np.array([1e6, 0.0]), weights) == pytest.approx(1.0)
    assert 0 <= confidence(np.array([-1e6, 0.0]), weights) < 1e-9


@given(st.floats(0, 1))
def test_log_odds_are_bounded_and_turn_with_the_sign(probability: float) -> None:
    assert -2.01 <= log_odds(probability) <= 2.01
    assert log_odds(probability) == pytest.approx(-log_odds(1 - probability), abs=1e-6)


def test_alternatives_share_what_certainty_is_left() -> None:
    fused = [("12", 0.0), ("17", -1.0), ("72", -2.0), ("77", -9.0)]
    found = alternatives(fused, 0.9)
    assert [text for text, _ in found] == ["17", "72"]
    assert found[0][1] > found[1][1] > 0
    assert sum(chance for _, chance in found) < 0.1


def test_the_empty_string_is_no_alternative() -> None:
    assert alternatives([("12", 0.0), ("", -1.0)], 0.9) == ()
    assert alternatives([("12", 0.0)], 0.9) == ()


# Thresholds


def table(*rows: tuple[float, float | None]) -> dict[str, Any]:
    held = [{"max_error": promise, "threshold": threshold} for promise, threshold in rows]
    return {FREE: {"table": held}, CELLS: {"table": []}}


CALIBRATION = table((0.001, None), (0.005, 0.98), (0.01, 0.93), (0.05, 0.7))


@pytest.mark.parametrize(
    ("max_error", "threshold"),
    [(0.005, 0.98), (0.007, 0.98), (0.01, 0.96), (0.02, 0.93), (0.05, 0.8), (0.1, 0.7)],
)
def test_the_threshold_is_the_lowest_that_keeps_the_promise(
    max_error: float, threshold: float
) -> None:
    assert threshold_for(CALIBRATION, FREE, max_error) == threshold


def test_no_single_reading_is_accepted_that_is_far_likelier_wrong_than_asked_for() -> None:
    lenient = table((0.01, 0.5))
    assert threshold_for(lenient, FREE, 0.01) == 1 - LAST * 0.01
    assert threshold_for(lenient, FREE, 0.2) == 0.5


@pytest.mark.parametrize("max_error", [0.0, 0.0005, 0.001, 0.004])
def test_what_the_sample_cannot_show_is_not_promised(max_error: float) -> None:
    assert threshold_for(CALIBRATION, FREE, max_error) is None


def test_a_kind_without_a_table_promises_nothing() -> None:
    assert threshold_for(CALIBRATION, CELLS, 0.5) is None


def test_hints_are_described_and_a_model_of_before_them_does_without() -> None:
    lattice = [candidate("12", -1.0), candidate("17", -3.0)]
    plain = described(lattice, [])
    hinted = described(lattice, [], (60.0, 20.0, 0.5, 1.0))
    assert list(hinted) == [*plain, 0.5, 1.0]
    old = {"weights": [0.1] * len(plain), "bias": 0.0}
    assert confidence(hinted, old) == confidence(plain, old)
    new = {"weights": [0.1] * len(hinted), "bias": 0.0}
    assert confidence(hinted, new) > confidence(plain, old)
