"""Stage 4 of 8: cut a field's ink into glyphs that may be characters.

Boxes and combs give one glyph a cell. Elsewhere the field is over-segmented: cheap cuts are
looked for everywhere, and every run of neighbouring pieces that is not too wide becomes a
glyph of a lattice, which the classifier scores and `assemble` resolves.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from formreader.document import FieldImage, Float, Glyph, Mask, Rect
from formreader.ink import (
    FAINTEST_CONTRAST,
    darkness_of,
    normalize_glyph,
    remove_long_lines,
    strip_of,
)

HEIGHT = 40
"""Digit height in pixels to which a field is brought before it is cut."""
WIDEST = 1.5
"""Widest glyph, in digit heights; a looped 2 with its tail reached 1.3."""
BAND = 6
"""How far in pixels a cut may swerve from its column, at digit height 40."""
APART = 4
"""Least distance between two cuts in pixels, at digit height 40."""
CUT_LIMIT = 1.8
"""Dearest cut, in stroke widths: touching digits cost 0.3 to 1.5, the middle of a 0 costs 2."""
MOST_SLANT = 0.6
"""Greatest slant taken out, in pixels a row (31°)."""
SPECK, FLAT = 0.16, 0.25
"""Sizes in digit heights: a full stop is 0.1 to 0.2; rests of a rule or of print cut off at
the border are flatter than a quarter."""
WHITE = 0.15
"""Cost in stroke widths up to which a cut counts as a gap of white paper."""
TOO_WIDE = 0.8
"""Width in digit heights from which a piece is cut again; with 1.2 pairs of small round 0s
stayed whole."""
LINE_THICKNESS = 4
"""Thickest ruled line in pixels that is taken out of a cut-out field."""
MOST_CUTS = 60
"""Cuts kept in a field: enough for 15 digits; the dearest are dropped beyond it."""


@dataclass(frozen=True, slots=True, eq=False)
class Lattice:
    """A field's glyphs and the cuts between them.

    `cuts` float (nodes,) is what each cut costs in stroke widths (0: white paper), `height`
    the digit height in crop pixels, `contrast` ink against paper in grey levels, `cells` the
    number of boxes (0: free writing) and `filled` the indexes of boxes that hold ink.
    """

    glyphs: tuple[Glyph, ...]
    cuts: NDArray[np.float64]
    height: float
    contrast: float
    cells: int = 0


@dataclass(frozen=True, slots=True)
class Lean:
    """How writing was set upright: `shear` in pixels a row, `margin` in pixels at the left."""

    shear: float
    margin: int


def segment(field: FieldImage) -> Lattice:
    """Cut one field into the glyphs of a lattice; no glyphs where there is no ink."""
    darkness, contrast = darkness_of(field.image)
    if contrast < FAINTEST_CONTRAST:
        return Lattice((), np.zeros(1), 0.0, contrast, len(field.cells))
    if field.cells:
        return by_cells(field, only_near(darkness, field.ink), contrast)
    ink = without_rules(field.ink)
    return by_cuts(ink, only_near(darkness, ink), contrast)


def strip(field: FieldImage) -> Float:
    """Bring a field outside boxes to the strip reader's frame: float32 (32, W) in 0…1."""
    darkness, _ = darkness_of(field.image)
    ink = without_rules(field.ink)
    return strip_of(only_near(darkness, ink), ink)


def only_near(darkness: Float, ink: Mask) -> Float:
    """Keep the darkness of ink and of the pixels beside it."""
    return darkness * (cv2.dilate(ink.view(np.uint8), np.ones((3, 3), np.uint8)) > 0)


def without_rules(ink: Mask) -> Mask:
    """Take out ruled lines that run on through a third of a cut-out field."""
    height, width = ink.shape
    level = remove_long_lines(ink, max(24, width // 3, round(0.9 * height)), LINE_THICKNESS)
    return remove_long_lines(level.T.copy(), height, LINE_THICKNESS).T.copy()


def by_cells(field: FieldImage, darkness: Float, contrast: float) -> Lattice:
    """Make one glyph of every box that holds ink; ink that leaves its box stays whole."""
    owner = owners(field.ink, field.cells)
    heights = []
    glyphs = []
    for index, cell in enumerate(field.cells):
        mine = owner == index
        x, y, w, h = cv2.boundingRect(mine.view(np.uint8))
        if h < 0.2 * cell.height and w < 0.2 * cell.height:
            continue
        around = cv2.dilate(mine.view(np.uint8), np.ones((3, 3), np.uint8))
        image = normalize_glyph(darkness * around)
        heights.append(h)
        glyphs.append((Rect(x, y, w, h), image, index))
    height = float(np.median(heights)) if heights else 0.0
    return Lattice(
        tuple(Glyph(r, g, i, i + 1, r.height / height, r.width / height, i) for r, g, i in glyphs),
        np.zeros(len(field.cells) + 1),
        height,
        contrast,
        len(field.cells),
    )


def owners(ink: Mask, cells: tuple[Rect, ...]) -> NDArray[np.int32]:
    """Give every connected stroke to the box that holds most of it.

    A stroke with a third or more of its ink in a second box is cut at the border. Returns
    int32 (H, W), the box's index or −1.
    """
    column = np.full(ink.shape[1], -1, np.int32)
    for index, cell in enumerate(cells):
        column[max(cell.x, 0) : cell.right] = index
    place = np.broadcast_to(column, ink.shape)
    owner = np.full(ink.shape, -1, np.int32)
    count, labels = cv2.connectedComponents(ink.view(np.uint8), connectivity=8)
    inside = ink & (place >= 0)
    tally = np.zeros((count, len(cells)), np.int64)
    np.add.at(tally, (labels[inside], place[inside]), 1)
    best = tally.argmax(1).astype(np.int32)
    spread = tally.max(1) < 0.67 * np.maximum(tally.sum(1), 1)
    whole = ink & (tally.sum(1)[labels] > 0)
    owner[whole] = best[labels][whole]
    cut = whole & spread[labels]
    owner[cut] = place[cut]
    return owner


def digit_height(mask: Mask) -> float:
    """Estimate the digit height in pixels: the median height of strokes, weighted by ink."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=8)
    heights, areas = stats[1:, cv2.CC_STAT_HEIGHT], stats[1:, cv2.CC_STAT_AREA]
    if not len(heights):
        return 0.0
    order = np.argsort(heights)
    mass = np.cumsum(areas[order])
    return float(heights[order][np.searchsorted(mass, mass[-1] * 0.5)])


def without_specks(mask: Mask, height: float) -> Mask:
    """Drop specks and stubs of cut-off print from ink bool (H, W).

    `height` is the digit height in pixels; what is smaller than a sixth of it both ways, or
    lies flat on the crop's upper or lower border, says nothing of a digit.
    """
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=8)
    tops, heights = stats[:, cv2.CC_STAT_TOP], stats[:, cv2.CC_STAT_HEIGHT]
    size = np.maximum(heights, stats[:, cv2.CC_STAT_WIDTH])
    border = (tops == 0) | (tops + heights == mask.shape[0])
    keep = (size > SPECK * height) & ~(border & (heights < FLAT * height))
    keep[0] = False
    return np.asarray(keep[labels]) if count > 1 else mask


def by_cuts(ink: Mask, darkness: Float, contrast: float) -> Lattice:
    """Over-segment free writing: set it upright at a standard height, cut, join pieces."""
    native = digit_height(ink)
    if native < 5:
        return Lattice((), np.zeros(1), native, contrast)
    ink = without_specks(ink, native)
    x, y, w, h = cv2.boundingRect(ink.view(np.uint8))
    if w == 0:
        return Lattice((), np.zeros(1), native, contrast)
    crop = only_near(darkness, ink)[y : y + h, x : x + w]
    scale = HEIGHT / native
    size = (max(4, round(w * scale)), max(4, round(h * scale)))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    dark, lean = upright(cv2.resize(crop, size, interpolation=method))
    seams, cost = find_cuts(dark)
    glyphs = tuple(
        Glyph(
            crop_rect(rect, lean, scale, (x, y), dark.shape[0]),
            image,
            start,
            end,
            rect.height / HEIGHT,
            rect.width / HEIGHT,
        )
        for rect, image, start, end in join_pieces(dark, seams, cost)
    )
    return Lattice(glyphs, cost, native, contrast)


def upright(dark: Float) -> tuple[Float, Lean]:
    """Take the slant out of writing: float32 (H, W') and how it was moved.

    The shear that makes the column sums most uneven wins (after Vinciarelli & Luettin 2001);
    a margin is left at both sides.
    """
    height, width = dark.shape
    pad = int(MOST_SLANT * height / 2) + BAND + 2
    wide = cv2.copyMakeBorder(dark, 0, 0, pad, pad, cv2.BORDER_CONSTANT)
    size = (wide.shape[1], height)
    tried = []
    for shear in np.arange(-MOST_SLANT, MOST_SLANT + 0.01, 0.1):
        matrix = np.array([[1, shear, -shear * height / 2], [0, 1, 0]])
        leant = cv2.warpAffine(wide, matrix, size, flags=cv2.INTER_LINEAR)
        tried.append((float((leant.sum(0) ** 2).sum()), float(shear), leant))
    best = max(tried, key=lambda t: t[0])
    columns = np.flatnonzero(best[2].max(0) > 0.1)
    left = max(0, int(columns[0]) - BAND - 2)
    right = int(columns[-1]) + BAND + 3
    return best[2][:, left:right], Lean(best[1], pad - left)


def crop_rect(rect: Rect, lean: Lean, scale: float, corner: tuple[int, int], height: int) -> Rect:
    """Take a rectangle of upright writing back to crop pixels."""
    shifts = [lean.shear * (row - height / 2) for row in (rect.y, rect.bottom)]
    left = rect.x - lean.margin - max(shifts)
    right = rect.right - lean.margin - min(shifts)
    x, y = int(left / scale) + corner[0], int(rect.y / scale) + corner[1]
    return Rect(
        max(x, 0), y, max(1, round((right - left) / scale)), max(1, round(rect.height / scale))
    )


def find_cuts(dark: Float) -> tuple[NDArray[np.int16], NDArray[np.float64]]:
    """Find cheap seams from top to bottom.

    `dark` float32 (H, W). Every column gets the cheapest path through its band of ±6 px,
    moving sideways by a pixel a row at most (seam carving, Avidan & Shamir 2007). Local
    minima of the cost become cuts. Returns the cut columns int16 (cuts, H) and their costs in
    stroke widths (cuts,); the first and last cut lie outside the ink.
    """
    seams, total = band_seams(dark)
    stroke = stroke_width(dark)
    price = total / stroke
    chosen = local_minima(price)
    return seams[:, chosen].T.astype(np.int16), np.maximum(price[chosen], 0.0)


def stroke_width(dark: Float) -> float:
    """Estimate the pen's width in pixels: twice the ink's area over its outline."""
    mask = (dark > 0.5).view(np.uint8)
    edge = int(mask.sum()) - int(cv2.erode(mask, np.ones((3, 3), np.uint8)).sum())
    return float(np.clip(2.0 * mask.sum() / max(edge, 1), 2.0, HEIGHT / 4))


def band_seams(dark: Float) -> tuple[NDArray[np.int64], Float]:
    """Find each column's cheapest seam: columns int64 (H, W) and ink passed float32 (W,)."""
    height, width = dark.shape
    offsets = np.arange(-BAND, BAND + 1)
    columns = np.clip(np.arange(width)[:, None] + offsets[None, :], 0, width - 1)
    pull = (0.004 * np.abs(offsets)).astype(np.float32)
    big = np.float32(1e6)
    best = dark[0][columns] + pull
    step = np.zeros((height, width, len(offsets)), np.int8)
    for row in range(1, height):
        left = np.empty_like(best)
        left[:, 1:], left[:, 0] = best[:, :-1] + 0.02, big
        right = np.empty_like(best)
        right[:, :-1], right[:, -1] = best[:, 1:] + 0.02, big
        moves = step[row]
        moves[left < best] = -1
        best = np.minimum(best, left)
        moves[right < best] = 1
        best = np.minimum(best, right)
        best += dark[row][columns] + pull
    place = best.argmin(1)
    total = best[np.arange(width), place]
    seams = np.empty((height, width), np.int64)
    for row in range(height - 1, -1, -1):
        seams[row] = columns[np.arange(width), place]
        place = place + step[row][np.arange(width), place]
    return seams, total


def local_minima(price: NDArray[np.floating]) -> NDArray[np.int64]:
    """Pick the cheapest columns, at least 4 px apart; white gaps are cut in their middle.

    A piece that stays wider than a digit is cut at its cheapest place, however dear: strokes
    of touching digits may run side by side.
    """
    width = len(price)
    white = price < WHITE
    picked: list[int] = [0, width - 1]
    edges = np.flatnonzero(np.diff(np.concatenate([[False], white, [False]]).astype(np.int8)))
    for start, end in edges.reshape(-1, 2):
        if start > 0 and end < width:
            picked.append(int(start + end - 1) // 2)
    for x in np.argsort(price, kind="stable"):
        if price[x] > CUT_LIMIT or len(picked) >= MOST_CUTS:
            break
        lowest = price[max(0, x - 2) : x + 3].min()
        if price[x] >= WHITE and price[x] <= lowest and all(abs(x - p) >= APART for p in picked):
            picked.append(int(x))
    spans = list(pairwise(sorted(picked)))
    while spans and len(picked) < MOST_CUTS:
        left, right = spans.pop()
        if right - left <= TOO_WIDE * HEIGHT:
            continue
        inner = slice(left + 2 * APART, right - 2 * APART)
        middle = left + 2 * APART + int(np.argmin(price[inner]))
        picked.append(middle)
        spans += [(left, middle), (middle, right)]
    return np.array(sorted(picked))


def join_pieces(
    dark: Float, seams: NDArray[np.int16], cost: NDArray[np.float64]
) -> list[tuple[Rect, Float, int, int]]:
    """Join neighbouring pieces into glyphs: rectangle, normalised image, first and last cut."""
    width = dark.shape[1]
    grid = np.arange(width)[None, :]
    joined = []
    for start in range(len(seams) - 1):
        after = grid >= seams[start][:, None]
        for end in range(start + 1, len(seams)):
            left, right = int(seams[start].min()), int(seams[end].max()) + 1
            part = dark[:, left:right] * (
                after[:, left:right] & (grid < seams[end][:, None])[:, left:right]
            )
            x, y, w, h = cv2.boundingRect((part > 0.4).view(np.uint8))
            if w > WIDEST * HEIGHT and end > start + 1:
                break
            if w < 2 and h < 2:
                if end == start + 1:
                    continue
                break
            joined.append((Rect(left + x, y, w, h), normalize_glyph(part), start, end))
            if end > start + 1 and cost[end - 1] < WHITE and w > 1.1 * HEIGHT:
                break
    return joined
