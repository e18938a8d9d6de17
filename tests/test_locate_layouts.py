"""Layouts of forms that differ from the samples: labels before lines, rows of dots, full digits."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from pages import Sheet, drafted, over

from formreader.document import FieldSpec, Kind
from formreader.form_draft_places import find_places
from formreader.locate import Place, at_places, locate
from formreader.locate_boxes import Cell
from formreader.locate_groups import Group
from formreader.locate_print import bracketed
from formreader.locate_zones import edge_zone, level_zone
from formreader.rules import Level, Rules


class Even:
    """Stands for chance: always the middle, so that all digits are as level as print."""

    def uniform(self, low: float, high: float, size: int | None = None) -> object:
        middle = (low + high) / 2
        return middle if size is None else np.full(size, middle)


def dots(sheet: Sheet, x0: float, x1: float, y: float, pitch: float = 0.9) -> None:
    for x in np.arange(x0, x1, pitch):
        left, top = sheet.px(x, y)
        sheet.image[top : top + 4, left : left + 4] = 40


# Lines to write on


def test_a_number_right_after_the_label_of_its_line_has_a_row_without_it() -> None:
    sheet = Sheet(width_mm=100, height_mm=40)
    sheet.label("Date of birth:", 10, 20)
    left = np.flatnonzero((sheet.image < 128).any(axis=0))[-1] / sheet.mm + 1.2
    sheet.line(left, 20.7, 90, 20.7)
    sheet.number("2962956", left, 15.3, 4.0, 5.0)
    [found] = over(locate(sheet.image, 200), sheet, left + 12, 18)
    assert found.rect.x > sheet.px(left - 1.5, 0)[0]
    assert found.rect.right > sheet.px(left + 26, 0)[0]


def test_digits_as_level_as_print_have_a_row_on_a_line_and_are_shown_to_a_person() -> None:
    sheet = Sheet(width_mm=100, height_mm=40)
    sheet.rng = Even()  # type: ignore[assignment]
    sheet.line(20, 20.7, 90, 20.7)
    sheet.number("80205", 25, 16.6, 2.6, 3.4)
    [found] = over(locate(sheet.image, 200), sheet, 29, 18)
    assert found.doubt > 0.5


def test_a_line_of_dots_is_no_part_of_the_number_on_it() -> None:
    sheet = Sheet(width_mm=100, height_mm=40)
    sheet.label("Tel.", 10, 20)
    dots(sheet, 19, 90, 20)
    sheet.number("47946", 27, 14.6, 4.4, 5.0)
    [found] = over(locate(sheet.image, 200), sheet, 36, 17)
    assert found.rect.x > sheet.px(25, 0)[0]
    assert found.rect.right < sheet.px(51, 0)[0]
    count, _ = cv2.connectedComponents(found.ink.view(np.uint8))
    assert count - 1 <= 6


def test_lines_of_dots_are_drafted_but_not_those_that_lead_to_boxes() -> None:
    sheet = Sheet(width_mm=120, height_mm=60)
    sheet.label("Tel.", 10, 20)
    dots(sheet, 19, 60, 20)
    sheet.label("Ort", 64, 20)
    dots(sheet, 72, 110, 20)
    sheet.label("Miete", 10, 45)
    dots(sheet, 22, 66, 45)
    sheet.comb("      ", 70, 45)
    found = find_places(sheet.image, 200)
    assert [f.kind for f in drafted(found, 40, 18)] == ["line"]
    assert [f.kind for f in drafted(found, 90, 18)] == ["line"]
    assert not drafted(found, 45, 43)


def test_the_upper_edge_of_printed_letters_is_no_line_to_write_on() -> None:
    sheet = Sheet(width_mm=100, height_mm=40)
    sheet.line(20, 20, 50, 20)
    for x in np.arange(20, 50, 0.8):
        sheet.line(x, 20, x, 22.2)
    assert not drafted(find_places(sheet.image, 200), 35, 18)


def test_a_number_that_stands_on_two_lines_goes_to_a_person() -> None:
    sheet = Sheet(width_mm=100, height_mm=40)
    sheet.line(20, 25, 34, 25)
    sheet.line(40, 25, 60, 25)
    sheet.number("36", 22, 19, 5.0, 5.5)
    sheet.line(36, 25.4, 38, 18.6)
    sheet.number("2024", 41, 19, 4.6, 5.5)
    found = [f for f in locate(sheet.image, 200) if f.ink.any()]
    whole = [f for f in found if f.rect.width > sheet.px(30, 0)[0]]
    assert len(whole) == 1
    assert whole[0].doubt > 0.5
    alone = Sheet(width_mm=100, height_mm=40)
    alone.line(20, 25, 60, 25)
    alone.number("3642024", 22, 19, 5.0, 5.5)
    [field] = [f for f in locate(alone.image, 200) if f.ink.any()]
    assert field.doubt < 0.5


# Cells


def test_a_1_as_high_as_its_cell_is_no_wall() -> None:
    sheet = Sheet(width_mm=70, height_mm=40)
    sheet.box(15, 12, 16, 5)
    cv2.line(sheet.image, sheet.px(21, 12.1), sheet.px(20.9, 16.3), 20, 4, cv2.LINE_AA)
    sheet.digit("7", 22.4, 12.5, 2.8, 4)
    [found] = over(locate(sheet.image, 200), sheet, 21, 14.5)
    assert found.rect.right > sheet.px(24, 0)[0]


def test_the_bars_of_two_7s_over_a_line_make_no_cell_with_their_stems() -> None:
    sheet = Sheet(width_mm=100, height_mm=40)
    sheet.line(15, 24, 70, 24)
    for x, y in ((24.0, 19.6), (27.2, 19.2)):
        path = [sheet.px(*at) for at in ((x, y), (x + 3, y + 0.1), (x + 1.8, 24.3))]
        cv2.polylines(sheet.image, [np.array(path, np.int32)], False, 20, 4, cv2.LINE_AA)
    for at, digit in enumerate("0488"):
        sheet.digit(digit, 31.5 + 4 * at, 19.4, 3.2, 4.4)
    [found] = over(locate(sheet.image, 200), sheet, 38, 22)
    assert found.rect.x < sheet.px(25, 0)[0]


def test_an_8_whose_loops_ran_full_is_no_mark() -> None:
    sheet = Sheet(width_mm=70, height_mm=40)
    sheet.box(15, 12, 40, 9)
    sheet.number("45", 18, 14, 4.6, 5.0)
    for y, radius in ((15.3, 0.95), (17.5, 1.3)):
        cv2.circle(sheet.image, sheet.px(18 + 11.4, y), round(radius * sheet.mm), 20, -1)
    [found] = over(locate(sheet.image, 200), sheet, 25, 16.5)
    assert found.rect.x < sheet.px(20, 0)[0]
    assert found.rect.right > sheet.px(30, 0)[0]


def test_the_letters_of_a_label_over_a_number_in_one_cell_are_none_of_its_digits() -> None:
    sheet = Sheet(width_mm=70, height_mm=40)
    sheet.box(10, 10, 50, 12)
    for x in (*np.arange(11, 18, 1.3), *np.arange(23.5, 40, 1.3)):
        sheet.line(x, 11.4, x, 12.6)
    sheet.number("4", 18, 12.4, 4.6, 6.4)
    sheet.number("31187", 22.6, 14.0, 4.6, 6.4)
    [found] = over(locate(sheet.image, 200), sheet, 30, 17)
    assert found.rect.x < sheet.px(20, 0)[0]
    assert found.rect.right > sheet.px(38, 0)[0]


def test_the_bars_of_digits_side_by_side_are_no_rule() -> None:
    sheet = Sheet(width_mm=70, height_mm=40)
    sheet.box(15, 12, 40, 9)
    sheet.line_mm, sheet.line_grey = 0.5, 20
    for x in (20.0, 24.8, 29.6):
        bar = 14.8 - 0.06 * (x - 20)
        sheet.line(x, bar, x + 3.4, bar - 0.25)
        sheet.line(x + 3.4, bar - 0.25, x + 1.6, 19.4)
    [found] = over(locate(sheet.image, 200), sheet, 26, 17)
    bars = found.ink[: round(0.45 * found.ink.shape[0])]
    assert bars.any(axis=0).mean() > 0.7


def test_a_label_in_the_upper_corner_of_its_box_is_left_out_of_the_drafted_field() -> None:
    sheet = Sheet(width_mm=100, height_mm=60)
    sheet.box(10, 10, 40, 12)
    sheet.label("1 Wages and tips", 11, 12.6, high=1.5)
    sheet.box(50, 10, 40, 12)
    sheet.label("9", 51, 12.6, high=1.5)
    found = find_places(sheet.image, 200)
    for x in (30, 70):
        [field] = drafted(found, x, 18)
        assert field.kind == "cell"
        assert 12.4 < field.box[1] < 14
        assert field.box[1] + field.box[3] == pytest.approx(22, abs=0.4)


def test_a_heading_amid_its_cell_is_no_place_to_write() -> None:
    sheet = Sheet(width_mm=100, height_mm=60)
    for x in (10, 40):
        sheet.box(x, 10, 30, 8)
        sheet.label("Start", x + 8, 15.2)
        sheet.box(x, 18, 30, 8)
    found = find_places(sheet.image, 200)
    assert not drafted(found, 25, 16.5)
    assert drafted(found, 25, 22)


def test_boxes_with_printed_pence_are_none_to_write_in() -> None:
    sheet = Sheet(width_mm=100, height_mm=40)
    sheet.row(" " * 7, 10, 12)
    for x in (40.8, 46.8):
        sheet.label("0", x, 17.6, high=4.0)
    [row] = drafted(find_places(sheet.image, 200), 20, 15)
    assert len(row.cells) == 5


def test_boxes_with_pale_or_with_hints_everywhere_are_written_in() -> None:
    sheet = Sheet(width_mm=100, height_mm=60)
    sheet.row(" " * 6, 10, 12)
    sheet.row(" " * 6, 10, 32)
    for k, letter in enumerate("DDMMYY"):
        sheet.label(letter, 11 + 6 * k, 37.2, high=3.4)
    pale = Sheet(width_mm=100, height_mm=60)
    for k, letter in enumerate("DD"):
        pale.label(letter, 11 + 6 * k, 17.2, high=3.4)
    sheet.image[pale.image < 160] = 190
    found = find_places(sheet.image, 200)
    assert [len(row.cells) for y in (15, 35) for row in drafted(found, 20, y)] == [6, 6]


# Print


def test_figures_in_small_brackets_are_shown_to_a_person() -> None:
    one = Group(np.array([[0, 0, 5, 17, 50], [9, 0, 8, 14, 60], [18, 1, 5, 17, 50]]))
    assert bracketed(one)


@pytest.mark.parametrize("cells", [0, 1])
def test_the_feet_of_digits_side_by_side_are_no_rule(cells: int) -> None:
    """Level pieces that bend like writing, joined by short gaps, beside a printed line."""
    x = np.arange(90)
    feet = Level(100, 60 + 4 * np.sin(x / 14), np.ones(90, bool), 3.0, 0.3)
    line = Level(60, np.full(240, 80.0), np.ones(240, bool), 3.0, 0.1)
    across = np.zeros((120, 400), bool)
    across[50:90] = True
    rules = Rules(np.zeros((120, 400), np.uint8), across, np.zeros((120, 400), bool), [feet, line])
    cell = Cell(60, 20, 300, 80)
    zone, levels = level_zone(rules, [cell] * cells, 8.0)
    assert levels == [line]
    assert not zone[56, 140]
    assert zone[80, 140]
    edge = edge_zone(rules, cell, 6)
    assert edge[80, 140]
    assert not edge[60, 140]


@pytest.mark.parametrize("number", ["7", "15"])
def test_a_short_number_in_a_cell_that_a_form_has_is_trusted(number: str) -> None:
    sheet = Sheet(width_mm=120, height_mm=60, dpi=300)
    for row in range(3):
        sheet.label("THE MARKS OF EACH PUPIL ARE FILLED IN", 8, 8 + 6 * row, 4)
    for column in range(4):
        sheet.box(20 + 14 * column, 30, 14, 9)
        sheet.number(number, 22 + 14 * column, 32, 4.4, 5)
    rects = [tuple(v * sheet.mm for v in (20 + 14 * i, 30, 34 + 14 * i, 39)) for i in range(4)]
    places = [Place(FieldSpec(f"f{i}", Kind.CELL), (rect,)) for i, rect in enumerate(rects)]
    cuts = at_places(sheet.image, 300, places)
    assert [cut.field.ink.any() for cut in cuts] == [True] * 4
    assert [cut.field.doubt <= 0.5 for cut in cuts] == [True] * 4
