"""Pictures by Pillow: one page as upright grey with square pixels, and its dpi (part of stage 1).

Nothing here is caught: `load` turns what the decoders raise into sentences.
"""

from __future__ import annotations

import io
import os
import struct
import zlib
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin

from formreader.document import Grey
from formreader.errors import PageError

MAX_PIXELS = 200_000_000
"""Largest picture in pixels: A4 at 1200 dpi and A0 at 300 dpi are 139 million; 200 million
decode to 0.6 GB in colour. Without it one crafted file takes the machine's memory."""
MAX_FILE_BYTES = 2 * 1024**3
"""Largest picture file in bytes, since it is read whole. PDF files are read piecemeal."""
A4_MM, CHEQUE_MM = 297.0, 203.0
"""Longer sides in millimetres of A4 (ISO 216) and of an 8 inch cheque."""
CUT_OUT_PX, CUT_OUT_DPI = 600, 200.0
"""Longest side in pixels below which a picture is a cut-out (as a page it would have 50 dpi),
and the resolution in dpi then assumed: what banks scan cheques with."""
STATED_DPI, LARGEST_FORM_MM = (60.0, 2400.0), 600.0
"""Range in dpi of real scans (coarse fax has 98, the best flatbeds 2400), and the longest side
in millimetres that a resolution may imply (A2 has 594). Outside them the file tells lies."""
BROKEN = (
    *(SyntaxError, ValueError, TypeError, AttributeError, LookupError, ArithmeticError),
    *(EOFError, RuntimeError, struct.error, zlib.error),
)
"""All that decoders were seen to raise on broken bytes, besides OSError."""

_FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "WEBP", "GIF")
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def opened(file: BinaryIO) -> Image.Image:
    """Read the header of a picture; raises PageError for a file over `MAX_FILE_BYTES`.

    From memory: given a real file, Pillow passes it to libtiff, which wrongly decodes some.
    """
    size = os.fstat(file.fileno()).st_size
    if size > MAX_FILE_BYTES:
        raise PageError(
            f"The file has {size / 1024**3:.1f} GB; the most that can be read is "
            f"{MAX_FILE_BYTES / 1024**3:.0f} GB. Split it into files of fewer pages."
        )
    return Image.open(io.BytesIO(file.read()), formats=_FORMATS)


def count(image: Image.Image) -> int:
    """Count the pages of an opened picture: of a TIFF all, of anything else one."""
    return image.n_frames if isinstance(image, TiffImagePlugin.TiffImageFile) else 1


def decode(image: Image.Image, number: int) -> tuple[Grey, float]:
    """Decode page `number` of an opened picture: uint8 (H, W) grey, upright, and its dpi."""
    tiff = image if isinstance(image, TiffImagePlugin.TiffImageFile) else None
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
    except (OSError, *BROKEN):
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
    """Stretch unequal pixels to square ones and return the dpi to believe (see `load.load`)."""
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
    """Guess the resolution from the shape and size in pixels (see `load.load`)."""
    longest, shortest = max(width, height), min(width, height)
    if longest < CUT_OUT_PX:
        return CUT_OUT_DPI
    length_mm = CHEQUE_MM if 1.9 <= longest / shortest <= 3 else A4_MM
    return float(np.clip(longest / length_mm * 25.4, *STATED_DPI))
