"""Draft a form definition from a blank form, and draw one over a page."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

from formreader import load, locate, register
from formreader.document import FieldImage, Grey, Page, Registration
from formreader.errors import OutputError, PageError, UsageError
from formreader.form_draft_places import find_places
from formreader.form_names import Draft, distinct, from_pdf
from formreader.forms import OVERLAP_MM, FormDef, load_form
from formreader.forms_print import print_of, read_prints, write_prints
from formreader.pipeline import Options, Reader
from formreader.pipeline_turn import right_way_up

EVEN_MM = 0.35
"""How far boxes of a row may lie from even spacing, in millimetres, to be given as a number."""

HEAD = """\
# A form definition of formreader, drafted from {blank}.
# Lengths are millimetres from the upper left corner of the page. Give the fields their names,
# delete what is no number to read, and look at the result: formreader form check {file}
#
# kind   comb, boxes (each character in a box of its own), cell, line, checkbox
#        or barcode (also QR; its type is digits or text)
# type   digits, amount, decimal, date, time, percentage or checkbox; a date has an
#        order = "DDMMYYYY"
# Each field may also have: length = 8 or [1, 3] · pattern = "[0-4].*" · range = [0, 500] ·
#   checks = ["luhn"] (luhn, mod11, mod97, aba, ean, verhoeff) · allowed = ["101", "102"], or
#   "pupils" with [lists] and pupils = [...] at the end of this file · once = true (each of the
#   allowed values stands in one field of the page alone) ·
#   optional = false · filler = true (empty boxes before the number may be struck out by X or -)
# Rules across fields stand here at the top: rules = ["total = a + b", "from <= till"]; they may
# join pages. code = "F7-.*", the pattern of the barcode that names the form (or one for each page,
# ["F7-1", "F7-2"]), if other forms look alike. across_files = true, here too, if every page of
# the form is a file of its own.

name = "{name}"
page_mm = [{width:.2f}, {height:.2f}]
print = "{print}"
"""


def draft(blank: Path, out: Path) -> int:
    """Write the definition of a blank form and, beside it, its print; return the fields found.

    A definition that is there is never written over: it holds what was edited by hand. Where only
    its print is lost, that is made again. Raises UsageError and OutputError; PageError where the
    blank cannot be read.
    """
    beside = out.with_name(f"{out.stem}.print.json")
    if out.suffix != ".toml":
        raise UsageError(f"{out} must end in .toml, as all form definitions do.")
    if out.exists() and beside.exists():
        raise UsageError(
            f"{out} is there already and may hold what you edited. Name another file after --out."
        )
    prints, fields = [], []
    for number in range(1, load.count_pages(blank) + 1):
        page = load.load(blank, number, blank.name)
        widgets, labels = load.told_by_pdf(blank, number)
        drawn = bool(widgets or labels)  # by a program, not scanned: it lies straight
        image = page.image if drawn else set_upright(page)
        prints.append(print_of(image, page.dpi))
        size = (prints[0].width, prints[0].height)
        places = from_pdf(find_places(image, page.dpi), widgets, labels)
        fields += [(number, field) for field in apart(places) if lies_within(field, size)]
    head = HEAD.format(
        blank=blank.name, file=out.name, name=out.stem, print=beside.name,
        width=prints[0].width, height=prints[0].height,
    )  # fmt: skip
    names = distinct([field.name for _, field in fields])
    tables = [
        table(name, number, field) for name, (number, field) in zip(names, fields, strict=True)
    ]
    try:
        if not out.exists():
            out.write_text(head + "".join(tables), "utf-8")
        write_prints(beside, prints)
    except OSError as error:
        raise OutputError(f"{out} cannot be written: {error.strerror}.") from error
    return len(fields)


def set_upright(page: Page) -> Grey:
    """Draw a scanned blank the right way up, by its letters and the numbers printed on it.

    Letters alone say the contrary in scripts with more tails than heads: a Russian consignment note
    was drafted upside down, and 80 accepted as 08. Where no more words have heads above than below,
    as on 4 of 34 upright blanks, numbers decide.
    """

    def find(placed: Registration) -> list[FieldImage]:
        return locate.locate(register.upright(page, placed), page.dpi)

    placed = register.register(page)
    if placed.heads_down:
        read = Reader(Options()).read_fields
        placed, _ = right_way_up(page, (placed, find(placed)), find, read)
    return register.upright(page, placed)


def table(name: str, page: int, field: Draft) -> str:
    """Write one field as a TOML table."""
    x, y, w, h = field.box
    kind = "checkbox" if field.kind == "checkbox" else "digits"
    lines = [
        "", "[[field]]",
        f'name = "{name}"',
        f'kind = "{field.kind}"',
        f'type = "{kind}"',
        f"box = [{x:.2f}, {y:.2f}, {w:.2f}, {h:.2f}]",
    ]  # fmt: skip
    if page > 1:
        lines.insert(3, f"page = {page}")
    if len(field.cells) > 1:
        even = np.linspace(x, x + w, len(field.cells) + 1)
        edges = [c[0] for c in field.cells] + [field.cells[-1][2]]
        gaps = [b[0] - a[2] for a, b in pairwise(field.cells)]
        if np.abs(even - edges).max() <= EVEN_MM and max(gaps) <= 2 * EVEN_MM:
            lines.append(f"boxes = {len(field.cells)}")
        else:
            cells = ", ".join(f"[{c[0]:.2f}, {c[2] - c[0]:.2f}]" for c in field.cells)
            lines.append(f"cells = [{cells}]  # left and width of each box")
    elif field.length:
        lines.append(f"length = [1, {field.length}]")
    return "\n".join(lines) + "\n"


def lies_within(field: Draft, size: tuple[float, float]) -> bool:
    """Tell whether a field lies on the page whole; frames around the page do not."""
    x, y, w, h = field.box
    return x >= 0 and y >= 0 and x + w <= size[0] and y + h <= size[1]


def apart(fields: list[Draft]) -> list[Draft]:
    """Leave out fields that lie over an earlier one: a definition with such is refused."""
    kept: list[Draft] = []
    for field in fields:
        a = field.box
        over = (
            min(min(a[k] + a[k + 2], b[k] + b[k + 2]) - max(a[k], b[k]) for k in (0, 1))
            for b in (other.box for other in kept)
        )
        if max(over, default=0) <= OVERLAP_MM - 0.1:
            kept.append(field)
    return kept


def check(path: Path, page_path: Path | None, out: Path) -> list[Path]:
    """Draw a definition over a page, or over its own print; return the pictures written.

    Each page of the file is registered to the page of the form that it is; those that are none
    of its pages are left out. Raises PageError where all are.
    """
    out = out if out.suffix else out.with_suffix(".png")
    if not cv2.haveImageWriter(out.name):
        raise OutputError(f"{out} would be no picture. Give it a name that ends in .png or .jpg.")
    form = load_form(path)
    prints = read_prints(path.parent / (form.print_file or f"{path.stem}.print.json"))
    pictures: list[tuple[int, Grey, float]] = []
    if page_path is None:
        for number, held in enumerate(prints, 1):
            pictures.append(
                (number, sketch(held.width, held.height, held.levels, held.uprights), 150)
            )
    else:
        for number in range(1, load.count_pages(page_path) + 1):
            page = load.load(page_path, number, page_path.name)
            try:
                index, image, dpi, *_ = register.to_form(page, prints)
            except PageError:
                if number == load.count_pages(page_path) and not pictures:
                    raise
                continue  # a page of text alone, as of instructions, is laid on nothing
            pictures.append((index + 1, image, dpi))
    written = []
    for k, (number, image, dpi) in enumerate(pictures, 1):
        name = out if len(pictures) == 1 else out.with_name(f"{out.stem}-{k}{out.suffix}")
        _, data = cv2.imencode(name.suffix, overlay(form, number, image, dpi))
        try:
            name.write_bytes(data.tobytes())
        except OSError as error:
            raise OutputError(f"{name} cannot be written: {error.strerror}.") from error
        written.append(name)
    return written


def sketch(width: float, height: float, levels: np.ndarray, uprights: np.ndarray) -> Grey:
    """Draw the rules of a form at 150 dpi."""
    scale = 150 / 25.4
    image = np.full((round(height * scale), round(width * scale)), 255, np.uint8)
    for y, a, b in np.rint(levels * scale).astype(int).tolist():
        cv2.line(image, (a, y), (b, y), 120, 1)
    for x, a, b in np.rint(uprights * scale).astype(int).tolist():
        cv2.line(image, (x, a), (x, b), 120, 1)
    return image


def overlay(form: FormDef, number: int, image: Grey, dpi: float) -> np.ndarray:
    """Draw the fields of one page and their names over a picture of it."""
    scale = dpi / 25.4
    picture = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
    for field in form.on_page(number):
        _, y, _, h = field.box
        for x, w in field.cells_mm():
            corner, far = (
                (round(x * scale), round(y * scale)),
                (round((x + w) * scale), round((y + h) * scale)),
            )
            cv2.rectangle(picture, corner, far, (0, 0, 220), 1)
        at = (round(field.box[0] * scale), round(y * scale) - 3)
        cv2.putText(picture, field.name, at, cv2.FONT_HERSHEY_SIMPLEX, scale / 16, (200, 60, 0), 1)
    return np.asarray(picture)
