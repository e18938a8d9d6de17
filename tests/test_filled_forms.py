"""Blank tax forms filled in with digits of MNIST's test writers: layouts that nobody tuned to.

The forms are real, the writing is real, only that both meet is drawn. Fields are where
`form draft` finds them; where the blank shows digits already, nothing is written.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from formreader import compose, datasets, load
from formreader.datasets import Hands, hands_of
from formreader.document import Grey, Page, Reading, Rect, Status
from formreader.form_draft import draft
from formreader.forms import FormDef, load_form
from formreader.forms_field import FieldDef
from formreader.pipeline import Options, Reader

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
BLANKS = ("nj1040-TY2024", "az321-TY2024", "it2-TY2023")
SEEDS = (11, 12)
FEWEST = 10
"""Fields from which a page is one to fill in; one page holds instructions only."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (DATA / "blank-forms").exists(), reason="needs ../shared/data"),
]


@dataclass(frozen=True)
class Written:
    rect: Rect
    text: str


class Filler:
    """One writer with one pen at one page."""

    def __init__(self, page: Page, hands: Hands, rng: np.random.Generator) -> None:
        self.page, self.rng = page, rng
        self.tiles, self.labels = hands[int(rng.integers(len(hands)))]
        self.ink = np.zeros(page.image.shape, np.float32)
        self.size, self.edge = float(rng.uniform(0.5, 0.8)), float(rng.uniform(0.1, 0.4))
        self.lean = float(rng.normal(0.05, 0.12))

    def digit(self, high: float) -> tuple[str, Grey]:
        index = int(self.rng.integers(len(self.labels)))
        shear = self.lean + float(self.rng.normal(0, 0.08))
        high *= float(self.rng.normal(1, 0.07))
        return str(self.labels[index]), compose.shaped(self.tiles[index], high, shear, self.edge)

    def put(self, tile: Grey, x: float, y: float) -> None:
        part = self.ink[max(0, int(y)) :, max(0, int(x)) :][: tile.shape[0], : tile.shape[1]]
        np.maximum(part, tile[: part.shape[0], : part.shape[1]], out=part)

    def into_boxes(self, field: FieldDef, mm: float) -> str:
        text, (_, top, _, high) = "", field.box
        cells = field.cells_mm()
        for left, wide in cells[-int(self.rng.integers(1, len(cells) + 1)) :]:
            digit, tile = self.digit(min(self.size * high, 1.6 * self.size * wide) * mm)
            x = (left + wide * float(self.rng.uniform(0.4, 0.6))) * mm - tile.shape[1] / 2
            y = (top + high * float(self.rng.uniform(0.45, 0.6))) * mm - tile.shape[0] / 2
            self.put(tile, x, y)
            text += digit
        return text

    def into_cell(self, field: FieldDef, mm: float) -> str:
        left, top, wide, high = (v * mm for v in field.box)
        size = min(self.size * high, 6 * mm)
        tiles = [self.digit(size) for _ in range(int(self.rng.integers(1, 7)))]
        length = sum(t.shape[1] + 0.18 * size for _, t in tiles)
        if length > 0.9 * wide:
            return ""
        x = left + (0.95 * wide - length if self.rng.random() < 0.6 else 0.08 * wide)
        for _, tile in tiles:
            rise = abs(float(self.rng.normal(0, 0.06))) * size
            self.put(tile, x, top + 0.85 * high - tile.shape[0] - rise)
            x += tile.shape[1] + 0.18 * size
        return "".join(digit for digit, _ in tiles)

    def written(self) -> Page:
        ink = cv2.GaussianBlur(self.ink, (0, 0), 0.6) * float(self.rng.uniform(0.55, 0.9))
        grey = self.page.image * (1 - ink)
        grey = grey + self.rng.normal(0, float(self.rng.uniform(1, 5)), grey.shape)
        return replace(self.page, image=np.clip(grey, 0, 255).astype(np.uint8))


def overlaps(a: Rect, b: Rect, share: float) -> bool:
    wide = max(0, min(a.right, b.right) - max(a.x, b.x))
    high = max(0, min(a.bottom, b.bottom) - max(a.y, b.y))
    return wide * high > share * min(a.width * a.height, b.width * b.height)


def rect_of(field: FieldDef, mm: float) -> Rect:
    return Rect(*(round(v * mm) for v in field.box))


def fill(
    page: Page, form: FormDef, printed: list[Rect], hands: Hands, rng: np.random.Generator
) -> tuple[Page, list[Written]]:
    filler, done = Filler(page, hands, rng), []
    mm = page.image.shape[1] / form.page_mm[0]
    for field in form.on_page(page.number):
        rect = rect_of(field, mm)
        boxed = len(field.cells_mm()) > 1
        fits = boxed or (3.5 < field.box[3] < 14 and 12 < field.box[2] < 60)
        if not fits or any(overlaps(rect, p, 0.1) for p in printed) or rng.random() < 0.4:
            continue
        if text := filler.into_boxes(field, mm) if boxed else filler.into_cell(field, mm):
            done.append(Written(rect, text))
    return filler.written(), done


def judged(readings: tuple[Reading, ...], written: list[Written]) -> Counter[str]:
    count: Counter[str] = Counter(written=len(written))
    for place in written:
        there = [r for r in readings if overlaps(r.rect, place.rect, 0.5)]
        right = [r for r in there if r.text == place.text]
        accepted = [r for r in there if r.status is Status.ACCEPTED]
        count.update(found=bool(there), right=bool(right), accepted=len(accepted))
        count.update(wrong=sum(r.text != place.text for r in accepted))
    return count


@pytest.mark.parametrize("by_form", [False, True])
def test_filled_tax_forms_are_found_and_what_is_accepted_is_right(
    tmp_path: Path, by_form: bool
) -> None:
    hands = hands_of(datasets.read_glyph_file(DATA / "mnist.npz", "test"))
    plain, total = Reader(Options()), Counter[str]()
    for name in BLANKS:
        source = DATA / "blank-forms" / f"{name}.pdf"
        target = tmp_path / f"{name}.toml"
        draft(source, target)
        form = load_form(target)
        reader = Reader(Options(form="own", definitions=(target,))) if by_form else plain
        fields = Counter(field.page for field in form.fields)
        for number in sorted(n for n, count in fields.items() if count >= FEWEST):
            blank = load.load(source, number, name)
            printed = [r.rect for r in plain.read_page(blank).readings if r.text]
            for seed in SEEDS:
                rng = np.random.default_rng([seed, number, len(name)])
                page, written = fill(blank, form, printed, hands, rng)
                total += judged(reader.read_page(page).readings, written)
    print(f"\nfilled tax forms, {'by their drafts' if by_form else 'auto'}: {dict(total)}")
    assert total["found"] > 0.9 * total["written"]
    assert total["wrong"] <= 0.02 * total["accepted"]
