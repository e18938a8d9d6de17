"""PDF by pypdfium2: one page drawn in grey at the resolution of its scan (part of stage 1).

The library is imported when the first PDF comes: that takes 40 ms. Nothing here is caught:
`load` turns what is raised into sentences, and lets one thread in at a time.
"""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import numpy as np

from formreader.document import Grey
from formreader.errors import PageError

MAX_PDF_PIXELS = 80_000_000
"""Most pixels a PDF page is drawn with (A1 at 300 dpi is 70 million); larger sheets get a lower
resolution, as a drawing has no native size to lose."""
PDF_DPI, PDF_SCAN_DPI = 300.0, (150.0, 400.0)
"""Resolution in dpi of a drawn PDF page (as scanners use), and the range for a scanned one:
below it thin strokes break when the page is turned, above it only the time grows."""
MIN_SCAN_PT2 = (72 / 2.54) ** 2
"""Area in square points (1 cm²) below which a picture in a PDF is a logo or a speck."""

_TAIL_BYTES = 65536  # mail gateways append padding behind the end of a PDF
_END_BYTES = 1024  # within these last bytes of a JPEG its end mark is looked for


@contextmanager
def opened(file: BinaryIO) -> Iterator[Any]:
    """Open a PDF for drawing with its forms; say what keeps it shut."""
    import pypdfium2
    from pypdfium2 import raw

    logging.getLogger("pypdfium2").setLevel(logging.ERROR)  # its hints are for programmers
    file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL_BYTES))
    tail = file.read()
    if b"startxref" not in tail and b"%%EOF" not in tail:  # PDFium would drop what is lost
        raise PageError("The PDF is cut off: its end is missing. Copy or scan it again.")
    file.seek(0)
    try:
        pdf = pypdfium2.PdfDocument(file)
    except pypdfium2.PdfiumError as error:
        if error.err_code in (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY):
            raise PageError(
                "The PDF is locked with a password. Save a copy without one and read that."
            ) from error
        raise
    with pdf:
        pdf.init_forms()
        yield pdf


def draw(pdf: Any, number: int) -> tuple[Grey, float]:
    """Draw one page of an opened PDF: uint8 (H, W) grey, and its dpi."""
    page = pdf[number - 1]
    width_pt, height_pt = page.get_size()
    scans, dpi = _scans(page)
    dpi = min(dpi, math.sqrt(MAX_PDF_PIXELS / (width_pt * height_pt)) * 72)
    # PDFium rounds up: a hair less keeps 2480.001 columns from becoming 2481, which would
    # blur every pixel of a black and white scan.
    bitmap = page.render(scale=dpi / 72 * (1 - 1e-4), grayscale=True)
    image: Grey = bitmap.to_numpy().copy()
    bitmap.close()
    for scan in scans:
        _check_scan(scan, empty=image.min() == image.max())
    return image, dpi


def _check_scan(scan: Any, empty: bool) -> None:
    """Raise for a scan that PDFium draws as paper, whole or from where its data end."""
    if empty:
        scan.get_bitmap().close()  # raises when it cannot be decoded
    if scan.get_filters()[-1:] == ["DCTDecode"]:
        jpeg = bytes(scan.get_data(decode_simple=True))
        if b"\xff\xd9" not in jpeg[-_END_BYTES:]:
            raise ValueError("a JPEG in the PDF has no end mark")


def _scans(page: Any) -> tuple[list[Any], float]:
    """Return the pictures of a PDF page that make it a scan, and the dpi to draw it with.

    A page is a scan when pictures over 1 cm² cover at least 0.8 of it (one picture, strips,
    or background and text apart); the finest of them gives the resolution.
    """
    from pypdfium2 import raw

    scans, covered, finest = [], 0.0, 0.0
    for picture in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE]):
        matrix, form = picture.get_matrix(), picture.container
        while form is not None:
            matrix, form = matrix.multiply(form.get_matrix()), form.container
        area_pt2 = abs(matrix.a * matrix.d - matrix.b * matrix.c)
        if area_pt2 >= MIN_SCAN_PT2:
            width, height = picture.get_px_size()
            x_dpi = width / math.hypot(matrix.a, matrix.b) * 72
            y_dpi = height / math.hypot(matrix.c, matrix.d) * 72
            scans.append(picture)
            covered += area_pt2
            finest = max(finest, x_dpi, y_dpi)
    if covered < 0.8 * page.get_width() * page.get_height():
        return [], PDF_DPI
    return scans, float(np.clip(finest, *PDF_SCAN_DPI))
