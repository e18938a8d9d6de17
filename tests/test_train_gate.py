"""What a model that learned from confirmed numbers may promise, and the gate that it passes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from formreader import calibrate, fit_reviewed, train_gate, train_reviewed
from formreader.document import Candidate
from formreader.errors import ModelError


def test_a_model_that_loses_more_than_chance_is_worse() -> None:
    before = [True] * 100
    assert train_gate.compared("x", before, [True] * 90 + [False] * 10).worse
    assert not train_gate.compared("x", before, [True] * 98 + [False] * 2).worse
    assert not train_gate.compared("x", before, before).worse
    assert not train_gate.compared("x", [False] * 100, before).worse


def test_a_worse_model_is_refused_with_the_figures() -> None:
    worse = train_gate.compared("test digits", [True] * 100, [True] * 60 + [False] * 40)
    said: list[str] = []
    with pytest.raises(ModelError, match=r"not put in place.*100 of 100 right before.*60 now"):
        train_reviewed.judge([worse], said.append)
    assert said == [worse.sentence]


def trial(right: bool, sure: float, fair: bool = True) -> fit_reviewed.Tried:
    """Return a field that both readers read alike, rightly or not, with a margin."""
    best = Candidate("12", -1.0, ())
    other = Candidate("13", -1.0 - sure, ())
    spelt = [("12", -0.01), ("13", -sure)]
    return fit_reviewed.Tried([best, other], spelt, (40, 20), "12" if right else "99", fair=fair)


def sample(count: int, wrong: int) -> list[fit_reviewed.Tried]:
    rng = np.random.default_rng(count)
    return [trial(n >= wrong, float(rng.uniform(6, 12) if n >= wrong else 1)) for n in range(count)]


def threshold(fitted: dict[str, Any], promise: float) -> float | None:
    found: float | None = calibrate.threshold_for({"free": fitted}, "free", promise)
    return found


def test_confirmed_numbers_that_are_read_wrong_take_a_promise_back() -> None:
    composed: Any = (sample(400, 40), sample(400, 0))
    few: fit_reviewed.Halves = ([], [])
    assert threshold(fit_reviewed.refit_kind(composed, few), 0.01) is not None
    rng = np.random.default_rng(1)
    mixed = [trial(bool(rng.random() < 0.7), 10.0) for _ in range(800)]
    fitted = fit_reviewed.refit_kind(composed, (mixed[:400], mixed[400:]))
    assert threshold(fitted, 0.01) is None
    assert fitted["confirmed"]["fields"] == 800
    picked = [trial(bool(rng.random() < 0.7), 10.0, fair=False) for _ in range(800)]
    fitted = fit_reviewed.refit_kind(composed, (picked[:400], picked[400:]))
    assert "confirmed" not in fitted


def held(right: list[bool], promise: float = 0.01) -> float | None:
    """Hold a promise of 0.9 against confirmed numbers of falling confidence from 1 to 0.9."""
    chances = np.linspace(1, 0.9, len(right))
    found = fit_reviewed.unrefuted(chances, np.array(right), promise, 0.9)
    return None if found is None else round(found, 3)


def test_confirmed_numbers_do_not_have_to_prove_a_promise_themselves() -> None:
    assert held([True] * 50) == 0.9
    assert held([True] * 400) == 0.9


def test_one_wrong_number_is_no_refutation_and_two_of_fifty_are() -> None:
    assert held([False] + [True] * 50) == 0.9
    assert held([True, True, False] + [True] * 20 + [False] + [True] * 27) == 0.956
    assert held([True] * 150 + [False, False] + [True] * 49) == 0.9
    assert held([True] * 150 + [False, False] + [True] * 49, promise=0.005) == 0.925


def test_equal_confidences_are_refuted_together() -> None:
    chances, right = np.full(100, 0.95), np.arange(100) >= 30
    assert fit_reviewed.unrefuted(chances, right, 0.01, 0.9) is None


def against(count: int) -> dict[str, Any]:
    """Hold 1 % from 0.9 on, proved on `count` composed numbers, against three with two wrong."""
    row = {"max_error": 0.01, "threshold": 0.9, "accepted": count // 2, "wrong": 1, "of": count}
    right = np.arange(count) != round(0.4 * count)
    composed = (np.linspace(1, 0.8, count), right, np.arange(count))
    confirmed = (np.array([0.99, 0.95, 0.93]), np.array([True, False, False]))
    (found,) = fit_reviewed.held_against([row], composed, confirmed)
    return found


def test_a_raised_threshold_counts_anew_what_it_accepts() -> None:
    found = against(4000)
    assert (found["threshold"], found["accepted"], found["wrong"]) == (0.95, 1000, 0)


def test_a_raised_threshold_that_proves_nothing_any_more_takes_the_promise_back() -> None:
    found = against(800)
    assert (found["threshold"], found["accepted"], found["wrong"]) == (None, 0, 0)
