"""Photos of a sheet on a desk: the desk is left out where no form is found on the whole picture."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from test_register_form import DPI, MOST_OFF_MM, drawn, off_mm

from formreader.document import Grey, Page
from formreader.forms_print import print_of
from formreader.register_sheet import without_desk

PLACE = np.array([[0.62, -0.02, 190.0], [0.03, 0.61, 150.0], [0.0, 0.0, 1.0]])


def on_desk(sheet: Grey, grain: int, bright: float = 0.8) -> Grey:
    """Lay a sheet on a brown desk with a level grain of so many shades."""
    rng = np.random.default_rng(4)
    height, width = sheet.shape
    coarse = rng.uniform(-grain, grain, (height // 3, max(2, width // 60))).astype(np.float32)
    desk = np.clip(70 + cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), 0, 255)
    size = (width, height)
    laid = cv2.warpPerspective(sheet * np.float32(bright), PLACE, size, flags=cv2.INTER_AREA)
    mask = cv2.warpPerspective(np.ones(sheet.shape, np.float32), PLACE, size)
    return np.asarray(laid * mask + desk * (1 - mask), np.uint8)


@pytest.mark.parametrize("grain", [0, 60])
def test_a_sheet_on_a_desk_is_laid_on_its_form(grain: int) -> None:
    blank = drawn(3)
    page = Page("photo.jpg", 1, on_desk(blank, grain), DPI)
    assert off_mm(page, print_of(blank, DPI), PLACE) <= MOST_OFF_MM


def test_the_desk_goes_and_the_sheet_stays() -> None:
    photo = on_desk(drawn(3), 60)
    cleared = without_desk(photo)
    assert cleared is not None
    outline = np.array([[0, 0], [drawn(3).shape[1], 0], drawn(3).shape[::-1]], np.float64)
    at = outline @ PLACE[:2, :2].T + PLACE[:2, 2]
    left, top = at.min(axis=0).astype(int) + 12
    right, bottom = at.max(axis=0).astype(int) - 12
    middle = np.s_[top + 30 : bottom - 30, left + 30 : right - 30]
    assert np.array_equal(cleared[middle], photo[middle])
    assert cleared[:100].min() > 150


@pytest.mark.parametrize("kind", ["scan", "tinted", "panel", "dark", "empty"])
def test_a_page_that_fills_its_picture_is_left_alone(kind: str) -> None:
    page = drawn(3)
    if kind == "tinted":
        page[100:600] = np.minimum(page[100:600], 200)
    if kind == "panel":  # a white box on a pale page
        page = np.minimum(page, 215)
        page[200:900, 100:700] = 255
    if kind == "dark":
        page = page // 3
    if kind == "empty":
        page[:] = 250
    assert without_desk(page) is None


def test_of_a_torn_sheet_nothing_is_left_out() -> None:
    sheet = drawn(3)
    cv2.fillPoly(sheet, [np.array([[0, 0], [500, 0], [0, 500]], np.int32)], 70)
    assert without_desk(on_desk(sheet, 0)) is None
