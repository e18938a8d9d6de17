"""Date and amount of a drawn cheque, read with a model that needs no training."""

from __future__ import annotations

from datetime import date

import cheque_pages
import cv2
import numpy as np
import pytest
from template_model import TemplateModel, put_in_place, write_digit

from formreader import cheque_signs, locate
from formreader.cheque_fields import ChequeFields
from formreader.cheque_profiles import INDIA, US
from formreader.cheques import ChequeReader
from formreader.document import Grey, Page, Reading, Reason, Status
from formreader.pipeline import Options, Reader

DPI = 300.0
MM = DPI / 25.4
TODAY = date(2024, 6, 1)


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> Reader:
    put_in_place(monkeypatch, TemplateModel())
    return Reader(Options(form="cheque"))


def put(page: Grey, text: str, x: float, y: float, pitch: float, height_px: int) -> None:
    """Write digits from `x`, `y` in millimetres; a space leaves its place empty."""
    for i, symbol in enumerate(text):
        left, top = round((x + i * pitch) * MM), round(y * MM)
        if symbol == ",":
            cv2.line(page, (left + 10, top + 50), (left + 4, top + 68), 20, 4)
        elif symbol != " ":
            ink = (220 * write_digit(symbol, i, height_px)).astype(np.uint8)
            part = page[top : top + ink.shape[0], left : left + ink.shape[1]]
            np.minimum(part, 240 - np.minimum(ink, 220), out=part)


def cheque(day: str = "", amount: str = "", frame: bool = True, sign: bool = True) -> Grey:
    page = np.full((round(84 * MM), round(178 * MM)), 240, np.uint8)
    for i in range(9):
        x = round((120 + 6 * i) * MM)
        cv2.line(page, (x, round(8 * MM)), (x, round(15 * MM)), 60, 3)
    for y in (8, 15):
        cv2.line(page, (round(120 * MM), round(y * MM)), (round(168 * MM), round(y * MM)), 60, 3)
    put(page, day, 121.6, 9.4, 6, 46)
    if frame:
        corners = (round(115 * MM), round(34 * MM)), (round(170 * MM), round(45 * MM))
        cv2.rectangle(page, *corners, 60, 3)
        strokes, aspect = cheque_signs.SIGNS["₹"]
        for stroke in strokes if sign else ():
            points = [[1385 + round(x * 0.5 * aspect), 440 + round(y * 0.5)] for x, y in stroke]
            cv2.polylines(page, [np.array(points)], False, 20, 6, cv2.LINE_AA)
        put(page, amount, 124, 37.2, 5, 52)
    return page


def read(reader: Reader, page: Grey, country: str = "india") -> dict[str, Reading]:
    profile = {"india": INDIA, "us": US}[country]
    fields = ChequeFields(reader, profile, TODAY)
    readings = fields.read(locate.cheque(page, DPI, profile.signs), page, MM)
    return {reading.field: reading for reading in readings}


@pytest.mark.parametrize(("country", "day"), [("india", "23052024"), ("us", "05232024")])
def test_a_date_is_read_in_the_order_of_its_country(reader: Reader, country: str, day: str) -> None:
    found = read(reader, cheque(day), country)["date"]
    assert (found.text, found.status) == (day, Status.ACCEPTED)


@pytest.mark.parametrize(
    ("day", "reason"), [("23452024", Reason.NO_SUCH_DATE), ("23051987", Reason.FAR_DATE)]
)
def test_a_date_that_cannot_be_is_left_to_a_person(
    reader: Reader, day: str, reason: Reason
) -> None:
    found = read(reader, cheque(day))["date"]
    assert found.status is Status.REVIEW
    assert reason in found.reasons


def test_a_date_never_fills_an_empty_box(reader: Reader) -> None:
    found = read(reader, cheque("230520 4"))["date"]
    assert found.status is Status.REVIEW
    assert len(found.text) < 8


def test_empty_date_boxes_are_blank(reader: Reader) -> None:
    assert read(reader, cheque())["date"].status is Status.BLANK


def test_an_empty_frame_is_blank(reader: Reader) -> None:
    assert read(reader, cheque("23052024"))["amount"].status is Status.BLANK


def test_the_figures_of_an_amount_are_read_without_sign_and_commas(reader: Reader) -> None:
    found = read(reader, cheque(amount="2,83,064"))["amount"]
    assert found.text == "283064"
    assert found.rect.x > 118 * MM


def test_boxes_and_frames_are_found_among_woven_security_print(reader: Reader) -> None:
    page = cheque("23052024", amount="2,83,064")
    x = np.arange(page.shape[1])
    waves = np.full_like(page, 240)
    for i in range(46):
        y = 12 * i + 22 * np.sin(x / 110 + 0.42 * i) + 10 * np.sin(x / 44 - 0.3 * i)
        cv2.polylines(waves, [np.stack([x, y + 12], 1).astype(np.int32)], False, 205, 2)
    found = read(reader, np.minimum(page, waves))
    assert (found["date"].text, found["amount"].text) == ("23052024", "283064")


@pytest.mark.parametrize(("after", "value"), [("100", "123.45"), ("280", None)])
def test_an_amount_with_a_slash_inside_is_always_for_a_person(
    reader: Reader, after: str, value: str | None
) -> None:
    page = cheque(amount=f"12345 {after}")
    cv2.line(page, (round(152 * MM), 428), (round(149.6 * MM), 508), 20, 4)
    found = read(reader, page)["amount"]
    assert found.status is Status.REVIEW
    assert Reason.GROUPING in found.reasons
    assert value in (None, found.text)


def with_code_line(page: Grey) -> Grey:
    """Print an Indian code line at the foot of a page."""
    rng = np.random.default_rng(1)
    strip = np.full((round(16 * cheque_pages.MM), round(178 * cheque_pages.MM)), 240, np.uint8)
    cheque_pages.print_line(strip, cheque_pages.indian_line(rng)[0], rng, 5.5)
    zoom = DPI / cheque_pages.FINE_DPI
    small = cv2.resize(strip, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA)
    whole = page.copy()
    whole[-small.shape[0] :, : small.shape[1]] = small[:, : page.shape[1]]
    return whole


def test_of_half_a_cheque_nothing_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    put_in_place(monkeypatch, TemplateModel())
    reader = ChequeReader(Options(form="cheque"))
    page = with_code_line(cheque("23052024", amount="2,83,064"))
    whole = reader.read_page(Page("page", 1, page, DPI)).readings
    half = np.ascontiguousarray(page[:, round(45 * MM) :])
    part = reader.read_page(Page("page", 1, half, DPI)).readings
    assert {r.field for r in whole if r.status is Status.ACCEPTED} >= {"cheque_no", "date"}
    assert any(r.field == "date" and r.text == "23052024" for r in part)
    assert [r.field for r in part if r.status is Status.ACCEPTED] == []


def test_an_amount_without_a_frame_is_missed_and_said_so(reader: Reader) -> None:
    found = read(reader, cheque("23052024", frame=False))["amount"]
    assert (found.status, found.reasons) == (Status.REVIEW, (Reason.NOT_FOUND,))


def test_the_words_are_shown_only_beside_an_amount_in_doubt(reader: Reader) -> None:
    sure = read(reader, cheque(amount="2,83,064"))
    doubtful = read(reader, cheque(amount="2830,64"))
    assert ("amount_words" in sure) == (sure["amount"].status is Status.REVIEW)
    assert doubtful["amount"].status is Status.REVIEW
    assert doubtful["amount_words"].text == ""


def test_a_frame_without_a_currency_sign_is_never_sure_to_hold_the_amount(reader: Reader) -> None:
    found = read(reader, cheque(amount="2,83,064", sign=False))["amount"]
    assert found.status is Status.REVIEW
    assert Reason.NOT_A_FIELD in found.reasons


def test_a_handwritten_number_in_a_frame_is_no_account_of_a_us_cheque(reader: Reader) -> None:
    page = cheque("23052024")
    cv2.rectangle(page, (round(30 * MM), round(60 * MM)), (round(90 * MM), round(68 * MM)), 30, 2)
    for place, digit in enumerate("0927202564"):
        put(page, digit, 33 + 5 * place, 61.5, 4, 40)
    assert "account" in read(reader, page)
    assert "account" not in read(reader, page, "us")
