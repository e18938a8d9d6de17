"""Tie what is known to be true to what was read: by place, by name, or one to one.

Numbers and text only: `evaluate` reads the tables and hands them over as rows.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from formreader.document import Rect

CLAIM = 0.5
"""Share of the smaller of two rectangles that must lie in the other before they are taken for
the same field. Chosen: under a half, a number would be tied to the row above or below it; far
over it, tall digits that leave their box would lose it."""
SPLIT_SHARE = 0.7
"""Share of the area read inside one true field that a single reading must hold; below it the
number was torn apart and counts as not found. Chosen: a crumb beside a whole number (a comma, a
stray dash) stays under 0.3, the halves of a torn number do not."""

SEPARATORS = re.compile(r"[^\w?]|_")
"""Marks around digits that are not part of a number's digits; `?` and letters are kept."""
GROUPED_DIGITS = re.compile(r"[0-9][0-9/:_\- ]*")
"""Truth that is digits, or digits in groups as a date is; a decimal mark is not a group."""

PageKey = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Truth:
    """One field as a person transcribed it; `value` is empty where nothing is written."""

    page: str
    number: int
    field: str
    value: str
    rect: Rect | None = None


class Char(NamedTuple):
    """One row of characters.csv; `second` is empty where there was no second choice."""

    text: str
    confidence: float
    second: str = ""
    second_confidence: float = 0.0


@dataclass(frozen=True, slots=True)
class Read:
    """One row of readings.csv with its characters, left to right, and its other values."""

    page: str
    number: int
    field: str
    value: str
    confidence: float
    status: str
    reasons: tuple[str, ...]
    snippet: str
    rect: Rect
    characters: tuple[Char, ...] = ()
    alternatives: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Tie:
    """One true field and the reading that answers it, if any; `trouble` says why none does."""

    truth: Truth
    read: Read | None
    trouble: str = ""


def comparable(truth: str, value: str) -> tuple[str, str]:
    """Return both values as they are compared.

    Digits alone where the truth is digits (a date's groups may be parted by `/ - : _`);
    otherwise character by character without spaces, so that a lost decimal mark is an error.
    """
    if GROUPED_DIGITS.fullmatch(truth):
        return SEPARATORS.sub("", truth), SEPARATORS.sub("", value)
    return "".join(truth.split()), "".join(value.split())


def tie_pages(wanted: Iterable[str], known: Iterable[str]) -> dict[str, str]:
    """Find the job's page for every page named in the truth.

    Equal paths first; then paths of which one ends with the other, where that is
    unambiguous (the job was read from a folder further up or down).
    """
    known = sorted(set(known))
    wanted = sorted(set(wanted))
    found = {page: page for page in wanted if page in set(known)}
    free = [page for page in known if page not in found]
    rest = [page for page in wanted if page not in found]
    pairs = [(w, k) for w in rest for k in free if w.endswith("/" + k) or k.endswith("/" + w)]
    for w, k in pairs:
        if sum(w == other for other, _ in pairs) == 1 and sum(k == o for _, o in pairs) == 1:
            found[w] = k
    return found


def overlap(a: Rect, b: Rect) -> int:
    """Return the shared area of two rectangles in pixels."""
    width = min(a.right, b.right) - max(a.x, b.x)
    height = min(a.bottom, b.bottom) - max(a.y, b.y)
    return max(0, width) * max(0, height)


def area(rect: Rect) -> int:
    """Return the area of a rectangle in pixels, at least 1."""
    return max(1, rect.width * rect.height)


def tie_by_place(truths: Sequence[Truth], reads: Sequence[Read]) -> list[Tie]:
    """Tie placed truth to the readings of one page, best overlap first, one to one.

    A reading claims a true field when `CLAIM` of the smaller of the two lies in the other. A
    true field torn into several readings is tied to none of them.
    """
    claims = []
    for t, truth in enumerate(truths):
        for r, read in enumerate(reads):
            if truth.rect is None:
                continue
            shared = overlap(truth.rect, read.rect)
            if shared >= CLAIM * min(area(truth.rect), area(read.rect)):
                iou = shared / (area(truth.rect) + area(read.rect) - shared)
                claims.append((-iou, t, r))
    owner: dict[int, int] = {}
    for _, t, r in sorted(claims):
        if t not in owner and r not in owner.values():
            owner[t] = r
    ties = []
    for t, truth in enumerate(truths):
        inside = [reads[r] for _, other, r in claims if other == t]
        if t not in owner:
            ties.append(Tie(truth, None, "merged with another field" if inside else "missed"))
        elif is_torn(truth, reads[owner[t]], inside):
            ties.append(Tie(truth, None, "split over several readings"))
        else:
            ties.append(Tie(truth, reads[owner[t]]))
    return ties


def is_torn(truth: Truth, tied: Read, inside: Sequence[Read]) -> bool:
    """Say whether the tied reading is only a piece of what was read inside a true field."""
    if truth.rect is None or not truth.value:
        return False
    areas = [overlap(truth.rect, r.rect) for r in inside if r.value and is_within(r, truth.rect)]
    return bool(tied.value) and overlap(truth.rect, tied.rect) < SPLIT_SHARE * sum(areas)


def is_within(read: Read, rect: Rect) -> bool:
    """Say whether most of a reading lies inside a rectangle."""
    return overlap(rect, read.rect) >= CLAIM * area(read.rect)


def tie(truths: Sequence[Truth], reads: Sequence[Read]) -> tuple[list[Tie], list[Read]]:
    """Tie every true field to at most one reading; return the ties and the unclaimed readings.

    Placed truth is tied by place and the rest by field name; a page with one true field and
    one reading needs neither.
    """
    truths_of: dict[PageKey, list[Truth]] = defaultdict(list)
    reads_of: dict[PageKey, list[Read]] = defaultdict(list)
    for truth in truths:
        truths_of[truth.page, truth.number].append(truth)
    for read in reads:
        reads_of[read.page, read.number].append(read)
    ties: list[Tie] = []
    extras: list[Read] = []
    for key, wanted in truths_of.items():
        free = reads_of[key]
        made = tie_page(wanted, free)
        used = {id(t.read) for t in made if t.read is not None}
        ties.extend(made)
        extras.extend(r for r in free if id(r) not in used)
    return ties, extras


def tie_page(wanted: Sequence[Truth], free: Sequence[Read]) -> list[Tie]:
    """Tie the true fields of one page to its readings."""
    if len(wanted) == len(free) == 1 and wanted[0].rect is None:
        return [Tie(wanted[0], free[0])]
    ties = tie_by_place([t for t in wanted if t.rect is not None], free)
    used = {id(t.read) for t in ties}
    named = {r.field: r for r in free if id(r) not in used}
    for truth in wanted:
        if truth.rect is None:
            read = named.get(truth.field)
            ties.append(Tie(truth, read, "" if read else "missed"))
    return ties
