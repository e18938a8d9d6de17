"""Deciding: what is accepted, what goes to a person and why, what is blank."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formreader.document import Character, Reason, Rect, Status
from formreader.validate import DOUBT_LIMIT, Evidence, validate

PLACE = Rect(0, 0, 10, 20)
SURE = Evidence(
    text="42",
    confidence=0.99,
    characters=(Character("4", 0.99, (), PLACE), Character("2", 0.99, (), PLACE)),
    has_ink=True,
    contrast=90.0,
    doubt=0.0,
)
NOT_QUITE_A_DIGIT = (Character("4", 0.4, (("?", 0.35), ("9", 0.2)), PLACE),)


def test_a_sure_reading_is_accepted_without_a_word() -> None:
    assert validate(SURE, 0.95) == (Status.ACCEPTED, ())


def test_a_reading_at_the_threshold_is_accepted() -> None:
    assert validate(replace(SURE, confidence=0.95), 0.95)[0] is Status.ACCEPTED


def test_no_ink_is_blank_whatever_else_is_said() -> None:
    blank = replace(SURE, text="", confidence=0.0, has_ink=False, doubt=0.9, gaps=2)
    assert validate(blank, None) == (Status.BLANK, ())


def test_nothing_is_accepted_where_nothing_can_be_promised() -> None:
    status, reasons = validate(replace(SURE, confidence=1.0), None)
    assert status is Status.REVIEW
    assert reasons == (Reason.LOW_CONFIDENCE,)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"confidence": 0.94}, Reason.LOW_CONFIDENCE),
        ({"text": "", "characters": ()}, Reason.NOT_A_DIGIT),
        ({"passed": 1}, Reason.STRUCK_OUT),
        ({"doubt": 0.51}, Reason.NOT_A_FIELD),
        ({"agree": False}, Reason.READERS_DISAGREE),
        ({"spilt": 1}, Reason.SPILT),
        ({"edge": True}, Reason.LINE_OR_ONE),
        ({"paler": True}, Reason.PALER),
        ({"gaps": 1}, Reason.EMPTY_BOX_INSIDE),
    ],
)
def test_each_doubt_alone_sends_a_sure_reading_to_review(
    change: dict[str, Any], reason: Reason
) -> None:
    assert validate(replace(SURE, **change), 0.95) == (Status.REVIEW, (reason,))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"touching": 2}, Reason.TOUCHING),
        ({"contrast": 15.0}, Reason.FAINT),
        ({"characters": NOT_QUITE_A_DIGIT}, Reason.NOT_A_DIGIT),
    ],
)
def test_a_hint_is_told_with_a_doubt_but_stops_nothing_by_itself(
    change: dict[str, Any], reason: Reason
) -> None:
    assert validate(replace(SURE, **change), 0.95) == (Status.ACCEPTED, ())
    doubtful = replace(SURE, confidence=0.5, **change)
    assert validate(doubtful, 0.95) == (Status.REVIEW, (Reason.LOW_CONFIDENCE, reason))


def test_ink_that_is_no_number_says_so_once() -> None:
    ink = replace(SURE, text="", characters=NOT_QUITE_A_DIGIT, passed=3, confidence=0.0)
    _, reasons = validate(ink, 0.95)
    assert reasons.count(Reason.NOT_A_DIGIT) == 1
    assert Reason.STRUCK_OUT not in reasons


def test_reasons_come_in_the_order_of_their_weight() -> None:
    worst = replace(
        SURE,
        passed=1,
        doubt=0.9,
        gaps=1,
        spilt=1,
        confidence=0.1,
        touching=1,
        agree=False,
        contrast=12.0,
    )
    assert validate(worst, 0.95)[1] == (
        Reason.STRUCK_OUT,
        Reason.NOT_A_FIELD,
        Reason.READERS_DISAGREE,
        Reason.SPILT,
        Reason.EMPTY_BOX_INSIDE,
        Reason.LOW_CONFIDENCE,
        Reason.TOUCHING,
        Reason.FAINT,
    )


@given(st.floats(0, 1), st.none() | st.floats(0, 1))
def test_what_the_readers_disagree_on_is_never_accepted(
    confidence: float, threshold: float | None
) -> None:
    disputed = replace(SURE, confidence=confidence, agree=False)
    status, reasons = validate(disputed, threshold)
    assert status is Status.REVIEW
    assert reasons[0] is Reason.READERS_DISAGREE


@given(
    text=st.text("0123456789", max_size=4),
    confidence=st.floats(0, 1),
    has_ink=st.booleans(),
    doubt=st.floats(0, 1),
    passed=st.integers(0, 2),
    gaps=st.integers(0, 2),
    spilt=st.integers(0, 2),
    agree=st.booleans(),
    threshold=st.none() | st.floats(0, 1),
)
def test_nothing_unsure_spoilt_or_disputed_is_ever_accepted(
    text: str,
    confidence: float,
    has_ink: bool,
    doubt: float,
    passed: int,
    gaps: int,
    spilt: int,
    agree: bool,
    threshold: float | None,
) -> None:
    evidence = Evidence(text, confidence, (), has_ink, 90.0, doubt, passed, 0, gaps, spilt, agree)
    status, reasons = validate(evidence, threshold)
    if status is Status.ACCEPTED:
        assert has_ink
        assert text
        assert threshold is not None
        assert confidence >= threshold
        assert passed == 0
        assert gaps == 0
        assert spilt == 0
        assert agree
        assert doubt <= DOUBT_LIMIT
    assert bool(reasons) == (status is Status.REVIEW)
    assert len(set(reasons)) == len(reasons)
