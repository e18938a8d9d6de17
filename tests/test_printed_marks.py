"""A mark printed in a cell that parts a number, as the slash of a date, is none of the number."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from formreader.document import FieldImage, FieldSpec, Grey, Kind
from formreader.form_draft_places import find_places
from formreader.forms_field import FieldDef
from formreader.forms_print import Print, print_of
from formreader.locate import at_places
from formreader.locate_placed import Place
from formreader.pipeline_form import place_of

DPI = 200
CELL = (80, 60, 300, 130)
"""Left, top, right and bottom of the cell on the page, in pixels."""


def form() -> Grey:
    """Draw a table of three rows and two columns; the first cell is CELL."""
    page = np.full((400, 640), 255, np.uint8)
    for y in (60, 130, 200, 270):
        cv2.line(page, (80, y), (520, y), 0, 2)
    for x in (80, 300, 520):
        cv2.line(page, (x, 60), (x, 270), 0, 2)
    return page


def slash(page: Grey, middle: int = 190) -> None:
    cv2.line(page, (middle - 5, 112), (middle + 5, 78), 90, 3, cv2.LINE_AA)


def narrow_slash(page: Grey) -> None:
    cv2.line(page, (188, 103), (192, 89), 60, 2)


def colon(page: Grey) -> None:
    for y in (86, 104):
        cv2.circle(page, (190, y), 3, 40, -1)


def zeros(page: Grey, *middles: int, wide: int = 9) -> None:
    for x in middles:
        cv2.ellipse(page, (x, 96), (wide, 17), 0, 0, 360, 30, 3, cv2.LINE_AA)


def cut(page: Grey, blank: Grey) -> FieldImage:
    """Cut out what is written in CELL, the form's print taken from its blank."""
    mm = 25.4 / DPI
    left, top, right, bottom = (round(v * mm, 3) for v in CELL)
    field = FieldDef(name="date", kind="cell", box=(left, top, right - left, bottom - top))
    [found] = at_places(page, DPI, [place_of(field, DPI, print_of(blank, DPI))])
    return found.field


def columns(field: FieldImage) -> list[int]:
    """Return the middle column of each stroke of a field's ink, on the page."""
    stats = cv2.connectedComponentsWithStats(field.ink.view(np.uint8), connectivity=8)[2][1:]
    return sorted(field.rect.x + int(x + w / 2) for x, w in stats[:, (0, 2)].tolist())


@pytest.mark.parametrize("mark", [slash, narrow_slash, colon])
def test_a_cell_whose_print_only_parts_a_number_is_drafted(mark) -> None:  # type: ignore[no-untyped-def]
    page = form()
    mark(page)
    tops = [box.cells[0] for box in find_places(page, DPI) if box.kind == "cell"]
    assert len(tops) == 6


def test_a_cell_with_a_heading_is_still_no_place_to_write() -> None:
    page = form()
    cv2.putText(page, "Hours", (110, 104), cv2.FONT_HERSHEY_SIMPLEX, 0.8, 0, 2)
    assert len([box for box in find_places(page, DPI) if box.kind == "cell"]) == 5


@pytest.mark.parametrize("mark", [slash, narrow_slash, colon])
def test_a_printed_mark_is_left_out_of_the_number_around_it(mark) -> None:  # type: ignore[no-untyped-def]
    blank = form()
    mark(blank)
    page = blank.copy()
    zeros(page, 120, 150, 230, 260)
    found = columns(cut(page, blank))
    assert [round(x, -1) for x in found] == [120, 150, 230, 260]


@pytest.mark.parametrize("mark", [slash, narrow_slash, colon])
def test_a_blank_cell_with_a_printed_mark_holds_no_ink(mark) -> None:  # type: ignore[no-untyped-def]
    blank = form()
    mark(blank)
    assert not cut(blank, blank).ink.any()


def test_a_digit_that_touches_the_printed_mark_stays() -> None:
    blank = form()
    slash(blank)
    page = blank.copy()
    zeros(page, 120, 150, 230, 260)
    zeros(page, 193, wide=16)
    assert any(abs(x - 190) < 8 for x in columns(cut(page, blank)))


def test_a_stroke_of_another_size_at_the_place_of_a_mark_is_no_mark() -> None:
    blank = form()
    slash(blank)
    page = form()
    zeros(page, 120, 150)
    cv2.circle(page, (190, 96), 4, 30, 2, cv2.LINE_AA)
    assert any(abs(x - 190) < 8 for x in columns(cut(page, blank)))


def test_over_a_hint_in_words_nothing_is_left_out() -> None:
    """Of a 0123456 over IF APPLICABLE the 1 was taken for the F."""
    field = FieldDef(name="cell", kind="cell", box=(20, 10, 40, 12))
    none = np.zeros((0, 3))

    def marks(*labels: tuple[float, float, float, float]) -> int:
        printed = Print(90, 40, none, none, np.zeros((0, 2)), np.array(labels))
        return len(place_of(field, 254.0, printed).marks)

    assert marks((30, 12, 31.5, 16), (40, 12, 41.5, 16)) == 2
    assert marks((30, 12, 31.5, 16), (40, 12, 52, 16)) == 0


def test_a_slash_is_print_and_no_rule_and_so_is_a_colon() -> None:
    page = form()
    slash(page)
    rules = len(print_of(page, DPI).uprights)
    assert rules == len(print_of(form(), DPI).uprights)
    assert len(print_of(page, DPI).labels) == 1
    page = form()
    colon(page)
    [[left, top, right, bottom]] = print_of(page, DPI).labels.tolist()
    assert 23 < left < right < 25
    assert 10 < top < bottom < 14


def test_both_numbers_of_a_cell_are_cut_out_where_one_looks_like_print() -> None:
    """Of 25 and 07 in one cell the 25 was accepted alone."""
    page = form()
    zeros(page, 110, 140)
    for x in (230, 252, 274):
        cv2.putText(page, "7", (x, 112), cv2.FONT_HERSHEY_SIMPLEX, 1.0, 0, 3)
    place = Place(FieldSpec("cell", Kind.CELL), (tuple(map(float, CELL)),))  # type: ignore[arg-type]
    [found] = at_places(page, DPI, [place])
    assert len(columns(found.field)) == 5
