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
from formreader.datasets import Hands
from formreader.document import Float
from formreader.strokes import DIGITS

PER_NUMBER = 9
"""Glyphs taken of each composed number; a dozen of each are told for sure."""
WHOLE, CLEAN = 0.88, 0.14
"""Share of a digit's ink from which a glyph is that digit, if of its own ink no more than
this share is another's."""
HALF, MIXED = 0.5, 0.3
"""Shares from which two digits, or a digit and other ink, make no digit together. Between these
and the ones above nothing is learned."""
MARKED = 0.8
"""Share of ink from which a glyph is of marks: dots, commas, dashes, signs, rules, print."""
TALL = 0.5
"""Height in digit heights from which a glyph may be taken for a digit."""
SLENDER = 0.45
"""Breadth in heights below which a tall glyph may be a 1, whatever wrote it: with stubs of rules
as no digits, 214 of 1,005 1s of another data set were refused that were read before. Of the
glyphs told to be no digit 3 % still look like a 1, mostly leaning commas."""
OTHER = len(DIGITS)
"""Class of what is no digit, after the ten digits."""


def make_pieces(
    hands: Hands, digits: int, others: int, rng: np.random.Generator
) -> tuple[Float, NDArray[np.int64]]:
    """Cut composed numbers to glyphs: float32 (N, 28, 28) and classes int64 (N,), 10 no digit.

    N is `digits` and `others` together, or less where the numbers do not hold as many.
    """
    found: list[tuple[Float, int]] = []
    for _ in range(-(-(digits + others) // PER_NUMBER)):
        found += pieces_of(compose(*hands[int(rng.integers(len(hands)))], rng))
    told = np.array([what for _, what in found], np.int64)
    kinds = ((np.flatnonzero(told < OTHER), digits), (np.flatnonzero(told == OTHER), others))
    picked = np.concatenate([rng.permutation(which)[:count] for which, count in kinds])
    glyphs = [found[place][0] for place in picked]
    return np.reshape(np.array(glyphs, np.float32), (-1, 28, 28)), told[picked]


def pieces_of(number: Composed) -> list[tuple[Float, int]]:
    """Return the glyphs of a number's lattice whose class is sure: float32 (28, 28) and class."""
    writing = segment.set_out(segment.bare_writing(pipeline.whole_image(number.image)))
    if writing is None:
        return []
    glyphs, cost, piece = segment.glyphs_of(writing)
    mass = np.zeros((1 + len(number.text), len(cost) + 1))
    np.add.at(mass, (owners(number, writing), piece), np.where(writing.dark > 0.4, writing.dark, 0))
    told = []
    for rect, glyph, start, end in glyphs:
        tall = rect.height >= TALL * writing.scale * writing.height
        slender = tall and rect.width < SLENDER * rect.height
        inside = mass[:, start + 1 : end + 1].sum(1)
        what = class_of(inside, mass.sum(1), number.text, tall, slender)
        if what is not None:
            told.append((glyph, what))
    return told


def owners(number: Composed, writing: segment.Writing) -> NDArray[np.int64]:
    """Tell which digit each pixel of upright writing belongs to: int64 (H, W), 0 for marks.

    What lies within 2 px of a digit, such as its blurred edge, is taken for a part of it.
    """
    count = len(number.text)
    whose = [(number.owner == who).astype(np.float32) for who in (MARK, *range(1, count + 1))]
    laid = np.stack([segment.laid_over(mine, writing) for mine in whose])
    near = np.stack([cv2.dilate(mine, np.ones((5, 5), np.uint8)) for mine in laid])
    clear = np.where(laid.max(0) > 0.5, laid, near)
    return np.where(clear.max(0) > 0.5, clear.argmax(0), 0)


def class_of(
    ink: NDArray[np.float64], whole: NDArray[np.float64], text: str, tall: bool, slender: bool
) -> int | None:
    """Tell what a glyph is by whose ink it holds; None where that is not sure.

    `ink` and `whole` float64 (1 + digits,) are the ink of marks and of each digit in it and in
    all the number.
    """
    total = max(float(ink.sum()), 1e-6)
    shares = ink[1:] / np.maximum(whole[1:], 1e-6)
    first = int(np.argmax(ink[1:]))
    strange = 1 - ink[1 + first] / total
    if shares[first] >= WHOLE and strange <= CLEAN:
        return int(text[first])
    marks = ink[0] > MARKED * total
    several = (shares >= HALF).sum() > 1
    mixed = strange >= MIXED and (shares[first] >= HALF or tall)
    return OTHER if not slender and (marks or several or mixed) else None
