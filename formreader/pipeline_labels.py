"""Cut printed characters off the ends of what was found as one number.

A label stands as near to what is written after it as its digits to one another, a unit as near
behind it: of 8,293 places on drawn forms of 57 layouts 820 held more than the number, and a MFO
before 390733 made ten digits of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from formreader.classify import PrintDetector
from formreader.document import FieldImage, Float
from formreader.pipeline_hand import PRINT_DOUBT, SUREST, tall_strokes

LABEL, LABEL_ALL = 1.0, 5.0
"""Mean and sum of the logits of print from which characters at an end are a label."""
NUMBER = -3.0
"""Mean logit below which the rest is written. Of 7,473 numbers by themselves 2 lose digits with
these and the gap, of the 820 places 76 are cut right and 5 amiss."""
APART = 0.2
"""Gap between a label and the number at least, in its height."""


def without_labels(
    fields: Sequence[FieldImage], detector: PrintDetector | None
) -> list[FieldImage]:
    """Return fields without the labels at their ends, of which a person then looks at each."""
    if not detector:
        return list(fields)
    asked = [at for at, field in enumerate(fields) if field.penned is not None and not field.cells]
    found = {at: tall_strokes(fields[at]) for at in asked}
    asked = [at for at in asked if len(found[at][1]) > 1]
    if not asked:
        return list(fields)
    logits = detector.printed(np.concatenate([found[at][1] for at in asked]))
    parts = np.split(logits, np.cumsum([len(found[at][1]) for at in asked])[:-1])
    cut = list(fields)
    for at, mine in zip(asked, parts, strict=True):
        cut[at] = _cut(fields[at], found[at][0], np.clip(mine, -SUREST, SUREST))
    return cut


def _cut(field: FieldImage, boxes: NDArray[np.int64], logits: Float) -> FieldImage:
    """Cut a field before and behind the number; `boxes` (N, 4) and `logits` (N,) are its strokes.

    The boxes are x, y, width and height in pixels of the field.
    """
    order = np.argsort(boxes[:, 0], kind="stable")
    begin = boxes[order, 0]
    end = np.maximum.accumulate(begin + boxes[order, 2])
    far = begin[1:] - end[:-1] > APART * float(np.median(boxes[:, 3]))
    first, last = _number(logits[order], np.array([True, *far, True]))
    if last - first == len(order):
        return field
    left = int(end[first - 1] + begin[first]) // 2 if first else 0
    right = int(end[last - 1] + begin[last]) // 2 if last < len(order) else field.image.shape[1]
    return replace(
        field,
        rect=replace(field.rect, x=field.rect.x + left, width=right - left),
        image=np.ascontiguousarray(field.image[:, left:right]),
        ink=np.ascontiguousarray(field.ink[:, left:right]),
        doubt=max(field.doubt, PRINT_DOUBT),
        penned=max(field.penned or 0.0, PRINT_DOUBT),
    )


def _number(logits: Float, apart: NDArray[np.bool_]) -> tuple[int, int]:
    """Return which strokes are the number, first and one beyond, the rest being labels.

    `apart` bool (N + 1,) tells before which of the strokes (N,) a label may end or begin.
    """
    count, best, found = len(logits), -np.inf, (0, len(logits))

    def is_label(part: Float) -> bool:
        return not len(part) or bool(part.mean() > LABEL and part.sum() > LABEL_ALL)

    places = np.flatnonzero(apart)
    for first, last in combinations(places.tolist(), 2):
        if last - first == count or not (is_label(logits[:first]) and is_label(logits[last:])):
            continue
        rest = logits[first:last]
        told = float(logits.sum() - 2 * rest.sum())
        if rest.mean() < NUMBER and told > best:
            best, found = told, (first, last)
    return found
