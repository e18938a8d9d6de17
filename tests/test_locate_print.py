"""Writing that looks like print, print that looks like writing, digits paler than the others."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from pages import Sheet

from formreader.document import FieldImage, FieldSpec, Kind, Rect
from formreader.forms_field import FieldDef
from formreader.forms_print import Print, print_of
from formreader.locate import Place, at_places, locate
from formreader.locate_doubts import PRINT
from formreader.pipeline_form import place_of


class Even:
    """Stands for chance: always the middle, so that all digits are as level as print."""

    def uniform(self, low: float, high: float, size: int | None = None) -> object:
        middle = (low + high) / 2
        return middle if size is None else np.full(size, middle)


def paler(sheet: Sheet, rect: Rect, share: float) -> None:
    part = sheet.image[rect.y : rect.bottom, rect.x : rect.right]
    part[:] = 255 - (share * (255.0 - part)).astype(np.uint8)


def at(fields: list[FieldImage], sheet: Sheet, x_mm: float, y_mm: float) -> list[FieldImage]:
    x, y = sheet.px(x_mm, y_mm)
    return [
        f for f in fields if f.rect.x <= x < f.rect.right and f.rect.y <= y < f.rect.bottom
    ]  # fmt: skip


def inked(found: FieldImage) -> str:
    return "".join(
        "x" if found.ink[c.y : c.bottom, c.x : c.right].any() else " " for c in found.cells
    )


# Boxes


def known(
    sheet: Sheet, count: int, box: float, high: float, printed: Print | None = None
) -> FieldImage:
    """Cut out the row at (15, 15) mm as a definition of the form would give it."""
    field = FieldDef(name="row", kind="boxes", box=(15, 15, count * box, high), boxes=count)
    place = place_of(field, sheet.dpi, printed)
    return at_places(sheet.image, sheet.dpi, [place])[0].field


def test_even_digits_look_printed_only_where_no_form_is_known() -> None:
    sheet = Sheet(width_mm=90, height_mm=40)
    sheet.rng = Even()  # type: ignore[assignment]
    sheet.row("0127", 15, 15)
    assert at(locate(sheet.image, 200), sheet, 30, 18)[0].doubt > 0.5
    assert known(sheet, 4, 6, 7).doubt <= 0.5


def test_what_stands_beside_an_empty_box_does_not_go_on_its_number() -> None:
    for text, doubted in (("163", True), ("16 ", False)):
        sheet = Sheet(width_mm=80, height_mm=40)
        sheet.row(text, 12, 14)
        sheet.digit("2", 30.8, 15.2, 4, 4.3)
        assert (at(locate(sheet.image, 200), sheet, 15, 17)[0].doubt > 0.5) == doubted


def test_a_number_in_the_next_field_of_a_known_form_does_not_go_on_this_one() -> None:
    sheet = Sheet(width_mm=90, height_mm=40)
    places = []
    for left, text in ((15, "1604"), (39.5, "0853")):
        sheet.row("    ", left, 15)
        for i, digit in enumerate(text):
            sheet.digit(digit, left + 6 * i + 0.5, 15.6, 4.2, 6)
        edges = [(left + 6 * i, 15, left + 6 * i + 6, 22) for i in range(4)]
        rects = tuple(tuple(v * sheet.mm for v in edge) for edge in edges)
        places.append(Place(FieldSpec(text, Kind.BOXES), rects))
    assert [cut.field.doubt <= 0.5 for cut in at_places(sheet.image, 200, places)] == [True, True]
    alone = at_places(sheet.image, 200, places[:1])
    assert alone[0].field.doubt > 0.5


@pytest.mark.parametrize("name", ["Sum", "CHF", "EUR", "%"])
def test_print_that_a_form_has_beside_its_boxes_is_no_digit_that_goes_on(name: str) -> None:
    blank, filled = Sheet(width_mm=90, height_mm=40, dpi=300), Sheet(90, 40, dpi=300)
    for sheet, text in ((blank, "  "), (filled, "27")):
        sheet.row(text, 15, 15, high=3.6)
        sheet.label(name, 28.2, 18, 2)
    printed = print_of(blank.image, 300)
    assert known(filled, 2, 6, 3.6).doubt > 0.5
    assert known(filled, 2, 6, 3.6, printed).doubt <= 0.5
    filled.digit("3", 28.3, 15.2, 3.4, 3.2)  # over the print
    assert known(filled, 2, 6, 3.6, printed).doubt > 0.5


@pytest.mark.parametrize(("beside", "doubted"), [("", False), ("4", True)])
def test_a_rule_and_a_mark_of_the_table_beside_pale_boxes_are_no_digit(
    beside: str, doubted: bool
) -> None:
    sheet = Sheet(width_mm=90, height_mm=40)
    sheet.line_grey = 247
    sheet.row("315", 15, 15)
    if beside:
        sheet.digit(beside, 33.6, 15.6, 4.2, 6)
    else:
        cv2.line(sheet.image, sheet.px(34.2, 0), sheet.px(34.2, 40), 110, 2)
        cv2.rectangle(sheet.image, sheet.px(35, 19), sheet.px(37, 20), 20, -1)
    assert (known(sheet, 3, 6, 7).doubt > 0.5) == doubted


def test_walls_of_low_boxes_at_150_dpi_are_no_strokes_that_run_through_them() -> None:
    sheet = Sheet(width_mm=90, height_mm=40, dpi=150)
    for i, digit in enumerate("40947046"):
        sheet.box(15 + 4 * i, 15, 4, 3.6)
        sheet.digit(digit, 15.7 + 4 * i, 15.2, 2.6, 3.3)
    for left in (15.8, 23.8, 27.8, 35.8, 39.8):  # what a broken, thick wall leaves
        rest = sheet.px(left, 14.6), sheet.px(left + 1.5, 14.95)
        cv2.rectangle(sheet.image, *rest, sheet.line_grey, -1)
    sheet.image = cv2.GaussianBlur(sheet.image, (0, 0), 0.6)
    assert known(sheet, 8, 4, 3.6).doubt <= 0.5
    sheet.line(16, 13.2, 22, 20.2)
    sheet.line(40, 13.2, 30, 20.2)
    assert known(sheet, 8, 4, 3.6).doubt > 0.5


@pytest.mark.parametrize("kind", ["comb", "row"])
def test_a_digit_written_half_as_dark_is_read_and_shown_to_a_person(kind: str) -> None:
    sheet = Sheet(width_mm=90, height_mm=40)
    sheet.comb("0127", 15, 22) if kind == "comb" else sheet.row("0127", 15, 15)
    pitch = 5.5 if kind == "comb" else 6.0
    x, y = sheet.px(15 + 3 * pitch + 0.5, 15.6)
    w, h = sheet.px(pitch - 1, 5.9)
    paler(sheet, Rect(x, y, w, h), 0.36)
    [found] = [f for f in locate(sheet.image, 200) if f.cells]
    assert inked(found) == "xxxx"
    assert found.doubt > 0.5


def test_a_pale_guide_printed_in_every_box_is_no_digit() -> None:
    sheet = Sheet(width_mm=90, height_mm=40)
    sheet.line_grey = 165
    for i in range(4):
        sheet.box(15 + 6 * i + 1.8, 16.2, 2.4, 2.3)
        sheet.box(15 + 6 * i + 1.8, 18.5, 2.4, 2.3)
    sheet.line_grey = 60
    sheet.row(" 752", 15, 15)
    [found] = [f for f in locate(sheet.image, 200) if len(f.cells) > 1]
    assert inked(found) == " xxx"
    assert found.doubt <= 0.5


def test_boxes_beside_one_under_a_watermark_are_not_all_of_a_number() -> None:
    sheet = Sheet(width_mm=90, height_mm=40)
    sheet.row("7385", 15, 15, gap=1.0)
    plain = [f for f in locate(sheet.image, 200) if f.cells]
    assert [f.doubt <= 0.5 for f in plain] == [True]
    x, y = sheet.px(14, 8)
    w, h = sheet.px(7.6, 22)
    sheet.image[y : y + h, x : x + w] = (sheet.image[y : y + h, x : x + w] * 0.6).astype(np.uint8)
    found = [f for f in locate(sheet.image, 200) if len(f.cells) > 1]
    assert found
    assert all(f.doubt > 0.5 for f in found if len(f.cells) < 4)


def test_a_digit_in_a_box_that_was_not_seen_is_not_left_out_unseen() -> None:
    sheet = Sheet(width_mm=110, height_mm=40)
    sheet.row("68297164", 15, 15, gap=1.0)
    x, y = sheet.px(15 + 4 * 7.0 - 0.9, 13)
    w, h = sheet.px(7.8, 11)
    place = sheet.image[y : y + h, x : x + w]
    place[place > 40] = 255  # the walls of the fifth box are gone, its digit is not
    found = [f for f in locate(sheet.image, 200) if len(f.cells) > 1]
    assert all(f.doubt > 0.5 for f in found if len(f.cells) < 8)


def test_the_foot_of_a_digit_right_on_a_combs_rule_stays() -> None:
    sheet = Sheet(width_mm=90, height_mm=40, dpi=300)
    sheet.comb("      ", 15, 22)
    for i in range(6):
        sheet.label("2", 16.2 + 5.5 * i, 21.7, 4.0)
    [found] = [f for f in locate(sheet.image, 300) if f.cells]
    for cell in found.cells:
        rows, columns = np.nonzero(found.ink[cell.y : cell.bottom + 6, cell.x : cell.right])
        foot = columns[rows > rows.max() - 6]
        assert np.ptp(foot) > 0.7 * np.ptp(columns)


@pytest.mark.parametrize(("wall", "stays"), [(175, True), (30, False)])
def test_a_stroke_over_the_wall_of_its_box_is_seen_where_the_wall_is_paler(
    wall: int, stays: bool
) -> None:
    sheet = Sheet(width_mm=90, height_mm=40, dpi=300, line_mm=0.8, line_grey=wall)
    sheet.row("731 ", 15, 15)
    x, y = sheet.px(15 + 3 * 6 + 1.5, 15.0)
    cv2.line(sheet.image, (x, y), (x + 30, y), 20, 6)
    cv2.line(sheet.image, (x + 15, y), (x + 10, y + 50), 20, 6)
    [found] = [f for f in locate(sheet.image, 300) if len(f.cells) > 1]
    last = found.ink[:, found.cells[3].x : found.cells[3].right]
    bar = last[max(0, y - found.rect.y - 2) : y - found.rect.y + 3]
    assert (bar.sum(axis=1).max() >= 28) == stays


# Cells


def test_digits_as_level_as_print_have_a_row_in_a_cell() -> None:
    sheet = Sheet(width_mm=130, height_mm=60)
    for row in range(3):
        sheet.label("THE NUMBER FILLED IN BELOW", 8, 8 + 7 * row, 3.4)
    sheet.box(20, 30, 60, 9)
    sheet.rng = Even()  # type: ignore[assignment]
    sheet.number("80205", 30, 32.5, 2.6, 3.4)
    [found] = at(locate(sheet.image, 200), sheet, 34, 33.5)
    assert found.spec.kind is Kind.CELL
    assert found.rect.width > sheet.px(10, 0)[0]


def test_what_is_printed_alike_in_many_cells_is_taken_for_print() -> None:
    sheet = Sheet(width_mm=130, height_mm=80)
    for i in range(5):
        sheet.box(20, 10 + 9 * i, 30, 9)
        sheet.box(50, 10 + 9 * i, 12, 9)
        sheet.label("00", 53, 17 + 9 * i, 3.2)
    sheet.number("48305", 24, 12, 4.0, 4.5)
    fields = locate(sheet.image, 200)
    [number], [print_] = at(fields, sheet, 32, 14), at(fields, sheet, 55, 15)
    assert number.doubt < PRINT
    assert print_.doubt == PRINT


def test_a_number_is_not_joined_with_the_next_cell() -> None:
    sheet = Sheet(width_mm=130, height_mm=40)
    sheet.box(20, 10, 30, 10)
    sheet.box(50, 10, 12, 10)
    sheet.number("43", 41, 12.5, 4.0, 5.0)
    sheet.number("75", 51.5, 12.5, 4.0, 5.0)
    fields = locate(sheet.image, 200)
    [pounds], [pence] = at(fields, sheet, 43, 15), at(fields, sheet, 54, 15)
    assert pounds is not pence
    assert pounds.rect.right < sheet.px(52, 0)[0]


def test_a_number_is_not_joined_with_the_label_over_its_cell() -> None:
    sheet = Sheet(width_mm=130, height_mm=40)
    sheet.label("for this record", 20, 11.5)
    sheet.box(20, 12, 50, 7)
    sheet.number("961", 24, 12.6, 4.0, 5.6)
    [found] = at(locate(sheet.image, 200), sheet, 29, 15)
    assert found.rect.right < sheet.px(40, 0)[0]


def test_the_end_of_a_comb_is_no_digit_that_is_trusted() -> None:
    sheet = Sheet(width_mm=110, height_mm=40)
    sheet.box(14, 10, 80, 14)
    sheet.line(20, 21, 46, 21)
    for x in (20, 23.5, 31, 40.5, 46):
        sheet.line(x, 21 - (3.4 if x in (20, 46) else 1.0), x, 21)
    sheet.number("4960", 21, 15.6, 5.5, 4.6)
    for found in at(locate(sheet.image, 200), sheet, 30, 18):
        assert len(found.cells) == 4 or found.doubt > 0.5


def test_print_within_a_field_and_print_beside_it_are_told_apart() -> None:
    field = FieldDef(name="cell", kind="cell", box=(20, 10, 40, 12))
    labels = np.array([[22.0, 11, 34, 14], [8, 12, 19, 15], [22, 30, 34, 33]])
    none = np.zeros((0, 3))
    printed = Print(90, 40, none, none, np.zeros((0, 2)), labels)
    place = place_of(field, 254.0, printed)
    assert np.allclose(place.captions, [(224, 114, 336, 136)])
    assert np.allclose(place.labels, [(75, 115, 195, 155)])


@pytest.mark.parametrize(
    ("wide", "high", "kept"), [(2, 12, False), (2, 34, True), (5, 12, True)],
    ids=["tooth", "thin-1", "low-mark"],
)  # fmt: skip
def test_what_is_left_of_the_teeth_of_an_empty_comb_is_no_ink(
    wide: int, high: int, kept: bool
) -> None:
    page = np.full((200, 500), 255, np.uint8)
    edges = [(100 + 50 * k, 60, 150 + 50 * k, 110) for k in range(5)]
    cv2.line(page, (100, 110), (350, 110), 0, 2)
    for left, _, right, _ in edges:
        cv2.line(page, (left, 98), (left, 110), 0, 2)
        cv2.line(page, (right, 98), (right, 110), 0, 2)
    page[100 - high : 100, 222 : 222 + wide] = 40
    rects = tuple((float(a), float(b), float(c), float(d)) for a, b, c, d in edges)
    [cut] = at_places(page, 300, [Place(FieldSpec("row", Kind.COMB, 5), rects)])
    assert bool(cut.field.ink.any()) is kept
