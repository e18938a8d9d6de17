"""Compare the printed words of a page with those of a form (part of stage 2).

Rules do not tell two versions of a form that differ in a heading or in the order of rows. How
alike two words look is the normalised cross-correlation of their pictures (Lewis 1995).
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from formreader.document import Grey
from formreader.forms_print import PICTURED_PER_MM, WORD_MM, Print, pictured

Box = tuple[float, float, float, float]
Alike = NDArray[np.float64]

REACH_MM, NEIGHBOURS, NEAR_MM = 1.5, 9, 0.4
"""How far off its place a word is looked for, in millimetres, as the last lines of a scan lay 1 mm
off; the words around it whose usual shift it shares; and how far from that it counts. With any
shift up to 1.2 mm the “as” of Wasser is found for Gas, and Count 1 for Count 2."""
LETTER, BARE = 0.9, 0.6
"""Width of a letter, as a share of its word's height, and contrast, as a share of the word's, below
which it is a gap."""
CHANGED, LEAST_ALIKE = 0.7, 0.5
"""Likeness below which a word is another, as a share of the page's usual one, and the usual one
below which a page is too poor to tell. Of 5,190 words of drawn forms, scanned, photographed and
stamped, 2 had less; amounts of money one row further down had up to 0.67."""
FEWEST = 8
"""Words of a form from which the usual likeness is known."""
LETTER_MM, BOX_MM = 1.7, 4.0
"""Greatest width of a single letter, and distance of the walls of its box on both sides at most, in
millimetres: such hints are written over."""
ROUND, SAME_MM, MOST_WORDS = 0.12, 0.4, 20
"""Difference of width and height of a circle, as a share of its height, that of two circles in
millimetres, and their number at least."""
PALE = 0.5
"""Contrast of a word, as a share of the usual one, below which it is a hint to be written over."""
LINE_MM, BESIDE_MM = 6.0, 15.0
"""Height of a heading of several lines, and distance of the label after a checkbox, both in
millimetres at most."""


def likeness(form: Print, image: Grey, dpi: float) -> Alike:
    """Return for each word of a form how alike a page looks there: (N,) up to 1, NaN if unknown.

    `image` is the page drawn as the form lies, with `dpi`.
    """
    alike = np.full(len(form.labels), np.nan)
    if form.picture is None:
        return alike
    zoom = PICTURED_PER_MM * 25.4 / dpi
    page = np.asarray(cv2.resize(image, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA))
    reach = round(REACH_MM * PICTURED_PER_MM)
    page = np.pad(page, reach, mode="edge")
    found: list[tuple[int, Grey, Grey, NDArray[np.float32]]] = []
    for at, (left, top, right, bottom) in enumerate(pictured(form.labels).tolist()):
        word = form.picture[top:bottom, left:right]
        around = page[top : bottom + 2 * reach, left : right + 2 * reach]
        if word.size and around.shape == (word.shape[0] + 2 * reach, word.shape[1] + 2 * reach):
            found.append((at, word, around, _matched(around, word)))
    if not found:
        return alike
    where = np.array([_best(match) for *_, match in found])
    middles = (form.labels[:, :2] + form.labels[:, 2:])[[at for at, *_ in found]] / 2
    near = round(NEAR_MM * PICTURED_PER_MM)
    for (at, word, around, match), middle in zip(found, middles, strict=True):
        beside = np.argsort(np.hypot(*(middles - middle).T))[:NEIGHBOURS]
        down, along = np.maximum(np.median(where[beside], axis=0).round().astype(int) - near, 0)
        part = match[down : down + 2 * near + 1, along : along + 2 * near + 1]
        y, x = np.add(_best(part), (down, along)).tolist()
        alike[at] = _least_alike(word, around[max(0, y - 1) : y + len(word) + 1, max(0, x - 1) :])
    return alike


def _least_alike(word: Grey, around: Grey) -> float:
    """Return how alike the least alike letter of a word is, which begins a pixel inside `around`.

    By all of a word “500” and “200” are alike.
    """
    high, wide = word.shape
    step = min(wide, round(LETTER * high))
    alike = [1.0]
    for x in range(0, wide - step + 1, max(1, step // 3)):
        letter = np.ascontiguousarray(word[:, x : x + step])
        there = around[:, x : x + step + 2]
        if letter.std() >= BARE * word.std() and there.shape[1] >= step:
            alike.append(float(_matched(there, letter).max()))
    return min(alike)


def _matched(page: Grey, word: Grey) -> NDArray[np.float32]:
    return np.asarray(cv2.matchTemplate(page, word, cv2.TM_CCOEFF_NORMED), np.float32)


def _best(match: NDArray[np.float32]) -> tuple[int, int]:
    y, x = divmod(int(match.argmax()), match.shape[1])
    return y, x


def likeliest(laid: Sequence[tuple[Print, Grey, float]]) -> int:
    """Return which of the forms a page is by its words; they are the picture drawn and its dpi.

    The first where there is no other or the words of one are not known.
    """
    if len(laid) < 2 or any(form.picture is None for form, _, _ in laid):
        return 0
    usual = [float(np.nan_to_num(likeness(*each)).mean()) for each in laid]
    return int(np.argmax(usual))


def renamed(form: Print, image: Grey, dpi: float, fields: Sequence[tuple[Box, bool]]) -> list[bool]:
    """Tell before or over which fields a page, drawn straight, has other words than its form.

    Each is left, top, width and height in mm, and whether it is a checkbox. Of another version
    with two columns exchanged 87 values were accepted in the wrong fields.
    """
    other = changed(form, likeness(form, image, dpi), [box for box, _ in fields])
    return [bool((naming(box, form.labels, tick) & other).any()) for box, tick in fields]


def changed(form: Print, alike: Alike, fields: list[Box]) -> NDArray[np.bool_]:
    """Tell which words of a form are others on a page: bool (N,), from their likeness.

    Words within `fields`, as left, top, width and height in mm, and pale ones are written over;
    so are letters in boxes. Colons and dashes name nothing.
    """
    if form.picture is None:
        return np.zeros(len(alike), bool)
    left, top, right, bottom = form.labels.T
    counted = np.isfinite(alike) & (np.minimum(right - left, bottom - top) >= WORD_MM[0])
    counted &= ~(_letters_in_boxes(form) | _circles(form))
    for x, y, wide, high in fields:
        counted &= (right <= x) | (left >= x + wide) | (bottom <= y) | (top >= y + high)
    words = [form.picture[b:d, a:c] for a, b, c, d in pictured(form.labels)]
    contrast = np.array([int(w.max(initial=0)) - int(w.min(initial=255)) for w in words])
    if counted.sum() < FEWEST or np.median(alike[counted]) < LEAST_ALIKE:
        return np.zeros(len(alike), bool)
    counted &= contrast >= PALE * np.median(contrast[counted])
    return np.asarray(counted & (alike < CHANGED * np.median(alike[counted])))


def _letters_in_boxes(form: Print) -> NDArray[np.bool_]:
    """Tell which words of a form are single letters between two walls: bool (N,)."""
    left, top, right, bottom = form.labels.T[:, :, None]
    wall, first, last = form.uprights.T
    level = (first < (top + bottom) / 2) & ((top + bottom) / 2 < last)
    before = (level & (wall < left) & (left - wall < BOX_MM)).any(axis=1)
    after = (level & (wall > right) & (wall - right < BOX_MM)).any(axis=1)
    return np.asarray((right - left)[:, 0] < LETTER_MM) & before & after


def _circles(form: Print) -> NDArray[np.bool_]:
    """Tell which words of a form are round and of one size, as circles to be filled in: bool (N,).

    Of 19 numbers on drawn answer sheets 7 went to a person for the circles filled in beside them.
    """
    wide, high = (form.labels[:, 2:] - form.labels[:, :2]).T
    round_ = np.abs(wide - high) < ROUND * high
    size = np.rint(wide[round_] / SAME_MM).astype(np.int64)
    usual = np.flatnonzero(np.bincount(size) >= MOST_WORDS) if size.size else size
    alike = np.abs(wide[:, None] / SAME_MM - usual[None]).min(axis=1, initial=np.inf) <= 1
    return np.asarray(round_ & alike)


def naming(box: Box, labels: NDArray[np.float64], is_checkbox: bool) -> NDArray[np.bool_]:
    """Tell which printed words name a field: before it on its row, right over it in its column.

    `box` is its left, top, width and height in mm, `labels` (N, 4) left, top, right and bottom.
    """
    x, y, wide, high = box
    left, top, right, bottom = labels.T
    level = np.minimum(bottom, y + high) - np.maximum(top, y) > 0.5 * np.minimum(bottom - top, high)
    named = level & (right <= x + 1)
    if is_checkbox:
        named |= level & (left >= x + wide - 1) & (left < x + wide + BESIDE_MM)
    over = (np.minimum(right, x + wide) > np.maximum(left, x)) & (bottom <= y + 1)
    if over.any():
        named |= over & (bottom >= bottom[over].max() - LINE_MM)
    return np.asarray(named)
