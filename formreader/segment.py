"""Stage 4 of 8: cut a field's ink into glyphs that may be characters.

Boxes and combs give one glyph a cell. Elsewhere the field is over-segmented: cheap cuts are
looked for everywhere, and every run of neighbouring pieces that is not too wide becomes a
glyph of a lattice, which the classifier scores and `assemble` resolves.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from formreader.document import FieldImage, Float, Glyph, Mask, Rect
from formreader.ink import (
    FAINTEST_CONTRAST,
    INK_EDGE,
    LONGEST_STRIP,
    STRIP_MARGIN,
    Strokes,
    darkness_of,
    digit_height,
    middle_height,
    normalize_glyph,
    remove_long_lines,
    strip_of,
    strokes_of,
)
from formreader.segment_cells import owners
from formreader.segment_cuts import (
    HEIGHT,
    Lean,
    crop_rects,
    find_cuts,
    leant_like,
    slant,
    upright,
)
from formreader.segment_join import join_pieces
from formreader.segment_pale import overlooked

SPECK, FLAT = 0.16, 0.25
"""Sizes in digit heights: a full stop is 0.1 to 0.2; rests of a rule or of print cut off at
the border are flatter than a quarter."""
TIGHT = 0.8
"""Height of writing, as a share of the crop's, from which the crop is cut to the writing."""
WIDEST_GAP = 12
"""White columns left of a gap from which print was taken out, in a strip whose writing is 28 pixels
high: the reader learned from gaps of 17 at most, and half saw a digit there. Of 348 numbers of a
drawn time sheet read right 145 were in doubt for it, then 55."""
LINE_THICKNESS = 4
"""Thickest ruled line in pixels that is taken out of a cut-out field."""


@dataclass(frozen=True, slots=True, eq=False)
class Lattice:
    """A field's glyphs and the cuts between them.

    `cuts` float (nodes,) is what each cut costs in stroke widths (0: white paper), `height`
    the digit height in crop pixels, `contrast` ink against paper in grey levels, `cells` the
    number of boxes (0: free writing), `spilt` the strokes that run over from one box into
    another or out of the field, `strip` the whole of free writing, float32 (32, W), `edge`
    that its first or last stroke may be the edge of a box, `paler` that a stroke as tall as
    a digit was too pale to be taken for ink.
    """

    glyphs: tuple[Glyph, ...]
    cuts: NDArray[np.float64]
    height: float
    contrast: float
    cells: int = 0
    spilt: int = 0
    strip: Float | None = None
    edge: bool = False
    paler: bool = False


def segment(field: FieldImage) -> Lattice:
    """Cut one field into the glyphs of a lattice; no glyphs where there is no ink."""
    darkness, contrast = field.flat or darkness_of(field.image)
    if contrast < FAINTEST_CONTRAST:
        return Lattice((), np.zeros(1), 0.0, contrast, len(field.cells))
    if field.cells:
        return by_cells(field, only_near(darkness, field.ink), contrast)
    bare = bare_writing(field)
    lattice = by_cuts(bare, contrast)
    if not lattice.glyphs:
        return lattice
    return replace(
        lattice,
        strip=strip_of_bare(bare, field.spec.parted),
        edge=line_or_one(bare.ink),
        paler=field.flat is not None and overlooked(darkness, field.ink, lattice.height),
    )


def strip(field: FieldImage) -> Float:
    """Bring a field outside boxes to the strip reader's frame alone: float32 (32, W) in 0…1."""
    return strip_of_bare(bare_writing(field), field.spec.parted)


@dataclass(frozen=True, slots=True, eq=False)
class Bare:
    """A field's writing without ruled lines: `ink`, `darkness` near it, its strokes and slant.

    `leaning` is its strip before the slant, `shear` in pixels a row, is taken out.
    """

    ink: Mask
    darkness: Float
    strokes: Strokes
    leaning: Float
    shear: float


def bare_writing(field: FieldImage) -> Bare:
    """Take ruled lines out of free writing, and measure its slant."""
    darkness, _ = field.flat or darkness_of(field.image)
    ink = without_rules(field.ink)
    dark = only_near(darkness, ink)
    strokes = strokes_of(ink)
    leaning = strip_of(dark, strokes.stats)
    return Bare(ink, dark, strokes, leaning, slant(leaning))


def strip_of_bare(bare: Bare, is_parted: bool) -> Float:
    """Bring bare writing to the strip reader's frame: float32 (32, W) in 0…1."""
    strip = set_upright(bare.leaning, bare.shear)
    return close_gaps(strip) if is_parted else strip


def set_upright(leaning: Float, shear: float) -> Float:
    """Take the slant out of a strip; one that would grow too long stays as it is."""
    if not leaning.any():
        return leaning
    strip, _ = upright(leaning, shear, STRIP_MARGIN)
    return strip if strip.shape[1] <= LONGEST_STRIP else leaning


def close_gaps(strip: Float) -> Float:
    """Take out the white columns of a strip (32, W) that go beyond `WIDEST_GAP`.

    Elsewhere a gap stays a reason to doubt: with all closed, 15 more pairs of numbers that stood
    side by side in a cell were accepted as one.
    """
    columns = np.arange(strip.shape[1])
    inked = np.maximum.accumulate(np.where(strip.max(axis=0) >= INK_EDGE, columns, -1))
    return strip[:, columns - inked <= WIDEST_GAP]


def only_near(darkness: Float, ink: Mask) -> Float:
    """Keep the darkness of ink and of the pixels beside it."""
    return darkness * (cv2.dilate(ink.view(np.uint8), np.ones((3, 3), np.uint8)) > 0)


def without_rules(ink: Mask) -> Mask:
    """Take out ruled lines that run on through a third of a cut-out field, or its full height.

    Twice the height is asked for, since both ends meet the border: with the height alone,
    half a stroke of a 7 or 1 that touched the border counted as a line (14 of 677 amounts).
    Where the writing itself is as tall as the crop, upright strokes stay: they are its 1s.
    """
    height, width = ink.shape
    level = remove_long_lines(ink, max(24, width // 3, round(0.9 * height)), LINE_THICKNESS)
    bare = remove_long_lines(level.T.copy(), 2 * height, LINE_THICKNESS).T.copy()
    lost = level & ~bare
    tight = lost.any() and (not bare.any() or digit_height(bare) >= TIGHT * height)
    return level if tight else bare


def line_or_one(ink: Mask) -> bool:
    """Tell whether a crop's first or last stroke may as well be the edge of a box.

    `ink` bool (H, W) is what `without_rules` left; a stroke from border to border that lies
    within a seventh of the height of the crop's side cannot be told from a 1.
    """
    near = max(1, ink.shape[0] // 7)
    return bool(ink[:, :near].all(0).any() or ink[:, -near:].all(0).any())


def by_cells(field: FieldImage, darkness: Float, contrast: float) -> Lattice:
    """Make one glyph of every box that holds ink; ink that leaves its box stays whole."""
    owner, spilt = owners(field.ink, field.cells)
    heights = []
    glyphs = []
    for index, cell in enumerate(field.cells):
        mine = (owner == index).view(np.uint8)
        x, y, w, h = cv2.boundingRect(mine)
        if h < 0.2 * cell.height and w < 0.2 * cell.height:
            continue
        near = np.s_[max(0, y - 1) : y + h + 1, max(0, x - 1) : x + w + 1]
        around = cv2.dilate(np.ascontiguousarray(mine[near]), np.ones((3, 3), np.uint8))
        image = normalize_glyph(darkness[near] * around)
        heights.append(h)
        glyphs.append((Rect(x, y, w, h), image, index))
    height = float(np.median(heights)) if heights else 0.0
    return Lattice(
        tuple(Glyph(r, g, i, i + 1, r.height / height, r.width / height, i) for r, g, i in glyphs),
        np.zeros(len(field.cells) + 1),
        height,
        contrast,
        len(field.cells),
        spilt,
    )


def without_specks(strokes: Strokes, height: float) -> Mask:
    """Drop specks and stubs of cut-off print from ink: bool (H, W).

    `height` is the digit height in pixels; what is smaller than a sixth of it both ways, or
    lies flat on the crop's upper or lower border, says nothing of a digit.
    """
    stats = strokes.stats
    tops, heights = stats[:, cv2.CC_STAT_TOP], stats[:, cv2.CC_STAT_HEIGHT]
    size = np.maximum(heights, stats[:, cv2.CC_STAT_WIDTH])
    border = (tops == 0) | (tops + heights == len(strokes.labels))
    keep = (size > SPECK * height) & ~(border & (heights < FLAT * height))
    keep[0] = False
    return strokes.kept(keep)


@dataclass(frozen=True, slots=True, eq=False)
class Writing:
    """Free writing set upright at the standard digit height, and where it came from.

    `dark` float32 (H, W) with digits 40 px high, how it was moved, the `box` of the field it
    was cut from, in pixels, `scale` from these to pixels of `dark`, `height` of its digits before.
    """

    dark: Float
    lean: Lean
    box: Rect
    scale: float
    height: float


def set_out(bare: Bare) -> Writing | None:
    """Set free writing upright at a standard height; None where nothing is written."""
    native = middle_height(bare.strokes.stats)
    if native < 5:
        return None
    ink = without_specks(bare.strokes, native)
    x, y, w, h = cv2.boundingRect(ink.view(np.uint8))
    if w == 0:
        return None
    box, scale = Rect(x, y, w, h), HEIGHT / native
    scaled = at_height(only_near(bare.darkness, ink), box, scale)
    if float(scaled.max()) < INK_EDGE:
        return None
    return Writing(*upright(scaled, bare.shear), box, scale, native)


def at_height(picture: Float, box: Rect, scale: float) -> Float:
    """Cut a box out of a field's picture and scale it: float32 (H, W), at least 4 px a side."""
    size = (max(4, round(box.width * scale)), max(4, round(box.height * scale)))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    crop = picture[box.y : box.bottom, box.x : box.right]
    return cv2.resize(crop, size, interpolation=method)


def laid_over(picture: Float, writing: Writing) -> Float:
    """Move a picture of the field, float32, as its writing was moved: float32 (H, W) of `dark`."""
    scaled = at_height(picture, writing.box, writing.scale)
    return leant_like(scaled, writing.lean, writing.dark.shape[1])


def glyphs_of(
    writing: Writing,
) -> tuple[list[tuple[Rect, Float, int, int]], NDArray[np.float64], NDArray[np.uint8]]:
    """Cut writing and join the pieces; returns glyphs, what cuts cost, pieces of the pixels."""
    seams, cost = find_cuts(writing.dark)
    joined, piece = join_pieces(writing.dark, seams, cost)
    return joined, cost, piece


def by_cuts(bare: Bare, contrast: float) -> Lattice:
    """Over-segment free writing: set it upright at a standard height, cut, join pieces."""
    writing = set_out(bare)
    if writing is None:
        return Lattice((), np.zeros(1), middle_height(bare.strokes.stats), contrast)
    joined, cost, _ = glyphs_of(writing)
    if not joined:
        return Lattice((), cost, writing.height, contrast)
    places = crop_rects([glyph[0] for glyph in joined], writing.lean, writing.scale, writing.box)
    glyphs = tuple(
        Glyph(place, image, start, end, rect.height / HEIGHT, rect.width / HEIGHT)
        for place, (rect, image, start, end) in zip(places, joined, strict=True)
    )
    return Lattice(glyphs, cost, writing.height, contrast)
