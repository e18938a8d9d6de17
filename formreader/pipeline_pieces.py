"""Tell rows of boxes that hold a piece of a number, or several numbers side by side.

Where marker, a fax or the print of the reverse side hides a wall, a row of boxes falls apart. Its
pieces read surely: of a 35019885103878 under a marker 35019885 was accepted. Three cells for each
of three candidates, set a little apart, made one number of nine digits.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Sequence
from itertools import pairwise

from formreader.document import FieldImage, Reading, Reason, Rect, Status
from formreader.validate import stopped

NEAR = 0.6
"""Gap between a row of boxes and what goes on beside it at most, in widths of its boxes."""
LIKELY = 0.5
"""Confidence from which what stands beside a row may be digits; labels and signs have less."""
TALL = 0.4
"""Height of such writing at least, in heights of the boxes."""
LEVEL, SAME = 0.2, 0.1
"""Difference of the boxes of two rows in height and level, as a share of their height, and of the
step from one to the other, as a share of their pitch, up to which both are one. With 0.2 five of
14 numbers of a table, in groups of three boxes set a little apart, went to a person."""


APART = 0.15
"""How much wider than usual the gap between two groups of boxes is at least, in their widths: in
low scans the gaps of one row differ by 0.1, those of groups stand out by 0.2 and more."""
ONE_VALUE = ((2, 2, 2), (4, 4), (4, 4, 4), (4, 4, 4, 4))
"""Groups of boxes of one size that are one value all the same: dates and sort codes, numbers of
cards and accounts. Of groups of unlike sizes, as a date's or a tax number's, most are."""


def without_pieces(fields: Sequence[FieldImage], readings: Sequence[Reading]) -> list[Reading]:
    """Send rows of boxes to a person that may hold a part of a number, or more than one."""
    rows = [boxes_of(field) for field in fields]
    read = [n for n, reading in enumerate(readings) if reading.text]
    likely = [fields[n].rect for n in read if not rows[n] and readings[n].confidence >= LIKELY]
    checked = []
    for reading, boxes in zip(readings, rows, strict=True):
        if reading.status is Status.ACCEPTED and len(boxes) > 1:
            torn = any(goes_on(boxes, rect) for rect in likely)
            torn |= any(rows[n] is not boxes and same_row(boxes, rows[n]) for n in read if rows[n])
            reading = stopped(reading, Reason.CUT_OFF) if torn else reading
            reading = stopped(reading, Reason.SEVERAL) if several(boxes, reading) else reading
        checked.append(reading)
    return checked


def several(boxes: Sequence[Rect], reading: Reading) -> bool:
    """Tell whether boxes stand in groups of one size, as columns do, digits in more than one."""
    gaps = [b.x - a.right for a, b in pairwise(boxes)]
    usual = sorted(gaps)[len(gaps) // 2 - (len(gaps) % 2 == 0)]
    apart = [gap - usual > APART * boxes[0].width for gap in gaps]
    starts = [0, *(at for at, far in enumerate(apart, 1) if far)]
    sizes = tuple(b - a for a, b in pairwise([*starts, len(boxes)]))
    edges = [boxes[at].x for at in starts]
    held = {bisect(edges, c.rect.x + c.rect.width / 2) for c in reading.characters}
    return len(held) > 1 and len(set(sizes)) == 1 and sizes not in ONE_VALUE


def boxes_of(field: FieldImage) -> list[Rect]:
    """Return the boxes of a field in pixels of the page."""
    return [box.moved(field.rect.x, field.rect.y) for box in field.cells]


def goes_on(boxes: Sequence[Rect], writing: Rect) -> bool:
    """Tell whether writing stands right before or after a row of boxes, on its level."""
    first, last = boxes[0], boxes[-1]
    shared = min(first.bottom, writing.bottom) - max(first.y, writing.y)
    gap = max(first.x - writing.right, writing.x - last.right)
    return shared > TALL * first.height and -first.width < gap < NEAR * first.width


def same_row(boxes: Sequence[Rect], others: Sequence[Rect]) -> bool:
    """Tell whether two rows of boxes go on as if they were one: at a step that one of them has.

    Groups of four digits of an account in white boxes fell apart, and the last ten of its digits
    were accepted.
    """
    left, right = sorted((boxes, others), key=lambda row: row[0].x)
    pitch = boxes[1].x - boxes[0].x
    steps = [b.x - a.x for row in (boxes, others) for a, b in pairwise(row)]
    between = right[0].x - left[-1].x
    high = max(left[-1].height, right[0].height)
    level = abs(left[-1].y - right[0].y) < LEVEL * high
    alike = abs(left[-1].height - right[0].height) < LEVEL * high
    return level and alike and any(abs(between - step) < SAME * pitch for step in steps)
