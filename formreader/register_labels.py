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
from formreader.forms_print import LABEL_RIM_MM, PICTURED_PER_MM, WORD_MM, Print

Box = tuple[float, float, float, float]
Alike = NDArray[np.float64]

REACH_MM, NEIGHBOURS, NEAR_MM = 1.5, 9, 0.4
"""How far off its place a word is looked for, in millimetres, as the last lines of a scan lay 1 mm
off; the words around it whose usual shift it shares; and how far from that it counts. With any
shift up to 1.2 mm the “as” of Wasser is found for Gas, and Count 1 for Count 2."""
CHANGED, LEAST_ALIKE = 0.75, 0.6
"""Likeness below which a word is another, as a share of the page's usual one, and the usual one
below which a page is too poor to tell. On 40 pages and photos of drawn forms words of the form
had 0.65 and more (0.88 but for one of a hundred), others in their place up to 0.70; on five real
scans 0.76 and more but for 18 of 1,223, most of them letters to be written over."""
FEWEST = 8
"""Words of a form from which the usual likeness is known."""
LETTER_MM, BOX_MM = 1.7, 4.0
"""Greatest width of a single letter, and distance of the walls of its box on both sides at most, in
millimetres: such hints are written over."""
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
    found: list[tuple[int, NDArray[np.float32]]] = []
    for at, (left, top, right, bottom) in enumerate(_cut(form).tolist()):
        word = form.picture[top:bottom, left:right]
        around = page[top : bottom + 2 * reach, left : right + 2 * reach]
        if word.size and around.shape == (word.shape[0] + 2 * reach, word.shape[1] + 2 * reach):
            found.append((at, cv2.matchTemplate(around, word, cv2.TM_CCOEFF_NORMED)))
    if not found:
        return alike
    where = np.array([np.unravel_index(int(m.argmax()), m.shape) for _, m in found])
    middles = (form.labels[:, :2] + form.labels[:, 2:])[[at for at, _ in found]] / 2
    near = round(NEAR_MM * PICTURED_PER_MM)
    for (at, match), middle in zip(found, middles, strict=True):
        around_it = np.argsort(np.hypot(*(middles - middle).T))[:NEIGHBOURS]
        down, along = np.median(where[around_it], axis=0).round().astype(int).tolist()
        part = match[max(0, down - near) : down + near + 1, max(0, along - near) : along + near + 1]
        alike[at] = float(part.max())
    return alike


def likeliest(laid: Sequence[tuple[Print, Grey, float]]) -> int:
    """Return which of the forms a page is by its words; they are the picture drawn and its dpi.

    The first where there is no other or the words of one are not known.
    """
    if len(laid) < 2 or any(form.picture is None for form, _, _ in laid):
        return 0
    usual = [float(np.nan_to_num(likeness(*each)).mean()) for each in laid]
    return int(np.argmax(usual))


def _cut(form: Print) -> NDArray[np.int64]:
    """Return where the words of a form lie in its picture, with a rim: (N, 4)."""
    rim = np.array([-LABEL_RIM_MM, -LABEL_RIM_MM, LABEL_RIM_MM, LABEL_RIM_MM])
    edges = np.rint((form.labels + rim) * PICTURED_PER_MM).astype(np.int64)
    return np.maximum(edges, 0)


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
    counted &= ~_letters_in_boxes(form)
    for x, y, wide, high in fields:
        counted &= (right <= x) | (left >= x + wide) | (bottom <= y) | (top >= y + high)
    contrast = np.array(
        [int(np.ptp(form.picture[b:d, a:c], axis=None)) for a, b, c, d in _cut(form)]
    )
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
