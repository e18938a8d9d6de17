"""Read date, amount and account number of one cheque with the readers of any other number."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from formreader import calibrate, cheque_marks, cheque_values, segment, validate
from formreader.cheque_profiles import Profile
from formreader.document import Candidate, FieldImage, Reading, Reason, Status
from formreader.locate_cheque import ChequePlaces, Frame
from formreader.pipeline import Cut, Readers, judge, propose

DATE_BOXES = 8
TAIL_NARROW = 0.6
"""Width in digit heights up to which a last stroke before a dash may be a slash."""
Scored = list[tuple[str, float]]
Grammar = Callable[[Scored, Sequence[Candidate]], Scored]


@dataclass(frozen=True, slots=True, eq=False)
class ChequeFields:
    """Reads the fields of one cheque: models, their calibration, the profile and today."""

    readers: Readers
    calibration: Mapping[str, Any]
    thresholds: Mapping[str, float | None]
    profile: Profile
    today: date

    def read(self, places: ChequePlaces) -> list[Reading]:
        """Read date, amount, words and account."""
        found = [self.date(places), self.amount(places)]
        return [reading for reading in found if reading is not None]

    def date(self, places: ChequePlaces) -> Reading | None:
        """Read the topmost row of eight boxes as the best date that exists."""
        rows = [row for row in places.rows if len(row.cells) == DATE_BOXES]
        if not rows:
            return None
        field = min(rows, key=lambda row: row.rect.y)
        order = self.profile.date
        reading = self.decide("date", field, lambda s, _: cheque_values.valid_dates(s, order))
        if reading.status is Status.BLANK:
            return reading
        found = cheque_values.real_date(reading.text, order)
        if found is None:
            return stopped(reading, Reason.NO_SUCH_DATE)
        if not cheque_values.believable(found, self.today):
            return stopped(reading, Reason.FAR_DATE)
        return reading

    def amount(self, places: ChequePlaces) -> Reading | None:
        """Read the figures in the frame that a currency sign marks."""
        if not places.amounts:
            return None
        frame, edge = choose_frame(places.amounts)
        field = cheque_marks.without_left(frame.field, edge)
        ink = segment.without_rules(field.ink)
        height = segment.digit_height(ink)
        ink, tail = cheque_marks.without_tail(ink, height)
        field = replace(field, ink=ink)
        seen: list[list[int]] = []

        def grammar(scored: Scored, candidates: Sequence[Candidate]) -> Scored:
            kept, separators = self.as_amounts(scored, candidates, field, height, tail)
            seen.append(separators)
            return kept

        reading = self.decide("amount", field, grammar)
        separators = seen[0] if seen else []
        if cheque_values.misfits(separators, self.profile):
            reading = stopped(reading, Reason.GROUPING)
        if tail and not separators:
            reading = stopped(reading, Reason.GROUPING)
        return replace(reading, text=cheque_values.amount_text(reading.text, separators))

    def as_amounts(
        self,
        scored: Scored,
        candidates: Sequence[Candidate],
        field: FieldImage,
        height: float,
        tail: bool,
    ) -> tuple[Scored, list[int]]:
        """Weigh strings by how the separators seen between their digits fit an amount.

        Before a closing dash a last thin stroke may be a slash: the string without it is
        tried too. Returns the strings, best first, and the separators of the best.
        """
        placed = {c.text: [char.rect for char in c.characters] for c in candidates}
        best: dict[str, tuple[float, list[int]]] = {}
        for text, score in scored:
            rects = placed.get(text)
            options = [(text, rects)]
            if tail and len(text) > 1 and text[-1] in "17":
                options.append((text[:-1], rects[:-1] if rects else None))
            for option, boxes in options:
                marks = cheque_marks.separators(field.ink, boxes, height) if boxes else []
                total = score + cheque_values.MISFIT * cheque_values.misfits(marks, self.profile)
                if option not in best or total > best[option][0]:
                    best[option] = (total, marks)
        order = sorted(best, key=lambda text: -best[text][0])
        return [(text, best[text][0]) for text in order], best[order[0]][1]

    def decide(self, name: str, field: FieldImage, grammar: Grammar) -> Reading:
        """Read a field among the strings that its grammar leaves, best first.

        Where the grammar leaves none, the reading is what stands there without it.
        """
        cut = Cut(field, segment.segment(field))
        scores = self.readers.score([cut])[0]
        kind = calibrate.CELLS if cut.lattice.cells else calibrate.FREE
        evidence = judge(cut, scores, self.readers.strips, self.calibration)
        candidates, spelt = propose(cut, scores, self.readers.strips)
        if candidates:
            fitted = self.calibration[kind]
            scored = calibrate.fuse(candidates, spelt, fitted["strip_weight"])
            kept = grammar(scored, candidates)
            if kept and kept[0][0]:
                look = (cut.lattice.contrast, cut.lattice.height)
                values = calibrate.features(candidates, spelt, kept, look)
                chance = calibrate.confidence(values, fitted)
                best = next((c for c in candidates if c.text == kept[0][0]), None)
                evidence = replace(
                    evidence,
                    text=kept[0][0],
                    confidence=chance,
                    characters=best.characters if best else (),
                    alternatives=calibrate.alternatives(kept, chance),
                )
        status, reasons = validate.validate(evidence, self.thresholds[kind])
        corner = field.rect
        return Reading(
            field=name,
            text=evidence.text,
            confidence=1.0 if status is Status.BLANK else evidence.confidence,
            status=status,
            reasons=reasons,
            characters=tuple(
                replace(c, rect=c.rect.moved(corner.x, corner.y)) for c in evidence.characters
            ),
            rect=corner,
            alternatives=evidence.alternatives,
        )


def choose_frame(frames: Sequence[Frame]) -> tuple[Frame, int]:
    """Choose the frame that a currency sign marks, and the column at which its figures begin."""
    best: tuple[float, Frame, int] = (-1.0, frames[0], 0)
    for frame in frames:
        height = frame.field.rect.height / (1 + 2 * cheque_marks.OUT)
        reach = round(cheque_marks.SIGN_REACH * frame.dark.shape[1])
        inside, edge, _ = cheque_marks.find_sign(frame.dark[:, :reach], height)
        ahead, _, _ = cheque_marks.find_sign(frame.before, height)
        if inside < max(cheque_marks.SIGN_FOUND, ahead):
            edge = 0
        if max(inside, ahead) > best[0]:
            best = (max(inside, ahead), frame, edge)
    return best[1], best[2]


def stopped(reading: Reading, reason: Reason) -> Reading:
    """Return a reading that a person must look at, for one more reason."""
    if reading.status is Status.BLANK:
        return reading
    return replace(reading, status=Status.REVIEW, reasons=(reason, *reading.reasons))
