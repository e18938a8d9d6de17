"""Stage 1 of 8: list the files of a source and load one page as an upright grey picture.

What a file is gets decided by its first bytes, not by its name: a PDF or a TIFF of many pages
called `scan.png` is read whole. Colour becomes plain luminance: in the handwriting on 53
scanned cheques it sets ink off from the printed ground better than the darkest channel
(contrast over paper noise, median 15.0 to 14.5 in amount boxes, 15.5 to 12.2 in date boxes,
because the darkest channel keeps every tint of a security print), full red and blue still
come out at 76 and 29 of 255, and a JPEG stores it, so it is decoded without its colour.
"""

from __future__ import annotations

import io
import logging
import math
import os
import re
import stat
import struct
import threading
import warnings
import zlib
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin, UnidentifiedImageError

from formreader.document import Grey, Page
from formreader.errors import NothingToReadError, PageError

SUFFIXES: frozenset[str] = frozenset(
    {".bmp", ".gif", ".heic", ".heif", ".jpe", ".jpeg", ".jpg", ".pdf", ".png"}
    | {".tif", ".tiff", ".webp"}
)
"""Lower-case endings of the files that are read. Of a moving GIF or WebP the first frame counts.
HEIC is listed though it cannot be decoded: photos must end as failed rows, not vanish."""

MAX_PIXELS = 200_000_000
"""Largest picture in pixels: A4 at 1200 dpi and A0 at 300 dpi are 139 million; 200 million
decode to 0.6 GB in colour. Without it one crafted file takes the machine's memory."""
MAX_FILE_BYTES = 2 * 1024**3
"""Largest picture file in bytes, since it is read whole. PDF files are read piecemeal."""
MAX_PDF_PIXELS = 80_000_000
"""Most pixels a PDF page is drawn with (A1 at 300 dpi is 70 million); larger sheets get a lower
resolution, as a drawing has no native size to lose."""
PDF_DPI, PDF_SCAN_DPI = 300.0, (150.0, 400.0)
"""Resolution in dpi of a drawn PDF page (as scanners use), and the range for a scanned one:
below it thin strokes break when the page is turned, above it only the time grows."""
MIN_SCAN_PT2 = (72 / 2.54) ** 2
"""Area in square points (1 cm²) below which a picture in a PDF is a logo or a speck."""
A4_MM, CHEQUE_MM = 297.0, 203.0
"""Longer sides in millimetres of A4 (ISO 216) and of an 8 inch cheque."""
CUT_OUT_PX, CUT_OUT_DPI = 600, 200.0
"""Longest side in pixels below which a picture is a cut-out (as a page it would have 50 dpi),
and the resolution in dpi then assumed: what banks scan cheques with."""
STATED_DPI, LARGEST_FORM_MM = (60.0, 2400.0), 600.0
"""Range in dpi of real scans (coarse fax has 98, the best flatbeds 2400), and the longest side
in millimetres that a resolution may imply (A2 has 594). Outside them the file tells lies."""

_FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "WEBP", "GIF")
_TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_IMAGE_MAGIC = (*_TIFF_MAGIC, b"\x89PNG", b"\xff\xd8", b"BM", b"RIFF", b"GIF8")
_HEAD_BYTES = 1024  # readers accept the mark of a PDF anywhere in the first kilobyte
_TAIL_BYTES = 65536  # mail gateways append padding behind the end of a PDF
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_BROKEN = (
    *(SyntaxError, ValueError, TypeError, AttributeError, LookupError, ArithmeticError),
    *(EOFError, RuntimeError, struct.error, zlib.error),
)  # all that decoders were seen to raise on broken bytes, besides OSError
_DAMAGED = "The file is damaged or incomplete. Copy or scan it again."
_LOCK = threading.Lock()


def list_sources(source: Path) -> list[Path]:
    """List the files to read: the file itself, or all below a folder in natural order.

    In a folder those with a suffix in `SUFFIXES` count, page2 before page10, whatever they
    turn out to be, so that nothing is passed over silently. Hidden files and folders and job
    folders (they hold `job.sqlite`; their snippets are no pages) are left out, and a folder
    reached twice by links is read once. A single file is tried whatever its suffix. Raises
    NothingToReadError when there is none, or when a folder may not be opened.
    """
    try:
        mode = source.stat().st_mode
    except (OSError, ValueError) as error:
        raise NothingToReadError(f"{source} cannot be read: {_why(error)}.") from error
    if not stat.S_ISDIR(mode):
        return [source]
    files = list(_walk(source))
    found = [file for file in files if file.suffix.lower() in SUFFIXES]
    if not found:
        endings = " ".join(sorted(SUFFIXES))
        others = f"{len(files)} other file{'' if len(files) == 1 else 's'} passed over"
        raise NothingToReadError(
            f"{source} holds no picture or PDF ({others}). Files that can be read end in {endings}."
        )
    return sorted(found, key=lambda file: _natural(file.relative_to(source)))


def count_pages(path: Path) -> int:
    """Count the pages of a file without decoding any.

    PDF and TIFF have many, all others one (told by their first bytes alone). Raises PageError
    when the file cannot be opened or its pages not be counted.
    """
    with _opened(path) as (file, head):
        if _is_pdf(head):
            with _pdf(file) as pdf:
                return len(pdf)
        if head.startswith(_TIFF_MAGIC):
            with TiffImagePlugin.TiffImageFile(file) as tiff:
                return tiff.n_frames
        return 1


def load(path: Path, number: int, source: str) -> Page:
    """Load page `number` of a file, from 1, upright by its orientation tag.

    `image` is uint8 (H, W), 0 black to 255 white, at its native size with square pixels (a fax
    is stretched to its finer resolution); `source` is passed on. `dpi` is the stated one where
    that is believable: within `STATED_DPI`, not over `LARGEST_FORM_MM` long, neither 72 nor 96
    in both directions (what software writes that does not know), and not from a camera. Else
    it is guessed from the longest side: below `CUT_OUT_PX` a cut-out at `CUT_OUT_DPI`; 1.9 to
    3 times as long as wide a cheque of 203 mm; otherwise A4, 297 mm; never beyond
    `STATED_DPI`. A PDF page is drawn with its form fields and annotations, at the resolution
    of its scan if it is one. Raises PageError with one sentence for all that can go wrong.
    Safe to call from several threads, but only one of them works at a time.
    """
    with _opened(path) as (file, head):
        image, dpi = _load_pdf(file, number) if _is_pdf(head) else _load_picture(file, number)
    image.flags.writeable = False
    return Page(source, number, image, dpi)


def _walk(source: Path) -> Iterator[Path]:
    """Yield all files below a folder that are not hidden, each folder once, links last."""
    waiting, seen = deque([source]), set()
    while waiting:
        folder = waiting.popleft()
        try:
            status = folder.stat()
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            raise NothingToReadError(
                f"The folder {folder} cannot be opened: {_why(error)}. Get access or move it away."
            ) from error
        job = folder != source and any(entry.name == "job.sqlite" for entry in entries)
        if job or (status.st_dev, status.st_ino) in seen:
            continue
        seen.add((status.st_dev, status.st_ino))
        for entry in entries:
            path, link = folder / entry.name, entry.is_symlink()
            if entry.name.startswith("."):
                continue
            if not (path.is_dir() if link else entry.is_dir()):
                yield path
            elif link:
                waiting.append(path)
            else:
                waiting.appendleft(path)


def _natural(path: Path) -> list[tuple[list[str | int], str]]:
    """Return a sort key that counts: page2 before page10, capitals and small letters alike."""
    return [
        ([int(s) if s.isdecimal() else s for s in re.split(r"(\d+)", part.casefold())], part)
        for part in path.parts
    ]


def _why(error: OSError | ValueError) -> str:
    """Return why the system would not open a file, in a few plain words."""
    match error:
        case FileNotFoundError() | NotADirectoryError():
            return "it does not exist"
        case PermissionError():
            return "permission is missing"
        case OSError(strerror=str(reason)):
            return reason[:1].lower() + reason[1:]
    return "its name is not valid"


@contextmanager
def _guarded() -> Iterator[None]:
    """Turn every error of the decoders into PageError, one page at a time.

    PDFium is not safe in threads, and Pillow's limit and the warnings filter belong to the
    whole process: hence the lock. Pillow's own limit is lifted since `_check_size` says more.
    """
    with _LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            yield
        except UnidentifiedImageError as error:
            raise PageError(
                "This is not a picture or PDF that can be read. "
                "Save it as PNG, JPEG, TIFF or PDF, or scan it again."
            ) from error
        except MemoryError as error:
            raise PageError(
                "There is not enough free memory for this page. "
                "Close other programs, or read fewer pages at the same time."
            ) from error
        except OSError as error:
            if error.errno is None:  # from a decoder, not from the system
                raise PageError(_DAMAGED) from error
            raise PageError(f"The file cannot be read: {_why(error)}.") from error
        except _BROKEN as error:
            raise PageError(_DAMAGED) from error
        finally:
            Image.MAX_IMAGE_PIXELS = limit


@contextmanager
def _opened(path: Path) -> Iterator[tuple[BinaryIO, bytes]]:
    """Open a file and give its first bytes too; a pipe, which would hang, is refused."""
    with _guarded():
        try:
            status = path.stat()
        except ValueError as error:
            raise PageError(f"The file cannot be read: {_why(error)}.") from error
        if not stat.S_ISREG(status.st_mode):
            kind = "a folder" if stat.S_ISDIR(status.st_mode) else "a device or pipe"
            raise PageError(f"This is {kind}, not a file. Put the scanned file in its place.")
        if not status.st_size:
            raise PageError("The file is empty (0 bytes). Copy or scan it again.")
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
            file.seek(0)
            yield file, head


def _check_number(number: int, pages: int) -> None:
    """Refuse a page that is not there."""
    if not 1 <= number <= pages:
        plural = "" if pages == 1 else "s"
        raise PageError(f"The file has {pages} page{plural}; there is no page {number}.")


# Pictures


def _picture(file: BinaryIO) -> Image.Image:
    """Read the header of a picture.

    From memory: given a real file, Pillow passes it to libtiff, which wrongly decodes some.
    """
    size = os.fstat(file.fileno()).st_size
    if size > MAX_FILE_BYTES:
        raise PageError(
            f"The file has {size / 1024**3:.1f} GB; the most that can be read is "
            f"{MAX_FILE_BYTES / 1024**3:.0f} GB. Split it into files of fewer pages."
        )
    return Image.open(io.BytesIO(file.read()), formats=_FORMATS)


def _load_picture(file: BinaryIO, number: int) -> tuple[Grey, float]:
    """Decode one page of a picture file to upright grey with square pixels, and its dpi."""
    with _picture(file) as image:
        tiff = image if isinstance(image, TiffImagePlugin.TiffImageFile) else None
        _check_number(number, tiff.n_frames if tiff else 1)
        if tiff:
            tiff.seek(number - 1)
            _check_size(tiff.tag_v2.get(322, 1), tiff.tag_v2.get(323, 1))  # of one tile
        _check_size(*image.size)
        orientation, photographed = _exif(image)
        x_dpi, y_dpi = (0.0, 0.0) if photographed else _stated_dpi(image)
        if image.format in ("JPEG", "MPO"):
            image.draft("L", image.size)
        image.load()
        grey = _to_grey(image)
    if orientation > 1 and not tiff:  # Pillow turns a TIFF by itself
        grey = grey.transpose(_UPRIGHT[orientation])
    if orientation >= 5:
        x_dpi, y_dpi = y_dpi, x_dpi
    grey, dpi = _squared(grey, x_dpi, y_dpi)
    return np.asarray(grey), dpi


def _check_size(width: int, height: int) -> None:
    """Refuse a picture over `MAX_PIXELS` before its memory is asked for."""
    if width * height > MAX_PIXELS:
        raise PageError(
            f"The picture is {width:,} × {height:,} pixels; the most that can be read is "
            f"{MAX_PIXELS // 10**6} million in all. Scan it again at 300 dpi."
        )


def _stated_dpi(image: Image.Image) -> tuple[float, float]:
    """Return the resolution in dpi along x and y that the file states, or zeros."""
    try:
        x, y = image.info.get("dpi") or image.info.get("resolution") or (0, 0)
        return float(x), float(y)
    except (TypeError, ValueError, ArithmeticError):
        return 0.0, 0.0


def _exif(image: Image.Image) -> tuple[int, bool]:
    """Return the orientation, 1 to 8, and whether a camera took the picture.

    Broken tags do not spoil the picture: the next stage finds quarter turns by itself.
    """
    try:
        exif = image.getexif()
        orientation = exif.get(0x0112, 1)
        camera = not {0x829A, 0x829D}.isdisjoint(exif.get_ifd(0x8769))  # exposure, aperture
    except (OSError, *_BROKEN):
        return 1, False
    return orientation if orientation in _UPRIGHT else 1, camera


def _to_grey(image: Image.Image) -> Image.Image:
    """Turn a decoded picture of any mode into mode L; what is transparent becomes white."""
    if image.mode in ("I", "F") or image.mode.startswith("I;"):
        inverted = (
            isinstance(image, TiffImagePlugin.TiffImageFile) and image.tag_v2.get(262) == 0
        )  # Pillow heeds this tag up to 8 bits only
        return Image.fromarray(_to_eight_bits(np.asarray(image), inverted))
    if image.mode == "LAB":
        return image.getchannel("L")
    if not image.has_transparency_data:
        return image.convert("L")
    alpha = image.convert("RGBA")
    grey, mask = alpha.convert("L"), alpha.getchannel("A")
    if mask.getextrema() == (0, 0):  # an unused channel, not an empty page
        return grey
    paper = Image.new("L", grey.size, 255)
    paper.paste(grey, mask=mask)
    return paper


def _to_eight_bits(values: NDArray[Any], inverted: bool) -> Grey:
    """Scale deep grey values (H, W), unsigned 16 bits or wider, to uint8.

    White is the smallest full scale that holds the brightest pixel (of 1, 8, 10, 12, 14 or 16
    bits): scanners of 12 bits store them in 16 unscaled, and no page lacks paper as bright as
    a sixteenth of white. Values that are no numbers become white.
    """
    table = values.dtype.kind == "u"  # 16 bits: looked up, which loads a page three times as fast
    brightest = float((values if table else values[np.isfinite(values)]).max(initial=0))
    scales = (1, 255, 1023, 4095, 16383, 65535)
    white = next((scale for scale in scales if brightest <= 1.01 * scale), brightest)
    deep = np.arange(65536) if table else values
    share = np.clip(np.nan_to_num(deep.astype(np.float32), nan=np.inf) / np.float32(white), 0, 1)
    levels: Grey = np.rint((1 - share if inverted else share) * 255).astype(np.uint8)
    return levels[values] if table else levels


def _squared(grey: Image.Image, x_dpi: float, y_dpi: float) -> tuple[Image.Image, float]:
    """Stretch unequal pixels to square ones and return the dpi to believe (see `load`)."""
    width, height = grey.size
    if not _believable(x_dpi, y_dpi, width, height):
        return grey, _guessed_dpi(width, height)
    dpi = max(x_dpi, y_dpi)
    if dpi > 1.02 * min(x_dpi, y_dpi):  # less is rounding; fax has 204 × 196 and 204 × 98
        size = round(width * dpi / x_dpi), round(height * dpi / y_dpi)
        _check_size(*size)
        grey = grey.resize(size, Image.Resampling.BICUBIC)
    return grey, dpi


def _believable(x_dpi: float, y_dpi: float, width: int, height: int) -> bool:
    """Say whether a stated resolution can be that of a scanned form."""
    low, high = min(x_dpi, y_dpi), max(x_dpi, y_dpi)
    if not (STATED_DPI[0] <= low and high <= STATED_DPI[1] and high <= 3 * low):
        return False
    default = round(low) == round(high) and round(low) in (72, 96)
    return not default and max(width / x_dpi, height / y_dpi) * 25.4 <= LARGEST_FORM_MM


def _guessed_dpi(width: int, height: int) -> float:
    """Guess the resolution from the shape and size in pixels (see `load`)."""
    longest, shortest = max(width, height), min(width, height)
    if longest < CUT_OUT_PX:
        return CUT_OUT_DPI
    length_mm = CHEQUE_MM if 1.9 <= longest / shortest <= 3 else A4_MM
    return float(np.clip(longest / length_mm * 25.4, *STATED_DPI))


# PDF; pypdfium2 is imported when the first one comes, it takes 40 ms


def _is_pdf(head: bytes) -> bool:
    """Tell a PDF by the first bytes of a file."""
    return b"%PDF-" in head and not head.startswith(_IMAGE_MAGIC)


@contextmanager
def _pdf(file: BinaryIO) -> Iterator[Any]:
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


def _load_pdf(file: BinaryIO, number: int) -> tuple[Grey, float]:
    """Draw one page of a PDF in grey; return it with its dpi."""
    with _pdf(file) as pdf:
        _check_number(number, len(pdf))
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
    """Refuse a scan that PDFium draws as paper, whole or from where its data end."""
    if empty:
        scan.get_bitmap().close()  # raises when it cannot be decoded
    if scan.get_filters()[-1:] == ["DCTDecode"]:
        jpeg = bytes(scan.get_data(decode_simple=True))
        if b"\xff\xd9" not in jpeg[-_HEAD_BYTES:]:  # its end mark
            raise PageError(_DAMAGED)


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
