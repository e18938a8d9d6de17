"""Cut what a reviewer looks at out of the scans; fall back to the job's own small pictures."""

from __future__ import annotations

import io
import threading
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from formreader import load, snippets
from formreader.document import Grey, Page, Rect
from formreader.errors import PageError
from formreader.store_reviews import Case, Scan

KEPT_BYTES = 40_000_000
"""Bytes of pages kept decoded, four of A4 at 300 dpi: by page order the next crops are on them."""
AROUND_UP, AROUND_SIDE = 0.5, 0.9
"""Paper shown around a field, in field heights: labels and neighbours are seen, and the field
still fills the width of the screen."""
AROUND_PX = (12, 90)
"""Bounds of that in pixels: a speck gets some surroundings, a tall field not a whole page."""
AROUND_GLYPH = 1.35
"""Side of the square around a character, in its longer side: neighbours show, but little."""
FADED = 0.25
"""Darkness left of what is beside a character: seen, but not taken for it."""
OVERVIEW_PX = 2200
"""Longest side of a page as it is drawn whole: an A4 page at 190 dpi, small print is legible."""
HUGE_PX = 16_000_000
"""Pixels of a picture that is sent at most, an A4 page at 400 dpi or a telephone's photo. A colour
PNG of A4 at 600 dpi took the server to 448 MB, and a small file can be crafted to take all."""
OUTSIDE = 214
"""Grey beyond the edge of the page, or of the small picture: told from paper."""
MOVED = "The scan {} is not where it was when it was read."
HUGE = f"The picture has more than {HUGE_PX // 10**6} million pixels. Scan it at 300 dpi."
CHANGED = "The scan {} was changed after it was read. Read it again with 'formreader read'."


class Scans:
    """Loads pages of a job's source, and keeps the last few. Safe to use from many threads."""

    def __init__(self) -> None:
        self._pages: OrderedDict[tuple[str, int, int], Grey] = OrderedDict()
        self._lock = threading.Lock()

    def page(self, path: Path, file: Scan, number: int) -> Grey:
        """Return a page as it was read; raise PageError where it is gone, changed or damaged."""
        key = (file.name, file.mtime_ns, number)
        with self._lock:
            if key not in self._pages:
                self._pages[key] = read_again(path, file, number).image
                while len(self._pages) > 1 and self._bytes() > KEPT_BYTES:
                    self._pages.popitem(last=False)
            self._pages.move_to_end(key)
            return self._pages[key]

    def forget(self) -> None:
        """Let go of all pages."""
        with self._lock:
            self._pages.clear()

    def _bytes(self) -> int:
        return sum(page.nbytes for page in self._pages.values())


def read_again(path: Path, file: Scan, number: int) -> Page:
    """Load a page of a file that is as it was when it was read; raise PageError for another."""
    try:
        found = path.stat()
    except OSError:
        raise PageError(MOVED.format(file.name)) from None
    if (found.st_size, found.st_mtime_ns) != (file.size, file.mtime_ns):
        raise PageError(CHANGED.format(file.name))
    return load.load(path, number, file.name)


def refuse_huge(content: bytes) -> None:
    """Raise PageError for a picture of too many pixels; what is no picture is left to `load`."""
    try:
        with Image.open(io.BytesIO(content)) as picture:
            pixels = picture.width * picture.height
    except Image.DecompressionBombError:
        pixels = HUGE_PX + 1
    except (OSError, ValueError, SyntaxError):
        return
    if pixels > HUGE_PX:
        raise PageError(HUGE)


def shrunk(page: Page, longest_px: int) -> Page:
    """Return a page with its longest side of at most so many pixels."""
    height, width = page.image.shape
    if max(height, width) <= longest_px:
        return page
    picture = Image.fromarray(page.image)
    picture.thumbnail((longest_px, longest_px), Image.Resampling.BOX)
    return replace(page, image=np.asarray(picture), dpi=page.dpi * picture.height / height)


def scan_of(source: Path, name: str) -> Path:
    """Return where a file of the source lies; raise PageError for a name that leads out of it."""
    if source.is_file() and name == source.name:
        return source
    parts = PurePosixPath(name).parts
    if not parts or PurePosixPath(name).is_absolute() or ".." in parts or "\\" in name:
        raise PageError(MOVED.format(name))
    return source.joinpath(*parts)


def crop_rect(rect: Rect) -> Rect:
    """Return the part of the page that is shown for a field, which may stick out of the page."""
    least, most = AROUND_PX
    up = min(most, max(least, round(AROUND_UP * rect.height)))
    side = min(most, max(least, round(AROUND_SIDE * rect.height)))
    return Rect(rect.x - side, rect.y - up, rect.width + 2 * side, rect.height + 2 * up)


def crop(page: Grey, rect: Rect) -> bytes:
    """Return the surroundings of a field as PNG, of the size of `crop_rect`."""
    return png(window(page, 0, 0, crop_rect(rect)))


def overview(page: Grey) -> bytes:
    """Return a whole page as PNG, no larger than a screen can show."""
    picture = Image.fromarray(page)
    picture.thumbnail((OVERVIEW_PX, OVERVIEW_PX), Image.Resampling.BOX)
    return png(np.asarray(picture))


def small_crop(job: Path, case: Case) -> bytes:
    """Return the job's own picture of a field in the place of a crop, of the same size.

    Raises PageError where there is none inside the job's folder of pictures.
    """
    return png(window(small_picture(job, case), *snippets.corner(case.rect), crop_rect(case.rect)))


def small_glyph(job: Path, case: Case, rect: Rect) -> bytes:
    """Return one character out of the job's own picture of its field; raises like small_crop."""
    return spotlight(small_picture(job, case), *snippets.corner(case.rect), rect)


def glyph(page: Grey, rect: Rect) -> bytes:
    """Return one character of a page, square, as PNG."""
    return spotlight(page, 0, 0, rect)


def spotlight(picture: Grey, left: int, top: int, rect: Rect) -> bytes:
    """Return a character of a picture as PNG, what is beside it faded; (left, top) as `window`."""
    around = glyph_rect(rect)
    shown = window(picture, left, top, around)
    beside = np.ones(shown.shape[1], bool)
    beside[max(0, rect.x - around.x) : max(0, rect.right - around.x)] = False
    shown[:, beside] = 255 - (255 - shown[:, beside]) * FADED
    return png(shown)


def glyph_rect(rect: Rect) -> Rect:
    """Return the square that is shown for a character: with what touches it."""
    side = round(AROUND_GLYPH * max(rect.width, rect.height, 8))
    middle_x, middle_y = rect.x + rect.width // 2, rect.y + rect.height // 2
    return Rect(middle_x - side // 2, middle_y - side // 2, side, side)


def small_picture(job: Path, case: Case) -> Grey:
    """Load the job's own picture of a field."""
    folder = (job / snippets.FOLDER).resolve()
    path = (job / case.snippet).resolve()
    if not case.snippet or not path.is_relative_to(folder):
        raise PageError("There is no picture of this field.")
    try:
        with Image.open(io.BytesIO(path.read_bytes())) as opened:
            return np.asarray(opened.convert("L"))
    except (OSError, ValueError) as error:
        raise PageError("The picture of this field is missing or damaged.") from error


def window(picture: Grey, left: int, top: int, wanted: Rect) -> Grey:
    """Return what lies in `wanted` of a picture whose corner is at (left, top) of the page."""
    out = np.full((wanted.height, wanted.width), OUTSIDE, np.uint8)
    height, width = picture.shape
    x1, y1 = max(wanted.x, left), max(wanted.y, top)
    x2, y2 = min(wanted.right, left + width), min(wanted.bottom, top + height)
    if x1 < x2 and y1 < y2:
        out[y1 - wanted.y : y2 - wanted.y, x1 - wanted.x : x2 - wanted.x] = picture[
            y1 - top : y2 - top, x1 - left : x2 - left
        ]
    return out


def png(picture: Grey) -> bytes:
    """Write a grey picture as PNG, quickly."""
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "PNG", compress_level=1)
    return out.getvalue()
