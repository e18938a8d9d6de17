"""Loading: every kind of file a scanner, a fax or a telephone leaves in a folder."""

from __future__ import annotations

import hashlib
import io
import os
import struct
import subprocess
import sys
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from formreader import load, load_pdf, load_pictures
from formreader.document import Grey, Page
from formreader.errors import NothingToReadError, PageError

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
WIDTH, HEIGHT = 96, 64


def drawing() -> Grey:
    """Return a page no turn or mirror maps to itself: two black blocks and a grey one."""
    page = np.full((HEIGHT, WIDTH), 255, np.uint8)
    page[8:16, 8:40] = 0
    page[8:56, 8:16] = 0
    page[40:48, 64:88] = 100
    return page


def black_and_white() -> Grey:
    return np.where(drawing() > 128, 255, 0).astype(np.uint8)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def png(page: Grey | None = None, **options: object) -> bytes:
    return encoded(Image.fromarray(drawing() if page is None else page), "PNG", **options)


def loaded(folder: Path, data: bytes, name: str = "page", number: int = 1) -> Page:
    path = folder / name
    path.write_bytes(data)
    return load.load(path, number, "a source")


def assert_alike(image: Grey, expected: Grey, tolerance: int = 0) -> None:
    assert image.dtype == np.uint8
    assert image.shape == expected.shape
    assert np.abs(image.astype(int) - expected).max() <= tolerance


# PDF files, written by hand so that each test says what is in them


def pdf(*objects: bytes, trailer: bytes = b"") -> bytes:
    """Return a PDF of these objects, numbered from 1; the first is the catalogue."""
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    count = len(objects) + 1
    return out + (
        b"xref\n0 %d\n0000000000 65535 f \n%btrailer\n<</Size %d/Root 1 0 R%b>>\n"
        b"startxref\n%d\n%%%%EOF\n" % (count, table, count, trailer, len(out))
    )


def stream(data: bytes, keys: bytes = b"") -> bytes:
    return b"<</Length %d%b>>\nstream\n%b\nendstream" % (len(data), keys, data)


def one_page(page_keys: bytes, content: bytes, *more: bytes, catalog: bytes = b"") -> bytes:
    """Return a PDF of one page; the page is object 3, its content 4, `more` from 5."""
    return pdf(
        b"<</Type/Catalog/Pages 2 0 R%b>>" % catalog,
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/Contents 4 0 R%b>>" % page_keys,
        stream(content),
        *more,
    )


def scanned_pdf(page: Grey, scan_dpi: float, keys: bytes = b"", jpeg: bytes | None = None) -> bytes:
    """Return a PDF whose one page is a scan; the page is as large as the scan makes it."""
    height, width = page.shape
    points = width * 72 / scan_dpi, height * 72 / scan_dpi
    packing = b"/Filter/DCTDecode" if jpeg else b"/Filter/FlateDecode"
    size = b"/Type/XObject/Subtype/Image/Width %d/Height %d" % (width, height)
    body = stream(
        jpeg or zlib.compress(page.tobytes()),
        size + b"/BitsPerComponent 8/ColorSpace/DeviceGray" + packing,
    )
    box = b"/MediaBox[0 0 %f %f]/Resources<</XObject<</S 5 0 R>>>>" % points
    return one_page(box + keys, b"%f 0 0 %f 0 0 cm /S Do" % points, body)


PADDING = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")


def rc4(key: bytes, data: bytes) -> bytes:
    box, j = list(range(256)), 0
    for i in range(256):
        j = (j + box[i] + key[i % len(key)]) % 256
        box[i], box[j] = box[j], box[i]
    out, i, j = bytearray(), 0, 0
    for byte in data:
        i = (i + 1) % 256
        j = (j + box[i]) % 256
        box[i], box[j] = box[j], box[i]
        out.append(byte ^ box[(box[i] + box[j]) % 256])
    return bytes(out)


def locked_pdf(password: bytes) -> bytes:
    """Return an encrypted PDF with a black square (RC4, 40 bits: PDF 1.4, section 3.5)."""
    owner = rc4(hashlib.md5((b"owner" + PADDING)[:32]).digest()[:5], (password + PADDING)[:32])
    permissions, identity = struct.pack("<i", -4), b"0123456789abcdef"
    key = hashlib.md5((password + PADDING)[:32] + owner + permissions + identity).digest()[:5]
    content = rc4(
        hashlib.md5(key + struct.pack("<I", 4)[:3] + b"\0\0").digest()[:10],
        b"0 0 72 72 re f",
    )
    return pdf(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/Contents 4 0 R/MediaBox[0 0 144 144]>>",
        stream(content),
        b"<</Filter/Standard/V 1/R 2/P -4/O<%b>/U<%b>>>"
        % (owner.hex().encode(), rc4(key, PADDING).hex().encode()),
        trailer=b"/Encrypt 5 0 R/ID[<%b><%b>]" % ((identity.hex().encode(),) * 2),
    )


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
    with pytest.raises(PageError, match="Save it as PNG, JPEG"):
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


# What can be wrong with a picture


def header(width: int, height: int) -> bytes:
    """Return a PNG that promises a size and holds one row of it at most."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", size)
        + chunk(b"IDAT", zlib.compress(bytes(1000)))
        + chunk(b"IEND", b"")
    )


def tiff(**tags: int) -> bytes:
    """Return a TIFF directory of 64 × 64 grey pixels in LZW, with no data behind it."""
    numbers = {"width": 256, "length": 257, "tile_width": 322, "tile_length": 323}
    entries = {256: 64, 257: 64, 258: 8, 259: 5, 262: 1, 277: 1, 324: 200, 325: 50}
    entries |= {numbers[name]: value for name, value in tags.items()}
    table = b"".join(struct.pack("<HHII", tag, 4, 1, entries[tag]) for tag in sorted(entries))
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + table + bytes(200)


def giant(kind: str) -> bytes:
    """Return a small file whose header promises 50,000 × 50,000 pixels."""
    if kind == "PNG":
        return header(50000, 50000)
    if kind == "TIFF":
        return tiff(width=50000, length=50000, tile_width=64, tile_length=64)
    layout = {"BMP": "<i", "GIF": "<H"}[kind]
    data = encoded(Image.new("L", (321, 321)), kind)
    return data.replace(struct.pack(layout, 321), struct.pack(layout, 50000))


@pytest.mark.parametrize("kind", ["PNG", "BMP", "GIF", "TIFF"])
def test_a_picture_too_large_is_refused_before_it_is_decoded(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 4711)
    data = giant(kind)
    began = time.perf_counter()
    with pytest.raises(PageError, match="50,000 × 50,000 pixels"):
        loaded(tmp_path, data)
    assert time.perf_counter() - began < 0.5
    assert Image.MAX_IMAGE_PIXELS == 4711  # the rest of the process keeps its own limit


def test_a_fax_too_large_once_stretched_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load_pictures, "MAX_PIXELS", 20_000)
    tags = {282: 204.0, 283: 98.0, 296: 2}
    data = encoded(Image.new("1", (100, 100), 1), "TIFF", tiffinfo=tags)
    with pytest.raises(PageError, match="100 × 208 pixels"):
        loaded(tmp_path, data)


def test_a_small_tiff_with_a_giant_tile_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PageError, match="60,000 × 60,000"):
        loaded(tmp_path, tiff(tile_width=60000, tile_length=60000))


NOISE = np.random.default_rng(1).integers(0, 256, (200, 200), np.uint8)


def noisy(kind: str, **options: object) -> bytes:
    return encoded(Image.fromarray(NOISE), kind, **options)


@pytest.mark.parametrize(
    "data",
    [
        noisy("PNG"),
        noisy("JPEG"),
        noisy("JPEG", progressive=True),
        noisy("BMP"),
        noisy("WEBP"),
        noisy("GIF"),
        noisy("TIFF"),
        noisy("TIFF", compression="tiff_lzw"),
        encoded(Image.fromarray(NOISE).convert("1"), "TIFF", compression="group4"),
        noisy("PDF"),
    ],
    ids=["png", "jpeg", "progressive", "bmp", "webp", "gif", "tiff", "lzw", "g4", "pdf"],
)
def test_half_a_file_is_never_half_a_page(tmp_path: Path, data: bytes) -> None:
    assert loaded(tmp_path, data).image.size >= NOISE.size
    for share in (0.1, 0.5, 0.9):
        with pytest.raises(PageError):
            loaded(tmp_path, data[: int(share * len(data))])


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "empty"),
        (b"Dear Sir, please find", "not a picture or PDF"),
        (bytes(5000), "not a picture or PDF"),
        (b"\x89PNG\r\n\x1a\n", "not a picture or PDF"),
        (png()[:-30], "damaged"),
        (b"%PDF-1.4 nothing more", "cut off"),
        (b"%PDF-1.4 nothing more\n%%EOF", "damaged"),
        (locked_pdf(b"secret"), "locked with a password"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_in_plain_words(
    tmp_path: Path, data: bytes, sentence: str
) -> None:
    with pytest.raises(PageError, match=sentence):
        loaded(tmp_path, data, "page.png")


def test_a_file_that_is_not_there_fails_as_a_page(tmp_path: Path) -> None:
    for path in (tmp_path / "gone.png", tmp_path / "bad\0.png", tmp_path / ("x" * 300)):
        for act in (load.count_pages, lambda path: load.load(path, 1, "")):
            with pytest.raises(PageError, match="cannot be read"):
                act(path)


def test_a_folder_or_a_pipe_named_like_a_picture_does_not_hang(tmp_path: Path) -> None:
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(PageError, match="a folder"):
        load.load(tmp_path / "folder.png", 1, "")
    if not hasattr(os, "mkfifo"):
        pytest.skip("this system has no named pipes")
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(PageError, match="pipe"):
        load.count_pages(tmp_path / "pipe.png")


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (PermissionError(13, "Permission denied"), "permission is missing"),
        (OSError(5, "Input/output error"), "input/output error"),
        (MemoryError(), "memory"),
    ],
)
def test_errors_of_the_system_fail_one_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, sentence: str
) -> None:
    def fail(*args: object) -> None:
        raise error

    (tmp_path / "1.png").write_bytes(png())
    monkeypatch.setattr(Path, "open", fail)
    with pytest.raises(PageError, match=sentence):
        load.load(tmp_path / "1.png", 1, "")


def test_a_file_larger_than_the_limit_is_not_read_into_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (tmp_path / "1.tif").open("wb") as file:
        file.write(b"II*\0")
        file.truncate(3 * 1024**3)  # sparse: takes no room on the disk
    with pytest.raises(PageError, match=r"3\.0 GB"):
        load.load(tmp_path / "1.tif", 1, "")


@pytest.mark.parametrize("name", ["Überweisung № 7 支票.png", "x" * 251 + ".png", "a b'\"&;.png"])
def test_odd_names_and_deep_folders_are_read(tmp_path: Path, name: str) -> None:
    folder = tmp_path / ("d" * 120) / ("e" * 120) / ("f" * 120)
    folder.mkdir(parents=True)
    for data in (png(), scanned_pdf(drawing(), 150)):
        (folder / name).write_bytes(data)
        [path] = load.list_sources(tmp_path)
        assert load.count_pages(path) == 1
        assert_alike(load.load(path, 1, "").image, drawing())


# PDF


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


# Whatever comes


SOUND = (
    [png(), noisy("JPEG"), noisy("WEBP"), noisy("GIF"), noisy("BMP"), scanned_pdf(drawing(), 150)]
    + [noisy("TIFF", compression=kind) for kind in (None, "tiff_lzw", "jpeg", "group4")[:3]]
    + [encoded(Image.fromarray(NOISE).convert("1"), "TIFF", compression="group4")]
    + [locked_pdf(b"")]
)
MARKS = [b"", b"%PDF-1.7\n", b"II*\0", b"MM\0*", b"BM", b"GIF89a", b"RIFF....WEBP", b"\xff\xd8\xff"]


@st.composite
def broken_files(draw: st.DrawFn) -> bytes:
    """Draw random bytes behind a true mark, or a sound file cut and with bytes changed."""
    if draw(st.booleans()):
        return draw(st.sampled_from(MARKS)) + draw(st.binary(max_size=300))
    data = bytearray(draw(st.sampled_from(SOUND)))
    for _ in range(draw(st.integers(0, 6))):
        place = draw(st.integers(0, min(len(data), 2000) - 1))
        data[place] = draw(st.integers(0, 255))
    return bytes(data[: draw(st.one_of(st.just(len(data)), st.integers(0, len(data))))])


@settings(
    max_examples=300,
    deadline=2000,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=broken_files())
def test_broken_bytes_end_as_a_page_or_as_a_page_error(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "page"
    path.write_bytes(data)
    try:
        page = load.load(path, load.count_pages(path), "")
    except PageError:
        return
    assert page.image.dtype == np.uint8
    assert page.image.size > 0
    assert 1 <= page.dpi <= 2400


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
