"""What can be asked of a job's database: settings, files, pages, readings, counts."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Container, Iterator, Mapping
from pathlib import Path

from formreader.document import Character, PageResult, Reading, Reason, Rect, Status
from formreader.forms_records import Layout, Leaf
from formreader.store_schema import FIELD_ROWS, Counts, Field, Known, Meaning, pairs, sentences


class Rows:
    """The questions that can be put to an open job; `store.Store` is how one is opened."""

    def __init__(self, folder: Path, database: sqlite3.Connection) -> None:
        self.folder = folder
        self._db = database

    def settings(self) -> dict[str, str]:
        """Return the job's settings; empty for a job that was just made."""
        with sentences(self.folder):
            return dict(self._db.execute("SELECT name, value FROM settings"))

    def review_count(self) -> int:
        """Count what persons have said in this job, earlier words and audits included."""
        with sentences(self.folder):
            (count,) = self._db.execute(
                "SELECT (SELECT count(*) FROM reviews) + (SELECT count(*) FROM audits)"
            ).fetchone()
        return int(count)

    def known(self) -> dict[str, Known]:
        """Return what is known of every file, by its name."""
        with sentences(self.folder):
            rows = self._db.execute(
                "SELECT f.path, f.pages, group_concat(p.number) FROM files f "
                "LEFT JOIN pages p ON p.file = f.id GROUP BY f.id"
            ).fetchall()
        return {
            path: Known(pages, frozenset(map(int, done.split(",") if done else ())))
            for path, pages, done in rows
        }

    def fields(self) -> Iterator[Field]:
        """Yield all readings in reading order, and one row for each page that failed."""
        with sentences(self.folder):
            for row in self._db.execute(FIELD_ROWS):
                id_, name, page, form, failure, field, value, confidence, status = row[:9]
                reasons, others, snippet, x, y, width, height, meaning, person_value = row[9:]
                yield Field(
                    id=id_,
                    page_file=name,
                    page=page,
                    form=form,
                    failure=failure,
                    field=field,
                    value=value,
                    confidence=confidence,
                    status=Status(status),
                    reasons=tuple(json.loads(reasons)),
                    alternatives=pairs(others),
                    snippet=snippet,
                    rect=Rect(x, y, width, height),
                    meaning=Meaning(meaning) if meaning else None,
                    person_value=person_value,
                )

    def characters(self) -> Iterator[tuple[str, int, str, int, Character]]:
        """Yield all characters as (page_file, page, field, position, character)."""
        with sentences(self.folder):
            for *place, text, confidence, others, x, y, width, height in self._db.execute(
                "SELECT f.path, p.number, r.field, c.position, c.character, c.confidence, "
                "c.alternatives, c.x, c.y, c.width, c.height "
                "FROM characters c JOIN readings r ON r.id = c.reading "
                "JOIN pages p ON p.id = r.page JOIN files f ON f.id = p.file "
                "ORDER BY f.position, p.number, r.position, c.position"
            ):
                rect = Rect(x, y, width, height)
                yield (*place, Character(text, confidence, pairs(others), rect))

    def pages(self) -> Iterator[tuple[str, int, str]]:
        """Yield all pages as (page_file, page, failure) in reading order."""
        with sentences(self.folder):
            yield from self._db.execute(
                "SELECT f.path, p.number, p.failure FROM pages p JOIN files f ON f.id = p.file "
                "ORDER BY f.position, p.number"
            )

    def leaves(self, known: Mapping[str, Layout]) -> Iterator[Leaf]:
        """Yield all pages in reading order, with the page of their form that each is."""
        with sentences(self.folder):
            for name, number, failure, form, field in self._db.execute(
                "SELECT f.path, p.number, p.failure, p.form, "
                "(SELECT min(field) FROM readings WHERE page = p.id) "
                "FROM pages p JOIN files f ON f.id = p.file ORDER BY f.position, p.number"
            ):
                part = known[form].page_of.get(field, 0) if form in known else 0
                yield Leaf(name, number, failure, form, part)

    def field_names(self) -> list[str]:
        """Return the names of all fields in the order in which they stand on a page."""
        with sentences(self.folder):
            return [
                name
                for (name,) in self._db.execute(
                    "SELECT r.field FROM readings r JOIN pages p ON p.id = r.page "
                    "GROUP BY r.field ORDER BY min(p.number), min(r.position), min(r.id)"
                )
            ]

    def result(self, name: str, number: int, only: Container[str] | None = None) -> PageResult:
        """Return one stored page as it was read, or `only` some of its fields."""
        with sentences(self.folder):
            page, form, failure = self._db.execute(
                "SELECT p.id, p.form, p.failure FROM pages p JOIN files f ON f.id = p.file "
                "WHERE f.path = ? AND p.number = ?",
                (name, number),
            ).fetchone()
            rows = self._db.execute(
                "SELECT id, field, value, confidence, status, reasons, alternatives, "
                "x, y, width, height FROM readings WHERE page = ? ORDER BY position",
                (page,),
            ).fetchall()
            readings = tuple(
                Reading(
                    field=field,
                    text=value,
                    confidence=confidence,
                    status=Status(status),
                    reasons=tuple(map(Reason, json.loads(reasons))),
                    characters=self._characters_of(id_),
                    rect=Rect(*rect),
                    alternatives=pairs(others),
                )
                for id_, field, value, confidence, status, reasons, others, *rect in rows
                if only is None or field in only
            )
        return PageResult(name, number, form, readings, failure)

    def _characters_of(self, reading: int) -> tuple[Character, ...]:
        return tuple(
            Character(text, confidence, pairs(others), Rect(*rect))
            for text, confidence, others, *rect in self._db.execute(
                "SELECT character, confidence, alternatives, x, y, width, height "
                "FROM characters WHERE reading = ? ORDER BY position",
                (reading,),
            )
        )

    def counts(self) -> Counts:
        """Count the job's pages and fields."""
        with sentences(self.folder):
            pages, failed, empty = self._db.execute(
                "SELECT count(*), count(nullif(failure, '')), "
                "count(CASE WHEN failure = '' AND id NOT IN (SELECT page FROM readings) "
                "THEN 1 END) FROM pages"
            ).fetchone()
            status = dict(self._db.execute("SELECT status, count(*) FROM readings GROUP BY status"))
            (reviewed,) = self._db.execute("SELECT count(*) FROM corrections").fetchone()
        return Counts(
            pages=pages,
            failed=failed,
            empty=empty,
            accepted=status.get(Status.ACCEPTED, 0),
            review=status.get(Status.REVIEW, 0),
            blank=status.get(Status.BLANK, 0),
            reviewed=reviewed,
        )

    def fixed_lengths(self, least: int) -> dict[str, int]:
        """Return the length of fields whose accepted values, `least` or more, all have one."""
        with sentences(self.folder):
            return dict(
                self._db.execute(
                    "SELECT field, min(length(value)) FROM readings WHERE status = 'accepted' "
                    "GROUP BY field HAVING min(length(value)) = max(length(value)) "
                    "AND count(*) >= ?",
                    (least,),
                )
            )
