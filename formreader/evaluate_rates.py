"""Rates of a read job, always with their counts: nothing here touches a file or a picture."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from formreader.document import Status
from formreader.evaluate_ties import Read, Tie, comparable

LEVELS = (0.01, 0.005, 0.001)
"""Substitution rates at which the curve is read off (1 %, 0.5 %, 0.1 %)."""
CURVE_POINTS = 300
"""Points of the curve that are kept for the report; more than a plot is wide in pixels."""
CALIBRATION_BINS = 10
"""Bins of equal width for the calibration error (Guo et al. 2017 use 15; few fields here)."""
SURE = (0.5, 0.9, 0.99, 0.999)
"""Confidences at which the wrong ones are counted: what is accepted lies up there, and bins of
equal width show it as a single point."""
SYMBOLS = "0123456789"


def share_of(count: int, of: int) -> dict[str, Any]:
    """Return a rate with its counts; the rate is None where there is nothing to divide by."""
    return {"rate": count / of if of else None, "count": count, "of": of}


def rate(count: int, of: int) -> dict[str, Any]:
    """Return a rate with its counts and its exact interval at 95 %, in `low` and `high`."""
    low, high = clopper_pearson(count, of)
    return {**share_of(count, of), "low": low, "high": high}


def clopper_pearson(count: int, of: int, level: float = 0.95) -> tuple[float, float]:
    """Return the exact two-sided interval of a binomial rate (Clopper and Pearson 1934)."""
    if of == 0:
        return 0.0, 1.0
    half = (1 - level) / 2
    low = _solve(lambda p: binomial_tail(count, of, p, 1) < half) if count else 0.0
    high = _solve(lambda p: binomial_tail(count, of, p, -1) > half) if count < of else 1.0
    return low, high


def _solve(below: Callable[[float], bool]) -> float:
    """Find by bisection the p in 0…1 up to which `below` holds."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if below(middle) else (low, middle)
    return (low + high) / 2


def binomial_tail(k: int, n: int, p: float, step: int) -> float:
    """Return P(X ≥ k) for step 1 or P(X ≤ k) for step −1, X binomial over n trials."""
    if p <= 0 or p >= 1:
        return float((k <= n * p) if step > 0 else (k >= n * p))
    wanted = slice(k, n + 1) if step > 0 else slice(0, k + 1)
    terms = log_ways(n)[wanted] + np.arange(n + 1)[wanted] * (math.log(p) - math.log1p(-p))
    return min(float(np.exp(terms + n * math.log1p(-p)).sum()), 1.0)


@lru_cache(maxsize=64)
def log_ways(n: int) -> NDArray[np.float64]:
    """Return the logarithms of the binomial coefficients of n, float64 (n + 1,)."""
    factorials = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n + 1)))])
    ways: NDArray[np.float64] = factorials[n] - factorials - factorials[::-1]
    return ways


def is_right(tie: Tie) -> bool:
    """Say whether the reading's value is the true one."""
    if tie.read is None:
        return False
    truth, value = comparable(tie.truth.value, tie.read.value)
    return truth == value


def curve(scored: Sequence[tuple[float, bool, bool]], non_blank: int) -> list[dict[str, Any]]:
    """Return the error-reject curve, from the surest reading to all of them.

    `scored` holds (confidence, right, whether the true field is non-blank). Each point is a
    threshold that accepts every reading at or above it.
    """
    points = []
    wrong = written = 0
    ordered = sorted(scored, key=lambda row: -row[0])
    for accepted, (confidence, right, is_written) in enumerate(ordered, 1):
        wrong += not right
        written += is_written
        if accepted == len(ordered) or ordered[accepted][0] < confidence:
            points.append(
                {
                    "threshold": confidence,
                    "read_rate": written / non_blank if non_blank else None,
                    "substitution_rate": wrong / accepted,
                    "accepted": accepted,
                    "wrong": wrong,
                    "read": written,
                }
            )
    return points


def read_at(points: Sequence[dict[str, Any]], non_blank: int) -> list[dict[str, Any]]:
    """Read the curve off at each of `LEVELS`: the most that could be read at that rate.

    The threshold is chosen afterwards on the same pages, so this flatters; it is for
    comparing readers, not for promising anything.
    """
    found = []
    for level in LEVELS:
        fitting = [p for p in points if p["substitution_rate"] <= level]
        best = max(fitting, key=lambda p: (p["read"], -p["threshold"]), default=None)
        found.append(
            {
                "substitution_at_most": level,
                **share_of(best["read"] if best else 0, non_blank),
                "wrong": best["wrong"] if best else 0,
                "threshold": best["threshold"] if best else None,
                "note": "threshold chosen afterwards",
            }
        )
    return found


def thinned(points: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Keep at most `CURVE_POINTS` points, the first and the last among them."""
    if len(points) <= CURVE_POINTS:
        return list(points)
    step = (len(points) - 1) / (CURVE_POINTS - 1)
    return [points[round(i * step)] for i in range(CURVE_POINTS)]


def calibration_error(scored: Sequence[tuple[float, bool]]) -> dict[str, Any]:
    """Return the expected calibration error with the bins behind it (Guo et al. 2017)."""
    bins: list[list[tuple[float, bool]]] = [[] for _ in range(CALIBRATION_BINS)]
    for confidence, right in scored:
        bins[min(CALIBRATION_BINS - 1, int(confidence * CALIBRATION_BINS))].append(
            (confidence, right)
        )
    table = []
    for rows in filter(None, bins):
        found = rate(sum(right for _, right in rows), len(rows))
        table.append(
            {
                "count": len(rows),
                "confidence": sum(c for c, _ in rows) / len(rows),
                "right": found["rate"],
                "low": found["low"],
                "high": found["high"],
            }
        )
    gap = sum(row["count"] * abs(row["confidence"] - row["right"]) for row in table)
    return {
        "ece": gap / len(scored) if scored else None,
        "count": len(scored),
        "bins": table,
        "sure": [sure_of(scored, level) for level in SURE],
    }


def sure_of(scored: Sequence[tuple[float, bool]], level: float) -> dict[str, Any]:
    """Return, of all at least this sure, how many are wrong and how many should have been."""
    held = [(confidence, right) for confidence, right in scored if confidence >= level]
    return {
        "confidence_at_least": level,
        "expected_wrong": sum(1 - confidence for confidence, _ in held),
        "wrong": rate(sum(not right for _, right in held), len(held)),
    }


def field_rates(ties: Sequence[Tie], extras: Sequence[Read]) -> dict[str, Any]:
    """Rate whole fields; `extras` are the readings on the same pages that no truth claims."""
    written = [t for t in ties if t.truth.value]
    blank = [t for t in ties if not t.truth.value]
    found = [t for t in written if t.read is not None]
    by_status = Counter(t.read.status for t in found if t.read)
    n = len(written)
    accepted = [t for t in ties if t.read and t.read.status == Status.ACCEPTED]
    wrong = sum(not is_right(t) for t in accepted)
    loud = [r for r in extras if r.value and r.status in (Status.ACCEPTED, Status.REVIEW)]
    loud_accepted = [r for r in loud if r.status == Status.ACCEPTED]
    scored = [
        (t.read.confidence, is_right(t), bool(t.truth.value))
        for t in ties
        if t.read and t.read.value and t.read.status in (Status.ACCEPTED, Status.REVIEW)
    ]
    points = curve(scored, n)
    return {
        "read": rate(by_status[Status.ACCEPTED], n),
        "reject": rate(by_status[Status.REVIEW], n),
        "substitution": rate(wrong, len(accepted)),
        "substitution_with_extras": rate(
            wrong + len(loud_accepted), len(accepted) + len(loud_accepted)
        ),
        "accuracy_nothing_rejected": rate(sum(is_right(t) for t in found), n),
        "found": rate(len(found), n),
        "numbers_called_blank": rate(by_status[Status.BLANK], n),
        "blanks_read_as_numbers": rate(
            sum(bool(t.read and t.read.value) for t in blank), len(blank)
        ),
        "blanks_accepted_as_numbers": rate(
            sum(bool(t.read and t.read.value and not t.truth.value) for t in accepted), len(blank)
        ),
        "extra_readings": len(loud),
        "extra_accepted": len(loud_accepted),
        "curve": thinned(points),
        "read_at": read_at(points, n),
        "calibration": calibration_error([(c, right) for c, right, _ in scored]),
        "by_reason": reason_counts(ties),
    }


def reason_counts(ties: Sequence[Tie]) -> dict[str, dict[str, int]]:
    """Count, for every reason given for a review, the fields and how many were truly wrong."""
    counts: dict[str, dict[str, int]] = {}
    for tie in ties:
        if tie.read is None or tie.read.status != Status.REVIEW:
            continue
        for reason in tie.read.reasons or ("no reason given",):
            row = counts.setdefault(reason, {"fields": 0, "wrong": 0})
            row["fields"] += 1
            row["wrong"] += not is_right(tie)
    return dict(sorted(counts.items(), key=lambda item: -item[1]["fields"]))
