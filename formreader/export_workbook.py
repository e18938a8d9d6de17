"""Write readings as a workbook in which a clerk sees the doubtful fields and corrects them.

Everything that was read is a text cell, so that 00123 stays what it is and nothing is taken for
a formula; a correction is typed into a cell that is formatted as text already.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from formreader import snippets
from formreader.document import Status
from formreader.errors import UsageError

Row = Sequence[str | int]

MOST_ROWS, MOST_COLUMNS = 1_048_575, 16_384
"""What a sheet of a .xlsx file holds below its header (ECMA-376; limits of Excel)."""

READINGS, RECORDS, HELP = "readings", "records", "how to"
"""Names of the sheets."""
PICTURE, CORRECTION = "picture", "correction"
TEXT, WHOLE, FRACTION, COLOURED, WRAPPED, TO_FILL = range(6)
"""Kinds of columns: text, numbers, text in the colour of the status, wrapped text, empty."""
KINDS = {
    **dict.fromkeys(("page", "x", "y", "width", "height"), WHOLE),
    **dict.fromkeys(("value", "status"), COLOURED),
    **{"confidence": FRACTION, "reasons": WRAPPED, CORRECTION: TO_FILL},
}
"""Kinds of the columns of readings; all others are text."""

WIDTHS_PX = {
    **{"page_file": 150, "page": 50, "form": 60, "field": 120, "value": 130, "confidence": 85},
    **{"status": 80, "reasons": 230, "alternatives": 110, PICTURE: 260, CORRECTION: 140},
    **{"snippet": 100, "x": 50, "y": 50, "width": 60, "height": 60},
}
"""Widths at which all from page_file to correction stand side by side on a screen of an office."""
RECORD_WIDTH_PX = 120
"""Width of a field in the sheet of records: about 15 digits."""
HELP_WIDTH_PX = 760
PICTURE_ROW_PX = 48
"""Height of a row with a picture: digits are legible, and twenty rows fit on a screen."""
EDGE_PX = 2
"""Room left around a picture, so that it lies within its cell and is filtered with it."""
SHARPNESS = 2
"""Pixels of a stored picture per pixel shown: it stays sharp at twice the size."""

COLOURS = {
    Status.ACCEPTED: "#E2F0D9",
    Status.REVIEW: "#FFE699",
    Status.BLANK: "#EDEDED",
    Status.FAILED: "#F8CBAD",
}
FILL_COLOUR, FILL_HEADER_COLOUR, HEADER_COLOUR = "#FFFFE5", "#F4B183", "#D9E1F2"

HOW_TO = (
    "1. On the sheet “readings”, filter the column status for “review”.",
    "2. Look at the picture in the row. Write the number that you see into the column "
    "correction, with its zeros; write it also where the program was right.",
    "3. Write blank where the box is empty, and ? where nobody can read it. A cell that stays "
    "empty says nothing.",
    "4. Change no other column. Rows may be filtered and deleted. Do not sort them: some programs "
    "leave the pictures where they were, beside the wrong rows.",
    "5. Save the workbook under a new name, such as corrected.xlsx, and give it back with: "
    "formreader apply JOB corrected.xlsx",
)
MEANINGS = {
    Status.ACCEPTED: "accepted: the program is sure enough",
    Status.REVIEW: "review: a person must look",
    Status.BLANK: "blank: no ink in the box",
    Status.FAILED: "failed: the page could not be read; the column reasons says why",
}


def refuse_too_large(rows: int, columns: int) -> None:
    """Raise UsageError where a sheet cannot hold so many rows or columns."""
    for count, most, what in ((rows, MOST_ROWS, "rows"), (columns, MOST_COLUMNS, "columns")):
        if count > most:
            raise UsageError(
                f"This job has {count:,} {what}, and a sheet holds {most:,} at most. "
                "Use --format csv or --format parquet."
            )


def write(
    path: Path,
    columns: Sequence[str],
    readings: Iterable[tuple[Row, Path | None]],
    record_columns: Sequence[str],
    records: Iterable[Row],
) -> None:
    """Write a workbook from rows of readings, each with its picture if it has one, and records.

    Rows go to a temporary file one by one, so that memory does not grow with their text. Raises
    OSError where something cannot be written and UsageError where the file becomes too large.
    """
    import xlsxwriter
    from xlsxwriter.exceptions import FileCreateError, FileSizeError

    with TemporaryDirectory(
        prefix=".workbook-", dir=path.parent, ignore_cleanup_errors=True
    ) as parts:
        book = xlsxwriter.Workbook(path, {"constant_memory": True, "tmpdir": parts})
        styles = Styles(book)
        write_readings(book, styles, columns, readings, Path(parts))
        write_records(book, styles, record_columns, records)
        write_help(book, styles)
        try:
            book.close()
        except FileCreateError as error:
            raise error.args[0] from None
        except FileSizeError as error:
            raise UsageError(
                "The pictures of this job are too many for one workbook. Use --format csv, whose "
                "column snippet names them."
            ) from error


class Styles:
    """How cells look; all hold text unless they say otherwise."""

    def __init__(self, book: Any) -> None:
        def style(**more: object) -> Any:
            return book.add_format({"num_format": "@", "valign": "vcenter"} | more)

        self.header = style(bold=True, bg_color=HEADER_COLOUR, bottom=1)
        self.fill_header = style(bold=True, bg_color=FILL_HEADER_COLOUR, bottom=1)
        self.by_status = {str(s): style(bg_color=colour) for s, colour in COLOURS.items()}
        self.by_kind = {
            TEXT: style(),
            WHOLE: style(num_format="0"),
            FRACTION: style(num_format="0.0000"),
            WRAPPED: style(text_wrap=True, valign="top"),
            TO_FILL: style(bg_color=FILL_COLOUR, border=1, border_color=FILL_HEADER_COLOUR),
        }

    def of(self, kind: int, status: str) -> Any:
        """Return the style of a kind of column in a row of this status."""
        return self.by_status[status] if kind == COLOURED else self.by_kind[kind]


class Sheet:
    """A sheet with a header that stays in sight, written from top to bottom."""

    def __init__(
        self, book: Any, name: str, styles: Styles, columns: Sequence[tuple[str, int, int]]
    ) -> None:
        """Begin a sheet; `columns` are name, kind and width in pixels."""
        self.sheet = book.add_worksheet(name)
        self.styles = styles
        self.kinds = [kind for _, kind, _ in columns]
        self.row = 0
        self.sheet.freeze_panes(1, 0)
        for place, (title, kind, width_px) in enumerate(columns):
            self.sheet.set_column_pixels(place, place, width_px)
            header = styles.fill_header if kind == TO_FILL else styles.header
            self.sheet.write_string(0, place, title, header)

    def add(self, cells: Row, status: str) -> None:
        """Write one row; an empty cell still has its style."""
        self.row += 1
        for place, (kind, cell) in enumerate(zip(self.kinds, cells, strict=True)):
            style = self.styles.of(kind, status)
            if cell == "":
                self.sheet.write_blank(self.row, place, None, style)
            elif kind in (WHOLE, FRACTION):
                self.sheet.write_number(self.row, place, float(cell), style)
            else:
                self.sheet.write_string(self.row, place, str(cell), style)

    def end(self) -> None:
        """Let rows be filtered, and hush the warning that digits are stored as text."""
        self.sheet.autofilter(0, 0, self.row, len(self.kinds) - 1)
        self.sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{MOST_ROWS + 1}"})


def write_readings(
    book: Any,
    styles: Styles,
    columns: Sequence[str],
    readings: Iterable[tuple[Row, Path | None]],
    parts: Path,
) -> None:
    """Write the sheet of readings; the picture stands before the correction."""
    before, status = columns.index(CORRECTION), columns.index("status")
    shown = (*columns[:before], PICTURE, *columns[before:])
    kinds = [(name, KINDS.get(name, TEXT), WIDTHS_PX[name]) for name in shown]
    sheet = Sheet(book, READINGS, styles, kinds)
    for cells, picture in readings:
        if picture is not None:
            sheet.sheet.set_row_pixels(sheet.row + 1, PICTURE_ROW_PX)
        sheet.add((*cells[:before], "", *cells[before:]), str(cells[status]))
        if picture is not None:
            add_picture(sheet, before, picture, parts / f"{sheet.row}.png")
    sheet.end()


def add_picture(sheet: Sheet, column: int, picture: Path, part: Path) -> None:
    """Put a picture into the last row, as large as its cell allows; none where it is gone."""
    width_px = WIDTHS_PX[PICTURE] - 2 * EDGE_PX
    height_px = PICTURE_ROW_PX - 2 * EDGE_PX
    size = snippets.shrink(picture, part, SHARPNESS * width_px, SHARPNESS * height_px)
    if size is None:
        return
    scale = min(width_px / size[0], height_px / size[1])
    place = {"x_offset": EDGE_PX, "y_offset": EDGE_PX, "x_scale": scale, "y_scale": scale}
    # 1: moves and shrinks with its cell, or the pictures of rows filtered away stay behind
    look = {"object_position": 1, "description": "the field as it was scanned"}
    sheet.sheet.insert_image(sheet.row, column, str(part), place | look)


def write_records(
    book: Any, styles: Styles, columns: Sequence[str], records: Iterable[Row]
) -> None:
    """Write the sheet of records: page_file, page, status, and one column per field."""
    page, fields = columns[:3], columns[3:]
    kinds = [(name, KINDS.get(name, TEXT), WIDTHS_PX[name]) for name in page]
    kinds += [(name, TEXT, RECORD_WIDTH_PX) for name in fields]
    sheet = Sheet(book, RECORDS, styles, kinds)
    for cells in records:
        sheet.add(cells, str(cells[2]))
    sheet.end()


def write_help(book: Any, styles: Styles) -> None:
    """Write the sheet that says what to do, in plain words."""
    sheet = book.add_worksheet(HELP)
    sheet.set_column_pixels(0, 0, HELP_WIDTH_PX)
    sheet.write_string(0, 0, "How to correct what was read", styles.header)
    for row, line in enumerate(HOW_TO, 1):
        sheet.set_row_pixels(row, 40)
        sheet.write_string(row, 0, line, styles.by_kind[WRAPPED])
    for row, (status, meaning) in enumerate(MEANINGS.items(), len(HOW_TO) + 2):
        sheet.write_string(row, 0, meaning, styles.by_status[str(status)])
