"""Fields and names that the PDF of a blank form gives: part of `form draft`."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from formreader.forms_pdf import Box, Label, Widget

NO_NAME = re.compile(r"(undefined.*|(text|text ?field|check ?box|group|field)?[_\s\d]*)", re.I)
"""Names that a program gave fields to which no person gave one."""
ABOVE_MM = 5.0
"""How far above a field its label may end, in millimetres; on its row it may begin anywhere."""
NEXT_BOX = 0.6
"""Gap between boxes of one number, as a share of their width; separators may stand there."""
SAME = 0.5
"""Share of a PDF's field and a drawn one that must be common for them to be one field."""
LONGEST = 40
"""Characters of a proposed name at most."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A field found on a blank page: kind, its boxes in mm as (left, top, right, bottom).

    `length` is the greatest number of characters where it is known, else 0.
    """

    kind: str
    cells: tuple[tuple[float, float, float, float], ...]
    name: str = ""
    length: int = 0

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Return left, top, width and height around all boxes."""
        left, top, right, bottom = np.array(self.cells).T
        x, y = float(left.min()), float(top.min())
        return x, y, float(right.max()) - x, float(bottom.max()) - y


def ordered(fields: list[Draft]) -> list[Draft]:
    """Put fields in reading order, row by row."""
    waiting = sorted(fields, key=lambda f: f.box[1] + f.box[3] / 2)
    done: list[Draft] = []
    while waiting:
        middle = waiting[0].box[1] + waiting[0].box[3] / 2
        row = [f for f in waiting if f.box[1] < middle < f.box[1] + f.box[3]]
        done += sorted(row, key=lambda f: f.box[0])
        waiting = [f for f in waiting if f not in row]
    return done


def from_pdf(drawn: list[Draft], widgets: list[Widget], labels: list[Label]) -> list[Draft]:
    """Return the fields of a page, named: those of the PDF where it has any, else those drawn.

    Fields of the PDF take the place of the drawn ones that they lie on: PDFs are often off by
    a millimetre where the printed lines are not.
    """
    fields = ordered([_drawn_as(field, drawn) for field in _joined(widgets)] or drawn)
    boxes = [_edges(field) for field in fields]
    return [
        replace(field, name=_name(field.name) or _name(_label_of(box, boxes, labels)))
        for field, box in zip(fields, boxes, strict=True)
    ]


def distinct(names: Sequence[str]) -> list[str]:
    """Return names with numbers added where they repeat; f001, f002 … where there is none."""
    wanted = [name or f"f{k:03d}" for k, name in enumerate(names, 1)]
    taken, counts, found = set(wanted), Counter[str](), []
    for name in wanted:
        counts[name] += 1
        fresh, number = name, counts[name]
        while number > 1 and fresh in taken:
            fresh, number = f"{name}_{number}", number + 1
        taken.add(fresh)
        found.append(fresh)
    return found


def _joined(widgets: list[Widget]) -> list[Draft]:
    """Make one field of widgets for one character each that stand side by side."""
    rows: list[list[Widget]] = []
    single = [w for w in widgets if w.kind == "cell" and w.length == 1]
    for widget in sorted(single, key=lambda w: w.box[0]):
        left, top, right, bottom = widget.box
        near = NEXT_BOX * (right - left)
        row = next(
            (
                row
                for row in rows
                if abs(row[-1].box[1] - top) < 0.3 * (bottom - top)
                and -near < left - row[-1].box[2] < near
            ),
            None,
        )
        if row is None:
            rows.append(row := [])
        row.append(widget)
    fields = [
        Draft(
            "boxes" if len(row) > 1 else "cell",
            tuple(w.box for w in row),
            next((w.name for w in row if _name(w.name)), ""),
            0 if len(row) > 1 else 1,
        )
        for row in rows
    ]
    for widget in widgets:
        if widget in single:
            continue
        if widget.comb:
            fields.append(Draft("comb", _divided(widget.box, widget.length), widget.name))
        else:
            fields.append(Draft(widget.kind, (widget.box,), widget.name, widget.length))
    return fields


def _divided(box: Box, count: int) -> tuple[Box, ...]:
    left, top, right, bottom = box
    step = (right - left) / count
    return tuple((left + k * step, top, left + (k + 1) * step, bottom) for k in range(count))


def _drawn_as(field: Draft, drawn: list[Draft]) -> Draft:
    """Give a field of the PDF the lines of the drawn one, or of the part of one, that it lies on.

    Of a comb whose year is printed already, the PDF has the boxes before it only.
    """
    count = len(field.cells)
    alike = [
        replace(other, cells=other.cells[k : k + count])
        for other in drawn
        for k in range(len(other.cells) - count + 1)
        if count > 1 or len(other.cells) == 1
    ]
    best = max(alike, key=lambda other: _common(field.box, other.box), default=None)
    if best is None or _common(field.box, best.box) < SAME:
        return field
    kind = field.kind if field.kind == "checkbox" or best.kind == "checkbox" else best.kind
    return replace(field, kind=kind, cells=best.cells)


def _common(a: Box, b: Box) -> float:
    """Return intersection over union of two boxes (left, top, width, height)."""
    sides = [max(0.0, min(a[k] + a[k + 2], b[k] + b[k + 2]) - max(a[k], b[k])) for k in (0, 1)]
    inside = sides[0] * sides[1]
    return inside / (a[2] * a[3] + b[2] * b[3] - inside)


def _edges(field: Draft) -> Box:
    left, top, width, height = field.box
    return left, top, left + width, top + height


def _label_of(box: Box, fields: list[Box], labels: list[Label]) -> str:
    """Return the text left of a field on its row, else right above it or inside it."""
    left, top, right, bottom = box
    middle = (top + bottom) / 2
    start = max((f[2] for f in fields if f[1] < middle < f[3] and f[2] <= left + 1), default=0.0)
    beside = [
        label
        for label in labels
        if top - 1 < (label.box[1] + label.box[3]) / 2 < bottom + 1
        and start - 1 <= label.box[0]
        and label.box[2] <= left + 1
    ]
    words = " ".join(label.text for label in sorted(beside, key=lambda la: la.box[0]))
    if _name(words):
        return words
    over = [
        label
        for label in labels
        if top - ABOVE_MM < label.box[3] < bottom
        and min(right, label.box[2]) - max(left, label.box[0]) > 0
    ]
    nearest = sorted(over, key=lambda la: abs(la.box[3] - top))
    return next((label.text for label in nearest if _name(label.text)), "")


def _name(text: str) -> str:
    """Make a name out of text, empty where it says nothing."""
    if NO_NAME.fullmatch(text):
        return ""
    plain = unicodedata.normalize("NFKC", text.replace("'", "").replace("’", "").casefold())
    known = "".join(c if c.isalpha() or c.isdecimal() else " " for c in plain)
    parts = known.split()
    while parts and not parts[0][0].isalpha():
        parts = parts[1:]
    name = ""
    for part in parts:
        if len(name) + len(part) > LONGEST:
            break
        name = f"{name}_{part}" if name else part
    return name if sum(c.isalpha() for c in name) > 1 else ""
