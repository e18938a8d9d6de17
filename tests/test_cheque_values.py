"""Dates, amounts and records of cheques, without a picture of one."""

from __future__ import annotations

import math
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formreader.cheque_amounts import AmountGrammar, Way, way_of
from formreader.cheque_closing import Tail
from formreader.cheque_marks import Mark
from formreader.cheque_profiles import INDIA, US
from formreader.cheque_values import (
    amount_text,
    borders,
    clear,
    dates_between,
    grouping_cost,
    minor_units,
    real_date,
)
from formreader.document import Candidate, Rect, Status
from formreader.export import final, score
from formreader.export_cheques import records
from formreader.store_schema import Field

COMMA, POINT, LOW_STROKE = Mark(0, False, False), Mark(0, True, False), Mark(0, False, True)
IN_PIECES = Mark(0, False, False, True)


def way(text: str, ours: float, theirs: float | None = None) -> Way:
    return way_of(text, Candidate(text, ours, ()), theirs)


def best(grammar: AmountGrammar, groups: list[list[Way]]) -> str:
    return grammar.join(groups)[0][0].text


def grouped(digits: str, sizes: tuple[int, ...]) -> list[int]:
    """Return the separators of an amount that was written with all of them."""
    return borders(sizes, len(digits), False)


@pytest.mark.parametrize(
    ("digits", "order", "found"),
    [
        ("29022024", "DMY", date(2024, 2, 29)),
        ("29022023", "DMY", None),
        ("02292024", "MDY", date(2024, 2, 29)),
        ("00012024", "DMY", None),
        ("1012024", "DMY", None),
    ],
)
def test_only_dates_of_the_calendar_are_dates(digits: str, order: str, found: date | None) -> None:
    assert real_date(digits, order) == found


@given(st.dates(date(2000, 1, 1), date(2030, 1, 1)), st.sampled_from(["DMY", "MDY", "YMD"]))
def test_every_date_is_found_again_in_its_order(day: date, order: str) -> None:
    [written] = dates_between(day, day, order)
    assert real_date(written, order) == day


def test_separators_stand_where_lakhs_and_thousands_have_them() -> None:
    assert borders((3, 2), 9, False) == [3, 5, 7]
    assert borders((3,), 9, True) == [2, 5, 8]


@given(st.integers(1, 10**9))
def test_an_amount_with_all_its_separators_costs_nothing_and_is_clear(value: int) -> None:
    digits = str(value)
    separators = grouped(digits, (3, 2))
    assert grouping_cost(separators, len(digits), INDIA) == 0
    assert clear(digits, separators, INDIA) or not separators


@pytest.mark.parametrize(
    ("digits", "separators"),
    [
        ("421020", []),  # a comma in 42,020 that was read as a 1
        ("2160000", [3, 6]),  # the same in 2,60,000, which the thousands then seem to fit
        ("121100000", [3]),
        ("1211131000", []),  # two of the 1s in 12,13,000 might be commas
        ("1234", [2, 3]),
    ],
)
def test_a_stroke_that_may_be_a_separator_is_left_to_a_person(
    digits: str, separators: list[int]
) -> None:
    assert not clear(digits, separators, INDIA)


def test_a_point_before_two_last_digits_parts_the_minor_units() -> None:
    assert amount_text("123456", [2, 5]) == "1234.56"
    assert clear("123456", [2, 5], US)
    assert amount_text("123456", [3]) == "123456"


@given(st.integers(0, 10**9), st.integers(0, 99))
def test_minor_units_are_hundredths(whole: int, part: int) -> None:
    assert minor_units(f"{whole}.{part:02d}") == str(100 * whole + part)
    assert minor_units(str(whole)) == str(100 * whole)


@pytest.mark.parametrize("text", ["", "?", "1.234", "12a"])
def test_what_is_no_amount_has_no_minor_units(text: str) -> None:
    assert minor_units(text) == ""


def test_groups_of_the_right_length_win_over_slightly_likelier_ones() -> None:
    grammar = AmountGrammar(INDIA, Tail.NONE, [COMMA] * 2)
    groups = [[way("2", 0)], [way("60", 0)], [way("00", 0), way("000", -1)]]
    assert best(grammar, groups) == "260000"
    assert grammar.separators("260000") == [3, 5]
    assert grammar.clear("260000")


def test_a_1_in_the_place_of_a_comma_is_taken_for_one_and_shown_to_a_person() -> None:
    grammar = AmountGrammar(INDIA, Tail.NONE, [COMMA])
    text = best(grammar, [[way("42140", 0)], [way("000", 0)]])
    assert text == "4240000"
    assert not grammar.clear(text)


def test_the_last_stroke_before_a_dash_may_be_a_slash_and_is_never_sure() -> None:
    grammar = AmountGrammar(INDIA, Tail.DASH, [COMMA])
    text = best(grammar, [[way("74", 0)], [way("0301", 0)]])
    assert text == "74030"
    assert not grammar.clear(text)


@pytest.mark.parametrize(
    ("text", "tail", "marks", "is_clear"),
    [
        (("2", "55", "000"), Tail.DASH, [COMMA, COMMA], True),  # separators count the digits
        (("255000",), Tail.DASH, [], True),  # no slash looks like a 0
        (("255007",), Tail.DASH, [], False),
        (("2", "55", "007"), Tail.DASH, [COMMA, COMMA], False),  # 2,55,000/ in one stroke
        (("2", "55", "001"), Tail.JOINED_STROKE, [COMMA, COMMA], False),
        (("2", "55", "005"), Tail.JOINED_STROKE, [COMMA, COMMA], True),
        (("2550",), Tail.DASH_AND_STROKE, [], False),  # 25501-
        (("2", "550"), Tail.DASH_AND_STROKE, [COMMA], True),
        (("28031",), Tail.LONG_STROKE, [], False),  # 2803/
        (("28317",), Tail.NONE, [], False),  # a point may touch a digit
        (("28317",), Tail.DASH_AND_SLASH, [], True),  # no separator stands before two digits
        (("28317",), Tail.LONG_STROKE, [], False),
        (("663",), Tail.JOINED_DASH, [], False),  # the dash may be the bar of a 5
        (("663", "85"), Tail.JOINED_DASH, [POINT], False),
        (("2", "663"), Tail.JOINED_DASH, [COMMA], True),
        (("2", "800"), Tail.NONE, [LOW_STROKE], False),  # 21800
        (("2", "80", "000"), Tail.NONE, [LOW_STROKE, COMMA], True),
        (("12", "34"), Tail.NONE, [POINT], True),
        (("12", "34"), Tail.NONE, [COMMA], False),  # 12,34 is no amount
        (("12", "34"), Tail.DASH_AND_SLASH, [POINT], False),
        (("2", "80", "500"), Tail.NONE, [COMMA, IN_PIECES], False),  # a pale digit
    ],
)
def test_an_amount_is_clear_only_where_marks_prove_its_digits(
    text: tuple[str, ...], tail: Tail, marks: list[Mark], is_clear: bool
) -> None:
    grammar = AmountGrammar(INDIA, tail, marks)
    read = best(grammar, [[way(group, 0)] for group in text])
    assert (read, grammar.clear(read)) == ("".join(text), is_clear)


def test_separators_that_fit_make_the_strip_reader_surer_and_none_leave_it_as_it_was() -> None:
    last = [way("000", 0, math.log(0.6)), way("0000", 0, math.log(0.3))]
    _, with_comma = AmountGrammar(INDIA, Tail.NONE, [COMMA]).join([[way("27", 0, 0.0)], last])
    some = [way("505", 0, math.log(0.6)), way("5005", 0, math.log(0.3))]
    _, alone = AmountGrammar(INDIA, Tail.NONE, []).join([some])
    assert with_comma[0][0] == "27000"
    assert 0.8 < math.exp(with_comma[0][1]) < 0.9  # 0.1 of the strings are not known
    assert math.exp(dict(alone)["505"]) == pytest.approx(0.6)
    assert sum(math.exp(score) for _, score in with_comma) <= 1


def test_many_specks_taken_for_points_cost_no_time() -> None:
    groups = [[way(str(n), -n) for n in range(1, 8)] for _ in range(14)]
    assert best(AmountGrammar(INDIA, Tail.NONE, [POINT] * 13), groups) == "1" * 14


def test_a_group_that_nobody_could_read_leaves_no_amount() -> None:
    assert AmountGrammar(INDIA, Tail.NONE, [COMMA]).join([[way("74", 0)], []]) == ([], [])


def field(name: str, value: str, status: Status, id_: int = 1) -> Field:
    place = {"page_file": "a.jpg", "page": 1, "form": "cheque", "failure": "", "snippet": ""}
    return Field(
        id=id_, field=name, value=value, confidence=0.5, status=status, reasons=(),
        alternatives=(), rect=Rect(0, 0, 1, 1), meaning=None, person_value="", **place,
    )  # fmt: skip


def test_records_have_a_row_for_every_cheque_of_a_page() -> None:
    fields = [
        field("1/amount", "1200", Status.ACCEPTED),
        field("2/amount", "74.5", Status.REVIEW, 2),
        field("2/amount_words", "", Status.REVIEW, 3),
        field("2/date", "03012024", Status.ACCEPTED, 4),
    ]
    columns, rows = records([("a.jpg", 1, ""), ("b.jpg", 1, "back")], fields, final, score)
    assert columns[:7] == (
        *("page_file", "page", "cheque", "status"),
        *("amount", "amount_minor", "amount_confidence"),
    )
    assert [list(row) for row in rows] == [
        ["a.jpg", 1, 1, "accepted", "1200", "120000", "0.5000", "", ""],
        ["a.jpg", 1, 2, "review", "74.5?", "7450?", "0.5000", "03012024", "0.5000"],
        ["b.jpg", 1, "", "failed", "", "", "", "", ""],
    ]


def test_decimals_stay_where_the_bar_of_the_last_digit_looks_like_a_dash() -> None:
    grammar = AmountGrammar(INDIA, Tail.JOINED_DASH, [POINT])
    text = best(grammar, [[way("663050", 0)], [way("85", 0), way("850", -4)]])
    assert amount_text(text, grammar.separators(text)) == "663050.85"


def test_zeros_at_the_end_win_over_slightly_likelier_digits_and_over_no_likely_ones() -> None:
    for lead, read in ((-2.0, "27000"), (-9.0, "27070")):
        last = [way("070", 0), way("000", lead)]
        assert best(AmountGrammar(INDIA, Tail.NONE, [COMMA]), [[way("27", 0)], last]) == read


@pytest.mark.parametrize("text", ["25003", "25007"])
def test_zeros_do_not_make_the_digit_after_them_a_slash(text: str) -> None:
    assert best(AmountGrammar(INDIA, Tail.DASH, []), [[way(text, 0)]]) == text
