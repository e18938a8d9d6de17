"""Tell the printed numbers of a table's rows and columns from what was written into it.

Short printed numbers look like written ones where no heading or other print of the page shows its
type: of 30 drawn tables of three to seven rows 21 row numbers were accepted as values.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from formreader.document import FieldImage, Reading, Reason
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
UNSURE, EVEN = 1.0, 0.25
"""Mean logit up to which the shapes of characters tell neither print nor writing for sure, and how
much printed numbers of a series differ in height, as a share."""


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
    across, down, high, value = _laid_out([readings[at] for at in short])
    return {short[at] for series in _series(down, across, high, value) for at in series}


def printed_numbers(fields: Sequence[FieldImage], readings: Sequence[Reading]) -> set[int]:
    """Return which readings count rows or columns in print, by the shapes of their characters.

    Those whose shapes tell neither are left to a person. A signature table with seven numbered
    cells in two rows gave fourteen rows to look at.
    """
    short = [
        at
        for at, (field, reading) in enumerate(zip(fields, readings, strict=True))
        if 0 < len(reading.text) <= MOST and not field.cells
    ]
    across, down, high, value = _laid_out([readings[at] for at in short])
    shapes = np.array([fields[at].like_print for at in short])
    found: set[int] = set()
    for along, aside in ((down, across), (across, down)):
        for series in _series(along, aside, high, value):
            sure = series[shapes[series] > UNSURE]
            even = np.abs(high[sure] / np.median(high[sure]) - 1) < EVEN if len(sure) else sure
            if len(sure) >= FEWEST and even.all():
                found.update(short[at] for at in sure)
    return found


def _laid_out(readings: Sequence[Reading]) -> NDArray[np.float64]:
    """Return middles of numbers, across and down, their heights and values: float64 (4, N)."""
    rects = [reading.rect for reading in readings]
    rows = [(r.x + r.width / 2, r.y + r.height / 2, r.height) for r in rects]
    values = [int(reading.text) for reading in readings]
    return (
        np.array([(*row, value) for row, value in zip(rows, values, strict=True)]).reshape(-1, 4).T
    )


def _series(
    along: NDArray[np.float64],
    aside: NDArray[np.float64],
    high: NDArray[np.float64],
    value: NDArray[np.float64],
) -> Iterator[NDArray[np.int64]]:
    """List the numbers that say how far along they stand, as most do of those in line with them."""
    for first in range(len(along)):
        column = np.abs(aside - aside[first]) < ALIGNED * high[first]
        beyond = np.flatnonzero(column & (along > along[first]) & (value > value[first]))
        for other in beyond.tolist():
            pitch = (along[other] - along[first]) / (value[other] - value[first])
            if pitch < LEAST_PITCH * high[first]:
                continue
            off = (along - along[first]) / pitch - (value - value[first])
            counting = column & (np.abs(off) < OFF)
            if counting.sum() >= max(FEWEST, SHARE * column.sum()):
                yield np.flatnonzero(counting)
