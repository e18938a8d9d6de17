"""Amounts and dates of cheques that stand on lines, read with a model that needs no training."""

from __future__ import annotations

from datetime import date

import cv2
import numpy as np
import pytest
from template_model import TemplateModel, put_in_place, write_digit

from formreader import cheque_hundredths, cheque_marks, cheque_signs, locate
from formreader.cheque_fields import ChequeFields
from formreader.cheque_profiles import INDIA, PLAIN, US, Profile, likely_profile
from formreader.document import Grey, Mask, Reading, Reason, Status
from formreader.pipeline import Options, Reader

DPI = 300.0
MM = DPI / 25.4
TODAY = date(2024, 6, 1)
HEIGHT = 40.0


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> Reader:
    put_in_place(monkeypatch, TemplateModel())
    return Reader(Options(form="cheque"))


def rule(page: Grey, x0: float, x1: float, y: float) -> None:
    cv2.line(page, (round(x0 * MM), round(y * MM)), (round(x1 * MM), round(y * MM)), 70, 3)


def put(page: Grey, text: str, x: float, y: float, high: float = 4.0) -> None:
    """Write from `x` on the line `y`, in millimetres, digits `high`; `|` is a short straight 1."""
    pen, foot, px = x * MM, y * MM, high * MM
    for i, symbol in enumerate(text):
        if symbol.isdigit():
            ink = (220 * write_digit(symbol, i, round(px))).astype(np.uint8)
            top, left = round(foot) - ink.shape[0], round(pen)
            part = page[top : top + ink.shape[0], left : left + ink.shape[1]]
            np.minimum(part, 240 - np.minimum(ink, 220), out=part)
            pen += ink.shape[1] + 0.25 * px
            continue
        strokes = {
            "/": ((0.45, -1.25), (0.05, 0.15)),
            "|": ((0.12, -0.95), (0.06, 0.0)),
            "-": ((0.05, -0.5), (0.5, -0.52)),
            ".": ((0.1, -0.08), (0.12, -0.06)),
            ",": ((0.15, -0.12), (0.02, 0.3)),
        }
        ends = [(round(pen + a * px), round(foot + b * px)) for a, b in strokes[symbol]]
        cv2.line(page, *ends, 20, 5)
        pen += {"/": 0.65, "|": 0.35, "-": 0.75, ".": 0.35, ",": 0.35}[symbol] * px


def sign(page: Grey, symbol: str, x: float, y: float, high: float = 4.2) -> None:
    """Print a currency sign with its foot at `x`, `y` in millimetres."""
    strokes, aspect = cheque_signs.SIGNS[symbol]
    size = np.array((aspect * high * MM, high * MM)) / 100
    for stroke in strokes:
        points = np.array(stroke) * size + (x * MM, (y - high) * MM)
        cv2.polylines(page, [np.rint(points).astype(np.int32)], False, 40, 5, cv2.LINE_AA)


def cheque(day: str = "", amount: str = "", symbol: str = "$") -> Grey:
    """Draw a cheque whose date and amount stand on lines."""
    page = np.full((round(70 * MM), round(152 * MM)), 240, np.uint8)
    rule(page, 96, 130, 17)
    put(page, day, 98, 16.4)
    rule(page, 20, 104, 29)
    rule(page, 112, 146, 29)
    if symbol:
        sign(page, symbol, 107, 29)
    put(page, amount, 113.5, 28.3)
    rule(page, 8, 124, 38)
    return page


def read(reader: Reader, page: Grey, profile: Profile = US) -> dict[str, Reading]:
    fields = ChequeFields(reader, profile, TODAY)
    readings = fields.read(locate.cheque(page, DPI, profile.signs), page, MM)
    return {reading.field: reading for reading in readings}


@pytest.mark.parametrize(
    ("amount", "symbol", "profile", "value"),
    [("283.46", "$", US, "283.46"), ("2,830", "$", US, "2830"), ("283-46", "£", PLAIN, "283.46")],
)
def test_an_amount_on_a_line_is_read_beside_its_sign(
    reader: Reader, amount: str, symbol: str, profile: Profile, value: str
) -> None:
    assert read(reader, cheque(amount=amount, symbol=symbol), profile)["amount"].text == value


def test_an_amount_on_a_line_without_its_sign_is_missed_and_said_so(reader: Reader) -> None:
    found = read(reader, cheque(amount="2,830", symbol=""))["amount"]
    assert (found.status, found.reasons) == (Status.REVIEW, (Reason.NOT_FOUND,))


@pytest.mark.parametrize(
    ("day", "profile", "value"),
    [
        ("5/23/24", US, "05232024"),
        ("05-23-2024", US, "05232024"),
        ("23.5.2023", INDIA, "23052023"),
        ("2023-5-23", PLAIN, "20230523"),
        ("20-5-23", PLAIN, "20052023"),
    ],
)
def test_a_date_on_a_line_is_given_as_eight_digits(
    reader: Reader, day: str, profile: Profile, value: str
) -> None:
    found = read(reader, cheque(day, "2,830"), profile)["date"]
    assert (found.text, found.status) == (value, Status.ACCEPTED)


def test_a_date_in_which_a_slash_may_be_a_1_is_left_to_a_person(reader: Reader) -> None:
    found = read(reader, cheque("3|5|24", "2,830"))["date"]
    assert found.status is Status.REVIEW


@pytest.mark.parametrize("day", ["23/45/24", "5/23/1987", "5/23"])
def test_what_is_no_date_on_a_line_is_left_to_a_person(reader: Reader, day: str) -> None:
    found = read(reader, cheque(day, "2,830"))["date"]
    assert found.status is Status.REVIEW


def test_the_upper_edge_of_the_amount_s_frame_is_no_line_of_a_date(reader: Reader) -> None:
    page = cheque("", "2,830")
    cv2.rectangle(page, (round(112 * MM), round(22 * MM)), (round(146 * MM), round(29 * MM)), 70, 3)
    found = read(reader, page)
    assert found["amount"].text == "2830"
    assert found["date"].text == ""


def boxes(page: Grey, text: str, gaps: tuple[int, ...]) -> Grey:
    """Draw a date in boxes, with wider gaps before some."""
    x = 88.0
    for i, symbol in enumerate(text):
        x += 3.0 if i in gaps else 0.0
        corners = (round(x * MM), round(10 * MM)), (round((x + 6) * MM), round(17 * MM))
        cv2.rectangle(page, *corners, 60, 3)
        put(page, symbol, x + 1.6, 16)
        x += 6
    return page


def blank() -> Grey:
    return np.full((round(70 * MM), round(160 * MM)), 240, np.uint8)


def test_boxes_of_day_month_and_year_that_stand_apart_are_one_date(reader: Reader) -> None:
    found = read(reader, boxes(blank(), "23052024", (2, 4)), INDIA)["date"]
    assert found.text == "23052024"


def test_a_date_in_six_boxes_is_read_for_a_person(reader: Reader) -> None:
    found = read(reader, boxes(blank(), "230524", ()), PLAIN)["date"]
    assert (found.text, found.status) == ("23052024", Status.REVIEW)
    assert Reason.CUT_OFF in found.reasons


@pytest.mark.parametrize("line", ["⑈543293⑈56⑉3872⑆37663396⑈", "⑈811⑈⑆94767⑉181⑆6983⑉659⑈"])
def test_a_bank_number_with_a_dash_is_of_no_known_country(line: str) -> None:
    assert likely_profile(line) is PLAIN


def figures(text: str, small: str = "", stroke: bool = False) -> Mask:
    """Write digits 40 px high, then small ones raised; perhaps a stroke under them."""
    page = np.zeros((120, 700), np.uint8)
    x = 40
    for symbol in text:
        if symbol == "*":
            for ends in (((0, 0), (16, 16)), ((16, 0), (0, 16)), ((8, 0), (8, 16))):
                a, b = ((x + u, 48 + v) for u, v in ends)
                cv2.line(page, a, b, 255, 3)
            x += 26
            continue
        cv2.putText(page, symbol, (x, 80), cv2.FONT_HERSHEY_SIMPLEX, 1.85, 255, 4)
        x += 46
    start = x + 8
    for symbol in small:
        cv2.putText(page, symbol, (x + 8, 62), cv2.FONT_HERSHEY_SIMPLEX, 1.0, 255, 3)
        x += 24
    if stroke:
        cv2.line(page, (start, 71), (x + 8, 70), 255, 3)
    return page > 0


@pytest.mark.parametrize("stroke", [True, False])
def test_small_raised_digits_are_hundredths(stroke: bool) -> None:
    parted = cheque_hundredths.raised(figures("283", "46", stroke), HEIGHT)
    assert parted is not None
    digits, cents, border = parted
    assert [cv2.connectedComponents(m.view(np.uint8))[0] - 1 for m in (digits, cents)] == [3, 2]
    assert border.is_point
    assert border.broken  # a person looks at it


def test_digits_of_one_height_have_no_raised_hundredths() -> None:
    assert cheque_hundredths.raised(figures("28346"), HEIGHT) is None


def test_stars_around_an_amount_are_no_digits() -> None:
    bare = cheque_hundredths.without_stars(figures("**283**"), HEIGHT)
    assert cv2.connectedComponents(bare.view(np.uint8))[0] - 1 == 3
    alone = figures("283")
    assert (cheque_hundredths.without_stars(alone, HEIGHT) == alone).all()


def test_a_spot_smaller_than_the_pen_proves_no_hundredths() -> None:
    ink = cv2.dilate(figures("28346").view(np.uint8), np.ones((3, 3), np.uint8))
    cv2.rectangle(ink, (175, 76), (178, 79), 1, -1)
    _, found = cheque_marks.take_commas(ink.view(np.bool_), HEIGHT)
    assert [mark.broken for mark in found] == [True]


def test_a_point_too_faint_to_be_ink_is_seen_and_a_person_looks() -> None:
    ink = figures("28346")
    darkness = ink.astype(np.float32)
    assert cheque_hundredths.faint_point(darkness, ink, HEIGHT) is None
    gap = int(np.flatnonzero(~ink[:, 140:200].any(axis=0))[2]) + 140
    darkness[75:80, gap - 1 : gap + 3] = 0.4
    found = cheque_hundredths.faint_point(darkness, ink, HEIGHT)
    assert found is not None
    assert (found.is_point, found.broken) == (True, True)
