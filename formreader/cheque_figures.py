"""Read the figures of an amount: the digits between its separators, then all together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from formreader import (
    assemble,
    cheque_closing,
    cheque_doubts,
    cheque_hundredths,
    cheque_marks,
    ctc,
    segment,
)
from formreader import cheque_values as values
from formreader.calibrate import Scored
from formreader.cheque_amounts import AmountGrammar, Way, way_of
from formreader.cheque_closing import Tail
from formreader.cheque_marks import Mark
from formreader.cheque_profiles import Profile
from formreader.document import Candidate, FieldImage, Float, Mask
from formreader.ink import darkness_of, digit_height
from formreader.pipeline import Cut, Readers, looks_at, propose, proposed

BEAM = 32
"""Partial readings kept at every cut where the number of digits is known; with the 6 of free
reading shorter strings crowded out all those of three digits."""
FREE_WAYS = 3
"""Strings of any length that are tried for a group beside those of a length that fits."""
ENUMERATED = 3
"""Digits up to which the strip reader scores every string of its likely symbols."""


@dataclass(frozen=True, slots=True, eq=False)
class Figures:
    """What both readers make of an amount's figures, before it is decided how sure that is.

    `hundredths` tells that the last two digits are a fraction's, `doubtful` that a person has
    to look whatever was read.
    """

    cut: Cut
    candidates: list[Candidate]
    spelt: Scored
    amounts: AmountGrammar
    hundredths: bool = False
    doubtful: bool = False

    def is_clear(self, text: str) -> bool:
        """Tell whether neither marks, separators nor digits leave a doubt about a reading."""
        if self.doubtful or not self.amounts.clear(text):
            return False
        seen = next((c.characters for c in self.candidates if c.text == text), ())
        return not cheque_doubts.is_doubtful(self.cut.field.ink, seen)

    def as_amount(self, text: str) -> str:
        """Write a reading with a point before its decimals and no other marks."""
        minor = [values.MINOR_DIGITS] if self.hundredths else self.amounts.separators(text)
        return values.amount_text(text, minor)


def read_figures(field: FieldImage, readers: Readers, profile: Profile) -> Figures:
    """Let both readers propose what the figures in a field say."""
    ink = segment.without_rules(field.ink)
    height = digit_height(ink)
    ink = cheque_hundredths.without_stars(ink, height)
    if profile.raised and (parted := cheque_hundredths.raised(ink, height)):
        digits, cents, border = parted
        digits, marks = cheque_marks.take_commas(digits, digit_height(digits))
        return joined(field, digits | cents, [*marks, border], Tail.NONE, readers, profile)
    ink, tail = cheque_closing.without_tail(ink, height)
    fraction = cheque_closing.inner_slash(ink, height)
    if profile.raised and not fraction:
        fraction = cheque_closing.inner_slash(ink, height, small=True)
    if fraction and is_hundred(field, fraction[1], readers):
        whole, marks = cheque_marks.take_commas(fraction[0], digit_height(fraction[0]))
        found = joined(field, whole, marks, Tail.NONE, readers, profile)
        return replace(found, hundredths=True, doubtful=True)  # a tall comma looks like a slash
    ink, marks = cheque_marks.take_commas(ink, height, profile.raised)
    if profile.raised and tail is Tail.NONE and not any(mark.is_point for mark in marks):
        darkness, _ = field.flat or darkness_of(field.image)
        point = cheque_hundredths.faint_point(darkness, ink, height)
        marks = sorted([*marks, point], key=lambda mark: mark.x) if point else marks
    dashed = tail in (Tail.DASH, Tail.JOINED_DASH)
    if dashed and (bare := cheque_closing.without_joined_slash(ink, height)) is not None:
        found = joined(field, ink, marks, Tail.JOINED_STROKE, readers, profile, bare)
    else:
        found = joined(field, ink, marks, tail, readers, profile)
    return replace(found, doubtful=cheque_closing.inner_slash(ink, height) is not None)


def is_hundred(field: FieldImage, ink: Mask, readers: Readers) -> bool:
    """Tell whether ink bool (H, W) of a field reads as 100, what a fraction ends in."""
    cut = cut_of(field, ink)
    found, _ = propose(cut, readers.score([cut])[0], None)
    return bool(found) and found[0].text == "100"


def joined(
    field: FieldImage,
    ink: Mask,
    marks: list[Mark],
    tail: Tail,
    readers: Readers,
    profile: Profile,
    bare: Mask | None = None,
) -> Figures:
    """Read the digits between the marks and join them as far as they make an amount.

    `bare` bool (H, W) is the ink without a slash that touches the last digit: the last group
    is then read both with it and without.
    """
    whole = cut_of(field, ink)
    parts, between = cheque_marks.split(ink, marks, digit_height(ink))
    cuts = [cut_of(field, part) for part in parts]
    scores = readers.score(cuts)
    amounts = AmountGrammar(profile, tail, between)
    sizes = amounts.sizes(len(cuts))
    ways = [
        ways_of(cut, row, readers, size) for cut, row, size in zip(cuts, scores, sizes, strict=True)
    ]
    if bare is not None:
        last = cut_of(field, parts[-1] & bare)
        others = ways_of(last, readers.score([last])[0], readers, sizes[-1])
        ways[-1] = better([*ways[-1], *others])
    hints = cheque_doubts.hints(ink, digit_height(ink), len(between), tail is not Tail.NONE)
    return Figures(replace(whole, hints=hints), *amounts.join(ways), amounts)


def cut_of(field: FieldImage, ink: Mask) -> Cut:
    """Cut a part of a field's ink, bool (H, W), into glyphs."""
    part = replace(field, ink=ink)
    return Cut(part, segment.segment(part))


def better(ways: list[Way]) -> list[Way]:
    """Keep the better of two ways to read the same, the best of all first."""
    found: dict[str, Way] = {}
    for way in sorted(ways, key=lambda way: -way.common):
        found.setdefault(way.text, way)
    return list(found.values())


def ways_of(cut: Cut, scores: Float, readers: Readers, sizes: frozenset[int]) -> list[Way]:
    """List the ways to read one group of digits: those of fitting length, then some others.

    `sizes` are the counts of digits that fit between its separators, none where any does.
    """
    lattice, looks = cut.lattice, looks_at(cut, readers.strips)
    found, spelt = proposed(cut, scores, looks)
    ours = {c.text: c for c in found}
    theirs = dict(spelt)
    if sizes and lattice.glyphs:
        fitting = assemble.assemble(
            lattice.glyphs, scores, lattice.cuts, lattice.cells, max(sizes), BEAM
        )
        ours = {c.text: c for c in fitting if len(c.text) in sizes} | ours
    if looks:
        short = frozenset(n for n in sizes if n <= ENUMERATED)
        if max(sizes, default=0) > ENUMERATED:
            theirs = dict(ctc.decode(looks, max(sizes))) | theirs
        more = sorted({*ctc.strings(looks, short), *ours} - set(theirs))
        theirs |= dict(zip(more, ctc.log_posteriors(looks, more), strict=True))
    return ranked(ours, theirs, lambda text: not sizes or len(text) in sizes)


def ranked(
    ours: dict[str, Candidate], theirs: dict[str, float], fits: Callable[[str], bool]
) -> list[Way]:
    """Rank the strings of both readers by their common score, those that fit before the rest."""
    ways = [way_of(text, ours.get(text), theirs.get(text)) for text in {*ours, *theirs}]
    ways.sort(key=lambda way: (-way.common, way.text))
    rest = [way for way in ways if not fits(way.text)]
    return [way for way in ways if fits(way.text)] + rest[:FREE_WAYS]
