"""Read a date that is written on a line: day, month and year between two separators."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np

from formreader import segment
from formreader.calibrate import Scored
from formreader.cheque_amounts import Way
from formreader.cheque_figures import ways_of
from formreader.cheque_marks import Parts
from formreader.document import Candidate, FieldImage, Mask
from formreader.ink import digit_height
from formreader.pipeline import Cut, Readers

KEPT, DATES_KEPT = 12, 4
"""Ways tried for each of day, month and year; likeliest dates that are kept."""
MOST_MARKS = 5
"""Separators of one kind that are tried: more are no date."""
STEEP, TALL = 0.8, 0.6
"""Width of a slash at most in its own heights, its least height in those of the digits."""
OVER = 1.2
"""Height in digit heights from which a stroke is a slash rather than a 1; chosen."""
LONGER = 1.05
"""Height in digit heights up to which strokes may be 1s even where a date can be read with none."""
STROKE_COST = -2.0
"""Log-likelihood (of both readers) lost for a slash that is no taller than a 1, and for a 1 that
is as tall as a slash; chosen."""
DASH, POINT = (0.3, 0.15, 1.1), 0.4
"""Greatest height, least and greatest length of a dash, and size of a point at most, in digit
heights."""
LEAD = 6.0
"""Lead in log-likelihood (of both readers) over a date with other separators, below which a person
is asked; chosen."""
WIDEST = 6.0
"""Width of a day, month or year at most, in digit heights."""
SMALL = 0.66
"""Height of a printed word beside the line of a date at most, in digit heights."""
LETTER, LETTERS = 0.25, 3
"""Height of a letter at least, in digit heights, and letters of such a word at least."""
SIZES = {"D": (1, 2), "M": (1, 2), "Y": (2, 4)}
"""Digits that each may have; a year that stands first has four, else 10-6-21 is of 2010."""


@dataclass(frozen=True, slots=True)
class _Split:
    """Two separators and the parts of the ink before, between and after them.

    `cost` is the log-likelihood of the separators, `certain` that none of them may be a digit.
    """

    groups: tuple[tuple[int, ...], ...]
    cost: float
    certain: bool


@dataclass(frozen=True, slots=True)
class _Found:
    """One date with the way to read it; `total` ranks it among others."""

    text: str
    ways: tuple[Way, ...]
    split: _Split
    total: float


@dataclass(frozen=True, slots=True, eq=False)
class LinedDate:
    """A date on a line as both readers have it; not `clear` where a separator may be a digit."""

    cut: Cut
    candidates: list[Candidate]
    spelt: Scored
    clear: bool


def read_date(
    field: FieldImage, readers: Readers, believed: Mapping[str, frozenset[str]]
) -> LinedDate | None:
    """Read a date on a line; `believed` are the dates that may stand there, by their order.

    Dates have eight digits, whatever was written: 3/5/24 is 03052024. None where there are no two
    separators with digits around them that make such a date.
    """
    ink, is_word = without_print(segment.without_rules(field.ink))
    splits = list(_splits(Parts(ink), digit_height(ink)))
    if not splits:
        return None
    read = _read_groups(field, ink, splits, readers)
    found: dict[str, _Found] = {}
    any_best = -np.inf
    for split in splits:
        ways = [read[group] for group in split.groups]
        if not all(ways):
            continue
        any_best = max(any_best, split.cost + sum(w[0].common for w in ways))
        for date in _dates(split, ways, believed):
            if date.text not in found or date.total > found[date.text].total:
                found[date.text] = date
    if not found:
        return None
    best = sorted(found.values(), key=lambda date: -date.total)[:DATES_KEPT]
    others = [d for d in best[1:] if d.split.groups != best[0].split.groups]
    apart = not others or best[0].total - others[0].total > LEAD
    clear = is_word and apart and best[0].split.certain and best[0].total >= any_best - 1e-6
    return LinedDate(_cut(field, ink), *_as_proposed(best), clear)


def without_print(ink: Mask) -> tuple[Mask, bool]:
    """Take a small printed word before a date, and what lies below it, out of ink bool (H, W).

    Also tells whether what was taken out is a word, or nothing: fewer small figures than a word
    has letters may be digits. 23/07/26 with a small 2 was read 03/07/26.
    """
    parts = Parts(ink)
    height = digit_height(ink)
    tall = parts.high > SMALL * height
    if not tall.any():
        return ink, True
    first = parts.x[tall].min()
    foot = float(np.median((parts.y + parts.high)[tall]))
    kept = (parts.middle > first) & (parts.y < foot)
    letters = int((~kept & (parts.y < foot) & (parts.high > LETTER * height)).sum())
    is_word = letters == 0 or letters >= LETTERS
    return ink & np.concatenate([[False], kept])[parts.labels], is_word


def _as_proposed(found: Sequence[_Found]) -> tuple[list[Candidate], Scored]:
    """Return dates as both readers propose strings, each best first."""
    ours = [
        Candidate(
            date.text,
            sum(way.ours for way in date.ways),
            tuple(character for way in date.ways for character in way.characters),
            sum(way.passed for way in date.ways),
            sum(way.touching for way in date.ways),
        )
        for date in found
    ]
    theirs = [
        (date.text, sum(way.theirs for way in date.ways if way.theirs is not None))
        for date in found
        if all(way.theirs is not None for way in date.ways)
    ]
    return sorted(ours, key=lambda c: -c.score), sorted(theirs, key=lambda pair: -pair[1])


def _dates(
    split: _Split, ways: Sequence[Sequence[Way]], believed: Mapping[str, frozenset[str]]
) -> Iterator[_Found]:
    """List the dates that the digits between two separators may say."""
    for order, dates in believed.items():
        fitting = [
            [way for way in some if len(way.text) in SIZES[letter][at == 0 and letter == "Y" :]][
                :KEPT
            ]
            for at, (letter, some) in enumerate(zip(order, ways, strict=True))
        ]
        for chosen in product(*fitting):
            text = "".join(
                way.text.zfill(2) if letter != "Y" or len(way.text) == 4 else f"20{way.text}"
                for letter, way in zip(order, chosen, strict=True)
            )
            if text in dates:
                yield _Found(text, chosen, split, split.cost + sum(w.common for w in chosen))


def _read_groups(
    field: FieldImage, ink: Mask, splits: Sequence[_Split], readers: Readers
) -> dict[tuple[int, ...], list[Way]]:
    """Read every group of parts that stands between separators once."""
    labels = Parts(ink).labels
    names = sorted({group for split in splits for group in split.groups})
    cuts = [_cut(field, ink & np.isin(labels, np.array(name) + 1)) for name in names]
    sizes = frozenset({1, 2, 4})
    scores = readers.score(cuts)
    return {
        name: ways_of(cut, row, readers, sizes) if cut.lattice.glyphs else []
        for name, cut, row in zip(names, cuts, scores, strict=True)
    }


def _cut(field: FieldImage, ink: Mask) -> Cut:
    """Cut a part of a field's ink into glyphs."""
    part = FieldImage(field.spec, field.rect, field.image, ink, doubt=field.doubt)
    return Cut(part, segment.segment(part))


def _splits(parts: Parts, height: float) -> Iterator[_Split]:
    """List the pairs of like separators that have digits before, between and after them."""
    tall = np.flatnonzero(parts.high > TALL * height)
    if tall.size < 3:
        return
    usual = parts.usual_height(tall)
    top, foot = float(np.median(parts.y[tall])), float(np.median((parts.y + parts.high)[tall]))
    level = (parts.y + parts.high / 2 - top) / max(1.0, foot - top)
    size = np.maximum(parts.wide, parts.high)
    slash = parts.straight & (parts.wide < STEEP * parts.high) & (parts.high > TALL * usual)
    dash = (parts.high < DASH[0] * usual) & (parts.wide > 1.2 * parts.high)
    dash &= (parts.wide > DASH[1] * usual) & (parts.wide < DASH[2] * usual)
    dash &= (level > 0.2) & (level < 0.8)
    point = (size < POINT * usual) & (level > 0.7) & ~parts.ringed & ~dash
    over = slash & (parts.high > OVER * usual)
    for kind in (slash, dash, point):
        marks = np.flatnonzero(kind)[np.argsort(parts.middle[kind])]
        if len(marks) > MOST_MARKS:
            marks = marks[np.sort(np.argsort(-size[marks], kind="stable")[:MOST_MARKS])]
        for first, second in combinations(marks.tolist(), 2):
            pair = [first, second]
            groups = _groups(parts, pair, usual)
            if groups is None:
                continue
            strokes = int((slash & ~over)[pair].sum()) + int(over.sum() - over[pair].sum())
            if kind is slash:
                taller = bool((parts.high[pair] > LONGER * usual).all())
                certain = taller and (len(marks) == 2 or bool(over[pair].all() and over.sum() == 2))
            else:
                certain = len(marks) == 2 and not over.any()
            yield _Split(groups, STROKE_COST * strokes, certain)


def _groups(parts: Parts, pair: list[int], usual: float) -> tuple[tuple[int, ...], ...] | None:
    """Return the parts before, between and after two separators, None where one holds no digit."""
    edges = parts.middle[pair]
    others = np.setdiff1d(np.arange(len(parts.x)), pair)
    side = np.searchsorted(edges, parts.middle[others])
    groups = []
    for number in range(3):
        own = others[side == number]
        if not own.size or parts.high[own].max() < TALL * usual:
            return None
        if (parts.x + parts.wide)[own].max() - parts.x[own].min() > WIDEST * usual:
            return None
        groups.append(tuple(own.tolist()))
    return tuple(groups)
