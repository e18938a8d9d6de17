"""Print and writing told apart by the shapes of characters; the glyphs that teach it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from pages import Sheet
from PIL import Image, ImageDraw, ImageFont
from test_locate_print import Even

from formreader import classify, datasets, printed_glyphs
from formreader.document import (
    Candidate,
    Character,
    FieldImage,
    FieldSpec,
    Float,
    Glyph,
    Kind,
    Page,
    Rect,
    Status,
)
from formreader.ink import normalize_glyph
from formreader.locate import locate
from formreader.pipeline import Options, Reader
from formreader.pipeline_hand import as_its_column, by_shape, without_print
from formreader.pipeline_judge import Cut
from formreader.review.eye import see
from formreader.segment import Lattice


class Says:
    """Stands for the network: a glyph's logit, from -4 to 4, is its darkest pixel."""

    def printed(self, glyphs: Float) -> Float:
        return np.asarray(glyphs.max(axis=(1, 2)) * 8 - 4, np.float32)


def cut(*logits: float, doubt: float, penned: float | None = 0.16, **more: object) -> Cut:
    """Make a field whose characters get these logits, and a glyph beside them that is not read."""
    image = np.full((20, 60), 255, np.uint8)
    spec = FieldSpec("p1-f01", Kind.CELL)
    field = FieldImage(
        *(spec, Rect(0, 0, 60, 20), image, image < 9, (), doubt), penned=penned, print_like=doubt
    )
    glyphs = [
        Glyph(
            *(Rect(9 * i, 0, 8, 20), np.full((28, 28), (logit + 4) / 8, np.float32)),
            *(i, i + 1, 1.0, 0.4),
        )
        for i, logit in enumerate((*logits, 4.0))
    ]
    lattice = Lattice(tuple(glyphs), np.zeros(len(glyphs) + 1), 20.0, 200.0)
    return Cut(replace(field, **more), lattice)  # type: ignore[arg-type]


def read(cut: Cut) -> list[Candidate]:
    characters = tuple(Character("2", 0.99, (), glyph.rect) for glyph in cut.lattice.glyphs[:-1])
    return [Candidate("2" * len(characters), -0.1, characters)]


def doubt_of(cut: Cut) -> float:
    return by_shape(cut, read(cut), Says()).field.doubt


# What shapes say of a doubt


@pytest.mark.parametrize(
    ("logits", "doubt", "left"),
    [
        ((-4, -3), 0.55, 0.16),
        ((-5, -4), 1.0, 0.16),
        ((-2, -1.5), 0.55, 0.55),
        ((-6, -6, -6, 30), 0.55, 0.16),
        ((-3,), 0.55, 0.55),
        ((-4,), 0.55, 0.16),
        ((3, 2), 0.16, 0.501),
        ((0, 0.4), 0.16, 0.16),
        ((3, 2), 1.0, 1.0),
    ],
)
def test_a_doubt_goes_where_characters_are_a_hands_and_comes_where_they_are_printed(
    logits: tuple[float, ...], doubt: float, left: float
) -> None:
    assert doubt_of(cut(*logits, doubt=doubt)) == pytest.approx(left)


def test_what_else_is_doubted_stays_so_whatever_the_shapes() -> None:
    assert doubt_of(cut(-4, -4, doubt=0.7, penned=0.55)) == pytest.approx(0.55)
    assert doubt_of(cut(-4, -4, doubt=0.1, penned=None)) == pytest.approx(0.1)


def test_pale_writing_stays_doubtful_but_may_be_pencil() -> None:
    judged = by_shape(cut(-4, -4, doubt=0.55, pale=0.53), read(cut(-4, -4, doubt=0)), Says())
    assert judged.field.doubt == pytest.approx(0.55)
    assert judged.field.pale == pytest.approx(0.16)


def test_print_in_boxes_may_be_a_value_that_was_typed() -> None:
    boxes = (Rect(0, 0, 10, 20), Rect(10, 0, 10, 20))
    assert doubt_of(cut(4, 4, doubt=0.1, cells=boxes)) == pytest.approx(0.1)


def test_pale_print_is_no_pencil() -> None:
    judged = by_shape(cut(4, 4, doubt=0.55, pale=0.16), read(cut(4, 4, doubt=0)), Says())
    assert judged.field.pale == pytest.approx(0.501)


def test_pale_writing_that_looked_like_print_is_shown() -> None:
    judged = by_shape(cut(-4, -4, doubt=1.0, pale=1.0), read(cut(-4, -4, doubt=0)), Says())
    assert judged.field.doubt == pytest.approx(0.55)
    assert not judged.field.is_print


def test_without_the_network_or_without_digits_nothing_changes() -> None:
    field = cut(-4, -4, doubt=1.0)
    assert by_shape(field, read(field), None) is field
    assert by_shape(field, [], Says()) is field
    assert field.field.is_print
    assert not by_shape(field, read(field), Says()).field.is_print


def strokes(*logits: float, doubt: float = 1.0) -> FieldImage:
    """Make a field with a tall stroke for each logit, and a low one that is none."""
    image = np.full((40, 30 * len(logits) + 40), 255, np.uint8)
    for i, _ in enumerate(logits):
        image[4:36, 30 * i + 8 : 30 * i + 14] = 0
    image[30:34, -20:-16] = 0
    spec = FieldSpec("f01", Kind.FREE)
    return FieldImage(spec, Rect(0, 0, image.shape[1], 40), image, image < 9, (), doubt)


class Lists:
    """Stands for the network: its logits are a list, one for each glyph that it is shown."""

    def __init__(self, *logits: float) -> None:
        self.logits = np.array(logits, np.float32)

    def printed(self, glyphs: Float) -> Float:
        assert len(glyphs) == len(self.logits)
        return self.logits


def test_print_is_left_out_before_it_is_read_unless_its_strokes_are_a_hands() -> None:
    hand, label, number = strokes(-4, -3), strokes(3, -1, 2), strokes(0, doubt=0.16)
    nothing = replace(hand, ink=np.zeros_like(hand.ink))
    fields = [label, number, hand, nothing]
    assert without_print(fields, Lists(3, -1, 2, -4, -3)) == [number, hand]
    assert without_print(fields, None) == [number]
    assert without_print([number], Lists()) == [number]


# The bundled network, on faces and on digits it never saw


@pytest.fixture(scope="module")
def detector() -> classify.PrintDetector:
    folder = classify.model_folder(None)
    found = classify.load_print_detector(folder, classify.read_card(folder))
    assert found is not None
    return found


def test_an_unknown_face_is_print_and_a_drawn_hand_is_none(
    detector: classify.PrintDetector,
) -> None:
    default = ImageFont.load_default(56)  # Aileron, which comes with Pillow
    faces = []
    for digit in "2345689":
        picture = Image.new("L", (90, 90))
        ImageDraw.Draw(picture).text((20, 10), digit, fill=255, font=default)
        faces.append(normalize_glyph(np.asarray(picture, np.float32) / np.float32(255)))
    assert float(np.clip(detector.printed(np.stack(faces)), -4, 4).mean()) > 0.5
    drawn = datasets.draw_digits(400, 77)
    hand = drawn.images[[i for i in range(400) if drawn.labels[i] != 1]] / np.float32(255)
    assert float(np.mean(detector.printed(hand.astype(np.float32)) < 0)) > 0.6


def typed() -> Page:
    """Print numbers on lines unevenly, as typewriters and dot printers do."""
    rng = np.random.default_rng(3)
    page = Image.new("L", (1100, 620), 255)
    draw = ImageDraw.Draw(page)
    for row, number in enumerate(["28453", "6097", "7342", "5836"]):
        y = 60 + 130 * row
        draw.line((60, y + 100, 560, y + 100), fill=0, width=3)
        draw.text((620, y + 50), "Balance carried over", 0, ImageFont.load_default(26))
        x = 80
        for symbol in number:
            font = ImageFont.load_default(float(rng.integers(48, 64)))
            figure = Image.new("L", (90, 90))
            ImageDraw.Draw(figure).text((20, 10), symbol, fill=255, font=font)
            figure = figure.rotate(rng.uniform(-4, 4), Image.Resampling.BICUBIC)
            page.paste(0, (x, y + 18 + int(rng.integers(-5, 6))), figure)
            x += int(rng.integers(40, 50))
    return Page("a.png", 1, np.asarray(page), 200.0)


def test_printed_numbers_are_not_accepted_however_unevenly_they_stand() -> None:
    reader = Reader(Options())
    readings = reader.read_page(typed()).readings
    assert len(readings) == 4
    assert all(r.status is Status.REVIEW for r in readings)
    reader.readers = replace(reader.readers, detector=None)
    alone = reader.read_page(typed()).readings
    assert any(r.status is Status.ACCEPTED for r in alone)  # by rows and heights alone


def test_the_digits_page_shows_what_reading_reads() -> None:
    reader, page = Reader(Options()), typed()
    seen = [(read.field, read.value) for read in see(reader, page)]
    assert seen == [(r.field, r.text) for r in reader.read_page(page).readings]


def test_a_number_written_as_evenly_as_print_has_a_row() -> None:
    sheet = Sheet(width_mm=130, height_mm=60)
    for row in range(3):
        sheet.label("THE NUMBER STANDS BELOW", 8, 8 + 7 * row, 3.4)
    sheet.rng = Even()  # type: ignore[assignment]
    sheet.number("80205", 30, 36, 2.6, 3.4)
    page = Page("a.png", 1, sheet.image, sheet.dpi)
    x, y = sheet.px(34, 37)
    hidden = [f for f in locate(sheet.image, sheet.dpi) if f.rect.x < x < f.rect.right]
    assert [f.doubt for f in hidden if f.rect.y < y < f.rect.bottom] == [1.0]
    [reading] = [r for r in Reader(Options()).read_page(page).readings if r.text]
    assert (reading.text, reading.status) == ("80205", Status.REVIEW)


# The glyphs that teach it


def test_print_and_writing_come_half_and_half_and_always_the_same() -> None:
    digits = datasets.draw_digits(50, 3)
    glyphs, labels = printed_glyphs.sample(digits, 200, [1, 2])
    again, _ = printed_glyphs.sample(digits, 200, [1, 2])
    np.testing.assert_array_equal(glyphs, again)
    assert glyphs.shape == (200, 28, 28)
    assert glyphs.dtype == np.float32
    assert 0 <= glyphs.min() < glyphs.max() <= 1
    assert 0.35 < labels.mean() < 0.65


@pytest.mark.parametrize("files", [(), printed_glyphs.font_files()])
def test_characters_are_set_in_every_face_that_is_there(
    files: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(printed_glyphs, "font_files", lambda: files)
    for seed in range(40):
        drawn = printed_glyphs.printed(np.random.default_rng(seed))
        assert 0.005 < float((drawn > 0.5).mean()) < 0.5
    for face in (*printed_glyphs.STANDARD, *files):
        eight, one = (printed_glyphs.set_in_type(face, symbol) > 127 for symbol in "81")
        assert eight.sum() > one.sum() > 50, face


def test_too_little_ink_is_no_glyph() -> None:
    rng = np.random.default_rng(1)
    assert printed_glyphs.scanned(np.zeros((30, 30), np.float32), rng) is None


@pytest.mark.parametrize(
    ("doubts", "aside", "kept"),
    [
        ([0.2, 0.2, 0.2, 1.0], 0, 4),
        ([0.2, 0.2, 1.0], 0, 2),  # too few to tell
        ([0.2, 0.2, 0.2, 1.0, 1.0], 0, 3),  # half a column of print
        ([0.2, 0.2, 0.2, 1.0], 300, 3),  # in a column of its own
    ],
    ids=["written", "few", "mixed", "beside"],
)
def test_what_lies_as_print_does_in_a_written_column_is_shown_to_a_person(
    doubts: list[float], aside: int, kept: int
) -> None:
    field = cut(0.0, doubt=0.2).field
    fields = [
        replace(field, rect=Rect(aside * (doubt == 1.0), 40 * row, 60, 20), doubt=doubt)
        for row, doubt in enumerate(doubts)
    ]
    found = [field for field in as_its_column(fields) if not field.is_print]
    assert len(found) == kept
    assert all(field.doubt == 0.2 or field.doubt > 0.5 for field in found)
