"""A small job whose workbook tests fill in."""

import csv
from dataclasses import replace

import fake_reader
import openpyxl
import pytest
from PIL import Image

from formreader import corrections, export
from formreader.document import PageResult
from formreader.errors import UsageError
from formreader.store import Store
from formreader.store_schema import SourceFile

NAMES = ("00123", "doubt-45", "doubt-67890", "blank-4", "fail-1")
SIZE = (120, 40)


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
