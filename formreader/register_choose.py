"""Find which form a page is (part of stage 2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from formreader.document import Grey
from formreader.errors import PageError
from formreader.forms_print import Lines, Print, see_lines
from formreader.register_form import Fit, Start, fit, starts
from formreader.register_level import shrunk
from formreader.register_near import Target, probes_of
from formreader.register_proof import Proof, proof
from formreader.register_straight import placed
from formreader.register_words import agree, by_words

Matrix = NDArray[np.float64]

LEAST_FOUND, MOST_RESIDUAL_MM = 0.45, 0.3
"""Share of a form's print that must be found on a page for it to be that form, and how far
that may lie off: on nine photos and scans of five forms the right one had 0.51 to 0.91 at
0.14 to 0.26 mm, wrong ones up to 0.44 at 0.26 to 0.39 (chance alone gives 0.35);
a sister form of one office reached 0.63 at 0.27, so this alone does not tell sisters apart."""
LEAST_EXPLAINED = 0.15
"""Share of a page's rules that must be the form's: by direction 0.29 to 0.97 on photos and scans
of the right form, 0.01 to 0.04 where a sparse form lay on a dense one by chance."""
LEAST_WORDS, MOST_OFF_MM, SURELY_FOUND = 0.2, 0.6, 0.85
"""Share of a form's words below which a page with its rules is another form; how far nine tenths of
them may lie off, in millimetres, before it is drawn to them, if less of its rules was found. On 84
scans and photos of 23 drawn forms 0.8 to 1 of the words were found, on pages of other forms 0.02 at
most; the ticks of combs on a page that its few rules laid 0.8 mm off were accepted as 1s."""
MOST_FORMS = 8
"""Forms whose words alone are looked for on a page, the likeliest by their rules first: a quarter
of a second each."""
AS_WELL = 0.1
"""How much less of a form's print may be found than of another's for it to fit about as well: of
two versions with other headings 6 of 24 pages went to the wrong one."""
CLEARLY_FURTHER = 1.5
"""How many times further off than a form that fits another must lie, before refinement, not to
be tried: on 13 photos and scans the right one was always nearest, others 1.17 to 12 times
further, sister forms from 1.17 on."""
WORKING_PX = 1500
"""Longest side in pixels of a page as loaded in which the print is looked for."""
ONE_SCALE = 1.1
"""How far two forms may differ in size, as a factor, to be looked for among the same lines."""
FITS_IN = 1.1
"""How much larger than the form a picture of it usually is."""


class Laid:
    """A form laid on a picture, and the signs that the picture is not that form."""

    def __init__(self, index: int, form: Print, found: Fit, seen: Lines) -> None:
        self.index, self.form, self.fit, self.seen = index, form, found, seen

    @cached_property
    def signs(self) -> Proof:
        """Look for signs that a picture is not the form laid on it."""
        probes, matrix = probes_of(self.form), self.fit.matrix
        at, kind = probes.at[probes.kind < 2], probes.kind[probes.kind < 2]
        quarter = abs(matrix[0, 1]) > abs(matrix[0, 0])
        scale = float(np.sqrt(abs(np.linalg.det(matrix[:2, :2]))))
        there = placed(matrix, self.fit.bend, at, self.form)
        return proof(at, kind ^ quarter, there, self.seen, scale)

    @cached_property
    def known(self) -> float:
        """Return the share of the form's print that was found, 0 where that is chance."""
        if self.fit.found < LEAST_FOUND:
            return self.fit.found
        return self.fit.found if self.signs.explained >= LEAST_EXPLAINED else 0.0

    def is_it(self) -> bool:
        """Tell whether enough of the form is on the picture, and near enough to its place."""
        return self.known >= LEAST_FOUND and self.fit.residual_mm <= MOST_RESIDUAL_MM


def choose(image: Grey, forms: list[Print], grown: float) -> list[tuple[int, Fit, Proof]]:
    """Find the form that a level picture is: its index, its fit, and the signs against it.

    Others whose rules fit it about as well follow. `grown` is how much larger than the page as
    loaded it was drawn. Raises PageError where no form is found.
    """
    small, back = shrunk(image, round(WORKING_PX * grown))
    laid = _by_rules(small, forms)
    if laid and laid[0].is_it():
        near = [one for one in laid if one.is_it() and one.known > laid[0].known - AS_WELL]
        sure = [found for one in near if (found := _confirmed(one, image, back))]
        if sure:
            return [_in_picture(one, back) for one in sure]
    begun = {one.index: (back @ one.fit.matrix, one.fit.bend) for one in laid}
    if worded := choose_by_words(image, forms, begun):
        return worded
    if laid and laid[0].is_it():
        raise PageError(
            "is none of the forms given: it has the printed lines of one, but other words. "
            "It may be another form or version"
        )
    share = laid[0].known if laid else 0.0
    raise PageError(
        f"is none of the forms given: at best {share:.0%} of a form's printed lines were "
        "found on it. It may be another form, cut off, or too blurred"
    )


def choose_by_words(
    image: Grey, forms: list[Print], begun: Mapping[int, tuple[Matrix, Matrix | None]]
) -> list[tuple[int, Fit, Proof]]:
    """Find the form that a picture is by its words alone, as `choose`; empty where it is none.

    `begun` are the places, if any, where rules laid some of the forms, likeliest first.
    """
    order = [*begun, *(index for index in range(len(forms)) if index not in begun)]
    found = [
        (index, worded)
        for index in order[:MOST_FORMS]
        if (worded := by_words(forms[index], image, [begun[index]] if index in begun else []))
    ]
    if not found:
        return []
    index, best = max(found, key=lambda one: one[1].share)
    signs = Proof(np.zeros((0, 2)), np.zeros(0, bool), 0.0, by_words=True)
    return [(index, Fit(best.matrix, None, best.share, best.residual_mm), signs)]


def _by_rules(small: Grey, forms: list[Print]) -> list[Laid]:
    """Lay forms on a picture by their rules, likeliest first."""
    seen: dict[float, tuple[Lines, Target]] = {}
    begun: list[tuple[list[Start], int, Lines, Target]] = []
    for index, form in enumerate(forms):
        scale = max(small.shape) / max(form.width, form.height) / FITS_IN
        key = next((k for k in seen if 1 / ONE_SCALE < scale / k < ONE_SCALE), scale)
        if key not in seen:
            lines = see_lines(small, key)
            seen[key] = lines, Target(lines)
        places = starts(form, *seen[key])
        if places:
            begun.append((places, index, *seen[key]))
    begun.sort(key=lambda item: item[0][0].miss_mm)
    laid: list[Laid] = []
    nearest = np.inf
    for places, index, lines, target in begun:
        if places[0].miss_mm > CLEARLY_FURTHER * nearest:
            break
        found = fit(forms[index], target, places)
        if found is None:
            continue
        laid.append(Laid(index, forms[index], found, lines))
        if laid[-1].is_it():
            nearest = min(nearest, places[0].miss_mm)
    return sorted(laid, key=lambda one: -one.known)


def _in_picture(one: Laid, back: Matrix) -> tuple[int, Fit, Proof]:
    """Return the index, fit and signs of a form for the picture to which `back` is the map."""
    return one.index, replace(one.fit, matrix=back @ one.fit.matrix), one.signs


def _confirmed(one: Laid, image: Grey, back: Matrix) -> Laid | None:
    """Let its words confirm a form laid on a picture by its rules, and draw it to them.

    None where the words are others. `back` is the map from that picture to `image`.
    """
    matrix = back @ one.fit.matrix
    words = agree(one.form, image, matrix, one.fit.bend)
    if words is None:
        return one
    if words.share < LEAST_WORDS:
        return None
    if words.far_mm > MOST_OFF_MM and one.fit.found < SURELY_FOUND:
        worded = by_words(one.form, image, [(matrix, one.fit.bend)])
        if worded and worded.share >= words.share:
            drawn = np.asarray(np.linalg.inv(back) @ worded.matrix, np.float64)
            return Laid(one.index, one.form, replace(one.fit, matrix=drawn, bend=None), one.seen)
    return one
