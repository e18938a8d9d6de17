"""Rules across the fields of a form: `total = a + b`, `from <= till`; which field to correct."""

from __future__ import annotations

import operator
import re
from collections.abc import Mapping
from dataclasses import dataclass

COMPARE = {
    "=": operator.eq, "<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt,
}  # fmt: skip
TERM = re.compile(r"\s*([+-]?)\s*(?:(\d+)|([^\W\d][\w.]*))\s*")


@dataclass(frozen=True, slots=True)
class Rule:
    """One comparison of two sums: `terms` are (sign, field or "", number), all on the left."""

    text: str
    compare: str
    terms: tuple[tuple[int, str, int], ...]

    @property
    def names(self) -> list[str]:
        """Return the fields of the rule."""
        return [name for _, name, _ in self.terms if name]

    def holds(self, values: Mapping[str, int]) -> bool:
        """Tell whether the rule holds for the fields' values."""
        total = sum(sign * (values[name] if name else number) for sign, name, number in self.terms)
        return bool(COMPARE[self.compare](total, 0))

    def needed(self, name: str, values: Mapping[str, int]) -> int | None:
        """Return the value of one field that makes an equation hold with the others."""
        signs = [sign for sign, field, _ in self.terms if field == name]
        if self.compare != "=" or len(signs) != 1:
            return None
        rest = sum(
            sign * (values[field] if field else number)
            for sign, field, number in self.terms
            if field != name
        )
        value = -rest * signs[0]
        return value if value >= 0 else None


def parse_rule(text: str) -> Rule:
    """Read a rule; raises ValueError with what is wrong."""
    parts = re.split(r"(<=|>=|=|<|>)", text)
    if len(parts) != 3:
        raise ValueError("write one of = <= >= < > between two sums of fields")
    return Rule(text, parts[1], (*_terms(parts[0], 1), *_terms(parts[2], -1)))


def _terms(text: str, side: int) -> list[tuple[int, str, int]]:
    found: list[tuple[int, str, int]] = []
    at = 0
    while at < len(text):
        match = TERM.match(text, at)
        if not match or (found and not match[1]):
            raise ValueError(f"“{text[at:].strip()}” is no field, number or sum")
        found.append((side * (-1 if match[1] == "-" else 1), match[3] or "", int(match[2] or 0)))
        at = match.end()
    if not found:
        raise ValueError("one side is empty")
    return found


def number_of(text: str, order: str | None) -> int | None:
    """Return what a field counts for in a rule: nothing is 0, a date is year, month, day.

    `order` is how the date is written; years of two digits are taken for 2000 and later. None
    where the text is no such number.
    """
    if not order:
        return int(text or 0) if not text or (text.isascii() and text.isdigit()) else None
    if len(text) != len(order) or not (text.isascii() and text.isdigit()):
        return None
    year, month, day = (
        "".join(t for t, o in zip(text, order, strict=True) if o == part) for part in "YMD"
    )
    return int(f"{year:0>2}{month}{day}") + (20000000 if len(year) == 2 else 0)


def text_of(number: int, order: str | None, length: int) -> str:
    """Return how a field says a number: dates in their order, others filled up with zeros."""
    if not order:
        return str(number).zfill(length)
    held = {"Y": f"{number // 10000:04d}"[-order.count("Y") :], "M": f"{number // 100 % 100:02d}"}
    held["D"] = f"{number % 100:02d}"
    return "".join(held[part] for part in dict.fromkeys(order))
