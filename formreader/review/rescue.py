"""Save what persons decided out of a damaged database, as a table that `apply` takes."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from formreader.corrected import NEEDED
from formreader.export import BLANK, UNREADABLE, write_table
from formreader.store import DATABASE
from formreader.store_schema import Meaning

TABLE = "rescued.csv"
ROWS = "SELECT id, undoes, page_file, page, field, meaning, person_value FROM reviews ORDER BY id"
Place = tuple[str, int, str]


def rescue(folder: Path) -> str:
    """Write the decisions that can still be read beside the damaged database; say what to do.

    The database is only read. Returns "" where no decision is legible. Raises OutputError where
    nothing can be written.
    """
    decided = decisions(folder / DATABASE)
    if not decided:
        return ""
    write_table(folder / TABLE, NEEDED, [(*place, said) for place, said in decided.items()])
    return (
        f"{len(decided)} decisions could still be read and are saved in {folder / TABLE}. Read the "
        "scans into another folder, look through that table, and give it back with 'formreader "
        f"apply FOLDER {folder / TABLE}'."
    )


def decisions(database: Path) -> dict[Place, str]:
    """Return what persons said last of each field, as `apply` wants it, where it is legible.

    Read from both ends up to the damage, so that all but the damaged part is kept.
    """
    found: dict[int, tuple[int | None, Place, str, str]] = {}
    with suppress(sqlite3.Error), closing(open_to_read(database)) as opened:
        for order in (ROWS, f"{ROWS} DESC"):
            with suppress(sqlite3.DatabaseError):
                for id_, undoes, file, page, field, meaning, value in opened.execute(order):
                    found[id_] = (undoes, (file, page, field), meaning, value)
    undone = {undoes for undoes, *_ in found.values()}
    return {
        place: correction(meaning, value)
        for id_, (undoes, place, meaning, value) in sorted(found.items())
        if undoes is None and id_ not in undone
    }


def open_to_read(database: Path) -> sqlite3.Connection:
    """Open a database so that nothing in it is changed."""
    opened = sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)
    opened.text_factory = lambda content: content.decode("utf-8", "replace")
    return opened


def correction(meaning: str, value: str) -> str:
    """Return a decision as a person would write it, firmly: nothing of it got lost."""
    words = {Meaning.BLANK.value: BLANK, Meaning.UNREADABLE.value: UNREADABLE}
    return words.get(meaning, f"{value}!")
