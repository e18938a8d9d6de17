"""Take a corrected table back in: what a person wrote is kept beside what the machine read.

Spreadsheets change what they open: they drop leading zeros, write long numbers as 1.23E+10
and take some for dates. A correction that may have been changed like that is refused, by row,
and then nothing at all is taken in.
"""

from __future__ import annotations

import getpass
import math
import re
from dataclasses import dataclass
from pathlib import Path

from formreader.corrected import Row, read_corrected, read_rows, refusal
from formreader.document import Status
from formreader.errors import UsageError
from formreader.export import BLANK, UNREADABLE, correction, write_tables
from formreader.store import Store
from formreader.store_schema import Field, Meaning, Review

LEAST_ALIKE = 5
"""Accepted values of one length from which a field's length is taken as known."""
SPREADSHEET_DIGITS = 15
"""Digits a spreadsheet keeps of a number (IEEE 754 double); the rest become zeros."""

EMPTY = "empty"
"""Another word for blank, as the review page says it."""
ROUNDED = 1e-4
"""Relative rounding of a number shown as 1.23E+10 with three decimals or more."""

INSISTED = re.compile(r"""^(?:'(?P<marked>.*)|="(?P<formula>[^"]*)"|(?P<firm>[^!]+)!)$""", re.S)
DAMAGE = (
    (re.compile(r"^[+-]?\d+([.,]\d+)?E[+-]?\d+$", re.I), "is a number in scientific notation"),
    (re.compile(r"^\d{1,4}([/.-])\d{1,2}\1\d{1,4}$"), "looks like a date"),
    (re.compile(r"^\d{1,3}([ .,'’\u00a0\u202f])\d{3}(\1\d{3})*([.,]\d*)?$"), "has separators"),
    (re.compile(r"^\d+[.,]0*$"), "has a decimal point that spreadsheets add"),
)
"""What spreadsheets make of digits, most telling first."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What came of a corrected table: counts of rows, and sentences for the user.

    `left` are the doubtful fields of the job of which nobody has said anything yet.
    """

    changed: int
    confirmed: int
    unchanged: int
    left: int
    warnings: list[str]


class RefusedError(Exception):
    """Say why one row cannot be taken in."""


def apply(job: Path, table: Path) -> Applied:
    """Take in the corrections of a table and write the job's tables again.

    All or nothing; taking in the same table twice changes nothing. Raises UsageError that
    names the rows that cannot be taken in, or where the table is of another job.
    """
    with Store.open(job) as store:
        said, damaged = read_reviews(store, table)
        new = unknown(said)
        if new:
            store.add_reviews(new, user(), table.name)
        write_tables(store)
        left = sum(f.status is Status.REVIEW and f.meaning is None for f in store.fields())
    confirmed = sum(r.meaning is Meaning.VALUE and r.value == r.field.value for r in new)
    return Applied(
        changed=len(new) - confirmed,
        confirmed=confirmed,
        unchanged=len(said) - len(new),
        left=left,
        warnings=warnings_on(table, damaged),
    )


def refuse_to_lose(job: Path) -> None:
    """Raise UsageError where the job's readings.xlsx holds corrections not taken in yet."""
    table = job / "readings.xlsx"
    if not table.is_file():
        return
    try:
        filled = any(row.correction for row in read_rows(table))
        with Store.open(job) as store:
            waiting = len(unknown(read_reviews(store, table)[0])) if filled else 0
        why = f"holds {waiting} corrections that were not taken in yet" if waiting else ""
    except UsageError as error:
        why = f"may hold corrections that cannot be taken in as they are ({error})"
    if why:
        raise UsageError(
            f"{table} {why}. Close it and give it back with 'formreader apply {job} {table}', or "
            "give it another name to keep it aside; then run the same command again."
        )


def unknown(said: list[Review]) -> list[Review]:
    """Return what differs from what the job holds already."""
    return [r for r in said if (r.field.meaning, r.field.person_value) != (r.meaning, r.value)]


def read_reviews(store: Store, table: Path) -> tuple[list[Review], int]:
    """Return what the table says of the job's fields, and how many of its values are damaged.

    Raises UsageError that names the rows that cannot be taken in.
    """
    rows = read_corrected(table)
    fields = {(f.page_file, f.page, f.field): f for f in store.fields()}
    refuse_foreign(table, rows, fields)
    lengths = store.fixed_lengths(LEAST_ALIKE)
    said: dict[tuple[str, int, str], Review] = {}
    refused = []
    damaged = 0
    for row in rows:
        key = (row.page_file, row.page, row.field)
        field = fields[key]
        try:
            damaged += see_value(row, field)
            review = judge(row, field, lengths.get(field.field, len(field.value)))
            if review and said.setdefault(key, review) != review:
                raise RefusedError("says something else than an earlier row of this field")
        except RefusedError as error:
            refused.append(f"{row.place} {error}")
    if refused:
        raise UsageError(refusal(table, refused))
    return list(said.values()), damaged


def refuse_foreign(table: Path, rows: list[Row], fields: dict[tuple[str, int, str], Field]) -> None:
    """Raise UsageError where rows name fields that the job does not have."""
    unknown = [row for row in rows if (row.page_file, row.page, row.field) not in fields]
    if len(unknown) == len(rows):
        raise UsageError(
            f"{table.name} belongs to another job: none of its fields is in this one. "
            "Nothing was taken in."
        )
    if unknown:
        raise UsageError(
            refusal(table, [f"{row.place} is not in this job" for row in unknown])
            + "\nIf a file name looks wrong here, save the table as “CSV UTF-8”."
        )


def see_value(row: Row, field: Field) -> bool:
    """Tell whether a spreadsheet changed what the machine read; harmless, we keep our own.

    Raises RefusedError where the value is another one, not the same in another dress.
    """
    if row.value is None or row.value == field.value:
        return False
    if not is_same_number(row.value, field.value):
        raise RefusedError(
            f"has “{row.value}” in the column value, but this job read “{field.value}”. Leave "
            "that column as it is and write what is right into the column correction"
        )
    return True


def is_same_number(shown: str, value: str) -> bool:
    """Tell whether a spreadsheet may show `value` as `shown`."""
    if not value.isdecimal():
        return False
    if shown.isdecimal():
        kept = value.lstrip("0")[:SPREADSHEET_DIGITS]
        return shown.lstrip("0")[:SPREADSHEET_DIGITS] == kept
    text = re.sub(r"[ '’\u00a0\u202f]", "", shown)
    if re.fullmatch(r"\d{1,3}([.,]\d{3})+", text):
        return int(re.sub("[.,]", "", text)) == int(value)
    try:
        return math.isclose(float(text.replace(",", ".")), int(value), rel_tol=ROUNDED)
    except ValueError:
        return False


def judge(row: Row, field: Field, expected: int) -> Review | None:
    """Return what a person says in a row, None for nothing.

    `expected` is how many characters the value should have, 0 if that is not known. Raises
    RefusedError where a spreadsheet may have changed it.
    """
    text = row.correction
    if not text:
        return None
    if field.id is None:
        raise RefusedError("is a page that could not be read; it has no field to correct")
    if field.meaning is not None and text == correction(field):
        return Review(field, field.meaning, field.person_value)
    if text.lower() in (BLANK, EMPTY):
        return Review(field, Meaning.BLANK, "")
    if text == UNREADABLE:
        return Review(field, Meaning.UNREADABLE, "")
    if insisted := INSISTED.match(text):
        kept = next(group for group in insisted.groups() if group is not None).strip()
        return Review(field, Meaning.VALUE, kept) if kept else None
    refuse_damage(row, field, expected)
    return Review(field, Meaning.VALUE, text)


def refuse_damage(row: Row, field: Field, expected: int) -> None:
    """Raise RefusedError where a correction may not be what the person wrote."""
    text = row.correction
    usual = set("0123456789" + field.value)
    if not usual.issuperset(text):
        why = next((what for shape, what in DAMAGE if shape.match(text)), "is not a number")
        raise RefusedError(
            f"says “{text}”, which {why}. Write the digits alone, “{BLANK}” for an empty box, or "
            f"“{UNREADABLE}” if nobody can read it"
        )
    if set(text[SPREADSHEET_DIGITS:]) == {"0"}:
        raise RefusedError(
            f"says “{text}”: spreadsheets keep {SPREADSHEET_DIGITS} digits and make the rest "
            f"zeros. Write “{text}!” if it is right"
        )
    if row.is_number and len(text) != expected:
        raise RefusedError(
            f"says {text} as a number, and numbers lose the zeros at their start. Give the cell "
            f"the format “Text” and write it again, or write “{text}!” if it is right"
        )
    if len(text) < expected and not (text.startswith("0") and len(text) > 1):
        raise RefusedError(
            f"says “{text}” where {expected} digits are expected: a spreadsheet may have dropped "
            f"zeros at its start. Write it with its zeros, or “{text}!” if it is right"
        )


def user() -> str:
    """Return the name under which the person is logged in, if that is known."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""


def warnings_on(table: Path, damaged: int) -> list[str]:
    """Return a sentence on values that a spreadsheet changed."""
    if not damaged:
        return []
    return [
        f"{damaged} values in {table.name} look different from what was read, as when a "
        "spreadsheet drops leading zeros. The job keeps what was read."
    ]
