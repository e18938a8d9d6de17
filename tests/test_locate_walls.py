"""Fields of a form within their printed walls: nothing printed there is taken for ink."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from pages import Sheet

from formreader import locate_row_field, locate_torn, rules
from formreader.document import FieldImage, FieldSpec, Grey, Kind, Rect, Registration, Status
from formreader.locate import Place, at_places
from formreader.locate_boxes import Cell, find_cells
from formreader.locate_walls import hugged, inner, streaked
from formreader.pipeline_form import on_picture
from formreader.pipeline_ticks import tick

PER_MM = 8.0
BOX = Cell(80, 80, 160, 120)


def walled(thick: int) -> Grey:
    dark = np.zeros((200, 240), np.uint8)
    cv2.rectangle(dark, (80, 80), (160, 120), 200, thick)
    return cv2.GaussianBlur(dark, (0, 0), 1.5)


@pytest.mark.parametrize("thick", [2, 5, 9])
def test_a_box_ends_where_its_wall_as_printed_ends(thick: int) -> None:
    [found] = inner(walled(thick), 200, [BOX], PER_MM)
    assert walled(thick)[int(found.top) + 1 : int(found.bottom), int(found.left) + 1].max() < 30
    assert found.left - BOX.left < thick / 2 + 7
    assert BOX.bottom - found.bottom < thick / 2 + 7


def test_a_one_beside_a_wall_is_not_taken_for_the_wall() -> None:
    dark = walled(3)
    cv2.line(dark, (86, 82), (86, 118), 200, 4)
    [found] = inner(dark, 200, [BOX], PER_MM)
    assert found.left <= 86


def test_a_box_without_walls_stays_as_it_is() -> None:
    assert inner(np.zeros((200, 240), np.uint8), 200, [BOX], PER_MM) == [BOX]


def test_a_sliver_along_a_wall_is_doubted_and_a_one_in_the_middle_is_not() -> None:
    box = Rect(10, 10, 40, 50)
    sliver, one = np.zeros((70, 60), bool), np.zeros((70, 60), bool)
    sliver[12:58, 11:13] = True
    one[15:55, 28:32] = True
    assert hugged(sliver, [box], PER_MM)
    assert not hugged(one, [box], PER_MM)


def test_a_streak_is_told_from_a_cross() -> None:
    streak, cross = np.zeros((60, 60), np.uint8), np.zeros((60, 60), np.uint8)
    cv2.line(streak, (30, 0), (32, 59), 1, 2)
    cv2.line(cross, (0, 0), (59, 59), 1, 2)
    cv2.line(cross, (0, 59), (59, 0), 1, 2)
    assert streaked(streak > 0)
    assert streaked(np.ascontiguousarray(streak.T) > 0)
    assert not streaked(cross > 0)


@pytest.mark.parametrize("dpi", [100.0, 150.0, 300.0])
@pytest.mark.parametrize("thick_mm", [0.3, 0.8])
def test_an_empty_box_to_tick_is_never_marked_however_thick_its_frame(
    dpi: float, thick_mm: float
) -> None:
    page = np.full((round(40 * 300 / 25.4), round(60 * 300 / 25.4)), 255, np.uint8)
    corners = [round(v * 300 / 25.4) for v in (20, 15, 25.5, 18.5)]
    cv2.rectangle(page, corners[:2], corners[2:], 0, round(thick_mm * 300 / 25.4))
    page = cv2.resize(page, None, fx=dpi / 300, fy=dpi / 300, interpolation=cv2.INTER_AREA)
    per_mm = dpi / 25.4
    rect = (20.2 * per_mm, 15.2 * per_mm, 25.7 * per_mm, 18.7 * per_mm)
    place = Place(FieldSpec("box", Kind.CHECKBOX), (rect,))
    field = at_places(cv2.GaussianBlur(page, (0, 0), 0.7), dpi, [place])[0].field
    assert field is not None
    assert tick(field).status is not Status.ACCEPTED


CROSS = (((0.12, 0.12), (0.88, 0.88)), ((0.88, 0.12), (0.12, 0.88)))
TICK = (((0.02, 0.5), (0.4, 0.88)), ((0.4, 0.88), (1.06, 0.1)))


@pytest.mark.parametrize("size", [3.0, 4.0, 5.0, 6.0])
@pytest.mark.parametrize("thick", [0.3, 0.5])
@pytest.mark.parametrize("grey", [40, 150])
@pytest.mark.parametrize("strokes", [CROSS, TICK])
def test_a_mark_that_touches_the_frame_of_its_box_is_seen(
    size: float, thick: float, grey: int, strokes: tuple[tuple[tuple[float, float], ...], ...]
) -> None:
    def px(x: float, y: float) -> tuple[int, int]:
        return round((20 + x * size) * 300 / 25.4), round((15 + y * size) * 300 / 25.4)

    page = np.full((480, 720), 255, np.uint8)
    cv2.rectangle(page, px(0, 0), px(1, 1), 0, round(thick * 300 / 25.4))
    for first, last in strokes:
        cv2.line(page, px(*first), px(*last), grey, 5, cv2.LINE_AA)
    place = Place(FieldSpec("box", Kind.CHECKBOX), ((*map(float, px(0, 0)), *px(1, 1)),))
    field = at_places(cv2.GaussianBlur(page, (0, 0), 0.7), 300, [place])[0].field
    assert tick(field).text == "1"


@pytest.mark.parametrize(("words", "doubted"), [(((205.0, 75.0),), True), ((), False)])
def test_a_word_printed_in_a_cell_is_doubted(
    words: tuple[tuple[float, float], ...], doubted: bool
) -> None:
    page = np.full((160, 420), 255, np.uint8)
    cv2.rectangle(page, (60, 40), (360, 110), 0, 2)
    cv2.putText(page, "707", (180, 88), cv2.FONT_HERSHEY_SIMPLEX, 1.0, 0, 3)
    place = Place(FieldSpec("cell", Kind.CELL), ((60.0, 40.0, 360.0, 110.0),), words)
    field = at_places(page, 200, [place])[0].field
    assert field is not None
    assert field.ink.any()
    assert (field.doubt > 0.5) == doubted


@pytest.mark.parametrize("moved", [0, 8])
@pytest.mark.parametrize(("top", "doubted"), [(66, True), (84, False)])
def test_a_number_written_over_the_label_of_its_cell_is_doubted(
    top: int, doubted: bool, moved: int
) -> None:
    page = np.full((200, 420), 255, np.uint8)
    top += moved
    cv2.rectangle(page, (60, 40 + moved), (360, 150 + moved), 0, 2)
    seven = np.array([[150, top], [176, top], [164, top + 50]], np.int32)
    cv2.polylines(page, [seven], False, 90, 5, cv2.LINE_AA)
    caption = (73.0, 53.0, 168.0, 70.0)
    rects = ((60.0, 40.0, 360.0, 150.0),)
    place = Place(FieldSpec("cell", Kind.CELL), rects, captions=(caption,))
    [cut] = at_places(page, 200, [place])
    assert cut.field.ink[100 - cut.field.rect.y :].any()
    assert (cut.field.doubt > 0.5) == doubted


@pytest.mark.parametrize(("high", "doubted"), [(1.0, True), (1.7, False)])
def test_characters_printed_in_boxes_are_no_number_until_digits_are_written_over_them(
    high: float, doubted: bool
) -> None:
    page = np.full((160, 420), 255, np.uint8)
    rects = tuple((60.0 + 60 * k, 40.0, 120.0 + 60 * k, 100.0) for k in range(3))
    captions = tuple((left + 21, 61.0, left + 33, 77.0) for left, *_ in rects)
    for text, (left, *_) in zip("210", rects, strict=True):
        cv2.rectangle(page, (int(left), 40), (int(left) + 60, 100), 0, 2)
        at = (int(left) + 17, 80 + round(12 * (high - 1)))
        cv2.putText(page, text, at, cv2.FONT_HERSHEY_SIMPLEX, high, 0, 3)
    place = Place(FieldSpec("row", Kind.COMB, 3), rects, captions=captions)
    [cut] = at_places(page, 200, [place])
    assert cut.field.ink.any()
    assert (cut.field.doubt > 0.5) == doubted


def test_a_mark_at_a_doubtful_place_goes_to_a_person() -> None:
    ink = np.ones((30, 30), bool)
    image = np.zeros((30, 30), np.uint8)
    spec = FieldSpec("box", Kind.CHECKBOX)
    sure = FieldImage(spec, Rect(0, 0, 30, 30), image, ink)
    doubted = FieldImage(spec, Rect(0, 0, 30, 30), image, ink, doubt=0.6)
    assert tick(sure).status is Status.ACCEPTED
    assert tick(doubted).status is Status.REVIEW


def test_a_field_cut_off_from_the_picture_is_seen_as_such() -> None:
    shift = np.array([[1, 0, 0], [0, 1, -50], [0, 0, 1.0]])
    registration = Registration(shift, 0.0, 0)
    assert on_picture((10, 20, 30, 5), 254, registration, (400, 500))
    assert not on_picture((10, 3, 30, 5), 254, registration, (400, 500))
    assert not on_picture((10, 42, 30, 5), 254, registration, (400, 500))


@pytest.mark.parametrize("kind", [Kind.BOXES, Kind.COMB, Kind.CELL, Kind.CHECKBOX, Kind.LINE])
@pytest.mark.parametrize("beyond", [-10, 2, 4, 10, 30, 46, 90, 400])
@pytest.mark.parametrize("written", [True, False])
def test_a_field_that_reaches_beyond_the_page_ends_nothing(
    kind: Kind, beyond: int, written: bool
) -> None:
    count = 6 if kind in (Kind.BOXES, Kind.COMB) else 1
    high, wide, side = 165, 390, 45
    across, down = wide - count * side + beyond, high - side + beyond
    for left, top in ((across, 60), (-beyond, 60), (60, down), (60, -beyond), (across, down)):
        edges = [(left + side * k, top, left + side * (k + 1), top + side) for k in range(count)]
        page = np.full((high, wide), 255, np.uint8)
        for a, b, c, d in edges:
            cv2.rectangle(page, (a, b), (c, d), 0, 2)
            if written:
                cv2.line(page, (a + 24, b + 8), (a + 18, d - 8), 0, 3)
        label = (left - 60.0, float(top), left - 2.0, top + 40.0)
        rects = tuple((float(a), float(b), float(c), float(d)) for a, b, c, d in edges)
        place = Place(FieldSpec("row", kind, count), rects, labels=(label,))
        for cut in at_places(page, 200, [place]):
            doubted = cut.field.doubt > 0.5 or cut.whole < 0.5
            assert written or doubted or not cut.field.ink.any()


def test_pale_boxes_are_found_beside_as_many_dark_ones() -> None:
    page = np.full((600, 500), 255, np.uint8)
    places = []
    for number in range(8):
        top, grey = 30 + 70 * number, 0 if number % 2 else 247
        rects = tuple((60.0 + 45 * k, top, 105.0 + 45 * k, top + 45.0) for k in range(6))
        for left, upper, right, lower in rects:
            cv2.rectangle(page, (round(left), upper), (round(right), round(lower)), grey, 2)
        places.append(Place(FieldSpec(f"row{number}", Kind.BOXES, 6), rects))
    assert all(cut.found > 0.8 for cut in at_places(page, 200, places))


@pytest.mark.parametrize("taken", [0, 5])
def test_a_row_tells_that_lines_of_one_of_its_boxes_are_gone(taken: int) -> None:
    page = np.full((160, 420), 255, np.uint8)
    rects = tuple((60.0 + 45 * k, 50.0, 105.0 + 45 * k, 95.0) for k in range(6))
    for left, upper, right, lower in rects:
        cv2.rectangle(page, (round(left), round(upper)), (round(right), round(lower)), 0, 2)
    place = Place(FieldSpec("row", Kind.BOXES, 6), rects)
    whole = at_places(page, 200, [place])[0].whole
    assert whole > 0.9
    left = 55 if not taken else 290
    page[40:105, left : left + 50] = 255
    whole = at_places(page, 200, [place])[0].whole
    assert whole < 0.62


def test_an_oval_to_fill_in_is_no_box_whose_mark_is_believed() -> None:
    page = np.full((200, 300), 255, np.uint8)
    cv2.ellipse(page, (120, 100), (46, 22), 0, 0, 360, 120, 6)
    place = Place(FieldSpec("tick", Kind.CHECKBOX), ((72.0, 76.0, 168.0, 124.0),))
    assert at_places(page, 300, [place])[0].field.doubt > 0.5


def test_a_digit_that_runs_along_the_pale_walls_of_a_missed_box_is_seen() -> None:
    dark = np.zeros((54, 68), np.uint8)
    up = np.zeros(dark.shape, bool)
    up[:, 14:20] = up[:, 48:54] = True
    seven = [np.array([[20, 12], [46, 12], [34, 46]], np.int32)]
    across = np.zeros_like(up)
    across[8:16] = True  # the bar of a 7, as long as it is, was among the level rules

    def seen(wall: int, digit: bool) -> bool:
        page = dark.copy()
        page[up] = wall
        if digit:
            cv2.polylines(page, seven, False, 230, 4)
        bare = locate_row_field._uncovered(page, across, up, 190.0)
        return locate_torn.holds_digit(rules.without_rules(page >= 190, *bare))

    assert seen(wall=120, digit=True)
    assert not seen(wall=120, digit=False)
    assert not seen(wall=230, digit=False)


@pytest.mark.parametrize(("paper_mm", "left_mm"), [(0.0, {0, 8}), (2.8, {0})])
def test_a_stroke_under_a_letter_of_the_label_is_no_wall_of_the_cell(
    paper_mm: float, left_mm: set[int]
) -> None:
    """The stem of the letter and a 1 reach from rule to rule but for the paper between them."""
    sheet = Sheet(width_mm=100, height_mm=40)
    sheet.box(10, 10, 60, 9)
    sheet.line(18, 10.0, 18, 14.0 - paper_mm)
    sheet.line(18, 14.0, 18, 19.0)
    found = find_cells(rules.find_rules(255 - sheet.image, sheet.mm), sheet.mm)
    assert {round((cell.left - sheet.px(10, 0)[0]) / sheet.mm) for cell in found} == left_mm
