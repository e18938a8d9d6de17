"""Put what was found on a page in order and back to its scale (a part of stage 3)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from formreader.document import FieldImage, FieldSpec
from formreader.locate_boxes import Cell
from formreader.rules import Level


def in_reading_order(fields: list[FieldImage]) -> list[FieldImage]:
    """Put fields in reading order, row by row, and name them.

    What is taken for print is named last: whether it is looked at changes no other's name.
    """
    waiting = sorted(fields, key=lambda f: f.rect.y + f.rect.height / 2)
    ordered: list[FieldImage] = []
    while waiting:
        first = waiting[0].rect
        middle = first.y + first.height / 2
        line = [f for f in waiting if f.rect.y < middle < f.rect.bottom]
        ordered += sorted(line, key=lambda f: f.rect.x)
        taken = {id(f) for f in line}
        waiting = [f for f in waiting if id(f) not in taken]
    named = sorted(range(len(ordered)), key=lambda at: ordered[at].is_print)
    digits = max(2, len(str(sum(not f.is_print for f in ordered))))
    names = {at: f"f{number:0{digits}d}" for number, at in enumerate(named, 1)}
    return [
        replace(f, spec=FieldSpec(names[at], f.spec.kind, f.spec.length))
        for at, f in enumerate(ordered)
    ]


def enlarged(cell: Cell, zoom: float) -> Cell:
    """Return a cell of the working copy in pixels of the picture, counted from its edge.

    Rows of rules, and the ticks of combs, are counted from the middle of the first pixel.
    """
    across = 0.0 if cell.closed else 0.5
    return Cell(
        (cell.left + across) / zoom,
        (cell.top + 0.5) / zoom,
        (cell.right + across) / zoom,
        (cell.bottom + 0.5) / zoom,
        cell.closed,
    )


def stretched(level: Level, zoom: float) -> Level:
    """Return a level rule of the working copy in pixels of the picture, its row the middle one."""
    count = max(1, round(len(level.y) / zoom))
    y = np.full(count, (float(np.median(level.y)) + 0.5) / zoom)
    seen = level.seen[np.minimum((np.arange(count) * zoom).astype(np.int64), len(level.seen) - 1)]
    return replace(level, x0=round(level.x0 / zoom), y=y, seen=seen)
