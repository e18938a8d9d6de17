"""How readings are tied to the truth, and truth files that are odd, bad or of another make."""

from __future__ import annotations

from pathlib import Path

import pytest
from judged_job import counted, job_with, truth_with

from formreader.errors import UsageError
from formreader.evaluate import evaluate


@pytest.mark.parametrize(
    ("truth", "value", "is_right"),
    [
        ("1234", "1.234,-", True),
        ("01/2016", "012016", True),
        ("12.50", "1250", False),
        ("12.50", "12.50", True),
        ("1234", "12?34", False),
        ("0012", "12", False),
    ],
)
def test_only_marks_around_digits_are_forgiven(
    tmp_path: Path, truth: str, value: str, is_right: bool
) -> None:
    job = job_with(tmp_path, [f'a.png,1,field,f,"{value}",0.9,accepted,,,,,0,0,9,9'])
    report = evaluate(job, truth_with(tmp_path, f"page,field,value\na.png,amount,{truth}\n"))
    assert counted(report["substitution"]) == (int(not is_right), 1)


def test_without_boxes_fields_are_tied_by_name_and_pages_by_number(tmp_path: Path) -> None:
    rows = [
        "sub/a.tif,1,f,total,10,0.9,accepted,,,,,0,0,9,9",
        "sub/a.tif,1,f,other,11,0.9,accepted,,,,,0,20,9,9",
        "sub/a.tif,2,f,total,20,0.9,accepted,,,,,0,0,9,9",
        "sub/a.tif,2,f,other,21,0.9,accepted,,,,,0,20,9,9",
    ]
    text = "page,page_number,field,value\n.\\sub\\a.tif,,total,10\nsub/a.tif,2,total,20\n"
    report = evaluate(job_with(tmp_path, rows), truth_with(tmp_path, text))
    assert counted(report["accuracy_nothing_rejected"]) == (2, 2)
    assert report["extra_accepted"] == 2


def test_a_page_without_any_reading_counts_as_not_found_when_records_name_it(
    tmp_path: Path,
) -> None:
    job = job_with(tmp_path, ["a.png,1,f,x,10,0.9,accepted,,,,,0,0,9,9"])
    (job / "records.csv").write_text("page_file,page\na.png,1\nempty.png,1\n")
    report = evaluate(job, truth_with(tmp_path, "page,field,value\na.png,x,10\nempty.png,x,7\n"))
    assert counted(report["found"]) == (1, 2)
    assert report["warnings"] == []


def test_pages_outside_the_job_are_left_out_counted_and_named(tmp_path: Path) -> None:
    job = job_with(tmp_path, ["a.png,1,f,x,10,0.9,accepted,,,,,0,0,9,9"])
    text = "page,field,value\na.png,x,10\nz.png,x,1\nz.png,y,1\ny.png,x,1\n"
    report = evaluate(job, truth_with(tmp_path, text))
    assert report["counts"]["not_in_job"] == 3
    assert counted(report["read"]) == (1, 1)
    assert "2 pages" in report["warnings"][0]
    assert "z.png" in report["warnings"][0]


def test_pages_are_tied_when_the_job_was_read_from_a_folder_further_down(tmp_path: Path) -> None:
    job = job_with(tmp_path, ["a.png,1,f,x,10,0.9,accepted,,,,,0,0,9,9"])
    report = evaluate(job, truth_with(tmp_path, "page,field,value\nimages/a.png,x,10\n"))
    assert counted(report["read"]) == (1, 1)


def test_a_boxes_file_of_another_make_is_left_alone_and_said_so(tmp_path: Path) -> None:
    job = job_with(tmp_path, ["a.png,1,f,field,10,0.9,accepted,,,,,0,0,9,9"])
    truth = truth_with(tmp_path, "page,field,value\na.png,amount,10\n", "page,digit,x,y,w,h\n")
    report = evaluate(job, truth)
    assert counted(report["read"]) == (1, 1)
    assert "boxes.csv" in report["warnings"][0]


def test_a_spreadsheet_with_semicolons_and_a_byte_order_mark_keeps_leading_zeros(
    tmp_path: Path,
) -> None:
    job = job_with(tmp_path, ["a.png,1,f,x,0010,0.9,accepted,,,,,0,0,9,9"])
    truth = truth_with(tmp_path, "\ufeffpage;field;value\na.png;x;0010\n")
    assert counted(evaluate(job, truth)["accuracy_nothing_rejected"]) == (1, 1)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("page,value\na.png,1\n", "no column field"),
        ("", "is empty"),
        ("page,field,value\n", "no rows"),
        ("page,field,value\na.png,x,1\na.png,x,2\n", "line 3"),
        ("page,field,value\nelsewhere.png,x,1\n", "elsewhere.png"),
        ("page,page_number,field,value\na.png,one,x,1\n", "not a number"),
        ("page,field,value\n,x,1\n", "line 2"),
    ],
)
def test_a_bad_truth_file_ends_in_one_sentence_that_names_the_trouble(
    tmp_path: Path, text: str, words: str
) -> None:
    job = job_with(tmp_path, ["a.png,1,f,x,10,0.9,accepted,,,,,0,0,9,9"])
    with pytest.raises(UsageError, match=words):
        evaluate(job, truth_with(tmp_path, text))


def test_a_truth_file_that_is_not_utf8_is_refused_with_advice(tmp_path: Path) -> None:
    job = job_with(tmp_path, ["a.png,1,f,x,10,0.9,accepted,,,,,0,0,9,9"])
    truth = truth_with(tmp_path, "")
    truth.write_bytes("page,field,value\nä.png,x,1\n".encode("latin-1"))
    with pytest.raises(UsageError, match="UTF-8"):
        evaluate(job, truth)


def test_a_folder_that_is_no_job_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"readings\.csv"):
        evaluate(tmp_path, truth_with(tmp_path, "page,field,value\na.png,x,1\n"))


def test_a_truth_with_names_of_its_own_is_refused_and_both_names_told(tmp_path: Path) -> None:
    rows = ["a.png,1,f,p1-f01,10,0.9,accepted,,,,,0,0,9,9"] * 2
    job = job_with(tmp_path, [rows[0], rows[1].replace("f01", "f02")])
    truth = truth_with(tmp_path, "page,field,value\na.png,account,10\na.png,total,11\n")
    with pytest.raises(UsageError, match=r"truth says for example 'account', the job 'p1-f01'"):
        evaluate(job, truth)


@pytest.mark.parametrize(
    ("column", "number", "end"),
    [("", "", "several pages, add a column page_number"), (",page_number", ",1", "two lines")],
)
def test_a_field_there_twice_may_lack_the_number_of_its_page(
    tmp_path: Path, column: str, number: str, end: str
) -> None:
    job = job_with(tmp_path, ["a.tif,1,f,x,10,0.9,accepted,,,,,0,0,9,9"])
    rows = f"a.tif{number},x,10\na.tif{number},x,11\n"
    with pytest.raises(UsageError, match=rf"{end}\.$"):
        evaluate(job, truth_with(tmp_path, f"page{column},field,value\n{rows}"))
