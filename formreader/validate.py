"""Stage 8 of 8: decide what is to be done with a reading, and say why."""

from __future__ import annotations

from dataclasses import dataclass, replace

from formreader.document import Character, Reading, Reason, Status

DOUBT_LIMIT = 0.5
"""Doubt that a place is a field at all, above which nothing is accepted."""
FAINT_CONTRAST = 20.0
"""Grey levels between ink and paper under which the reviewer is told that ink is faint."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the earlier stages found out about one field.

    `passed` counts large glyphs passed over, `touching` cuts through ink, `gaps` empty boxes
    between filled ones, `spilt` strokes that run out of their box or of the field;
    `edge` tells that the first or last stroke may be the edge of a box, `paler` that a stroke
    as tall as a digit is so pale that it was not read; `misfit` how the reading contradicts
    its form, `needed` that the form wants a value.
    """

    text: str
    confidence: float
    characters: tuple[Character, ...]
    has_ink: bool
    contrast: float
    doubt: float
    passed: int = 0
    touching: int = 0
    gaps: int = 0
    spilt: int = 0
    agree: bool = True
    edge: bool = False
    paler: bool = False
    alternatives: tuple[tuple[str, float], ...] = ()
    misfit: Reason | None = None
    needed: bool = False


def validate(evidence: Evidence, threshold: float | None) -> tuple[Status, tuple[Reason, ...]]:
    """Accept, send to review, or call blank; reasons are in order of weight.

    `threshold` None means that nothing can be promised, so nothing is accepted.
    """
    if not evidence.has_ink:
        return (Status.REVIEW, (Reason.MISSING,)) if evidence.needed else (Status.BLANK, ())
    stops = []
    if not evidence.text:
        stops.append(Reason.NOT_A_DIGIT)
    elif evidence.passed:
        stops.append(Reason.STRUCK_OUT)
    if evidence.misfit:
        stops.append(evidence.misfit)
    if evidence.doubt > DOUBT_LIMIT:
        stops.append(Reason.NOT_A_FIELD)
    if not evidence.agree:
        stops.append(Reason.READERS_DISAGREE)
    if evidence.spilt:
        stops.append(Reason.SPILT)
    if evidence.edge:
        stops.append(Reason.LINE_OR_ONE)
    if evidence.paler:
        stops.append(Reason.PALER)
    if evidence.gaps:
        stops.append(Reason.EMPTY_BOX_INSIDE)
    if threshold is None or evidence.confidence < threshold:
        stops.append(Reason.LOW_CONFIDENCE)
    if not stops:
        return Status.ACCEPTED, ()
    return Status.REVIEW, (*stops, *hints(evidence))


def hints(evidence: Evidence) -> list[Reason]:
    """List what else the reviewer should know of a doubtful reading."""
    found = []
    if (
        any(
            c.alternatives and c.alternatives[0][0] == "?" and c.probability < 0.5
            for c in evidence.characters
        )
        and evidence.text
    ):
        found.append(Reason.NOT_A_DIGIT)
    if evidence.touching:
        found.append(Reason.TOUCHING)
    if evidence.contrast < FAINT_CONTRAST:
        found.append(Reason.FAINT)
    return found


def stopped(reading: Reading, reason: Reason) -> Reading:
    """Return a reading that a person must look at, for one more reason."""
    if reading.status is Status.BLANK:
        return reading
    reasons = tuple(dict.fromkeys((reason, *reading.reasons)))
    return replace(reading, status=Status.REVIEW, reasons=reasons)
