"""Tell pieces of a number: rows of boxes beside which the number seems to go on.

Where marker, a fax or the print of the reverse side hides a wall, a row of boxes falls apart. Its
pieces read surely: of a 35019885103878 under a marker 35019885 was accepted.
"""

from __future__ import annotations

from collections.abc import Sequence

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


def without_pieces(fields: Sequence[FieldImage], readings: Sequence[Reading]) -> list[Reading]:
    """Send rows of boxes to a person beside which their number seems to go on."""
    rows = [boxes_of(field) for field in fields]
    read = [n for n, reading in enumerate(readings) if reading.text]
    likely = [fields[n].rect for n in read if not rows[n] and readings[n].confidence >= LIKELY]
    checked = []
    for reading, boxes in zip(readings, rows, strict=True):
        torn = False
        if reading.status is Status.ACCEPTED and len(boxes) > 1:
            torn = any(goes_on(boxes, rect) for rect in likely)
            torn |= any(rows[n] is not boxes and same_row(boxes, rows[n]) for n in read if rows[n])
        checked.append(stopped(reading, Reason.CUT_OFF) if torn else reading)
    return checked


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
    """Tell whether two rows of boxes go on at one pitch, as if there were one."""
    left, right = sorted((boxes, others), key=lambda row: row[0].x)
    pitch = boxes[1].x - boxes[0].x
    high = max(left[-1].height, right[0].height)
    level = abs(left[-1].y - right[0].y) < LEVEL * high
    alike = abs(left[-1].height - right[0].height) < LEVEL * high
    return level and alike and abs(right[0].x - left[-1].x - pitch) < SAME * pitch
