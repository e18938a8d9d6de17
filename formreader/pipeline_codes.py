"""Read the barcodes of a form: as fields, and to tell which form a page is."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from formreader.codes import read_codes
from formreader.document import FieldImage, Grey, Reading, Reason, Rect, Status
from formreader.forms import FieldDef

QUIET_MM = 4.0
"""How far around its box a code is looked for, in mm: codes need bare paper at both ends, and a
sticker is never put quite into its place."""
SURE, UNSURE = 0.999, 0.5
"""Confidence of a code that its own check and the form vouch for, and of any other. None of the
900 codes of `codes` was read wrong."""
PRINTED = 0.02
"""Share of dark pixels in a code's box from which something lies there that is no readable code."""
DARK = 0.6
"""Share of the paper's brightness below which a pixel is dark."""


def cut(field: FieldDef, image: Grey, dpi: float) -> FieldImage:
    """Cut a code's place out of a straight page, with room around it."""
    scale = dpi / 25.4
    x, y, w, h = field.box
    left, top = (max(0, int((v - QUIET_MM) * scale)) for v in (x, y))
    right = min(image.shape[1], int((x + w + QUIET_MM) * scale) + 1)
    bottom = min(image.shape[0], int((y + h + QUIET_MM) * scale) + 1)
    rect = Rect(left, top, right - left, bottom - top)
    crop = np.ascontiguousarray(image[top:bottom, left:right])
    box = Rect(round(x * scale) - left, round(y * scale) - top, round(w * scale), round(h * scale))
    return FieldImage(field.spec, rect, crop, np.zeros(crop.shape, bool), (box,))


def read_code(field: FieldImage) -> Reading:
    """Read a code: accepted if its own check or the form vouches for it, blank on bare paper."""
    box, spec = field.cells[0], field.spec
    here = {code.text: code for code in read_codes(field.image) if lies_in(code.rect, box)}
    reasons: tuple[Reason, ...] = ()
    best = next(iter(here.values()), None)
    if best is None:
        empty = not is_printed(field.image, box)
        reasons = (Reason.MISSING if spec.needed else Reason.NO_CODE,)
        if empty and not spec.needed:
            return Reading(spec.name, "", 1.0, Status.BLANK, (), (), field.rect)
    elif len(here) > 1:
        reasons = (Reason.SEVERAL_CODES,)
    elif not best.text.isprintable() or (spec.fits and not spec.fits(best.text)):
        reasons = (Reason.MISFIT,)
    elif not (best.checked or spec.vouched):
        reasons = (Reason.UNCHECKED_CODE,)
    status = Status.REVIEW if reasons else Status.ACCEPTED
    others = tuple((text, UNSURE / len(here)) for text in here if best and text != best.text)
    sure = UNSURE if reasons else SURE
    text = best.text if best else ""
    return Reading(spec.name, text, sure if best else 0.0, status, reasons, (), field.rect, others)


def lies_in(rect: Rect, box: Rect) -> bool:
    """Tell whether the middle of a code lies in its box."""
    x, y = rect.x + rect.width / 2, rect.y + rect.height / 2
    return box.x <= x <= box.right and box.y <= y <= box.bottom


def is_printed(image: Grey, box: Rect) -> bool:
    """Tell whether a box holds more than bare paper; its frame does not count."""
    inset_x, inset_y = box.width // 8, box.height // 8
    inner = image[
        max(0, box.y + inset_y) : max(1, box.bottom - inset_y),
        max(0, box.x + inset_x) : max(1, box.right - inset_x),
    ]
    paper = float(np.percentile(image, 90))
    return bool(inner.size) and float((inner < DARK * paper).mean()) > PRINTED


def named_by_code(image: Grey, patterns: Sequence[str]) -> list[int]:
    """Return the indices of the patterns that a code on a picture matches whole, "" none."""
    if not any(patterns):
        return []
    texts = [code.text for code in read_codes(image)]
    return [
        index
        for index, pattern in enumerate(patterns)
        if pattern and any(re.fullmatch(pattern, text) for text in texts)
    ]
