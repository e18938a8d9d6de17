"""Pictures of a report: snippets and digits to be inlined, and both PNG files, by Pillow."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from formreader.classify import model_folder
from formreader.evaluate_stress import Album
from formreader.model_versions import CURVES

SNIPPET_PX = (460, 120)
"""Largest width and height of an inlined snippet; keeps sixty of them under a megabyte."""
DIGIT_PX = 84
"""Side of an inlined digit: three times the network's."""
STRIP_PX = 56
"""Height of a row of small pictures, shown at half of it."""
CELL_PX = 46
"""Side of a cell of the confusion matrix; holds the word "missing" at the font's size."""
TILE_PX = (230, 110)
"""Width and height of a tile of the contact sheet; two lines of text below the picture."""
TILES_ACROSS = 5
TEXT_PX = 44
"""Height left for the text of a tile."""

Pictures = Mapping[str, Image.Image]
"""Pictures by the name that the report's entries have in `picture` or `pictures`."""


def of_fields(job: Path, misreads: Sequence[dict[str, Any]]) -> Pictures:
    """Open the snippets of misread fields, those that the job holds."""
    found = {miss["picture"]: open_snippet(job, miss["picture"]) for miss in misreads}
    return {name: picture for name, picture in found.items() if picture}


def open_snippet(job: Path, snippet: str) -> Image.Image | None:
    """Open the picture of a field, if the job holds a usable one."""
    path = (job / snippet).resolve()
    if not snippet or not path.is_relative_to(job.resolve()) or not path.is_file():
        return None
    try:
        with Image.open(path) as picture:
            small = picture.convert("L")
    except (OSError, ValueError):
        return None
    small.thumbnail(SNIPPET_PX)
    return small


def of_digits(album: Album) -> Pictures:
    """Enlarge single digits, and put several side by side in a row."""
    made = {}
    for name, greys in album.items():
        tiles = [Image.fromarray(grey) for grey in greys]
        if len(tiles) == 1:
            made[name] = tiles[0].resize((DIGIT_PX, DIGIT_PX), Image.Resampling.BICUBIC)
            continue
        row = Image.new("L", ((STRIP_PX + 4) * len(tiles) - 4, STRIP_PX), 255)
        for i, tile in enumerate(tiles):
            side = (STRIP_PX, STRIP_PX)
            row.paste(tile.resize(side, Image.Resampling.BILINEAR), (i * (STRIP_PX + 4), 0))
        made[name] = row
    return made


def training_curves(model: Path | None) -> Pictures:
    """Open the picture of a model's training curves (None: the bundled one), if there is one."""
    try:
        with Image.open(model_folder(model) / CURVES) as picture:
            return {CURVES: picture.convert("RGB").quantize(32)}
    except (OSError, ValueError):
        return {}


def as_data(picture: Image.Image) -> str:
    """Return a picture as the address of an inlined PNG."""
    buffer = BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def shade(count: int, most: int, is_right: bool) -> tuple[int, int, int]:
    """Colour of a matrix cell: green where right, red where wrong, by the root of its share."""
    depth = (count / most) ** 0.5 if most else 0.0
    fade = 255 - round(110 * depth)
    return (fade, 250 - round(30 * depth), fade) if is_right else (252, fade, fade)


def matrix_cells(matrix: dict[str, Any]) -> list[tuple[int, int, int, tuple[int, int, int]]]:
    """Return row, column, count and colour of every cell; wrong ones scale on their own."""
    rows, columns = matrix["rows"], matrix["columns"]
    flat = [
        (r, c, count, rows[r] == columns[c])
        for r, counts in enumerate(matrix["counts"])
        for c, count in enumerate(counts)
    ]
    most = {flag: max((n for _, _, n, f in flat if f == flag), default=0) for flag in (True, False)}
    white = (255, 255, 255)
    return [(r, c, n, shade(n, most[f], f) if n else white) for r, c, n, f in flat]


def matrix_picture(matrix: dict[str, Any]) -> Image.Image:
    """Draw the confusion matrix as an RGB picture."""
    side, left, top = CELL_PX, 60, 50
    size = (left + side * len(matrix["columns"]) + 34, top + side * len(matrix["rows"]) + 10)
    picture = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(size=13)
    draw.text((8, 6), "rows: true digit, columns: read as", fill="black", font=font)
    for c, name in enumerate(matrix["columns"]):
        draw.text((left + side * (c + 0.5), top - 8), name, "black", font, anchor="ms")
    for r, name in enumerate(matrix["rows"]):
        draw.text((left - 8, top + side * (r + 0.5)), name, "black", font, anchor="rm")
    for r, c, n, colour in matrix_cells(matrix):
        x, y = left + side * c, top + side * r
        draw.rectangle((x, y, x + side, y + side), fill=colour, outline="#cccccc")
        if n:
            draw.text((x + side / 2, y + side / 2), str(n), "black", font, anchor="mm")
    return picture


def contact_sheet(misreads: Sequence[dict[str, Any]], pictures: Pictures) -> Image.Image:
    """Draw the misreads as tiles: picture, truth, value and confidence."""
    wide, high = TILE_PX
    rows = max(1, -(-len(misreads) // TILES_ACROSS))
    sheet = Image.new("RGB", (wide * TILES_ACROSS, high * rows), "white")
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(size=12)
    if not misreads:
        draw.text((10, 10), "no misreads", "black", font)
    for i, miss in enumerate(misreads):
        x, y = i % TILES_ACROSS * wide, i // TILES_ACROSS * high
        if miss["picture"] in pictures:
            picture = pictures[miss["picture"]].copy()
            picture.thumbnail((wide - 10, high - TEXT_PX - 6))
            sheet.paste(picture, (x + 5, y + 5))
        colour = "#b00000" if miss["status"] == "accepted" else "#444444"
        lines = (
            f"true {miss['truth'] or 'blank'}   read {miss['value']}",
            f"{miss['confidence']:.3f} {miss['status']}  {where(miss).rsplit('/', 1)[-1]}",
        )
        draw.text((x + 5, y + high - TEXT_PX + 2), lines[0][:38], colour, font)
        draw.text((x + 5, y + high - TEXT_PX + 20), lines[1][:38], "#444444", font)
        draw.rectangle((x, y, x + wide - 1, y + high - 1), outline="#dddddd")
    return sheet


def where(miss: dict[str, Any]) -> str:
    """Say where a misread is to be found."""
    if "index" in miss:
        return f"digit {miss['index']}"
    page = f", page {miss['page']}" if miss["page"] > 1 else ""
    return f"{miss['page_file']}{page}"


def write_pictures(folder: Path, report: dict[str, Any], pictures: Pictures) -> None:
    """Write confusion.png and worst.png into a folder."""
    matrix = report["confusion"] if report["kind"] == "glyphs" else report["digits"]["confusion"]
    matrix_picture(matrix).save(folder / "confusion.png")
    contact_sheet(report["misreads"], pictures).save(folder / "worst.png")
