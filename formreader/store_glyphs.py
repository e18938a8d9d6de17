"""Single characters checked by persons: sheets of all that were read as one digit.

A sheet says of each character on it that it is right or wrong. That closes no field, since a
character that was overlooked is on no sheet; but a field with a wrong one goes to a person,
also if it was accepted, and what was found right is marked no more.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from formreader.document import Rect
from formreader.store_audits import AuditStore
from formreader.store_reviews import GoneError
from formreader.store_schema import now, sentences

UNCHECKED = """
FROM characters c JOIN readings r ON r.id = c.reading
WHERE c.character = :digit AND r.status IN ('review', 'accepted')
AND r.id NOT IN (SELECT reading FROM corrections)
AND r.id NOT IN (SELECT value FROM json_each(:hidden))
AND NOT EXISTS (SELECT 1 FROM checked k WHERE k.reading = c.reading AND k.position = c.position)
"""


FOUND_RIGHT = """
SELECT reading FROM checked AS k WHERE reading NOT IN (SELECT reading FROM corrections)
GROUP BY reading HAVING min(verdict) = 'right' AND max(verdict) = 'right'
AND count(*) = (SELECT count(*) FROM characters WHERE reading = k.reading)
"""
TAUGHT = "taught"
"""Setting that says up to where a model has learned what persons confirmed."""


class Taught(NamedTuple):
    """The last decision and the last check of a character that a model has learned."""

    review: int
    check: int


class Verdict(StrEnum):
    """What a person says of a character: that it is what was read, or not."""

    RIGHT = "right"
    WRONG = "wrong"


class Glyph(NamedTuple):
    """A character on a sheet, by its reading and its place in it, from 1."""

    reading: int
    position: int


class Checked(NamedTuple):
    """A character with what a person says of it."""

    glyph: Glyph
    verdict: Verdict


class GlyphStore(AuditStore):
    """An open job database for those who review, audit and check single characters."""

    def glyph_sheet(self, digit: str, most: int, hidden: Iterable[int]) -> tuple[list[Glyph], int]:
        """Return the least sure unchecked characters read as `digit`, and how many there are.

        Leaves out the readings in `hidden` and those that a person has decided.
        """
        given = {"digit": digit, "hidden": f"[{','.join(map(str, hidden))}]", "most": most}
        with sentences(self.folder):
            rows = self._db.execute(
                f"SELECT c.reading, c.position, count(*) OVER () {UNCHECKED} "
                "ORDER BY c.confidence, c.reading, c.position LIMIT :most",
                given,
            ).fetchall()
        return [Glyph(*row[:2]) for row in rows], rows[0][2] if rows else 0

    def check_glyphs(self, digit: str, checked: Iterable[Checked], who: str) -> int:
        """Commit a sheet; return how many of its characters were stored.

        Those that somebody checked or decided meanwhile stay as they are.
        """
        stored = 0
        with self._transaction():
            (sheet,) = self._db.execute(
                "SELECT coalesce(max(sheet), 0) + 1 FROM glyph_checks"
            ).fetchone()
            for (reading, position), verdict in checked:
                row = self._db.execute(
                    f"SELECT 1 {UNCHECKED} AND c.reading = :reading AND c.position = :position",
                    {"digit": digit, "hidden": "[]", "reading": reading, "position": position},
                ).fetchone()
                if row:
                    stored += 1
                    self._add_check(sheet, Glyph(reading, position), digit, str(verdict), who)
        return stored

    def undo_glyphs(self, who: str) -> str:
        """Take back a person's last sheet; return its digit, or raise GoneError for none."""
        with self._transaction():
            rows = self._db.execute(
                "SELECT sheet, reading, position, character FROM glyph_checks WHERE sheet = ("
                "SELECT max(sheet) FROM glyph_checks WHERE who = ? AND sheet NOT IN "
                "(SELECT sheet FROM glyph_checks WHERE verdict = 'undone'))",
                (who,),
            ).fetchall()
            if not rows:
                raise GoneError
            for sheet, reading, position, digit in rows:
                self._add_check(sheet, Glyph(reading, position), digit, "undone", who)
        return str(rows[0][3])

    def found_right(self) -> frozenset[int]:
        """Return the undecided readings whose every character was found right on sheets."""
        with sentences(self.folder):
            return frozenset(id_ for (id_,) in self._db.execute(FOUND_RIGHT))

    def taught(self) -> Taught:
        """Return how far the confirmations of this job reach now, for `keep_taught`."""
        with sentences(self.folder):
            return Taught(
                *self._db.execute(
                    "SELECT (SELECT coalesce(max(id), 0) FROM reviews), "
                    "(SELECT coalesce(max(id), 0) FROM glyph_checks)"
                ).fetchone()
            )

    def keep_taught(self, taught: Taught) -> None:
        """Store that a model has learned the confirmations up to there."""
        self.set_settings({TAUGHT: json.dumps(taught)})

    def waiting(self) -> int:
        """Count the confirmed digits that `train --reviewed` has not learned yet.

        Those of numbers that a person gave, and of those found right on sheets as a whole.
        """
        known = Taught(*json.loads(self.settings().get(TAUGHT, "[0, 0]")))
        with sentences(self.folder):
            (count,) = self._db.execute(
                "SELECT count(*) FROM characters c JOIN (SELECT reading, person_value AS text "
                "FROM corrections AS d WHERE meaning = 'value' AND id > :review "
                "AND length(text) = (SELECT count(*) FROM characters WHERE reading = d.reading) "
                "UNION ALL SELECT r.id, r.value FROM readings r "
                f"WHERE r.id IN ({FOUND_RIGHT}) AND :check < "
                "(SELECT max(id) FROM glyph_checks WHERE reading = r.id)) t "
                "ON t.reading = c.reading WHERE substr(t.text, c.position, 1) BETWEEN '0' AND '9'",
                known._asdict(),
            ).fetchone()
        return int(count)

    def verdicts(self, reading: int) -> dict[int, Verdict]:
        """Return what was said of a reading's characters, by position from 1."""
        with sentences(self.folder):
            rows = self._db.execute(
                "SELECT position, verdict FROM checked WHERE reading = ?", (reading,)
            ).fetchall()
        return {position: Verdict(verdict) for position, verdict in rows}

    def glyph_rect(self, glyph: Glyph) -> Rect:
        """Return where a character stands on its page; raise GoneError where there is none."""
        with sentences(self.folder):
            row = self._db.execute(
                "SELECT x, y, width, height FROM characters WHERE reading = ? AND position = ?",
                glyph,
            ).fetchone()
        if row is None:
            raise GoneError
        return Rect(*row)

    def _add_check(self, sheet: int, glyph: Glyph, digit: str, verdict: str, who: str) -> None:
        self._db.execute(
            "INSERT INTO glyph_checks (sheet, reading, position, character, verdict, who, at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (sheet, *glyph, digit, verdict, who, now()),
        )
