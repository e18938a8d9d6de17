"""What a PDF itself says of a form: its fields and its text, in millimetres (part of stage 1)."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

from formreader.forms_pdf import Box, Label, Widget

KINDS = {2: "checkbox", 3: "checkbox", 4: "cell", 5: "cell", 6: "cell"}
"""Field types of PDFium that are filled in by hand: buttons to tick, lists, text."""
COMB_FLAG = 1 << 24
"""Flag of a text field of which every character has a place of its own (ISO 32000-1, 12.7.4.3)."""
STEPS_PT = 50
"""Steps to a point in which PDFium is asked for places: it answers in whole numbers."""
MM_PT = 25.4 / 72
HIGHEST_MM, GAP_MM = 8.0, 4.0
"""Highest letter of a label and widest gap in one, in millimetres: what is larger is a heading
or a watermark, what is further away another label."""


def told(pdf: Any, number: int) -> tuple[list[Widget], list[Label]]:
    """Return the fields and the text of one page of an opened PDF, from its upper left corner."""
    page = pdf[number - 1]
    return _widgets(pdf, page), _labels(page)


def _widgets(pdf: Any, page: Any) -> list[Widget]:
    from pypdfium2 import raw

    if pdf.formenv is None:
        return []
    found = []
    for index in range(raw.FPDFPage_GetAnnotCount(page)):
        note = raw.FPDFPage_GetAnnot(page, index)
        try:
            kind = KINDS.get(raw.FPDFAnnot_GetFormFieldType(pdf.formenv, note))
            edges, longest = raw.FS_RECTF(), ctypes.c_float(0)
            if kind is None or not raw.FPDFAnnot_GetRect(note, edges):
                continue
            raw.FPDFAnnot_GetNumberValue(note, b"MaxLen", longest)
            name = _text(raw.FPDFAnnot_GetFormFieldName, pdf.formenv, note)
            flags = raw.FPDFAnnot_GetFormFieldFlags(pdf.formenv, note)
            box = _in_mm(page, edges.left, edges.top, edges.right, edges.bottom)
            comb = kind == "cell" and bool(flags & COMB_FLAG) and longest.value > 1
            found.append(Widget(name, kind, box, int(longest.value), comb))
        finally:
            raw.FPDFPage_CloseAnnot(note)
    return found


def _labels(page: Any) -> list[Label]:
    """Join letters that follow each other on a line; watermarks and turned text are left out."""
    from pypdfium2 import raw

    text, found, run = page.get_textpage(), list[Label](), ""
    around: Box = (0.0, 0.0, 0.0, 0.0)
    for index in range(text.count_chars()):
        letter = chr(raw.FPDFText_GetUnicode(text, index))
        left, bottom, right, top = text.get_charbox(index)
        box = _in_mm(page, left, top, right, bottom)
        if letter.isspace() or raw.FPDFText_GetCharAngle(text, index) > 0.02:
            run += " "
            continue
        if box[3] - box[1] > HIGHEST_MM:
            continue
        far = box[0] - around[2]
        if run and (not -1 < far < GAP_MM or min(box[3], around[3]) < max(box[1], around[1]) - 1):
            found.append(Label(" ".join(run.split()), around))
            run = ""
        around = _around(around, box) if run else box
        run += letter
    found.append(Label(" ".join(run.split()), around))
    return [label for label in found if label.text]


def _around(a: Box, b: Box) -> Box:
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])


def _in_mm(page: Any, left: float, top: float, right: float, bottom: float) -> Box:
    """Take a rectangle of a PDF page, however it is turned, to mm of the page as drawn."""
    from pypdfium2 import raw

    size = [round(side * STEPS_PT) for side in page.get_size()]
    xs, ys = [], []
    for x, y in ((left, top), (right, bottom)):
        at_x, at_y = ctypes.c_int(), ctypes.c_int()
        raw.FPDF_PageToDevice(page, 0, 0, *size, 0, x, y, at_x, at_y)
        xs.append(at_x.value * MM_PT / STEPS_PT)
        ys.append(at_y.value * MM_PT / STEPS_PT)
    return min(xs), min(ys), max(xs), max(ys)


def _text(ask: Callable[..., int], *of: Any) -> str:
    """Ask PDFium for a string, first for its length."""
    size = ask(*of, None, 0)
    buffer = (ctypes.c_ushort * (size // 2 + 1))()
    ask(*of, buffer, size)
    return bytes(buffer)[:size].decode("utf-16-le", "replace").rstrip("\0")
