"""The job folder's database: every page with its readings, committed as it ends.

`JOB/job.sqlite` is the truth behind the tables. A page and all it says go in with one
transaction, so a run that is killed loses no page and leaves no half of one. What the program
read and what a person says stand in different tables; neither overwrites the other.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from formreader.document import PageResult, Reading
from formreader.errors import OutputError, UsageError
from formreader.store_rows import Rows
from formreader.store_schema import (
    APPLICATION_ID,
    SCHEMA,
    SCHEMA_VERSION,
    UPGRADE,
    Changes,
    Review,
    SourceFile,
    cannot_write,
    now,
    pairs_to_json,
    rect_to_row,
    sentences,
)

DATABASE = "job.sqlite"
LOCK = ".job.lock"
BUSY_S = 30.0
"""Seconds to wait for another program that is writing, such as the review page."""


class Store(Rows):
    """An open job database. Every method turns a database error into a plain sentence."""

    def __init__(
        self, folder: Path, database: sqlite3.Connection, lock: sqlite3.Connection | None = None
    ) -> None:
        super().__init__(folder, database)
        self._lock = lock

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open an existing job; raise UsageError where `folder` holds none."""
        if not folder.is_dir():
            raise UsageError(f"There is no job folder {folder}.")
        if not (folder / DATABASE).is_file():
            raise UsageError(
                f"{folder} is no job folder: it holds no {DATABASE}. Make one with "
                f"'formreader read SOURCE --out {folder}'."
            )
        store = cls._connect(folder)
        if store._version() == 0:
            store.close()
            raise UsageError(
                f"The job in {folder} was never begun. Run 'formreader read SOURCE "
                f"--out {folder}' again."
            )
        return store

    @classmethod
    def create(cls, folder: Path) -> Self:
        """Open a job to read pages into it, making folder and database where they are missing.

        Holds the job until closed: raises UsageError where another run holds it, and
        OutputError where nothing can be written.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except FileExistsError:
            raise OutputError(f"{folder} is a file. Name a folder after --out.") from None
        except OSError as error:
            raise cannot_write(folder, error) from error
        lock = hold(folder)
        try:
            store = cls._connect(folder, lock)
        except BaseException:
            lock.close()
            raise
        if store._version() == 0:
            with sentences(folder):
                store._db.executescript(f"BEGIN IMMEDIATE;{SCHEMA}COMMIT;")
            store._upgrade()
        return store

    @classmethod
    def _connect(cls, folder: Path, lock: sqlite3.Connection | None = None) -> Self:
        with sentences(folder):
            database = sqlite3.connect(folder / DATABASE, BUSY_S, isolation_level=None)
        store = cls(folder, database, lock)
        try:
            with sentences(folder):
                database.execute("PRAGMA journal_mode = WAL")
                database.execute("PRAGMA synchronous = NORMAL")
                database.execute("PRAGMA foreign_keys = ON")
            if store._version() == 1:
                store._upgrade()
        except BaseException:
            store.close()
            raise
        return store

    def _version(self) -> int:
        """Return the schema version, 0 for a fresh file; refuse what is not ours or newer."""
        with sentences(self.folder):
            (owner,) = self._db.execute("PRAGMA application_id").fetchone()
            (version,) = self._db.execute("PRAGMA user_version").fetchone()
            (tables,) = self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if owner != APPLICATION_ID and tables:
            raise UsageError(
                f"{self.folder / DATABASE} belongs to another program. Name another folder."
            )
        if version > SCHEMA_VERSION:
            raise UsageError(
                f"The job in {self.folder} was made by a newer formreader. Update formreader, "
                "or name another folder."
            )
        return int(version) if tables else 0

    def _upgrade(self) -> None:
        """Bring the tables of version 1 up to date, all or nothing."""
        with self._transaction():
            if self._version() == 1:
                for statement in UPGRADE:
                    self._db.execute(statement)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the database and let go of the job."""
        self._db.close()
        if self._lock is not None:
            self._lock.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with sentences(self.folder):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def set_settings(self, settings: Mapping[str, str]) -> None:
        """Write settings, replacing those of the same name."""
        with self._transaction():
            self._db.executemany(
                "INSERT OR REPLACE INTO settings VALUES (?, ?)", list(settings.items())
            )

    def note(self, name: str, present: bool) -> None:
        """Set a mark in the settings, or take it away."""
        with self._transaction():
            self._db.execute("DELETE FROM settings WHERE name = ?", (name,))
            if present:
                self._db.execute("INSERT INTO settings VALUES (?, 'yes')", (name,))

    def clear(self) -> None:
        """Forget all pages and settings, to begin anew; the caller has looked at the reviews."""
        with self._transaction():
            for table in ("reviews", "audits", "files", "settings"):
                self._db.execute(f"DELETE FROM {table}")

    def sync(self, files: Iterable[SourceFile]) -> Changes:
        """Bring the list of files up to date; forget the pages of files that changed.

        Files that are gone keep their rows, after all others.
        """
        with self._transaction():
            known = {
                path: (id_, size, mtime)
                for id_, path, size, mtime in self._db.execute(
                    "SELECT id, path, size, mtime_ns FROM files"
                )
            }
            changed = orphaned = position = 0
            for position, file in enumerate(files, 1):
                row = known.pop(file.name, None)
                if row is None:
                    self._db.execute(
                        "INSERT INTO files (path, position, size, mtime_ns) VALUES (?, ?, ?, ?)",
                        (file.name, position, file.size, file.mtime_ns),
                    )
                    continue
                if row[1:] != (file.size, file.mtime_ns):
                    changed += 1
                    orphaned += self._forget(row[0])
                self._db.execute(
                    "UPDATE files SET position = ?, size = ?, mtime_ns = ? WHERE id = ?",
                    (position, file.size, file.mtime_ns, row[0]),
                )
            for later, (id_, _, _) in enumerate(known.values(), position + 1):
                self._db.execute("UPDATE files SET position = ? WHERE id = ?", (later, id_))
        return Changes(changed, len(known), orphaned)

    def _forget(self, file: int) -> int:
        """Remove a file's pages; return how many corrections lose their reading by that."""
        (orphaned,) = self._db.execute(
            "SELECT count(*) FROM corrections c JOIN readings r ON r.id = c.reading "
            "JOIN pages p ON p.id = r.page WHERE p.file = ?",
            (file,),
        ).fetchone()
        self._db.execute("DELETE FROM pages WHERE file = ?", (file,))
        self._db.execute("UPDATE files SET pages = NULL WHERE id = ?", (file,))
        return int(orphaned)

    def add_count(self, name: str, pages: int) -> None:
        """Note how many pages a file has."""
        with self._transaction():
            self._db.execute("UPDATE files SET pages = ? WHERE path = ?", (pages, name))

    def add_page(
        self, result: PageResult, snippets: Mapping[str, str], pages: int | None = None
    ) -> None:
        """Commit one page with all it says; `snippets` are relative paths by field.

        `pages` is the page count of its file where the page brought it along.
        """
        with self._transaction():
            (file,) = self._db.execute(
                "SELECT id FROM files WHERE path = ?", (result.source,)
            ).fetchone()
            if pages is not None:
                self._db.execute("UPDATE files SET pages = ? WHERE id = ?", (pages, file))
            page = self._db.execute(
                "INSERT INTO pages (file, number, form, failure, read_at) VALUES (?, ?, ?, ?, ?)",
                (file, result.number, result.form, result.failure, now()),
            ).lastrowid
            for position, reading in enumerate(result.readings, 1):
                self._add_reading(page, position, reading, snippets.get(reading.field, ""))

    def _add_reading(self, page: int | None, position: int, reading: Reading, snippet: str) -> None:
        id_ = self._db.execute(
            "INSERT INTO readings (page, position, field, value, confidence, status, reasons, "
            "alternatives, snippet, x, y, width, height) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(page, position, reading.field, reading.text, float(reading.confidence)),
                *(str(reading.status), json.dumps([str(r) for r in reading.reasons])),
                *(pairs_to_json(reading.alternatives), snippet, *rect_to_row(reading.rect)),
            ),
        ).lastrowid
        self._db.executemany(
            "INSERT INTO characters VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    *(id_, place, char.text, float(char.probability)),
                    *(pairs_to_json(char.alternatives), *rect_to_row(char.rect)),
                )
                for place, char in enumerate(reading.characters, 1)
            ],
        )

    def revise(self, name: str, number: int, readings: Iterable[Reading]) -> None:
        """Note what other pages of the record say against readings of a page."""
        with self._transaction():
            self._db.executemany(
                "UPDATE readings SET status = ?, reasons = ?, alternatives = ? WHERE field = ? AND "
                "page = (SELECT p.id FROM pages p JOIN files f ON f.id = p.file "
                "WHERE f.path = ? AND p.number = ?)",
                [
                    (
                        *(str(r.status), json.dumps([str(reason) for reason in r.reasons])),
                        *(pairs_to_json(r.alternatives), r.field, name, number),
                    )
                    for r in readings
                ],
            )

    def add_reviews(self, reviews: Iterable[Review], who: str, origin: str) -> None:
        """Commit what a person says, all or nothing, beside what the machine read."""
        with self._transaction():
            self._db.executemany(
                "INSERT INTO reviews (reading, page_file, page, field, machine_value, meaning, "
                "person_value, who, at, origin) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        *(r.field.id, r.field.page_file, r.field.page, r.field.field),
                        *(r.field.value, str(r.meaning), r.value, who, now(), origin),
                    )
                    for r in reviews
                ],
            )


def hold(folder: Path) -> sqlite3.Connection:
    """Take the job for this run alone; the system lets go of it however the run ends.

    Raises UsageError where another run holds it.
    """
    with sentences(folder):
        lock = sqlite3.connect(folder / LOCK, 0.0, isolation_level=None)
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            lock.close()
            if "locked" not in str(error):
                raise
            raise UsageError(
                f"Another formreader is reading into {folder}. Wait until it has ended."
            ) from None
    return lock
