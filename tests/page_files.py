"""Files of pages, written byte by byte so that each test says what is in them."""

from __future__ import annotations

import hashlib
import io
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

from formreader import load
from formreader.document import Grey, Page

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


NOISE = np.random.default_rng(1).integers(0, 256, (200, 200), np.uint8)


def noisy(kind: str, **options: object) -> bytes:
    return encoded(Image.fromarray(NOISE), kind, **options)
