from __future__ import annotations

import cv2
import numpy as np
import pytest
from pages import Sheet, form

from formreader.document import FieldImage, Kind, Rect
from formreader.locate import locate


def overlap(a: Rect, b: Rect) -> float:
    w = min(a.right, b.right) - max(a.x, b.x)
    h = min(a.bottom, b.bottom) - max(a.y, b.y)
    shared = max(0, w) * max(0, h)
    return shared / (a.width * a.height + b.width * b.height - shared)


def match(fields: list[FieldImage], rect: Rect) -> FieldImage:
    best = max(fields, key=lambda f: overlap(f.rect, rect), default=None)
    assert best is not None, "no field at all"
    assert overlap(best.rect, rect) > 0.4
    return best


def inked(found: FieldImage) -> str:
    """Return x for a box with ink and a blank for one without."""
    return "".join(
        "x" if found.ink[c.y : c.bottom, c.x : c.right].any() else " " for c in found.cells
    )


def check_rows(sheet: Sheet, fields: list[FieldImage]) -> None:
    for rect, text in sheet.truth:
        found = match(fields, rect)
        assert len(found.cells) == len(text)
        assert found.spec.length == len(text)
        assert inked(found) == "".join(" " if c == " " else "x" for c in text)
        assert [c.x for c in found.cells] == sorted(c.x for c in found.cells)


@pytest.mark.parametrize("dpi", [75, 100, 150, 200, 300, 400, 600])
def test_boxes_are_found_at_every_usual_resolution(dpi: float) -> None:
    sheet = Sheet(width_mm=110, height_mm=70, dpi=dpi)
    sheet.row("31507", 15, 12)
    sheet.row("4 826", 15, 35, box=6.0, gap=2.0)
    check_rows(sheet, locate(sheet.image, dpi))


@pytest.mark.parametrize("box_mm", [3.6, 5.0, 8.0, 13.0])
def test_boxes_are_found_in_every_usual_size(box_mm: float) -> None:
    sheet = Sheet(width_mm=110, height_mm=60)
    sheet.row("3150", 15, 12, box=box_mm, high=1.15 * box_mm)
    check_rows(sheet, locate(sheet.image, 200))


@pytest.mark.parametrize("gap", [0.0, 0.6, 1.5, 3.0])
def test_adjoining_and_separate_boxes_make_one_field(gap: float) -> None:
    sheet = Sheet(width_mm=120, height_mm=40)
    sheet.row("20 4176", 12, 14, gap=gap)
    fields = locate(sheet.image, 200)
    check_rows(sheet, fields)
    assert len(fields) == 1


@pytest.mark.parametrize("tick", [1.3, 2.5, 5.0])
@pytest.mark.parametrize("dotted", [False, True])
def test_combs_are_found_by_their_ticks(tick: float, dotted: bool) -> None:
    sheet = Sheet(width_mm=90, height_mm=40)
    sheet.comb("735290", 15, 22, tick=tick, dotted=dotted)
    found = match(locate(sheet.image, 200), sheet.truth[0][0])
    assert len(found.cells) == 6
    assert inked(found) == "xxxxxx"


def test_date_with_slashes_between_its_boxes_is_one_field() -> None:
    sheet = Sheet(width_mm=120, height_mm=40)
    for i, text in enumerate(("31", "12", "2024")):
        sheet.row(text, 10 + i * 15.2, 15)
    for x in (23.0, 38.2):
        sheet.line(x + 0.9, 16.5, x + 0.2, 20.5)
    fields = [f for f in locate(sheet.image, 200) if f.cells]
    assert [len(f.cells) for f in fields] == [8]


def test_rows_far_apart_are_two_fields_from_left_to_right() -> None:
    sheet = Sheet(width_mm=130, height_mm=40)
    sheet.row("314", 10, 15)
    sheet.row("27", 70, 15.4)
    fields = locate(sheet.image, 200)
    assert [len(f.cells) for f in fields] == [3, 2]
    assert [f.spec.name for f in fields] == ["f01", "f02"]


def test_fields_come_in_reading_order() -> None:
    sheet = form()
    fields = [f for f in locate(sheet.image, 200) if f.cells]
    assert [len(f.cells) for f in fields] == [5, 5, 6]


def test_blank_boxes_are_reported_without_ink() -> None:
    sheet = Sheet(width_mm=90, height_mm=40)
    sheet.row("     ", 12, 14)
    found = match(locate(sheet.image, 200), sheet.truth[0][0])
    assert len(found.cells) == 5
    assert not found.ink.any()


@pytest.mark.parametrize("grey", [0, 120, 190, 225])
def test_pale_boxes_are_found_and_leave_no_ink(grey: int) -> None:
    sheet = Sheet(width_mm=100, height_mm=60, line_grey=grey, line_mm=0.35)
    sheet.row("2 7 5", 12, 14)
    sheet.row("     ", 12, 36, gap=1.5)
    check_rows(sheet, locate(sheet.image, 200))


def test_a_one_beside_the_walls_of_its_box_survives() -> None:
    sheet = Sheet(width_mm=80, height_mm=40)
    sheet.row("1111", 12, 14)
    found = match(locate(sheet.image, 200), sheet.truth[0][0])
    assert inked(found) == "xxxx"
    for cell in found.cells:
        rows = found.ink[:, cell.x : cell.right].any(axis=1)
        assert rows.sum() > 0.4 * cell.height


def test_stroke_that_crosses_the_rule_is_kept_across_it() -> None:
    sheet = Sheet(width_mm=80, height_mm=40)
    sheet.row("    ", 12, 14)
    sheet.digit("1", 13, 16, 4, 6.5)
    found = match(locate(sheet.image, 200), sheet.truth[0][0])
    cell = found.cells[0]
    assert found.ink[cell.bottom + 1 :, cell.x : cell.right].any()
    below = found.ink[:, cell.x : cell.right].any(axis=1)
    lit = np.flatnonzero(below)
    assert below[lit[0] : lit[-1] + 1].mean() > 0.9


def test_labels_printed_under_the_boxes_are_no_ink_of_theirs() -> None:
    sheet = Sheet(width_mm=100, height_mm=40)
    sheet.row("0 0 ", 12, 10)
    for i, letter in enumerate("DDMM"):
        sheet.label(letter, 14 + 6 * i, 21)
    found = match(locate(sheet.image, 200), sheet.truth[0][0])
    assert inked(found) == "x x "
    last = found.cells[0].bottom
    assert found.ink[last + 4 :].sum() == 0


def test_broken_lines_still_make_boxes() -> None:
    sheet = Sheet(width_mm=100, height_mm=40)
    sheet.row("20417", 12, 14)
    rng = np.random.default_rng(3)
    for _ in range(14):
        x, y = rng.uniform(12, 42), rng.choice([14.0, 21.0])
        a, b = sheet.px(x, y - 0.4), sheet.px(x + 0.5, y + 0.4)
        cv2.rectangle(sheet.image, a, b, 255, -1)
    found = match(locate(sheet.image, 200), sheet.truth[0][0])
    assert len(found.cells) == 5


def test_number_in_a_wide_cell_is_cut_out_without_its_label() -> None:
    sheet = Sheet(width_mm=130, height_mm=60)
    sheet.box(10, 12, 60, 14)
    sheet.box(70, 12, 50, 14)
    sheet.label("Total amount due", 12, 16)
    sheet.number("48305", 20, 18.5, 4.0, 4.5)
    sheet.label("For office use", 72, 16)
    fields = [f for f in locate(sheet.image, 200) if f.ink.any() and f.doubt <= 0.5]
    assert len(fields) == 1
    x, y = sheet.px(20, 18.5)
    w, h = sheet.px(20, 4.5)
    assert fields[0].spec.kind is Kind.CELL
    assert overlap(fields[0].rect, Rect(x, y, w, h)) > 0.5


def test_number_on_a_line_is_found() -> None:
    sheet = Sheet(width_mm=120, height_mm=50)
    sheet.label("Amount in euros", 8, 25)
    sheet.line(50, 25.5, 100, 25.5)
    sheet.number("7352", 60, 19.5, 4.2, 5.2)
    fields = [f for f in locate(sheet.image, 200) if f.doubt <= 0.5]
    assert [f.spec.kind for f in fields] == [Kind.LINE]
    assert fields[0].ink.any()


def test_free_number_is_found_on_plain_paper() -> None:
    sheet = Sheet(width_mm=120, height_mm=60)
    sheet.paragraph(8, 8, lines=3)
    sheet.number("904617", 40, 35, 5.5, 7.0)
    fields = [f for f in locate(sheet.image, 200) if f.doubt <= 0.5]
    assert [f.spec.kind for f in fields] == [Kind.FREE]


def test_printed_page_gives_no_field_that_could_be_accepted() -> None:
    sheet = Sheet(width_mm=150, height_mm=120)
    sheet.paragraph(8, 10, lines=12)
    sheet.label("Form 1040 (2024)", 8, 75, 4.0)
    sheet.label("Call 0800 221 111 or 0800 102 111", 8, 85)
    sheet.box(8, 92, 60, 8)
    sheet.label("Depreciation 15%", 10, 98)
    assert [f for f in locate(sheet.image, 200) if f.ink.any() and f.doubt <= 0.5] == []


def test_boxes_to_tick_are_no_numbers() -> None:
    sheet = Sheet(width_mm=120, height_mm=70)
    for i in range(6):
        sheet.box(10, 10 + 9 * i, 5, 5)
        sheet.label("Yes, I agree to this", 18, 14 + 9 * i)
    sheet.line(11, 13, 12.5, 14.5)
    sheet.line(12.5, 14.5, 15.5, 9.5)
    assert [f for f in locate(sheet.image, 200) if f.doubt <= 0.5] == []


def ledger() -> Sheet:
    """Draw a page with enough print for its sizes to be known and two empty table cells."""
    sheet = Sheet(width_mm=150, height_mm=110)
    sheet.paragraph(8, 10, lines=6)
    sheet.box(10, 50, 50, 22)
    sheet.box(60, 50, 50, 22)
    return sheet


def test_the_printed_number_of_an_item_is_not_accepted() -> None:
    sheet = ledger()
    sheet.label("3.", 13, 60, 3.6)
    sheet.label("12.", 63, 60, 3.6)
    assert [f for f in locate(sheet.image, 200) if f.doubt <= 0.5] == []


def test_a_printed_number_over_its_heading_in_one_cell_is_not_accepted() -> None:
    sheet = ledger()
    sheet.label("7", 30, 60, 4.5)
    sheet.label("name of the party", 13, 68)
    assert [f for f in locate(sheet.image, 200) if f.doubt <= 0.5] == []


def test_a_lone_figure_of_the_size_of_print_is_not_accepted() -> None:
    sheet = ledger()
    sheet.label("8", 30, 60, 2.7)
    assert [f for f in locate(sheet.image, 200) if f.doubt <= 0.5] == []


def test_a_single_digit_written_larger_than_print_in_a_cell_of_its_own_is_found() -> None:
    sheet = ledger()
    sheet.digit("8", 30, 56, 4, 7)
    assert [f.spec.kind for f in locate(sheet.image, 200) if f.doubt <= 0.5] == [Kind.CELL]


def test_a_row_of_boxes_whose_last_box_is_too_pale_to_see_is_not_accepted() -> None:
    sheet = Sheet(width_mm=80, height_mm=40)
    sheet.row("16", 12, 14, gap=2.5)
    assert match(locate(sheet.image, 200), sheet.truth[0][0]).doubt <= 0.5
    sheet.digit("2", 12 + 2 * 8.5 + 1, 15.2, 4, 4.3)
    assert match(locate(sheet.image, 200), sheet.truth[0][0]).doubt > 0.5


def test_the_arms_of_a_cross_over_several_rows_of_boxes_are_not_taken_for_digits() -> None:
    sheet = Sheet(width_mm=80, height_mm=60)
    sheet.row("  ", 12, 14)
    assert match(locate(sheet.image, 200), sheet.truth[0][0]).doubt <= 0.5
    sheet.line(13.5, 15, 17, 30)
    sheet.line(22.5, 16.5, 19, 30)
    assert match(locate(sheet.image, 200), sheet.truth[0][0]).doubt > 0.5


def test_a_cross_in_one_box_is_not_taken_for_two_digits() -> None:
    sheet = Sheet(width_mm=80, height_mm=40)
    sheet.box(20, 12, 5, 5)
    sheet.line(22.5, 12, 22.5, 17)
    sheet.digit("1", 20.6, 13, 1.4, 3.4)
    sheet.digit("1", 23.2, 13, 1.4, 3.4)
    assert [f for f in locate(sheet.image, 200) if f.doubt <= 0.5] == []


def test_blank_grid_of_a_table_is_not_reported() -> None:
    sheet = Sheet(width_mm=120, height_mm=80)
    for i in range(6):
        sheet.row(" " * 10, 10, 10 + 7 * i)
    assert locate(sheet.image, 200) == []


@pytest.mark.parametrize("wrong", [1.0, 5.0, 4000.0])
def test_unbelievable_resolution_does_not_matter(wrong: float) -> None:
    sheet = Sheet(width_mm=210, height_mm=297, dpi=150)
    sheet.row("20417", 40, 40)
    check_rows(sheet, locate(sheet.image, wrong))


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((1, 1), np.uint8),
        np.full((300, 400), 255, np.uint8),
        np.zeros((300, 400), np.uint8),
        np.full((12, 2000), 255, np.uint8),
        np.full((2000, 12), 0, np.uint8),
    ],
    ids=["one pixel", "blank", "black", "flat", "thin"],
)
def test_page_with_nothing_on_it_has_no_fields(image: np.ndarray) -> None:
    assert locate(image, 200) == []


@pytest.mark.parametrize("seed", [0, 1])
def test_noise_has_no_fields_that_could_be_accepted(seed: int) -> None:
    image = np.random.default_rng(seed).integers(0, 255, (700, 500)).astype(np.uint8)
    assert [f for f in locate(image, 200) if f.ink.any() and f.doubt <= 0.5] == []


def test_photograph_has_no_boxes() -> None:
    rng = np.random.default_rng(5)
    texture = np.zeros((700, 900), np.float64)
    for grain in (4, 16, 64):
        small = rng.normal(0, 1, (700 // grain + 2, 900 // grain + 2))
        texture += cv2.resize(small, (900, 700), interpolation=cv2.INTER_CUBIC)
    image = np.clip(128 + 40 * texture, 0, 255).astype(np.uint8)
    assert [f for f in locate(image, 200) if f.cells] == []


def test_picture_ink_and_boxes_agree_in_shape() -> None:
    sheet = form()
    for found in locate(sheet.image, 200):
        assert found.image.shape == found.ink.shape == (found.rect.height, found.rect.width)
        for cell in found.cells:
            assert 0 <= cell.x < cell.right <= found.rect.width
            assert 0 <= cell.y < cell.bottom <= found.rect.height
