"""A file that is too large, damaged, locked or no picture fails as a page, in plain words."""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from page_files import (
    NOISE,
    assert_alike,
    drawing,
    encoded,
    loaded,
    locked_pdf,
    noisy,
    png,
    scanned_pdf,
)
from PIL import Image, ImageFile

from formreader import load, load_pictures
from formreader.errors import PageError

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
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda _: pytest.fail("it was decoded"))
    with pytest.raises(PageError, match="50,000 × 50,000 pixels"):
        loaded(tmp_path, data)
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
