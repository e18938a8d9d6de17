"""Write the job's tables again after a review, unless a run under way will do so."""

from __future__ import annotations

from contextlib import closing

from formreader.errors import UsageError
from formreader.export import write_tables
from formreader.store import Store, hold


def write(store: Store) -> str:
    """Write the tables; return a sentence that says so.

    While a run reads into the job nothing is written: it writes them at its end, decisions
    included, and two at a time would spoil each other's files. Raises OutputError where the
    tables cannot be written.
    """
    try:
        with closing(hold(store.folder)):
            write_tables(store)
    except UsageError:
        return "The job is being read; its tables are written when that ends."
    return "The tables readings.csv and records.csv are up to date."
