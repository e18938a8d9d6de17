"""Layouts of forms that differ from the samples: labels before lines, rows of dots, full digits."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from pages import Sheet

from formreader.document import FieldImage, FieldSpec, Kind
from formreader.form_draft_places import find_places
from formreader.form_names import Draft
from formreader.locate import Place, at_places, locate
from formreader.locate_boxes import Cell
from formreader.locate_groups import Group
from formreader.locate_print import bracketed
from formreader.locate_zones import edge_zone, level_zone
from formreader.rules import Level, Rules
from formreader.rules_tinted import white_boxes


class Even:
    """Stands for chance: always the middle, so that all digits are as level as print."""

    def uniform(self, low: float, high: float, size: int | None = None) -> object:
        middle = (low + high) / 2
        return middle if size is None else np.full(size, middle)


def over(fields: list[FieldImage], sheet: Sheet, x_mm: float, y_mm: float) -> list[FieldImage]:
    x, y = sheet.px(x_mm, y_mm)
    return [
        f for f in fields if f.rect.x <= x < f.rect.right and f.rect.y <= y < f.rect.bottom
    ]  # fmt: skip


def drafted(fields: list[Draft], x_mm: float, y_mm: float) -> list[Draft]:
    return [
        f
        for f in fields
        if f.box[0] <= x_mm < f.box[0] + f.box[2] and f.box[1] <= y_mm < f.box[1] + f.box[3]
    ]


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


# Combs


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
    [row] = drafted(find_places(sheet.image, 200), 24, 27)
    assert row.kind == "comb"
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


# Tints


def tinted(dark: int = 210) -> Sheet:
    sheet = Sheet(width_mm=120, height_mm=80)
    left, top = sheet.px(5, 5)
    right, bottom = sheet.px(115, 60)
    sheet.image[top:bottom, left:right] = dark
    return sheet


def white(sheet: Sheet, x: float, y: float, w: float, h: float) -> None:
    left, top = sheet.px(x, y)
    right, bottom = sheet.px(x + w, y + h)
    sheet.image[top:bottom, left:right] = 255


def test_white_boxes_in_a_tint_are_boxes_without_a_printed_line() -> None:
    sheet = tinted()
    for i in range(4):
        white(sheet, 20 + 7 * i, 15, 6, 8)
    white(sheet, 60, 15, 40, 8)
    sheet.number("4827", 19.5, 16.4, 7, 5)
    sheet.number("59121", 64, 16.4, 4.4, 5)
    fields = locate(sheet.image, 200)
    [row] = over(fields, sheet, 33, 19)
    assert len(row.cells) == 4
    [cell] = over(fields, sheet, 75, 19)
    assert cell.spec.kind is Kind.CELL


def test_white_boxes_in_a_tint_are_drafted() -> None:
    sheet = tinted()
    for i in range(4):
        white(sheet, 20 + 7 * i, 15, 6, 8)
    white(sheet, 60, 15, 40, 8)
    found = find_places(sheet.image, 200)
    [row] = drafted(found, 33, 19)
    assert len(row.cells) == 4
    [cell] = drafted(found, 75, 19)
    assert cell.box == pytest.approx((60, 15, 40, 8), abs=0.5)


def test_grey_paper_and_the_edge_of_a_shadow_make_no_boxes() -> None:
    sheet = Sheet(width_mm=120, height_mm=80)
    shade = np.linspace(0.75, 1.0, sheet.image.shape[1])
    shade[400:600] *= 0.8
    sheet.image[:] = (sheet.image * shade).astype(np.uint8)
    assert not len(white_boxes(sheet.image, 200 / 25.4))


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
