"""Cut rows of boxes out of a page (a part of stage 3)."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from formreader import binarize, rules
from formreader import locate_even as even
from formreader import locate_torn as torn
from formreader.document import FieldImage, FieldSpec, Grey, Mask, Rect
from formreader.ink import strokes_of
from formreader.locate_page import PALE, PALE_DOUBT, OpenPage
from formreader.locate_rows import Row, ruled

MARGIN = 0.2
"""Margin around a field's boxes, as a share of their height: digits often reach out."""
BOX_RIM_MM = 0.25
"""Width in millimetres of the rim of a box in which its wall may still be seen."""
AMID_MM = 0.5
"""Width in millimetres of the rim beyond which nothing of a wall is seen."""
BEYOND_MM = 1.2
"""How far beside its boxes a stroke must go on to run through them, in millimetres: within that, at
150 dpi, rests of walls made strokes of six clean rows of one form."""
TICKED = 1.3
"""Width of a row of boxes, as a share of its height, below which it may be one box to tick:
the stroke of a cross was taken for a wall and the cross read as 11."""
WALL_PERCENT = 80
"""Percentile of the darkness where walls run that is taken for theirs: more than half of it is the
blurred edge of a thin one."""
RUNS_ON = 2.4
"""Height in box heights, of three looked at, from which a stroke beside a row is a rule."""
HOLE = 0.9
"""Gap between two boxes, as a share of their width, in which a box may have been missed."""
APART = 1.6
"""The same up to which two rows may be one; between columns of a table it is wider, with a rule."""
NEXT_RULED = 0.5
"""Share of such a box over and under which the row's lines must be seen."""
ALIKE_WIDE = 0.75
"""Width of another row's box, in the row's, from which it may stand there; strokes make less."""
NEXT_RIM = 0.12
"""Rim of the box that may follow in which walls are not looked at, as a share of its sides."""
AS_HIGH = 1.5
"""Height of the boxes of one row, in heights of the other's, from which both are never one number:
beside boxes twice as high those of a word in letters sent four sums of a page to a person."""
TOOTH_MM, LOW = 0.2, 0.35
"""Width in millimetres of what is left of a tooth, thinner than pens write, and its height as a
share of its box: in three combs of a blank tax form it was accepted as 1, a 0 beside one as 9."""
BLOCK = 0.6
"""Share of the place beside a row that is ink where a block stands and no digit (chosen)."""
OWN_SHARE = 0.35
"""Share of a stroke that must lie in the boxes to be theirs."""
LEAST_DOUBT, EVEN_DOUBT = 0.1, 0.7
"""Doubt of what stands in boxes, and of what stands there as evenly as print."""


@dataclass(frozen=True, slots=True, eq=False)
class _Crop:
    """What is cut out for a row: its place, its boxes there, and masks (H, W) of their insides.

    `within` is as high as the crop: between the walls of a box, also above and below it.
    """

    rect: Rect
    cells: tuple[Rect, ...]
    dark: Grey
    inside: Mask
    within: Mask


def row_field(page: OpenPage, row: Row, is_known: bool = False) -> FieldImage | None:
    """Cut out a row of boxes, None where they are too small to hold anything.

    Where a form is known to have one here, even digits are no sign of print: half of the rows of a
    neatly filled form, mostly of two digits, went to a person for that.
    """
    crop = _crop(page, row, MARGIN * row.frame.height)
    if not crop.inside.any():
        return None
    own = page.own_level(crop.dark[crop.inside])
    bare = _bare(page, crop, own)
    ink = page.own_ink(bare, crop.inside, OWN_SHARE)
    ink = _without_teeth(ink, crop.cells, page.full_mm)
    doubt = EVEN_DOUBT if not is_known and _stands_even(ink, crop) else LEAST_DOUBT
    penned = LEAST_DOUBT
    is_pale = bool(ink.any()) and page.is_pale(crop.dark[ink])
    amid = max(2, round(AMID_MM * page.full_mm))
    struck = False
    if ink.any():
        struck = _runs_through(page, row, crop, ink, own, amid)
        pale = torn.paler_strokes(crop.dark, ink, crop.cells, amid, page.least_own) & crop.inside
        struck |= bool(pale.any())
        ink |= pale
    frame = row.frame
    ends = [bool(ink[c.y : c.bottom, c.x : c.right].any()) for c in (crop.cells[0], crop.cells[-1])]
    beside = _besides(page, row, is_known)
    filled = [side for side, is_filled in zip(beside, ends, strict=True) if is_filled]
    goes_on = _goes_on(page, row, own, filled)
    if not is_known and not goes_on:
        goes_on = any(_holds_next(page, row, own, n) for n in (0, -1) if ends[n])
    if struck or goes_on or frame.width < TICKED * frame.height:
        doubt, penned = max(doubt, torn.DOUBT), torn.DOUBT
    spec = FieldSpec("", row.kind, len(crop.cells))
    field = FieldImage(
        *(spec, crop.rect, page.picture(crop.rect), ink, crop.cells, doubt),
        penned=None if is_known else penned,
    )
    return replace(field, doubt=max(doubt, PALE_DOUBT), pale=doubt) if is_pale else field


def _without_teeth(ink: Mask, boxes: Sequence[Rect], pixels_per_mm: float) -> Mask:
    """Take out of a row's ink what is left of the teeth of its comb.

    Thin pieces that stand beside walls are, and thin ones anywhere where there is nothing else.
    """
    strokes = strokes_of(ink)
    x, y, wide, high = strokes.stats[:, :4].T
    box = boxes[0]
    teeth = (wide <= max(1, TOOTH_MM * pixels_per_mm)) & (high <= LOW * box.height)
    if not teeth[1:].all():
        walls = np.array([side for cell in boxes for side in (cell.x, cell.right)])
        off = np.abs((x + wide / 2)[:, None] - walls).min(axis=1)
        teeth &= (off <= AMID_MM * pixels_per_mm) & (high > wide) & (y > box.y + box.height / 2)
    teeth[0] = True  # the paper
    return strokes.kept(~teeth)


def _runs_through(page: OpenPage, row: Row, crop: _Crop, ink: Mask, own: float, amid: int) -> bool:
    """Tell whether strokes run through a row of boxes; `ink` (H, W) is what lies in them."""
    wide = _crop(page, row, max(MARGIN * row.frame.height, BEYOND_MM * page.scale))
    top, left = crop.rect.y - wide.rect.y, crop.rect.x - wide.rect.x
    held = np.zeros(wide.inside.shape, bool)
    held[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    return torn.runs_through(_bare(page, wide, own), held, wide.cells, amid)


def _crop(page: OpenPage, row: Row, margin: float) -> _Crop:
    """Cut a row's boxes and `margin` around them out of the page's darkness."""
    frame = row.frame
    rect = page.rect_of(
        frame.left - margin, frame.top - margin, frame.right + margin, frame.bottom + margin
    )
    dark = page.dark[rect.y : rect.bottom, rect.x : rect.right]
    inside, within = np.zeros((2, *dark.shape), bool)
    rim = max(1, round(BOX_RIM_MM * page.full_mm))
    boxes = (page.rect_of(c.left, c.top, c.right, c.bottom) for c in row.cells)
    cells = tuple(box.moved(-rect.x, -rect.y) for box in boxes)
    for box in cells:
        inside[box.y + rim : box.bottom - rim, box.x + rim : box.right - rim] = True
        within[:, box.x + rim : box.right - rim] = True
    return _Crop(rect, cells, dark, inside, within)


def _bare(page: OpenPage, crop: _Crop, own: float) -> Mask:
    """Return the ink of a crop without walls, rounded corners and guides.

    Ink over walls much paler than itself is seen there, too: of a 9 that reached over the grey
    wall of its box a 4 was left.
    """
    lines = page.cut_mask(page.level_lines, crop.rect)
    up = page.cut_mask(page.rules.up, crop.rect)
    guides = (lines | up) & crop.inside & (crop.dark < PALE * own)
    corners = page.cut_mask(page.rounded.corners, crop.rect)
    ink = binarize.ink_mask(crop.dark, own) & ~(guides | corners)
    across, up = _uncovered(crop.dark, lines & ~crop.inside, up & ~crop.within, own)
    return rules.without_rules(ink, across, up)


def _uncovered(dark: Grey, across: Mask, up: Mask, own: float) -> tuple[Mask, Mask]:
    """Leave of walls what is not covered by ink, where they are much paler than that."""
    walls = dark[across | up]
    wall = float(np.percentile(walls, WALL_PERCENT)) if walls.size else own
    if wall >= PALE * own:
        return across, up
    bare = dark < (own + wall) / 2
    return across & bare, up & bare


def _besides(page: OpenPage, row: Row, is_known: bool) -> list[tuple[float, float]]:
    """Return from where to where a digit may stand that goes on before and after a row.

    Where a form is known to have rows and cells beside, it ends there.
    """
    frame, first, last = row.frame, row.cells[0], row.cells[-1]
    gap = max(0.0, row.cells[1].left - first.right)
    left = max(0.0, first.left - gap - torn.BOX_BESIDE * first.width)
    right = last.right + gap + torn.BOX_BESIDE * last.width
    if is_known:
        others = [other.frame for other in page.rows] + page.cells
        level = [o for o in others if frame.top < o.middle < frame.bottom]
        left = max([left, *(o.right for o in level if o.right < first.right)])
        right = min([right, *(o.left for o in level if o.left > last.left)])
    return [(min(left, first.left), first.left), (last.right, max(right, last.right))]


def _goes_on(page: OpenPage, row: Row, own: float, beside: Sequence[tuple[float, float]]) -> bool:
    """Tell whether a number may go on right before, after or in a hole of a row of boxes.

    Looked at are the places `beside` it whose next box is filled. A box beside that is no paper is
    none of the row's: of 7387 under a watermark 87 was accepted.
    """
    frame = row.frame
    if page.by_shaded_box(frame.left, frame.right, frame.middle) or _holds_ink(page, row, own):
        return True
    for left, right in beside:
        rect = page.rect_of(left, frame.top, right, frame.bottom)
        dark = page.dark[rect.y : rect.bottom, rect.x : rect.right]
        if not dark.size:
            continue  # beyond the page
        ink = _without_labels(page, rect, binarize.ink_mask(dark, own))
        if ink.mean() > BLOCK:
            continue
        lines = _rules_beside(page, rect)
        over = rules.without_rules(ink, *_uncovered(dark, *lines, own))
        if torn.holds_digit(over) or torn.as_tall_as_half(rules.without_rules(ink, *lines)):
            return True
    return False


def _holds_next(page: OpenPage, row: Row, own: float, end: int) -> bool:
    """Tell whether a row's lines run on to one more box whose walls a digit in it hides.

    `end` is 0 before the row, -1 after it. Strokes of a 9 and a 3 that crossed walls were taken
    for rules: of a 298332 83 was accepted.
    """
    cell = row.cells[end]
    step = (row.cells[1].left - row.cells[0].left) * (1 if end else -1)
    left, right = cell.left + step, cell.right + step
    others = (c for other in page.rows if other is not row for c in other.cells)
    level = (c for c in others if c.top < cell.middle < c.bottom)
    alike = (c for c in level if c.width > ALIKE_WIDE * cell.width)
    if any(c.left < right and left < c.right for c in alike):
        return False  # the boxes of another number
    if left < 0 or not ruled(page.rules, left, right, cell, NEXT_RULED):
        return False
    wide, high = NEXT_RIM * cell.width, NEXT_RIM * cell.height
    rect = page.rect_of(left + wide, cell.top + high, right - wide, cell.bottom - high)
    dark = page.dark[rect.y : rect.bottom, rect.x : rect.right]
    return bool(dark.size) and torn.holds_stroke(binarize.ink_mask(dark, own))


def _without_labels(page: OpenPage, rect: Rect, ink: Mask) -> Mask:
    """Drop strokes that lie where a known form has print beside a row: bool (H, W).

    One that runs out of the print's place stays whole: it may be a digit written over it.
    """
    boxes = [page.rect_of(o.left, o.top, o.right, o.bottom) for o in page.labels]
    boxes = [box.moved(-rect.x, -rect.y) for box in boxes]
    strokes = strokes_of(ink)
    x, y, w, h = strokes.stats[:, :4].T
    inside = np.zeros(len(x), bool)
    for box in boxes:
        level = (y >= box.y) & (y + h <= box.bottom)
        inside |= level & (x >= box.x) & (x + w <= box.right)
    inside[0] = True  # the paper
    return strokes.kept(~inside)


def _rules_beside(page: OpenPage, rect: Rect) -> tuple[Mask, Mask]:
    """Return where level and upright rules run in a place beside a row.

    Boxes too pale to be ink need no taking out: in a soft photo strokes of a 9 and a 7 were among
    the rules, and the 16 of a 169 was accepted. There only upright rules count that run on for
    most of a box's height above and below: such a rule of a table sent 15 rows of a page away.
    """
    across, up = page.cut_mask(page.rules.across, rect), page.cut_mask(page.rules.up, rect)
    if page.pale_boxes:
        across[:] = False
        above = min(rect.height, rect.y)
        below = min(rect.height, page.image.shape[0] - rect.bottom)
        tall = Rect(rect.x, rect.y - above, rect.width, above + rect.height + below)
        strokes = strokes_of(page.cut_mask(page.rules.up, tall))
        runs_on = strokes.stats[:, cv2.CC_STAT_HEIGHT] > RUNS_ON * rect.height
        runs_on[0] = False
        up = strokes.kept(runs_on)[above : above + rect.height]
    return across, up


def _holds_ink(page: OpenPage, row: Row, own: float) -> bool:
    """Tell whether something stands in a hole of a row, or between it and the next in line.

    Of a 681971644 one wall was under a watermark, and 68197644 was accepted.
    """
    frame = row.frame
    pairs = list(itertools.pairwise(row.cells))
    for other in page.rows:
        first, second = sorted((row, other), key=lambda r: r.frame.left)
        a, b = first.cells[-1], second.cells[0]
        level = frame.top < other.frame.middle < frame.bottom
        level &= max(a.height, b.height) < AS_HIGH * min(a.height, b.height)
        if level and b.left - a.right < APART * a.width:
            pairs.append((a, b))
    for a, b in pairs:
        wide = b.left - a.right
        if wide > HOLE * a.width:
            inner, high = 0.25 * wide, 0.2 * a.height
            rect = page.rect_of(a.right + inner, a.top + high, b.left - inner, a.bottom - high)
            dark = page.dark[rect.y : rect.bottom, rect.x : rect.right]
            if binarize.ink_mask(dark, own).sum() > torn.SPOT * rect.height**2:
                return True
    return False


def _stands_even(ink: Mask, crop: _Crop) -> bool:
    """Tell whether the characters in boxes stand as printed ones do: one height, one row."""
    spans = []
    for cell in crop.cells:
        part = np.s_[cell.y : cell.bottom, cell.x : cell.right]
        if found := even.edges(crop.dark[part], ink[part]):
            spans.append(found)
    if len(spans) < 2:
        return False
    top, bottom = np.array(spans).T
    slack = max(1.0, 0.03 * float(np.median(bottom - top)))
    level = np.ptp(top) <= 2 * slack and np.ptp(bottom) <= 2 * slack
    return bool(level and even.is_even(spans))
