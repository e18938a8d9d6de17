"""Lay a form on a page by its printed words alone, where its rules are gone (part of stage 2).

A black-and-white scan loses pale rules and tints, a copy dotted ones; words stay. Each is sought
near its place by its picture, and one projective map is drawn through those found (RANSAC, Fischler
and Bolles 1981), three times, nearer each time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from formreader.document import Grey
from formreader.forms_print import PICTURED_PER_MM, WORD_MM, Print, pictured
from formreader.register_straight import placed, straightened

Matrix = NDArray[np.float64]
Points = NDArray[np.float64]

REACHES_MM = (7.0, 2.0, 1.0)
"""How far off its place a word is looked for, in millimetres, from one round to the next."""
LEAST_WIDE_MM, MOST_WORDS = 2.5, 120
"""Least width of a word that is looked for, in millimetres, and the number of the widest ones."""
ALIKE = 0.6
"""Likeness from which a word is found: by it 0.99 of the words of five forms were found on copies
and black-and-white scans of these, and up to 0.02 on those of others."""
SAME_MM = 0.5
"""How far a word lies off the common map at most, in millimetres."""
FEWEST, SOME, MOST = 12, 0.1, 0.6
"""Words that a form must have, the share of them that must be found to go on, and in the end."""


@dataclass(frozen=True, slots=True, eq=False)
class Worded:
    """A form laid on a picture by its words: `matrix` takes form mm to picture pixels.

    `share` of the words were found, `residual_mm` off their places.
    """

    matrix: Matrix
    share: float
    residual_mm: float


@dataclass(frozen=True, slots=True)
class Agreement:
    """The share of a form's words found near their places, and how far off nine tenths are, mm."""

    share: float
    far_mm: float


def by_words(
    form: Print, image: Grey, begun: Iterable[tuple[Matrix, Matrix | None]]
) -> Worded | None:
    """Lay a form on a level picture by its words, from the first of some places that leads there.

    `begun` are maps from form mm to pixels, and the bend; tried after them is the page that fills
    the picture, either way up. None where too few words are found.
    """
    if form.picture is None:
        return None
    words = _words(form)
    if len(words) < FEWEST:
        return None
    for matrix, bend in (*begun, *_filling(form, image.shape)):
        found = _drawn_near(form, image, words, matrix, bend)
        if found:
            return found
    return None


def agree(form: Print, image: Grey, matrix: Matrix, bend: Matrix | None) -> Agreement | None:
    """Tell how many of a form's words are where it was laid on a picture, and how far off.

    None where the form has too few words, or no picture of them.
    """
    if form.picture is None:
        return None
    words = _words(form)
    if len(words) < FEWEST:
        return None
    picture, dpi = straightened(image, matrix, bend, form)
    off, alike = _looked_for(form, words, picture, dpi, REACHES_MM[1])
    good = alike >= ALIKE
    far = float(np.percentile(np.hypot(*off[good].T), 90)) if good.any() else 0.0
    return Agreement(float(good.mean()), far)


def _words(form: Print) -> NDArray[np.int64]:
    """Return the indices of the words that are looked for."""
    wide, high = (form.labels[:, 2:] - form.labels[:, :2]).T
    fit = np.flatnonzero((wide >= LEAST_WIDE_MM) & (high >= WORD_MM[0]))
    return np.asarray(fit[np.argsort(-wide[fit], kind="stable")][:MOST_WORDS])


def _filling(form: Print, shape: tuple[int, ...]) -> list[tuple[Matrix, None]]:
    """Return the maps that lay a form in the middle of a picture as its page, either way up."""
    height, width = shape
    scale = max(height, width) / max(form.height, form.width)
    x, y = (width - scale * form.width) / 2, (height - scale * form.height) / 2
    upright = np.array([[scale, 0, x], [0, scale, y], [0, 0, 1]])
    turned = np.array([[-scale, 0, width - x], [0, -scale, height - y], [0, 0, 1]])
    return [(upright, None), (turned, None)]


def _drawn_near(
    form: Print, image: Grey, words: NDArray[np.int64], matrix: Matrix, bend: Matrix | None
) -> Worded | None:
    """Draw a form's words to those of a picture, round by round."""
    share = residual = 0.0
    middles = (form.labels[words, :2] + form.labels[words, 2:]) / 2
    for reach in REACHES_MM:
        picture, dpi = straightened(image, matrix, bend, form)
        off, alike = _looked_for(form, words, picture, dpi, reach)
        good = alike >= ALIKE
        if good.sum() < max(FEWEST, SOME * len(words)):
            return None
        there = placed(matrix, bend, middles[good] + off[good], form)
        per_mm = float(np.sqrt(abs(np.linalg.det(matrix[:2, :2]))))
        drawn, kept = cv2.findHomography(middles[good], there, cv2.RANSAC, SAME_MM * per_mm)
        if drawn is None or kept.sum() < FEWEST:
            return None
        on = kept[:, 0] > 0
        matrix, bend = np.asarray(drawn, np.float64), None
        share = float(on.sum() / len(words))
        missed = placed(matrix, None, middles[good][on], form) - there[on]
        residual = float(np.sqrt((missed**2).sum(axis=1).mean())) / per_mm
    return Worded(matrix, share, residual) if share >= MOST else None


def _looked_for(
    form: Print, words: NDArray[np.int64], image: Grey, dpi: float, reach_mm: float
) -> tuple[Points, NDArray[np.float64]]:
    """Return how far off each word is likeliest, in mm (N, 2), and how alike it is there (N,).

    `image` is the page drawn as the form lies, with `dpi`.
    """
    zoom = PICTURED_PER_MM * 25.4 / dpi
    page = cv2.resize(image, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA)
    reach = round(reach_mm * PICTURED_PER_MM)
    page = np.pad(page, reach, mode="edge")
    off, alike = np.zeros((len(words), 2)), np.zeros(len(words))
    assert form.picture is not None
    for at, (left, top, right, bottom) in enumerate(pictured(form.labels[words]).tolist()):
        word = form.picture[top:bottom, left:right]
        around = page[top : bottom + 2 * reach, left : right + 2 * reach]
        if not word.size or around.shape != tuple(side + 2 * reach for side in word.shape):
            continue
        match = cv2.matchTemplate(around, word, cv2.TM_CCOEFF_NORMED)
        _, alike[at], _, best = cv2.minMaxLoc(match)
        off[at] = (np.array(best) - reach) / PICTURED_PER_MM
    return off, alike
