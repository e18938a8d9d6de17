"""Read a table back that a person has edited, whatever program saved it."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from formreader.errors import UsageError
from formreader.export import as_written

NEEDED = ("page_file", "page", "field", "correction")
DELIMITERS = (",", ";", "\t")
WORKBOOK = b"PK\x03\x04"
UTF16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a corrected table; `line` as a spreadsheet counts, the header being row 1.

    `value` is what the table says the machine read; None where that column is gone.
    """

    line: int
    page_file: str
    page: int
    field: str
    value: str | None
    correction: str

    @property
    def place(self) -> str:
        """Name the row for a person."""
        return f"row {self.line} ({self.page_file}, page {self.page}, field {self.field})"


def read_corrected(path: Path) -> list[Row]:
    """Read a corrected table; raise UsageError where it is none.

    Takes commas, semicolons or tabs, UTF-8 with or without its mark, UTF-16 and Windows
    Latin; columns in any order, more columns, and empty rows.
    """
    cells = rows_of(path)
    header = [name.strip().lower() for name in cells[0]]
    missing = [name for name in NEEDED if name not in header]
    if missing:
        raise UsageError(
            f"{path.name} has no column {', '.join(missing)}. Send back the readings.csv of the "
            "job with its columns, and fill in the column correction."
        )
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
            )
        )
    if not rows:
        raise UsageError(f"{path.name} holds no rows, so there is nothing to take in.")
    return rows


def rows_of(path: Path) -> list[list[str]]:
    """Split a table into cells by the delimiter that its first line uses."""
    text = decoded(path)
    first, _, rest = text.partition("\n")
    if first.lower().startswith("sep="):  # a hint that some spreadsheets write
        text, first = rest, rest.partition("\n")[0]
    delimiter = max(DELIMITERS, key=first.count)
    try:
        cells = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise UsageError(f"{path.name} is no table: {error}.") from error
    if not cells:
        raise UsageError(f"{path.name} is empty.")
    return cells


def decoded(path: Path) -> str:
    """Return a table's text whatever its encoding."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise UsageError(f"There is no file {path}.") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from error
    if content.startswith(WORKBOOK):
        raise UsageError(f"{path.name} is a workbook. Save the sheet as “CSV UTF-8” and send that.")
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
