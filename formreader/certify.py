"""Say what the blind audit of a job proves about its accepted values."""

from __future__ import annotations

import math
from pathlib import Path

from formreader.fit_confidence import PROMISES, SURE, upper_bound
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
