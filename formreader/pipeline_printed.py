"""Tell strokes that are printed in the cells of a table, as the slash of a date, from 1s.

A hand writes no two 1s alike; what stands in three fields at one place, as tall and as steep, is
print. Of 39 dates of drawn timesheets, a grey slash in each cell, 13 were accepted with a 1 for it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from formreader.document import FieldImage, Reading, Reason
from formreader.ink import INK_LEVEL, darkness_of
from formreader.pipeline_strokes import slant
from formreader.validate import stopped

FEWEST = 3
"""Fields with the same stroke from which it is print."""
AT, AS_TALL, AS_STEEP = 0.12, 0.06, 0.03
"""How far apart the middles of two printed strokes lie across the page and how much their heights
differ at most, in heights, and their slants, as a share of their height."""


def without_printed_strokes(
    fields: Sequence[FieldImage], readings: Sequence[Reading]
) -> list[Reading]:
    """Send numbers to a person in which a printed stroke was read as 1; rectangles lie upright."""
    ones = [
        (at, character.rect)
        for at, (field, reading) in enumerate(zip(fields, readings, strict=True))
        if not field.cells
        for character in reading.characters
        if character.text == "1"
    ]
    middle = np.array([rect.x + rect.width / 2 for _, rect in ones])
    high = np.array([rect.height for _, rect in ones], np.float64)
    steep: dict[int, float] = {}

    def lean(one: int) -> float:
        if one not in steep:
            at, rect = ones[one]
            field = fields[at]
            ink = darkness_of(field.image)[0] > INK_LEVEL
            steep[one] = slant(ink, rect.moved(-field.rect.x, -field.rect.y))[0]
        return steep[one]

    found: set[int] = set()
    for first in range(len(ones)):
        like = np.abs(middle - middle[first]) < AT * high[first]
        like &= np.abs(high - high[first]) <= np.maximum(1, AS_TALL * high[first])
        near = [i for i in np.flatnonzero(like).tolist() if abs(lean(i) - lean(first)) <= AS_STEEP]
        if len({ones[i][0] for i in near}) >= FEWEST:
            found |= {ones[i][0] for i in near}
    return [
        stopped(reading, Reason.LONG_STROKE) if at in found else reading
        for at, reading in enumerate(readings)
    ]
