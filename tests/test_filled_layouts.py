"""Plain layouts filled in with digits of MNIST's test writers, found without a definition.

Numbers on lines, in the nearly square cells of a time sheet, and in boxes that digits overrun.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from pages import Sheet
from test_filled_forms import DATA, Filler, Written, judged, rect_of

from formreader import datasets
from formreader.augment import bend
from formreader.document import Grey, Page
from formreader.forms_field import FieldDef
from formreader.junk import trim
from formreader.pipeline import Options, Reader

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (DATA / "mnist.npz").exists(), reason="needs ../shared/data"),
]
WRITERS = 8


class Bent(Filler):
    """A writer who never writes a digit twice alike: the same picture again is print."""

    def digit(self, high: float) -> tuple[str, Grey]:
        symbol, tile = super().digit(high)
        bent = trim(bend(tile, self.rng, 0.5))
        return symbol, cv2.resize(bent, tile.shape[::-1], interpolation=cv2.INTER_AREA)


def field(name: str, kind: str, x: float, y: float, w: float, h: float, boxes: int = 1) -> FieldDef:
    more = {"boxes": boxes} if boxes > 1 else {}
    return FieldDef.model_validate({"name": name, "kind": kind, "box": (x, y, w, h), **more})


def lines(sheet: Sheet) -> list[FieldDef]:
    found = []
    for n in range(24):
        x, y = 20 + 90 * (n % 2), 30 + 16 * (n // 2)
        sheet.label("Sum", x - 12, y + 9)
        sheet.line(x, y + 10, x + 45, y + 10)
        found.append(field(f"f{n}", "line", x, y, 45, 10.5))
    return found


def time_sheet(sheet: Sheet) -> list[FieldDef]:
    found = []
    for line in range(16):
        sheet.label(f"Day {line + 1}", 15, 36 + 10 * line)
        sheet.box(12, 30 + 10 * line, 30, 10)
        for column in range(8):
            x, y = 42 + 13 * column, 30 + 10 * line
            sheet.box(x, y, 13, 10)
            if column % 2 == line % 2:
                found.append(field(f"f{line}-{column}", "cell", x, y, 13, 10))
    return found


def tight_boxes(sheet: Sheet) -> list[FieldDef]:
    found = []
    for n in range(24):
        x, y = 20 + 90 * (n % 2), 30 + 14 * (n // 2)
        for k in range(6):
            sheet.box(x + 5 * k, y, 5, 6)
        found.append(field(f"f{n}", "boxes", x, y, 30, 6, boxes=6))
    return found


@pytest.mark.parametrize(
    ("layout", "least", "most"),
    [(lines, 0.85, 2), (time_sheet, 0.85, 2), (tight_boxes, 0.8, 2)],
    ids=["lines", "time-sheet", "tight-boxes"],
)
def test_numbers_on_plain_layouts_are_read_whole_and_what_is_accepted_is_right(
    layout: Callable[[Sheet], list[FieldDef]], least: float, most: int
) -> None:
    hands = datasets.hands_of(datasets.read_glyph_file(DATA / "mnist.npz", "test"))
    reader, total = Reader(Options()), Counter[str]()
    for seed in range(WRITERS):
        sheet = Sheet(width_mm=200, height_mm=250, seed=seed)
        sheet.paragraph(12, 10, lines=3)
        fields = layout(sheet)
        page = Page("drawn", 1, sheet.image, sheet.dpi)
        filler = Bent(page, hands, np.random.default_rng([31, seed]))
        if layout is tight_boxes:
            filler.size *= 1.2
        done = []
        for place in fields:
            boxed = len(place.cells_mm()) > 1
            text = (filler.into_boxes if boxed else filler.into_cell)(place, sheet.mm)
            if text:
                done.append(Written(rect_of(place, sheet.mm), text))
        total += judged(reader.read_page(filler.written()).readings, done)
    print(f"\n{layout.__name__}: {dict(total)}")
    assert total["right"] >= least * total["written"]
    assert total["wrong"] <= most
