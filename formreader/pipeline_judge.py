"""Judge one field by what its readers propose: what its form allows, how sure it is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from formreader import calibrate, segment, validate
from formreader.document import Candidate, FieldImage, FieldSpec, Glyph, Reading, Reason, Status
from formreader.pipeline_struck import AGAIN

TINY = 3.0
"""Height in pixels from which strokes too small to cut into digits still are not dust."""
DASH = 0.5
"""Height of a dash at most, in its breadths."""
INK, NEAR = 0.4, 0.2
"""Darkness of a glyph's ink, and how far from a diagonal of its frame it belongs to that, in sides
of the frame."""
CROSS, ARM = 0.83, 0.25
"""Share of a cross's ink that lies near a diagonal, and near each of both: 28 of 29 crosses of
a real form have 0.92 and more, 99 of 100 pairs of digits 0.81 at most."""
NO_NUMBER = 0.0002
"""Confidence in boxes below which what stands there is shown to a person as no number, such as the
letters of a name: 80 rows of scanned and drawn forms, none of them read right, below 0.001 one."""
MOST_LOST = 0.9
"""Probability of what a form excludes, beyond which what is left counts no more for that."""
PRINT = 0.5
"""Confidence up to which a doubtful place is taken for printed text: on three tax forms, an
insurance form and their blanks no word passed it, printed numbers reach 0.9."""
LEFT_OUT = 0.505
"""Doubt from which a place outside boxes may be left out as print; 0.5 to here only goes to a
person. Ten words of two insurance pages lie between it and 0.53."""
HAND = -3.5
"""Mean logit of print of its characters below which no place is left out: on drawn forms of 57
layouts 133 written numbers and parts of such were, and 48 other marks."""


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """One field on its way: where it lies and what it was cut into.

    `hints` are what else tells how sure its reading is, of a kind that has such.
    """

    field: FieldImage
    lattice: segment.Lattice
    hints: tuple[float, ...] = ()


def judge(
    cut: Cut,
    candidates: list[Candidate],
    spelt: list[tuple[str, float]],
    calibration: Mapping[str, Any],
    kind: str = "",
) -> validate.Evidence:
    """Fuse what the readers propose and say how sure it is.

    `kind` of the calibration is that of boxes or of free writing where none is named. Where it
    was bounded without asking that both readers agree, that is not asked here either.
    """
    lattice = cut.lattice
    if not candidates:
        return no_digits(cut)
    agreed = calibrate.agree(candidates, spelt)
    candidates, spelt, misfit = narrowed(candidates, spelt, cut.field.spec, bool(lattice.cells))
    fitted = calibration[kind or (calibrate.CELLS if lattice.cells else calibrate.FREE)]
    look = (lattice.contrast, lattice.height, *cut.hints)
    fused, chance = calibrate.calibrate(candidates, spelt, look, fitted)
    text = "" if lattice.cells and chance < NO_NUMBER else fused[0][0]
    best = next((c for c in candidates if text and c.text == text), None)
    shown = best or candidates[0]
    return replace(
        seen(cut, shown),
        text=text,
        confidence=chance,
        characters=shown.characters if best else (),
        touching=shown.touching,
        agree=agreed or not fitted.get("agreement", True),
        alternatives=calibrate.alternatives(fused, chance),
        misfit=misfit,
        needed=cut.field.spec.needed,
    )


def stopped(cut: Cut, first: Candidate) -> bool:
    """Tell whether a person looks at a field however sure its reading is; `first` is its best."""
    return validate.validate(seen(cut, first), 0.0)[0] is not Status.ACCEPTED


def seen(cut: Cut, candidate: Candidate) -> validate.Evidence:
    """Describe what was seen of a field that is surely read as `candidate`."""
    lattice = cut.lattice
    return validate.Evidence(
        text=candidate.text,
        confidence=1.0,
        characters=candidate.characters,
        has_ink=True,
        contrast=lattice.contrast,
        doubt=cut.field.doubt,
        passed=passed_over(candidate, cut) if lattice.cells else 0,
        gaps=empty_between(lattice),
        spilt=lattice.spilt,
        edge=lattice.edge,
        paler=lattice.paler,
    )


def narrowed(
    candidates: list[Candidate],
    spelt: list[tuple[str, float]],
    spec: FieldSpec,
    in_boxes: bool,
) -> tuple[list[Candidate], list[tuple[str, float]], Reason | None]:
    """Keep the strings that the field's form allows, and say whether that changed the reading.

    What cannot be is no doubt of what can: the probabilities of the others are shared out among
    those kept. Outside boxes the lattice's scores are none. Where no string is allowed, all are
    kept and the reading does not fit the form.
    """
    fits = spec.fits
    if fits is None:
        return candidates, spelt, None
    ours = [c for c in candidates if fits(c.text)]
    theirs = [(text, score) for text, score in spelt if fits(text)]
    if not ours:
        return candidates, spelt, Reason.MISFIT
    changed = ours[0].text != candidates[0].text
    if in_boxes:
        gain = shared_out([c.score for c in candidates], [c.score for c in ours])
        ours = [replace(c, score=c.score + gain) for c in ours]
    gain = shared_out([score for _, score in spelt], [score for _, score in theirs])
    theirs = [(text, score + gain) for text, score in theirs]
    return ours, theirs, Reason.NARROWED if changed else None


def shared_out(every: Sequence[float], kept: Sequence[float]) -> float:
    """Return by how much log-probabilities rise when only those `kept` are possible."""
    lost = sum(map(math.exp, every)) - sum(map(math.exp, kept))
    return -math.log1p(-min(max(lost, 0.0), MOST_LOST))


def passed_over(candidate: Candidate, cut: Cut) -> int:
    """Count the large glyphs passed over, without the struck-out boxes before a number."""
    if not cut.field.spec.filler or not candidate.passed:
        return candidate.passed
    first = candidate.characters[0].rect.x if candidate.characters else 0
    read = {c.rect for c in candidate.characters}
    others = [g for g in cut.lattice.glyphs if g.rect not in read]
    return sum(g.rect.x > first or not struck_out(g) for g in others)


def struck_out(glyph: Glyph) -> bool:
    """Tell whether a box holds a cross or a dash, as people strike out an empty one.

    No digit is no proof of that: 48 written into the first of four boxes was dropped, and the 721
    after it accepted.
    """
    if glyph.rect.height < DASH * glyph.rect.width:
        return True
    y, x = np.nonzero(glyph.image > INK)
    if not len(y):
        return False
    down = (y - y.min() + 0.5) / (np.ptp(y) + 1)
    along = (x - x.min() + 0.5) / (np.ptp(x) + 1)
    arms = np.abs(along - down) < NEAR, np.abs(along + down - 1) < NEAR
    return bool((arms[0] | arms[1]).mean() > CROSS and min(arms[0].mean(), arms[1].mean()) > ARM)


def no_digits(cut: Cut) -> validate.Evidence:
    """Describe a field in which no glyph was found: blank, or ink too small to read."""
    return validate.Evidence(
        text="",
        confidence=0.0,
        characters=(),
        has_ink=not cut.lattice.cells and cut.lattice.height >= TINY,
        contrast=cut.lattice.contrast,
        doubt=cut.field.doubt,
        needed=cut.field.spec.needed,
    )


def empty_between(lattice: segment.Lattice) -> int:
    """Count the empty boxes that lie between filled ones."""
    filled = {glyph.cell for glyph in lattice.glyphs}
    if not lattice.cells or not filled:
        return 0
    return max(filled) - min(filled) + 1 - len(filled)


def is_number(field: FieldImage, reading: Reading) -> bool:
    """Tell a field from print that only stood where a field might be.

    Boxes are always reported. Elsewhere what looks like print and does not read as a number
    either is left out: a page of text would give a hundred rows to review.
    """
    like_print = max(field.doubt, field.print_like) > LEFT_OUT and field.like_print >= HAND
    least = PRINT * (AGAIN if Reason.STRUCK_OUT in reading.reasons else 1.0)
    return bool(field.cells) or not like_print or reading.confidence > least
