"""Tell the printed numbers of a table's rows from what was written into it.

Short printed numbers look like written ones where no heading or other print of the page shows its
type: of 30 drawn tables of three to seven rows 21 row numbers were accepted as values.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from formreader.document import Reading, Reason
from formreader.validate import stopped

FEWEST = 3
"""Numbers that count the rows at least."""
MOST = 3
"""Digits of such a number at most."""
SHARE = 0.6
"""Share of the numbers of a column that count its rows: written ones do so seldom, 3 of 3 digits
by chance in a hundredth of columns."""
ALIGNED, OFF = 1.0, 0.25
"""How far numbers of a column lie aside, in their heights, and off their row, in rows."""
LEAST_PITCH = 1.2
"""Distance of two rows at least, in heights of the numbers."""


def without_row_numbers(readings: Sequence[Reading]) -> list[Reading]:
    """Send the numbers that count the rows of a table to a person; rectangles lie upright."""
    counted = row_numbers(readings)
    return [
        stopped(reading, Reason.NOT_A_FIELD) if at in counted else reading
        for at, reading in enumerate(readings)
    ]


def row_numbers(readings: Sequence[Reading]) -> set[int]:
    """Return which readings say how far down they stand, as most do in their column."""
    short = [at for at, reading in enumerate(readings) if 0 < len(reading.text) <= MOST]
    rects = [readings[at].rect for at in short]
    value = np.array([int(readings[at].text) for at in short], np.float64)
    middle = np.array([rect.x + rect.width / 2 for rect in rects])
    row = np.array([rect.y + rect.height / 2 for rect in rects])
    high = np.array([rect.height for rect in rects], np.float64)
    found: set[int] = set()
    for first in range(len(short)):
        column = np.abs(middle - middle[first]) < ALIGNED * high[first]
        below = np.flatnonzero(column & (row > row[first]) & (value > value[first]))
        for other in below.tolist():
            pitch = (row[other] - row[first]) / (value[other] - value[first])
            if pitch < LEAST_PITCH * high[first]:
                continue
            rows_off = (row - row[first]) / pitch - (value - value[first])
            counting = column & (np.abs(rows_off) < OFF)
            if counting.sum() >= max(FEWEST, SHARE * column.sum()):
                found.update(short[at] for at in np.flatnonzero(counting))
    return found
