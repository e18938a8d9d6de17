"""Read a sheet of a workbook back as rows of text, telling what was typed as something else."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
import zlib
from datetime import date, datetime
from typing import Any

from formreader.errors import UsageError

SHEET = "readings"
MOST_ROWS = 1_048_576
"""Rows of the largest sheet (ECMA-376); a damaged file may claim thousands of times more."""
ZEROS = re.compile(r"0+")
"""A number format that shows zeros which the number itself does not have."""
ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
"""How a workbook writes what XML cannot hold, and an underscore that would look like it."""
DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, EOFError, OSError, SyntaxError, RuntimeError),
    *(LookupError, ValueError, TypeError, AttributeError, OverflowError),
)
"""What openpyxl raises at files that are damaged, or are no workbooks (found by damaging some)."""


class NumberText(str):
    """The text of a cell that holds a number: zeros that a person typed before it are gone."""


class FormulaText(str):
    """The text of a cell that holds a formula: nobody knows what it showed."""


def sheet_rows(name: str, content: bytes) -> list[list[str]]:
    """Return the cells of the sheet “readings”, or of the first one, as they would be in CSV.

    Raises UsageError where the content is no workbook.
    """
    from openpyxl import load_workbook

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on what openpyxl leaves out: styles, validation
            book = load_workbook(io.BytesIO(content), read_only=True, keep_links=False)
            sheets = {sheet.title: sheet for sheet in book.worksheets}
            sheet = sheets.get(SHEET, book.worksheets[0])
            sheet.reset_dimensions()  # some programs write wrong ones
            header = next(sheet.iter_rows(max_row=1), ())
            width = max((place for place, cell in enumerate(header, 1) if text_of(cell)), default=1)
            rows = sheet.iter_rows(max_row=MOST_ROWS, max_col=width)
            return [[text_of(cell) for cell in row] for row in rows]
    except DAMAGE as error:
        raise UsageError(
            f"{name} is no Excel workbook that can be read. Save it again as .xlsx, or save the "
            "sheet as “CSV UTF-8”, and send that."
        ) from error


def text_of(cell: Any) -> str:
    """Return what a cell holds as text; a date as 2024-05-12."""
    value = cell.value
    if cell.data_type == "f":
        return FormulaText(value)
    if value is None:
        return ""
    if isinstance(value, str):
        return ESCAPED.sub(lambda found: chr(int(found[1], 16)), value)
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        shown = cell.number_format
        return NumberText(str(value).zfill(len(shown) if ZEROS.fullmatch(shown) else 0))
    if isinstance(value, datetime) and value == datetime.combine(value, datetime.min.time()):
        value = value.date()
    return value.isoformat() if isinstance(value, date) else str(value)
