"""Fit what the confidence of a cheque's amount means, on writers no network was trained on.

Amounts are composed in frames as cheques have them and read by the code that reads cheques:
separators, closing marks and both readers. A third of the held-out writers fit the logistic
model; the others show how many of the amounts that would be accepted are wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from formreader import calibrate, classify, datasets, pipeline, validate
from formreader.cheque_compose import compose_amount
from formreader.cheque_fields import amount_field
from formreader.cheque_figures import Figures, read_figures
from formreader.datasets import Hands, hands_of
from formreader.document import Status
from formreader.fit_confidence import (
    Trial,
    choose_strip_weight,
    described,
    fit_logistic,
    rates,
    shared_out,
    writers_of,
)
from formreader.glyph_folder import read_labelled
from formreader.model_versions import write_card

AMOUNTS = (2_000, 5_000)
"""Amounts composed for fitting and for bounding: the surest quarter, where the search begins, may
hold four errors of 4,000 if 1 % is to be proved, and none of 1,600."""


@dataclass(frozen=True, slots=True, eq=False)
class AmountTrial(Trial):
    """One composed amount as both readers read it."""

    figures: Figures = field(kw_only=True)


def try_amounts(
    readers: pipeline.Readers, hands: Hands, count: int, seed: list[int]
) -> list[AmountTrial]:
    """Compose amounts and let both readers list what they may say."""
    rng = np.random.default_rng(seed)
    trials = []
    for _ in range(count):
        writer = int(rng.integers(len(hands)))
        amount = compose_amount(*hands[writer], rng)
        place, *_ = amount_field([amount.frame], amount.profile.signs)
        found = read_figures(place, readers, amount.profile)
        if not found.candidates:
            continue
        digits = amount.text.replace(".", "") if amount.text else ""
        truth = digits if found.as_amount(digits) == amount.text else None
        lattice = found.cut.lattice
        look = (lattice.contrast, lattice.height, *found.cut.hints)
        trials.append(
            AmountTrial(found.candidates, found.spelt, look, truth, writer, figures=found)
        )
    return trials


def fit_amounts(
    readers: pipeline.Readers, hands: Hands, seed: int, counts: tuple[int, int]
) -> dict[str, Any]:
    """Fit the confidence of amounts; returns weights, bias, the readers' weight and the table.

    `counts` amounts are composed for fitting and for bounding. Whether the readers agree is one
    of the features; it stops no amount by itself. Of 1,300 composed amounts 520 could be accepted
    so with 8 errors, 455 with 9 where agreement was asked.
    """
    fitting, bounding = shared_out(hands)
    first = try_amounts(readers, fitting, counts[0], [seed, 13, 0])
    second = try_amounts(readers, bounding, counts[1], [seed, 13, 1])
    strip_weight = choose_strip_weight([[*first]])
    weights, bias = fit_logistic(*described(first, strip_weight))
    fitted = {
        "strip_weight": strip_weight,
        "weights": [float(w) for w in weights],
        "bias": bias,
        "agreement": False,
    }
    return fitted | rates(*decided(second, fitted), writers_of(second))


def decided(
    trials: Sequence[AmountTrial], fitted: Mapping[str, Any]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Return how sure each trial is, the same but 0 where a person looks anyway, and the truth."""
    kind = calibrate.AMOUNT
    chances, trusted, right = [], [], []
    for trial in trials:
        judged = pipeline.judge(
            trial.figures.cut, trial.candidates, trial.spelt, {kind: fitted}, kind
        )
        status, _ = validate.validate(judged, 0.0)
        sure = status is Status.ACCEPTED and trial.figures.is_clear(judged.text)
        chances.append(judged.confidence)
        trusted.append(judged.confidence if sure else 0.0)
        right.append(judged.text == trial.truth)
    return np.array(chances), np.array(trusted), np.array(right)


def readers_of(folder: Path, card: Mapping[str, Any]) -> pipeline.Readers:
    """Load both readers of a model that is not finished, with its card's temperature."""
    recognizer = classify.load_recognizer(folder)
    recognizer.temperature = card["temperature"]
    return pipeline.Readers(recognizer, classify.load_strip_reader(folder, dict(card)))


def with_amounts(folder: Path, hands: Hands, card: dict[str, Any], seed: int) -> dict[str, Any]:
    """Fit the amounts of the networks in `folder`; returns the card with their calibration."""
    amounts = fit_amounts(readers_of(folder, card), hands, seed, AMOUNTS)
    return {**card, "calibration": {**card["calibration"], calibrate.AMOUNT: amounts}}


def refit(folder: Path, data: Path) -> None:
    """Fit the amounts of a finished model again and write its card.

    The writers of `data` that the model's seed held out of its training are those it is fitted on.
    """
    card = classify.read_card(folder)
    written, _ = read_labelled(data, "train", print)
    _, held_out = datasets.split_by_writer(written, card["seed"])
    card = with_amounts(folder, hands_of(held_out), card, card["seed"])
    write_card(folder, card)
