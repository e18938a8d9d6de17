"""Cut out fields whose places a form gives (a part of stage 3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from formreader import binarize, rules
from formreader import locate_marks as marks
from formreader import locate_torn as torn
from formreader import locate_walls as walls
from formreader.document import FieldImage, FieldSpec, Kind, Mask, Rect
from formreader.locate_boxes import Cell
from formreader.locate_page import OpenPage
from formreader.locate_row_field import BOX_RIM_MM, row_field
from formreader.locate_rows import Row
from formreader.rules import Rules

SNAP_MM = 1.3
"""How far a field is moved to its own printed lines, in millimetres."""
FAR_MM = 0.1
"""Share of a field's lines that a shift by a millimetre must find more: at 0.02 fields of combs,
which show little but their teeth, were moved to the strokes written in them."""
RIM_MM = 0.5
"""Width of the rim of a box in which printed lines are looked for and taken out, in mm."""
SOLID = 0.85
"""Share of a row across a cell and what is around it from which it is a dark bar beside it, as of
the heading of the next table; the bar of a 7 that fills its cell has 0.75."""
MOSTLY = 0.5
"""Share of a number found on the page that must lie in a field to be the field's."""
NEXT_FIELD = 0.5
"""Share of a stroke that must lie in its box; the rest may reach out."""
PALE_LINED = 0.7
"""Share of the lines of all fields below which they are looked for among fainter ones as well:
below it a page is taken for another version of the form."""
WORD_MM = 1.0
"""Distance in millimetres from the middle of a printed word within which ink is that word."""
WALL_MM = 0.3
"""How far off its place a wall still counts as seen, in millimetres."""
TYPICAL = 0.6
"""Share of one side of a row's boxes, on average, from which that side is printed at all."""
LEAST_FRAMED = 0.75
"""Share of the lines of a checkbox that must be found for its mark to be believed: 0.97 and more of
58 boxes of a tax form, 0.53 of an oval among them, whose print was accepted as a mark."""

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Place:
    """A field of a form on an upright page: its boxes in pixels of the picture, from its left.

    `words` are the middles (x, y) of the words printed in it, `labels` what is printed beside it:
    left, top, right, bottom; `captions` the inner parts of what is printed in it, `marks` all of
    what is narrow there, as the slash of a date.
    """

    spec: FieldSpec
    rects: tuple[Box, ...]
    words: tuple[tuple[float, float], ...] = ()
    labels: tuple[Box, ...] = ()
    captions: tuple[Box, ...] = ()
    marks: tuple[Box, ...] = ()


@dataclass(frozen=True, slots=True)
class Lie:
    """Where a field really lies: the middles of its walls in pixels of the working copy.

    `found` is the share of its printed lines that was found there, 0 to 1, `whole` the least of
    one of its boxes.
    """

    place: Place
    cells: tuple[Cell, ...]
    found: float
    whole: float


def lay(page: OpenPage, places: list[Place]) -> list[Lie]:
    """Move each field to its own lines, and tell the page its boxes and cells."""
    laid = [_laid(page, place) for place in places]
    if laid and _lined(laid) < PALE_LINED:
        seen = page.rules
        page.look_for_paler()
        again = [_laid(page, place) for place in places]
        if _lined(again) > _lined(laid):
            laid = again
        else:
            page.rules, page.pale_boxes = seen, False
    page.rows = [Row(lie.place.spec.kind, lie.cells) for lie in laid if len(lie.cells) > 1]
    page.cells = [lie.cells[0] for lie in laid if len(lie.cells) == 1]
    for lie in laid:
        if len(lie.cells) == 1 and lie.place.marks:
            moved = np.tile(_moved(page, lie), 2)
            marks.take_marks(page, page.zoom * (np.array(lie.place.marks) + moved))
    boxes = page.zoom * np.array([box for place in places for box in place.labels])
    page.labels = [Cell(*edges) for edges in boxes.tolist()]
    return laid


def _moved(page: OpenPage, lie: Lie) -> NDArray[np.float64]:
    """Return by how much a field lies off its place, x and y in pixels of the picture."""
    return np.array([lie.cells[0].left, lie.cells[0].top]) / page.zoom - lie.place.rects[0][:2]


def _lined(laid: list[Lie]) -> float:
    """Return how much of the lines of all boxes was found, 1.0 where a form has none."""
    found = [lie.found for lie in laid if lie.place.spec.kind is not Kind.LINE]
    return sum(found) / len(found) if found else 1.0


def _laid(page: OpenPage, place: Place) -> Lie:
    zoom = page.zoom
    cells = [Cell(a * zoom, b * zoom, c * zoom, d * zoom) for a, b, c, d in place.rects]
    dx, dy, found = snapped(page.rules, cells, page.scale)
    moved = tuple(Cell(c.left + dx, c.top + dy, c.right + dx, c.bottom + dy) for c in cells)
    return Lie(place, moved, found, _whole(page, moved) if len(moved) > 1 else found)


def _whole(page: OpenPage, cells: Sequence[Cell]) -> float:
    """Return how much of the lines around one box of a row was found at least.

    Of sides that no box of the row has, as the tops of a comb, none is missing.
    """
    reach = max(2, round(WALL_MM * page.scale))
    seen = np.array([_sides_seen(page.rules, cell, reach) for cell in cells])
    usual = np.median(seen, axis=0)
    printed = usual > TYPICAL
    if not printed.any():
        return 0.0
    return float(np.minimum(seen[:, printed] / usual[printed], 1).mean(axis=1).min())


def _sides_seen(found: Rules, cell: Cell, reach: int) -> tuple[float, float, float, float]:
    """Return the shares of a box's left, right, upper and lower line that were found."""
    rows = slice(max(0, round(cell.top)) + reach, max(0, round(cell.bottom) - reach))
    cols = slice(max(0, round(cell.left)) + reach, max(0, round(cell.right) - reach))

    def seen(mask: Mask, along: slice, at: float) -> float:
        band = mask[along, max(0, int(at) - reach) : max(0, int(at) + reach + 1)]
        return np.count_nonzero(band.any(axis=1)) / len(band) if band.size else 0.0

    up, across = found.up, found.across.T
    return (
        seen(up, rows, cell.left),
        seen(up, rows, cell.right),
        seen(across, cols, cell.top),
        seen(across, cols, cell.bottom),
    )


def cut(page: OpenPage, lie: Lie, written: list[FieldImage]) -> FieldImage | None:
    """Cut a field out within its walls.

    `written` are the numbers found on the page with no form.
    """
    pad = 0.2 * page.scale
    rim = BOX_RIM_MM * page.scale if len(lie.cells) > 1 else 0.0  # `row_field` leaves it out
    within = walls.inner(page.small_dark, page.level, lie.cells, page.scale)
    cells = [
        Cell(
            max(c.left + pad, w.left - rim),
            max(c.top + pad, w.top - rim),
            min(c.right - pad, w.right + rim),
            min(c.bottom - pad, w.bottom + rim),
        )
        for c, w in zip(lie.cells, within, strict=True)
    ]
    field = _field(page, lie.place, cells, written)
    return field and _doubted(page, lie, cells, field)


def _field(
    page: OpenPage, place: Place, cells: list[Cell], written: list[FieldImage]
) -> FieldImage | None:
    """Cut out a row of boxes, or the one number found in a cell, or else the whole cell."""
    if len(cells) > 1:
        field = row_field(page, Row(place.spec.kind, tuple(cells)), is_known=True)
        return replace(field, spec=place.spec) if field else None
    if place.spec.kind is not Kind.CHECKBOX:
        box = page.rect_of(cells[0].left, cells[0].top, cells[0].right, cells[0].bottom)
        own = [
            field
            for field in written
            if _share(field.rect, box) > MOSTLY and not _is_word(field.rect, place.words, page)
        ]
        if len(own) == 1:
            number, whole = own[0], _single(page, place.spec, cells[0])
            known = (*place.captions, *place.marks)
            if whole and marks.holds_more(whole, number.rect, known, page.full_mm):
                number = replace(number, rect=whole.rect, image=whole.image, ink=whole.ink)
            return replace(number, spec=place.spec)
    return _single(page, place.spec, cells[0])


def _is_word(rect: Rect, words: Sequence[tuple[float, float]], page: OpenPage) -> bool:
    """Tell whether what was found on the page is a word printed there."""
    x, y, near = rect.x + rect.width / 2, rect.y + rect.height / 2, WORD_MM * page.full_mm
    return any(abs(x - at) < near and abs(y - level) < near for at, level in words)


def _doubted(page: OpenPage, lie: Lie, cells: list[Cell], field: FieldImage) -> FieldImage:
    """Doubt a field whose ink may be print: a wall, a printed word, a streak in a checkbox."""
    place, corner = lie.place, field.rect
    boxes = [
        page.rect_of(c.left, c.top, c.right, c.bottom).moved(-corner.x, -corner.y) for c in cells
    ]
    doubtful = walls.hugged(field.ink, boxes, page.full_mm)
    near = max(1, round(WORD_MM * page.full_mm))
    for x, y in place.words:
        row, col = round(y) - corner.y, round(x) - corner.x
        part = field.ink[max(0, row - near) : row + near, max(0, col - near) : col + near]
        doubtful |= row + near > 0 and col + near > 0 and bool(part.any())
    if place.spec.kind is Kind.CHECKBOX:
        doubtful |= lie.found < LEAST_FRAMED or walls.streaked(field.ink)
    else:
        captions = np.array(place.captions).reshape(-1, 4) + np.tile(_moved(page, lie), 2)
        if len(cells) == 1:
            doubtful |= marks.over_print(field, captions)
        else:
            doubtful |= marks.is_print(field, boxes, captions, page.full_mm)
    return replace(field, doubt=max(field.doubt, torn.DOUBT), pale=None) if doubtful else field


def _share(rect: Rect, box: Rect) -> float:
    """Return the share of a rectangle that lies in a box, height counted half."""
    wide = max(0, min(rect.right, box.right) - max(rect.x, box.x)) / rect.width
    high = max(0, min(rect.bottom, box.bottom) - max(rect.y, box.y)) / rect.height
    return wide * (0.5 + 0.5 * high) if high > 0.4 else 0.0


def snapped(found: Rules, cells: list[Cell], scale: float) -> tuple[float, float, float]:
    """Find the shift by which the lines of a field's boxes lie on the page's rules.

    Returns it in pixels (x, y) and the share of the lines found there.
    """
    xs = [edge for c in cells for edge in (c.left, c.right)]
    rows = slice(int(cells[0].top + 0.15 * cells[0].height), int(cells[0].bottom))
    dx, upright = _best_shift(found.up, xs, rows, scale)
    ys = [cells[0].top, cells[0].bottom]
    cols = slice(int(cells[0].left), int(cells[-1].right))
    dy, level = _best_shift(found.across.T, ys, cols, scale)
    return dx, dy, (upright + level) / 2


def _best_shift(mask: Mask, edges: list[float], along: slice, scale: float) -> tuple[float, float]:
    reach = round(SNAP_MM * scale)
    shifts = np.arange(-reach, reach + 1)
    at = np.floor(np.array(edges)[:, None] + shifts).astype(np.int64)  # the pixel they lie in
    first = max(0, int(at.min()))
    band = mask[max(0, along.start) : max(0, along.stop), first : max(0, int(at.max()) + 1)]
    if not band.size:
        return 0.0, 0.0
    dark = np.count_nonzero(band, axis=0) / len(band)
    share = dark[np.clip(at - first, 0, len(dark) - 1)]
    score = share.mean(axis=0) - FAR_MM * np.abs(shifts) / max(scale, 1)
    best = score.max()
    if best < 0.3:
        return 0.0, float(max(best, 0))
    top = shifts[score > best - 0.03]
    return float(top.mean()), float(best)


def _single(page: OpenPage, spec: FieldSpec, cell: Cell) -> FieldImage | None:
    """Cut out one cell or line, with the strokes that lie in it at least by half."""
    margin = 0.15 * cell.height
    rect = page.rect_of(
        cell.left - margin, cell.top - margin, cell.right + margin, cell.bottom + margin
    )
    dark = page.dark[rect.y : rect.bottom, rect.x : rect.right]
    box = page.rect_of(cell.left, cell.top, cell.right, cell.bottom).moved(-rect.x, -rect.y)
    inside = np.zeros(dark.shape, bool)
    inside[max(0, box.y) : box.bottom, max(0, box.x) : box.right] = True
    if not inside.any():
        return None
    across, up = page.cut_mask(page.rules.across, rect), page.cut_mask(page.rules.up, rect)
    rim = max(2, round(RIM_MM * page.full_mm))
    amid, between = np.zeros(dark.shape, bool), np.zeros(dark.shape, bool)
    amid[:, max(0, box.x) + rim : box.right - rim] = True
    between[max(0, box.y) + rim : box.bottom - rim] = True
    ink = binarize.ink_mask(dark, page.own_level(dark[inside]))
    ink = rules.without_rules(ink, across & ~between, up & ~amid)
    ink &= ~(_solid(ink) & ~between)
    ink &= ~(_solid(ink.T).T & ~amid)
    if spec.kind is Kind.CHECKBOX:
        ink &= inside  # a mark that touches a thick frame is no part of it
    ink = page.own_ink(ink, inside, NEXT_FIELD)
    image = page.picture(rect)
    return FieldImage(spec, rect, image, ink)


def _solid(ink: Mask) -> Mask:
    """Return the rows of ink (H, W) that a dark bar along a box fills: bool (H, 1).

    A bar goes on to the picture's edge, as the bar of a 7 on a box's rule does not. Digits that
    touched one went with it: of 2003 over the heading of the next table 0 was accepted.
    """
    full = ink.mean(axis=1, keepdims=True) > SOLID
    from_top, from_bottom = np.logical_and.accumulate(full), np.logical_and.accumulate(full[::-1])
    return np.asarray(from_top | from_bottom[::-1])
