"""Put what was found on a page in order and back to its scale (a part of stage 3)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from formreader.document import FieldImage, FieldSpec
from formreader.locate_boxes import Cell
from formreader.rules import Level


def in_reading_order(fields: list[FieldImage]) -> list[FieldImage]:
    """Put fields in reading order, row by row, and name them."""
    waiting = sorted(fields, key=lambda f: f.rect.y + f.rect.height / 2)
    ordered: list[FieldImage] = []
    while waiting:
        first = waiting[0].rect
        middle = first.y + first.height / 2
        line = [f for f in waiting if f.rect.y < middle < f.rect.bottom]
        ordered += sorted(line, key=lambda f: f.rect.x)
        taken = {id(f) for f in line}
        waiting = [f for f in waiting if id(f) not in taken]
    digits = max(2, len(str(len(ordered))))
    return [
        replace(f, spec=FieldSpec(f"f{i:0{digits}d}", f.spec.kind, f.spec.length))
        for i, f in enumerate(ordered, 1)
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
