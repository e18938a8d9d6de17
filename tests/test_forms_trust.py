"""A sum that holds vouches for its doubtful fields, unless the same misreading could repeat."""

from __future__ import annotations

import pytest

from formreader.document import Reading, Reason, Rect, Status
from formreader.forms_rules import parse_rule
from formreader.forms_trust import PROVED, trust_sums

NAMES = ("a", "b", "total")


def reading(
    field: str, text: str, confidence: float, reasons: tuple[Reason, ...] = (Reason.LOW_CONFIDENCE,)
) -> Reading:
    status = Status.REVIEW if reasons else Status.ACCEPTED if text else Status.BLANK
    return Reading(field, text, confidence, status, reasons, (), Rect(0, 0, 5, 5))


def accepted(
    a: Reading, b: Reading, total: Reading, rule: str = "total = a + b", max_error: float = 0.01
) -> str:
    found = trust_sums([a, b, total], [parse_rule(rule)], NAMES, max_error)
    return " ".join(r.field for r in found if r.status is Status.ACCEPTED)


def test_a_sum_that_holds_vouches_for_its_fields() -> None:
    given = [reading("a", "38", 0.9), reading("b", "45", 0.6), reading("total", "83", 0.8)]
    found = trust_sums(given, [parse_rule("total = a + b")], NAMES, 0.01)
    assert all(r.status is Status.ACCEPTED and r.reasons == () for r in found)
    assert {r.confidence for r in found} == {PROVED}


def test_a_sum_that_fails_vouches_for_nothing() -> None:
    a, b, total = reading("a", "38", 0.9), reading("b", "45", 0.9), reading("total", "84", 0.9)
    assert accepted(a, b, total) == ""


def test_a_digit_that_stands_in_part_and_total_could_be_misread_alike_in_both() -> None:
    # the hand wrote 687 twice
    a, b, total = reading("a", "617", 0.85), reading("b", "0", 0.97), reading("total", "617", 0.9)
    assert accepted(a, b, total) == "b"
    a, b, total = reading("a", "193", 0.9), reading("b", "1102", 0.9), reading("total", "1295", 0.9)
    assert accepted(a, b, total) == ""


def test_an_empty_part_makes_the_sum_an_equation_that_proves_nothing() -> None:
    empty = reading("b", "", 1.0, ())
    assert accepted(reading("a", "617", 0.85), empty, reading("total", "617", 0.9)) == ""


@pytest.mark.parametrize("reason", [Reason.SPILT, Reason.STRUCK_OUT, Reason.NARROWED, Reason.RULE])
def test_another_doubt_than_low_confidence_stays(reason: Reason) -> None:
    a = reading("a", "38", 0.9, (reason, Reason.LOW_CONFIDENCE))
    assert accepted(a, reading("b", "45", 0.9), reading("total", "83", 0.9)) == "b total"


def test_a_reading_that_is_hardly_believed_stays_in_review() -> None:
    a, b, total = reading("a", "38", 0.4), reading("b", "45", 0.9), reading("total", "83", 0.9)
    assert accepted(a, b, total) == "b total"


@pytest.mark.parametrize("rule", ["total >= a + b", "total = a + a", "total = a"])
def test_only_sums_of_three_fields_and_more_vouch(rule: str) -> None:
    a, b, total = reading("a", "38", 0.9), reading("b", "45", 0.9), reading("total", "83", 0.9)
    if rule == "total = a + a":
        total = reading("total", "76", 0.9)
    assert accepted(a, b, total, rule) == ""


def test_fields_outside_boxes_are_not_vouched_for() -> None:
    given = [reading("a", "38", 0.9), reading("b", "45", 0.6), reading("total", "83", 0.8)]
    assert trust_sums(given, [parse_rule("total = a + b")], (), 0.01) == given


def test_nothing_is_accepted_for_a_stricter_rate_than_was_shown() -> None:
    a, b, total = reading("a", "38", 0.9), reading("b", "45", 0.6), reading("total", "83", 0.8)
    assert accepted(a, b, total, max_error=0.001) == ""
