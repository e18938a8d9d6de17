"""Pages come upright, grey, in order and with their resolution, whatever file they are in."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from page_files import (
    HEIGHT,
    NOISE,
    WIDTH,
    assert_alike,
    black_and_white,
    drawing,
    encoded,
    loaded,
    png,
    scanned_pdf,
)
from PIL import Image

from formreader import load, load_pdf, load_pictures
from formreader.document import Grey
from formreader.errors import NothingToReadError, PageError

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


# Listing


def listed(folder: Path, *names: str) -> list[str]:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return [path.relative_to(folder).as_posix() for path in load.list_sources(folder)]


def test_files_come_in_the_order_a_person_counts(tmp_path: Path) -> None:
    names = ["b/page10.PNG", "b/Page2.png", "b/page1.tif", "a12.pdf", "a9.jpeg", "B.webp"]
    assert listed(tmp_path, *names) == [
        *("a9.jpeg", "a12.pdf", "b/page1.tif", "b/Page2.png", "b/page10.PNG", "B.webp"),
    ]


def test_hidden_files_other_files_and_job_folders_are_passed_over(tmp_path: Path) -> None:
    names = [".x.png", ".thumbs/1.png", "notes.txt", "job/job.sqlite", "job/snippets/1.png"]
    assert listed(tmp_path, "1.png", *names) == ["1.png"]


def test_a_file_is_listed_even_if_its_suffix_is_unknown(tmp_path: Path) -> None:
    (tmp_path / "scan.dat").write_bytes(png())
    assert load.list_sources(tmp_path / "scan.dat") == [tmp_path / "scan.dat"]
    assert load.load(tmp_path / "scan.dat", 1, "").image.shape == (HEIGHT, WIDTH)


def test_link_loops_end_and_a_linked_folder_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "z").mkdir()
    (tmp_path / "z" / "up").symlink_to(tmp_path)
    (tmp_path / "self").symlink_to(tmp_path / "self")
    for name in ("a", "zz"):
        (tmp_path / name).symlink_to(tmp_path / "z")
    assert listed(tmp_path, "z/1.png") == ["z/1.png"]


def test_a_dangling_link_is_listed_and_fails_as_a_page(tmp_path: Path) -> None:
    (tmp_path / "1.png").symlink_to(tmp_path / "gone.png")
    [path] = load.list_sources(tmp_path)
    with pytest.raises(PageError, match="does not exist"):
        load.load(path, 1, "")


def test_a_folder_without_pages_says_how_many_files_it_passed_over(tmp_path: Path) -> None:
    with pytest.raises(NothingToReadError, match=r"0 other files"):
        load.list_sources(tmp_path)
    with pytest.raises(NothingToReadError, match=r"2 other files.*\.png"):
        listed(tmp_path, "a.txt", "b/c.docx")


@pytest.mark.parametrize("name", ["missing", "missing/deeper.png", "bad\0name", "x" * 5000])
def test_a_source_that_is_not_there_is_told_plainly(tmp_path: Path, name: str) -> None:
    with pytest.raises(NothingToReadError, match="cannot be read"):
        load.list_sources(tmp_path / name)


def test_a_folder_that_may_not_be_opened_stops_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "locked").mkdir()
    (tmp_path / "1.png").touch()
    scandir = os.scandir

    def refuse(path: Path) -> object:  # permissions do not bind root, who may run the tests
        if path.name == "locked":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(NothingToReadError, match="locked cannot be opened: permission is missing"):
        load.list_sources(tmp_path)


def test_photos_in_a_format_that_cannot_be_decoded_fail_instead_of_vanishing(
    tmp_path: Path,
) -> None:
    (tmp_path / "IMG_1.HEIC").write_bytes(b"\0\0\0\x18ftypheic" + bytes(100))
    [path] = load.list_sources(tmp_path)
    with pytest.raises(PageError, match=r"HEIC, which cannot be read\. Save it as JPEG"):
        load.load(path, 1, "")


# Counting


def test_pages_are_counted_by_content_not_by_name(tmp_path: Path) -> None:
    page = Image.fromarray(drawing())
    three = encoded(page, "TIFF", save_all=True, append_images=[page, page])
    two = encoded(page, "PDF", save_all=True, append_images=[page])
    for name, data, pages in (("a.png", three, 3), ("b.tif", two, 2), ("c.pdf", png(), 1)):
        (tmp_path / name).write_bytes(data)
        assert load.count_pages(tmp_path / name) == pages
        assert load.load(tmp_path / name, pages, "").image.shape[0] >= HEIGHT


def test_every_page_of_a_tiff_is_its_own_picture(tmp_path: Path) -> None:
    pages = [Image.fromarray(np.full((10 + n, 20), 50 * n, np.uint8)) for n in range(4)]
    data = encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    for n in range(4):
        page = loaded(tmp_path, data, number=n + 1)
        assert (page.image.shape, page.image.max()) == ((10 + n, 20), 50 * n)
        assert (page.source, page.number) == ("a source", n + 1)


@pytest.mark.parametrize("number", [0, -1, 3])
def test_a_page_that_is_not_there_names_the_pages_there_are(tmp_path: Path, number: int) -> None:
    page = Image.fromarray(drawing())
    for kind in ("TIFF", "PDF"):
        data = encoded(page, kind, save_all=True, append_images=[page])
        with pytest.raises(PageError, match=f"has 2 pages; there is no page {number}"):
            loaded(tmp_path, data, number=number)


# Formats and modes


@pytest.mark.parametrize("kind", ["PNG", "BMP", "GIF", "TIFF"])
@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB"])
def test_lossless_formats_give_the_exact_grey(tmp_path: Path, kind: str, mode: str) -> None:
    page = black_and_white() if mode == "1" else drawing()
    image = loaded(tmp_path, encoded(Image.fromarray(page).convert(mode), kind)).image
    assert_alike(image, page)


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"])
def test_compressed_tiff_is_read(tmp_path: Path, compression: str) -> None:
    data = encoded(Image.fromarray(drawing()).convert("RGB"), "TIFF", compression=compression)
    assert_alike(loaded(tmp_path, data).image, drawing(), 40 if compression == "jpeg" else 0)


@pytest.mark.parametrize("compression", [None, "group3", "group4", "tiff_lzw"])
@pytest.mark.parametrize("white_is_zero", [False, True])
def test_paper_is_white_in_fax_pages_of_either_polarity(
    tmp_path: Path, compression: str | None, white_is_zero: bool
) -> None:
    page = Image.fromarray(black_and_white()).convert("1")
    tags = {262: 0} if white_is_zero else {}
    data = encoded(page, "TIFF", compression=compression, tiffinfo=tags)
    assert data.count(struct.pack("<HHIH", 262, 3, 1, not white_is_zero)) == 1
    assert_alike(loaded(tmp_path, data).image, black_and_white())


def test_deep_grey_of_either_polarity_is_scaled_to_eight_bits(tmp_path: Path) -> None:
    for bits in (10, 12, 14, 16):
        deep = (drawing() * ((2**bits - 1) / 255)).astype(np.uint16)
        for kind in ("PNG", "TIFF"):
            data = encoded(Image.fromarray(deep), kind)
            assert_alike(loaded(tmp_path, data).image, drawing(), 1)
        white_is_one = struct.pack("<HHIH", 262, 3, 1, 1)
        inverted = encoded(Image.fromarray((2**bits - 1) - deep), "TIFF")
        assert white_is_one in inverted
        inverted = inverted.replace(white_is_one, struct.pack("<HHIH", 262, 3, 1, 0))
        assert_alike(loaded(tmp_path, inverted).image, drawing(), 1)


@pytest.mark.parametrize("full", [1.0, 255.0, 65535.0, 1e6])
def test_float_grey_is_scaled_and_its_holes_are_paper(tmp_path: Path, full: float) -> None:
    values = (drawing() * (full / 255)).astype(np.float32)
    values[0, 0], values[0, 1] = np.nan, np.inf
    assert_alike(loaded(tmp_path, encoded(Image.fromarray(values), "TIFF")).image, drawing(), 1)


def test_ink_under_transparency_is_put_on_white_paper(tmp_path: Path) -> None:
    ink = Image.new("L", (WIDTH, HEIGHT), 0)
    clear = Image.fromarray(255 - drawing())  # opaque where the ink is
    for mode in ("LA", "RGBA"):
        layer = ink.convert(mode)
        layer.putalpha(clear)
        for kind in ("PNG", "TIFF") + (("WEBP",) if mode == "RGBA" else ()):
            data = encoded(layer, kind, **({"lossless": True} if kind == "WEBP" else {}))
            assert_alike(loaded(tmp_path, data).image, drawing(), 1)
    palette = Image.fromarray(np.where(drawing() < 128, 1, 0).astype(np.uint8)).convert("P")
    palette.putpalette([0, 0, 0, 0, 0, 0])
    data = encoded(palette, "PNG", transparency=0)
    assert_alike(loaded(tmp_path, data).image, black_and_white())


def test_an_unused_alpha_channel_does_not_empty_the_page(tmp_path: Path) -> None:
    page = Image.fromarray(drawing()).convert("RGB")
    page.putalpha(0)
    assert_alike(loaded(tmp_path, encoded(page, "PNG")).image, drawing())


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk_is_read_as_printed(tmp_path: Path, kind: str) -> None:
    data = encoded(Image.fromarray(drawing()).convert("RGB").convert("CMYK"), kind)
    assert_alike(loaded(tmp_path, data).image, drawing(), 40)


@pytest.mark.parametrize("pen", [(20, 40, 160), (200, 30, 40), (0, 0, 255), (255, 0, 0)])
def test_blue_and_red_pen_stay_dark_in_every_format(
    tmp_path: Path, pen: tuple[int, int, int]
) -> None:
    page = np.full((64, 64, 3), 255, np.uint8)
    page[16:48, 16:48] = pen
    for kind in ("PNG", "JPEG", "PDF"):
        image = loaded(tmp_path, encoded(Image.fromarray(page), kind)).image
        height, width = image.shape
        assert image[height // 2, width // 2] < 100
        assert image[2, 2] > 250


def test_one_pixel_is_a_page(tmp_path: Path) -> None:
    assert loaded(tmp_path, png(np.full((1, 1), 7, np.uint8))).image.tolist() == [[7]]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_every_orientation_tag_gives_the_upright_page(tmp_path: Path, kind: str) -> None:
    for orientation, turn in enumerate((None, 0, 3, 1, 5, 2, 6, 4), 1):
        stored = Image.fromarray(drawing())
        if turn is not None:
            stored = stored.transpose(Image.Transpose(turn))
        exif = Image.Exif()
        exif[0x0112] = orientation
        if kind == "TIFF":
            data = encoded(stored, kind, tiffinfo={0x0112: orientation}, compression="tiff_lzw")
        else:
            options = {"lossless": True} if kind == "WEBP" else {}
            data = encoded(stored.convert("RGB"), kind, exif=exif, **options)
        assert_alike(loaded(tmp_path, data).image, drawing(), 30 if kind == "JPEG" else 1)


def test_an_unknown_orientation_tag_is_left_alone(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 90
    assert_alike(loaded(tmp_path, png(exif=exif)).image, drawing())


def test_a_broken_exif_block_does_not_spoil_the_picture(tmp_path: Path) -> None:
    data = png(exif=b"Exif\0\0II*\0\xff\xff\xff\xff garbage")
    assert_alike(loaded(tmp_path, data).image, drawing())


# Resolution


@pytest.mark.parametrize(
    ("size", "stated", "dpi"),
    [
        ((2480, 3508), (300, 300), 300),
        ((1240, 1754), (150, 150), 150),
        ((2480, 3508), (72, 72), 300),
        ((2480, 3508), (96, 96), 300),
        ((1200, 1600), (72, 72), 137),
        ((1200, 1600), (96, 96), 137),
        ((3508, 2480), (1, 1), 300),
        ((2480, 3508), (100000, 100000), 300),
        ((2480, 3508), None, 300),
        ((4000, 3000), (100, 100), 342),  # would be a metre long
        ((2400, 1100), None, 300),  # a cheque
        ((150, 50), None, 200),
        ((150, 50), (300, 300), 300),
        ((1, 1), None, 200),
        ((5000, 2), None, 428),
        ((60000, 2), None, 2400),
    ],
)
def test_resolution_is_the_stated_one_or_a_sound_guess(
    tmp_path: Path, size: tuple[int, int], stated: tuple[int, int] | None, dpi: float
) -> None:
    page = loaded(tmp_path, encoded(Image.new("1", size, 1), "PNG", dpi=stated))
    assert page.dpi == pytest.approx(dpi, rel=0.005)
    assert page.image.shape == size[::-1]


def test_resolution_in_pixels_per_centimetre_is_understood(tmp_path: Path) -> None:
    data = encoded(Image.new("1", (1000, 1000), 1), "TIFF", resolution=118.11, resolution_unit="cm")
    assert loaded(tmp_path, data).dpi == pytest.approx(300, abs=0.1)


def test_the_resolution_a_camera_states_is_not_believed(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x829D] = 1.8
    page = Image.new("L", (1200, 1600), 255)
    assert loaded(tmp_path, encoded(page, "JPEG", dpi=(240, 240))).dpi == 240
    taken = loaded(tmp_path, encoded(page, "JPEG", dpi=(240, 240), exif=exif))
    assert taken.dpi == pytest.approx(1600 / 297 * 25.4)


@pytest.mark.parametrize("lines_dpi", [98, 196, 391])
def test_fax_lines_become_square_pixels(tmp_path: Path, lines_dpi: int) -> None:
    dpi = max(204, lines_dpi)
    stored = Image.new("1", (408, 2 * lines_dpi), 1)
    stored.paste(0, (102, 0, 306, lines_dpi))  # an inch square, black
    tags = {282: 204.0, 283: float(lines_dpi), 296: 2}
    page = loaded(tmp_path, encoded(stored, "TIFF", compression="group4", tiffinfo=tags))
    assert page.dpi == dpi
    assert page.image.shape == (2 * dpi, 2 * dpi)
    ink = np.argwhere(page.image < 128)
    assert np.ptp(ink, axis=0).tolist() == pytest.approx([dpi, dpi], abs=3)


def test_a_fax_lying_on_its_side_is_stretched_along_the_right_axis(tmp_path: Path) -> None:
    tags = {282: 204.0, 283: 98.0, 296: 2, 274: 6}
    data = encoded(Image.new("1", (408, 98), 1), "TIFF", compression="group4", tiffinfo=tags)
    assert loaded(tmp_path, data).image.shape == (408, 204)


@pytest.mark.parametrize("stated", [(0, 0), (float("nan"), 300.0), (400.0, 100.0), (-300, -300)])
def test_senseless_resolutions_do_not_distort_the_page(
    tmp_path: Path, stated: tuple[float, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load_pictures, "_stated_dpi", lambda image: stated)
    page = loaded(tmp_path, png(np.full((1754, 1240), 255, np.uint8)))
    assert page.image.shape == (1754, 1240)
    assert page.dpi == pytest.approx(150, abs=0.1)


def test_threads_take_turns_since_pdfium_bears_only_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw, inside, crowds = load_pdf.draw, [], []

    def watched(pdf: Any, number: int) -> tuple[Grey, float]:
        inside.append(number)
        time.sleep(0.002)
        crowds.append(len(inside))
        try:
            return draw(pdf, number)
        finally:
            inside.pop()

    monkeypatch.setattr(load_pdf, "draw", watched)
    (tmp_path / "1.pdf").write_bytes(scanned_pdf(NOISE, 200))
    with ThreadPoolExecutor(4) as threads:
        pages = list(threads.map(lambda _: load.load(tmp_path / "1.pdf", 1, ""), range(12)))
    assert crowds == [1] * 12
    for page in pages:
        assert_alike(page.image, NOISE)


def test_a_page_cannot_be_painted_over(tmp_path: Path) -> None:
    for data in (png(), scanned_pdf(drawing(), 150)):
        assert not loaded(tmp_path, data).image.flags.writeable


def test_the_pdf_library_is_imported_when_the_first_pdf_comes() -> None:
    code = "import sys, formreader.load; sys.exit('pypdfium2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.skipif(not DATA.is_dir(), reason="the real scans are not on this machine")
@pytest.mark.parametrize(
    ("folder", "pages", "lowest", "highest"),
    [
        ("cheques", 53, 290, 305),
        ("insurance", 4, 150, 150),
        ("tally-photos", 11, 100, 400),
        ("survey", 8, 300, 300),
        ("blank-forms", 9, 300, 300),
    ],
)
def test_real_scans_load_with_a_resolution_that_fits(
    folder: str, pages: int, lowest: float, highest: float
) -> None:
    count = 0
    for path in load.list_sources(DATA / folder):
        for number in range(1, load.count_pages(path) + 1):
            page = load.load(path, number, path.name)
            assert lowest - 1 <= page.dpi <= highest + 1
            assert np.median(page.image) > 100  # paper, not ink, is most of a page
            count += 1
    assert count == pages
