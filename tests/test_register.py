from __future__ import annotations

import cv2
import numpy as np
import pytest
from pages import form, rotated

from formreader import register as stage
from formreader.document import Page, Rect


def page(image: np.ndarray, dpi: float = 200.0) -> Page:
    return Page("drawn.png", 1, np.ascontiguousarray(image), dpi)


@pytest.mark.parametrize("degrees", [-15, -9, -4, -1, -0.3, 0.3, 1, 4, 9, 15])
def test_skew_is_measured_to_a_tenth_of_a_degree(degrees: float) -> None:
    found = stage.register(page(rotated(form().image, degrees)))
    assert found.turns == 0
    assert found.skew_deg == pytest.approx(degrees, abs=0.1)


def test_straight_page_is_returned_untouched() -> None:
    sheet = page(form().image)
    registration = stage.register(sheet)
    assert registration.skew_deg == 0.0
    assert stage.upright(sheet, registration) is sheet.image


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_turned_page_of_text_comes_back_upright(turns: int) -> None:
    sheet = form()
    sheet.paragraph(6, 74, lines=4)
    turned = page(np.rot90(sheet.image, turns))
    registration = stage.register(turned)
    assert np.array_equal(stage.upright(turned, registration), sheet.image)


@pytest.mark.parametrize("seed", range(4))
def test_upright_page_is_never_turned(seed: int) -> None:
    assert stage.register(page(form(seed=seed).image)).turns == 0


def test_columns_of_circles_to_fill_in_do_not_lay_a_page_on_its_side() -> None:
    """A sheet with ten circles in each column, closer downwards than across."""
    sheet = np.full((1600, 1200), 255, np.uint8)
    for row in range(4):
        text = "Fill in one circle for every figure of your number"
        cv2.putText(sheet, text, (100, 100 + 40 * row), cv2.FONT_HERSHEY_SIMPLEX, 0.7, 0, 2)
    for column in range(14):
        for figure in range(30):
            at = (140 + 60 * column, 650 + 29 * figure)
            cv2.circle(sheet, at, 12, 60, 2, cv2.LINE_AA)
            place = (at[0] - 5, at[1] + 5)
            cv2.putText(sheet, str(figure % 10), place, cv2.FONT_HERSHEY_SIMPLEX, 0.45, 60, 1)
    assert stage.register(page(sheet)).turns == 0


def test_straightened_page_matches_the_page_before_it_was_skewed() -> None:
    image = rotated(form().image, 0)
    skewed = page(rotated(form().image, 6))
    straight = stage.upright(skewed, stage.register(skewed))
    ink = image < 100
    assert (straight[ink] < 200).mean() > 0.9


def test_white_fills_what_lies_outside_the_page() -> None:
    black = form().image
    black[:] = np.where(black > 200, 255, 0)
    skewed = page(rotated(black, 10))
    assert stage.upright(skewed, stage.register(skewed))[0, 0] == 255


def test_rectangle_goes_back_to_where_its_ink_was_loaded() -> None:
    sheet = form()
    rect, _ = sheet.truth[0]
    skewed = page(rotated(sheet.image, 7))
    registration = stage.register(skewed)
    mark = np.zeros_like(sheet.image)
    mark[rect.y : rect.bottom, rect.x : rect.right] = 255
    loaded = rotated(255 - mark, 7) < 128
    upright = rotated(255 - mark, 0) < 128
    rows, cols = np.nonzero(upright)
    place = Rect(cols.min(), rows.min(), np.ptp(cols) + 1, np.ptp(rows) + 1)
    back = stage.to_page(place, registration, skewed.image.shape)
    rows, cols = np.nonzero(loaded)
    assert abs(back.x - cols.min()) <= 4
    assert abs(back.y - rows.min()) <= 4
    assert abs(back.right - cols.max()) <= 5
    assert abs(back.bottom - rows.max()) <= 5


def test_rectangle_of_an_untouched_page_stays_where_it_is() -> None:
    sheet = page(form().image)
    registration = stage.register(sheet)
    rect = Rect(10, 20, 30, 40)
    assert stage.to_page(rect, registration, sheet.image.shape) == rect


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((1, 1), np.uint8),
        np.full((300, 400), 255, np.uint8),
        np.zeros((300, 400), np.uint8),
        np.random.default_rng(1).integers(0, 255, (400, 300)).astype(np.uint8),
        np.full((5, 3000), 255, np.uint8),
    ],
    ids=["one pixel", "blank", "black", "noise", "strip"],
)
def test_page_with_nothing_to_hold_on_to_is_left_alone(image: np.ndarray) -> None:
    sheet = page(image)
    registration = stage.register(sheet)
    assert registration.turns == 0
    assert stage.upright(sheet, registration).shape == image.shape


def test_photo_taken_at_an_angle_gets_level_lines() -> None:
    sheet = form()
    for y in range(8):
        sheet.line(5, 20 + 8 * y, 125, 20 + 8 * y)
    for x in range(7):
        sheet.line(5 + 20 * x, 20, 5 + 20 * x, 76)
    height, width = sheet.image.shape
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    moved = corners + np.array([[40, 20], [-10, 40], [-60, -20], [10, -5]], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, moved)
    photo = cv2.warpPerspective(sheet.image, matrix, (width, height), borderValue=255)
    photographed = page(np.asarray(photo, np.uint8))
    straight = stage.upright(photographed, stage.register(photographed))
    dark = (straight < 160).mean(axis=1)
    assert np.sum(dark > 0.55) >= 6
