"""Tell the slashes of a date, read as 1s, by what the digits between them spell."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations

from formreader.document import Reading

YEARS = (2, 4)
"""Digits of a year; one that stands first has four."""
EIGHT, CENTURIES = 8, ("19", "20")
"""Digits of a date without slashes, and how its year begins: 21112013 has no slashes."""
SURE_DATE, DATE = 7, 0.9
"""Digits from which a number in which two 1s part a day, a month and a year is a date rather, and
how likely it is (chosen): of 677 real amounts two did, both of six digits, and none of seven."""


def as_date(reading: Reading, fits: Callable[[str], bool] | None, likely: float = DATE) -> Reading:
    """Take the slashes out of a number that spells a date and is one as `likely` as said.

    A short number stays as it was read, with the date offered, and so does one that is a date of
    eight digits as it stands; one that spells a date in several ways, or none that `fits` the
    form, is left alone.
    """
    ways = list(date_slashes(reading.text))
    if len(ways) != 1:
        return reading
    text = "".join(symbol for at, symbol in enumerate(reading.text) if at not in ways[0])
    if fits and not fits(text):
        return reading
    if len(reading.text) < SURE_DATE or is_date(reading.text):
        others = [other for other in reading.alternatives if other[0] != text]
        less = (1 - likely) * reading.confidence
        return replace(reading, alternatives=((text, less), *others)[:3])
    return without(reading, {*ways[0]}, fits, likely)


def without(
    reading: Reading, places: set[int], fits: Callable[[str], bool] | None, likely: float
) -> Reading:
    """Take the slashes at some places out of a number, as `likely` as said, and offer it as read.

    One that then does not fit its form, as `fits` tells, is left alone.
    """
    text = "".join(symbol for at, symbol in enumerate(reading.text) if at not in places)
    if not places or (fits and not fits(text)):
        return reading
    others = [other for other in reading.alternatives if other[0] != text]
    return replace(
        reading,
        text=text,
        confidence=likely * reading.confidence,
        characters=tuple(c for at, c in enumerate(reading.characters) if at not in places),
        alternatives=((reading.text, (1 - likely) * reading.confidence), *others)[:3],
    )


def spells_date(text: str) -> bool:
    """Tell whether a number is a day, a month and a year in any order with 1s between them."""
    return any(True for _ in date_slashes(text))


def date_slashes(text: str) -> Iterator[tuple[int, int]]:
    """List the places of two 1s between which a number is a day, a month and a year."""
    ones = [at for at, symbol in enumerate(text) if symbol == "1"]
    for first, second in combinations(ones, 2):
        if _is_date(text[:first], text[first + 1 : second], text[second + 1 :]):
            yield first, second


def is_date(text: str) -> bool:
    """Tell whether eight digits are a day, a month and a year of this century or the last."""
    if len(text) != EIGHT:
        return False
    ways = ((text[:2], text[2:4], text[4:]), (text[4:6], text[6:], text[:4]))
    return any(year[:2] in CENTURIES and _is_date(day, month, year) for day, month, year in ways)


def _is_date(first: str, middle: str, last: str) -> bool:
    """Tell whether three strings of digits are a day, a month and a year."""
    if len(first) == YEARS[1]:
        first, middle, last = middle, last, first
    if not (len(last) in YEARS and 0 < len(first) <= 2 and 0 < len(middle) <= 2):
        return False
    low, high = sorted((int(first), int(middle)))
    return 1 <= low <= 12 and high <= 31
