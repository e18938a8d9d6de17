"""Pictures of single fields, for a person to look at."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from PIL import Image

from formreader.document import Grey, Page, PageResult, Rect, Status
from formreader.store_schema import cannot_write

FOLDER = "snippets"
MARGIN = 0.25
"""Paper shown around a field, as a share of its height: strokes that leave the box are seen."""
LEAST_MARGIN_PX = 4
NAME_CHARACTERS = 40
"""Longest readable part of a file name: with all parts a name stays under 120 characters,
which every file system takes."""


def write_snippets(job: Path, page: Page, result: PageResult) -> dict[str, str]:
    """Write a PNG for each field with ink; return the paths relative to the job, by field.

    Raises OutputError where a picture cannot be written.
    """
    paths = {}
    for reading in result.readings:
        picture = cut_out(page.image, reading.rect)
        if reading.status is Status.BLANK or picture.size == 0:
            continue
        path = f"{FOLDER}/{page_name(page.source, page.number)}-{plain(reading.field)}.png"
        try:
            (job / FOLDER).mkdir(exist_ok=True)
            Image.fromarray(picture).save(job / path, compress_level=1)
        except OSError as error:
            raise cannot_write(job, error) from error
        paths[reading.field] = path
    return paths


def cut_out(image: Grey, rect: Rect) -> Grey:
    """Return the part of a page in and around a rectangle; empty where it lies outside."""
    margin = margin_of(rect)
    left, top = corner(rect)
    return image[top : max(top, rect.bottom + margin), left : max(left, rect.right + margin)]


def margin_of(rect: Rect) -> int:
    """Return how many pixels of paper are shown around a rectangle."""
    return max(LEAST_MARGIN_PX, round(MARGIN * rect.height))


def corner(rect: Rect) -> tuple[int, int]:
    """Return the point (x, y) of the page at which a field's picture begins."""
    margin = margin_of(rect)
    return max(0, rect.x - margin), max(0, rect.y - margin)


def shrink(picture: Path, target: Path, width: int, height: int) -> tuple[int, int] | None:
    """Write a picture again so that it fits into width and height, in pixels; return its size.

    Never enlarges. Returns None, and writes nothing, where the picture is gone or damaged;
    raises OSError where `target` cannot be written.
    """
    try:
        with Image.open(picture) as image:
            image.load()
            image.thumbnail((width, height))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None
    image.save(target, "PNG")
    return image.size


def page_name(source: str, number: int) -> str:
    """Return a short file name for a page, different for each page of a job."""
    return f"{plain(Path(source).stem)}-{digest(source)}-p{number}"


def plain(name: str) -> str:
    """Return a name that any file system takes; one that had to change gets a mark of its own."""
    kept = re.sub(r"[^A-Za-z0-9_.]+", "_", name)[:NAME_CHARACTERS].strip("._")
    return kept if kept == name else f"{kept}-{digest(name)}"


def digest(text: str) -> str:
    """Return eight hexadecimal digits that stand for a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
