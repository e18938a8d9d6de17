"""Read a table back that a person has edited, whatever program saved it."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from formreader.corrected_workbook import FormulaText, NumberText, sheet_rows
from formreader.errors import UsageError
from formreader.export import as_written

NEEDED = ("page_file", "page", "field", "correction")
USED = (*NEEDED, "value")
DELIMITERS = (",", ";", "\t")
WORKBOOK = b"PK\x03\x04"
LOCKED = b"\xd0\xcf\x11\xe0"
"""How Excel's files begin that have a password, or are older than .xlsx (OLE compound file)."""
UTF16 = (b"\xff\xfe", b"\xfe\xff")
LISTED = 20
"""Refused rows that are named; more do not help anybody."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a corrected table; `line` as a spreadsheet counts, the header being row 1.

    `value` is what the table says the machine read; None where that column is gone.
    `is_number` tells that the correction is a number to the spreadsheet, not text.
    """

    line: int
    page_file: str
    page: int
    field: str
    value: str | None
    correction: str
    is_number: bool = False

    @property
    def place(self) -> str:
        """Name the row for a person."""
        return f"row {self.line} ({self.page_file}, page {self.page}, field {self.field})"


def read_corrected(path: Path) -> list[Row]:
    """Read a corrected table as `read_rows` does; raise UsageError where it holds no rows."""
    rows = read_rows(path)
    if not rows:
        raise UsageError(f"{path.name} holds no rows, so there is nothing to take in.")
    return rows


def read_rows(path: Path) -> list[Row]:
    """Read the rows of a corrected table; raise UsageError where it is none.

    Takes commas, semicolons or tabs, UTF-8 with or without its mark, UTF-16 and Windows
    Latin, or an Excel workbook; columns in any order, more columns, and empty rows.
    """
    content = content_of(path)
    if content.startswith(WORKBOOK):
        cells = sheet_rows(path.name, content)
    else:
        cells = rows_of(path, content)
    if not cells:
        raise UsageError(f"{path.name} is empty.")
    header = [name.strip().lower() for name in cells[0]]
    missing = [name for name in NEEDED if name not in header]
    if missing:
        raise UsageError(
            f"{path.name} has no column {', '.join(missing)}. Send back the readings.csv or "
            "readings.xlsx of the job with its columns, and fill in the column correction."
        )
    refuse_formulas(path, header, cells)
    rows = []
    for line, row in enumerate(cells[1:], 2):
        if not any(cell.strip() for cell in row):
            continue
        named = dict(zip(header, row, strict=False))
        field = as_written(named.get("field", "").strip())
        value = named.get("value")
        rows.append(
            Row(
                line=line,
                page_file=as_written(named.get("page_file", "").strip()),
                page=page_number(path, line, named.get("page", "")),
                field=field,
                value=None if value is None else as_written(value.strip()),
                correction=named.get("correction", "").strip(),
                is_number=isinstance(named.get("correction"), NumberText),
            )
        )
    return rows


def refuse_formulas(path: Path, header: list[str], cells: list[list[str]]) -> None:
    """Raise UsageError that names the rows with a formula where a value should stand."""
    refused = [
        f"row {line} has a formula in the column {name}. Write what it shows as plain text"
        for line, row in enumerate(cells, 1)
        for name, cell in zip(header, row, strict=False)
        if name in USED and isinstance(cell, FormulaText)
    ]
    if refused:
        raise UsageError(refusal(path, refused))


def refusal(table: Path, refused: list[str]) -> str:
    """Put refused rows into one message."""
    more = len(refused) - LISTED
    listed = refused[:LISTED] + ([f"and {more} more"] if more > 0 else [])
    rows = "one of its rows" if len(refused) == 1 else f"{len(refused)} of its rows"
    return f"Nothing of {table.name} was taken in, because of {rows}:\n  " + "\n  ".join(listed)


def content_of(path: Path) -> bytes:
    """Return what a file holds; raise UsageError where it is of a kind that cannot be read."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise UsageError(f"There is no file {path}.") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from error
    if content.startswith(LOCKED):
        raise UsageError(
            f"{path.name} is locked with a password, or is in the old format .xls. Save it as "
            ".xlsx without a password and send that."
        )
    if path.suffix.lower() == ".xlsx" and content and not content.startswith(WORKBOOK):
        raise UsageError(
            f"{path.name} is named .xlsx but is no Excel workbook. Save it again as .xlsx, or "
            "name it .csv if it is a table of text."
        )
    return content


def rows_of(path: Path, content: bytes) -> list[list[str]]:
    """Split a table of text into cells by the delimiter that its first line uses."""
    text = decoded(path, content)
    first, _, rest = text.partition("\n")
    if first.lower().startswith("sep="):  # a hint that some spreadsheets write
        text, first = rest, rest.partition("\n")[0]
    delimiter = max(DELIMITERS, key=first.count)
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise UsageError(f"{path.name} is no table: {error}.") from error


def decoded(path: Path, content: bytes) -> str:
    """Return a table's text whatever its encoding."""
    encodings = ("utf-16",) if content.startswith(UTF16) else ("utf-8-sig", "cp1252")
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UsageError(f"{path.name} is no text that can be read. Save it as “CSV UTF-8”.")


def page_number(path: Path, line: int, cell: str) -> int:
    """Return a page number, which spreadsheets may have given a decimal point."""
    whole, _, rest = cell.strip().replace(",", ".").partition(".")
    if not whole.isdecimal() or rest.strip("0"):
        raise UsageError(
            f"{path.name}, row {line}: the column page holds “{cell}”, not a page number."
        )
    return int(whole)
