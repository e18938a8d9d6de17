"""The blind audit: how often an accepted value is wrong, measured while people review.

A random share of the accepted fields is keyed by a person who does not see what the machine
read. Where both agree the value is confirmed. Where they do not, the person is shown both and
decides, so that their slip of the finger does not count against the machine. What they keyed
blind, what they decided and what the machine read all stay in the database. Doubtful fields can
be keyed blind in the same way (double keying); those say nothing of accepted values.
"""

from __future__ import annotations

import hashlib
import json
from typing import NamedTuple

from formreader.document import Status
from formreader.evaluate_rates import clopper_pearson
from formreader.store_reviews import Case, Filter, Order, ReviewStore, StaleError
from formreader.store_schema import Meaning, now, sentences

SEED = "1"
"""Start of the choice: a field is in the sample, or not, whatever else is read before or after."""
AUDIT = "audit"
"""Origin of a confirmation by agreement; setting that holds the result."""
FULL = float(1 << 64)


class Measured(NamedTuple):
    """What the audit has found: counts, and the substitution rate with its 95 % interval.

    `keyed` fields were keyed blind; `open` of them differ and are not decided yet, `unreadable`
    ones nobody could judge; `wrong` of the `judged` rest were wrong.
    """

    sampled: int
    keyed: int
    open: int
    unreadable: int
    judged: int
    wrong: int
    rate: float | None
    low: float
    high: float


class Keyed(NamedTuple):
    """What a person keyed without seeing the machine's value."""

    meaning: Meaning
    value: str


class AuditStore(ReviewStore):
    """An open job database for those who review and audit it."""

    def sample(self, share: float) -> frozenset[int]:
        """Return the accepted readings chosen for the audit; `share` in 0…1."""
        if share <= 0:
            return frozenset()
        with sentences(self.folder):
            rows = self._db.execute(
                "SELECT r.id, f.path, p.number, r.field FROM readings r "
                "JOIN pages p ON p.id = r.page JOIN files f ON f.id = p.file "
                "WHERE r.status = 'accepted'"
            )
            return frozenset(id_ for id_, *place in rows if lot(*place) < share)

    def pending(self, sample: frozenset[int]) -> frozenset[int]:
        """Return those of a sample that nobody has keyed or decided."""
        with sentences(self.folder):
            done = self._db.execute(
                "SELECT reading FROM audits WHERE reading IS NOT NULL "
                "UNION SELECT reading FROM corrections"
            ).fetchall()
        return sample.difference(id_ for (id_,) in done)

    def doubted(self) -> frozenset[int]:
        """Return the readings that a person contradicted and nobody decided yet."""
        with sentences(self.folder):
            rows = self._db.execute("SELECT reading FROM doubted").fetchall()
        return frozenset(id_ for (id_,) in rows)

    def mixed_queue(self, order: Order, wanted: Filter, sample: frozenset[int]) -> list[int]:
        """Return the readings that wait for a person, those of the audit among them.

        By page they come where they stand; by confidence spread evenly over the others.
        """
        extra = self.pending(sample) | self.doubted()
        if order is Order.PAGE:
            return self.queue(order, wanted, extra)
        mixed = self.queue(order, wanted)
        chosen = set(self.queue(Order.PAGE, wanted, extra)).difference(mixed)
        step = (len(mixed) + 1) / (len(chosen) + 1)
        for count, id_ in enumerate(sorted(chosen, key=lambda id_: lot(str(id_))), 1):
            mixed.insert(round(step * count) + count - 1, id_)
        return mixed

    def keyed(self, reading: int) -> Keyed | None:
        """Return what was keyed blind for a reading."""
        with sentences(self.folder):
            row = self._db.execute(
                "SELECT meaning, blind_value FROM audits WHERE reading = ?", (reading,)
            ).fetchone()
        return row and Keyed(Meaning(row[0]), row[1])

    def key_blind(self, reading: int, seen: int, meaning: Meaning, value: str, who: str) -> bool:
        """Commit what a person keyed blind; return whether it agrees with the machine.

        Raises StaleError where somebody keyed or decided it since, GoneError where it is gone.
        """
        with self._expecting(reading, seen) as case:
            if case.status is Status.BLANK or self.keyed(reading):
                raise StaleError(case)
            self._db.execute(
                "INSERT INTO audits (reading, page_file, page, field, machine_value, meaning, "
                "blind_value, who, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(reading, case.page_file, case.page, case.field, case.value),
                    *(str(meaning), value, who, now()),
                ),
            )
            agrees = is_machines(case, meaning, value)
            if agrees:
                self._say(case, meaning, value, who, AUDIT, None)
        return agrees

    def measured(self, sample: frozenset[int]) -> Measured:
        """Return what the audit has found so far; doubtful fields keyed blind are no part of it."""
        with sentences(self.folder):
            rows = self._db.execute(
                "SELECT a.machine_value, c.meaning, c.person_value FROM audits a "
                "JOIN readings r ON r.id = a.reading AND r.status = 'accepted' "
                "LEFT JOIN corrections c ON c.reading = a.reading"
            ).fetchall()
        undecided = sum(meaning is None for _, meaning, _ in rows)
        unreadable = sum(meaning == Meaning.UNREADABLE for _, meaning, _ in rows)
        judged = len(rows) - undecided - unreadable
        wrong = sum(
            meaning == Meaning.BLANK or (meaning == Meaning.VALUE and value != read)
            for read, meaning, value in rows
        )
        low, high = clopper_pearson(wrong, judged)
        return Measured(
            sampled=len(sample),
            keyed=len(rows),
            open=undecided,
            unreadable=unreadable,
            judged=judged,
            wrong=wrong,
            rate=wrong / judged if judged else None,
            low=low,
            high=high,
        )

    def judged(self) -> list[tuple[float, bool]]:
        """Return confidence and rightness of every accepted field keyed blind.

        What nobody decided or could read counts as wrong.
        """
        with sentences(self.folder):
            rows = self._db.execute(
                "SELECT r.confidence, c.meaning = 'value' AND c.person_value = a.machine_value "
                "FROM audits a JOIN readings r ON r.id = a.reading AND r.status = 'accepted' "
                "LEFT JOIN corrections c ON c.reading = a.reading"
            ).fetchall()
        return [(confidence, bool(right)) for confidence, right in rows]

    def keep_measured(self, share: float, measured: Measured) -> None:
        """Store what the audit has found, with the share and the start of its choice."""
        found = {"share": share, "seed": SEED, **measured._asdict()}
        self.set_settings({AUDIT: json.dumps(found)})


def lot(*place: str | int) -> float:
    """Return a number in 0…1 that is drawn for a field once and for all."""
    text = "\0".join([SEED, *map(str, place)]).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big") / FULL


def is_machines(case: Case, meaning: Meaning, value: str) -> bool:
    """Tell whether a person says what the machine read."""
    return meaning is Meaning.VALUE and value == case.value


def sentence(measured: Measured) -> str:
    """Say what the audit has found."""
    if not measured.sampled and not measured.keyed:
        return "No accepted field was drawn for the audit."
    text = f"{measured.keyed} of {measured.sampled} accepted fields drawn were keyed blind"
    if measured.rate is None:
        return f"{text}; nothing can be said of the accepted values yet."
    return (
        f"{text}: {measured.wrong} of {measured.judged} wrong, {measured.rate:.2%} "
        f"(95 % interval {measured.low:.2%} to {measured.high:.2%})."
    )
