"""Pictures of a report: curve and confusion matrix as SVG, and both PNG files, by Pillow."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

CELL_PX = 46
"""Side of a cell of the confusion matrix; holds the word "missing" at the font's size."""
TILE_PX = (230, 110)
"""Width and height of a tile of the contact sheet; two lines of text below the snippet."""
TILES_ACROSS = 5
TEXT_PX = 44
"""Height left for the text of a tile."""


def shade(count: int, most: int, is_right: bool) -> tuple[int, int, int]:
    """Colour of a matrix cell: green where right, red where wrong, by the root of its share."""
    depth = (count / most) ** 0.5 if most else 0.0
    fade = 255 - round(150 * depth)
    return (fade, 245 - round(40 * depth), fade) if is_right else (250, fade, fade)


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


def matrix_svg(matrix: dict[str, Any]) -> str:
    """Draw the confusion matrix as an SVG element."""
    left, top, side = 56, 40, CELL_PX
    width = left + side * len(matrix["columns"]) + 30
    height = top + side * len(matrix["rows"]) + 8
    parts = [
        f'<svg viewBox="0 0 {width} {height}" width="{width}" role="img" '
        'aria-label="confusion matrix"><text x="4" y="14">rows: true digit, columns: read as</text>'
    ]
    for c, name in enumerate(matrix["columns"]):
        parts.append(
            f'<text x="{left + side * c + side / 2}" y="{top - 6}" class="m">{name}</text>'
        )
    for r, name in enumerate(matrix["rows"]):
        parts.append(f'<text x="{left - 8}" y="{top + side * r + 24}" class="e">{name}</text>')
    for r, c, n, colour in matrix_cells(matrix):
        x, y = left + side * c, top + side * r
        parts.append(
            f'<rect x="{x}" y="{y}" width="{side}" height="{side}" fill="rgb{colour}" '
            'stroke="#ccc"/>'
            + (f'<text x="{x + side / 2}" y="{y + 24}" class="m">{n}</text>' if n else "")
        )
    return "".join(parts) + "</svg>"


def curve_svg(points: Sequence[dict[str, Any]]) -> str:
    """Draw the error-reject curve as an SVG element: read rate across, substitutions up."""
    width, height, left, bottom = 560, 300, 60, 44
    across, up = width - left - 20, height - bottom - 20
    highest = max((p["substitution_rate"] for p in points), default=0.0)
    top = max(0.01, highest * 1.1)
    parts = [
        f'<svg viewBox="0 0 {width} {height}" width="{width}" role="img" '
        'aria-label="error-reject curve">'
    ]
    for i in range(5):
        x, y = left + across * i / 4, 20 + up * (1 - i / 4)
        parts.append(
            f'<line x1="{left}" x2="{left + across}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>'
            f'<text x="{left - 6}" y="{y + 4:.1f}" class="e">{top * i / 4:.2%}</text>'
            f'<text x="{x:.1f}" y="{20 + up + 18}" class="m">{25 * i} %</text>'
        )
    spots = []
    for point in points:
        x = left + across * (point["read_rate"] or 0)
        y = 20 + up * (1 - point["substitution_rate"] / top)
        spots.append(f"{x:.1f},{y:.1f}")
    parts.append(
        f'<polyline points="{" ".join(spots)}" fill="none" stroke="#b00" stroke-width="2"/>'
    )
    parts.append(f'<text x="{left + across / 2}" y="{height - 6}" class="m">read rate</text>')
    parts.append('<text x="4" y="12">substitution rate</text></svg>')
    return "".join(parts)


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


def open_snippet(job: Path, snippet: str) -> Image.Image | None:
    """Open the picture of a field, if the job holds a usable one."""
    path = (job / snippet).resolve()
    if not snippet or not path.is_relative_to(job.resolve()) or not path.is_file():
        return None
    try:
        with Image.open(path) as picture:
            return picture.convert("RGB")
    except (OSError, ValueError):
        return None


def contact_sheet(job: Path, misreads: Sequence[dict[str, Any]]) -> Image.Image:
    """Draw the misreads as tiles: snippet, truth, value and confidence."""
    wide, high = TILE_PX
    rows = max(1, -(-len(misreads) // TILES_ACROSS))
    sheet = Image.new("RGB", (wide * TILES_ACROSS, high * rows), "white")
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(size=12)
    if not misreads:
        draw.text((10, 10), "no misreads", "black", font)
    for i, miss in enumerate(misreads):
        x, y = i % TILES_ACROSS * wide, i // TILES_ACROSS * high
        snippet = open_snippet(job, miss["snippet"])
        if snippet:
            snippet.thumbnail((wide - 10, high - TEXT_PX - 6))
            sheet.paste(snippet, (x + 5, y + 5))
        colour = "#b00000" if miss["status"] == "accepted" else "#444444"
        lines = (
            f"true {miss['truth'] or 'blank'}   read {miss['value']}",
            f"{miss['confidence']:.3f} {miss['status']}  {miss['page_file'].rsplit('/', 1)[-1]}",
        )
        draw.text((x + 5, y + high - TEXT_PX + 2), lines[0][:38], colour, font)
        draw.text((x + 5, y + high - TEXT_PX + 20), lines[1][:38], "#444444", font)
        draw.rectangle((x, y, x + wide - 1, y + high - 1), outline="#dddddd")
    return sheet


def write_pictures(job: Path, report: dict[str, Any]) -> None:
    """Write confusion.png and worst.png into the job folder."""
    matrix_picture(report["digits"]["confusion"]).save(job / "confusion.png")
    contact_sheet(job, report["misreads"]).save(job / "worst.png")
