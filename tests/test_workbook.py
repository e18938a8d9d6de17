"""The workbook a clerk fills in: digits stay text there and back, doubt has a picture."""

import csv
import io
import zipfile
from dataclasses import replace
from datetime import date, datetime, time

import fake_reader
import openpyxl
import pytest
from openpyxl.worksheet.formula import ArrayFormula
from PIL import Image
from typer.testing import CliRunner

from formreader import cli, corrections, export, export_workbook, snippets
from formreader.document import PageResult, Status
from formreader.errors import OutputError, UsageError
from formreader.store import Store
from formreader.store_schema import Meaning, Review, SourceFile

NAMES = ("00123", "doubt-45", "doubt-67890", "blank-4", "fail-1")
SIZE = (120, 40)


@pytest.fixture
def job(tmp_path):
    return make_job(tmp_path / "job")


def make_job(folder, names=NAMES, field="number", size=SIZE):
    """Make a job with one page per name, and a picture for each field with ink."""
    with Store.create(folder) as store:
        store.sync([SourceFile(f"{name}.png", f"{name}.png", 1, 1) for name in names])
        (folder / "snippets").mkdir()
        for place, name in enumerate(names):
            reading = replace(fake_reader.reading(name, 1), field=field)
            picture = f"snippets/{place}.png" if reading.text else ""
            if picture:
                Image.new("L", size, 90 + place).save(folder / picture)
            failure = "torn; wet" if name.startswith("fail") else ""
            fields = () if failure else (reading,)
            result = PageResult(f"{name}.png", 1, "field", fields, failure)
            store.add_page(result, {field: picture})
        export.write_tables(store)
    return folder


def written(job):
    """Export the job; return its sheet of readings and the cells of the rows by column."""
    sheet = openpyxl.load_workbook(export.export(job, "xlsx")[0])["readings"]
    header, *rows = sheet.iter_rows()
    return sheet, [{name.value: cell for name, cell in zip(header, r, strict=True)} for r in rows]


def csv_rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def said(job):
    return {row["page_file"]: row["number"] for row in csv_rows(job / "records.csv")}


def filled_in(job, corrections_by_file, edit=lambda book: None):
    """Fill in the workbook as a person would and save it under a new name."""
    book = openpyxl.load_workbook(export.export(job, "xlsx")[0])
    sheet = book["readings"]
    column = {cell.value: cell.column for cell in sheet[1]}
    for row in range(2, sheet.max_row + 1):
        name = sheet.cell(row, column["page_file"]).value
        if name in corrections_by_file:
            sheet.cell(row, column["correction"]).value = corrections_by_file[name]
    edit(book)
    book.save(job.parent / "corrected.xlsx")
    return job.parent / "corrected.xlsx"


def set_cell(place, value, number_format=None):
    def edit(book):
        book["readings"][place] = value
        if number_format:
            book["readings"][place].number_format = number_format

    return edit


def refused(job, table):
    before = (job / "records.csv").read_bytes()
    with pytest.raises(UsageError) as error:
        corrections.apply(job, table)
    assert (job / "records.csv").read_bytes() == before
    with Store.open(job) as store:
        assert store.review_count() == 0
    return str(error.value)


# What is written


def test_the_sheet_says_the_same_as_the_table_with_a_picture_before_the_correction(job):
    _, rows = written(job)
    names = list(rows[0])
    place = names.index("correction")
    assert names[place - 1] == "picture"
    assert [name for name in names if name != "picture"] == list(export.READINGS)
    shown = [{n: c.value for n, c in row.items() if n != "picture"} for row in rows]
    for row, table in zip(shown, csv_rows(job / "readings.csv"), strict=True):
        for name, text in table.items():
            number = name in ("page", "confidence", "x", "y", "width", "height")
            assert row[name] == (None if not text else float(text) if number else text)


def test_values_are_text_with_all_their_digits(tmp_path):
    _, rows = written(make_job(tmp_path / "job", ("00123", "12345678901234567890")))
    assert [row["value"].value for row in rows] == ["00123", "12345678901234567890"]
    assert {(row["value"].data_type, row["value"].number_format) for row in rows} == {("s", "@")}


@pytest.mark.parametrize("start", "=+-@")
def test_what_looks_like_a_formula_is_text_and_finds_its_way_back(tmp_path, start):
    job = make_job(tmp_path / "job", (f"{start}45",), field=f"{start}f")
    with Store.open(job) as store:
        store.add_reviews([Review(next(store.fields()), Meaning.VALUE, f"{start}2")], "", "")
    _, (row,) = written(job)
    found = {name: row[name] for name in ("page_file", "field", "correction")}
    assert [c.value for c in found.values()] == [f"{start}45.png", f"{start}f", f"{start}2"]
    assert {cell.data_type for cell in found.values()} == {"s"}
    again = corrections.apply(job, job / "readings.xlsx")
    assert (again.changed, again.unchanged) == (0, 1)


@pytest.mark.parametrize("name", ["a_x0041_b", "tab\t", "\x01", 'ü & <"', "_x000D_"])
def test_an_odd_file_name_finds_its_way_back(tmp_path, name):
    job = make_job(tmp_path / "job", (f"{name}-45",))
    corrections.apply(job, filled_in(job, {}, set_cell("K2", "46!")))
    assert said(job) == {f"{name}-45.png": "46"}


def test_rows_to_review_have_their_picture_and_no_others(job):
    sheet, rows = written(job)
    doubtful = {row["status"].row for row in rows if row["status"].value == "review"}
    assert {image.anchor._from.row + 1 for image in sheet._images} == doubtful == {3, 4}
    for image in sheet._images:
        assert image.anchor._from.col == image.anchor.to.col == rows[0]["picture"].column - 1
        assert image.anchor._from.row == image.anchor.to.row, "lies within its row"
        assert image.anchor.editAs in (None, "twoCell"), "is hidden where its row is filtered"
        place = image.anchor._from.row - 1
        shown = Image.open(io.BytesIO(image._data()))
        assert shown.getpixel((0, 0)) == 90 + place, "is the picture of this row"


@pytest.mark.parametrize("size", [(120, 40), (2000, 60), (20, 24), (300, 900), (3000, 2000)])
def test_a_picture_fits_its_cell_and_keeps_its_shape(tmp_path, size):
    sheet, _ = written(make_job(tmp_path / "job", ("doubt-1",), size=size))
    (image,) = sheet._images
    start, end = image.anchor._from, image.anchor.to
    width, height = ((b - a) / 9525 for a, b in zip(
        (start.colOff, start.rowOff), (end.colOff, end.rowOff), strict=True
    ))  # fmt: skip
    assert width <= export_workbook.WIDTHS_PX["picture"] - 4
    assert height <= export_workbook.PICTURE_ROW_PX - 4
    assert abs(width * size[1] - height * size[0]) / max(size) <= 1.5, "a pixel of rounding"
    assert image.width <= 2 * 256
    assert image.height <= 2 * 44


@pytest.mark.parametrize("content", [None, b"", b"\x89PNG\r\n\x1a\ntorn"])
def test_a_picture_that_is_gone_or_damaged_leaves_its_cell_empty(job, content):
    (job / "snippets" / "1.png").unlink()
    if content is not None:
        (job / "snippets" / "1.png").write_bytes(content)
    sheet, rows = written(job)
    assert [image.anchor._from.row for image in sheet._images] == [3]
    assert len(rows) == len(NAMES)


def test_every_status_has_its_colour_and_a_failed_page_its_row(job):
    _, rows = written(job)
    colours = {row["status"].value: row["status"].fill.fgColor.rgb for row in rows}
    assert set(colours) == set(Status)
    assert len(set(colours.values())) == 4
    assert (rows[-1]["reasons"].value, rows[-1]["confidence"].value) == ("torn; wet", None)


def test_the_column_to_fill_is_text_and_stands_out(job):
    sheet, rows = written(job)
    assert {row["correction"].number_format for row in rows} == {"@"}
    assert len({row["correction"].fill.fgColor.rgb for row in rows}) == 1
    header = {cell.value: cell.fill.fgColor.rgb for cell in sheet[1]}
    assert header["correction"] not in (header["value"], header["snippet"])


def test_the_header_stays_in_sight_and_rows_can_be_filtered(job):
    sheet, rows = written(job)
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == f"A1:P{len(rows) + 1}"


def test_the_second_sheet_holds_the_records_and_the_third_what_to_do(job):
    written(job)
    book = openpyxl.load_workbook(job / "readings.xlsx")
    assert book.sheetnames == ["readings", "records", "how to"]
    header, *rows = book["records"].iter_rows(values_only=True)
    shown = [{n: str(c or "") for n, c in zip(header, row, strict=True)} for row in rows]
    assert shown == csv_rows(job / "records.csv")
    words = " ".join(str(cell) for (cell,) in book["how to"].iter_rows(values_only=True))
    for word in (
        f"Write {export.BLANK} ",
        f"and {export.UNREADABLE} ",
        "formreader apply",
        *Status,
    ):
        assert word in words


@pytest.mark.parametrize("field", ["x", "confidence", "correction", "value", "page"])
def test_a_field_may_be_named_like_a_column(tmp_path, field):
    job = make_job(tmp_path / "job", ("doubt-00123",), field=field)
    written(job)
    records = openpyxl.load_workbook(job / "readings.xlsx")["records"]
    assert records["D2"].value == "00123?"


def test_nothing_of_this_machine_is_in_the_workbook(job):
    export.export(job, "xlsx")
    with zipfile.ZipFile(job / "readings.xlsx") as parts:
        for name in parts.namelist():
            content = parts.read(name)
            for leak in (str(job.parent).encode(), b"hyperlink", b'TargetMode="External"'):
                assert leak not in content, name


def test_a_job_without_a_page_has_a_workbook_with_its_headers(tmp_path):
    job = make_job(tmp_path / "job", ())
    sheet, rows = written(job)
    assert rows == []
    assert sheet.max_row == 1
    assert "holds no rows" in refused(job, job / "readings.xlsx")


def test_what_no_sheet_can_hold_is_said(job, monkeypatch):
    monkeypatch.setattr(export_workbook, "MOST_ROWS", len(NAMES) - 1)
    with pytest.raises(UsageError, match=r"has 5 rows, and a sheet holds 4 .* --format parquet"):
        export.export(job, "xlsx")
    monkeypatch.undo()
    monkeypatch.setattr(export_workbook, "MOST_COLUMNS", 3)
    with pytest.raises(UsageError, match="has 4 columns"):
        export.export(job, "xlsx")
    monkeypatch.undo()
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 10)
    with pytest.raises(UsageError, match="pictures of this job are too many"):
        export.export(job, "xlsx")
    assert not (job / "readings.xlsx").exists()


def test_a_workbook_that_cannot_be_written_leaves_the_old_one(job, monkeypatch):
    export.export(job, "xlsx")
    before = (job / "readings.xlsx").read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    for place, name in ((snippets, "shrink"), (zipfile.ZipFile, "write")):
        with monkeypatch.context() as patch:
            patch.setattr(place, name, full)
            with pytest.raises(OutputError, match="is full"):
                export.export(job, "xlsx")
    assert (job / "readings.xlsx").read_bytes() == before
    assert not [path for path in job.iterdir() if path.is_dir() and path.name != "snippets"]


def test_a_workbook_that_is_open_elsewhere_says_so(job, monkeypatch):
    def locked(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(export.Path, "replace", locked)
    with pytest.raises(OutputError, match="Close it if a spreadsheet has it open"):
        export.export(job, "xlsx")


# What is taken back in


def test_zeros_at_the_start_come_back_through_a_workbook(job):
    table = filled_in(job, {"doubt-45.png": "0046", "doubt-67890.png": "00000"})
    applied = corrections.apply(job, table)
    assert (applied.changed, applied.confirmed, applied.warnings) == (2, 0, [])
    assert said(job)["doubt-45.png"] == "0046"
    assert said(job)["doubt-67890.png"] == "00000"
    assert said(job)["00123.png"] == "00123"


def test_a_workbook_that_nobody_filled_in_changes_nothing(job):
    applied = corrections.apply(job, filled_in(job, {}))
    assert (applied.changed, applied.confirmed, applied.unchanged) == (0, 0, 0)


def test_words_and_confirmations_are_as_in_a_table_of_text(job):
    table = filled_in(job, {"doubt-45.png": "Blank", "doubt-67890.png": "67890", "00123.png": "?"})
    applied = corrections.apply(job, table)
    assert (applied.changed, applied.confirmed) == (2, 1)
    assert (said(job)["doubt-45.png"], said(job)["00123.png"]) == ("", "?")
    again = corrections.apply(job, table)
    assert (again.changed, again.confirmed, again.unchanged) == (0, 0, 3)


@pytest.mark.parametrize("number", [123, 0, 123456])
def test_a_number_that_may_have_lost_its_zeros_is_refused_by_row(job, number):
    message = refused(job, filled_in(job, {"00123.png": number, "doubt-45.png": "46"}))
    assert f"row 2 (00123.png, page 1, field number) says {number} as a number" in message
    assert f"or write “{number}!” if it is right" in message


def test_a_number_where_no_length_is_known_is_refused(job):
    assert "row 5 (blank-4.png" in refused(job, filled_in(job, {"blank-4.png": 46}))
    corrections.apply(job, filled_in(job, {"blank-4.png": "46"}))
    assert said(job)["blank-4.png"] == "46"


def test_a_number_of_the_expected_length_has_lost_nothing(job):
    corrections.apply(job, filled_in(job, {"doubt-45.png": 46}))
    assert said(job)["doubt-45.png"] == "46"


def test_a_number_shown_with_zeros_is_taken_as_it_is_shown(job):
    corrections.apply(job, filled_in(job, {}, set_cell("K2", 124, "00000")))
    assert said(job)["00123.png"] == "00124"


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        (12345.5, "“12345.5”, which is not a number"),
        (1.2e19, "“1.2e+19”, which is a number in scientific notation"),
        (12345678901234500000, "is a number in scientific notation"),
        ("12345678901234500000", "keep 15 digits"),
        (datetime(2024, 5, 12), "“2024-05-12”, which looks like a date"),
        (date(2024, 5, 12), "looks like a date"),
        (datetime(2024, 5, 12, 10, 30), "is not a number"),
        (time(10, 30), "is not a number"),
        (True, "“TRUE”, which is not a number"),
        ("#N/A", "“#N/A”, which is not a number"),
        ("12,345", "has separators"),
        ("123", "5 digits are expected"),
    ],
)
def test_what_a_spreadsheet_made_of_digits_is_refused_by_row(job, cell, why):
    message = refused(job, filled_in(job, {"00123.png": cell}))
    assert "row 2 (00123.png, page 1, field number) says" in message
    assert why in message


def rewritten(table, old, new):
    """Change the first sheet of a workbook as other programs write it."""
    with zipfile.ZipFile(table) as parts:
        kept = {name: parts.read(name) for name in parts.namelist()}
    assert old in kept["xl/worksheets/sheet1.xml"]
    kept["xl/worksheets/sheet1.xml"] = kept["xl/worksheets/sheet1.xml"].replace(old, new)
    table.write_bytes(packed(**kept))
    return table


def test_a_number_with_a_decimal_point_is_refused_by_row(job):
    table = filled_in(job, {"00123.png": 12345})
    message = refused(job, rewritten(table, b"<v>12345</v>", b"<v>12345.0</v>"))
    assert "row 2 (00123.png, page 1, field number) says “12345.0”" in message


def test_a_sheet_that_is_wrong_about_its_size_is_read_as_a_whole(job):
    table = filled_in(job, {"doubt-45.png": "0046"})
    corrections.apply(job, rewritten(table, b'<dimension ref="A1:P6"', b'<dimension ref="A1"'))
    assert said(job)["doubt-45.png"] == "0046"


@pytest.mark.parametrize("formula", ['="00124"', "=E2", ArrayFormula("K2", "=E2")])
def test_a_formula_in_place_of_a_value_is_refused_by_row(job, formula):
    message = refused(job, filled_in(job, {"doubt-45.png": "46"}, set_cell("K2", formula)))
    assert "because of one of its rows" in message
    assert "row 2 has a formula in the column correction" in message


def test_a_formula_that_has_nothing_to_do_with_us_is_left_alone(job):
    def note(book):
        book["readings"]["Q1"], book["readings"]["Q2"] = "note", "=1+1"

    corrections.apply(job, filled_in(job, {"doubt-45.png": "46"}, note))
    assert said(job)["doubt-45.png"] == "46"


def test_a_machine_value_that_became_a_number_is_harmless_but_said(job):
    applied = corrections.apply(job, filled_in(job, {}, set_cell("E2", 123)))
    assert "1 values in corrected.xlsx look different" in applied.warnings[0]
    assert said(job)["00123.png"] == "00123"


def test_a_value_written_into_the_wrong_column_is_refused(job):
    message = refused(job, filled_in(job, {}, set_cell("E3", "46")))
    assert "row 3 (doubt-45.png, page 1, field number) has “46” in the column value" in message


def test_rows_may_be_deleted_and_columns_and_sheets_moved(job):
    def edit(book):
        sheet = book["readings"]
        sheet.delete_rows(2)
        sheet.insert_cols(1)
        sheet["A1"], sheet["A2"] = "note", "done"
        book.move_sheet("readings", 2)

    corrections.apply(job, filled_in(job, {"doubt-45.png": "0046"}, edit))
    assert said(job)["doubt-45.png"] == "0046"


def test_a_table_of_text_that_was_saved_as_a_workbook_is_read(job):
    book = openpyxl.Workbook()
    book.active.title = "Sheet 1"
    with (job / "readings.csv").open(encoding="utf-8", newline="") as file:
        for line, row in enumerate(csv.reader(file)):
            if line == 2:
                row[export.READINGS.index("correction")] = "0046"
            book.active.append([float(c) if n == 1 and line else c for n, c in enumerate(row)])
    book.save(job.parent / "saved.xlsx")
    corrections.apply(job, job.parent / "saved.xlsx")
    assert said(job)["doubt-45.png"] == "0046"


def test_a_workbook_of_another_job_is_refused(job, tmp_path):
    other = make_job(tmp_path / "other", ("1", "2"))
    message = refused(job, filled_in(other, {"1.png": "5"}))
    assert "corrected.xlsx belongs to another job" in message


def test_a_failed_page_has_nothing_to_correct(job):
    message = refused(job, filled_in(job, {"fail-1.png": "5"}))
    assert "row 6 (fail-1.png, page 1, field ) is a page that could not be read" in message


def packed(**parts):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        for name, data in parts.items():
            file.writestr(name, data)
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"page_file,page,field,correction\r\n", "is named .xlsx but is no Excel workbook"),
        (b"\x89PNG\r\n", "is named .xlsx but is no Excel workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "is locked with a password"),
        (b"PK\x03\x04torn", "is no Excel workbook that can be read"),
        (packed(mimetype="application/vnd.oasis.opendocument.spreadsheet"), "is no Excel workbook"),
        (b"", "is empty"),
    ],
    ids=["text", "picture", "password", "torn", "other", "empty"],
)
def test_a_file_that_is_no_workbook_says_so(job, content, why):
    table = job.parent / "corrected.xlsx"
    table.write_bytes(content)
    assert why in refused(job, table)


def test_a_workbook_cut_short_says_so(job):
    table = filled_in(job, {"doubt-45.png": "46"})
    table.write_bytes(table.read_bytes()[:-200])
    assert "corrected.xlsx is no Excel workbook that can be read" in refused(job, table)


def test_a_workbook_without_our_columns_or_rows_says_so(job):
    book = openpyxl.Workbook()
    table = job.parent / "corrected.xlsx"
    book.save(table)
    assert "corrected.xlsx is empty" in refused(job, table)
    book.active.append(["a", "b"])
    book.save(table)
    assert "has no column page_file, page, field, correction" in refused(job, table)


# A filled-in workbook is not written over


def exported(job):
    return CliRunner().invoke(cli.app, ["export", str(job), "--format", "xlsx"])


def test_corrections_that_were_not_taken_in_are_not_written_over(job):
    assert exported(job).exit_code == 0
    table = filled_in(job, {"doubt-45.png": "0046!"}).replace(job / "readings.xlsx")
    before = table.read_bytes()
    assert exported(job).exit_code == 2
    with pytest.raises(UsageError, match="holds 1 corrections that were not taken in yet"):
        corrections.refuse_to_lose(job)
    assert table.read_bytes() == before
    corrections.apply(job, table)
    assert exported(job).exit_code == 0
    assert exported(job).exit_code == 0


def test_a_damaged_workbook_in_the_way_is_kept(job):
    (job / "readings.xlsx").write_bytes(b"PK\x03\x04 damaged")
    assert exported(job).exit_code == 2
    with pytest.raises(UsageError, match="may hold corrections"):
        corrections.refuse_to_lose(job)
    assert (job / "readings.xlsx").read_bytes() == b"PK\x03\x04 damaged"
