"""Combs: in groups, of ticks alone, in frames, filled and blank."""

from __future__ import annotations

import cv2
import pytest
from pages import Sheet

from formreader.document import Kind
from formreader.form_draft_places import find_places
from formreader.locate import locate


def teeth(
    sheet: Sheet, text: str, x: float, y: float, ruled: bool, gap: float = 1.4, off: float = 0.0
) -> None:
    """Draw a comb in groups, parted by blanks in `text`; a digit in a box where one is given.

    `gap` parts the groups, `off` is how far the first tick stands to the right, in mm.
    """
    first = x
    for group in text.split(" "):
        if ruled:
            sheet.line(x, y, x + 5 * len(group), y)
        for k in range(len(group) + 1):
            at = x + 5 * k + (off if x == first and not k else 0)
            sheet.line(at, y - 1.9, at, y)
        sheet.number(group.replace("_", " "), x, y - 5.4, 5, 4.4)
        x += 5 * len(group) + gap


@pytest.mark.parametrize("ruled", [True, False], ids=["ruled", "ticks-alone"])
def test_a_comb_in_groups_is_one_number(ruled: bool) -> None:
    sheet = Sheet(width_mm=100, height_mm=50)
    sheet.paragraph(8, 6, lines=3)
    teeth(sheet, "__ __ ____", 20, 30, ruled)
    [row] = [f for f in find_places(sheet.image, 200) if f.kind == "comb"]
    assert len(row.cells) == 8
    assert row.cells[2][0] - row.cells[1][2] == pytest.approx(1.4, abs=0.5)
    teeth(sheet, "27 03 1984", 20, 42, ruled)
    found = [f for f in locate(sheet.image, 200) if f.rect.y > sheet.px(0, 33)[1]]
    assert [(len(f.cells), f.spec.kind) for f in found] == [(8, Kind.COMB)]


@pytest.mark.parametrize(
    ("text", "ruled", "gap", "off"),
    [
        pytest.param("_____", False, 1.4, 0.0, id="ticks-alone"),
        pytest.param("__ __ ____", True, 0.7, 0.0, id="groups-nearly-touch"),
        pytest.param("_____", True, 1.4, 0.9, id="first-tick-off-its-place"),
    ],
)
def test_the_ticks_of_a_blank_comb_are_no_1s(
    text: str, ruled: bool, gap: float, off: float
) -> None:
    sheet = Sheet(width_mm=100, height_mm=50)
    sheet.paragraph(8, 6, lines=3)
    teeth(sheet, text, 20, 32, ruled, gap, off)
    [field] = [f for f in locate(sheet.image, 200) if f.rect.y > sheet.px(0, 20)[1]]
    assert len(field.cells) == text.count("_")
    assert not field.ink.any()


@pytest.mark.parametrize(
    ("text", "at", "off"),
    [
        pytest.param("12345", 0, 0.8, id="beside-the-first-tick"),
        pytest.param("23451", 4, 4.2, id="beside-the-last-tick"),
        pytest.param("23 14 2361", 7, 3.7, id="beside-the-last-tick-of-a-group"),
        pytest.param("23 14 2367", 2, 0.6, id="beside-the-first-tick-of-a-group"),
    ],
)
def test_a_1_beside_a_tick_is_not_taken_for_the_tick(text: str, at: int, off: float) -> None:
    sheet = Sheet(width_mm=120, height_mm=50)
    sheet.paragraph(8, 6, lines=3)
    x, boxes = 20.0, []
    for group in text.split(" "):
        sheet.line(x, 35, x + 5 * len(group), 35)
        for k in range(len(group) + 1):
            sheet.line(x + 5 * k, 30, x + 5 * k, 35)
        boxes += [(x + 5 * k, digit) for k, digit in enumerate(group)]
        x += 5 * len(group) + 1.4
    for place, (left, digit) in enumerate(boxes):
        if place == at:
            ends = sheet.px(left + off + 0.15, 30.2), sheet.px(left + off, 34.9)
            cv2.line(sheet.image, *ends, 20, 4, cv2.LINE_AA)
        else:
            sheet.digit(digit, left + 0.8, 30.0, 3.2, 4.4)
    combs = [f for f in locate(sheet.image, 200) if f.spec.kind is Kind.COMB]
    cells = [(f, cell) for f in combs for cell in f.cells]
    assert len(cells) == len(boxes)
    field, cell = cells[at]
    assert field.ink[cell.y : cell.bottom, max(0, cell.x) : cell.right].any()


def test_the_stems_of_letters_are_no_comb() -> None:
    sheet = Sheet(width_mm=100, height_mm=50)
    for text, y in (("ILLINOIS HILL MILL", 12), ("willing to fulfil until", 22), ("N I T H", 32)):
        sheet.label(text, 8, y, high=2.6)
    assert not [f for f in find_places(sheet.image, 200) if f.kind == "comb"]


@pytest.mark.parametrize("after", [True, False], ids=["after", "before"])
def test_a_box_that_ends_at_a_black_block_is_one_of_its_row(after: bool) -> None:
    sheet = Sheet(width_mm=100, height_mm=40)
    for x, digit in zip((30, 38, 46, 54), "2645", strict=True):
        sheet.box(x, 12, 8, 10)
        sheet.digit(digit, x + 2.4, 14.4, 3.0, 4.6)
    left, top = sheet.px(62 if after else 16, 11.8)
    right, bottom = sheet.px(76 if after else 30, 22.2)
    sheet.image[top:bottom, left - 6 : right + 6] = 15
    [row] = [f for f in locate(sheet.image, 200) if len(f.cells) > 1]
    assert len(row.cells) == 4


def test_a_comb_in_a_frame_has_no_box_beyond_its_sides() -> None:
    """The rule under it goes on to the letters before it, as the edge of a white field does."""
    sheet = Sheet(width_mm=120, height_mm=50)
    sheet.paragraph(8, 6, lines=3)
    sheet.line(24, 36, 80, 36)
    sheet.line(30, 30, 80, 30)
    for k in range(11):
        sheet.line(30 + 5 * k, 30 if k in (0, 10) else 34, 30 + 5 * k, 36)
    sheet.label("E", 25.5, 35.2, 3)
    sheet.number("5788229633", 30, 30.7, 5, 4.4)
    [comb] = [f for f in locate(sheet.image, 200) if f.spec.kind is Kind.COMB]
    assert len(comb.cells) == 10
    assert comb.rect.x == pytest.approx(sheet.px(30, 30)[0], abs=8)
