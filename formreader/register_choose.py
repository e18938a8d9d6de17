"""Find which form a page is (part of stage 2)."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from formreader.document import Grey
from formreader.errors import PageError
from formreader.forms_print import Lines, Print, see_lines
from formreader.register_form import Fit, fit, probes_of
from formreader.register_proof import Proof, proof
from formreader.register_straight import placed

LEAST_FOUND, MOST_RESIDUAL_MM = 0.45, 0.3
"""Share of a form's print that must be found on a page for it to be that form, and how far
that may lie off: on nine photos and scans of five forms the right one had 0.51 to 0.91 at
0.14 to 0.26 mm, wrong ones up to 0.44 at 0.26 to 0.39 (chance alone gives 0.35);
a sister form of one office reached 0.63 at 0.27, so this alone does not tell sisters apart."""
LEAST_EXPLAINED = 0.15
"""Share of a page's rules that must be the form's: by direction 0.29 to 0.97 on photos and scans
of the right form, 0.01 to 0.04 where a sparse form lay on a dense one by chance."""
WORKING_PX = 1500
"""Longest side in pixels of the picture in which the print is looked for."""
FITS_IN = 1.1
"""How much larger than the form a picture of it usually is."""


def choose(image: Grey, forms: list[Print]) -> tuple[int, Fit, Proof]:
    """Find the form that an upright picture is: its index, its fit, and the signs against it.

    Raises PageError where no form is found.
    """
    zoom = min(1.0, WORKING_PX / max(image.shape))
    small = cv2.resize(image, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA)
    seen: dict[int, Lines] = {}
    fits: list[tuple[float, int, Fit, Lines]] = []
    for index, form in enumerate(forms):
        scale = max(small.shape) / max(form.width, form.height) / FITS_IN
        key = round(10 * np.log(scale))
        if key not in seen:
            seen[key] = see_lines(np.asarray(small, np.uint8), float(scale))
        found = fit(form, seen[key])
        if found is not None:
            fits.append((found.found, index, found, seen[key]))
    fits.sort(key=lambda item: -item[0])
    for share, index, best, lines in fits:
        if share < LEAST_FOUND:
            break
        signs = _signs(forms[index], best, lines)
        if signs.explained < LEAST_EXPLAINED:
            continue
        if best.residual_mm > MOST_RESIDUAL_MM:
            break
        back = np.diag([1 / zoom, 1 / zoom, 1.0])
        return index, replace(best, matrix=back @ best.matrix), signs
    share = fits[0][0] if fits else 0.0
    raise PageError(
        f"is none of the forms given: at best {share:.0%} of a form's printed lines were "
        "found on it. It may be another form, cut off, or too blurred"
    )


def _signs(form: Print, found: Fit, seen: Lines) -> Proof:
    """Look for signs that a picture is not the form laid on it."""
    probes = probes_of(form)
    at, kind = probes.at[probes.kind < 2], probes.kind[probes.kind < 2]
    quarter = abs(found.matrix[0, 1]) > abs(found.matrix[0, 0])
    scale = float(np.sqrt(abs(np.linalg.det(found.matrix[:2, :2]))))
    there = placed(found.matrix, found.bend, at, form)
    return proof(at, kind ^ quarter, there, seen, scale)
