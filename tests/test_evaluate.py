"""Rates are checked against small jobs whose every count is known by hand."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from judged_job import counted, job_with, truth_with
from PIL import Image

from formreader.errors import UsageError
from formreader.evaluate import evaluate, summary
from formreader.evaluate_digits import align, confusion
from formreader.evaluate_plots import curve_svg
from formreader.evaluate_rates import binomial_tail, calibration_error, clopper_pearson, curve
from formreader.store import Store

# Page a.png by hand: seven written fields and two blank ones, read as the comments say.
ROWS = [
    "a.png,1,auto,f1,0012,0.99,accepted,,,,snippets/f1.png,10,10,100,20",  # right
    "a.png,1,auto,f2,345,0.98,accepted,,,,snippets/f2.png,10,50,100,20",  # wrong: 346
    "a.png,1,auto,f3,77,0.60,review,low confidence,,,,10,90,100,20",  # right
    "a.png,1,auto,f4,1,0.40,review,low confidence;touching characters,,,,10,130,100,20",  # is 41
    "a.png,1,auto,f5,,0.90,blank,,,,,10,170,100,20",  # is 5
    "a.png,1,auto,f6,9,0.97,accepted,,,,,10,210,100,20",  # blank on paper
    "a.png,1,auto,f7,,0.99,blank,,,,,10,250,100,20",  # blank, rightly
    "a.png,1,auto,f8a,12,0.95,accepted,,,,,10,290,48,20",  # the halves of 1234
    "a.png,1,auto,f8b,34,0.93,accepted,,,,,62,290,48,20",
    "a.png,1,auto,label,2024,0.50,review,may not be a handwritten number,,,,300,10,40,20",
    "bad.png,1,auto,,,0,failed,cannot be opened,,,,0,0,0,0",
]
TRUTH = """page,field,value
a.png,one,0012
a.png,two,346
a.png,three,77
a.png,four,41
a.png,five,5
a.png,six,
a.png,seven,
a.png,eight,1234
a.png,nine,999
a.png,ten,1?3
bad.png,one,5
"""
BOXES = """page,field,x1,y1,x2,y2
a.png,one,8,8,112,32
a.png,two,8,48,112,72
a.png,three,8,88,112,112
a.png,four,8,128,112,152
a.png,five,8,168,112,192
a.png,six,8,208,112,232
a.png,seven,8,248,112,272
a.png,eight,8,288,112,312
a.png,nine,400,400,500,420
a.png,ten,400,500,500,520
bad.png,one,8,8,112,32
"""


@pytest.fixture
def report(tmp_path: Path) -> dict[str, Any]:
    return evaluate(job_with(tmp_path, ROWS), truth_with(tmp_path, TRUTH, BOXES))


def test_every_rate_of_the_hand_made_job_is_the_one_known_by_hand(report: dict[str, Any]) -> None:
    # written: one two three four five eight nine and bad/one; blank: six seven
    assert report["counts"]["non_blank"] == 8
    assert report["counts"]["blank"] == 2
    assert report["counts"]["unreadable_in_truth"] == 1
    assert report["counts"]["on_failed_pages"] == 1
    assert counted(report["read"]) == (2, 8)
    assert counted(report["reject"]) == (2, 8)
    assert counted(report["found"]) == (5, 8)
    assert counted(report["numbers_called_blank"]) == (1, 8)
    assert counted(report["accuracy_nothing_rejected"]) == (2, 8)
    assert counted(report["blanks_read_as_numbers"]) == (1, 2)
    assert counted(report["blanks_accepted_as_numbers"]) == (1, 2)


def test_a_blank_box_accepted_as_a_number_counts_as_a_substitution(report: dict[str, Any]) -> None:
    # accepted and tied: one (right), two (wrong), six (blank on paper)
    assert counted(report["substitution"]) == (2, 3)
    assert report["substitution"]["low"] == pytest.approx(0.0943, abs=1e-4)
    assert report["substitution"]["high"] == pytest.approx(0.9916, abs=1e-4)


def test_the_halves_of_a_torn_number_are_accepted_extras_not_a_reading(
    report: dict[str, Any],
) -> None:
    assert report["extra_readings"] == 3
    assert report["extra_accepted"] == 2
    assert counted(report["substitution_with_extras"]) == (4, 5)
    lost = {row["field"]: row["why"] for row in report["not_found"] if row["page_file"] == "a.png"}
    assert lost == {"eight": "split over several readings", "nine": "missed"}


def test_a_crumb_beside_a_whole_number_does_not_unfind_it(tmp_path: Path) -> None:
    rows = [
        "a.png,1,auto,f,1234,0.99,accepted,,,,,10,10,90,20",
        "a.png,1,auto,g,1,0.2,review,low confidence,,,,103,22,6,8",
    ]
    job = job_with(tmp_path, rows)
    truth = truth_with(
        tmp_path,
        "page,field,value\na.png,one,1234\n",
        "page,field,x1,y1,x2,y2\na.png,one,8,8,112,32\n",
    )
    report = evaluate(job, truth)
    assert counted(report["accuracy_nothing_rejected"]) == (1, 1)
    assert (report["extra_readings"], report["extra_accepted"]) == (1, 0)


def test_one_reading_over_two_fields_answers_only_one_of_them(tmp_path: Path) -> None:
    job = job_with(tmp_path, ["a.png,1,auto,f,1234,0.99,accepted,,,,,10,10,210,20"])
    truth = truth_with(
        tmp_path,
        "page,field,value\na.png,left,12\na.png,right,34\n",
        "page,field,x1,y1,x2,y2\na.png,left,10,10,110,30\na.png,right,120,10,219,30\n",
    )
    report = evaluate(job, truth)
    assert counted(report["found"]) == (1, 2)
    assert counted(report["substitution"]) == (1, 1)
    assert report["not_found"][0]["why"] == "merged with another field"


def test_the_curve_reads_off_what_a_threshold_would_have_given(report: dict[str, Any]) -> None:
    # by confidence: one .99 right, two .98 wrong, six .97 wrong, three .60 right, four .40 wrong
    assert [(p["accepted"], p["wrong"], p["read"]) for p in report["curve"]] == [
        (1, 0, 1),
        (2, 1, 2),
        (3, 2, 2),
        (4, 2, 3),
        (5, 3, 4),
    ]
    at_one_percent = report["read_at"][0]
    assert counted(at_one_percent) == (1, 8)
    assert at_one_percent["note"] == "threshold chosen afterwards"


def test_readings_of_equal_confidence_are_accepted_together() -> None:
    points = curve([(0.9, True, True), (0.9, False, True), (0.5, True, True)], 3)
    assert [(p["threshold"], p["accepted"], p["wrong"]) for p in points] == [
        (0.9, 2, 1),
        (0.5, 3, 1),
    ]


def test_reasons_say_how_many_of_their_fields_were_truly_wrong(report: dict[str, Any]) -> None:
    assert report["by_reason"] == {
        "low confidence": {"fields": 2, "wrong": 1},
        "touching characters": {"fields": 1, "wrong": 1},
    }


def test_digits_are_aligned_so_that_a_lost_digit_costs_one(report: dict[str, Any]) -> None:
    # 0012=0012, 346~345, 77=77, 41~1, 5~(blank): 12 true digits, 9 right, 2 missing
    assert counted(report["digits"]["accuracy"]) == (9, 12)
    assert report["digits"]["missing"] == 2
    assert report["digits"]["extra"] == 0
    matrix = report["digits"]["confusion"]
    assert matrix["counts"][6][5] == 1
    assert matrix["counts"][4][matrix["columns"].index("missing")] == 1


def test_confusion_keeps_extra_and_foreign_characters_apart() -> None:
    matrix = confusion([("1", "7"), ("", "3"), ("4", "?"), ("5", "")])
    rows, columns = matrix["rows"], matrix["columns"]
    at = lambda r, c: matrix["counts"][rows.index(r)][columns.index(c)]  # noqa: E731
    assert (at("1", "7"), at("extra", "3"), at("4", "other"), at("5", "missing")) == (1, 1, 1, 1)
    assert sum(map(sum, matrix["counts"])) == 4


def test_alignment_uses_the_fewest_edits() -> None:
    assert align("1234", "124") == [("1", "1"), ("2", "2"), ("3", ""), ("4", "4")]
    assert align("12", "132") == [("1", "1"), ("", "3"), ("2", "2")]


def test_the_report_folder_holds_a_page_that_needs_no_other_file(tmp_path: Path) -> None:
    rows = [*ROWS, "a.png,1,auto,evil,<b>8</b>,0.1,review,,,,../../secret.png,400,400,100,20"]
    job = job_with(tmp_path, rows)
    Image.new("L", (9, 9)).save(tmp_path.parent / "secret.png")
    report = evaluate(job, truth_with(tmp_path, TRUTH, BOXES))
    page = (job / "report.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == 1
    assert "src=" not in page.replace('src="data:', "")
    assert "url(" not in page
    drawings = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert [ElementTree.fromstring(svg).attrib["aria-label"] for svg in drawings] == [
        "error-reject curve",
        "reliability diagram of fields",
        "confusion matrix",
    ]
    assert "&lt;b&gt;8&lt;/b&gt;" in page
    assert "<b>8</b>" not in page
    assert json.loads((job / "report.json").read_text(encoding="utf-8")) == report
    for name in ("confusion.png", "worst.png"):
        with Image.open(job / name) as picture:
            assert picture.width > 300


def test_the_worst_misreads_begin_with_the_surest_accepted_ones(report: dict[str, Any]) -> None:
    assert [m["field"] for m in report["misreads"]] == ["two", "six", "four"]
    assert report["misread"] == 3


def test_an_accepted_misread_is_worse_than_a_surer_rejected_one(tmp_path: Path) -> None:
    rows = [
        "a.png,1,f,x,10,0.99,review,wrong length,,,,0,0,9,9",
        "a.png,1,f,y,20,0.80,accepted,,,,,0,0,9,9",
    ]
    truth = truth_with(tmp_path, "page,field,value\na.png,x,11\na.png,y,21\n")
    report = evaluate(job_with(tmp_path, rows), truth)
    assert [m["field"] for m in report["misreads"]] == ["y", "x"]


def test_a_job_whose_tables_were_spoiled_is_refused_with_the_line(tmp_path: Path) -> None:
    job = job_with(tmp_path, ["a.png,1,f,x,10,high,accepted,,,,,0,0,9,9"])
    with pytest.raises(UsageError, match="line 2"):
        evaluate(job, truth_with(tmp_path, "page,field,value\na.png,x,11\n"))


def test_the_summary_prints_every_rate_with_its_counts(report: dict[str, Any]) -> None:
    text = summary(report)
    assert "25.00 % (2 of 8)" in text
    assert "66.67 % (2 of 3), 95 % interval 9.43 % to 99.16 %" in text
    assert len(text.splitlines()) <= 32


def test_a_job_with_nothing_accepted_has_no_substitution_rate(tmp_path: Path) -> None:
    job = job_with(tmp_path, ["a.png,1,f,x,10,0.2,review,low confidence,,,,0,0,9,9"])
    report = evaluate(job, truth_with(tmp_path, "page,field,value\na.png,x,10\n"))
    assert report["substitution"]["rate"] is None
    assert "none (0 of 0)" in summary(report)


def test_character_confidences_are_held_against_the_aligned_digits(tmp_path: Path) -> None:
    job = job_with(tmp_path, ["a.png,1,f,x,12,0.9,accepted,,,,,0,0,9,9"])
    (job / "characters.csv").write_text(
        "page_file,page,field,position,character,confidence\na.png,1,x,2,2,0.6\na.png,1,x,1,1,0.9\n"
    )
    report = evaluate(job, truth_with(tmp_path, "page,field,value\na.png,x,13\n"))
    calibration = report["digits"]["calibration"]
    assert calibration["count"] == 2
    assert calibration["ece"] == pytest.approx((0.1 + 0.6) / 2)


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [(0, 10, 0.0, 0.3085), (10, 10, 0.6915, 1.0), (5, 10, 0.1871, 0.8129), (0, 0, 0.0, 1.0)],
)
def test_the_interval_is_the_tabulated_one(count: int, of: int, low: float, high: float) -> None:
    assert clopper_pearson(count, of) == pytest.approx((low, high), abs=1e-4)


def test_the_interval_of_a_large_sample_encloses_its_rate_tightly() -> None:
    low, high = clopper_pearson(500, 100_000)
    assert 0.0045 < low < 0.005 < high < 0.0055


def test_both_binomial_tails_meet() -> None:
    total = binomial_tail(4, 30, 0.2, 1) + binomial_tail(3, 30, 0.2, -1)
    assert total == pytest.approx(1.0, abs=1e-12)


def test_the_mark_against_formulas_is_no_part_of_a_file_name(tmp_path):
    from formreader.evaluate_tables import read_table

    (tmp_path / "truth.csv").write_text("page,field,value\n'=1+1.png,'-a,'0012\n", "utf-8")
    [row] = read_table(tmp_path / "truth.csv", ("page", "field", "value"))
    assert row == {"page": "=1+1.png", "field": "-a", "value": "'0012"}


def test_a_misread_shows_the_second_choice_of_the_field_and_of_each_wrong_digit(
    tmp_path: Path,
) -> None:
    job = job_with(tmp_path, ["a.png,1,f,x,17,0.9,accepted,,11:0.07;77:0.02,,,0,0,9,9"])
    (job / "characters.csv").write_text(
        "page_file,page,field,position,character,confidence,second,second_confidence\n"
        "a.png,1,x,1,1,0.9,7,0.05\na.png,1,x,2,7,0.8,1,0.15\n"
    )
    report = evaluate(job, truth_with(tmp_path, "page,field,value\na.png,x,11\n"))
    [miss] = report["misreads"]
    assert (miss["second"], miss["second_confidence"]) == ("11", 0.07)
    assert miss["wrong_digits"] == [
        {
            "position": 2,
            "truth": "1",
            "read": "7",
            "confidence": 0.8,
            "second": "1",
            "second_confidence": 0.15,
        }
    ]
    page = (job / "report.html").read_text(encoding="utf-8")
    assert "place 2: 7 (0.800), then 1 (0.150)" in page
    assert "0.0700 ✓" in page
    assert "1<mark>7</mark>" in page


def test_every_rate_comes_with_its_exact_interval(report: dict[str, Any]) -> None:
    for name in ("read", "reject", "substitution", "accuracy_nothing_rejected", "found"):
        entry = report[name]
        assert (entry["low"], entry["high"]) == clopper_pearson(entry["count"], entry["of"])
    assert "low" not in report["read_at"][0]  # its threshold was chosen afterwards


def test_each_digit_is_rated_by_what_it_is_and_by_what_it_was_called(
    report: dict[str, Any],
) -> None:
    # true 6 was read as 5; the only other 5 of the truth was called blank
    digits = report["digits"]["by_digit"]
    assert counted(digits["6"]) == (0, 1)
    assert digits["6"]["taken_for"] == [["5", 1]]
    assert counted(digits["5"]["called"]) == (0, 1)
    assert counted(digits["0"]) == (2, 2)


def test_sure_readings_are_counted_against_what_their_confidence_allows() -> None:
    table = calibration_error([(0.95, True), (0.95, False), (0.6, True)])
    half, nine = table["sure"][:2]
    assert (half["expected_wrong"], counted(half["wrong"])) == (pytest.approx(0.5), (1, 3))
    assert (nine["expected_wrong"], counted(nine["wrong"])) == (pytest.approx(0.1), (1, 2))


def test_thresholds_of_one_spot_of_the_curve_share_a_mark() -> None:
    point = {"read_rate": 1.0, "substitution_rate": 0.0}
    svg = curve_svg([point], [("1 %", 1.0, 0.0), ("0.1 %", 1.0, 0.0)])
    assert svg.count("<circle") == 1
    assert "1 %, 0.1 %</text>" in svg


def test_a_job_read_with_another_model_does_not_show_the_bundled_ones_curves(
    tmp_path: Path,
) -> None:
    job = job_with(tmp_path, ["a.png,1,f,x,10,0.9,accepted,,,,,0,0,9,9"])
    (tmp_path / "scans").mkdir()
    Store.create(job).close()
    report = evaluate(job, truth_with(tmp_path, "page,field,value\na.png,x,10\n"))
    assert report["model"] is None
    assert '<section id="model">' not in (job / "report.html").read_text("utf-8")


def test_the_report_of_a_job_goes_where_it_is_asked_to(tmp_path: Path) -> None:
    job = job_with(tmp_path, ["a.png,1,f,x,10,0.9,accepted,,,,,0,0,9,9"])
    truth = truth_with(tmp_path, "page,field,value\na.png,x,10\n")
    evaluate(job, truth, out=tmp_path / "elsewhere" / "report")
    assert (tmp_path / "elsewhere" / "report" / "report.html").is_file()
    assert not (job / "report.html").exists()
