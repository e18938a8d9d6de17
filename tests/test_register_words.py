"""A page is known by its words where its rules are gone, and is no form whose words it lacks."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from test_register_labels import DPI, definition, filled

from formreader.document import Grey, Page
from formreader.errors import PageError
from formreader.pipeline_form import Forms

HEADS = ("Arrived", "Returned", "Damaged", "Ordered")
ROWS = ("Chairs", "Tables", "Lamps", "Shelves", "Cupboards", "Desks", "Ladders", "Benches")
TITLE = ("Stock of the day", "One sheet for each store, to the office before noon")
OTHER = (("Monday", "Tuesday", "Friday", "Sunday"), tuple(f"Room {k}" for k in range(8)))
FIRST = (300, 320)
"""Left and top edge in pixels of the first cell of the table, which has a zero in it."""


def sheet(
    heads: tuple[str, ...] = HEADS,
    rows: tuple[str, ...] = ROWS,
    title: tuple[str, ...] = TITLE,
    ruled: int = 99,
) -> Grey:
    """Draw a table of numbers; of its rules only the first `ruled` of each direction."""
    picture = Image.new("L", (1200, 1500), 255)
    pen, face = ImageDraw.Draw(picture), ImageFont.load_default(26)
    for k, text in enumerate(title):
        pen.text((120, 90 + 50 * k), text, 0, face)
    for k, text in enumerate(heads):
        pen.text((330 + 200 * k, 265), text, 0, face)
    for k, text in enumerate(rows):
        pen.text((120, 345 + 80 * k), text, 0, face)
    for y in list(range(240, 961, 80))[:ruled]:
        pen.line((100, y, 1100, y), 0, 2)
    for x in (100, 300, 500, 700, 900, 1100)[:ruled]:
        pen.line((x, 240, x, 960), 0, 2)
    return np.asarray(picture, np.uint8)


def first_cell(path: Path, page: Grey) -> tuple[float, float]:
    """Return how far the first field lies from its cell, left and top in pixels as loaded."""
    form, _fields, registration = Forms([path]).find(Page("page.png", 1, page, DPI))
    scale = registration.size[0] / (1200 / DPI * 25.4)
    cell = next(f for f in form.fields if f.box[0] > FIRST[0] / DPI * 25.4 - 1)
    left, top = (scale * v for v in cell.box[:2])
    at = registration.matrix @ (left, top, 1)
    return float(at[0] / at[2]), float(at[1] / at[2])


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return definition(tmp_path_factory.mktemp("forms"), "stock", sheet())


@pytest.mark.parametrize("kept", [0, 2])
def test_a_page_whose_rules_are_gone_is_known_by_its_words(stock: Path, kept: int) -> None:
    page = filled(sheet(ruled=kept))
    _form, fields, registration = Forms([stock]).find(Page("page.png", 1, page, DPI))
    assert len(fields) > len(HEADS) * len(ROWS)
    assert not registration.doubted
    assert first_cell(stock, page) == pytest.approx(FIRST, abs=4)


def test_a_page_whose_rules_are_gone_may_lie_upside_down(stock: Path) -> None:
    page = np.ascontiguousarray(np.rot90(filled(sheet(ruled=0)), 2))
    x, y = first_cell(stock, page)
    assert (1200 - x, 1500 - y) == pytest.approx(FIRST, abs=4)


def test_a_page_whose_rules_are_gone_may_be_shifted(stock: Path) -> None:
    page = filled(sheet(ruled=0))
    moved = cv2.warpAffine(
        page, np.array([[1, 0, 20], [0, 1, -14.0]]), page.shape[::-1], borderValue=255
    )
    left, top = FIRST
    assert first_cell(stock, np.asarray(moved, np.uint8)) == pytest.approx(
        (left + 20, top - 14), abs=4
    )


def test_a_page_with_the_rules_of_a_form_and_other_words_is_another(stock: Path) -> None:
    page = sheet(*OTHER, ("Hours of work in May", "To be handed in on paper by all"))
    with pytest.raises(PageError, match="but other words"):
        Forms([stock]).find(Page("page.png", 1, filled(page), DPI))


def test_a_page_with_neither_is_none_of_the_forms(stock: Path) -> None:
    page = np.full((1500, 1200), 255, np.uint8)
    for y in range(100, 1400, 60):
        cv2.putText(page, "quite another page of text", (100, y), cv2.FONT_HERSHEY_SIMPLEX, 1, 0, 2)
    with pytest.raises(PageError, match="none of the forms"):
        Forms([stock]).find(Page("page.png", 1, page, DPI))
