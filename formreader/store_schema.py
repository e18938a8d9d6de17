"""The tables of a job's database, its rows as nouns, and its errors as plain sentences."""

from __future__ import annotations

import errno
import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from formreader.document import Rect, Status
from formreader.errors import OutputError

APPLICATION_ID = 0x666F726D
"""SQLite's mark of who a database belongs to: "form" in ASCII."""
SCHEMA_VERSION = 2

SCHEMA = f"""
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE files (
    id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, position INTEGER NOT NULL,
    size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, pages INTEGER
) STRICT;
CREATE TABLE pages (
    id INTEGER PRIMARY KEY, file INTEGER NOT NULL REFERENCES files ON DELETE CASCADE,
    number INTEGER NOT NULL, form TEXT NOT NULL, failure TEXT NOT NULL, read_at TEXT NOT NULL,
    UNIQUE (file, number)
) STRICT;
CREATE TABLE readings (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    page INTEGER NOT NULL REFERENCES pages ON DELETE CASCADE, position INTEGER NOT NULL,
    field TEXT NOT NULL, value TEXT NOT NULL, confidence REAL NOT NULL, status TEXT NOT NULL,
    reasons TEXT NOT NULL, alternatives TEXT NOT NULL, snippet TEXT NOT NULL,
    x INTEGER NOT NULL, y INTEGER NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL,
    UNIQUE (page, field)
) STRICT;
CREATE TABLE characters (
    reading INTEGER NOT NULL REFERENCES readings ON DELETE CASCADE, position INTEGER NOT NULL,
    character TEXT NOT NULL, confidence REAL NOT NULL, alternatives TEXT NOT NULL,
    x INTEGER NOT NULL, y INTEGER NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL,
    PRIMARY KEY (reading, position)
) STRICT, WITHOUT ROWID;
CREATE TABLE reviews (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    reading INTEGER REFERENCES readings ON DELETE SET NULL,
    page_file TEXT NOT NULL, page INTEGER NOT NULL, field TEXT NOT NULL,
    machine_value TEXT NOT NULL, meaning TEXT NOT NULL, person_value TEXT NOT NULL,
    who TEXT NOT NULL, at TEXT NOT NULL, origin TEXT NOT NULL
) STRICT;
CREATE INDEX reviews_reading ON reviews (reading, id);
CREATE VIEW corrections AS
    SELECT reading, meaning, person_value, max(id) AS id FROM reviews
    WHERE reading IS NOT NULL GROUP BY reading;
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = 1;
"""

UPGRADE = (
    "ALTER TABLE reviews ADD COLUMN undoes INTEGER REFERENCES reviews",
    "CREATE INDEX reviews_undoes ON reviews (undoes) WHERE undoes IS NOT NULL",
    "CREATE INDEX readings_status ON readings (status, confidence)",
    "DROP VIEW corrections",
    """CREATE VIEW corrections AS
    SELECT reading, meaning, person_value, max(id) AS id FROM reviews AS said
    WHERE reading IS NOT NULL AND undoes IS NULL
    AND NOT EXISTS (SELECT 1 FROM reviews WHERE undoes = said.id)
    GROUP BY reading""",
    """CREATE TABLE audits (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    reading INTEGER UNIQUE REFERENCES readings ON DELETE SET NULL,
    page_file TEXT NOT NULL, page INTEGER NOT NULL, field TEXT NOT NULL,
    machine_value TEXT NOT NULL, meaning TEXT NOT NULL, blind_value TEXT NOT NULL,
    who TEXT NOT NULL, at TEXT NOT NULL
) STRICT""",
    """CREATE TABLE glyph_checks (
    id INTEGER PRIMARY KEY AUTOINCREMENT, sheet INTEGER NOT NULL,
    reading INTEGER NOT NULL REFERENCES readings ON DELETE CASCADE, position INTEGER NOT NULL,
    character TEXT NOT NULL, verdict TEXT NOT NULL, who TEXT NOT NULL, at TEXT NOT NULL
) STRICT""",
    "CREATE INDEX glyph_checks_place ON glyph_checks (reading, position, id)",
    "CREATE INDEX glyph_checks_sheet ON glyph_checks (sheet)",
    """CREATE VIEW checked AS SELECT reading, position, verdict FROM glyph_checks AS g
    WHERE verdict != 'undone' AND id =
    (SELECT max(id) FROM glyph_checks WHERE reading = g.reading AND position = g.position)""",
    """CREATE VIEW doubted AS SELECT reading FROM (
    SELECT reading FROM checked WHERE verdict = 'wrong'
    UNION SELECT reading FROM audits WHERE reading IS NOT NULL)
    WHERE reading NOT IN (SELECT reading FROM corrections)""",
    "PRAGMA user_version = 2",
)
"""What version 2 added: decisions that take back others, audits, single characters checked.
`doubted` are readings, accepted or not, that a person contradicted and nobody decided yet.
Nothing that a person said is changed or removed, in this step or ever after."""


class Meaning(StrEnum):
    """What a person says of a field: a value, an empty box, or that nobody can tell."""

    VALUE = "value"
    BLANK = "blank"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of the source; `name` is its path relative to the source."""

    path: Path
    name: str
    size: int
    mtime_ns: int


class Known(NamedTuple):
    """What the store holds of one file: its page count, if known, and the pages read."""

    pages: int | None
    done: frozenset[int]


class Changes(NamedTuple):
    """How a source differs from the last run, in counts."""

    changed: int
    missing: int
    orphaned_reviews: int


@dataclass(frozen=True, slots=True)
class Field:
    """One row of the readings as stored; a failed page has one with neither id nor field."""

    id: int | None
    page_file: str
    page: int
    form: str
    failure: str
    field: str
    value: str
    confidence: float
    status: Status
    reasons: tuple[str, ...]
    alternatives: tuple[tuple[str, float], ...]
    snippet: str
    rect: Rect
    meaning: Meaning | None
    person_value: str


@dataclass(frozen=True, slots=True)
class Review:
    """What a person says of one reading, to be stored beside the machine's value."""

    field: Field
    meaning: Meaning
    value: str


class Counts(NamedTuple):
    """A job at a glance: pages, failed pages, pages without a field, fields by status."""

    pages: int
    failed: int
    empty: int
    accepted: int
    review: int
    blank: int
    reviewed: int


FIELD_ROWS = """
SELECT r.id, f.path, p.number, p.form, p.failure, coalesce(r.field, ''), coalesce(r.value, ''),
       coalesce(r.confidence, 0.0),
       CASE WHEN r.id IN (SELECT reading FROM doubted) THEN 'review'
       ELSE coalesce(r.status, 'failed') END,
       CASE WHEN r.id IN (SELECT reading FROM doubted)
       THEN json_insert(r.reasons, '$[#]', 'doubted by a person')
       ELSE coalesce(r.reasons, '[]') END,
       coalesce(r.alternatives, '[]'), coalesce(r.snippet, ''),
       coalesce(r.x, 0), coalesce(r.y, 0), coalesce(r.width, 0), coalesce(r.height, 0),
       c.meaning, coalesce(c.person_value, '')
FROM pages p JOIN files f ON f.id = p.file
LEFT JOIN readings r ON r.page = p.id LEFT JOIN corrections c ON c.reading = r.id
WHERE (r.id IS NOT NULL OR p.failure != '')
ORDER BY f.position, p.number, r.position
"""


def now() -> str:
    """Return the time in UTC as ISO 8601 text."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def pairs_to_json(pairs: Iterable[tuple[str, float]]) -> str:
    """Write (text, number) pairs as JSON."""
    return json.dumps([(text, float(number)) for text, number in pairs])


def pairs(text: str) -> tuple[tuple[str, float], ...]:
    """Read back what `pairs_to_json` wrote."""
    return tuple((name, number) for name, number in json.loads(text))


def rect_to_row(rect: Rect) -> tuple[int, int, int, int]:
    """Return a rectangle as four database integers."""
    return int(rect.x), int(rect.y), int(rect.width), int(rect.height)


def cannot_write(folder: Path, error: OSError) -> OutputError:
    """Turn a system error into a sentence that says what to do."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return disk_full(folder)
    if isinstance(error, PermissionError) or error.errno == errno.EROFS:
        return OutputError(f"There is no permission to write to {folder}. Name another folder.")
    return OutputError(f"Nothing can be written to {folder}: {error.strerror or error}.")


def disk_full(folder: Path) -> OutputError:
    """Say that the disk is full and that nothing finished is lost."""
    return OutputError(
        f"The disk that holds {folder} is full. Finished pages are kept; make room and run "
        "the same command again."
    )


class DamagedError(OutputError):
    """Say that a job's database is damaged."""


@contextmanager
def sentences(folder: Path) -> Iterator[None]:
    """Turn database errors inside the block into OutputError with a plain sentence."""
    try:
        yield
    except sqlite3.IntegrityError:
        raise
    except sqlite3.DatabaseError as error:
        raise database_error(folder, str(error)) from error
    except OSError as error:
        raise cannot_write(folder, error) from error


def database_error(folder: Path, message: str) -> OutputError:
    """Find the sentence for an SQLite message."""
    if "full" in message:
        return disk_full(folder)
    if "readonly" in message or "unable to open" in message:
        return OutputError(f"There is no permission to write to {folder}. Name another folder.")
    if "locked" in message:
        return OutputError(f"Another program keeps the job in {folder} busy. Try again later.")
    if "I/O" in message:
        return OutputError(f"The disk that holds {folder} reports an error: {message}.")
    return DamagedError(
        f"The database of the job in {folder} is damaged ({message}). Put back a copy of "
        "job.sqlite, or read into another folder."
    )
