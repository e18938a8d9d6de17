"""What strokes of figures enclose is no box: a written 0, the space between two digits."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from pages import Sheet

from formreader.document import Grey
from formreader.locate import locate
from formreader.locate_boxes import Cell
from formreader.locate_rings import are_zeros, between_strokes
from formreader.rules import Level

PEN_MM = 0.6


def write_zero(sheet: Sheet, x: float, y: float, w: float, h: float, square: float = 2.0) -> None:
    """Write a 0 within a frame in millimetres; `square` 2 makes an oval, more a squarer one."""
    turn = np.linspace(0, 2 * np.pi, 200)
    cos, sin = np.cos(turn), np.sin(turn)
    across = x + w / 2 + (w - PEN_MM) / 2 * np.sign(cos) * np.abs(cos) ** (2 / square)
    down = y + h / 2 + (h - PEN_MM) / 2 * np.sign(sin) * np.abs(sin) ** (2 / square)
    path = np.round(np.stack([across, down], 1) * sheet.mm * 16).astype(np.int32)
    thick = round(PEN_MM * sheet.mm)
    cv2.polylines(sheet.image, [path.reshape(-1, 1, 2)], True, 40, thick, cv2.LINE_AA, 4)


@pytest.mark.parametrize("square", [2.0, 2.4, 2.8])
@pytest.mark.parametrize(("wide", "high"), [(3.4, 4.0), (4.2, 4.6), (4.6, 6.0)])
def test_the_zeros_of_a_number_on_a_line_stay_in_it(
    square: float, wide: float, high: float
) -> None:
    sheet = Sheet(width_mm=110, height_mm=60)
    sheet.label("Receipt", 10, 12)
    sheet.line(30, 40.8, 80, 40.8)
    sheet.digit("7", 32, 40.2 - high, wide, high)
    for place in (1, 2, 3):
        write_zero(sheet, 32 + 5.6 * place, 40 - high - 0.2 * place, wide, high, square)
    [found] = [f for f in locate(sheet.image, 200) if f.rect.bottom > sheet.px(0, 36)[1]]
    assert found.rect.x <= sheet.px(33, 0)[0]
    assert found.rect.right >= sheet.px(32 + 3 * 5.6 + wide - 0.5, 0)[0]
    columns = np.flatnonzero(found.ink.any(axis=0)) + found.rect.x
    right = sheet.px(32 + 3 * 5.6 + wide, 0)[0]
    assert columns[-1] == pytest.approx(right, abs=3)


def box(bend: float, side: int = 40) -> tuple[Grey, Cell]:
    """Draw a box whose sides bend outwards by a share of its width: darkness, and its cell."""
    dark = np.zeros((90, 90), np.uint8)
    rows = np.arange(side + 1)
    out = bend * side * (1 - (2 * rows / side - 1) ** 2)
    left = np.stack([25 + bend * side - out, 25 + rows], 1)
    right = np.stack([25 + side - bend * side + out, 25 + rows], 1)[::-1]
    path = np.round(np.concatenate([left, right])).astype(np.int32).reshape(-1, 1, 2)
    cv2.polylines(dark, [path], True, 200, 2)
    return dark, Cell(26, 26, 24 + side, 24 + side)


@pytest.mark.parametrize(("bend", "is_zero"), [(0.0, False), (0.05, False), (0.2, True)])
def test_only_a_box_with_bent_sides_is_a_zero(bend: float, is_zero: bool) -> None:
    dark, cell = box(bend)
    assert are_zeros([cell], dark, 8.0) is is_zero
    assert are_zeros([cell, cell], dark, 8.0) is is_zero


def test_a_box_as_small_as_the_print_holds_no_digit_by_itself_but_may_in_a_row() -> None:
    dark, cell = box(0.0, 20)
    assert are_zeros([cell], dark, 8.0)
    assert not are_zeros([cell, cell], dark, 8.0)


def test_a_filled_box_is_no_zero_however_its_sides_bend() -> None:
    dark, cell = box(0.2)
    dark[40:50, 40:50] = 200
    assert not are_zeros([cell], dark, 8.0)


def test_large_cells_are_never_zeros() -> None:
    dark, cell = box(0.2)
    assert not are_zeros([cell], dark, 4.0)


def level(y: float, x0: int, x1: int, even: float) -> Level:
    """Make a level rule whose darkness swings by `even` of its mean."""
    return Level(x0, np.full(x1 - x0, y), np.ones(x1 - x0, bool), 3.0, even)


SPACE = Cell(100, 50, 140, 90)


@pytest.mark.parametrize(
    ("edge", "is_space"),
    [
        (level(48, 96, 150, 0.5), True),
        (level(92, 96, 150, 0.5), True),
        (level(48, 96, 150, 0.3), False),  # printed
        (level(48, 20, 400, 0.5), False),  # a table's rule in a soft photo
        (level(70, 96, 150, 0.5), False),  # within the cell
    ],
)
def test_a_cell_under_a_short_uneven_bar_is_the_space_between_digits(
    edge: Level, is_space: bool
) -> None:
    assert between_strokes([SPACE], [edge], 8.0) == [is_space]


def test_boxes_of_one_size_stay_boxes_however_uneven_their_edges_are() -> None:
    boxes = [Cell(100, 50 + 60 * n, 140, 90 + 60 * n) for n in range(4)]
    edges = [level(48 + 60 * n, 96, 150, 0.5) for n in range(4)]
    assert between_strokes(boxes, edges, 8.0) == [False] * 4
    assert between_strokes(boxes[:3], edges, 8.0) == [True] * 3


def test_no_cells_are_no_spaces() -> None:
    assert between_strokes([], [], 8.0) == []
