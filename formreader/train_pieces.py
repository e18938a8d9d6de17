"""Pieces of composed numbers, cut as the lattice cuts them, with what each of them is.

Single digits do not show what a cut through touching ones leaves, nor two linked zeros taken
for one digit: a classifier that scores lattices learns both from lattices (after LeCun et al.
1998, section VI).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from formreader import pipeline, segment
from formreader.compose import MARK, Composed, compose
from formreader.document import Float, Rect
from formreader.segment_cuts import HEIGHT, find_cuts, leant_like
from formreader.segment_join import join_pieces, pieces
from formreader.train_strips import Hands

NUMBERS = 4
"""Numbers composed for one batch: a dozen glyphs of each are told for sure."""
WHOLE, CLEAN = 0.88, 0.14
"""Share of a digit's ink from which a glyph is that digit, if of its own ink no more than
this share is another's."""
HALF, MIXED = 0.5, 0.3
"""Shares from which two digits, or a digit and other ink, make no digit together. Between these
and the ones above nothing is learned."""
SLENDER = 0.45
"""Breadth in heights below which an upright piece may be a 1, whatever wrote it: with stubs of
rules as no digits, 214 of 1,005 1s of another data set were refused that were read before."""
OTHER = 10
"""Class of what is no digit."""


def make_pieces(
    hands: Hands, digits: int, others: int, seed: list[int]
) -> tuple[Float, NDArray[np.int64]]:
    """Cut composed numbers to glyphs: float32 (N, 28, 28) and classes int64 (N,), 10 no digit.

    N is at most `digits` and `others`, of each kind what there is.
    """
    rng = np.random.default_rng(seed)
    found: list[tuple[Float, int]] = []
    for _ in range(NUMBERS):
        found += pieces_of(compose(*hands[int(rng.integers(len(hands)))], rng))
    told = np.array([what for _, what in found], np.int64)
    kinds = ((np.flatnonzero(told < OTHER), digits), (np.flatnonzero(told == OTHER), others))
    picked = np.concatenate([rng.permutation(which)[:count] for which, count in kinds])
    if not len(picked):
        return np.zeros((0, 28, 28), np.float32), told[:0]
    return np.stack([found[place][0] for place in picked]), told[picked]


def pieces_of(number: Composed) -> list[tuple[Float, int]]:
    """Return the glyphs of a number's lattice whose class is sure: float32 (28, 28) and class."""
    writing = segment.set_out(segment.bare_writing(pipeline.whole_image(number.image)))
    if writing is None:
        return []
    seams, cost = find_cuts(writing.dark)
    mass = ink_by_owner(number, writing, seams)
    told = []
    for rect, glyph, start, end in join_pieces(writing.dark, seams, cost):
        what = class_of(mass[:, start + 1 : end + 1].sum(1), mass.sum(1), number.text, rect)
        if what is not None:
            told.append((glyph, what))
    return told


def ink_by_owner(
    number: Composed, writing: segment.Writing, seams: NDArray[np.int16]
) -> NDArray[np.float64]:
    """Weigh the ink of marks and of each digit between cuts: (1 + digits, pieces)."""
    dark, box = writing.dark, writing.box
    piece, _, _ = pieces(dark.shape, seams)
    size = (max(4, round(box.width * writing.scale)), len(dark))
    crop = number.owner[box.y : box.bottom, box.x : box.right]
    owner = cv2.resize(crop, size, interpolation=cv2.INTER_NEAREST)
    owner = np.where(owner > 0, owner, cv2.dilate(owner, np.ones((5, 5), np.uint8)))
    owner[owner == MARK] = 0
    ink = np.where(dark > 0.4, dark, 0)
    mass = []
    for whose in range(len(number.text) + 1):
        mine = leant_like((owner == whose).astype(np.float32), writing.lean, dark.shape[1])
        mass.append(np.bincount(piece.ravel(), (mine * ink).ravel(), len(seams) + 1))
    return np.array(mass)


def class_of(
    ink: NDArray[np.float64], whole: NDArray[np.float64], text: str, rect: Rect
) -> int | None:
    """Tell what a glyph is by whose ink it holds; None where that is not sure.

    `ink` and `whole` (1 + digits,) are the ink of marks and of each digit in it and in all.
    """
    total = max(float(ink.sum()), 1e-6)
    shares = ink[1:] / np.maximum(whole[1:], 1e-6)
    first = int(np.argmax(ink[1:]))
    strange = 1 - ink[1 + first] / total
    if shares[first] >= WHOLE and strange <= CLEAN:
        return int(text[first])
    if rect.width < SLENDER * rect.height and rect.height >= HALF * HEIGHT:
        return None
    marks = ink[0] > 0.8 * total
    several = (shares >= HALF).sum() > 1
    mixed = strange >= MIXED and (shares[first] >= HALF or rect.height > HALF * HEIGHT)
    return OTHER if marks or several or mixed else None
