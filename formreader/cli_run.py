"""Follow a batch on the screen, and say at its end what came of it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from formreader.cli_commands import INTERRUPTED, tell

if TYPE_CHECKING:
    from formreader.batch import Batch

SOME_FAILED = 1
LISTED = 50
"""Failed pages named at the end of a run; readings.csv names all."""


def run(batch: Batch, out: Path) -> int:
    """Read a batch with progress; print the summary and return the exit code."""
    from formreader.progress import follow

    for warning in batch.warnings:
        tell(f"Note: {warning}")
    try:
        with closing(batch.pages()) as pages:
            follow(pages, batch.queue)
    except KeyboardInterrupt:
        summarise(batch, out)
        tell("Interrupted. Finished pages are on disk; the same command again goes on from here.")
        return INTERRUPTED
    failed = summarise(batch, out)
    typer.echo(str(out / "readings.csv"))
    return SOME_FAILED if failed else 0


def summarise(batch: Batch, out: Path) -> int:
    """Say on one screen what the job holds and what to do next; return the failed pages."""
    assert batch.store is not None
    counts = batch.store.counts()
    fields = counts.accepted + counts.review + counts.blank
    tell(f"Pages   {counts.pages}, of them {counts.failed} failed, {counts.empty} without a number")
    tell(
        f"Fields  {fields}: {counts.accepted} accepted, {counts.review} to review, "
        f"{counts.blank} blank"
    )
    failures = [page for page in batch.store.pages() if page[2]]
    for name, number, why in failures[:LISTED]:
        tell(f"Failed  {name}, page {number}: {why}")
    if len(failures) > LISTED:
        tell(f"        and {len(failures) - LISTED} more: status failed in readings.csv")
    tell(f"Tables  {out / 'readings.csv'}, characters.csv, records.csv")
    if counts.review:
        tell(
            f"Next    formreader review {out}\n"
            f"        or in a spreadsheet with pictures: formreader export {out} --format xlsx,\n"
            "        write what is right into the column correction, then: "
            f"formreader apply {out} CORRECTED.xlsx"
        )
    return counts.failed
