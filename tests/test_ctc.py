"""Reading frames: posteriors and best strings against every path there is."""

from __future__ import annotations

from itertools import groupby, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formreader.ctc import decode, log_posteriors, strings
from formreader.document import Float


def frames(*rows: dict[str, float], rest: float = 0.0) -> Float:
    """Return log-probabilities (T, 11) of frames such as {"-": 0.1, "3": 0.9}; `-` is blank."""
    chances = np.full((len(rows), 11), max(rest, 1e-12))
    for frame, row in zip(chances, rows, strict=True):
        for symbol, chance in row.items():
            frame[0 if symbol == "-" else int(symbol) + 1] = chance
    logs: Float = np.log(chances / chances.sum(1, keepdims=True)).astype(np.float32)
    return logs


def random_frames(seed: int, count: int, symbols: int, sharpness: float) -> Float:
    """Return random log-probabilities (T, 11) in which only the first few symbols occur."""
    logits = np.random.default_rng(seed).normal(0, sharpness, (count, 11))
    logits[:, symbols + 1 :] = -60
    logs: Float = (logits - np.log(np.exp(logits).sum(1, keepdims=True))).astype(np.float32)
    return logs


def by_brute_force(held: Float, symbols: int) -> dict[str, float]:
    """Return the probability of every string by walking all paths."""
    chances: dict[str, float] = {}
    for path in product(range(symbols + 1), repeat=len(held)):
        text = "".join(str(k - 1) for k, _ in groupby(path) if k)
        gain = float(np.exp(held[np.arange(len(held)), list(path)].astype(np.float64).sum()))
        chances[text] = chances.get(text, 0.0) + gain
    return chances


@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(1, 3), st.floats(0.3, 4))
@settings(max_examples=60, deadline=None)
def test_posteriors_are_those_of_all_paths_and_sum_to_one(
    seed: int, count: int, symbols: int, sharpness: float
) -> None:
    held = random_frames(seed, count, symbols, sharpness)
    expected = by_brute_force(held, symbols)
    for text, chance in expected.items():
        assert np.exp(log_posteriors([held], [text])[0]) == pytest.approx(
            chance, rel=1e-4, abs=1e-12
        )
    total = sum(np.exp(log_posteriors([held], [text])[0]) for text in expected)
    assert total == pytest.approx(1, abs=1e-5)


@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(1, 3))
@settings(max_examples=80, deadline=None)
def test_the_best_string_of_sharp_frames_is_found(seed: int, count: int, symbols: int) -> None:
    held = random_frames(seed, count, symbols, 4.0)
    expected = by_brute_force(held, symbols)
    [(text, score), *_] = decode([held])
    best = max(expected.values())
    assert np.exp(score) == pytest.approx(expected[text], rel=1e-4)
    assert expected[text] >= 0.9 * best  # the beam is narrow: near ties may go either way


@given(st.integers(0, 2**32 - 1), st.integers(1, 12))
@settings(max_examples=60, deadline=None)
def test_strings_come_once_each_best_first_with_their_posteriors(seed: int, count: int) -> None:
    decoded = decode([random_frames(seed, count, 10, 3.0)])
    scores = [score for _, score in decoded]
    assert scores == sorted(scores, reverse=True)
    assert len({text for text, _ in decoded}) == len(decoded)
    assert sum(np.exp(scores)) <= 1 + 1e-5


def test_a_repeated_digit_needs_a_blank_between() -> None:
    long_stroke = frames({"5": 0.98}, {"5": 0.98}, {"5": 0.98}, rest=0.001)
    two = frames({"5": 0.98}, {"-": 0.98}, {"5": 0.98}, rest=0.001)
    assert decode([long_stroke])[0][0] == "5"
    assert decode([two])[0][0] == "55"
    assert log_posteriors([frames({"5": 1.0}, {"5": 1.0})], ["55"])[0] < -20


def test_paths_of_one_string_are_summed() -> None:
    held = frames({"7": 0.4, "-": 0.6}, {"7": 0.4, "-": 0.6})
    # the single likeliest path is all blank (0.36), but three paths spell 7 (0.64)
    assert decode([held])[0][0] == "7"
    assert np.exp(log_posteriors([held], ["7"])[0]) == pytest.approx(0.64, rel=1e-5)
    assert np.exp(log_posteriors([held], [""])[0]) == pytest.approx(0.36, rel=1e-5)


def test_blank_frames_spell_nothing() -> None:
    [(text, score), *_] = decode([frames(*[{"-": 1.0}] * 8)])
    assert text == ""
    assert score == pytest.approx(0, abs=1e-4)


def test_a_string_longer_than_the_frames_is_impossible() -> None:
    assert np.exp(log_posteriors([frames({"1": 1.0}, {"2": 1.0})], ["123"])[0]) == pytest.approx(
        0, abs=1e-9
    )


def test_doubt_in_one_frame_gives_the_two_strings() -> None:
    held = frames({"1": 1.0}, {"4": 0.7, "9": 0.3}, {"-": 1.0}, {"0": 1.0})
    (first, one), (second, other) = decode([held])[:2]
    assert (first, second) == ("140", "190")
    assert np.exp(one) == pytest.approx(0.7, abs=1e-3)
    assert np.exp(other) == pytest.approx(0.3, abs=1e-3)


def test_all_strings_of_a_length_are_listed_and_no_unlikely_symbol() -> None:
    rows = frames({"-": 0.5, "3": 0.5}, {"-": 0.5, "7": 0.5})
    assert strings([rows], frozenset({1, 2})) == ["3", "7", "33", "37", "73", "77"]
    assert strings([rows], frozenset()) == []


def test_two_looks_count_alike_and_each_proposes_strings() -> None:
    sure = frames({"1": 1.0}, {"4": 0.9, "9": 0.1}, {"-": 1.0})
    other = frames({"-": 1.0}, {"1": 1.0}, {"9": 0.7, "7": 0.3})
    found = dict(decode([sure, other]))
    assert np.exp(found["14"]) == pytest.approx(0.45, abs=1e-3)
    assert np.exp(found["19"]) == pytest.approx(0.4, abs=1e-3)
    assert np.exp(found["17"]) == pytest.approx(0.15, abs=1e-3)
    assert next(iter(found)) == "14"


def test_any_look_makes_a_digit_likely() -> None:
    looks = [frames({"-": 0.5, "3": 0.5}), frames({"-": 0.5, "7": 0.5}, {"-": 1.0})]
    assert strings(looks, frozenset({1})) == ["3", "7"]
