"""A filled-in workbook taken back: what spreadsheets do to digits is noticed."""

import csv
import io
import zipfile
from datetime import date, datetime, time

import openpyxl
import pytest
from openpyxl.worksheet.formula import ArrayFormula
from workbook_job import (
    filled_in,
    make_job,
    refused,
    said,
    set_cell,
)

from formreader import corrections, export


@pytest.fixture
def job(tmp_path):
    return make_job(tmp_path / "job")


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
