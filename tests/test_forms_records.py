"""Forms of several pages: which pages make one record, and rules that join its pages."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from formreader import export
from formreader.batch_records import check_records
from formreader.document import Character, PageResult, Reading, Reason, Rect, Status
from formreader.errors import FormError
from formreader.forms import FormDef, load_form
from formreader.forms_agreement import check_rules
from formreader.forms_complaints import complaint
from formreader.forms_records import Leaf, from_text, in_order, layout_of, layouts, records, to_text
from formreader.forms_rules import number_of, parse_rule, text_of
from formreader.store import Store
from formreader.store_schema import SourceFile

DEFINITION = """\
name = "claim"
page_mm = [210, 297]
rules = ["number = number_again", "from <= till"]

[[field]]
name = "number"
box = [10, 10, 40, 8]

[[field]]
name = "from"
type = "date"
box = [10, 30, 40, 8]

[[field]]
name = "number_again"
page = 2
box = [10, 10, 40, 8]

[[field]]
name = "till"
page = 2
type = "date"
box = [10, 30, 40, 8]
"""


@pytest.fixture
def definition(tmp_path: Path) -> Path:
    path = tmp_path / "claim.toml"
    path.write_text(DEFINITION, "utf-8")
    return path


def form(pages: int, across_files: bool = False) -> FormDef:
    fields = [{"name": f"f{n}", "page": n, "box": (1, 1, 9, 9)} for n in range(1, pages + 1)]
    held = {"name": "claim", "page_mm": (210, 297), "field": fields, "across_files": across_files}
    return FormDef.model_validate(held)


def joined(pile: str, pages: int = 2, across_files: bool = False) -> list[tuple[str, list[str]]]:
    """Join a pile such as `a1 a2 b?`: file and page of the form, `?` a page that failed."""
    leaves: list[Leaf] = []
    for file, part in pile.split():
        number = sum(leaf.page_file == file for leaf in leaves) + 1
        failure = "torn" if part == "?" else ""
        leaves.append(Leaf(file, number, failure, "claim", 0 if failure else int(part)))
    known = {"claim": layout_of(form(pages, across_files))}
    return [
        (" ".join(f"{leaf.page_file}{leaf.part or '?'}" for leaf in record.leaves), record.remarks)
        for record in records(leaves, known)
    ]


def test_the_pages_of_one_form_are_one_record() -> None:
    assert joined("a1 a2 a1 a2") == [("a1 a2", []), ("a1 a2", [])]


def test_a_form_of_which_a_page_is_missing_is_a_record_that_says_so() -> None:
    assert joined("a1 b2 c1 c2") == [
        ("a1", ["page 2 of the form is missing"]),
        ("b2", ["page 1 of the form is missing"]),
        ("c1 c2", []),
    ]
    assert joined("a1 a4", pages=4) == [("a1 a4", ["pages 2 and 3 of the form are missing"])]


@pytest.mark.parametrize("pile", ["a1 a1 a2", "a1 a2 a2"])
def test_where_a_page_is_there_twice_nobody_knows_whose_it_is_and_both_records_say_so(
    pile: str,
) -> None:
    for _, remarks in joined(pile):
        assert any("there twice in a row" in remark for remark in remarks)


def test_pages_in_the_wrong_order_are_never_joined() -> None:
    assert [pages for pages, _ in joined("a2 a1")] == ["a2", "a1"]


def test_an_unread_page_between_is_said_and_keeps_its_own_row() -> None:
    assert joined("a1 a? a2 a1 a2") == [
        ("a1 a2", ["page 2 of a could not be read"]),
        ("a?", []),
        ("a1 a2", []),
    ]
    assert joined("a1 a? b1 b2") == [
        ("a1", ["page 2 of the form is missing", "page 2 of a could not be read"]),
        ("a?", []),
        ("b1 b2", []),
    ]


def test_pages_with_one_between_that_is_not_read_yet_are_not_joined() -> None:
    known = {"claim": layout_of(form(2))}
    leaves = [Leaf("a", 1, "", "claim", 1), Leaf("a", 4, "", "claim", 2)]
    assert [record.remarks for record in records(leaves, known)] == [
        ["page 2 of the form is missing"],
        ["page 1 of the form is missing"],
    ]


def test_a_page_of_the_form_without_any_field_is_no_accepted_record() -> None:
    [record] = records([Leaf("a", 1, "", "claim")], {"claim": layout_of(form(2))})
    assert record.remarks


def test_pages_in_files_of_their_own_are_joined_only_where_the_definition_says_so() -> None:
    assert joined("a1 b2 c1 d2", across_files=True) == [("a1 b2", []), ("c1 d2", [])]
    assert len(joined("a1 b2")) == 2


def test_files_of_different_folders_are_never_joined() -> None:
    known = {"claim": layout_of(form(2, across_files=True))}
    leaves = [Leaf("x/1.png", 1, "", "claim", 1), Leaf("y/2.png", 1, "", "claim", 2)]
    assert len(list(records(leaves, known))) == 2


def test_a_job_keeps_what_it_must_know_of_records(definition: Path) -> None:
    known = layouts([definition])
    assert from_text(to_text(known)) == known
    assert known["claim"].rules == ("number = number_again", "from <= till")
    assert to_text({}) == ""


def test_joining_files_of_a_form_of_one_page_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "one.toml"
    path.write_text('name = "one"\npage_mm = [9, 9]\nacross_files = true\n[[field]]\nname = "a"\n'
                    "box = [1, 1, 5, 5]\n", "utf-8")  # fmt: skip
    with pytest.raises(FormError, match=r"line 3: across_files .* all fields lie on one page"):
        load_form(path)


def test_the_columns_of_a_record_go_page_by_page() -> None:
    known = {"claim": layout_of(form(3))}
    assert in_order(["f2", "other", "f1", "f3"], known) == ["f1", "f2", "f3", "other"]


# Rules across pages


def page(at: int, /, **values: str) -> PageResult:
    rect = Rect(0, 0, 5, 5)
    readings = [
        Reading(name, text, 0.99, Status.ACCEPTED if text else Status.BLANK, (),
                tuple(Character(c, 0.9, (), rect) for c in text), rect)
        for name, text in values.items()
    ]  # fmt: skip
    return PageResult("pile.pdf", at, "claim", tuple(readings))


def job(folder: Path, definition: Path, *pages: PageResult) -> list[dict[str, str]]:
    """Store pages, hold the rules that join them, and return the records."""
    with Store.create(folder) as store:
        store.set_settings({"form": "claim (1)", "records": to_text(layouts([definition]))})
        store.sync([SourceFile(Path("pile.pdf"), "pile.pdf", 1, 1)])
        for result in pages:
            store.add_page(result, {})
        check_records(store)
        check_records(store)
        export.write_tables(store)
    with (folder / "records.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_record_has_the_columns_of_all_its_pages(tmp_path: Path, definition: Path) -> None:
    first = {"number": "71", "from": "31012026"}
    second = {"number_again": "71", "till": "01022026"}
    found = job(tmp_path / "job", definition, page(1, **first), page(2, **second), page(3, **first))
    assert list(found[0]) == [
        *("page_file", "page", "status", "pages", "remark"),
        *("number", "from", "number_again", "till"),
    ]
    assert [tuple(row.values()) for row in found] == [
        ("pile.pdf", "1", "accepted", "1; 2", "", "71", "31012026", "71", "01022026"),
        *[("pile.pdf", "3", "review", "3", "page 2 of the form is missing",
           "71", "31012026", "", "")],
    ]  # fmt: skip


def test_a_rule_that_fails_across_pages_sends_the_fields_of_both_to_review(
    tmp_path: Path, definition: Path
) -> None:
    first = page(1, number="71", **{"from": "31012026"})
    second = page(2, number_again="77", till="01022026")
    [row] = job(tmp_path / "job", definition, first, second)
    assert (row["number"], row["number_again"], row["status"]) == ("71?", "77?", "review")
    assert (row["from"], row["till"]) == ("31012026", "01022026")
    with Store.open(tmp_path / "job") as store:
        doubted = {f.field: f.reasons for f in store.fields() if f.status is Status.REVIEW}
    assert doubted == {"number": (str(Reason.RULE),), "number_again": (str(Reason.RULE),)}


def test_pages_of_two_persons_are_not_held_against_each_other(
    tmp_path: Path, definition: Path
) -> None:
    found = job(tmp_path / "job", definition, page(1, number="71"), page(2, number="72"))
    assert [row["number"] for row in found] == ["71", "72"]


# Dates in rules


@pytest.mark.parametrize(
    ("order", "text", "number"),
    [("DDMMYYYY", "31012026", 20260131), ("YYMMDD", "260131", 20260131), (None, "0070", 70)],
)
def test_dates_count_by_the_calendar_in_rules(order: str | None, text: str, number: int) -> None:
    assert number_of(text, order) == number
    assert text_of(number, order, len(text)) == text


def test_dates_in_the_right_order_agree_also_where_their_digits_do_not() -> None:
    readings = page(1, a="31012026", b="01022026").readings
    rule, orders = parse_rule("a <= b"), {"a": "DDMMYYYY", "b": "DDMMYYYY"}
    assert check_rules(list(readings), [rule], orders) == list(readings)
    late = page(1, a="01022026", b="31012026").readings
    assert all(r.reasons == (Reason.RULE,) for r in check_rules(list(late), [rule], orders))


def test_a_date_that_is_not_filled_in_breaks_no_order() -> None:
    readings = list(page(1, a="31012026", b="").readings)
    orders = {"a": "DDMMYYYY", "b": "DDMMYYYY"}
    assert check_rules(readings, [parse_rule("a <= b")], orders) == readings


def test_a_value_typed_against_the_order_of_dates_is_complained_of(definition: Path) -> None:
    claim = load_form(definition)
    assert not complaint(claim, "from", "31012026", {"till": "01022026"})
    assert "from <= till" in complaint(claim, "from", "02022026", {"till": "01022026"})
