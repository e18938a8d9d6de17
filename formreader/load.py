"""Stage 1 of 8: list the files of a source and load one page as an upright grey picture.

What a file is gets decided by its first bytes, not by its name: a PDF or a TIFF of many pages
called `scan.png` is read whole. Colour becomes plain luminance: in the handwriting on 53
scanned cheques it sets ink off from the printed ground better than the darkest channel
(contrast over paper noise, median 15.0 to 14.5 in amount boxes, 15.5 to 12.2 in date boxes,
because the darkest channel keeps every tint of a security print), full red and blue still
come out at 76 and 29 of 255, and a JPEG stores it, so it is decoded without its colour.
"""

from __future__ import annotations

import os
import re
import stat
import threading
import warnings
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from PIL import Image, TiffImagePlugin, UnidentifiedImageError

from formreader import load_pdf, load_pdf_fields, load_pictures
from formreader.document import Page
from formreader.errors import NothingToReadError, PageError
from formreader.forms_pdf import Label, Widget
from formreader.load_negative import positive

SUFFIXES: frozenset[str] = frozenset(
    {".bmp", ".gif", ".heic", ".heif", ".jpe", ".jpeg", ".jpg", ".pdf", ".png"}
    | {".tif", ".tiff", ".webp"}
)
"""Lower-case endings of the files that are read. Of a moving GIF or WebP the first frame counts.
HEIC is listed though it cannot be decoded: photos must end as failed rows, not vanish."""

_TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_IMAGE_MAGIC = (*_TIFF_MAGIC, b"\x89PNG", b"\xff\xd8", b"BM", b"RIFF", b"GIF8")
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1")
_HEAD_BYTES = 1024  # readers accept the mark of a PDF anywhere in the first kilobyte
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
        endings = " ".join(sorted(SUFFIXES - {".heic", ".heif"}))
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
            with load_pdf.opened(file) as pdf:
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
    `STATED_DPI` (these limits are in `load_pictures`). A PDF page is drawn with its form
    fields and annotations, at the resolution of its scan if it is one. Raises PageError with
    one sentence for all that can go wrong. Safe to call from several threads, but only one of
    them works at a time. A negative, white on dark, is turned into a positive.
    """
    with _opened(path) as (file, head):
        if _is_pdf(head):
            with load_pdf.opened(file) as pdf:
                _check_number(number, len(pdf))
                image, dpi = load_pdf.draw(pdf, number)
        else:
            with load_pictures.opened(file) as picture:
                _check_number(number, load_pictures.count(picture))
                image, dpi = load_pictures.decode(picture, number)
        image = positive(image)
    image.flags.writeable = False
    return Page(source, number, image, dpi)


def told_by_pdf(path: Path, number: int) -> tuple[list[Widget], list[Label]]:
    """Return the form fields and the text that a PDF itself gives for a page; none for others."""
    with _opened(path) as (file, head):
        if not _is_pdf(head):
            return [], []
        with load_pdf.opened(file) as pdf:
            _check_number(number, len(pdf))
            return load_pdf_fields.told(pdf, number)


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
    whole process: hence the lock. Pillow's own limit is lifted since that of
    `load_pictures` says more.
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
        except load_pictures.BROKEN as error:
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
            if head[4:8] == b"ftyp" and head[8:12] in _HEIC_BRANDS:
                raise PageError(
                    "This is a photo in the format HEIC, which cannot be read. Save it as JPEG "
                    "(on an iPhone: Settings, Camera, Formats, Most Compatible)."
                )
            yield file, head


def _check_number(number: int, pages: int) -> None:
    """Refuse a page that is not there."""
    if not 1 <= number <= pages:
        plural = "" if pages == 1 else "s"
        raise PageError(f"The file has {pages} page{plural}; there is no page {number}.")


def _is_pdf(head: bytes) -> bool:
    """Tell a PDF by the first bytes of a file."""
    return b"%PDF-" in head and not head.startswith(_IMAGE_MAGIC)
