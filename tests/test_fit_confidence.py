"""Fitting the confidence: exact bounds, promises that hold, known weights found again."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from template_model import TemplateModel

from formreader import fit_confidence as fit
from formreader import fit_fields, strokes
from formreader.calibrate import CELLS, FREE, threshold_for
from formreader.document import Candidate, Float
from formreader.ink import normalize_glyph
from formreader.junk import NO_NUMBER, make_junk
from formreader.pipeline import Readers

# Bounds


@pytest.mark.parametrize(
    ("errors", "count", "bound"),
    [
        (0, 299, 0.00997),
        (0, 2995, 0.0009998),
        (0, 10, 0.2589),
        (1, 100, 0.0466),
        (5, 100, 0.1023),
        (10, 10, 1.0),
    ],
)
def test_bounds_are_those_of_clopper_and_pearson(errors: int, count: int, bound: float) -> None:
    assert fit.upper_bound(errors, count) == pytest.approx(bound, rel=2e-3)


@given(st.integers(1, 2000), st.data())
@settings(deadline=None)
def test_a_bound_lies_above_the_rate_seen_and_grows_with_errors(
    count: int, data: st.DataObject
) -> None:
    errors = data.draw(st.integers(0, count - 1))
    bound = fit.upper_bound(errors, count)
    assert errors / count < bound <= 1
    assert bound < fit.upper_bound(errors + 1, count) or bound == 1


def test_the_tail_of_the_binomial_is_exact() -> None:
    assert fit.binomial_tail(0, 3, 0.5) == pytest.approx(1 / 8)
    assert fit.binomial_tail(1, 3, 0.5) == pytest.approx(4 / 8)
    assert fit.binomial_tail(3, 3, 0.5) == pytest.approx(1)
    assert fit.binomial_tail(2, 5, 0.0) == 1
    assert fit.binomial_tail(2, 5, 1.0) == 0


# Promises


def promised(chances: np.ndarray, right: np.ndarray) -> list[dict[str, float | int | None]]:
    """Look for thresholds where every reading is another writer's."""
    return fit.promises(chances, right, np.arange(len(right)))


def sample(count: int, seed: int, chances: np.ndarray | None = None) -> tuple:
    """Draw readings whose confidence is exactly their chance of being right."""
    rng = np.random.default_rng(seed)
    if chances is None:
        chances = 1 - rng.beta(0.25, 4, count)
    return chances, rng.random(count) < chances


@given(st.integers(30, 500), st.integers(0, 1000), st.booleans())
@settings(max_examples=15, deadline=None)
def test_every_promise_is_supported_by_the_readings_it_accepts(
    count: int, seed: int, ties: bool
) -> None:
    chances, right = sample(count, seed)
    if ties:
        chances = np.round(chances, 1)
    for row in promised(chances, right):
        assert row["of"] == count
        if row["threshold"] is None:
            assert row["accepted"] == 0
            continue
        taken = chances >= row["threshold"]
        assert row["accepted"] == taken.sum()
        assert row["wrong"] == (~right[taken]).sum()
        assert fit.upper_bound(int(row["wrong"]), int(row["accepted"])) <= row["max_error"]


def test_one_odd_reading_at_the_top_does_not_end_the_search() -> None:
    right = np.ones(3000, bool)
    right[0] = False  # wrong, and the surest of all: alone among 299 it would refute 1 %
    rows = promised(np.linspace(1, 0.5, 3000), right)
    held = {row["max_error"]: row for row in rows}
    assert held[0.01]["accepted"] > 2900
    assert held[0.01]["wrong"] == 1
    assert held[0.001]["threshold"] is None


def test_errors_in_the_surest_quarter_end_the_search() -> None:
    right = np.ones(3000, bool)
    right[:750:20] = False  # 5 % of the surest quarter; 1.3 % of all
    [row] = [r for r in promised(np.linspace(1, 0.5, 3000), right) if r["max_error"] == 0.05]
    assert row["threshold"] is None


def test_errors_of_one_writer_prove_less_than_the_same_of_many() -> None:
    wrong, writers = np.zeros(3000, bool), np.arange(3000) % 50
    wrong[:1000:50] = True  # twenty, all of the first writer
    spread = np.zeros(3000, bool)
    spread[:20] = True
    alone = fit.upper_bound(20, 3000)
    assert fit.bound_by_writer(spread, writers) == pytest.approx(alone, rel=0.05)
    assert fit.bound_by_writer(wrong, writers) > 2 * alone


def test_without_an_error_writers_make_no_difference() -> None:
    none = np.zeros(299, bool)
    assert fit.bound_by_writer(none, np.zeros(299, int)) == fit.upper_bound(0, 299)


def test_a_small_sample_promises_nothing_strict() -> None:
    rows = promised(np.linspace(0.9, 1, 200), np.ones(200, bool))
    held = {row["max_error"]: row["threshold"] for row in rows}
    assert held[0.01] is None  # 299 readings without an error are needed
    assert 0.9 <= held[0.02] < 0.91


def test_a_sample_full_of_errors_promises_nothing() -> None:
    chances, _ = sample(3000, 1)
    wrong = np.zeros(3000, bool)
    assert all(row["threshold"] is None for row in promised(chances, wrong))


def test_who_bears_more_errors_gets_no_higher_threshold() -> None:
    calibration = {FREE: {"table": promised(*sample(1500, 3))}}
    found = [threshold_for(calibration, FREE, promise) for promise in fit.PROMISES]
    known = [threshold for threshold in found if threshold is not None]
    assert len(known) >= 3
    assert found[: len(found) - len(known)] == [None] * (len(found) - len(known))
    assert all(strict >= loose for strict, loose in pairwise(known))


def test_promises_hold_on_fresh_readings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit, "PROMISES", (0.05,))
    broken = made = 0
    for seed in range(40):
        [row] = promised(*sample(300, seed))
        if row["threshold"] is not None:
            made += 1
            chances, right = sample(50_000, 10_000 + seed)
            taken = chances >= row["threshold"]
            broken += bool((~right[taken]).mean() > 0.05)
    assert made > 20
    assert broken <= 5  # one in twenty is asked for; more than 5 of 40 has a chance of 1 %


# The logistic model


def test_known_weights_are_found_again() -> None:
    rng = np.random.default_rng(2)
    values = rng.normal(0, 1, (20_000, 3))
    truth, bias = np.array([1.5, -0.7, 0.0]), 0.8
    right = rng.random(20_000) < 1 / (1 + np.exp(-(values @ truth + bias)))
    weights, fitted_bias = fit.fit_logistic(values, right)
    np.testing.assert_allclose(weights, truth, atol=0.08)
    assert fitted_bias == pytest.approx(bias, abs=0.08)


def test_readings_that_are_all_right_still_give_finite_weights() -> None:
    values = np.random.default_rng(0).normal(0, 1, (200, 9))
    weights, bias = fit.fit_logistic(values, np.ones(200, bool))
    assert np.isfinite(weights).all()
    assert np.isfinite(bias)


def test_perfectly_separated_readings_still_give_finite_weights() -> None:
    values = np.linspace(-1, 1, 400)[:, None]
    weights, bias = fit.fit_logistic(values, values[:, 0] > 0)
    assert 1 < weights[0] < 100
    assert abs(bias) < 1


# Calibration


def test_a_perfectly_calibrated_reader_has_no_calibration_error() -> None:
    chances = np.repeat([0.25, 0.5, 1.0], 400)
    right = np.tile([True, False, False, False], 100).tolist()
    right += [True, False] * 200 + [True] * 400
    assert fit.calibration_error(chances, np.array(right)) == pytest.approx(0, abs=1e-12)


def test_an_overconfident_reader_has_as_much_error_as_it_boasts() -> None:
    right = np.array([True, False] * 100)
    assert fit.calibration_error(np.full(200, 0.99), right) == pytest.approx(0.49)


def test_the_temperature_of_overconfident_logits_is_found() -> None:
    rng = np.random.default_rng(4)
    logits = rng.normal(0, 2, (8000, 11))
    chances = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    labels = np.array([rng.choice(11, p=row) for row in chances])
    found = fit.fit_temperature((2 * logits).astype(np.float32), labels)
    assert found == pytest.approx(2.0, rel=0.08)


# Composed fields


def hand(seed: int) -> tuple[Float, np.ndarray]:
    """Draw one writer's digits: glyphs (20, 28, 28) and labels."""
    rng = np.random.default_rng(seed)
    writer = strokes.random_hand(rng)
    labels = np.tile(np.arange(10), 2)
    drawn = [normalize_glyph(strokes.draw_symbol(str(d), writer, rng, 40)) for d in labels]
    return np.stack(drawn), labels


@pytest.mark.parametrize("maker", [fit_fields.free_field, fit_fields.boxed_field])
def test_composed_fields_say_their_truth_or_that_they_are_no_number(
    maker: fit_fields.Maker,
) -> None:
    truths = []
    for seed in range(40):
        field, truth = maker(*hand(1), np.random.default_rng(seed))
        again, same = maker(*hand(1), np.random.default_rng(seed))
        assert truth == same
        assert np.array_equal(field.image, again.image)
        assert field.image.dtype == np.uint8
        assert field.ink.shape == field.image.shape
        truths.append(truth)
        if maker is fit_fields.boxed_field:
            assert len(field.cells) == (len(truth) if truth else len(field.cells)) > 0
    assert 1 <= truths.count(None) <= 10
    assert all(truth.isdecimal() for truth in truths if truth is not None)


NOTHING = Candidate("", -9.0, ())


def trial(truth: str, strip: str) -> fit.Trial:
    return fit.Trial([Candidate("12", -0.1, ()), NOTHING], [(strip, -0.1)], (60.0, 20.0), truth)


def test_readings_on_which_the_readers_disagree_are_promised_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trials = [trial("12", "12")] * 600 + [trial("17", "17")] * 400
    monkeypatch.setattr(fit, "try_fields", lambda *_: trials)
    fitted = fit.fit_kind(
        Readers(TemplateModel(), None), ([], []), fit_fields.free_field, 1000, [1]
    )
    assert fitted["agree"] == 600
    assert fitted["fields"] == 1000
    promised = [row for row in fitted["table"] if row["threshold"] is not None]
    assert [row["max_error"] for row in promised] == [r for r in fit.PROMISES if r >= 0.005]
    for row in promised:
        assert row["threshold"] > 0
        assert row["of"] == 1000
        assert row["accepted"] == 600


def test_a_free_field_that_is_no_number_shows_nothing_that_could_be_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []

    def noting(*words: Any) -> list[Float]:
        asked.append(words[4:])
        return make_junk(*words)

    monkeypatch.setattr(fit_fields, "make_junk", noting)
    truths = [fit_fields.free_field(*hand(1), np.random.default_rng(seed))[1] for seed in range(40)]
    assert asked == [(NO_NUMBER,)] * truths.count(None)
    assert asked
    assert not {"two digits", "digit and piece", "half digit"} & set(NO_NUMBER)


def test_the_strips_get_no_more_weight_than_chance_can_tell_apart() -> None:
    # weights from 1.5 on read 80 % right, 1 one in a hundred less, less than that half of it
    needs = [0.8] * 40 + [1.2] * 1 + [0.0] * 39 + [5.0] * 20

    def torn(need: float) -> fit.Trial:
        """Both readers are sure of other strings; from a weight on the strips win."""
        lattice = [Candidate("12", 0.0, ()), Candidate("17", -need, ())]
        return fit.Trial(lattice, [("17", 0.0), ("12", -1.0)], (60.0, 20.0), "17")

    assert fit.choose_strip_weight([[torn(need) for need in needs] * 4]) == 1.0
    assert fit.choose_strip_weight([[torn(1.8)] * 400]) == 2.0
    # composed numbers alone give them no more than 2, confirmed ones may
    composed, confirmed = [torn(2.3)] * 400, [torn(2.3)] * 400
    assert fit.choose_strip_weight([composed]) <= 2.0
    assert fit.choose_strip_weight([composed, confirmed]) == 3.0


def test_nothing_is_promised_for_what_a_person_looks_at_anyway() -> None:
    clear, held = trial("12", "12"), replace(trial("12", "12"), stopped=True)
    chances, trusted, right = fit.weighed([clear, held], 1.0, np.zeros(9), 3.0)
    assert chances[0] == chances[1] == trusted[0] > 0.9
    assert trusted[1] == 0
    assert right.tolist() == [True, True]


def test_both_kinds_of_field_are_fitted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit.pipeline_judge, "stopped", lambda *_: False)
    readers = Readers(TemplateModel(), None)
    hands = [hand(i) for i in range(6)]
    fitted = {kind: fit.fit_fields(readers, hands, kind, 40, 1) for kind in (FREE, CELLS)}
    for kind in (FREE, CELLS):
        assert len(fitted[kind]["weights"]) == 9
        assert fitted[kind]["strip_weight"] == 0.0  # there is no strip reader here
        assert 0 < fitted[kind]["right"] <= fitted[kind]["fields"] <= 40
        assert fitted[kind]["agree"] == fitted[kind]["fields"]  # one reader alone
        assert [row["max_error"] for row in fitted[kind]["table"]] == list(fit.PROMISES)
        assert all(row["threshold"] is None for row in fitted[kind]["table"][:4])  # 40 are few
