"""Find the amount and the date of a cheque that are written on lines (a part of stage 3).

The amount stands right of a printed currency sign, the date on a short line above it.
"""

from __future__ import annotations

import cv2
import numpy as np

from formreader import binarize, cheque_signs, rules
from formreader import locate_zones as zones
from formreader.document import FieldImage, FieldSpec, Kind, Lined, Mask, Rect
from formreader.ink import digit_height
from formreader.locate_page import OpenPage
from formreader.rules import Level

SIGN_MM, SIGN_WIDE = (2.5, 8.0), (0.28, 1.0)
"""Height of a printed currency sign in millimetres, and its width in its own heights."""
RIGHT_PART = 0.45
"""Share of the cheque's width left of which neither a sign nor a date is looked for."""
FOOT_MM = 14.0
"""Paper above the foot of the cheque's picture in which the code line stands."""
CLEAR, NEAR = 0.4, 2.5
"""Paper left of a currency sign, in its heights, letters of a word stand closer; and distance up
to which a mark that is as likely a sign makes the next one a figure: an 8 looks like a $."""
LIKE_A_SIGN = 0.64
"""Correlation with a drawn sign from which a mark may be one; $ with thin serifs have 0.68."""
LINE_MM, FOOT_LINE_MM = 12.0, 5.0
"""Length in millimetres from which a level rule is a line that ink is freed of, strokes are
shorter; and the same at the foot of the writing, where lines are often seen in pieces."""
AT_FOOT_MM = 0.5
"""Distance from the foot of the writing within which the latter holds, in millimetres: feet of a 2
and a 3 side by side are such a rule, too."""
PALE_LINE = 0.25
"""Least darkness of a line that ink is freed of, as a share of the ink's: waves of security print
run through digits and are no part of the ink."""
WALL_MM = 6.5
"""Length in millimetres from which an upright rule is the wall of a frame."""
WALL = (0.15, 1.4)
"""Width of the wall of a frame at most, in its own heights, and its least height in those of the
figures in it."""
AMOUNT_MM = 48.0
"""Stretch right of a sign in which its amount stands, in millimetres; lines are often seen in
pieces, so they do not tell where it ends."""
ABOVE, BELOW = (2.0, 8.0), (0.5, 2.2)
"""How far figures reach above and below the foot of their sign, in its heights and at least in
millimetres: raised hundredths above, what hangs and their `100` below."""
FAR_MM = 7.0
"""Gap that ends what is written on a line, in millimetres."""
DATE_LINE_MM = (18.0, 68.0)
"""Length of the line of a date in millimetres."""
PIECES_MM, BESIDE_MM = (0.7, 9.0), (3.0, 25.0)
"""Distance up or down and gap of two pieces of one line at most, where writing hides it; and how
far a date may run out of its ends, in millimetres: of 11/21/2026 a valid 11/21/20 could be cut."""
DATE_MM = (8.0, 1.8)
"""How far a date reaches above and below its line, in millimetres."""
PALER = 0.75
"""Darkness of a line, as a share of the writing's, below which writing is seen on it: the feet of
22 went with their line, and 77 was left."""
REST_PX = 2
"""Distance from a line in pixels within which what is left of it lies: it is blurred."""
HANGING = 0.35
"""Height of print that hangs into a place from above, as a share of the place's; `DATE` is printed
under the line of a date, right above the amount."""
EDGE_MM = 1.0
"""Distance of a rule from the edge of a frame up to which it is that edge, in millimetres."""
FLAT = 0.2
"""Height of writing on a line at least, as a share of what it may reach above the line."""


def amounts(page: OpenPage, signs: str) -> list[Lined]:
    """Cut out what stands right of each mark that looks like one of `signs`, likeliest first."""
    found = sorted(_signs(page, signs), key=lambda pair: -pair[0])
    cuts = ((_beside(page, sign), likeness, sign) for likeness, sign in found)
    return [
        Lined(field, likeness, page.rect_of(s.x, s.y, s.right, s.bottom))
        for field, likeness, s in cuts
        if field is not None
    ]


def _signs(page: OpenPage, signs: str) -> list[tuple[float, Rect]]:
    """Find the marks at the right that look like a currency sign: correlation and place."""
    scale, (height, width) = page.scale, page.small_dark.shape
    ink = binarize.ink_mask(page.small_dark, page.level)
    ink = rules.without_rules(ink, _lines(page, around=2), np.zeros_like(ink))
    _, _, stats, _ = cv2.connectedComponentsWithStats(ink.view(np.uint8), connectivity=8)
    found: list[tuple[float, Rect]] = []
    for x, y, wide, high in stats[np.argsort(stats[:, 0]), :4].tolist():
        shaped = SIGN_MM[0] * scale <= high <= SIGN_MM[1] * scale
        shaped &= SIGN_WIDE[0] * high < wide < SIGN_WIDE[1] * high
        if not shaped or x < RIGHT_PART * width or y + high > height - FOOT_MM * scale:
            continue
        if ink[y : y + high, max(0, x - round(CLEAR * high)) : x].any():
            continue
        likeness = cheque_signs.likeness(page.small_dark, Rect(x, y, wide, high), signs)
        before = (s for _, s in found if s.y < y + high / 2 < s.bottom)
        if likeness >= LIKE_A_SIGN and not any(x - s.right < NEAR * high for s in before):
            found.append((likeness, Rect(x, y, wide, high)))
    return found


def days(page: OpenPage) -> list[FieldImage]:
    """Cut out what stands on each short line at the right, lowest first."""
    scale, (height, width) = page.scale, page.small_dark.shape
    found = []
    for x0, x1, y in _short_lines(page):
        if x0 + x1 < 2 * RIGHT_PART * width or y > height - FOOT_MM * scale:
            continue
        top, bottom = y - DATE_MM[0] * scale, y + DATE_MM[1] * scale
        edges = (x0 - BESIDE_MM[0] * scale, top, x1 + BESIDE_MM[1] * scale, bottom)
        field = _cut(page, edges, y, "date")
        if field is not None and field.ink.any(axis=1).sum() > FLAT * (bottom - top) / page.zoom:
            found.append((y, field))
    return [field for _, field in sorted(found, key=lambda pair: -pair[0])]


def _short_lines(page: OpenPage) -> list[tuple[float, float, float]]:
    """Find lines as long as that of a date, also in pieces: first and last column and row."""
    scale = page.scale
    pieces: list[tuple[float, float, float]] = []
    for level in sorted(page.rules.levels, key=lambda level: level.x0):
        y = float(np.median(level.y))
        if level.even >= zones.EVEN or len(level.y) < FOOT_LINE_MM * scale:
            continue
        if _is_edge(page, level, y):
            continue
        for at, (x0, x1, row) in enumerate(pieces):
            if abs(row - y) < PIECES_MM[0] * scale and level.x0 - x1 < PIECES_MM[1] * scale:
                pieces[at] = (x0, max(x1, level.x1), row)
                break
        else:
            pieces.append((level.x0, level.x1, y))
    least, most = DATE_LINE_MM
    return [line for line in pieces if least * scale <= line[1] - line[0] <= most * scale]


def _is_edge(page: OpenPage, level: Level, y: float) -> bool:
    """Tell whether a level rule is the upper or lower edge of a frame or box."""
    near = EDGE_MM * page.scale
    cells = [*page.cells, *(row.frame for row in page.rows)]
    return any(
        min(abs(cell.top - y), abs(cell.bottom - y)) < near
        and min(cell.right, level.x1) - max(cell.left, level.x0) > 0.5 * len(level.y)
        for cell in cells
    )


def _lines(page: OpenPage, foot: float = -1.0, around: int = 1) -> Mask:
    """Return where level rules run in the working copy: long ones, shorter ones at row `foot`.

    `around` are the pixels above and below them that are theirs: they are blurred.
    """
    zone = np.zeros(page.small_dark.shape, bool)
    near = AT_FOOT_MM * page.scale
    for level in page.rules.levels:
        at_foot = abs(float(np.median(level.y)) - foot) < near
        shortest = FOOT_LINE_MM if at_foot else LINE_MM
        if len(level.y) < shortest * page.scale or level.even >= zones.EVEN:
            continue
        columns = np.arange(level.x0, level.x1)
        rows = np.clip(np.rint(level.y), 0, len(zone) - 1).astype(np.int64)
        if np.median(page.small_dark[rows, columns]) < PALE_LINE * page.level:
            continue
        half = round(level.thick / 2) + around
        for shift in range(-half, half + 1):
            zone[np.clip(rows + shift, 0, len(zone) - 1), columns] = True
    return zone


def _walls(page: OpenPage) -> Mask:
    """Return where upright rules run in the working copy that are longer than a stroke."""
    long = np.ones((round(WALL_MM * page.scale), 1), np.uint8)
    dark = (page.small_dark > PALE_LINE * page.level).view(np.uint8) & page.rules.up
    walls = np.asarray(cv2.morphologyEx(dark.view(np.uint8), cv2.MORPH_OPEN, long), np.uint8)
    return cv2.dilate(walls, np.ones((1, 3), np.uint8)).view(np.bool_)


def _beside(page: OpenPage, sign: Rect) -> FieldImage | None:
    """Cut out what stands right of a sign; None where nothing does."""
    top = sign.bottom - max(ABOVE[0] * sign.height, ABOVE[1] * page.scale)
    bottom = sign.bottom + max(BELOW[0] * sign.height, BELOW[1] * page.scale)
    left = sign.right + 0.1 * sign.height
    edges = (left, top, left + AMOUNT_MM * page.scale, bottom)
    return _cut(page, edges, sign.bottom, "amount")


def _cut(
    page: OpenPage, edges: tuple[float, float, float, float], foot: float, name: str
) -> FieldImage | None:
    """Cut out the writing between edges (left, top, right, bottom) of the working copy.

    `foot` is the row of its line.

    What mostly lies outside is none of it, such as the edge of the paper, nor what follows after a
    long gap. None where nothing is written.
    """
    left, top, right, bottom = edges
    around = 0.4 * (bottom - top)
    rect = page.rect_of(left, top - around, right, bottom + around)
    inner = page.rect_of(left, top, right, bottom).moved(-rect.x, -rect.y)
    dark = page.dark[rect.y : rect.bottom, rect.x : rect.right]
    inside = np.zeros(dark.shape, bool)
    inside[inner.y : inner.bottom, inner.x : inner.right] = True
    own = page.own_level(dark[inside])
    ink = binarize.ink_mask(dark, own)
    lines, walls = page.cut_mask(_lines(page, foot), rect), page.cut_mask(_walls(page), rect)
    line = float(np.percentile(dark[lines], 80)) if lines.any() else own
    if line < PALER * own:  # ink over a line that is paler than itself is seen there, too
        lines &= dark < (own + line) / 2
    ink = _without_rests(rules.without_rules(ink, lines, walls), lines)
    ink = page.own_ink(ink, inside, 0.6, points=True)
    ink = _without_walls(_without_words_above(ink, inner)[inner.y : inner.bottom])
    columns = np.flatnonzero(ink.any(axis=0))
    if not columns.size:
        return None
    gaps = np.flatnonzero(np.diff(columns) > FAR_MM * page.full_mm)
    last = int(columns[gaps[0]] if gaps.size else columns[-1])
    ink[:, last + 1 :] = False
    place = Rect(rect.x, rect.y + inner.y, rect.width, inner.height)
    image = np.ascontiguousarray(page.image[place.y : place.bottom, place.x : place.right])
    return FieldImage(FieldSpec(name, Kind.LINE), place, image, np.ascontiguousarray(ink))


def _without_rests(ink: Mask, lines: Mask) -> Mask:
    """Take what is left of lines out of ink bool (H, W): strokes that lie all along them."""
    reach = np.ones((2 * REST_PX + 1, 1), np.uint8)
    near = cv2.dilate(lines.view(np.uint8), reach).view(np.bool_)
    _, labels = cv2.connectedComponents(ink.view(np.uint8), connectivity=8)
    whole = np.bincount(labels.ravel())
    along = np.bincount(labels[near], minlength=len(whole)) == whole
    return np.asarray(ink & ~along[labels], np.bool_)


def _without_words_above(ink: Mask, inner: Rect) -> Mask:
    """Take print out of ink bool (H, W) that hangs into the upper edge of a place from above."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink.view(np.uint8), connectivity=8)
    top, high = stats[:, cv2.CC_STAT_TOP], stats[:, cv2.CC_STAT_HEIGHT]
    hangs = (top <= inner.y) & (top + high > inner.y) & (high < HANGING * inner.height)
    hangs[0] = False
    return np.asarray(ink & ~hangs[labels], np.bool_)


def _without_walls(ink: Mask) -> Mask:
    """Take the walls of a frame out of ink bool (H, W): bars that are taller than the figures."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink.view(np.uint8), connectivity=8)
    wide, high = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]
    wall = (wide < WALL[0] * high) & (high > WALL[1] * digit_height(ink))
    return np.asarray(ink & ~wall[labels], np.bool_)
