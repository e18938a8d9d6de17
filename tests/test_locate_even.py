"""Printed figures stand more evenly than a hand writes, to a part of a pixel."""

from __future__ import annotations

from pathlib import Path

import cv2
import matplotlib
import numpy as np
import pytest
from pages import Sheet
from PIL import Image, ImageDraw, ImageFont

from formreader.document import FieldImage, Grey, Kind
from formreader.locate import locate
from formreader.locate_even import edges, is_even, is_penned

FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
Spans = list[tuple[float, float]]


def spans_of(dark: Grey) -> Spans:
    """Find the characters of a picture from the left, as the page does."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats((dark > 60).astype(np.uint8))
    found = []
    for label in 1 + np.argsort(stats[1:, 0]):
        x, y, w, h = stats[label, :4]
        part = np.s_[max(0, y - 2) : y + h + 2, x : x + w]
        span = edges(dark[part], labels[part] == label)
        assert span is not None
        found.append((max(0, y - 2) + span[0], max(0, y - 2) + span[1]))
    return found


def printed(text: str, font: str, size: int, degrees: float = 0.0) -> Grey:
    picture = Image.new("L", (60 + size * len(text), 3 * size))
    face = ImageFont.truetype(str(FONTS / font), size)
    ImageDraw.Draw(picture).text((30, size), text, fill=230, font=face)
    return np.asarray(picture.rotate(degrees, Image.Resampling.BICUBIC), np.uint8)


@pytest.mark.parametrize("font", ["DejaVuSans.ttf", "DejaVuSerif.ttf", "STIXGeneral.ttf"])
@pytest.mark.parametrize("size", [18, 30, 61])
@pytest.mark.parametrize("degrees", [0.0, 0.5])
@pytest.mark.parametrize("text", ["2024", "00", "17", "836905"])
def test_printed_figures_are_even(font: str, size: int, degrees: float, text: str) -> None:
    spans = spans_of(printed(text, font, size, degrees))
    assert len(spans) == len(text)
    assert is_even(spans)
    assert not is_penned(spans)


def test_specks_on_the_edges_of_a_copy_without_greys_leave_print_even() -> None:
    dark = np.where(printed("113", "DejaVuSans.ttf", 40) > 100, 230, 0).astype(np.uint8)
    rows, columns = np.nonzero(dark)
    top = columns[rows == rows.min()]
    dark[rows.min() - 2 : rows.min(), top[len(top) // 2]] = 230
    assert is_even(spans_of(dark))


@pytest.mark.parametrize(
    ("spans", "even", "penned"),
    [
        ([(10.0, 40.0), (10.4, 40.3)], True, False),
        ([(10.0, 40.0), (13.0, 43.0)], False, True),  # one stands a tenth lower
        ([(10.0, 40.0), (10.0, 37.0), (12.0, 40.0)], False, True),
        ([(10.0, 18.0), (10.8, 18.8)], True, False),  # less than a pixel of a small one
        ([(20.0, 40.0), (10.0, 40.0), (20.0, 40.0)], False, False),  # a letter's head
        ([(10.0, 40.0)], True, False),
        ([], True, False),
    ],
)
def test_a_hand_strays_more_than_print_and_less_than_letters(
    spans: Spans, even: bool, penned: bool
) -> None:
    assert is_even(spans) is even
    assert is_penned(spans) is penned


def test_an_edge_between_two_rows_of_pixels_is_found_by_their_greys() -> None:
    dark = np.zeros((12, 4), np.uint8)
    dark[4:8] = 200
    dark[3] = dark[8] = 50  # a quarter of the pixel
    span = edges(dark, dark > 100)
    assert span is not None
    assert span[0] == pytest.approx(4 - 2 / 3, abs=0.01)
    assert span[1] == pytest.approx(8 + 2 / 3, abs=0.01)
    assert edges(dark, np.zeros(dark.shape, bool)) is None


def in_a_cell(strays: tuple[float, ...]) -> FieldImage:
    """Write 4826 of 5 mm into a cell, each digit so far down in millimetres, and find it."""
    sheet = Sheet(width_mm=90, height_mm=60, dpi=300)
    for row in range(3):
        sheet.label("THE NUMBER FILLED IN BELOW", 8, 8 + 7 * row, 3.4)
    sheet.box(20, 30, 40, 10)
    for at, (digit, stray) in enumerate(zip("4826", strays, strict=True)):
        sheet.rng = np.random.default_rng(5)
        sheet.digit(digit, 24 + 4 * at, 32 + stray, 3, 5)
    [found] = [f for f in locate(sheet.image, 300) if f.spec.kind is Kind.CELL]
    return found


def test_digits_as_level_as_print_by_whole_pixels_are_trusted_if_they_stand_unevenly() -> None:
    even, uneven = in_a_cell((0, 0, 0, 0)), in_a_cell((0, 0.3, 0, 0.3))
    assert even.doubt > 0.5
    assert uneven.doubt <= 0.5
    assert uneven.print_like > 0.5  # still left out where it reads as no number
