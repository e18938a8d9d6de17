"""The workbook a clerk fills in: digits stay text, doubt has a picture."""

import io
import zipfile

import openpyxl
import pytest
from PIL import Image
from typer.testing import CliRunner
from workbook_job import NAMES, csv_rows, filled_in, make_job, refused, said, set_cell, written

from formreader import cli, corrections, export, export_workbook, snippets
from formreader.document import Status
from formreader.errors import OutputError, UsageError
from formreader.store import Store
from formreader.store_schema import Meaning, Review


@pytest.fixture
def job(tmp_path):
    return make_job(tmp_path / "job")


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
