"""Take a page without a definition the right way up where its letters do not tell.

Most pages say which way they lie by the heads of their letters. Forms in capitals, or with little
print, say nothing or the contrary; then what is read tells. Of 133 pages turned by 180 degrees 44
were turned back by their letters alone, and on others values such as 016 for 910 were accepted;
with what is read 108 are, 18 of the others being blanks. Of 181 upright pages 4 in capitals were
turned by their letters, with what is read none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from formreader import register
from formreader.document import FieldImage, Page, Reading, Registration

ONE_WAY = frozenset("23457")
"""Digits that are none upside down."""
SURER = 8
"""Power of the confidence that counts: with 4 fewer pages are turned back."""
MORE, LEAST = 1.5, 3.0
"""How many times as much, and how much more, must be read the other way: forms without numbers
show up to 2.3 either way."""

Way = tuple[Registration, list[FieldImage]]
"""How a page lies, and the fields found on it so."""
Find = Callable[[Registration], list[FieldImage]]
Read = Callable[[Sequence[FieldImage]], Iterable[Reading]]


def right_way_up(page: Page, as_it_lies: Way, find: Find, read: Read) -> Way:
    """Return the fields of a page as it lies, or turned round where more is surely `read` so.

    `find` finds the fields of the page as a registration lays it.
    """
    registration, fields = as_it_lies
    turned = register.turned_round(registration, page.image.shape)
    others = find(turned)
    if surely_read(read(others)) > MORE * surely_read(read(fields)) + LEAST:
        return turned, others
    return as_it_lies


def surely_read(readings: Iterable[Reading]) -> float:
    """Count the digits that are none upside down, each as much as its reading is sure."""
    return sum(
        reading.confidence**SURER * sum(symbol in ONE_WAY for symbol in reading.text)
        for reading in readings
    )
