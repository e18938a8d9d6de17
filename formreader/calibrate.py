"""Stage 7 of 8: turn scores into a confidence that means something.

Two readers propose strings: the lattice of single glyphs, and the segmentation-free reader
of the whole strip. Their scores are fused, and what predicts error (margins, agreement, ink
cut through, ink passed over) becomes one probability by a logistic model. The model's
weights come from the card; they were fitted on writers never trained on.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from formreader.document import Candidate
from formreader.errors import UsageError

UNSEEN = -12.0
"""Score of a string that one reader proposes and the other does not list, relative to its
best; beyond it a reader's tail says nothing."""
WORST = -6.0
"""Score below the lattice's best to which any other string of it sinks: a lattice that is sure of
a wrong cut outvoted the strip reader. With the strips' weight at 1.5 one model read 575 of 677 real
amounts (part `train`) right, with a floor of -12 571."""
CLEAR = math.log(2)
"""Lead of the lattice's best string over its second, in log-likelihood, from which it agrees:
twice as likely. Of composed readings accepted at 1 % with less, 8 of 261 were wrong, of the
others 26 of 4,360; an open 4 at 59 to 41 % was accepted as 9."""
LAST = 4.0
"""How many times the rate asked for a single accepted reading may be likely to be wrong. What is
bounded is the average: with that alone 2 of 124 readings of real forms and cheques that were
accepted at 1 % (one form read in two ways) were wrong, at confidences of 0.943 and 0.945."""
FREE, CELLS, AMOUNT = "free", "cells", "amount"
"""Kinds of fields with a calibration of their own: free writing, boxes, amounts of cheques."""
Scored = list[tuple[str, float]]


def calibrate(
    lattice: Sequence[Candidate],
    strip: Sequence[tuple[str, float]],
    look: tuple[float, ...],
    fitted: Mapping[str, Any],
) -> tuple[list[tuple[str, float]], float]:
    """Say what a field reads as, best string first, and how sure the best is (0…1).

    `look` is the ink's contrast in grey levels, the digit height in pixels and the hints of this
    kind of field, `fitted` the card's calibration for it. A best string without a digit has
    confidence 0.
    """
    fused = fuse(lattice, strip, fitted["strip_weight"])
    values = features(lattice, strip, fused, look)
    return fused, confidence(values, fitted) if fused[0][0] else 0.0


def fuse(
    lattice: Sequence[Candidate], strip: Sequence[tuple[str, float]], strip_weight: float
) -> list[tuple[str, float]]:
    """Join both readers' strings: text and fused log-score, best first.

    `strip` are strings with log-posteriors; empty where only the lattice reads (boxes).
    """
    if not strip:
        return [(c.text, c.score) for c in lattice]
    ours = {c.text: max(c.score - lattice[0].score, WORST) for c in lattice}
    theirs = {text: max(score, UNSEEN) for text, score in strip}
    texts = {*ours, *theirs}
    scores = {
        text: ours.get(text, WORST) + strip_weight * theirs.get(text, UNSEEN) for text in texts
    }
    return sorted(scores.items(), key=lambda pair: -pair[1])


def features(
    lattice: Sequence[Candidate],
    strip: Sequence[tuple[str, float]],
    fused: Sequence[tuple[str, float]],
    look: tuple[float, ...],
) -> NDArray[np.float64]:
    """Describe how sure a reading is: float64 (9 + hints,).

    Fused margin, lattice score and margin, weakest character, log-odds of the strip (where only
    the lattice reads, of that), agreement, length, contrast in grey levels and digit height in
    pixels (`look`), each scaled to about 1; then the hints that follow in `look`.
    """
    best = fused[0][0]
    margin = fused[0][1] - fused[1][1] if len(fused) > 1 else 12.0
    same = next((c for c in lattice if c.text == best), None)
    others = [c.score for c in lattice if c.text != best]
    lead = (same.score if same else -20.0) - (max(others) if others else -20.0)
    weakest = min((c.probability for c in same.characters), default=0.0) if same else 0.0
    whole = dict(strip).get(best, UNSEEN) if strip else fused[0][1]
    return np.array(
        [
            np.clip(margin, 0, 20) / 10,
            max(same.score if same else -20.0, -20.0) / 10,
            np.clip(lead, -10, 10) / 10,
            log_odds(weakest),
            log_odds(float(np.exp(min(whole, 0.0)))),
            float(bool(strip) and agree(lattice, strip)),
            len(best) / 5,
            min(look[0], 60.0) / 60,
            float(np.log2(np.clip(look[1], 8, 64) / 20)),
            *look[2:],
        ]
    )


def agree(lattice: Sequence[Candidate], strip: Sequence[tuple[str, float]]) -> bool:
    """Tell whether both readers name the same string; one reader alone agrees with itself.

    A lattice whose second string is nearly as likely names none.
    """
    if not strip:
        return True
    clear = len(lattice) < 2 or lattice[0].score - lattice[1].score >= CLEAR
    return bool(lattice) and clear and strip[0][0] == lattice[0].text


def log_odds(probability: float) -> float:
    """Return log(p / (1 − p)) / 5, cut at ±2 (p within 0.00005 of 0 or 1)."""
    safe = min(max(probability, 4.5e-5), 1 - 4.5e-5)
    return float(np.log(safe / (1 - safe)) / 5)


def confidence(values: NDArray[np.float64], weights: Mapping[str, Any]) -> float:
    """Return the probability in 0…1 that the reading is right.

    A model of before there were hints has no weights for them.
    """
    fitted = np.asarray(weights["weights"])
    z = float(np.dot(values[: len(fitted)], fitted) + weights["bias"])
    return float(1.0 / (1.0 + np.exp(-np.clip(z, -30, 30))))


def alternatives(
    fused: Sequence[tuple[str, float]], chance: float
) -> tuple[tuple[str, float], ...]:
    """Share what the best reading leaves of certainty among the next two by their scores."""
    others = [(text, score) for text, score in fused[1:3] if text]
    if not others:
        return ()
    weights = np.exp(np.array([score for _, score in others]) - others[0][1])
    shares = (1 - chance) * weights / (weights.sum() + 1)
    return tuple((text, float(share)) for (text, _), share in zip(others, shares, strict=True))


def check_rate(max_error: float) -> None:
    """Raise UsageError for an error rate that can be no share of the accepted readings."""
    if not 0 < max_error < 1:
        raise UsageError(
            f"--max-error is {max_error:g}; it must lie between 0 and 1, such as 0.01 for one "
            "wrong value in a hundred."
        )


def threshold_for(calibration: Mapping[str, Any], kind: str, max_error: float) -> float | None:
    """Find the least confidence whose accepted error was shown to be at most `max_error`.

    It is no less than what keeps a single reading in `LAST`. None where the calibration sample is
    too small or too wrong to support the promise.
    """
    table = calibration[kind]["table"]
    kept = [row for row in table if row["max_error"] <= max_error and row["threshold"] is not None]
    if not kept:
        return None
    return max(min(float(row["threshold"]) for row in kept), 1 - LAST * max_error)


def unkept(calibration: Mapping[str, Any], kinds: Sequence[str], max_error: float) -> list[str]:
    """Say in a sentence each where `max_error` cannot be promised, and what can be."""
    sentences = []
    for kind in kinds:
        if threshold_for(calibration, kind, max_error) is not None:
            continue
        held = [r["max_error"] for r in calibration[kind]["table"] if r["threshold"] is not None]
        where = {CELLS: "in boxes", AMOUNT: "on cheques"}.get(kind, "outside boxes")
        best = (
            f"the strictest it can promise is --max-error {min(held):g}" if held else "none can be"
        )
        sentences.append(
            f"This model cannot promise --max-error {max_error:g} for numbers {where}, so all of "
            f"them go to review; {best}."
        )
    return sentences
