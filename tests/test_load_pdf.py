"""Pages of PDF files: scans pixel by pixel, drawn pages as viewers show them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from page_files import (
    HEIGHT,
    NOISE,
    WIDTH,
    assert_alike,
    drawing,
    loaded,
    locked_pdf,
    noisy,
    one_page,
    pdf,
    scanned_pdf,
    stream,
)

from formreader import load_pdf
from formreader.errors import PageError


@pytest.mark.parametrize("scan_dpi", [150, 200, 240, 300, 400])
def test_a_scan_in_a_pdf_comes_out_pixel_by_pixel(tmp_path: Path, scan_dpi: float) -> None:
    page = loaded(tmp_path, scanned_pdf(NOISE, scan_dpi))
    assert_alike(page.image, NOISE)
    assert page.dpi == pytest.approx(scan_dpi, rel=1e-3)


@pytest.mark.parametrize(("scan_dpi", "dpi"), [(60, 150), (1200, 400)])
def test_the_resolution_of_a_scan_is_kept_within_reason(
    tmp_path: Path, scan_dpi: float, dpi: float
) -> None:
    scan = np.tile(NOISE, (4, 4))
    assert loaded(tmp_path, scanned_pdf(scan, scan_dpi)).dpi == pytest.approx(dpi, rel=0.02)


def test_a_drawn_page_has_300_dpi(tmp_path: Path) -> None:
    page = loaded(tmp_path, one_page(b"/MediaBox[0 0 144 72]", b"0 0 72 36 re f"))
    assert page.dpi == pytest.approx(300)
    assert page.image.shape == (300, 600)
    assert (page.image[200, 100], page.image[100, 400]) == (0, 255)


def test_a_logo_does_not_make_a_page_a_scan(tmp_path: Path) -> None:
    data = scanned_pdf(drawing(), 150).replace(b" cm /S Do", b" cm 0.5 0 0 0.5 0 0 cm /S Do")
    assert loaded(tmp_path, data).dpi == pytest.approx(300, rel=0.01)


def test_a_scan_inside_a_form_object_is_found(tmp_path: Path) -> None:
    inner = scanned_pdf(NOISE, 200)
    body = inner[inner.index(b"5 0 obj") + 8 : inner.rindex(b"\nendobj")]
    form = stream(
        b"288 0 0 288 0 0 cm /S Do",
        b"/Type/XObject/Subtype/Form/BBox[0 0 288 288]/Matrix[0.5 0 0 0.5 0 0]"
        b"/Resources<</XObject<</S 5 0 R>>>>",
    )
    keys = b"/MediaBox[0 0 72 72]/Resources<</XObject<</F 6 0 R>>>>"
    data = one_page(keys, b"0.5 0 0 0.5 0 0 cm /F Do", body, form)
    assert_alike(loaded(tmp_path, data).image, NOISE)


def test_a_fine_speck_on_a_scan_does_not_raise_its_resolution(tmp_path: Path) -> None:
    inner = scanned_pdf(NOISE, 200)
    body = inner[inner.index(b"5 0 obj") + 8 : inner.rindex(b"\nendobj")]
    keys = b"/MediaBox[0 0 72 72]/Resources<</XObject<</S 5 0 R>>>>"
    drawn = b"q 72 0 0 72 0 0 cm /S Do Q 10 0 0 10 0 0 cm /S Do"
    assert loaded(tmp_path, one_page(keys, drawn, body)).dpi == pytest.approx(200, rel=1e-3)


@pytest.mark.parametrize(("turn", "quarters"), [(90, 3), (180, 2), (270, 1)])
def test_a_turned_pdf_page_is_drawn_as_viewers_show_it(
    tmp_path: Path, turn: int, quarters: int
) -> None:
    data = scanned_pdf(drawing(), 150, b"/Rotate %d" % turn)
    page = loaded(tmp_path, data)
    assert_alike(page.image, np.rot90(drawing(), quarters))
    assert page.dpi == pytest.approx(150, rel=0.01)


def test_a_pdf_page_is_cropped_as_viewers_show_it(tmp_path: Path) -> None:
    keys = b"/MediaBox[0 0 288 288]/CropBox[72 72 216 144]"
    image = loaded(tmp_path, one_page(keys, b"72 72 72 72 re f")).image
    assert image.shape == (300, 600)
    assert (image[:, :299].max(), image[:, 301:].min()) == (0, 255)


def test_filled_form_fields_and_annotations_are_drawn(tmp_path: Path) -> None:
    black = stream(b"0 0 36 36 re f", b"/Type/XObject/Subtype/Form/BBox[0 0 36 36]")
    field = (
        b"<</Type/Annot/Subtype/Widget/FT/Tx/T(a)/V(1)/F 4/P 3 0 R/Rect[0 0 36 36]/AP<</N 5 0 R>>>>"
    )
    stamp = b"<</Type/Annot/Subtype/Stamp/F 4/P 3 0 R/Rect[72 0 108 36]/AP<</N 5 0 R>>>>"
    keys = b"/MediaBox[0 0 144 36]/Annots[6 0 R 7 0 R]"
    catalog = b"/AcroForm<</Fields[6 0 R]>>"
    data = one_page(keys, b"", black, field, stamp, catalog=catalog)
    image = loaded(tmp_path, data).image
    assert [int(image[75, 75 + 150 * place]) for place in range(4)] == [0, 255, 0, 255]


def test_a_pdf_that_only_forbids_changes_is_read(tmp_path: Path) -> None:
    image = loaded(tmp_path, locked_pdf(b"")).image
    assert (image[450, 150], image[150, 450]) == (0, 255)


def test_a_pdf_in_four_colours_is_drawn(tmp_path: Path) -> None:
    data = one_page(b"/MediaBox[0 0 72 72]", b"0 0 0 1 k 0 0 36 72 re f 1 1 0 0 k 36 0 36 72 re f")
    image = loaded(tmp_path, data).image
    assert image.max() < 100


def test_a_vast_pdf_page_gets_fewer_pixels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load_pdf, "MAX_PDF_PIXELS", 1_000_000)
    page = loaded(tmp_path, one_page(b"/MediaBox[0 0 14400 7200]", b""))
    assert 990_000 < page.image.size < 1_002_000
    assert page.dpi == pytest.approx(page.image.shape[1] / 200, rel=1e-3)


def test_a_scan_in_a_pdf_that_cannot_be_decoded_is_no_blank_page(tmp_path: Path) -> None:
    blank = np.full((100, 100), 255, np.uint8)
    assert loaded(tmp_path, scanned_pdf(blank, 200)).image.min() == 255
    with pytest.raises(PageError, match="damaged"):
        loaded(tmp_path, scanned_pdf(blank, 200, jpeg=bytes(500) + b"\xff\xd9"))


def test_a_scan_in_a_pdf_that_ends_early_is_no_page(tmp_path: Path) -> None:
    whole = noisy("JPEG")
    assert loaded(tmp_path, scanned_pdf(NOISE, 200, jpeg=whole)).image.shape == NOISE.shape
    with pytest.raises(PageError, match="damaged"):
        loaded(tmp_path, scanned_pdf(NOISE, 200, jpeg=whole[: len(whole) // 2]))


def test_a_pdf_with_junk_around_it_is_read(tmp_path: Path) -> None:
    data = b"\r\n" * 50 + scanned_pdf(drawing(), 150) + bytes(30_000)
    assert loaded(tmp_path, data).image.shape == (HEIGHT, WIDTH)


def test_a_pdf_page_that_is_missing_fails_and_the_others_are_read(tmp_path: Path) -> None:
    data = pdf(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R 9 0 R]/Count 2>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 72 72]>>",
    )
    assert loaded(tmp_path, data).image.shape == (300, 300)
    with pytest.raises(PageError):
        loaded(tmp_path, data, number=2)
