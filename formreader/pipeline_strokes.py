"""Doubt strokes of free writing: a 1 that may be a slash or a bracket, a line through the number.

Nothing in its shape tells a slash from a 1: a 1 is a plain stroke, too. Of 5,600 drawn numbers 75
with slashes and 41 with brackets were accepted with 1s in their place, up to a confidence of 0.999.
What tells is that they are taller than digits, and that 28/9/2013 read as 281912013 still spells
a date.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from formreader.document import Character, FieldImage, Mask, Reading, Reason, Rect
from formreader.ink import INK_LEVEL, darkness_of
from formreader.pipeline_dates import DATE, as_date, date_slashes, is_date, spells_date, without
from formreader.pipeline_judge import Cut
from formreader.pipeline_struck import AGAIN, cut_at_side, struck_first, struck_through
from formreader.validate import stopped

TALLER = 1.25
"""Height of a stroke, in those of the number's other digits, from which it may be no 1. Of these
116 numbers 86 have one, and 112 that or the spelling of a date; of 2,368 numbers accepted rightly
24 have one (4 of 234 real amounts)."""
LEANS, BENDS, OUTDOES = 0.15, 0.03, 1.1
"""How far a slash between digits leans forward at least, as a share of its height, how far the
middle of its ink strays from straight on average at most, as a share of a digit's, and its height
at least, in those of the number's other digits. Of 331 slashes by hand that were read as 1s 243 are
such strokes, five of six that were accepted; of 231 1s in numbers accepted rightly five are.
Measured by all of its ink, a stroke of a thick pen in few pixels was bent: 30 of the 331."""

SLASHED, PARTS = 1.0, ((2, 5), (4, 7))
"""How likely a number is a date where both strokes look like slashes, and their places among its
characters if nothing else it may be: of 3/12/13 no reader would know what 31213 means. All of 68
such dates of unseen forms were right that nothing else spoke against."""
BEYOND = 0.03
"""How far a slash reaches above the other digits and below them at least, as a share of their
height: of 323 drawn slashes between digits 311 do that are otherwise like slashes, and of 480 1s of
35 hands two. Left in, 132 of 210 numbers with slashes were read with a 1 for one."""
SLASHES = {Reason.LONG_STROKE, Reason.SLASH_OR_ONE}
FEWEST, IN_LINE = 3, 0.5
"""Numbers of a column or a row with a slash from which its others may have one, and share of the
shorter of two that lies beside the other where they are of one."""
FEWEST_ALIKE, MOST_ALIKE = 4, 0.75
"""Numbers of a line with a 1 at the same place from which it may be a slash, and their share of all
with three digits and more (chosen): of a row of 13/7, 25/8 and others, as upright as 1s, four were
accepted with a 1 for it, and of the numbers of 57 layouts six by this; of 12,000 right ones five go
to a person for it."""


def judge_strokes(cut: Cut, reading: Reading) -> Reading:
    """Stop a number in free writing one stroke of which is doubtful, and take its slashes out.

    Where its first digits are struck out the others are its value, which a person confirms.
    A date both slashes of which look like slashes is doubted for nothing else than other numbers.
    """
    if struck := struck_part(cut, reading):
        return stopped(written_again(reading, struck), Reason.STRUCK_OUT)
    reason = doubted_strokes(cut, reading)
    if reason not in SLASHES:
        return stopped(reading, reason) if reason else reading
    fits = cut.field.spec.fits
    if is_slashed(cut, reading):
        date = as_date(reading, fits, SLASHED)
        if date.text != reading.text:
            return date
    date = as_date(reading, fits)
    slashes = slash_places(cut, reading) if date.text == reading.text else set()
    return stopped(without(date, slashes, fits, DATE), reason)


def slash_places(cut: Cut, reading: Reading) -> set[int]:
    """Return at which of a number's places a stroke like a slash reaches beyond its digits."""
    digits = [c.rect for c in reading.characters if c.text != "1"]
    if not digits or len(reading.characters) != len(reading.text):
        return set()
    ink, usual = _ink(cut.field), usual_height(reading.characters)
    beyond, corner = BEYOND * usual, cut.field.rect
    top = float(np.median([r.y for r in digits])) - beyond
    bottom = float(np.median([r.bottom for r in digits])) + beyond
    return {
        at
        for at, c in enumerate(reading.characters)
        if c.text == "1"
        and 0 < at < len(reading.text) - 1
        and c.rect.y < top
        and c.rect.bottom > bottom
        and slash_like(ink, c.rect.moved(-corner.x, -corner.y), usual)
    }


def struck_part(cut: Cut, reading: Reading) -> int:
    """Return how many of a number's first characters are struck out.

    Pre-cut pictures hold one number: three of 846 real amounts lost digits where bars met.
    """
    if cut.field.flat or len(reading.characters) != len(reading.text):
        return 0
    corner = cut.field.rect
    digits = [c.rect.moved(-corner.x, -corner.y) for c in reading.characters]
    return struck_first(_ink(cut.field), digits)


def written_again(reading: Reading, struck: int) -> Reading:
    """Leave out a number's first characters, and offer it with them."""
    others = [other for other in reading.alternatives if other[0] != reading.text[struck:]]
    return replace(
        reading,
        text=reading.text[struck:],
        confidence=AGAIN * reading.confidence,
        characters=reading.characters[struck:],
        alternatives=((reading.text, (1 - AGAIN) * reading.confidence), *others)[:3],
    )


def is_slashed(cut: Cut, reading: Reading) -> bool:
    """Tell whether a number is a day, a month and a year with two strokes like slashes between.

    Its 1s are no such strokes, and height alone is no sign: of 150 numbers of this shape whose 1s
    were a third taller than their other digits 108 were accepted without two of them.
    """
    ways = list(date_slashes(reading.text))
    if len(ways) != 1 or ways[0] not in PARTS or len(reading.characters) != len(reading.text):
        return False
    ink, usual = _ink(cut.field), usual_height(reading.characters)
    corner = cut.field.rect
    like = {
        at
        for at, c in enumerate(reading.characters)
        if c.text == "1" and slash_like(ink, c.rect.moved(-corner.x, -corner.y), usual)
    }
    return like == {*ways[0]}


def _ink(field: FieldImage) -> Mask:
    """Return where a field has ink."""
    return field.ink if field.flat else darkness_of(field.image)[0] > INK_LEVEL


def doubted_strokes(cut: Cut, reading: Reading) -> Reason | None:
    """Say what is doubtful in the strokes of free writing that was read; None where nothing is.

    A form that allows only some strings tells a slash by itself, one that allows any does not: 35
    of 118 blood pressures on a drawn chart were accepted with a 1 for their slash.
    """
    field = cut.field
    digits = [c.rect.moved(-field.rect.x, -field.rect.y) for c in reading.characters]
    ink = _ink(field)
    if struck_through(ink, digits):
        return Reason.STRUCK_OUT
    if field.flat and cut_at_side(field.ink, cut.lattice.height):
        return Reason.CUT_OFF
    if field.spec.vouched:
        return None
    ones = [r for r, c in zip(digits, reading.characters, strict=True) if c.text == "1"]
    between = [r for r in ones if r not in (digits[0], digits[-1])]
    usual = usual_height(reading.characters)
    if any(slash_like(ink, rect, usual) for rect in between):
        return Reason.LONG_STROKE
    return not_a_one(reading.text, reading.characters)


def slashes_in_line(fields: Sequence[FieldImage], readings: Sequence[Reading]) -> list[Reading]:
    """Doubt the 1s between digits where most numbers of a column or a row may have a slash there.

    One slash of a column may be as upright and as low as a 1: among other dates of a drawn list
    21/03 was accepted as 21103, among blood pressures of a row 145/91 as 145191. Rectangles lie
    upright.
    """
    dates = [_was_slashed(reading) for reading in readings]
    doubted = [bool({*reading.reasons} & SLASHES) for reading in readings]
    free = [
        at
        for at, (field, reading) in enumerate(zip(fields, readings, strict=True))
        if len(reading.text) > 2 and not field.cells and not field.spec.vouched
    ]
    texts = ["" if dates[at] or is_date(readings[at].text) else readings[at].text for at in free]
    told = np.array([dates[at] or doubted[at] for at in free], bool)
    asked = told | np.array(["1" in readings[at].text[1:-1] for at in free], bool)
    rects = [readings[at].rect for at in free]
    found = list(readings)
    for edges in ([(r.x, r.right) for r in rects], [(r.y, r.bottom) for r in rects]):
        for at, text, line in zip(free, texts, _in_line(edges), strict=True):
            count = np.count_nonzero(told & line)
            most = count >= FEWEST and 2 * count >= np.count_nonzero(asked & line)
            if "1" not in readings[at].text[1:-1] or dates[at]:
                continue
            if most or _all_have(text, [texts[other] for other in np.flatnonzero(line)]):
                found[at] = stopped(readings[at], Reason.LONG_STROKE)
    return found


def _all_have(text: str, line: Sequence[str]) -> bool:
    """Tell whether most numbers of a line have a 1 where one has it between digits, by either end.

    By chance one in ten has; numbers that begin alike, as years do, have it for another reason.
    """
    for at in (at for at in range(1, len(text) - 1) if text[at] == "1"):
        for place in (at, at - len(text)):
            have = [t for t in line if -len(t) < place < len(t) - 1 and t[place] == "1"]
            alike = len({t[:2] for t in have}) < 2
            if len(have) >= max(FEWEST_ALIKE, MOST_ALIKE * len(line)) and not alike:
                return True
    return False


def _in_line(edges: Sequence[tuple[int, int]]) -> Mask:
    """Tell which numbers, by their first and last edges (N, 2), stand in line: (N, N)."""
    first, last = np.array(edges, np.float64).reshape(-1, 2).T
    shared = np.minimum(last[:, None], last) - np.maximum(first[:, None], first)
    return np.asarray(shared > IN_LINE * np.minimum((last - first)[:, None], last - first))


def _was_slashed(reading: Reading) -> bool:
    """Tell whether slashes were taken out of a reading, which offers itself with 1s for them."""
    return any(
        len(other) == len(reading.text) + 2 and spells_date(other)
        for other, _ in reading.alternatives[:1]
    )


def slash_like(ink: Mask, rect: Rect, usual: float) -> bool:
    """Tell whether a stroke is as straight, steep and tall as a slash; `usual` is a digit's height.

    `rect` lies in pixels of the `ink` bool (H, W).
    """
    lean, bend = slant(ink, rect)
    return lean > LEANS and bend < BENDS * usual and rect.height > OUTDOES * usual


def slant(ink: Mask, rect: Rect) -> tuple[float, float]:
    """Return how far a stroke leans forward, as a share of its height, and bends, in pixels.

    Both are those of the middle of its ink in each row.
    """
    y, x = np.nonzero(ink[max(0, rect.y) : rect.bottom, max(0, rect.x) : rect.right])
    inked = np.bincount(y)
    rows = np.flatnonzero(inked)
    if rows.size < 2:
        return 0.0, 0.0
    middle = np.bincount(y, x)[rows] / inked[rows]
    line = np.polyfit(rows, middle, 1)
    return -float(line[0]), float(np.abs(middle - np.polyval(line, rows)).mean())


def not_a_one(text: str, characters: Sequence[Character]) -> Reason | None:
    """Say what a 1 of a number in free writing may be instead; None where all are likely 1s.

    `characters` are those of `text`, or none where they are not known.
    """
    if spells_date(text):
        return Reason.SLASH_OR_ONE
    return Reason.LONG_STROKE if outgrown(characters) else None


def outgrown(characters: Sequence[Character]) -> bool:
    """Tell whether a 1 is much taller than the other digits; a first 1 alone often is."""
    usual = usual_height(characters)
    tall = [c.text == "1" and c.rect.height > TALLER * usual for c in characters]
    return any(tall[1:])


def usual_height(characters: Sequence[Character]) -> float:
    """Return the usual height of a number's digits in pixels, without its 1s if it has others."""
    others = [c.rect.height for c in characters if c.text != "1"]
    return float(np.median(others or [c.rect.height for c in characters] or [0]))
