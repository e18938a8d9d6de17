"""Say what the blind audit of a job proves about its accepted values, and let reading use it."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from formreader import calibrate, classify
from formreader.errors import UsageError
from formreader.fit_confidence import PROMISES, SURE, promises, upper_bound
from formreader.model_versions import copy, put_in_place, write_card
from formreader.store_audits import AuditStore, Measured


def certify(job: Path) -> list[str]:
    """Return sentences: the measured substitution rate, its interval, what it proves.

    The audited fields are a random sample of the accepted ones, so the exact binomial bounds
    hold (Clopper & Pearson 1934). Raises UsageError where `job` is none.
    """
    with AuditStore.open(job) as store:
        accepted = store.counts().accepted
        measured = store.measured(frozenset())
        asked = float(store.settings().get("max_error", "0.01"))
    if not measured.keyed:
        return [
            f"{accepted:,} values were accepted and none of them was keyed blind, so nothing is "
            f"proved. Run 'formreader review {job} --audit 0.1': a tenth of them then comes to "
            "you without the machine's value."
        ]
    return [found(measured, accepted), *proved(measured, asked)]


def found(measured: Measured, accepted: int) -> str:
    """Say what the audit found."""
    text = f"{measured.keyed:,} of {accepted:,} accepted values were keyed blind"
    if measured.rate is None:
        return f"{text}; none of them is decided yet."
    return (
        f"{text}: {measured.wrong:,} of {measured.judged:,} wrong, {measured.rate:.2%} "
        f"(95 % interval {measured.low:.2%} to {measured.high:.2%})."
    )


def proved(measured: Measured, asked: float) -> list[str]:
    """Say which error rate the audit proves, and how it stands to the one asked for.

    What is undecided or unreadable counts as wrong: it must not make a proof easier.
    """
    said = []
    undecided = measured.open + measured.unreadable
    if undecided:
        said.append(
            f"Undecided or unreadable are {undecided:,}; they count as wrong. Decide them in "
            "'formreader review'."
        )
    bound = upper_bound(measured.wrong + undecided, measured.keyed)
    kept = [promise for promise in PROMISES if bound <= promise]
    said.append(
        f"With {SURE:.0%} confidence at most {bound:.2%} of the accepted values are wrong. "
        + (
            f"That proves --max-error {kept[0]:g}."
            if kept
            else f"That proves no rate of {PROMISES[-1]:g} or less."
        )
    )
    if measured.low > asked:
        said.append(
            f"The job was read with --max-error {asked:g}, and more than that are wrong: read "
            "again with a lower rate, or train with these pages."
        )
    elif bound > asked:
        least = math.ceil(math.log(1 - SURE) / math.log1p(-asked))
        said.append(
            f"The job was read with --max-error {asked:g}. The audit neither proves nor "
            f"contradicts that; it takes at least {least:,} values keyed without an error."
        )
    return said


def certified_model(job: Path, model: Path, out: Path) -> list[str]:
    """Make a version of `model` in `out` that promises what the audit of `job` proved; say what.

    Raises UsageError where `job` is none, was read with another model or has no audit.
    """
    recognizer = classify.load_recognizer(model)
    with AuditStore.open(job) as store:
        settings, judged = store.settings(), store.judged()
    if settings.get("model") != recognizer.model_id:
        raise UsageError(
            f"{job} was read with the model {settings.get('model', 'of another version')}, not "
            f"with {recognizer.model_id}. Name its folder with --model."
        )
    if not judged:
        raise UsageError(f"No accepted value of {job} was keyed blind, so nothing is proved.")
    confidences, right = np.array([c for c, _ in judged]), np.array([r for _, r in judged])
    rows = promises(confidences, right, np.arange(len(right)))
    asked = float(settings["max_error"])
    card = {
        **recognizer.card,
        "calibration": {
            kind: {**fitted, "table": as_audited(recognizer.card["calibration"], kind, asked, rows)}
            for kind, fitted in recognizer.card["calibration"].items()
        },
        "certified": {"keyed": len(judged), "wrong": int((~right).sum()), "max_error": asked},
    }
    with tempfile.TemporaryDirectory() as fresh:
        copy(model, Path(fresh))
        write_card(Path(fresh), card)
        number = put_in_place(Path(fresh), out)
    kept = [f"{row['max_error']:g}" for row in rows if row["threshold"] is not None]
    return [
        f"{out}, version {number}, promises by {len(judged):,} values keyed blind: "
        + (f"--max-error {', '.join(kept)}." if kept else "nothing; all it reads goes to review.")
    ]


def as_audited(
    calibration: Mapping[str, Any], kind: str, asked: float, rows: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return the promises of a kind of field as the audit proved them.

    Nothing below the threshold of the audited run was keyed, so none goes below it.
    """
    least = calibrate.threshold_for(calibration, kind, asked)
    return [
        {
            **row,
            "threshold": None
            if least is None or row["threshold"] is None
            else max(least, row["threshold"]),
        }
        for row in rows
    ]
