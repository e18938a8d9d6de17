"""What stands around an amount's digits, and the rows of a printed number."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from formreader import cheque_closing as closing
from formreader import cheque_marks as marks
from formreader import cheque_print
from formreader import cheque_signs as signs
from formreader.cheque_closing import Tail
from formreader.document import Grey, Mask

HEIGHT = 40.0


def written(text: str, tail: str = "") -> Mask:
    """Write digits 40 px high; `,` hangs below the line, `tail` closes with its marks."""
    page = np.zeros((120, 900), np.uint8)
    x = 40
    for symbol in text:
        if symbol == " ":
            x += 46
            continue
        if symbol == ",":
            cv2.line(page, (x + 6, 72), (x, 92), 255, 4)
            x += 22
            continue
        if symbol == "1":
            cv2.line(page, (x + 8, 40), (x + 6, 80), 255, 4)
        else:
            cv2.putText(page, symbol, (x, 80), cv2.FONT_HERSHEY_SIMPLEX, 1.85, 255, 4)
        x += 46
    for mark in tail:
        if mark == "/":
            cv2.line(page, (x + 14, 30), (x, 88), 255, 4)
            x += 24
        if mark == "-":
            cv2.line(page, (x, 60), (x + 34, 58), 255, 4)
            x += 40
    return page > 0


def columns(ink: Mask) -> int:
    return int(ink.any(axis=0).sum())


@pytest.mark.parametrize(
    ("tail", "seen"),
    [
        ("", Tail.NONE),
        ("-", Tail.DASH),
        ("/-", Tail.DASH_AND_SLASH),
        ("/", Tail.LONG_STROKE),
        ("//", Tail.LONG_STROKE),
    ],
)
def test_the_marks_that_close_an_amount_are_told_apart(tail: str, seen: Tail) -> None:
    ink, found = closing.without_tail(written("2803", tail), HEIGHT)
    assert found is seen
    if "-" in tail:
        assert abs(columns(ink) - columns(written("2803"))) <= 2


def test_commas_are_taken_out_and_ones_stay() -> None:
    ink, found = marks.take_commas(written("2,81,013"), HEIGHT)
    assert len(found) == 2
    parts, between = marks.split(ink, found, HEIGHT)
    assert between == found
    assert [cv2.connectedComponents(part.view(np.uint8))[0] - 1 for part in parts] == [1, 2, 3]


def test_a_1_before_a_dash_is_never_surely_a_slash() -> None:
    _, found = closing.without_tail(written("2831", "-"), HEIGHT)
    assert found is Tail.DASH_AND_STROKE


def test_a_dash_that_begins_with_a_hook_hides_no_slash() -> None:
    page = written("2803", "/").view(np.uint8).copy()
    end = int(np.flatnonzero(page.any(axis=0))[-1]) + 8
    hook = np.array([[end, 74], [end + 3, 54], [end + 12, 52], [end + 44, 50]], np.int32)
    cv2.polylines(page, [hook], False, 1, 4)
    ink, found = closing.without_tail(page > 0, HEIGHT)
    assert found is Tail.DASH_AND_SLASH
    assert columns(ink) == columns(written("2803"))


def test_a_1_written_low_before_the_others_stays() -> None:
    page = written("7500").view(np.uint8).copy()
    cv2.line(page, (20, 62), (18, 96), 1, 4)
    ink, found = marks.take_commas(page > 0, HEIGHT)
    assert found == []
    assert (ink == (page > 0)).all()


def test_a_small_0_written_low_is_no_point() -> None:
    page = written("6000").view(np.uint8).copy()
    cv2.circle(page, (120, 76), 7, 1, 3)
    page[:, 100:140] = 0
    cv2.circle(page, (120, 76), 7, 1, 3)
    assert marks.take_commas(page > 0, HEIGHT)[1] == []


def test_a_stroke_between_digits_as_low_as_a_comma_and_as_tall_as_a_1_is_in_doubt() -> None:
    page = written("2 803").view(np.uint8).copy()
    cv2.line(page, (112, 54), (110, 90), 1, 4)
    [mark] = marks.take_commas(page > 0, HEIGHT)[1]
    assert mark.like_a_one


def test_a_slash_between_digits_parts_a_fraction() -> None:
    page = written("23456   100").view(np.uint8).copy()
    cv2.line(page, (328, 28), (304, 92), 1, 4)
    before, after = closing.inner_slash(page > 0, HEIGHT) or (page, page)
    assert columns(before) == columns(written("23456"))
    assert columns(after) == columns(written("100"))
    assert closing.inner_slash(written("234561100"), HEIGHT) is None


def test_an_amount_without_commas_is_one_group() -> None:
    ink, found = marks.take_commas(written("281013"), HEIGHT)
    assert found == []
    assert len(marks.split(ink, found, HEIGHT)[0]) == 1


@pytest.mark.parametrize("symbol", list(signs.SIGNS))
def test_a_currency_sign_is_found_and_digits_are_none(symbol: str) -> None:
    dark = np.zeros((90, 260), np.uint8)
    strokes, aspect = signs.SIGNS[symbol]
    for stroke in strokes:
        points = [[20 + round(x * 0.4 * aspect), 24 + round(y * 0.4)] for x, y in stroke]
        cv2.polylines(dark, [np.array(points)], False, 230, 5)
    found, edge = signs.find_sign(dark, 90, "".join(signs.SIGNS))
    assert found >= signs.SIGN_FOUND
    assert 20 + 40 * aspect - 4 < edge < 20 + 40 * aspect + 14
    digits = (written("28")[10:100, :260] * 230).astype(np.uint8)
    assert signs.find_sign(digits, 90, "".join(signs.SIGNS))[0] < signs.SIGN_FOUND


def printed(text: str, gap: int = 4) -> Mask:
    page = np.zeros((90, 900), np.uint8)
    for i, symbol in enumerate(text):
        place = (60 + i * (24 + gap), 60)
        if symbol != " ":
            cv2.putText(page, symbol, place, cv2.FONT_HERSHEY_SIMPLEX, 1.0, 255, 2)
    return page > 0


def test_a_printed_number_is_one_row_of_its_marks() -> None:
    [row] = cheque_print.printed_rows(printed("9380261574"), 8)
    assert len(row) == 10
    assert cheque_print.is_whole(row, printed("9380261574"))


def test_a_printed_number_with_a_digit_missing_is_not_whole() -> None:
    ink = printed("93802 1574")
    [row] = cheque_print.printed_rows(ink, 8)
    assert not cheque_print.is_whole(row, ink)


def test_a_printed_number_with_ink_right_beside_it_is_not_whole() -> None:
    ink = printed("9380261574")
    [row] = cheque_print.printed_rows(ink, 8)
    ink[20:75, row[-1].right + 4 : row[-1].right + 9] = True
    assert not cheque_print.is_whole(row, ink)


def ending(digit: str) -> Mask:
    """Write 28 and a digit whose upper end runs on into a slash, without the dash."""
    page = written(f"28{digit}").view(np.uint8).copy()
    end = int(np.flatnonzero(page.any(axis=0))[-1])
    cv2.line(page, (end - 8, 46), (end + 16, 36), 1, 4)
    cv2.line(page, (end + 16, 34), (end + 4, 90), 1, 4)
    return page > 0


def test_a_slash_that_touches_the_last_zero_is_cut_off() -> None:
    left = closing.without_joined_slash(ending("0"), HEIGHT)
    assert left is not None
    assert abs(columns(left) - columns(written("280"))) < 12
    assert left.any(axis=1).sum() < ending("0").any(axis=1).sum()


@pytest.mark.parametrize("digit", ["0", "2", "3", "5", "8"])
def test_a_digit_that_ends_an_amount_hides_no_slash(digit: str) -> None:
    assert closing.without_joined_slash(written(f"28{digit}"), HEIGHT) is None


def test_the_upper_end_of_a_leaning_1_is_no_dash() -> None:
    page = written("280").view(np.uint8).copy()
    cv2.line(page, (205, 80), (232, 40), 1, 4)
    ink, found = closing.without_tail(page > 0, HEIGHT)
    assert found is Tail.NONE
    assert (ink == (page > 0)).all()


def test_the_upper_end_of_a_leaning_slash_stays_with_it() -> None:
    page = written("280").view(np.uint8).copy()
    cv2.line(page, (180, 92), (236, 30), 1, 4)
    cv2.line(page, (244, 60), (280, 58), 1, 4)
    ink, found = closing.without_tail(page > 0, HEIGHT)
    assert found is Tail.DASH_AND_SLASH
    assert columns(ink) == columns(written("280"))


def test_a_short_stroke_on_the_lower_half_of_the_line_is_a_comma() -> None:
    page = written("2 803").view(np.uint8).copy()
    cv2.line(page, (112, 58), (106, 80), 1, 4)
    assert len(marks.take_commas(page > 0, HEIGHT)[1]) == 1


def test_the_pieces_of_a_pale_digit_are_no_points_and_commas() -> None:
    page = written("22 37").view(np.uint8).copy()
    for start, end in (((120, 50), (140, 44)), ((122, 62), (136, 64)), ((142, 52), (142, 58))):
        cv2.line(page, start, end, 1, 4)
    cv2.line(page, (140, 68), (138, 80), 1, 4)
    ink, found = marks.take_commas(page > 0, HEIGHT)
    assert found == []
    assert (ink == (page > 0)).all()


def test_two_marks_in_one_gap_are_in_doubt() -> None:
    page = written("22  37").view(np.uint8).copy()
    cv2.circle(page, (142, 79), 3, 1, -1)
    cv2.line(page, (166, 72), (160, 92), 1, 4)
    parts, [mark] = marks.split(*marks.take_commas(page > 0, HEIGHT), HEIGHT)
    assert len(parts) == 2
    assert mark.broken


def test_a_comma_after_a_1_that_comes_first_is_taken_out() -> None:
    assert len(marks.take_commas(written("1,70,000"), HEIGHT)[1]) == 2


def test_a_first_digit_half_as_tall_as_the_others_is_a_group() -> None:
    page = written("8,300").view(np.uint8).copy()
    small = cv2.resize(page[40:84, 30:86], None, fx=0.46, fy=0.46, interpolation=cv2.INTER_AREA)
    page[40:84, 30:86] = 0
    page[60 : 60 + small.shape[0], 56 : 56 + small.shape[1]] = small
    parts, between = marks.split(*marks.take_commas(page > 0, HEIGHT), HEIGHT)
    assert len(parts) == len(between) + 1 == 2


def test_a_spot_of_print_below_the_digits_is_no_point() -> None:
    page = written("2 37").view(np.uint8).copy()
    cv2.circle(page, (80, 78), 3, 1, -1)
    assert len(marks.take_commas(page > 0, HEIGHT)[1]) == 1
    page = written("2 37").view(np.uint8).copy()
    cv2.circle(page, (80, 95), 3, 1, -1)
    assert marks.take_commas(page > 0, HEIGHT)[1] == []


def test_the_loose_bar_of_a_digit_is_no_point() -> None:
    page = written("22 37").view(np.uint8).copy()
    cv2.line(page, (126, 62), (136, 62), 1, 4)
    assert marks.take_commas(page > 0, HEIGHT)[1] == []


def test_a_dash_that_touches_the_last_digit_may_be_its_bar() -> None:
    page = written("285").view(np.uint8).copy()
    end = int(np.flatnonzero(page.any(axis=0))[-1])
    cv2.line(page, (end - 6, 60), (end + 24, 58), 1, 4)
    assert closing.without_tail(page > 0, HEIGHT)[1] is Tail.JOINED_DASH
    page[:, end + 3 : end + 6] = 0
    assert closing.without_tail(page > 0, HEIGHT)[1] is Tail.DASH


def before_a_frame(stroke: tuple[int, int] | None) -> Grey:
    """Draw the darkness before a frame, a sign in it and a stroke from row to row behind that."""
    dark = np.zeros((70, 105), np.uint8)
    cv2.rectangle(dark, (12, 15), (36, 53), 180, 4)
    if stroke:
        cv2.line(dark, (85, stroke[0]), (78, stroke[1]), 150, 4)
    return dark


@pytest.mark.parametrize(
    ("stroke", "seen"), [((12, 52), True), (None, False), ((50, 60), False), ((0, 69), False)]
)
def test_a_digit_between_a_sign_and_its_frame_is_seen_and_a_wall_is_none(
    stroke: tuple[int, int] | None, seen: bool
) -> None:
    assert signs.stroke_after(before_a_frame(stroke), 38) is seen


@pytest.mark.parametrize("end", [0, 105, 400])
def test_nothing_stands_after_a_sign_at_the_very_end(end: int) -> None:
    assert not signs.stroke_after(before_a_frame((12, 52)), end)
