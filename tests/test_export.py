"""The tables a clerk opens: every row there, digits intact, nothing a spreadsheet would run."""

import csv
import sys
from dataclasses import replace

import fake_reader
import pytest
from pyarrow import parquet

from formreader import export, export_parquet
from formreader.document import PageResult, Rect, Status
from formreader.errors import OutputError, UsageError
from formreader.store import Store
from formreader.store_schema import Meaning, Review, SourceFile


def page(name, number=1, failure="", fields=("number",)):
    readings = [replace(fake_reader.reading(name, number), field=field) for field in fields]
    return PageResult(name, number, "field", () if failure else tuple(readings), failure)


def job(folder, *pages):
    with Store.create(folder) as store:
        store.sync([SourceFile(n, n, 1, 1) for n in dict.fromkeys(p.source for p in pages)])
        for result in pages:
            store.add_page(result, {r.field: f"snippets/{r.text}.png" for r in result.readings})
    return folder


def written(folder, name):
    export.export(folder, "csv")
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def say(folder, page_file, meaning, value=""):
    with Store.open(folder) as store:
        fields = [f for f in store.fields() if f.page_file == page_file]
        store.add_reviews([Review(fields[0], meaning, value)], "", "")


def test_readings_have_the_columns_of_the_contract(tmp_path):
    (row,) = written(job(tmp_path, page("00123.png")), "readings")
    assert row == {
        "page_file": "00123.png",
        "page": "1",
        "form": "field",
        "field": "number",
        "value": "00123",
        "confidence": "0.9999",
        "status": "accepted",
        "reasons": "",
        "alternatives": "77777:0.0150",
        "correction": "",
        "snippet": "snippets/00123.png",
        "x": "4",
        "y": "3",
        "width": "30",
        "height": "12",
    }
    assert list(row)[:5] == ["page_file", "page", "form", "field", "value"]


def test_characters_have_their_two_best_classes(tmp_path):
    first, second = written(job(tmp_path, page("71.png")), "characters")
    assert list(first.values()) == [
        *("71.png", "1", "number", "1", "7", "0.9800", "1", "0.0050", "4", "3", "5", "9"),
    ]
    assert (second["character"], second["second"], second["position"]) == ("1", "7", "2")


def test_files_are_utf_8_with_crlf_and_quotes(tmp_path):
    job(tmp_path, page('ü, "1".png'))
    export.export(tmp_path, "csv")
    content = (tmp_path / "readings.csv").read_bytes()
    assert content.count(b"\r\n") == content.count(b"\n") == 2
    assert '"ü, ""1"".png",1'.encode() in content


def test_a_failed_page_has_one_row_in_both_tables(tmp_path):
    folder = job(tmp_path, page("1.png"), page("2.png", failure="torn; wet"), page("3.png"))
    readings = written(folder, "readings")
    assert [(r["page_file"], r["status"], r["reasons"]) for r in readings] == [
        ("1.png", "accepted", ""), ("2.png", "failed", "torn; wet"), ("3.png", "accepted", ""),
    ]  # fmt: skip
    assert [r["status"] for r in written(folder, "records")] == ["accepted", "failed", "accepted"]


def test_a_page_without_a_field_has_its_record(tmp_path):
    folder = job(tmp_path, PageResult("1.png", 1, "auto", ()), page("2.png"))
    assert [r["number"] for r in written(folder, "records")] == ["", "2"]


@pytest.mark.parametrize("start", "=+-@")
def test_no_cell_is_taken_for_a_formula(tmp_path, start):
    folder = job(tmp_path, page(f"{start}1.png", fields=(f"{start}f",)))
    say(folder, f"{start}1.png", Meaning.VALUE, f"{start}2")
    (row,) = written(folder, "readings")
    assert (row["page_file"], row["field"]) == (f"'{start}1.png", f"'{start}f")
    assert row["correction"] == f"'{start}2"
    (row,) = written(folder, "records")
    assert row[f"'{start}f"] == f"'{start}2"


def test_what_a_person_said_wins_in_the_records_and_the_machines_value_stays(tmp_path):
    folder = job(tmp_path, *(page(f"doubt-{n}.png") for n in (1, 2, 3, 4)))
    say(folder, "doubt-1.png", Meaning.VALUE, "007")
    say(folder, "doubt-2.png", Meaning.BLANK)
    say(folder, "doubt-3.png", Meaning.UNREADABLE)
    found = written(folder, "records")
    assert [r["number"] for r in found] == ["007", "", "?", "4?"]
    assert [r["status"] for r in found] == ["accepted", "accepted", "accepted", "review"]
    readings = written(folder, "readings")
    assert [r["value"] for r in readings] == ["1", "2", "3", "4"]
    assert [r["correction"] for r in readings] == ["007", "blank", "?", ""]


def test_a_doubtful_value_cannot_pass_for_a_number_in_the_records(tmp_path):
    (row,) = written(job(tmp_path, page("doubt-12.png")), "records")
    assert row["number"] == "12?"


def test_records_have_one_column_per_field_in_the_order_of_the_page(tmp_path):
    folder = job(
        tmp_path, page("1.png", fields=("b", "a")), page("2.png", fields=("a", "c", "page"))
    )
    found = written(folder, "records")
    assert list(found[0]) == ["page_file", "page", "status", "b", "a", "c", "page (field)"]
    assert found[0]["c"] == ""
    assert found[1]["page (field)"] == "2"


def test_a_confidence_is_never_rounded_up_to_certainty():
    assert export.score(0.99999) == "0.9999"
    assert export.score(1.0) == "1.0000"
    assert export.score(1.0 + 1e-9) == "1.0000"


def test_a_table_that_cannot_be_written_leaves_the_old_one(tmp_path, monkeypatch):
    folder = job(tmp_path, page("1.png"))
    export.export(folder, "csv")
    before = (folder / "readings.csv").read_bytes()

    def fsync(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(export.os, "fsync", fsync)
    say(folder, "1.png", Meaning.VALUE, "5")
    with pytest.raises(OutputError, match="is full"):
        export.export(folder, "csv")
    assert (folder / "readings.csv").read_bytes() == before


def test_a_table_that_is_open_elsewhere_says_so(tmp_path, monkeypatch):
    folder = job(tmp_path, page("1.png"))

    def replace(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(export.Path, "replace", replace)
    with pytest.raises(OutputError, match="Close it if a spreadsheet has it open"):
        export.export(folder, "csv")


def test_another_format_is_refused_with_a_sentence(tmp_path):
    with pytest.raises(UsageError, match="Use --format csv, xlsx or parquet"):
        export.export(job(tmp_path, page("1.png")), "doc")


def test_parquet_holds_the_readings_with_their_types(tmp_path, monkeypatch):
    monkeypatch.setattr(export_parquet, "GROUP", 2)
    folder = job(tmp_path, page("00123.png"), page("=2.png"), page("3.png", failure="torn"))
    say(folder, "00123.png", Meaning.VALUE, "00124")
    (path,) = export.export(folder, "parquet")
    assert path == folder / "readings.parquet"
    table = parquet.read_table(path)
    types = dict(zip(table.column_names, map(str, table.schema.types), strict=True))
    assert list(types) == list(export.READINGS)
    assert {name for name, kind in types.items() if kind == "int32"} == {
        *("page", "x", "y", "width", "height"),
    }
    assert {name for name, kind in types.items() if kind == "double"} == {"confidence"}
    assert set(types.values()) == {"int32", "double", "string"}
    first, second, failed = table.to_pylist()
    assert (first["value"], first["correction"], first["page"]) == ("00123", "00124", 1)
    assert (first["confidence"], first["width"]) == (0.9999, 30)
    assert second["page_file"] == "=2.png"
    assert (failed["status"], failed["reasons"], failed["value"]) == ("failed", "torn", "")
    assert failed["confidence"] is failed["x"] is None


def test_parquet_of_a_job_without_a_page_has_its_columns(tmp_path):
    table = parquet.read_table(export.export(job(tmp_path), "parquet")[0])
    assert (table.num_rows, table.column_names) == (0, list(export.READINGS))


def test_parquet_that_cannot_be_written_leaves_the_old_one(tmp_path, monkeypatch):
    folder = job(tmp_path, page("1.png"))
    (path,) = export.export(folder, "parquet")
    before = path.read_bytes()

    def typed(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(export_parquet, "typed", typed)
    with pytest.raises(OutputError, match="is full"):
        export.export(folder, "parquet")
    assert path.read_bytes() == before


def test_parquet_without_its_library_says_how_to_install_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.delitem(sys.modules, "pyarrow.parquet")
    with pytest.raises(UsageError, match="Install it with: pip install pyarrow"):
        export.export(job(tmp_path, page("1.png")), "parquet")


def test_a_reading_outside_of_the_page_still_has_a_row(tmp_path):
    far = replace(fake_reader.reading("1.png", 1), rect=Rect(-5, -9, 3, 3), status=Status.REVIEW)
    (row,) = written(job(tmp_path, PageResult("1.png", 1, "auto", (far,))), "readings")
    assert (row["x"], row["y"]) == ("-5", "-9")
