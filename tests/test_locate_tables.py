"""The cells of a table are a field each, boxes for single digits in a stack are not."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from pages import Sheet

from formreader.document import FieldImage, Kind
from formreader.form_draft_places import find_places
from formreader.form_names import Draft
from formreader.locate import _opened as opened
from formreader.locate import locate
from formreader.locate_boxes import Cell
from formreader.locate_doubts import Print
from formreader.locate_groups import Group
from formreader.locate_rows import Row
from formreader.locate_tables import split
from formreader.locate_text import _number_like, _of_numbers

TEXTS = [["09", "15", "30"], ["6", "45", "19"], ["07", "83", "52"], ["60", "12", "11"]]


def grid(texts: list[list[str]], wide: float, high: float, digit: float = 0.6) -> Sheet:
    """Draw a ruled grid, the text of each cell written in its middle."""
    sheet = Sheet(width_mm=110, height_mm=90)
    sheet.paragraph(12, 10, lines=3)
    for line, row in enumerate(texts):
        for column, text in enumerate(row):
            x, y = 20 + column * wide, 28 + line * high
            sheet.box(x, y, wide, high)
            pitch = min(0.9 * wide / max(2, len(text)), 0.5 * high)
            left = x + (wide - pitch * len(text)) / 2
            sheet.number(text, left, y + 0.2 * high, pitch, digit * high)
    return sheet


def filled(sheet: Sheet) -> list[FieldImage]:
    return [f for f in locate(sheet.image, 200) if f.ink.any() and f.rect.y > sheet.px(0, 27)[1]]


@pytest.mark.parametrize(("wide", "high"), [(12, 9), (13, 10), (10, 9.5), (14, 9)])
def test_numbers_in_nearly_square_cells_of_a_table_are_read_one_by_one(
    wide: float, high: float
) -> None:
    fields = filled(grid(TEXTS, wide, high))
    assert len(fields) == 12
    assert {f.spec.kind for f in fields} == {Kind.CELL}
    assert max(f.rect.width for f in fields) < wide * 200 / 25.4


def test_single_digits_in_wide_cells_of_a_table_are_no_number_together() -> None:
    texts = [list("023656"), list("395377"), list("961845"), list("235784")]
    fields = filled(grid(texts, 12, 9))
    assert len(fields) == 24
    assert all(f.doubt > 0.5 for f in fields)


@pytest.mark.parametrize("wide", [5.0, 6.0, 6.8])
def test_boxes_for_a_digit_in_a_stack_are_rows(wide: float) -> None:
    fields = filled(grid([list("0036"), list("3953"), list("9108")], wide, 6.0))
    assert [len(f.cells) for f in fields] == [4, 4, 4]


PAPER = np.full((400, 400), 255, np.uint8)


def rows(count: int, wide: float, gap: float = 0.0) -> list[Row]:
    high = 40.0
    tops = [50 + n * (high + gap) for n in range(count)]
    return [
        Row(
            Kind.COMB,
            tuple(Cell(50 + k * wide, y, 48 + (k + 1) * wide, y + high) for k in range(4)),
        )
        for y in tops
    ]


@pytest.mark.parametrize(
    ("made", "are_table"),
    [(rows(3, 60), True), (rows(2, 60), False), (rows(3, 60, gap=20), False), (rows(3, 44), False)],
    ids=["wide", "two-rows", "apart", "square"],
)
def test_a_table_has_three_rows_that_touch_and_cells_wider_than_boxes(
    made: list[Row], are_table: bool
) -> None:
    kept, cells = split(made, [], np.zeros((400, 400), bool), PAPER, 8.0)
    assert (kept, len(cells)) == (([], 12) if are_table else (made, 0))


@pytest.mark.parametrize(
    ("others", "digits", "are_table"),
    [(rows(2, 60), 2, True), ([], 2, False), (rows(2, 60), 1, False)],
    ids=["in-a-grid", "by-itself", "single-digits"],
)
def test_one_row_of_a_grid_whose_cells_hold_several_digits_is_of_a_table(
    others: list[Row], digits: int, are_table: bool
) -> None:
    made = rows(2, 60)[:1]
    ink = np.zeros((400, 400), bool)
    for cell in made[0].cells:
        for k in range(digits):
            x = int(cell.left) + 10 + 16 * k
            ink[int(cell.top) + 8 : int(cell.bottom) - 8, x : x + 8] = True
    seen = [cell for row in others for cell in row.cells]
    _, cells = split(made, seen, ink, PAPER, 8.0)
    assert bool(cells) == are_table


@pytest.mark.parametrize(
    ("wide", "higher", "are_table"), [(74, 0, True), (60, 0, False), (74, 9, False)],
    ids=["too-wide", "boxes", "of-another-row"],
)  # fmt: skip
def test_boxes_whose_column_goes_on_in_cells_too_wide_for_boxes_are_of_a_table(
    wide: int, higher: int, are_table: bool
) -> None:
    made = [Row(Kind.COMB, (Cell(50, 50, 48 + wide, 92), Cell(50 + wide, 50, 104 + wide, 92)))]
    below = Cell(50, 94, 48 + wide, 135 + higher)
    _, cells = split(made, [*made[0].cells, below], np.zeros((400, 400), bool), PAPER, 8.0)
    assert bool(cells) == are_table


@pytest.mark.parametrize(
    ("tint", "columns", "are_table"),
    [(200, 4, True), (200, 2, False), (245, 4, False)],
    ids=["one-each", "half-of-them", "as-light"],
)
def test_boxes_under_a_tinted_heading_of_their_own_are_cells(
    tint: int, columns: int, are_table: bool
) -> None:
    made = rows(4, 44)
    grey = PAPER.copy()
    grey[50:90] = tint
    heads = [*made[0].cells[:columns]]
    _, cells = split(made, heads, np.zeros((400, 400), bool), grey, 8.0)
    assert bool(cells) == are_table


@pytest.mark.parametrize(
    ("counts", "are_table"), [("12345", True), ("22222", False), ("123", False)]
)
def test_rows_that_print_counts_in_their_first_box_are_a_table(
    counts: str, are_table: bool
) -> None:
    made = rows(len(counts), 44)
    ink = np.zeros((400, 400), np.uint8)
    for text, row in zip(counts, made, strict=True):
        left, base = int(row.cells[0].left) + 12, int(row.cells[0].top) + 30
        cv2.putText(ink, text, (left, base), cv2.FONT_HERSHEY_SIMPLEX, 0.8, 1, 2)
    _, cells = split(made, [], ink > 0, PAPER, 8.0)
    assert bool(cells) == are_table


@pytest.mark.parametrize(
    ("heads", "are_table"), [("12345", True), ("DDMMY", False), ("1234 ", False)]
)
def test_boxes_whose_columns_are_counted_in_print_are_cells(heads: str, are_table: bool) -> None:
    high, tops = 40.0, (90.0, 130.0, 170.0)
    made = [
        Row(Kind.COMB, tuple(Cell(50 + 44 * k, y, 92 + 44 * k, y + high) for k in range(5)))
        for y in tops
    ]
    ink = np.zeros((400, 400), np.uint8)
    for head, cell in zip(heads, made[0].cells, strict=True):
        at = (int(cell.left) + 12, 80)
        cv2.putText(ink, head, at, cv2.FONT_HERSHEY_SIMPLEX, 0.8, 1, 2)
    _, cells = split(made, [], ink > 0, PAPER, 8.0)
    assert bool(cells) == are_table


def test_digits_written_into_the_first_boxes_of_a_stack_do_not_count_its_rows() -> None:
    made = rows(5, 44)
    ink = np.zeros((400, 400), np.uint8)
    for step, row in enumerate(made):
        left, base = int(row.cells[0].left) + 12, int(row.cells[0].top) + 26 + 2 * (step % 3)
        cv2.putText(ink, str(step), (left, base), cv2.FONT_HERSHEY_SIMPLEX, 0.8, 1, 2)
    assert split(made, [], ink > 0, PAPER, 8.0) == (made, [])


def test_no_wall_is_put_into_the_wide_column_of_a_table() -> None:
    sheet = Sheet(width_mm=110, height_mm=90)
    for line in range(4):
        x = 15.0
        for wide in (7, 7, 7, 14, 7, 7):
            sheet.box(x, 20 + 7 * line, wide, 7)
            x += wide
    page = opened(sheet.image, 200)
    page.search()
    assert sorted(len(row.cells) for row in page.rows) == [2] * 4 + [3] * 4


def register(texts: list[list[str]]) -> Sheet:
    """Draw a register of small cells under the days of a month, the last for a total."""
    sheet = Sheet(width_mm=110, height_mm=90)
    for line, row in enumerate([[str(day) for day in range(15, 24)], *texts]):
        for column, text in enumerate(row):
            x, y = 15 + 7 * column, 20 + 6.5 * line
            sheet.box(x, y, 14 if column == 8 else 7, 6.5)
            if line:
                sheet.number(text, x + 0.6, y + 1.5, 2.8, 3.6)
            else:
                sheet.label(text, x + 1.2, y + 4.6)
    return sheet


BLANK = [[""] * 9 for _ in range(4)]


def drafted_at(found: list[Draft], x: float, y: float) -> Draft:
    boxes = [(f, *f.box) for f in found]
    [one] = [f for f, a, b, wide, high in boxes if a < x < a + wide and b < y < b + high]
    return one


def test_numbers_in_the_small_cells_of_a_register_are_found() -> None:
    texts = [row[:] for row in BLANK]
    written = {(0, 1): "45", (1, 3): "20", (1, 4): "8", (2, 0): "15", (3, 6): "3", (3, 8): "203"}
    for (line, column), text in written.items():
        texts[line][column] = text
    sheet = register(texts)
    fields = [f for f in locate(sheet.image, 200) if f.rect.y > sheet.px(0, 26)[1]]
    assert len(fields) == len(written)
    assert max(f.rect.width for f in fields) == fields[-1].rect.width > sheet.px(7, 0)[0]


def test_a_digit_alone_in_a_table_is_no_box_of_a_row_if_its_shape_is_a_hands() -> None:
    texts = [row[:] for row in BLANK]
    texts[0][0], texts[1][2], texts[2][5] = "45", "7", "20"
    alone = register(texts)
    [digit] = [
        f
        for f in locate(alone.image, 200)
        if f.rect.x in range(*at_cell(alone, 2)) and f.rect.y > alone.px(0, 26)[1]
    ]
    sheet = Sheet(width_mm=110, height_mm=90)
    sheet.paragraph(12, 10, lines=3)
    sheet.box(40, 40, 7, 6.5)
    sheet.number("7", 42, 41.5, 2.8, 3.6)
    [boxed] = [f for f in locate(sheet.image, 200) if f.rect.y > sheet.px(0, 38)[1]]
    assert digit.penned is not None
    assert boxed.penned is not None
    assert digit.penned < 0.5 < boxed.penned


def test_digits_alone_in_two_cells_side_by_side_may_be_one_number() -> None:
    texts = [row[:] for row in BLANK]
    texts[0][0], texts[1][2], texts[1][3], texts[2][5] = "45", "1", "5", "20"
    sheet = register(texts)
    digits = [f for f in locate(sheet.image, 200) if f.rect.x in range(*at_cell(sheet, 3))]
    shown = [f.penned for f in digits if f.rect.y > sheet.px(0, 26)[1] and f.penned is not None]
    assert len(shown) == 1
    assert shown[0] > 0.5


@pytest.mark.parametrize(("wide", "are_numbers"), [(5, True), (4, False)])
def test_digits_side_by_side_are_numbers_where_cells_of_their_column_hold_several(
    wide: int, are_numbers: bool
) -> None:
    """Not in columns that hold no other: the digits of one number are written into them."""
    over = [Cell(50.0 * k, 0.0, 50.0 * k + 50, 46.0) for k in range(wide)]
    under = [Cell(50.0 * k, 46.0, 50.0 * k + 50, 92.0) for k in range(8)]
    other = Cell(600.0, 0.0, 720.0, 46.0)  # of another size: nothing tells of it
    placed = []
    for at, cell in enumerate([*over, *under, other]):
        x, y = int(cell.left) + 6, int(cell.top) + 10
        boxes = [[x + 20 * d, y + 3 * d, 14, 24, 130] for d in range(2 if cell in over else 1)]
        placed.append((Group(np.array(boxes)), at, False))
    found = _of_numbers(placed, [*over, *under, other], Print(np.zeros(0), {}, set(), [], []))
    told = [are_numbers] * wide + [False] * (8 - wide)
    assert found.tolist() == [False] * wide + told + [False]


def at_cell(sheet: Sheet, column: int) -> tuple[int, int]:
    return sheet.px(15 + 7 * column, 0)[0], sheet.px(22 + 7 * column, 0)[0]


def test_the_small_cells_of_a_register_are_no_boxes_to_tick() -> None:
    found = find_places(register(BLANK).image, 200)
    assert {f.kind for f in found} == {"cell"}
    assert len(found) == 36


def test_a_column_twice_as_wide_as_the_others_is_one() -> None:
    found = find_places(register(BLANK).image, 200)
    assert drafted_at(found, 74, 30).box[2] == pytest.approx(14, abs=0.5)


def test_a_wall_that_one_row_lacks_is_still_a_wall() -> None:
    sheet = register(BLANK)
    (left, top), (right, bottom) = sheet.px(28.5, 33.5), sheet.px(29.5, 38.7)
    sheet.image[top:bottom, left:right] = 255
    assert drafted_at(find_places(sheet.image, 200), 32, 36).box[2] == pytest.approx(7, abs=0.5)


def dots(sheet: Sheet, x0: float, x1: float, y: float) -> None:
    for x in np.arange(x0, x1, 1.0):
        (left, top), (right, bottom) = sheet.px(x, y - 0.15), sheet.px(x + 0.3, y + 0.15)
        sheet.image[top:bottom, left:right] = 40


def chart() -> Sheet:
    """Draw a chart whose rows are parted by dots, under a dark heading."""
    sheet = Sheet(width_mm=110, height_mm=80)
    left, top = sheet.px(10, 20)
    right, bottom = sheet.px(100, 28)
    sheet.image[top:bottom, left:right] = 90
    for column in range(5):
        sheet.line(10 + 22.5 * column, 28, 10 + 22.5 * column, 64)
    for line in range(1, 4):
        dots(sheet, 10.7, 100, 28 + 9 * line)
    sheet.line(10, 64, 100, 64)
    return sheet


def test_the_rows_of_a_table_may_be_parted_by_dots() -> None:
    found = find_places(chart().image, 200)
    assert drafted_at(found, 45, 41).box == pytest.approx((32.5, 37, 22.5, 9), abs=0.6)
    assert drafted_at(found, 90, 60).box == pytest.approx((77.5, 55, 22.5, 9), abs=0.6)


def test_a_table_begins_at_the_lower_edge_of_its_dark_heading() -> None:
    found = find_places(chart().image, 200)
    assert drafted_at(found, 45, 32).box == pytest.approx((32.5, 28, 22.5, 9), abs=0.6)
    assert len(found) == 16


def test_a_line_of_dots_to_sign_on_makes_no_cell_of_its_box() -> None:
    sheet = Sheet(width_mm=110, height_mm=60)
    for x in (10, 50):
        sheet.box(x, 15, 40, 20)
        dots(sheet, x + 6, x + 34, 30)
    assert {f.kind for f in find_places(sheet.image, 200)} <= {"line"}


def test_a_1_near_the_wall_of_its_cell_is_found() -> None:
    sheet = grid([[" "] * 3] * 4, 13, 10)
    sheet.line(22.2, 30, 22.4, 36)  # 2 mm from the wall, as numbers are written at the left
    fields = [f for f in filled(sheet) if f.ink.any()]
    assert len(fields) == 1
    assert fields[0].doubt > 0.5


def test_a_1_close_to_the_wall_of_its_cell_is_not_taken_out_with_it() -> None:
    sheet = grid([["", ""] for _ in range(5)], 24, 6)
    for line in range(5):
        y = 29.2 + 6 * line
        cv2.line(sheet.image, sheet.px(20.8, y), sheet.px(20.8, y + 3.6), 20, 2, cv2.LINE_AA)
        sheet.number("250", 22.6, y, 3.4, 3.6)
    found = filled(sheet)
    assert len(found) == 5
    for field in found:
        assert field.ink[:, : max(0, sheet.px(22, 0)[0] - field.rect.x)].any()


def test_a_1_over_the_digits_of_the_next_row_is_no_wall() -> None:
    sheet = grid([["12", "", "17", "56", "19"], ["07", "", "83", "52", "60"]], 16, 6)
    for x in (20 + 16 + 5, 20 + 16 + 5.1):
        sheet.line(x, 28.7, x, 33.0)
        sheet.line(x, 34.6, x, 37.6)
    sheet.number("0", 20 + 16 + 6.4, 29, 4, 4)
    [field] = [f for f in filled(sheet) if f.rect.x < sheet.px(44, 0)[0] < f.rect.right][:1]
    assert field.rect.x < sheet.px(41, 0)[0]


def test_the_stem_of_a_9_is_no_wall_between_walls_that_go_on() -> None:
    sheet = grid([["12", "34", "", "56", "19"] for _ in range(4)], 16, 6)
    x, y = 20 + 2 * 16, 28 + 2 * 6
    sheet.image[
        slice(*(sheet.px(0, at)[1] for at in (y + 0.4, y + 5.6))),
        slice(*(sheet.px(at, 0)[0] for at in (x + 0.5, x + 15.5))),
    ] = 255
    cv2.line(sheet.image, sheet.px(x + 9, y + 0.7), sheet.px(x + 8.9, y + 5.0), 20, 5, cv2.LINE_AA)
    cv2.circle(sheet.image, sheet.px(x + 7.6, y + 2.0), round(1.2 * sheet.mm), 20, 4, cv2.LINE_AA)
    sheet.digit("3", x + 10.2, y + 1.4, 2.8, 3.6)
    px, py = sheet.px(x + 8, y + 3)
    [field] = [
        f for f in filled(sheet) if f.rect.x <= px < f.rect.right and f.rect.y < py < f.rect.bottom
    ]
    assert field.rect.right > sheet.px(x + 12, 0)[0]
    assert field.rect.x < sheet.px(x + 7, 0)[0]


@pytest.mark.parametrize(
    ("full", "boxed", "like"),
    [((4,), True, True), ((4,), False, False), ((1, 4), True, False), ((), False, True)],
)
def test_one_digit_whose_loops_ran_full_takes_no_number_out_of_its_cell(
    full: tuple[int, ...], boxed: bool, like: bool
) -> None:
    boxes = [(30 * at, 0, 20, 30, 540 if at in full else 240) for at in range(6)]
    assert _number_like(Group(np.array(boxes)), 8.0, boxed) is like
