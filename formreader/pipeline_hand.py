"""Tell writing from print by the shapes of the characters read, where their places leave it open.

Figures written as evenly as print are many: of 2,106 numbers on drawn forms of ten layouts 667 were
read right and sent to a person for their rows and heights alone, and 282 had no row at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from formreader.classify import PrintDetector
from formreader.document import Candidate, FieldImage, Float, Kind
from formreader.ink import darkness_of, normalize_glyph, strokes_of
from formreader.pipeline_judge import Cut

SUREST = 6.0
"""Logit beyond which one character counts no more: a number may hold one odd digit."""
WRITTEN, WRITTEN_ALONE = -2.5, -3.5
"""Mean logit below which the characters of a number are a hand's, and that of one by itself. Of
13,708 numbers of several characters printed in 129 unseen faces 161 lie below the first, of 7,884
written on drawn forms of 57 layouts 7,105; of 652 printed figures alone 28 below the second, of 924
written ones 751."""
PRINTED = 0.5
"""Mean logit from which they are print, however unevenly they stand: 12,154 of these 14,360, and
107 of the 8,808."""
PRINT_DOUBT = 0.501
"""Least doubt of these: a person looks."""
PALE_DOUBT = 0.55
"""What is left of the doubt of pale writing: it may be what shows through from the back."""
FEWEST, TIMES = 3, 3
"""Numbers of a column by hand at least, and times those like print in it, by which the latter are
written, too (chosen): of 2,406 numbers on 35 drawn pages 38 had no row, half of them for this."""
TALL = 0.5
"""Height of the strokes that are looked at before a place is read, in heights of its tallest."""


def by_shape(cut: Cut, candidates: Sequence[Candidate], detector: PrintDetector | None) -> Cut:
    """Return a field with the doubt that the shapes of its characters leave.

    They are those of the lattice's best string, the first of `candidates`.
    """
    field = cut.field
    if detector is None or field.penned is None or not candidates:
        return cut
    read = {character.rect for character in candidates[0].characters}
    shapes = [glyph.image for glyph in cut.lattice.glyphs if glyph.rect in read]
    if not shapes:
        return cut
    logits = np.clip(detector.printed(np.stack(shapes)), -SUREST, SUREST)
    like_print = float(logits.mean())
    cut = replace(cut, field=replace(field, like_print=like_print))
    if like_print < (WRITTEN if len(shapes) > 1 else WRITTEN_ALONE):
        left = field.penned if not field.is_print or like_print < WRITTEN_ALONE else PRINT_DOUBT
        hint = max(left, PALE_DOUBT)
        if field.pale is None:
            return doubted(cut, min(field.doubt, left), None)
        return doubted(cut, min(field.doubt, hint), min(field.pale, left))
    if like_print > PRINTED and not field.cells:
        pale = None if field.pale is None else max(field.pale, PRINT_DOUBT)
        return doubted(cut, max(field.doubt, PRINT_DOUBT), pale)
    return cut


def as_its_column(fields: Sequence[FieldImage]) -> list[FieldImage]:
    """Leave what lies as print does to a person where its column of a table is written.

    Rectangles lie upright.
    """
    cells = [field for field in fields if field.spec.kind is Kind.CELL and not field.cells]
    left, right, doubt = (
        np.array([(f.rect.x, f.rect.right, f.doubt) for f in cells]).reshape(-1, 3).T
    )
    printed = np.array([field.is_print for field in cells], bool)

    def is_written(field: FieldImage) -> bool:
        shared = np.minimum(right, field.rect.right) - np.maximum(left, field.rect.x)
        column = shared > 0.5 * np.minimum(right - left, field.rect.width)
        hands = int((column & (doubt < PRINT_DOUBT)).sum())
        return hands >= max(FEWEST, TIMES * int((column & printed).sum()))

    return [
        replace(field, doubt=PALE_DOUBT)
        if field.is_print and field.spec.kind is Kind.CELL and not field.cells and is_written(field)
        else field
        for field in fields
    ]


def doubted(cut: Cut, doubt: float, pale: float | None) -> Cut:
    """Return a field with another doubt."""
    return replace(cut, field=replace(cut.field, doubt=doubt, pale=pale))


def without_print(fields: Sequence[FieldImage], detector: PrintDetector | None) -> list[FieldImage]:
    """Leave out what lies where print does, before it is read, unless its strokes are a hand's."""
    shapes = [tall_strokes(field)[1] if detector and field.is_print else None for field in fields]
    asked = [mine for mine in shapes if mine is not None and len(mine)]
    if not detector or not asked:
        return [field for field in fields if not field.is_print]
    logits = detector.printed(np.concatenate(asked))
    parts = iter(np.split(logits, np.cumsum([len(mine) for mine in asked])[:-1]))
    return [
        field
        for field, mine in zip(fields, shapes, strict=True)
        if mine is None or (len(mine) and float(np.clip(next(parts), -SUREST, SUREST).mean()) < 0)
    ]


def tall_strokes(field: FieldImage) -> tuple[NDArray[np.int64], Float]:
    """Return the tall strokes of a field: their boxes int64 (N, 4) and glyphs float32 (N, 28, 28).

    The boxes are x, y, width and height in pixels of the field.
    """
    darkness, strokes = darkness_of(field.image)[0], strokes_of(field.ink)
    high = strokes.stats[1:, cv2.CC_STAT_HEIGHT]
    tall = 1 + np.flatnonzero(high > TALL * high.max(initial=0))
    boxes = strokes.stats[tall, :4].astype(np.int64)
    glyphs = [np.zeros((0, 28, 28), np.float32)]
    for own, (x, y, w, h) in zip(tall.tolist(), boxes.tolist(), strict=True):
        part = np.s_[y : y + h, x : x + w]
        glyphs.append(normalize_glyph(darkness[part] * (strokes.labels[part] == own))[None])
    return boxes, np.concatenate(glyphs)
