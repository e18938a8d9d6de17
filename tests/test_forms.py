"""Form definitions: what is refused and with which line; checks, dates, rules across fields."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from formreader.document import Character, Reading, Reason, Rect, Status
from formreader.errors import FormError
from formreader.forms import FieldDef, load_form
from formreader.forms_agreement import check_rules
from formreader.forms_checks import CHECKS, weighted
from formreader.forms_rules import parse_rule

GOOD = """\
name = "order"
page_mm = [210, 297]
rules = ["total = a + b"]

[[field]]
name = "a"
box = [10, 10, 40, 8]

[[field]]
name = "b"
box = [10, 30, 40, 8]

[[field]]
name = "total"
box = [10, 50, 40, 8]
length = [1, 4]
"""


def refused(tmp_path: Path, text: str) -> str:
    path = tmp_path / "form.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(FormError) as caught:
        load_form(path)
    assert caught.value.exit_code == 3
    return str(caught.value)


def test_a_good_definition_is_read(tmp_path: Path) -> None:
    path = tmp_path / "form.toml"
    path.write_text(GOOD, "utf-8")
    form = load_form(path)
    assert [field.name for field in form.fields] == ["a", "b", "total"]
    assert form.parsed_rules()[0].names == ["total", "a", "b"]


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("length = [1, 4]", "lenght = 4", 16, "“lenght” is not known"),
        ("box = [10, 30, 40, 8]", "box = [10, 12, 40, 8]", 11, "“a” and “b” overlap"),
        ("box = [10, 50, 40, 8]", "box = [190, 50, 40, 8]", 15, "reaches off the page"),
        ("total = a + b", "total = a + c", 3, "names no field of the form: “c”"),
        ("total = a + b", "total + a", 3, "is not understood"),
        ('name = "b"', 'name = "a"', 10, "two fields called “a”"),
        ("length = [1, 4]", 'length = 3\npattern = "[0-9]{5}"', 16, "contradicts the pattern"),
        ("page_mm = [210, 297]", "", 1, "page size is missing"),
        ("length = [1, 4]", 'checks = ["lune"]', 16, "“lune” is not one of"),
        ("length = [1, 4]", 'kind = "kombi"', 16, "kind"),
        ("length = [1, 4]", 'type = "text"', 16, '“text” is for kind = "barcode"'),
        ("rules =", 'code = "F7-("\nrules =', 3, "“F7-(” is no regular expression"),
    ],
)
def test_a_wrong_definition_is_refused_with_its_line(
    tmp_path: Path, old: str, new: str, line: int, said: str
) -> None:
    sentence = refused(tmp_path, GOOD.replace(old, new))
    assert f"line {line}:" in sentence
    assert said in sentence


def test_a_form_that_names_codes_names_one_for_each_page(tmp_path: Path) -> None:
    text = GOOD.replace("rules =", 'code = ["F7-1"]\nrules =').replace('"b"', '"b"\npage = 2')
    assert "line 3: code names 1 pages, but the form has 2" in refused(tmp_path, text)


def test_a_definition_that_is_not_there_is_named_with_the_command_that_makes_one(
    tmp_path: Path,
) -> None:
    with pytest.raises(FormError, match=r"There is no form definition .*form draft"):
        load_form(tmp_path / "meter.toml")


def test_a_file_that_is_no_toml_is_refused(tmp_path: Path) -> None:
    assert "not correct TOML" in refused(tmp_path, "name = ")


@pytest.mark.parametrize(
    ("check", "right", "wrong"),
    [
        ("luhn", "4111111111111111", "4111111111111112"),
        ("mod97", "3214282912345698765432161182", "3214282912345698765432161128"),
        ("mod11", "0306406152", "0306406125"),
        ("aba", "021000021", "021000012"),
        ("ean", "4006381333931", "4006381333913"),
        ("verhoeff", "2363", "2336"),
    ],
)
def test_a_check_digit_tells_a_number_from_its_twin(check: str, right: str, wrong: str) -> None:
    assert CHECKS[check](right)
    assert not CHECKS[check](wrong)


def test_weights_given_in_the_form_are_a_check() -> None:
    assert weighted("181", (1, 2, 3), 10)
    assert not weighted("182", (1, 2, 3), 10)


def field(**more: object) -> FieldDef:
    return FieldDef.model_validate({"name": "f", "box": (1, 1, 50, 8), **more})


@pytest.mark.parametrize(
    ("definition", "fits", "misfits"),
    [
        ({"type": "date"}, "29022024", "29022023"),
        ({"type": "date", "order": "YYMMDD"}, "240229", "241301"),
        ({"type": "time"}, "2359", "2460"),
        ({"range": (0, 500)}, "500", "501"),
        ({"pattern": "7[0-9]+"}, "70", "17"),
        ({"allowed": ("101", "205")}, "205", "206"),
        ({"length": 4}, "0123", "123"),
    ],
)
def test_only_what_the_form_allows_fits(
    definition: dict[str, object], fits: str, misfits: str
) -> None:
    assert field(**definition).fits(fits)
    assert not field(**definition).fits(misfits)


def reading(name: str, text: str, *alternatives: tuple[str, float]) -> Reading:
    rect = Rect(0, 0, 5, 5)
    characters = tuple(Character(c, 0.9, (), rect) for c in text)
    return Reading(name, text, 0.9, Status.ACCEPTED, (), characters, rect, alternatives)


def test_a_sum_that_does_not_hold_goes_to_review_with_the_likeliest_correction() -> None:
    readings = [reading("a", "123"), reading("b", "57", ("67", 0.4)), reading("total", "190")]
    checked = {r.field: r for r in check_rules(readings, [parse_rule("total = a + b")])}
    assert all(r.status is Status.REVIEW for r in checked.values())
    assert all(r.reasons[0] is Reason.RULE for r in checked.values())
    assert checked["b"].alternatives[0][0] == "67"
    assert checked["b"].text == "57"


def test_a_field_next_to_one_that_explains_a_failing_sum_stays_as_it_was_read() -> None:
    doubtful = replace(reading("b", "57"), confidence=0.3, status=Status.REVIEW)
    a, total = (
        replace(reading(*given), confidence=0.999) for given in (("a", "123"), ("t", "190"))
    )
    checked = check_rules([a, doubtful, total], [parse_rule("t = a + b")])
    assert [r.status for r in checked] == [Status.ACCEPTED, Status.REVIEW, Status.ACCEPTED]
    assert checked[1].reasons == (Reason.RULE,)


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        pytest.param(("919", "57", "76"), "t = a + b", id="it-would-be-negative"),
        pytest.param(("1234", "7", "99"), "t = a + b", id="it-would-be-longer-by-far"),
        pytest.param(("919", "57", "76"), "a <= t - b", id="only-compared"),
    ],
)
def test_a_doubtful_field_that_cannot_make_a_rule_hold_takes_no_blame(
    values: tuple[str, str, str], rule: str
) -> None:
    fields = [reading(name, value) for name, value in zip("abt", values, strict=True)]
    sure = [replace(field, confidence=0.9985) for field in fields]
    doubtful = replace(sure[1], confidence=0.3, status=Status.REVIEW)
    checked = check_rules([sure[0], doubtful, sure[2]], [parse_rule(rule)])
    assert [r.status for r in checked] == [Status.REVIEW] * 3


def test_all_fields_of_a_failing_sum_are_suspect_where_none_was_in_doubt() -> None:
    sure = [
        replace(reading(*given), confidence=1.0) for given in (("a", "1"), ("b", ""), ("t", "3"))
    ]
    checked = check_rules(sure, [parse_rule("t = a + b")])
    assert all(r.status is Status.REVIEW for r in checked)


def test_a_sum_that_holds_changes_nothing() -> None:
    readings = [reading("a", "123"), reading("b", "67"), reading("total", "190")]
    assert check_rules(readings, [parse_rule("total = a + b")]) == readings


def test_the_order_of_two_fields_is_a_rule() -> None:
    readings = [reading("a", "5"), reading("b", "3")]
    checked = check_rules(readings, [parse_rule("a <= b")])
    assert [r.status for r in checked] == [Status.REVIEW, Status.REVIEW]


def test_a_definition_without_fields_says_so_and_one_with_a_wrong_field_names_that(
    tmp_path: Path,
) -> None:
    path = tmp_path / "form.toml"
    path.write_text('name = "f"\npage_mm = [210, 297]\n', "utf-8")
    with pytest.raises(FormError) as none:
        load_form(path)
    assert "field" in str(none.value)
    path.write_text('name = "f"\npage_mm = [210, 297]\nfield = []\n', "utf-8")
    with pytest.raises(FormError, match=r"no \[\[field\]\] is defined"):
        load_form(path)
    path.write_text('name = "f"\npage_mm = [210, 297]\n[[field]]\nname = "7"\n', "utf-8")
    with pytest.raises(FormError) as wrong:
        load_form(path)
    assert "no [[field]]" not in str(wrong.value)
    assert "at least 1 item" not in str(wrong.value)
