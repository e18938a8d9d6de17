"""Barcodes and QR codes: read as fields, checked, and naming the form that a page is."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import zxingcpp
from PIL import Image
from test_register_form import DPI, drawn

from formreader import pipeline_codes
from formreader.document import Grey, Page, Reading, Reason, Status
from formreader.errors import PageError
from formreader.form_draft import draft
from formreader.forms import FieldDef
from formreader.pipeline_form import Forms, check_places
from formreader.segment import segment

Format = zxingcpp.BarcodeFormat
BOX = (20.0, 20.0, 60.0, 25.0)


def code(text: str, kind: zxingcpp.BarcodeFormat = Format.QRCode, scale: int = 3) -> Grey:
    picture = np.array(zxingcpp.create_barcode(text, kind).to_image(scale=scale))
    return np.asarray(picture if picture.ndim == 2 else picture[..., 0], np.uint8)


def paper(*codes: Grey) -> Grey:
    """Lay codes side by side into the box of a page that was scanned none too well."""
    image = np.full((500, 900), 240, np.uint8)
    left = 130
    for picture in codes:
        height, width = picture.shape
        high = min(height, 140)
        image[125 : 125 + high, left : left + width] = np.minimum(picture[:high], 240)
        left += width + 5
    noisy = cv2.GaussianBlur(image, (0, 0), 0.7) + np.random.default_rng(1).normal(0, 6, (500, 900))
    return np.clip(noisy, 0, 255).astype(np.uint8)


def read(image: Grey, **more: object) -> Reading:
    held = {"name": "code", "kind": "barcode", "type": "text", "box": BOX, **more}
    field = FieldDef.model_validate(held)
    return pipeline_codes.read_code(pipeline_codes.cut(field, image, DPI))


@pytest.mark.parametrize(
    ("text", "kind"),
    [("F7-00420", Format.QRCode), ("4006381333931", Format.EAN13), ("F7-00420", Format.Code128)],
)
def test_a_code_is_read_and_accepted(text: str, kind: zxingcpp.BarcodeFormat) -> None:
    reading = read(paper(code(text, kind, 2)))
    assert (reading.text, reading.status, reading.reasons) == (text, Status.ACCEPTED, ())


def test_a_spoiled_code_goes_to_a_person_and_no_value_is_invented() -> None:
    spoiled = code("F7-00420")
    spoiled[:, ::3] = 0
    reading = read(paper(spoiled))
    assert (reading.text, reading.status) == ("", Status.REVIEW)
    assert reading.reasons == (Reason.NO_CODE,)


def test_a_code_with_a_bar_too_many_fails_its_check_digit() -> None:
    barred = code("4006381333931", Format.EAN13)
    barred[:, 100:115] = 0
    assert read(paper(barred)).text == ""


def test_a_place_without_a_code_is_blank_unless_the_form_needs_one() -> None:
    frame = np.full((60, 200), 255, np.uint8)
    cv2.rectangle(frame, (0, 0), (199, 59), 0, 2)
    assert read(paper()).status is Status.BLANK
    assert read(paper(), optional=False).reasons == (Reason.MISSING,)


@pytest.mark.parametrize("more", [{"pattern": "F8-.*"}, {"length": 4}, {"type": "digits"}])
def test_a_code_that_the_form_does_not_allow_goes_to_a_person(more: dict[str, object]) -> None:
    reading = read(paper(code("F7-00420")), **more)
    assert (reading.status, reading.reasons) == (Status.REVIEW, (Reason.MISFIT,))


def test_a_code_must_keep_the_check_digits_of_its_form() -> None:
    right, wrong = code("79927398713"), code("79927398731")
    assert read(paper(right), type="digits", checks=("luhn",)).status is Status.ACCEPTED
    assert read(paper(wrong), type="digits", checks=("luhn",)).reasons == (Reason.MISFIT,)


def test_a_code_without_check_digits_is_accepted_only_where_the_form_vouches_for_it() -> None:
    page = paper(code("00000102", Format.ITF))
    assert read(page).reasons == (Reason.UNCHECKED_CODE,)
    assert read(page, type="digits", length=8).status is Status.ACCEPTED


def test_two_codes_in_one_place_go_to_a_person_with_both_values() -> None:
    reading = read(paper(code("F7-1"), code("F7-2")))
    assert reading.reasons == (Reason.SEVERAL_CODES,)
    assert {reading.text, *dict(reading.alternatives)} == {"F7-1", "F7-2"}


def test_a_code_outside_its_box_is_another_code() -> None:
    assert read(paper(code("F7-1")), box=(20, 60, 60, 20)).status is Status.BLANK


# Which form a page is


@pytest.fixture(scope="module")
def sisters(tmp_path_factory: pytest.TempPathFactory) -> Forms:
    """Two definitions of forms that differ in nothing but their code."""
    folder = tmp_path_factory.mktemp("sisters")
    Image.fromarray(drawn(1)).save(folder / "blank.png", dpi=(DPI, DPI))
    for name in ("north", "south"):
        path = folder / f"{name}.toml"
        draft(folder / "blank.png", path)
        path.write_text(f'code = "{name}-[0-9]+"\n' + path.read_text("utf-8"), "utf-8")
    return Forms([folder])


def marked(seed: int, text: str) -> Page:
    image, picture = drawn(seed), code(text, scale=2)
    height, width = picture.shape
    image[-height - 20 : -20, -width - 20 : -20] = picture
    return Page("page.png", 1, image, DPI)


def test_a_page_goes_to_the_form_that_its_code_names(sisters: Forms) -> None:
    for name in ("south", "north"):
        form, _, registration = sisters.find(marked(1, f"{name}-17"))
        assert form.name == name
        assert not registration.unnamed


def test_without_its_code_nothing_on_a_page_is_accepted(sisters: Forms) -> None:
    form, fields, registration = sisters.find(marked(1, "east-17"))
    rect = fields[0].rect
    reading = Reading(form.fields[0].name, "12", 0.99, Status.ACCEPTED, (), (), rect)
    [checked] = check_places([reading], registration)
    assert (checked.status, checked.reasons[0]) == (Status.REVIEW, Reason.UNNAMED)


def test_a_code_on_another_form_makes_it_none(sisters: Forms) -> None:
    with pytest.raises(PageError, match="bears the code of the form “south”, but it is none"):
        sisters.find(marked(2, "south-17"))


def test_a_code_holds_no_glyphs_that_could_be_read_or_learned_as_digits() -> None:
    field = FieldDef.model_validate({"name": "code", "kind": "barcode", "box": BOX})
    cut = pipeline_codes.cut(field, paper(code("20260131")), DPI)
    assert not segment(cut).glyphs
