"""Read the checkboxes of a page: marked, empty, or marked and struck out again."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from formreader.document import Candidate, FieldImage, Kind, Mask, Reading, Reason, Status
from formreader.validate import DOUBT_LIMIT, stopped

TICKED, EMPTY = 0.06, 0.015
"""Shares of ink in the middle of a checkbox: at least for a mark, at most for none."""
MOST_STROKES = 2.7
"""Strokes that a row or a column of pixels meets on average, from which a mark is struck out: in
23 crosses on three surveys up to 2.5, in four boxes scribbled over 3.0 to 4.6; three of these were
accepted as marked."""
FILLED = 0.5
"""Share of ink in a whole box from which it is filled in; those scribbled over had 0.38 to 0.51,
crosses up to 0.26."""
DIGIT = 0.9
"""How likely a mark is a digit, by the digit reader, from which its box is for digits rather: seven
codes in boxes that a draft took for checkboxes were accepted as marked; of 28 marks in checkboxes
of real surveys none is so likely one."""


def read_mark(field: FieldImage, candidates: Sequence[Candidate]) -> Reading:
    """Read a checkbox, and doubt a mark that the digit reader, its `candidates`, takes for a digit.

    A plain stroke is a mark, whatever it reads as.
    """
    reading = tick(field)
    best = candidates[0] if candidates else None
    digit = best and len(best.text) == 1 and best.text != "1" and best.score > math.log(DIGIT)
    return stopped(reading, Reason.MISFIT) if reading.text and digit else reading


def tick(field: FieldImage) -> Reading:
    """Read a checkbox by its share of ink: "1" where it is marked, blank where it is not."""
    share = float(inner(field.ink, 4).mean())
    struck = strokes_met(inner(field.ink, 8)) > MOST_STROKES
    doubtful = EMPTY < share < TICKED or field.doubt > DOUBT_LIMIT
    reasons = (Reason.STRUCK_OUT,) * struck + (Reason.LOW_CONFIDENCE,) * doubtful
    marked = share >= TICKED
    return Reading(
        field.spec.name,
        "1" if marked else "",
        0.5 if reasons else 0.99,
        Status.REVIEW if reasons else Status.ACCEPTED if marked else Status.BLANK,
        reasons,
        (),
        field.rect,
    )


def inner(ink: Mask, part: int) -> Mask:
    """Return a box without a border of 1/`part` of its size."""
    height, width = ink.shape
    return ink[height // part : height - height // part, width // part : width - width // part]


def strokes_met(ink: Mask) -> float:
    """Return how many strokes a row or a column meets on average, whichever meets more."""
    starts = [ink[:, :1].sum() + (ink[:, 1:] & ~ink[:, :-1]).sum() for ink in (ink, ink.T)]
    return float(max(starts[0] / max(1, ink.shape[0]), starts[1] / max(1, ink.shape[1])))


def check_ticks(readings: list[Reading], fields: Sequence[FieldImage]) -> list[Reading]:
    """Send boxes that are filled in to review where others of the page have a cross or a tick.

    Somebody who marks with crosses fills in a box to take its mark back.
    """
    marks: Mapping[str, float] = {
        field.spec.name: float(np.mean(inner(field.ink, 8)))
        for field, reading in zip(fields, readings, strict=True)
        if field.spec.kind is Kind.CHECKBOX and reading.text
    }
    if not any(share < FILLED for share in marks.values()):
        return readings
    checked = []
    for reading in readings:
        if marks.get(reading.field, 0.0) >= FILLED and Reason.STRUCK_OUT not in reading.reasons:
            reasons = (Reason.STRUCK_OUT, *reading.reasons)
            reading = replace(reading, status=Status.REVIEW, reasons=reasons, confidence=0.5)
        checked.append(reading)
    return checked
