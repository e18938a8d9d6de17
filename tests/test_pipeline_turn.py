"""A page that may lie upside down is read both ways, and taken the way that is surely read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from pages import Sheet

from formreader import locate, register
from formreader.document import FieldImage, Page, Reading, Rect, Registration, Status
from formreader.pipeline_turn import Read, Way, right_way_up, surely_read


def reading(text: str, confidence: float = 1.0) -> Reading:
    return Reading("f", text, confidence, Status.REVIEW, (), (), Rect(0, 0, 9, 9))


def page_of(sheet: Sheet, turned: bool = False) -> Page:
    image = np.ascontiguousarray(np.rot90(sheet.image, 2)) if turned else sheet.image
    return Page("p.png", 1, image, 200.0)


def box_row() -> Sheet:
    sheet = Sheet(width_mm=100, height_mm=60)
    sheet.row("472351", 10, 10)
    return sheet


def find_fields(page: Page, read: Read) -> Way:
    def find(registration: Registration) -> list[FieldImage]:
        return locate.locate(register.upright(page, registration), page.dpi)

    registration = register.register(page)
    return right_way_up(page, (registration, find(registration)), find, read)


@pytest.mark.parametrize(
    ("as_it_lies", "turned", "taken"),
    [
        ("", "4723", 2),
        ("9195", "22375", 2),
        ("4723", "", 0),
        ("4723", "472", 0),
        ("47", "4723", 0),  # hardly more
        ("2233", "22334", 0),  # hardly more
        ("", "", 0),
        ("", "6910", 0),  # reads as well the other way
    ],
)
def test_the_way_that_is_surely_read_is_taken(as_it_lies: str, turned: str, taken: int) -> None:
    texts = iter([turned, as_it_lies])

    def read(fields: Sequence[FieldImage]) -> list[Reading]:
        return [reading(next(texts))]

    registration, _ = find_fields(page_of(box_row()), read)
    assert registration.turns == taken


def test_fields_of_a_page_turned_back_lie_where_they_were_written() -> None:
    sheet = box_row()
    _, [upright] = find_fields(page_of(sheet), lambda _: [])
    ways = iter([[reading("4723")], []])
    page = page_of(sheet, turned=True)
    registration, [found] = find_fields(page, lambda _: next(ways))
    assert found.rect.x == pytest.approx(upright.rect.x, abs=2)
    assert found.rect.y == pytest.approx(upright.rect.y, abs=2)
    at = register.to_page(found.rect, registration, page.image.shape)
    height, width = page.image.shape
    assert at.x == pytest.approx(width - upright.rect.right, abs=2)
    assert at.y == pytest.approx(height - upright.rect.bottom, abs=2)


def test_plain_text_tells_which_way_a_page_lies_and_few_words_do_not() -> None:
    sheet = Sheet()
    for row in range(12):
        sheet.paragraph(15, 20 + 20 * row, lines=3)
    upright, turned = (register.register(page_of(sheet, way)) for way in (False, True))
    assert (upright.turns, upright.heads_down) == (0, False)
    assert (turned.turns, turned.heads_down) == (2, True)
    assert register.register(page_of(box_row())).heads_down


def test_doubtful_readings_and_digits_that_stand_both_ways_count_little() -> None:
    assert surely_read([reading("23457"), reading("016689")]) == 5.0
    assert surely_read([reading("23457", 0.5)]) < 0.05
    assert surely_read([]) == 0.0
