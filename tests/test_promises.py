"""Whether the confidence keeps its word on writers that it was not fitted on: slow, by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from formreader import classify, datasets, fit_fields, pipeline
from formreader import fit_confidence as fit
from formreader.datasets import Hands, hands_of

MNIST = Path(__file__).resolve().parents[2] / "shared" / "data" / "mnist.npz"
SPLITS, EACH, RATE = 20, 30, 0.01
MOST_BROKEN = 3
"""Splits of 20 in which a promise of 95 % may fail: four or more have a chance of 1.6 %."""


def trials_by_writer(hands: Hands, maker: fit_fields.Maker) -> list[list[fit.Trial]]:
    folder = classify.model_folder(None)
    recognizer = classify.load_recognizer(folder)
    readers = pipeline.Readers(recognizer, classify.load_strip_reader(folder, recognizer.card))
    tried = [fit.try_fields(readers, [hand], maker, EACH, [7, i]) for i, hand in enumerate(hands)]
    return [[replace(trial, writer=i) for trial in trials] for i, trials in enumerate(tried)]


@pytest.mark.slow
@pytest.mark.skipif(not MNIST.exists(), reason="MNIST with its writers is not on this machine")
@pytest.mark.parametrize("maker", [fit_fields.free_field, fit_fields.boxed_field])
def test_a_promise_holds_over_twenty_splits_of_the_writers(maker: fit_fields.Maker) -> None:
    by_writer = trials_by_writer(hands_of(datasets.read_glyph_file(MNIST, "test")), maker)
    rng = np.random.default_rng(20)
    broken = proved = accepted = wrong = 0
    for _ in range(SPLITS):
        order = rng.permutation(len(by_writer))
        parts = [[t for i in part for t in by_writer[i]] for part in np.array_split(order, 3)]
        weight = fit.choose_strip_weight([parts[0]])
        logistic = fit.fit_logistic(*fit.described(parts[0], weight))
        writers = fit.writers_of(parts[1])
        table = fit.promises(*fit.weighed(parts[1], weight, *logistic)[1:], writers)
        threshold = next(row["threshold"] for row in table if row["max_error"] == RATE)
        if threshold is None:
            continue
        proved += 1
        _, trusted, right = fit.weighed(parts[2], weight, *logistic)
        taken = trusted >= threshold
        errors = int((taken & ~right).sum())
        # More errors than chance gives in one split of twenty at the rate that was promised
        broken += fit.binomial_tail(errors - 1, int(taken.sum()), RATE) > fit.SURE if errors else 0
        accepted += int(taken.sum())
        wrong += errors
    print(f"{maker.__name__}: 1 % proved in {proved} of {SPLITS} splits, broken in {broken}; ")
    print(f"{wrong} wrong of {accepted} accepted in all, {wrong / max(accepted, 1):.2%}")
    assert proved >= SPLITS // 2
    assert broken <= MOST_BROKEN
