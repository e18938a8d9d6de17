"""Write what a job has read as the tables that a clerk opens."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from formreader import export_cheques, forms_records
from formreader.document import Status
from formreader.errors import OutputError, UsageError
from formreader.forms_records import Layout, Leaf
from formreader.store import Store
from formreader.store_schema import Field, Meaning, cannot_write

Row = Sequence[str | int]

READINGS = (
    *("page_file", "page", "form", "field", "value", "confidence", "status", "reasons"),
    *("alternatives", "correction", "snippet", "x", "y", "width", "height"),
)
CHARACTERS = (
    *("page_file", "page", "field", "position", "character", "confidence"),
    *("second", "second_confidence", "x", "y", "width", "height"),
)
RECORDS = ("page_file", "page", "status")
JOINED = ("pages", "remark")
"""Columns more where a form has several pages: where they lie, and what is wrong with them."""
FORMATS = ("csv", "xlsx", "parquet")

FORMULA_START = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet take a cell for a formula (OWASP, CSV injection)."""
TEXT_MARK = "'"
"""Put before such a cell; spreadsheets take the rest for text."""
BLANK, UNREADABLE = "blank", "?"
"""Words of a correction: the box is empty; nobody can read it."""


def export(job: Path, kind: str) -> list[Path]:
    """Write the tables of a job again; return their paths.

    Raises UsageError where the folder is no job or the format is not known.
    """
    if kind not in FORMATS:
        raise UsageError(f"There is no format '{kind}'. Use --format csv, xlsx or parquet.")
    with Store.open(job) as store:
        if kind == "xlsx":
            return [write_workbook(store)]
        if kind == "parquet":
            return [write_parquet(store)]
        return write_tables(store)


def write_tables(store: Store) -> list[Path]:
    """Write readings.csv, characters.csv and records.csv; return their paths.

    Each takes the place of the old one at once. Raises OutputError where that fails.
    """
    return [
        write_table(store.folder / "readings.csv", READINGS, map(reading_row, store.fields())),
        write_table(store.folder / "characters.csv", CHARACTERS, character_rows(store)),
        write_table(store.folder / "records.csv", *records(store)),
    ]


def write_workbook(store: Store) -> Path:
    """Write readings.xlsx, with a picture beside each doubtful field; return its path.

    Raises UsageError where the job does not fit into a sheet.
    """
    from formreader import export_workbook

    counts = store.counts()
    columns, rows = records(store)
    fields = counts.accepted + counts.review + counts.blank + counts.failed
    export_workbook.refuse_too_large(max(fields, counts.pages), len(columns))
    path = store.folder / "readings.xlsx"
    readings = ((reading_row(f), picture(store.folder, f)) for f in store.fields())
    with replacing(path) as beside:
        export_workbook.write(beside, READINGS, readings, columns, rows)
    return path


def picture(job: Path, field: Field) -> Path | None:
    """Return the picture of a field that a person must look at, None for any other."""
    doubtful = field.status is Status.REVIEW and field.snippet
    return job / field.snippet if doubtful else None


def write_parquet(store: Store) -> Path:
    """Write readings.parquet; return its path. Raises UsageError where pyarrow is missing."""
    from formreader import export_parquet

    export_parquet.find_library()
    path = store.folder / "readings.parquet"
    with replacing(path) as beside:
        export_parquet.write(beside, READINGS, map(reading_row, store.fields()))
    return path


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Row]) -> Path:
    """Write a table beside its old version and put it in its place (UTF-8, RFC 4180)."""
    with replacing(path) as beside, beside.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([safe(column) for column in columns])
        writer.writerows([safe(cell) for cell in row] for row in rows)
    return path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a path to write to, beside the old version; put it in its place when all is written.

    Raises OutputError where that fails; the old version is then as it was.
    """
    beside = path.with_name(f".{path.name}.new")
    try:
        yield beside
        with beside.open("r+b") as file:
            os.fsync(file.fileno())
        beside.replace(path)
    except PermissionError as error:
        raise OutputError(
            f"{path} cannot be replaced. Close it if a spreadsheet has it open, and see that "
            "you may write to its folder; then run the same command again."
        ) from error
    except OSError as error:
        raise cannot_write(path.parent, error) from error


def safe(cell: str | int) -> str | int:
    """Return a cell that no spreadsheet takes for a formula."""
    if isinstance(cell, str) and cell.startswith(FORMULA_START):
        return TEXT_MARK + cell
    return cell


def as_written(cell: str) -> str:
    """Return the text that `safe` made a cell of."""
    if cell.startswith(TEXT_MARK) and cell[1:].startswith(FORMULA_START):
        return cell[1:]
    return cell


def reading_row(field: Field) -> Row:
    """Return one row of readings.csv; of a failed page only place, status and reason."""
    rect = field.rect
    return (
        *(field.page_file, field.page, field.form, field.field),
        field.value,
        score(field.confidence) if field.id else "",
        str(field.status),
        "; ".join(field.reasons) if field.id else field.failure,
        ";".join(f"{text}:{score(confidence)}" for text, confidence in field.alternatives),
        correction(field),
        field.snippet,
        *((rect.x, rect.y, rect.width, rect.height) if field.id else ("", "", "", "")),
    )


def score(confidence: float) -> str:
    """Write a confidence with four decimals, never rounded up to certainty."""
    return f"{min(confidence, 0.9999) if confidence < 1 else confidence:.4f}"


def correction(field: Field) -> str:
    """Return what a person said of a field, as they would write it."""
    words = {Meaning.BLANK: BLANK, Meaning.UNREADABLE: UNREADABLE, None: ""}
    return words.get(field.meaning, field.person_value)


def character_rows(store: Store) -> Iterator[Row]:
    """Yield the rows of characters.csv; characters read as the same are no second choice."""
    for page_file, page, field, position, char in store.characters():
        others = [(text, p) for text, p in char.alternatives if text != char.text]
        second, chance = max(others, key=lambda other: other[1], default=("", 0.0))
        yield (
            *(page_file, page, field, position, char.text, score(char.probability)),
            *(second, score(chance) if second else ""),
            *(char.rect.x, char.rect.y, char.rect.width, char.rect.height),
        )


def records(store: Store) -> tuple[tuple[str, ...], Iterator[Row]]:
    """Return columns and rows of records.csv: one row per page, one column per field.

    The pages of a form of several pages are one row; where any is missing, its `remark` says so.
    What a person said wins. A value that a person must still look at ends in `?`, so that it
    cannot pass for a number; `status` of the page is then `review`.
    """
    if store.settings().get("form") == "cheque":
        return export_cheques.records(store.pages(), store.fields(), final, score)
    known = forms_records.from_text(store.settings().get("records", ""))
    names = forms_records.in_order(store.field_names(), known)
    leading = (*RECORDS, *JOINED) if known else RECORDS
    columns = [f"{name} (field)" if name in leading else name for name in names]
    return (*leading, *columns), record_rows(store, names, known)


def record_rows(store: Store, names: list[str], known: Mapping[str, Layout]) -> Iterator[Row]:
    """Yield the rows of records.csv: one per page, or per filled form of several pages."""
    for record in forms_records.records(filled(store, known), known):
        first = record.leaves[0]
        cells = dict.fromkeys(names, "")
        for leaf in record.leaves:
            cells |= leaf.cells
        waiting = record.remarks or any(leaf.waiting for leaf in record.leaves)
        status = Status.REVIEW if waiting else Status.ACCEPTED
        status = Status.FAILED if first.failure else status
        joined = (forms_records.places(record.leaves), "; ".join(record.remarks) or first.failure)
        leading = (first.page_file, first.number, str(status), *(joined if known else ()))
        yield *leading, *cells.values()


def filled(store: Store, known: Mapping[str, Layout]) -> Iterator[Leaf]:
    """Yield the pages with their cells, walking pages and fields side by side."""
    fields = store.fields()
    field = next(fields, None)
    for leaf in store.leaves(known):
        while field and (field.page_file, field.page) == (leaf.page_file, leaf.number):
            if field.id:
                leaf.cells[field.field] = final(field)
                leaf.waiting |= field.status is Status.REVIEW and field.meaning is None
            field = next(fields, None)
        yield leaf


def final(field: Field) -> str:
    """Return what a field says in the end."""
    if field.meaning is Meaning.BLANK:
        return ""
    if field.meaning is not None:
        return correction(field)
    return field.value + UNREADABLE if field.status is Status.REVIEW else field.value
