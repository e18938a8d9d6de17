"""Places to write that a draft finds: beside labels, over dark bars, in columns without walls."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from pages import Sheet
from PIL import Image

from formreader.document import Page
from formreader.form_draft import draft
from formreader.form_draft_columns import column_edges
from formreader.form_draft_places import find_places
from formreader.form_names import Draft
from formreader.pipeline_form import Forms
from formreader.rules_bars import edges

DPI = 200.0


def bar(sheet: Sheet, x: float, y: float, w: float, h: float, grey: int = 0) -> None:
    """Fill a bar."""
    (left, top), (right, bottom) = sheet.px(x, y), sheet.px(x + w, y + h)
    sheet.image[top:bottom, left:right] = grey


def over(sheet: Sheet, x: float, y: float) -> list[Draft]:
    """Return the drafted places that hold a point in millimetres."""
    return [
        f
        for f in find_places(sheet.image, DPI)
        if f.box[0] < x < f.box[0] + f.box[2] and f.box[1] < y < f.box[1] + f.box[3]
    ]


def labelled(left: str = "", right: str = "") -> Sheet:
    sheet = Sheet(width_mm=110, height_mm=50)
    sheet.box(20, 20, 70, 10)
    sheet.label(left, 22, 26.5)
    sheet.label(right, 83, 26.5)
    return sheet


@pytest.mark.parametrize(("left", "right"), [("Tel:", ""), ("3 x 50 =", ""), ("", "kg"), ("$", "")])
def test_a_cell_has_a_place_beside_its_label(left: str, right: str) -> None:
    sheet = labelled(left, right)
    [place] = over(sheet, 65, 25)
    printed = np.flatnonzero((sheet.image[sheet.px(0, 22)[1] : sheet.px(0, 28)[1]] < 128).any(0))
    inner = printed[(printed > sheet.px(21, 0)[0]) & (printed < sheet.px(89, 0)[0])] / sheet.mm
    if left:
        assert place.box[0] == pytest.approx(inner.max(), abs=2)
    else:
        assert place.box[0] + place.box[2] == pytest.approx(inner.min(), abs=2)


def test_between_a_name_above_and_a_unit_below_is_a_place() -> None:
    sheet = Sheet(width_mm=110, height_mm=50)
    sheet.box(20, 20, 40, 12)
    sheet.label("Weight", 21, 22.8, high=1.6)
    sheet.label("kg", 54, 29.5)
    [place] = over(sheet, 30, 28)
    left, top, wide, _ = place.box
    assert top > 22.2
    assert left + wide < 55


@pytest.mark.parametrize("left", ["Observations", "Tel"])
def test_a_cell_with_words_that_ask_for_nothing_has_none(left: str) -> None:
    assert not over(labelled(left), 65, 25)


def test_a_label_asks_for_what_is_written_in_the_empty_cell_after_it() -> None:
    sheet = labelled("Tel:")
    sheet.box(90, 20, 15, 10)
    assert not over(sheet, 65, 25)
    assert over(sheet, 97, 25)


def test_the_row_over_a_black_bar_has_places() -> None:
    sheet = Sheet(width_mm=110, height_mm=60)
    sheet.line(20, 20, 80, 20)
    for x in (20, 50, 80):
        sheet.line(x, 20, x, 30)
    bar(sheet, 20, 30, 60, 7)
    assert over(sheet, 35, 25)
    assert over(sheet, 65, 25)
    assert not over(sheet, 35, 33)


@pytest.mark.parametrize("width", [600, 601, 602, 603])
def test_a_dark_bar_ends_with_its_page(width: int) -> None:
    page = np.full((400, width), 255, np.uint8)
    page[100:150, 90:] = 20
    below, above = edges(page, DPI / 25.4)
    assert len(below + above) == 2
    assert all(width - 3 < level.x1 <= width for level in below + above)


def test_a_number_that_touches_a_black_bar_is_not_lost_with_it(tmp_path: Path) -> None:
    sheet = Sheet(width_mm=110, height_mm=80)
    sheet.paragraph(10, 8, lines=2)
    sheet.row("      ", 20, 55)
    sheet.box(20, 20, 60, 10)
    sheet.line(50, 20, 50, 30)
    bar(sheet, 20, 30, 60, 7)
    Image.fromarray(sheet.image).save(tmp_path / "blank.png", dpi=(DPI, DPI))
    draft(tmp_path / "blank.png", tmp_path / "form.toml")
    for at, symbol in enumerate("2003"):
        sheet.digit(symbol, 53 + 5 * at, 25.2, 3.2, 5.4)
    page = Page("p.png", 1, sheet.image, DPI)
    _, fields, _ = Forms([tmp_path / "form.toml"]).find(page)
    [field] = [f for f in fields if f.ink.any()]
    inked = np.flatnonzero(field.ink.any(axis=0))
    assert (inked[-1] - inked[0]) / sheet.mm == pytest.approx(18, abs=1.5)


@pytest.mark.parametrize("off", [-0.6, 0.4, 0.5])
def test_the_bar_of_a_7_at_the_rule_of_its_cell_is_no_dark_bar(tmp_path: Path, off: float) -> None:
    sheet = Sheet(width_mm=110, height_mm=80)
    sheet.paragraph(10, 8, lines=2)
    sheet.row("      ", 20, 55)
    for x in (12, 29, 46, 63):
        sheet.box(x, 25, 12, 6)
    Image.fromarray(sheet.image).save(tmp_path / "blank.png", dpi=(DPI, DPI))
    draft(tmp_path / "blank.png", tmp_path / "form.toml")
    _, before, _ = Forms([tmp_path / "form.toml"]).find(Page("p.png", 1, sheet.image, DPI))
    assert not any(field.ink.any() for field in before)
    path = [sheet.px(x, y) for x, y in ((13, 25 + off), (23, 25 + off), (16.8, 30.2))]
    cv2.polylines(sheet.image, [np.array(path, np.int32)], False, 20, 4, cv2.LINE_AA)
    _, fields, _ = Forms([tmp_path / "form.toml"]).find(Page("p.png", 1, sheet.image, DPI))
    inked = [np.flatnonzero(field.ink.any(axis=0)) for field in fields if field.ink.any()]
    assert all((columns[-1] - columns[0]) / sheet.mm > 8 for columns in inked)


def table(heads: list[tuple[str, float]], *, tinted: bool) -> Sheet:
    """Draw a table ruled level from 10 to 110 mm, its first column labels, and its headings."""
    sheet = Sheet(width_mm=120, height_mm=90)
    if tinted:
        bar(sheet, 10, 10, 100, 8, 110)
    for name, x in heads:
        sheet.label(name, x, 16)
    for row in range(6):
        sheet.line(10, 18 + 8 * row, 110, 18 + 8 * row)
        if row < 5:
            sheet.label(f"row {'abcde'[row]}", 12, 24 + 8 * row)
    if not tinted:
        sheet.line(10, 10, 110, 10)
    return sheet


@pytest.mark.parametrize("tinted", [False, True])
def test_a_table_ruled_level_alone_has_places_under_its_headings(tinted: bool) -> None:
    sheet = table([("Name", 20), ("May", 56), ("June", 75), ("July", 95)], tinted=tinted)
    for row in range(5):
        for middle in (59, 78, 98):
            [place] = over(sheet, middle, 22 + 8 * row)
            assert place.kind == "line"
            assert place.box[2] < 30
        assert not over(sheet, 14, 22 + 8 * row)


@pytest.mark.parametrize("rows", [3, 5])
def test_places_between_labels_and_units_have_their_heading_in_a_pale_bar(rows: int) -> None:
    sheet = Sheet(width_mm=120, height_mm=90)
    bar(sheet, 10, 20, 100, 6, 205)
    for name, x in (("Test", 12), ("Result", 55), ("Unit", 78), ("Range", 96)):
        sheet.label(name, x, 24.6)
    for row in range(rows):
        sheet.line(10, 34 + 8 * row, 110, 34 + 8 * row)
        for text, x in ((f"acid {'abcde'[row]}", 12), ("mg", 78), ("10 to 40", 93)):
            sheet.label(text, x, 31 + 8 * row)
    for row in range(rows):
        [place] = over(sheet, 58, 30 + 8 * row)
        assert place.box[2] < 30
        assert not over(sheet, 80, 30 + 8 * row)
        assert not over(sheet, 15, 30 + 8 * row)
    assert not over(sheet, 60, 17)  # the upper edge of the bar is no line to write on


def test_two_rules_under_a_pale_bar_are_no_table() -> None:
    sheet = Sheet(width_mm=120, height_mm=60)
    bar(sheet, 10, 20, 100, 6, 205)
    for name, x in (("Test", 12), ("Result", 55), ("Unit", 78), ("Range", 96)):
        sheet.label(name, x, 24.6)
    for row in range(2):
        sheet.line(10, 34 + 8 * row, 110, 34 + 8 * row)
    assert all(place.box[2] > 90 for place in over(sheet, 58, 30))


def test_headings_in_the_middle_tell_columns_and_others_where_these_begin() -> None:
    middle = column_edges([(10, 30), (55, 65), (75, 85)], 90, 1.0)
    assert middle.tolist() == [0, 50, 70, 90]
    begun = column_edges([(10, 20), (40, 50), (70, 78)], 120, 1.0)
    assert begun.tolist() == [8.5, 38.5, 68.5, 120]


@pytest.mark.parametrize("filled", [True, False])
def test_a_mark_in_a_column_of_print_leaves_no_place(filled: bool) -> None:
    sheet = Sheet(width_mm=110, height_mm=90)
    for x in (20, 50, 80):
        sheet.line(x, 20, x, 74)
    for row in range(7):
        sheet.line(20, 20 + 9 * row, 80, 20 + 9 * row)
        if row < 6 and (filled or row == 2):
            sheet.label("II" if row == 2 else "Carrots", 33 if row == 2 else 26, 26 + 9 * row)
    assert bool(over(sheet, 25, 42)) is not filled
    for row in range(6):
        assert over(sheet, 65, 24.5 + 9 * row)


@pytest.mark.parametrize(("comma", "whole"), [(68.0, True), (40.0, False), (None, False)])
def test_the_two_cents_after_a_printed_comma_are_one_place_with_the_amount(
    comma: float | None, whole: bool
) -> None:
    sheet = Sheet(width_mm=120, height_mm=50)
    sheet.box(20, 20, 62, 10)
    sheet.line(75, 20, 75, 30)
    if comma is not None:
        bar(sheet, comma - 0.8, 27, 0.8, 1.6)
    [place] = over(sheet, 50, 25)
    assert place.box[0] + place.box[2] == pytest.approx(82 if whole else 75, abs=0.5)
    assert len(over(sheet, 78, 25)) <= 1
