"""Read date, amount and account number of one cheque with the readers of any other number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property

import numpy as np

from formreader import calibrate, cheque_marks, cheque_print, cheque_signs, segment
from formreader import cheque_values as values
from formreader.cheque_dates import read_date
from formreader.cheque_figures import read_figures
from formreader.cheque_profiles import PLAIN, Profile
from formreader.document import (
    DATE_BOXES,
    Candidate,
    Character,
    ChequePlaces,
    FieldImage,
    Float,
    Frame,
    Grey,
    Mask,
    Reading,
    Reason,
    Rect,
    Status,
)
from formreader.pipeline import Cut, Reader, propose
from formreader.pipeline_judge import shared_out
from formreader.validate import stopped

DATES_KEPT = 4
"""Likeliest dates that are kept: the margin needs two, alternatives four."""
DATE_ABOVE_MM, DATE_LINES = 3.0, 3
"""How far the writing on a date's line reaches below the top of the amount's place at most, in
millimetres, and lines above it on which a date is looked for."""
EDGE_PX = 2
"""Distance in pixels from an end of a place on a line within which writing may go on beyond."""
NARROW = 0.72
"""Width of a printed 1 without a foot at most, as a share of the usual digit's: 0.45 in OpenCV's
sans-serif fonts; with a foot it has 0.70 to 0.76 in its serif ones."""
TALL_FRAME = 5.0
"""Height of an account number's frame at most, in heights of its digits."""
RULED_OUT = -7.0
"""Log-probability of a 7 where a mark is too narrow for it."""


@dataclass(frozen=True)
class ChequeFields:
    """Reads the fields of one cheque in the way of its profile; `today` ends the horizon."""

    reader: Reader
    profile: Profile
    today: date

    def read(self, places: ChequePlaces, image: Grey, scale: float) -> list[Reading]:
        """Read date, amount, words and account; `scale` in pixels of `image` per millimetre."""
        whole = Rect(0, 0, image.shape[1], image.shape[0])
        amount = self.amount(places)
        limit = amount.rect.y + DATE_ABOVE_MM * scale if amount else float(whole.height)
        date = self.date(places) or self.lined_date(places, limit) or missing("date", whole)
        words = self.words(amount, image.shape[1]) if amount else None
        found = [
            date,
            amount or missing("amount", whole),
            words,
            self.account(places, image, scale),
        ]
        return [reading for reading in found if reading is not None]

    @cached_property
    def believed(self) -> dict[str, frozenset[str]]:
        """All dates that are believed, as eight digits, by the order in which they are written."""
        last = self.today + timedelta(values.LATEST_DAYS)
        return {
            order: frozenset(values.dates_between(values.EARLIEST, last, order))
            for order in self.profile.dates
        }

    def boxed(self, boxes: int) -> tuple[list[str], list[str]]:
        """List all dates that are believed: their eight digits, and what stands in the boxes."""
        full, short = [], []
        for order, dates in self.believed.items():
            for text in sorted(dates):
                full.append(text)
                short.append(text if boxes == DATE_BOXES else values.without_century(text, order))
        return full, short

    def lined_date(self, places: ChequePlaces, limit: float) -> Reading | None:
        """Read the date on the lowest line above row `limit` that holds one.

        Where none does, what stands on the first is shown to a person.
        """
        above = [field for field in places.days if field.rect.bottom < limit][:DATE_LINES]
        for field in above:
            found = read_date(field, self.reader.readers, self.believed)
            if found:
                reading = self.reader.decide(found.cut, found.candidates, found.spelt)
                reading = reading if found.clear else stopped(reading, Reason.SLASH_OR_ONE)
                whole = not cut_off(found.cut.field.ink)
                return reading if whole else stopped(reading, Reason.CUT_OFF)
        for field in above[:1]:
            cut = Cut(field, segment.segment(field))
            scores = self.reader.readers.score([cut])[0]
            reading = self.reader.decide(cut, *propose(cut, scores, self.reader.readers.strips))
            return stopped(reading, Reason.NO_SUCH_DATE)
        return None

    def date(self, places: ChequePlaces) -> Reading | None:
        """Read the topmost row of eight boxes as the likeliest date that exists.

        Where the boxes by themselves say something else, a person looks at it; and where there are
        but six, since two of eight may not have been found.
        """
        rows = places.dates or (places.short_dates if self.profile is PLAIN else [])
        if not rows:
            return None
        field = replace_name(min(rows, key=lambda row: row.rect.y), "date")
        cut = Cut(field, segment.segment(field))
        scores = self.reader.readers.score([cut])[0]
        candidates, spelt = propose(cut, scores, self.reader.readers.strips)
        if not candidates:
            return self.reader.decide(cut, candidates, spelt)
        if len(cut.lattice.glyphs) < len(field.cells):  # a date must not fill an empty box
            return stopped(self.reader.decide(cut, candidates, spelt), Reason.NO_SUCH_DATE)
        likely = self.likely_dates(cut, scores)
        reading = self.reader.decide(cut, likely, spelt)
        if len(field.cells) < DATE_BOXES:
            return stopped(reading, Reason.CUT_OFF)
        if likely[0].text == candidates[0].text:
            return reading
        real = any(values.real_date(candidates[0].text, order) for order in self.profile.dates)
        return stopped(reading, Reason.FAR_DATE if real else Reason.NO_SUCH_DATE)

    def likely_dates(self, cut: Cut, scores: Float) -> list[Candidate]:
        """Weigh all dates by the scores of the digits in their boxes; likeliest first.

        What the digits say that is no date is no doubt of one.
        """
        boxes = len(cut.field.cells)
        table = np.zeros((boxes, 10))
        for glyph, row in zip(cut.lattice.glyphs, scores, strict=True):
            table[glyph.cell] = row[:10]
        full, short = self.boxed(boxes)
        digits = np.array([[int(d) for d in text] for text in short])
        totals = table[np.arange(boxes), digits].sum(axis=1)
        every = float(np.log(np.exp(table).sum(axis=1)).sum())
        totals += shared_out([every], [float(np.log(np.exp(totals).sum()))])
        best = np.argsort(-totals, kind="stable")
        kept: dict[str, int] = {}
        for i in best[: 3 * DATES_KEPT].tolist():
            kept.setdefault(full[i], i)
        return [
            Candidate(
                full[i],
                float(totals[i]),
                tuple(
                    to_character(short[i][glyph.cell], row, glyph.rect)
                    for glyph, row in zip(cut.lattice.glyphs, scores, strict=True)
                ),
            )
            for i in list(kept.values())[:DATES_KEPT]
        ]

    def amount(self, places: ChequePlaces) -> Reading | None:
        """Read the figures in the frame that a currency sign marks, or else on the line beside one.

        Without a sign the likeliest place is read, for a person.
        """
        frame = amount_field(places.amounts, self.profile.signs) if places.amounts else None
        lined = places.lined[0] if places.lined else None
        if frame and frame[1]:
            reading = self.figures(frame[0])
            return reading if frame[2] else stopped(reading, Reason.CUT_OFF)
        if lined and lined.likeness >= cheque_signs.SIGN_FOUND:
            reading = self.figures(lined.field)
            return stopped(reading, Reason.CUT_OFF) if cut_off(lined.field.ink) else reading
        field = frame[0] if frame else lined.field if lined else None
        return stopped(self.figures(field), Reason.NOT_A_FIELD) if field else None

    def figures(self, field: FieldImage) -> Reading:
        """Read the figures of an amount."""
        found = read_figures(field, self.reader.readers, self.profile)
        reading = self.reader.decide(found.cut, found.candidates, found.spelt, calibrate.AMOUNT)
        if not found.is_clear(reading.text):
            reading = stopped(reading, Reason.GROUPING)
        return replace(reading, text=found.as_amount(reading.text))

    def words(self, amount: Reading, width: int) -> Reading | None:
        """Point a reviewer of the figures to where the amount stands in words; not read."""
        if amount.status is not Status.REVIEW:
            return None
        box, right = amount.rect, amount.rect.x
        if self.profile.words == "left":
            place = Rect(0, box.y - box.height // 2, right, round(1.5 * box.height))
        else:
            place = Rect(0, box.bottom, width, box.height)
        return Reading("amount_words", "", 0.0, Status.REVIEW, (Reason.WORDS,), (), place)

    def account(self, places: ChequePlaces, image: Grey, scale: float) -> Reading | None:
        """Read the longest printed number that begins in a frame, None where there is none.

        In a country whose cheques have none, a date and an amount written by hand were accepted
        as account numbers.
        """
        if not self.profile.framed_account:
            return None
        best: Reading | None = None
        for row in cheque_print.printed_rows(places.ink, scale):
            if not framed(row, places.frames):
                continue
            field = cheque_print.as_field(image, places.ink, row)
            cut = Cut(field, segment.segment(field))
            scores = self.reader.readers.score([cut])[0]
            short = len(scores) < cheque_print.LEAST_DIGITS
            if short or (scores.argmax(axis=1) == 10).any():
                continue
            candidates, spelt = propose(cut, only_ones(cut, scores), None)
            reading = self.reader.decide(cut, candidates, spelt)
            if len(reading.text) < len(row) or not cheque_print.is_whole(row, places.ink):
                reading = stopped(reading, Reason.CUT_OFF)
            if best is None or len(reading.text) > len(best.text):
                best = reading
        return best


def cut_off(ink: Mask) -> bool:
    """Tell whether writing on a line, ink bool (H, W), reaches an end of its place."""
    return bool(ink[:, :EDGE_PX].any() or ink[:, -EDGE_PX:].any())


def only_ones(cut: Cut, scores: Float) -> Float:
    """Score marks as 1 that are clearly narrower than a printed number's usual digit.

    All other figures of a font are equally wide; the flag of a thin printed 1 makes it a
    handwritten 7.
    """
    wide = np.array([glyph.width for glyph in cut.lattice.glyphs])
    narrow = wide < NARROW * np.median(wide)
    changed = scores.copy()
    changed[narrow, 1] = np.logaddexp(scores[narrow, 1], scores[narrow, 7])
    changed[narrow, 7] = RULED_OUT
    return changed


def framed(row: Sequence[Rect], frames: Sequence[Rect]) -> bool:
    """Tell whether a row of marks begins in a frame that is not much taller."""
    first = row[0]
    x, y = first.x + first.width / 2, first.y + first.height / 2
    return any(
        f.x < x < f.right and f.y < y < f.bottom and f.height < TALL_FRAME * first.height
        for f in frames
    )


def choose_frame(frames: Sequence[Frame], signs: str) -> tuple[Frame, int, float, bool]:
    """Choose the frame that one of `signs` marks, and the column at which its figures begin.

    Also returns how much that is like a sign, 0 to 1 (without one it may be another frame), and
    whether no digit may have been cut off with it, or stands between it and the frame.
    """
    best: tuple[float, Frame, int, bool] = (-1.0, frames[0], 0, True)
    for frame in frames:
        reach = round(cheque_signs.SIGN_REACH * frame.dark.shape[1])
        inside, edge = cheque_signs.find_sign(frame.dark[:, :reach], frame.height, signs)
        ahead, end = cheque_signs.find_sign(frame.before, frame.height, signs)
        surely = inside >= cheque_signs.SIGN_SURE
        if inside < max(cheque_signs.SIGN_FOUND, ahead):
            edge, surely = 0, not cheque_signs.stroke_after(frame.before, end)
        if max(inside, ahead) > best[0]:
            best = (max(inside, ahead), frame, edge, surely)
    likeness, frame, edge, surely = best
    return frame, edge, likeness, surely


def amount_field(frames: Sequence[Frame], signs: str) -> tuple[FieldImage, bool, bool]:
    """Choose the amount among frames, without its currency sign.

    Tells whether that was found, and whether surely no digit was lost with it.
    """
    frame, edge, likeness, surely = choose_frame(frames, signs)
    field = replace_name(cheque_marks.without_left(frame.field, edge), "amount")
    return field, likeness >= cheque_signs.SIGN_FOUND, surely


def replace_name(field: FieldImage, name: str) -> FieldImage:
    """Return a field under another name."""
    return replace(field, spec=replace(field.spec, name=name))


def to_character(symbol: str, row: Float, rect: Rect) -> Character:
    """Return the character that a glyph with log-probabilities `row` is taken for."""
    chance = np.exp(row)
    others = [k for k in np.argsort(-chance)[:3] if k == 10 or str(k) != symbol][:2]
    named = tuple((str(k) if k < 10 else "?", float(chance[k])) for k in others)
    return Character(symbol, float(chance[int(symbol)]), named, rect)


def missing(name: str, whole: Rect) -> Reading:
    """Return the reading of a field that every cheque has and that was not found on this one."""
    return Reading(name, "", 0.0, Status.REVIEW, (Reason.NOT_FOUND,), (), whole)
