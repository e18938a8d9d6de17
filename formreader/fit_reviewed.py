"""Fit the confidence of a model that learned from a person's confirmed numbers.

Composed numbers of held-out writers say what they say for every model. The confirmed numbers
count as much, each read by a model that learned only from the others; half of them at a time
fits what the other half is held against.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from formreader import calibrate, pipeline, pipeline_judge
from formreader.datasets import Hands
from formreader.fit_confidence import (
    Trial,
    bound_by_writer,
    choose_strip_weight,
    described,
    fit_logistic,
    rates,
    shared_out,
    try_fields,
    weighed,
    writers_of,
)
from formreader.fit_fields import Maker, boxed_field, free_field
from formreader.reviewed import Lesson

FITTING, BOUNDING = 4_000, 12_000
"""Composed fields for fitting and for bounding. With 4,000 for bounding too, 1 % was proved after
learning 677 amounts with one bundled model and not with the next, as good: by chance."""
LEAST = 40
"""Confirmed numbers of a kind from which they are heard: nine weights are fitted."""


@dataclass(frozen=True, slots=True, eq=False)
class Tried(Trial):
    """A confirmed number that both readers read; `fair` as a lesson has it."""

    fair: bool = field(default=True, kw_only=True)


Halves = tuple[list[Tried], list[Tried]]
Weights = tuple[NDArray[np.float64], float]


def try_lessons(lessons: Sequence[Lesson], readers: pipeline.Readers) -> list[Tried]:
    """Let both readers list their strings for confirmed numbers."""
    trials = []
    scores = readers.score([lesson.cut for lesson in lessons])
    for lesson, gains in zip(lessons, scores, strict=True):
        lattice = lesson.cut.lattice
        candidates, spelt = pipeline.propose(lesson.cut, gains, readers.strips)
        look = (lattice.contrast, lattice.height)
        held = bool(candidates) and pipeline_judge.stopped(lesson.cut, candidates[0])
        trials.append(Tried(candidates, spelt, look, lesson.text, stopped=held, fair=lesson.fair))
    return trials


def refit(
    readers: pipeline.Readers, hands: Hands, confirmed: Mapping[str, Halves], seed: int
) -> dict[str, Any]:
    """Fit the confidence of free and of boxed fields; `confirmed` are the halves of each."""
    writers = shared_out(hands)
    makers: tuple[tuple[str, Maker], ...] = (
        (calibrate.FREE, free_field),
        (calibrate.CELLS, boxed_field),
    )
    fitted = {}
    for place, (kind, maker) in enumerate(makers):
        composed = (
            try_fields(readers, writers[0], maker, FITTING, [seed, 33, place, 0]),
            try_fields(readers, writers[1], maker, BOUNDING, [seed, 33, place, 1]),
        )
        fitted[kind] = refit_kind(composed, confirmed[kind])
    return fitted


def refit_kind(composed: tuple[list[Trial], list[Trial]], confirmed: Halves) -> dict[str, Any]:
    """Fit one kind of field on composed and confirmed numbers, as `fit_kind` does on composed.

    A promise is proved on composed numbers, and of a fair sample of the confirmed ones no more
    may be wrong; see `held_against`.
    """
    mine: list[Trial] = [*confirmed[0], *confirmed[1]]
    if min(len(confirmed[0]), len(confirmed[1])) < LEAST:
        mine, confirmed = [], ([], [])
    strip_weight = choose_strip_weight([composed[0], mine] if mine else [composed[0]])
    weights, bias = fit_both(composed[0], mine, strip_weight)
    tried = weighed(composed[1], strip_weight, weights, bias)
    found = {
        "strip_weight": strip_weight,
        "weights": [float(weight) for weight in weights],
        "bias": bias,
        **rates(*tried, writers_of(composed[1])),
    }
    if not mine:
        return found
    parts = [
        weighed(there, strip_weight, *fit_both(composed[0], here, strip_weight))
        for here, there in (confirmed, confirmed[::-1])
    ]
    fair = np.array([trial.fair for trial in (*confirmed[1], *confirmed[0])])
    if not fair.any():
        return found
    chances, trusted, right = (np.concatenate(part)[fair] for part in zip(*parts, strict=True))
    own = rates(chances, trusted, right, np.arange(len(right)))
    proved = (*tried[1:], writers_of(composed[1]))
    table = held_against(found["table"], proved, (trusted, right))
    return {**found, "table": table, "confirmed": own}


def fit_both(composed: list[Trial], confirmed: Sequence[Trial], strip_weight: float) -> Weights:
    """Fit the logistic model on both samples, the smaller one repeated to count as much."""
    values, right = described(composed, strip_weight)
    if confirmed:
        times = max(1, len(composed) // len(confirmed))
        more, more_right = described(confirmed, strip_weight)
        values = np.concatenate([values, np.repeat(more, times, axis=0)])
        right = np.concatenate([right, np.repeat(more_right, times)])
    return fit_logistic(values, right)


def held_against(
    table: list[dict[str, Any]],
    composed: tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.int64]],
    confirmed: tuple[NDArray[np.float64], NDArray[np.bool_]],
) -> list[dict[str, Any]]:
    """Raise the thresholds that composed numbers proved until the confirmed ones show no more.

    Both samples are confidences (N,), 0 where a person looks anyway, and what is right (N,), the
    composed one also who wrote it (N,): a raised threshold must be proved anew. The confirmed
    numbers do not have to prove a promise themselves: 677 of them, some keyed wrong, proved no
    less than 5 %, and to have learned from them sent everything to a person.
    """
    held = []
    for row in table:
        if row["threshold"] is None:
            held.append(row)
            continue
        threshold = unrefuted(*confirmed, row["max_error"], row["threshold"])
        kept = composed[0] >= (np.inf if threshold is None else threshold)
        wrong = ~composed[1][kept]
        if not kept.any() or bound_by_writer(wrong, composed[2][kept]) > row["max_error"]:
            held.append({**row, "threshold": None, "accepted": 0, "wrong": 0})
            continue
        counts = {"accepted": int(kept.sum()), "wrong": int(wrong.sum())}
        held.append({**row, "threshold": threshold, **counts})
    return held


def unrefuted(
    chances: NDArray[np.float64], right: NDArray[np.bool_], max_error: float, least: float
) -> float | None:
    """Find the lowest threshold, `least` or more, above which at most `max_error` are wrong.

    One wrong number is no refutation: it may be keyed wrong, and of few it says nothing of a
    rate. None where there is no such threshold.
    """

    def holds(threshold: float) -> bool:
        kept = chances >= threshold
        return int((kept & ~right).sum()) <= max(1.0, max_error * int(kept.sum()))

    above = np.unique(chances[chances > least]).tolist()
    return next((threshold for threshold in (least, *above) if holds(threshold)), None)
