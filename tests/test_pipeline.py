"""Reading a page from end to end, with a model of templates in the place of the network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from template_model import TemplateModel, put_in_place
from template_pages import BOX, form, number_image, page_of, read_field

import formreader
from formreader import pipeline
from formreader.document import (
    FieldImage,
    FieldSpec,
    Grey,
    Kind,
    PageResult,
    Reading,
    Reason,
    Rect,
    Status,
)
from formreader.errors import FormError, ModelError, PageError, UsageError
from formreader.pipeline import Options, Reader


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> TemplateModel:
    model = TemplateModel()
    put_in_place(monkeypatch, model)
    return model


# A pre-cut number


@pytest.mark.parametrize("text", ["7", "40", "1985", "0012300", "6666666666"])
def test_a_pre_cut_number_is_read(model: TemplateModel, text: str) -> None:
    reading = read_field(number_image(text))
    assert reading.text == text
    assert reading.status is Status.ACCEPTED
    assert reading.reasons == ()
    assert reading.confidence > 0.5


def test_characters_lie_on_their_digits_in_pixels_of_the_page(model: TemplateModel) -> None:
    reading = read_field(number_image("482", gap_px=14))
    assert [c.text for c in reading.characters] == ["4", "8", "2"]
    lefts = [c.rect.x for c in reading.characters]
    assert lefts == sorted(lefts)
    for character in reading.characters:
        assert character.rect.y == pytest.approx(18, abs=6)
        assert character.rect.height == pytest.approx(44, abs=6)
        assert 0.2 < character.probability <= 1
    assert reading.rect == Rect(0, 0, *number_image("482", gap_px=14).shape[::-1])


@pytest.mark.parametrize("grey", [255, 200, 90])
def test_blank_paper_is_blank_and_never_a_number(model: TemplateModel, grey: int) -> None:
    reading = read_field(np.full((80, 200), grey, np.uint8))
    assert reading.status is Status.BLANK
    assert reading.text == ""
    assert reading.confidence == 1.0
    assert reading.characters == ()
    assert reading.reasons == ()


def test_ink_that_is_no_digit_goes_to_a_person(model: TemplateModel) -> None:
    image = np.full((80, 120), 240, np.uint8)
    rng = np.random.default_rng(3)
    for x, y in rng.integers(20, 55, (30, 2)):
        image[y : y + 4, x : x + 18] = 30
    reading = read_field(image)
    assert reading.status is Status.REVIEW
    assert reading.reasons


def small_strokes(height_px: int) -> Grey:
    image = np.full((60, 120), 240, np.uint8)
    for x in (30, 45, 60):
        image[30 : 30 + height_px, x : x + 3] = 40
    return image


@pytest.mark.parametrize("height_px", [3, 4])
def test_ink_too_small_to_cut_is_reviewed_and_not_blank(
    model: TemplateModel, height_px: int
) -> None:
    reading = read_field(small_strokes(height_px))
    assert reading.status is Status.REVIEW
    assert reading.reasons[0] is Reason.NOT_A_DIGIT
    assert reading.text == ""
    assert reading.confidence == 0


@pytest.mark.parametrize("height_px", [1, 2])
def test_dust_is_blank(model: TemplateModel, height_px: int) -> None:
    assert read_field(small_strokes(height_px)).status is Status.BLANK


def field(doubt: float, cells: tuple[Rect, ...] = ()) -> FieldImage:
    paper = np.full((60, 120), 240, np.uint8)
    spec = FieldSpec("number", Kind.BOXES if cells else Kind.FREE)
    return FieldImage(spec, Rect(0, 0, 120, 60), paper, paper < 99, cells, doubt)


@pytest.mark.parametrize(
    ("place", "confidence", "kept"),
    [
        (field(0.9), 0.3, False),
        (field(0.9), 0.6, True),
        (field(0.2), 0.3, True),
        (replace(field(0.9), like_print=-3.0), 0.3, False),
        (replace(field(0.9), like_print=-4.0), 0.3, True),
        (field(0.9, (Rect(0, 0, 60, 60),)), 0.0, True),
    ],
)
def test_only_doubtful_print_outside_boxes_is_left_out(
    place: FieldImage, confidence: float, kept: bool
) -> None:
    said = Reading("number", "17", confidence, Status.REVIEW, (), (), place.rect, ())
    assert pipeline.is_number(place, said) is kept


def test_nothing_is_accepted_by_a_model_that_promises_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    put_in_place(monkeypatch, TemplateModel(threshold=None))
    reading = read_field(number_image("1985"))
    assert reading.text == "1985"
    assert reading.status is Status.REVIEW
    assert Reason.LOW_CONFIDENCE in reading.reasons


def test_a_stricter_promise_than_the_sample_supports_accepts_nothing(
    model: TemplateModel,
) -> None:
    image = number_image("1985")
    assert read_field(image, Options("field", 0.01)).status is Status.ACCEPTED
    assert read_field(image, Options("field", 0.009)).status is Status.REVIEW


# A page with boxes


def values(result: PageResult) -> list[tuple[str, Status]]:
    return [(reading.text, reading.status) for reading in result.readings]


def test_rows_of_boxes_are_read_from_top_to_bottom(model: TemplateModel) -> None:
    result = Reader(Options()).read_page(page_of(form("20417", "735290", "8246")))
    assert [reading.text for reading in result.readings] == ["20417", "735290", "8246"]
    assert all(reading.status is Status.ACCEPTED for reading in result.readings)
    assert result.form == "auto"


def test_a_row_lies_where_it_was_drawn(model: TemplateModel) -> None:
    [reading] = Reader(Options()).read_page(page_of(form("20417"))).readings
    rect = reading.rect
    assert (rect.x, rect.y) == pytest.approx((300, 150), abs=12)
    assert (rect.right, rect.bottom) == pytest.approx((300 + 5 * BOX, 150 + BOX), abs=12)
    for index, character in enumerate(reading.characters):
        middle = character.rect.x + character.rect.width / 2
        assert middle == pytest.approx(300 + (index + 0.5) * BOX, abs=8)


def test_empty_boxes_are_blank(model: TemplateModel) -> None:
    result = Reader(Options()).read_page(page_of(form("     ", "4711 ")))
    assert [reading.status for reading in result.readings] == [Status.BLANK, Status.ACCEPTED]
    assert [reading.text for reading in result.readings] == ["", "4711"]


def test_an_empty_box_between_digits_goes_to_a_person(model: TemplateModel) -> None:
    [reading] = Reader(Options()).read_page(page_of(form("47 11"))).readings
    assert reading.status is Status.REVIEW
    assert Reason.EMPTY_BOX_INSIDE in reading.reasons


def test_a_struck_out_box_goes_to_a_person(model: TemplateModel) -> None:
    [reading] = Reader(Options()).read_page(page_of(form("4X711"))).readings
    assert reading.status is Status.REVIEW
    assert set(reading.reasons) & {Reason.STRUCK_OUT, Reason.NOT_A_DIGIT, Reason.LOW_CONFIDENCE}


@pytest.mark.parametrize("turns", [1, 3])
def test_rectangles_of_a_turned_page_lie_on_the_page_as_loaded(
    model: TemplateModel, turns: int
) -> None:
    upright = Reader(Options()).read_page(page_of(form("20417", "735290")))
    image = np.ascontiguousarray(np.rot90(form("20417", "735290"), turns))
    turned = Reader(Options()).read_page(page_of(image))
    assert values(turned) == values(upright)
    height, width = image.shape
    for reading in turned.readings:
        assert 0 <= reading.rect.x < reading.rect.right <= width
        assert 0 <= reading.rect.y < reading.rect.bottom <= height
        inside = image[reading.rect.y : reading.rect.bottom, reading.rect.x : reading.rect.right]
        assert inside.min() < 100  # there is ink


def test_an_empty_page_has_no_fields(model: TemplateModel) -> None:
    result = Reader(Options()).read_page(page_of(np.full((800, 1000), 250, np.uint8)))
    assert result.readings == ()
    assert result.failure == ""


# Many pages


def test_pages_read_together_say_what_they_say_alone(model: TemplateModel) -> None:
    texts = ["1", "22", "4096", "", "777"]
    images = [number_image(text) if text else np.full((80, 90), 240, np.uint8) for text in texts]
    pages = [page_of(image, f"{i}.png", i + 1) for i, image in enumerate(images)]
    reader = Reader(Options(form="field"))
    together = reader.read_pages(pages)
    alone = [reader.read_page(page) for page in pages]
    assert [values(result) for result in together] == [values(result) for result in alone]
    assert [result.readings[0].text for result in together] == texts
    assert [(r.source, r.number) for r in together] == [(p.source, p.number) for p in pages]


def test_no_pages_give_no_results(model: TemplateModel) -> None:
    assert Reader(Options()).read_pages([]) == []


def test_fields_of_several_pages_have_different_names(model: TemplateModel) -> None:
    pages = [page_of(form("20417", "88"), "a.pdf", number) for number in (1, 2)]
    results = Reader(Options()).read_pages(pages)
    names = [reading.field for result in results for reading in result.readings]
    assert len(names) == 4
    assert len(set(names)) == 4


def test_reading_a_page_does_not_change_it(model: TemplateModel) -> None:
    image = form("20417")
    before = image.copy()
    image.flags.writeable = False
    Reader(Options()).read_page(page_of(image))
    assert np.array_equal(image, before)


# What stops a reader


def test_an_unknown_form_is_named_with_those_that_are_known(model: TemplateModel) -> None:
    with pytest.raises(FormError, match=r"There is no form called “cheque-7”.*auto, field"):
        Reader(Options(form="cheque-7"))


def test_a_model_without_calibration_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    model = TemplateModel()
    model.card["calibration"] = {}
    put_in_place(monkeypatch, model)
    with pytest.raises(ModelError, match="formreader train"):
        Reader(Options())


def test_a_model_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="absent"):
        Reader(Options(model=tmp_path / "absent"))


@pytest.mark.parametrize("rate", [0, 1, -0.01, 5, float("nan")])
def test_an_error_rate_that_is_none_is_refused(rate: float) -> None:
    with pytest.raises(UsageError, match=f"--max-error is {rate:g}; it must lie between 0 and 1"):
        Options(max_error=rate)


def test_the_library_warns_of_a_promise_that_the_model_cannot_keep(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "1.png"), number_image("40"))
    with pytest.warns(UserWarning, match="cannot promise --max-error 1e-06"):
        list(formreader.read_folder(tmp_path, options=Options(form="field", max_error=1e-6)))


def test_a_reader_opened_for_cheques_reads_cheques() -> None:
    reader = formreader.open_reader(Options(form="cheque"))
    with pytest.raises(PageError, match="code line"):
        reader.read_page(page_of(number_image("40")))
