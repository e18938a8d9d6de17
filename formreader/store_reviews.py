"""What persons say of readings, one transaction each, and never over the head of another.

Every decision is a row that stays. Taking one back adds a row that names it, so undo needs
nothing but the history. Whoever decides says which state of the field they saw (`version`,
the last row about it); where that is no longer the last one, the decision is refused.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple, Self

from formreader.document import Character, Rect, Status
from formreader.store import Store
from formreader.store_schema import DamagedError, Meaning, now, pairs, sentences
from formreader.store_sheets import SheetRows

UNDONE = "undone"
"""The `meaning` of a row that takes back another."""


class Order(StrEnum):
    """In which order doubtful fields come: as they stand on the pages, or least sure first."""

    PAGE = "page"
    CONFIDENCE = "confidence"


class Filter(NamedTuple):
    """Which doubtful fields are wanted: a reason, parts of names; an empty text wants all."""

    field: str = ""
    reason: str = ""
    file: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person said of a field, who it was and when (UTC, ISO 8601)."""

    id: int
    meaning: Meaning
    value: str
    who: str
    at: str


@dataclass(frozen=True, slots=True)
class Case:
    """A reading as a reviewer needs it.

    `sheet` is the id of its page; `version` the last row said about it, 0 for none.
    """

    id: int
    sheet: int
    page_file: str
    page: int
    field: str
    value: str
    confidence: float
    status: Status
    reasons: tuple[str, ...]
    alternatives: tuple[tuple[str, float], ...]
    snippet: str
    rect: Rect
    characters: tuple[Character, ...]
    version: int
    decision: Decision | None


class Scan(NamedTuple):
    """A file of the source as it was read: name, bytes, time of change."""

    name: str
    size: int
    mtime_ns: int


class Progress(NamedTuple):
    """Doubtful fields of a job, and how many of them a person has decided."""

    doubtful: int
    decided: int


class StaleError(Exception):
    """Say that somebody else decided the field since it was shown; `case` is what it is now."""

    def __init__(self, case: Case) -> None:
        super().__init__(case.id)
        self.case = case


class GoneError(Exception):
    """Say that the reading, or the decision, is no longer there."""


class ReviewStore(SheetRows, Store):
    """An open job database for those who review it."""

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open an existing job; a decision is on the disk before it is confirmed."""
        store = super().open(folder)
        with sentences(folder):
            store._db.execute("PRAGMA synchronous = FULL")
        return store

    def check(self) -> None:
        """Raise DamagedError where the database is damaged; nothing is written."""
        with sentences(self.folder):
            (verdict,) = self._db.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise DamagedError(
                f"The database of the job in {self.folder} is damaged ({verdict}). It was left as "
                "it is: put back a copy of job.sqlite, or read into another folder."
            )

    def queue(
        self, order: Order, wanted: Filter, extra: Collection[int] = frozenset()
    ) -> list[int]:
        """Return the readings that wait for a person: doubtful ones, and those in `extra`."""
        by = {
            Order.PAGE: "f.position, p.number, r.position",
            Order.CONFIDENCE: "r.confidence, r.id",
        }[order]
        with sentences(self.folder):
            rows = self._db.execute(
                "SELECT r.id FROM readings r JOIN pages p ON p.id = r.page "
                "JOIN files f ON f.id = p.file "
                "WHERE (r.status = 'review' OR r.id IN (SELECT value FROM json_each(:extra))) "
                "AND r.id NOT IN (SELECT reading FROM corrections) "
                "AND (:field = '' OR instr(lower(r.field), lower(:field))) "
                "AND (:file = '' OR instr(lower(f.path), lower(:file))) "
                "AND (:reason = '' OR instr(r.reasons, json_quote(:reason))) "
                f"ORDER BY {by}",
                {**wanted._asdict(), "extra": json.dumps(sorted(extra))},
            )
            return [id_ for (id_,) in rows]

    def last_reading(self) -> int:
        """Return the highest id of a reading, which grows with every page that is read."""
        with sentences(self.folder):
            (last,) = self._db.execute("SELECT coalesce(max(id), 0) FROM readings").fetchone()
        return int(last)

    def progress(self) -> Progress:
        """Count the doubtful fields and those decided."""
        with sentences(self.folder):
            return Progress(
                *self._db.execute(
                    "SELECT count(*), count(c.reading) FROM readings r "
                    "LEFT JOIN corrections c ON c.reading = r.id WHERE r.status = 'review'"
                ).fetchone()
            )

    def reasons(self) -> list[str]:
        """Return the reasons that doubtful fields have, to filter by."""
        with sentences(self.folder):
            rows = self._db.execute(
                "SELECT DISTINCT reasons FROM readings WHERE status = 'review'"
            ).fetchall()
        return sorted({reason for (many,) in rows for reason in json.loads(many)})

    def names(self, kind: str, part: str, most: int) -> list[str]:
        """Return names of a `kind` (“file” or “field”) that contain `part`, at most so many."""
        column, table = {"file": ("path", "files"), "field": ("field", "readings")}[kind]
        with sentences(self.folder):
            rows = self._db.execute(
                f"SELECT DISTINCT {column} FROM {table} "
                f"WHERE instr(lower({column}), lower(?)) LIMIT ?",
                (part, most),
            )
            return [name for (name,) in rows]

    def scan(self, name: str) -> Scan:
        """Return a file of the source by its name; raise GoneError where there is none."""
        with sentences(self.folder):
            row = self._db.execute(
                "SELECT path, size, mtime_ns FROM files WHERE path = ?", (name,)
            ).fetchone()
        if row is None:
            raise GoneError
        return Scan(*row)

    def case(self, reading: int) -> Case:
        """Return a reading with what was said of it; raise GoneError where there is none."""
        with sentences(self.folder):
            row = self._db.execute(
                "SELECT f.path, p.number, r.field, r.value, r.confidence, r.status, r.reasons, "
                "r.alternatives, r.snippet, p.id, r.x, r.y, r.width, r.height FROM readings r "
                "JOIN pages p ON p.id = r.page JOIN files f ON f.id = p.file WHERE r.id = ?",
                (reading,),
            ).fetchone()
            if row is None:
                raise GoneError
            said = self._db.execute(
                "SELECT id, meaning, person_value, who, at, undoes FROM reviews "
                "WHERE reading = ? ORDER BY id",
                (reading,),
            ).fetchall()
            characters = self._characters_of(reading)
        name, page, field, value, confidence, status, reasons, others, snippet, sheet, *rect = row
        undone = {undoes for *_, undoes in said}
        kept = [
            Decision(id_, Meaning(meaning), text, who, at)
            for id_, meaning, text, who, at, undoes in said
            if undoes is None and id_ not in undone
        ]
        return Case(
            id=reading,
            sheet=sheet,
            page_file=name,
            page=page,
            field=field,
            value=value,
            confidence=confidence,
            status=Status(status),
            reasons=tuple(json.loads(reasons)),
            alternatives=pairs(others),
            snippet=snippet,
            rect=Rect(*rect),
            characters=characters,
            version=said[-1][0] if said else 0,
            decision=kept[-1] if kept else None,
        )

    def page_values(self, sheet: int) -> tuple[str, dict[str, str]]:
        """Return the form of a page and the value of each field as it stands by now."""
        with sentences(self.folder):
            rows = self._db.execute(
                "SELECT p.form, r.field, CASE WHEN c.reading IS NULL THEN r.value "
                "WHEN c.meaning = 'value' THEN c.person_value ELSE '' END FROM readings r "
                "JOIN pages p ON p.id = r.page LEFT JOIN corrections c ON c.reading = r.id "
                "WHERE r.page = ?",
                (sheet,),
            ).fetchall()
        return rows[0][0] if rows else "", {name: value for _, name, value in rows}

    def decide(
        self, reading: int, seen: int, meaning: Meaning, value: str, who: str, origin: str
    ) -> int:
        """Commit what a person says of a reading; return the id of the decision.

        `seen` is the version that they looked at. Raises StaleError where it is not the last
        one any more, GoneError where the reading is gone; nothing is stored then.
        """
        with self._expecting(reading, seen) as case:
            return self._say(case, meaning, value, who, origin, None)

    def undo(self, decision: int, who: str, origin: str) -> int:
        """Take a decision back, so that what was before it holds again; return its reading.

        Raises StaleError where another decision came after it, GoneError where it is no
        decision or its reading is gone.
        """
        with self._transaction():
            row = self._db.execute(
                "SELECT reading FROM reviews WHERE id = ? AND undoes IS NULL", (decision,)
            ).fetchone()
            if row is None or row[0] is None:
                raise GoneError
            case = self.case(row[0])
            if case.decision is None or case.decision.id != decision:
                raise StaleError(case)
            self._say(case, UNDONE, "", who, origin, decision)
        return case.id

    def history(self, who: str, origins: Collection[str], most: int) -> list[int]:
        """Return a person's last decisions that hold and are not taken back, oldest first."""
        with sentences(self.folder):
            rows = self._db.execute(
                "SELECT d.id FROM reviews d JOIN corrections c ON c.id = d.id "
                "WHERE d.who = ? AND d.origin IN (SELECT value FROM json_each(?)) "
                "ORDER BY d.id DESC LIMIT ?",
                (who, json.dumps([*origins]), most),
            ).fetchall()
        return [id_ for (id_,) in reversed(rows)]

    @contextmanager
    def _expecting(self, reading: int, seen: int) -> Iterator[Case]:
        """Hold the database for a change to a reading that is still as it was seen."""
        with self._transaction():
            case = self.case(reading)
            if case.version != seen:
                raise StaleError(case)
            yield case

    def _say(
        self, case: Case, meaning: str, value: str, who: str, origin: str, undoes: int | None
    ) -> int:
        id_ = self._db.execute(
            "INSERT INTO reviews (reading, page_file, page, field, machine_value, meaning, "
            "person_value, who, at, origin, undoes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(case.id, case.page_file, case.page, case.field, case.value, str(meaning)),
                *(value, who, now(), origin, undoes),
            ),
        ).lastrowid
        assert id_ is not None
        return id_
