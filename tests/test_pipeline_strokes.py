"""A plain stroke is a 1, a slash or a bracket: what may be none of the number goes to a person."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from formreader.document import (
    Character,
    FieldImage,
    FieldSpec,
    Kind,
    Reading,
    Reason,
    Rect,
    Status,
)
from formreader.pipeline_dates import as_date, spells_date
from formreader.pipeline_judge import Cut
from formreader.pipeline_printed import without_printed_strokes
from formreader.pipeline_strokes import (
    doubted_strokes,
    judge_strokes,
    not_a_one,
    outgrown,
    slashes_in_line,
)
from formreader.segment import Lattice


def characters(text: str, heights: list[int]) -> list[Character]:
    return [
        Character(symbol, 0.99, (), Rect(20 * at, 0, 12, high))
        for at, (symbol, high) in enumerate(zip(text, heights, strict=True))
    ]


@pytest.mark.parametrize(
    ("read", "is_date"),
    [
        ("281912013", True),  # 28/9/2013
        ("31412019", True),  # 3/4/2019
        ("121311119", True),  # 12/31/19 in the other order
        ("2024111105", True),  # 2024/11/05
        ("20241112105", False),  # a day has two digits at most
        ("3214199", False),  # there is no 32nd
        ("281132013", False),  # month 13 and day 28: no date
        ("1512", False),
        ("111", False),
        ("", False),
    ],
)
def test_a_number_that_spells_a_date_with_1s_for_slashes_is_told(read: str, is_date: bool) -> None:
    assert spells_date(read) is is_date


@given(st.dates(), st.sampled_from(["{d}1{m}1{y}", "{d:02}1{m:02}1{y}", "{m}1{d}1{y}"]))
def test_every_date_with_slashes_read_as_1s_is_told(day: object, pattern: str) -> None:
    year = f"{day.year:04}"  # type: ignore[attr-defined]
    text = pattern.format(d=day.day, m=day.month, y=year)  # type: ignore[attr-defined]
    assert spells_date(text)


@pytest.mark.parametrize(
    ("read", "heights", "tall"),
    [
        ("120180", [30, 30, 30, 42, 30, 30], True),
        ("12498", [42, 30, 30, 30, 30], False),  # a first 1 is often taller
        ("12491048", [42, 30, 30, 30, 41, 30, 30, 30], True),  # (249) 048
        ("161", [42, 30, 42], True),  # (6)
        ("180", [36, 30, 30], False),
        ("207", [30, 30, 50], False),
        ("11", [40, 41], False),
        ("1", [40], False),
        ("", [], False),
    ],
)
def test_a_1_much_taller_than_the_digits_after_others_may_be_a_slash_or_bracket(
    read: str, heights: list[int], tall: bool
) -> None:
    assert outgrown(characters(read, heights)) is tall


def number(text: str) -> Reading:
    spelt = tuple(characters(text, [30] * len(text)))
    others = (("7", 0.01), ("8", 0.005))
    return Reading("f", text, 0.9, Status.REVIEW, (), spelt, Rect(0, 0, 9, 9), others)


def test_the_slashes_of_a_date_are_none_of_its_digits() -> None:
    date = as_date(number("0910811967"), None)
    assert date.text == "".join(c.text for c in date.characters) == "09081967"
    assert date.alternatives[0][0] == "0910811967"
    assert date.confidence < 0.9


def test_a_short_number_keeps_its_1s_and_the_date_is_offered() -> None:
    assert as_date(number("212179"), None).text == "212179"
    assert as_date(number("212179"), None).alternatives[0][0] == "2279"


def test_a_date_of_eight_digits_stays_and_the_other_is_offered() -> None:
    assert as_date(number("21112013"), None).text == "21112013"
    assert as_date(number("20131112"), None).text == "20131112"
    assert as_date(number("21112013"), None).alternatives[0][0] == "212013"


def test_slashes_stay_where_the_form_refuses_the_date() -> None:
    def fits(text: str) -> bool:
        return len(text) == 10

    assert as_date(number("0910811967"), fits).text == "0910811967"


@pytest.mark.parametrize("text", ["4711", "11111111", "1191112011", "", "12"])
def test_what_spells_no_date_or_several_stays_as_it_was_read(text: str) -> None:
    assert as_date(number(text), None) == number(text)


def test_the_reason_names_what_the_stroke_may_be() -> None:
    assert not_a_one("281912013", ()) is Reason.SLASH_OR_ONE
    assert not_a_one("120180", characters("120180", [30, 30, 30, 42, 30, 30])) is Reason.LONG_STROKE
    assert not_a_one("4711", characters("4711", [30, 30, 30, 31])) is None


def written_date(text: str, leans: list[int]) -> tuple[Cut, Reading]:
    """Draw a reading's 1s as tall strokes that lean so many pixels each, all else as rings."""
    image = np.full((70, 40 * len(text) + 30), 230, np.uint8)
    strokes, read = iter(leans), []
    for at, symbol in enumerate(text):
        x = 20 + 40 * at
        if symbol == "1":
            lean = next(strokes)
            cv2.line(image, (x + 13 - lean // 2, 60), (x + 13 - lean // 2 + lean, 9), 40, 3)
            read.append(Character("1", 0.99, (), Rect(x, 7, 27, 55)))
        else:
            cv2.ellipse(image, (x + 13, 35), (12, 22), 0, 0, 360, 40, 3)
            read.append(Character(symbol, 0.99, (), Rect(x - 1, 11, 28, 48)))
    rect = Rect(0, 0, image.shape[1], 70)
    field = FieldImage(FieldSpec("day", Kind.CELL), rect, image, image < 120)
    reading = Reading("day", text, 0.999, Status.ACCEPTED, (), tuple(read), rect)
    return Cut(field, Lattice((), np.zeros(1), 48.0, 190.0)), reading


@pytest.mark.parametrize(
    ("text", "leans", "shown", "accepted"),
    [
        ("05103120", [20, 20], "050320", True),  # 05/03/20
        ("0510312007", [20, 20], "05032007", True),
        ("2007105103", [20, 20], "20070503", True),
        ("05103120", [20, 0], "050320", False),  # one of them is upright
        ("51312007", [20, 20], "532007", False),  # 5/3/2007, or 53/20/07
        ("513120", [20, 20], "5320", False),  # what is left is no date that all read alike
        ("513120", [20, 0], "53120", False),
        ("513120", [0, 0], "513120", False),
        ("50310", [20], "5030", False),
        ("50310", [0], "50310", True),
        ("1503", [20], "1503", True),  # a number does not begin with a slash
    ],
)
def test_strokes_like_slashes_are_left_out_and_a_plain_date_is_accepted_so(
    text: str, leans: list[int], shown: str, accepted: bool
) -> None:
    read = judge_strokes(*written_date(text, leans))
    assert read.text == shown
    assert (read.status is Status.ACCEPTED) is accepted
    assert bool(read.reasons) is not accepted


def test_a_number_whose_slash_was_taken_out_offers_itself_with_a_1() -> None:
    read = judge_strokes(*written_date("50310", [20]))
    assert (read.reasons, read.alternatives[0][0]) == ((Reason.LONG_STROKE,), "50310")
    assert "".join(c.text for c in read.characters) == read.text


def test_a_slash_as_high_as_the_digits_stays_in_the_number() -> None:
    cut, reading = written_date("50310", [20])
    low = tuple(
        replace(c, rect=replace(c.rect, y=11, height=52)) if c.text == "1" else c
        for c in reading.characters
    )
    assert judge_strokes(cut, replace(reading, characters=low)).text == "50310"


def test_a_date_that_is_doubted_for_something_else_stays_doubted() -> None:
    cut, reading = written_date("05103120", [20, 20])
    doubted = replace(reading, status=Status.REVIEW, reasons=(Reason.READERS_DISAGREE,))
    read = judge_strokes(cut, doubted)
    assert read.text == "050320"
    assert read.reasons == (Reason.READERS_DISAGREE,)


@pytest.mark.parametrize("taller", [0, 30])
def test_no_1s_are_left_out_because_they_are_tall_or_lean_as_all_of_a_number(taller: int) -> None:
    cut, reading = written_date("05103120", [0, 0])
    tall = [
        replace(c, rect=replace(c.rect, height=c.rect.height + taller)) if c.text == "1" else c
        for c in reading.characters
    ]
    assert judge_strokes(cut, replace(reading, characters=tuple(tall))).reasons
    assert judge_strokes(*written_date("05103121", [20, 20, 20])).reasons


def test_a_date_whose_characters_were_not_found_is_shown_to_a_person() -> None:
    cut, reading = written_date("05103120", [20, 20])
    read = judge_strokes(cut, replace(reading, characters=()))
    assert (read.status, read.text) == (Status.REVIEW, "050320")


def test_dates_whose_slashes_were_taken_out_tell_those_of_their_column() -> None:
    cut, reading = written_date("05103120", [20, 20])
    date = judge_strokes(cut, reading)
    fields, readings = [], []
    for row in range(4):
        rect = date.rect.moved(0, 100 * row)
        fields.append(replace(cut.field, rect=rect))
        readings.append(replace(date, rect=rect))
    readings[3] = replace(readings[3], text="51320", alternatives=())
    read = slashes_in_line(fields, readings)
    assert [r.status for r in read] == [Status.ACCEPTED] * 3 + [Status.REVIEW]


@pytest.mark.parametrize("struck", [True, False])
def test_a_line_through_a_number_that_was_taken_for_a_rule_still_strikes_it_out(
    struck: bool,
) -> None:
    image = np.full((60, 150), 230, np.uint8)
    for x in (20, 60, 100):
        cv2.ellipse(image, (x + 13, 30), (12, 20), 0, 0, 360, 40, 3)
    ink = image < 120
    if struck:
        cv2.line(image, (8, 31), (142, 31), 60, 3)
    field = FieldImage(FieldSpec("cell", Kind.CELL), Rect(0, 0, 150, 60), image, ink)
    read = tuple(Character("0", 0.99, (), Rect(x, 8, 28, 44)) for x in (19, 59, 99))
    reading = Reading("cell", "000", 0.999, Status.ACCEPTED, (), read, field.rect)
    cut = Cut(field, Lattice((), np.zeros(1), 44.0, 190.0))
    assert (doubted_strokes(cut, reading) is Reason.STRUCK_OUT) is struck


@pytest.mark.parametrize(
    ("line", "apart", "read"),
    [
        ((8, 82), 25, "00"),
        ((8, 82), 2, "0000"),  # a line like the bars of digits that meet
        ((8, 30), 25, "0000"),
        (None, 25, "0000"),
    ],
    ids=["struck-out", "touching", "one-struck-out", "none"],
)
def test_what_is_written_after_struck_out_digits_is_the_value_to_confirm(
    line: tuple[int, int] | None, apart: int, read: str
) -> None:
    image = np.full((60, 220), 230, np.uint8)
    lefts = [10, 50, 78 + apart, 118 + apart]
    for x in lefts:
        cv2.ellipse(image, (x + 13, 30), (12, 20), 0, 0, 360, 40, 3)
    if line:
        cv2.line(image, (line[0], 31), (line[1], 29), 40, 3)
    field = FieldImage(FieldSpec("cell", Kind.CELL), Rect(5, 7, 220, 60), image, image < 120)
    characters = tuple(Character("0", 0.99, (), Rect(x + 5, 15, 28, 44)) for x in lefts)
    reading = Reading("cell", "0000", 0.999, Status.ACCEPTED, (), characters, field.rect)
    judged = judge_strokes(Cut(field, Lattice((), np.zeros(1), 44.0, 190.0)), reading)
    assert judged.text == read
    if read != "0000":
        assert (judged.status, judged.reasons) == (Status.REVIEW, (Reason.STRUCK_OUT,))
        assert judged.characters == characters[2:]
        assert judged.alternatives[0][0] == "0000"
        assert judged.confidence < 0.8


def row_of_four(
    middle: list[tuple[int, int]], grey: int = 40, thick: int = 3
) -> tuple[FieldImage, Reading]:
    """Draw 0, 0, a stroke through the points `middle` and 0; the stroke was read as a 1."""
    image = np.full((70, 190), 230, np.uint8)
    for x in (20, 60, 140):
        cv2.ellipse(image, (x + 13, 35), (12, 20), 0, 0, 360, 40, 3)
    cv2.polylines(image, [np.array(middle, np.int32)], False, grey, thick)
    left, top, wide, high = cv2.boundingRect(np.array(middle, np.int32))
    stroke = Character("1", 0.99, (), Rect(left - 1, top - 1, wide + 2, high + 2))
    zeros = [Character("0", 0.99, (), Rect(x, 13, 28, 44)) for x in (19, 59, 139)]
    field = FieldImage(FieldSpec("cell", Kind.CELL), Rect(0, 0, 190, 70), image, image < 120)
    read = (zeros[0], zeros[1], stroke, zeros[2])
    return field, Reading("cell", "0010", 0.999, Status.ACCEPTED, (), read, field.rect)


@pytest.mark.parametrize(
    ("stroke", "doubted"),
    [
        ([(107, 60), (127, 9)], True),  # tall, straight and leaning: 00/0
        ([(112, 56), (124, 15)], False),  # as tall as the digits
        ([(117, 60), (118, 9)], False),  # upright
        ([(107, 60), (111, 35), (127, 9)], False),  # bent by hand
    ],
    ids=["slash", "as-tall-as-digits", "upright", "bent"],
)
@pytest.mark.parametrize("thick", [3, 11])
def test_a_straight_tall_leaning_stroke_between_digits_may_be_a_slash(
    stroke: list[tuple[int, int]], doubted: bool, thick: int
) -> None:
    field, reading = row_of_four(stroke, thick=thick)
    cut = Cut(field, Lattice((), np.zeros(1), 44.0, 190.0))
    assert (doubted_strokes(cut, reading) is Reason.LONG_STROKE) is doubted


@pytest.mark.parametrize("vouched", [False, True])
def test_a_form_that_allows_any_number_does_not_tell_a_slash(vouched: bool) -> None:
    field, reading = row_of_four([(107, 60), (127, 9)])
    spec = replace(field.spec, fits=str.isdecimal, vouched=vouched)
    cut = Cut(replace(field, spec=spec), Lattice((), np.zeros(1), 44.0, 190.0))
    assert (doubted_strokes(cut, reading) is None) is vouched


def stacked(leans: list[int]) -> tuple[list[FieldImage], list[Reading]]:
    """Put fields whose stroke leans by so many pixels under each other in a column."""
    fields, readings = [], []
    for row, lean in enumerate(leans):
        field, reading = row_of_four([(117 - lean // 2, 56), (117 - lean // 2 + lean, 15)], 110)
        down = 100 * row
        moved = tuple(replace(c, rect=c.rect.moved(0, down)) for c in reading.characters)
        fields.append(replace(field, rect=field.rect.moved(0, down)))
        readings.append(replace(reading, characters=moved, rect=field.rect.moved(0, down)))
    return fields, readings


def test_the_same_stroke_in_three_fields_of_a_column_is_print_and_no_1() -> None:
    read = without_printed_strokes(*stacked([12, 12, 12]))
    assert [r.reasons for r in read] == [(Reason.LONG_STROKE,)] * 3


@pytest.mark.parametrize("leans", [[12, 12], [0, 6, 12], [4, 12, 20]])
def test_1s_that_lean_each_in_its_way_or_are_only_two_are_written(leans: list[int]) -> None:
    fields, readings = stacked(leans)
    assert without_printed_strokes(fields, readings) == readings


def test_boxes_are_not_asked_for_printed_strokes() -> None:
    fields, readings = stacked([12, 12, 12])
    boxed = [replace(f, cells=(Rect(0, 0, 47, 70),)) for f in fields]
    assert without_printed_strokes(boxed, readings) == readings


def column(told: list[bool], lefts: list[int]) -> tuple[list[FieldImage], list[Reading]]:
    """Place numbers read as 23107, some of them told to hold a slash."""
    fields, readings = [], []
    for row, (is_told, left) in enumerate(zip(told, lefts, strict=True)):
        rect = Rect(left, 60 * row, 100, 40)
        paper = np.full((40, 100), 255, np.uint8)
        fields.append(FieldImage(FieldSpec("f", Kind.CELL), rect, paper, paper == 0))
        status, reasons = Status.ACCEPTED, ()
        if is_told:
            status, reasons = Status.REVIEW, (Reason.LONG_STROKE,)
        readings.append(Reading("f", "23107", 0.999, status, reasons, (), rect))
    return fields, readings


@pytest.mark.parametrize(
    ("told", "lefts", "doubted"),
    [
        ([True, True, True, False, False], [300, 310, 290, 300, 330], True),
        ([True, True, False, False], [300, 310, 300, 300], False),  # too few
        ([True, True, True] + [False] * 4, [300] * 7, False),  # most are 1s
        ([True, True, True, False], [300, 300, 300, 500], False),  # in another column
    ],
    ids=["most-are-slashes", "two-are", "few-are", "beside"],
)
def test_where_most_1s_of_a_column_may_be_slashes_the_last_is_no_sure_1(
    told: list[bool], lefts: list[int], doubted: bool
) -> None:
    read = slashes_in_line(*column(told, lefts))
    assert (read[-1].status is Status.REVIEW) is doubted
    assert all(len(r.reasons) <= 1 for r in read)


@pytest.mark.parametrize(
    ("texts", "doubted"),
    [
        (["1317", "2518", "1415", "2817"], 4),
        (["1317", "2518", "715", "2817"], 4),  # counted from the end
        (["13107", "25112", "14105", "2817"], 4),
        (["1317", "2518", "1415"], 0),  # too few
        (["1317", "2518", "1415", "2817", "305", "662"], 0),  # others have none
        (["2117", "2118", "2115", "2117"], 0),  # numbers that begin alike
        (["01071987", "23011965", "14111992", "02012014"], 0),  # dates without slashes
    ],
)
def test_where_nearly_all_of_a_row_have_a_1_at_one_place_it_may_be_a_slash(
    texts: list[str], doubted: int
) -> None:
    fields, readings = column([False] * len(texts), [110 * at for at in range(len(texts))])
    rects = [Rect(field.rect.x, 100, 100, 40) for field in fields]
    fields = [replace(f, rect=rect) for f, rect in zip(fields, rects, strict=True)]
    readings = [
        replace(reading, rect=rect, text=text)
        for reading, rect, text in zip(readings, rects, texts, strict=True)
    ]
    read = slashes_in_line(fields, readings)
    assert sum(r.status is Status.REVIEW for r in read) == doubted


@pytest.mark.parametrize(("apart", "doubted"), [(0, True), (35, False)])
def test_slashes_of_a_row_tell_the_others_that_stand_in_line(apart: int, doubted: bool) -> None:
    fields, readings = column([True, True, True, False], [0, 110, 220, 330])
    tops = [0, 4, -4, apart]
    rects = [Rect(r.rect.x, 100 + top, 100, 40) for r, top in zip(readings, tops, strict=True)]
    fields = [replace(f, rect=rect) for f, rect in zip(fields, rects, strict=True)]
    readings = [replace(r, rect=rect) for r, rect in zip(readings, rects, strict=True)]
    read = slashes_in_line(fields, readings)
    assert (read[-1].status is Status.REVIEW) is doubted
