"""Hold the rules across fields against what was read; offer the likeliest single correction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from formreader.document import Reading, Reason, Status
from formreader.forms_rules import Rule, number_of, text_of

BLAME = 0.005
"""Share of the blame for a rule that does not hold up to which a field is left as it was read.
With all fields sent to review, one 19 read 919 on a tally form took six right ones with it. 12,000
sums of two parts were composed, half of them in boxes, of digits that no model learned from: of
3,691 accepted fields in sums that did not hold 2,513 stay, 4 of them wrong (0.16 %); 47 of all
20,764 accepted are (0.23 %)."""
SUREST = 0.001
"""Least chance of being wrong that any field of such a rule has: none is promised less."""


def check_rules(
    readings: list[Reading], rules: Sequence[Rule], orders: Mapping[str, str] | None = None
) -> list[Reading]:
    """Send the fields of rules that do not hold to review, the likeliest correction offered.

    A field stays as it was where others of the rule are so doubtful that it has next to no blame.
    `orders` says how the dates among the fields are written. A rule of which not all fields are
    there is left out, and so is one with an empty date.
    """
    orders = orders or {}
    by_name = {reading.field: reading for reading in readings}
    for rule in rules:
        fields = [by_name[name] for name in rule.names if name in by_name]
        blank = [f for f in fields if f.status is Status.BLANK]
        if len(fields) < len(rule.names) or len(blank) == len(fields):
            continue
        if any(f.field in orders for f in blank):
            continue
        numbers = {
            f.field: number_of(f.text, orders.get(f.field)) for f in fields if f.text or f in blank
        }
        values = {name: number for name, number in numbers.items() if number is not None}
        readable = len(values) == len(fields)
        if readable and rule.holds(values):
            continue
        best = likeliest(rule, fields, values, orders) if readable else None
        for field in suspects(rule, fields, values, orders):
            offered = field.alternatives
            if best and best[0] == field.field:
                offered = ((best[1], best[2]), *(a for a in offered if a[0] != best[1]))[:3]
            reasons = tuple(dict.fromkeys((Reason.RULE, *field.reasons)))
            by_name[field.field] = replace(
                field, status=Status.REVIEW, reasons=reasons, alternatives=offered
            )
    return [by_name[reading.field] for reading in readings]


def suspects(
    rule: Rule, fields: Sequence[Reading], values: Mapping[str, int], orders: Mapping[str, str]
) -> list[Reading]:
    """Return the fields that may be to blame for a rule that does not hold.

    A field is as likely to blame as its confidence says, beside those with which alone the rule
    could hold; where there are none, or sums are only compared, all may be to blame.
    """
    if rule.compare != "=":
        return list(fields)
    chances = [max(1 - field.confidence, SUREST) for field in fields]
    able = [
        chance
        for field, chance in zip(fields, chances, strict=True)
        if explains(rule, field, values, orders)
    ]
    least = BLAME * min(1.0, sum(able))
    return [field for field, chance in zip(fields, chances, strict=True) if chance > least]


def explains(
    rule: Rule, field: Reading, values: Mapping[str, int], orders: Mapping[str, str]
) -> bool:
    """Tell whether another value of about as many digits in this field makes an equation hold."""
    if field.field not in values:
        return True  # it is no number
    if len(values) < len(rule.names):
        return False
    needed = rule.needed(field.field, values)
    if needed is None:
        return False
    return len(text_of(needed, orders.get(field.field), len(field.text))) <= len(field.text) + 1


def likeliest(
    rule: Rule, fields: Sequence[Reading], values: Mapping[str, int], orders: Mapping[str, str]
) -> tuple[str, str, float] | None:
    """Find the single correction that makes a rule hold: field, value and its probability."""
    found = []
    for field in fields:
        needed = rule.needed(field.field, values)
        if needed is None:
            continue
        text = text_of(needed, orders.get(field.field), len(field.text))
        found.append((field.field, text, chance_of(field, text)))
    best = max(found, key=lambda item: item[2], default=None)
    return best if best and best[2] > 0 else None


def chance_of(field: Reading, text: str) -> float:
    """Return how likely a field says `text`, by its alternatives or character by character."""
    listed = dict(field.alternatives).get(text)
    if listed is not None:
        return listed
    if len(field.characters) != len(text):
        return 0.0
    chance = 1.0
    for character, wanted in zip(field.characters, text, strict=True):
        options = {character.text: character.probability, **dict(character.alternatives)}
        chance *= options.get(wanted, 1e-4)
    return min(chance, 1 - field.confidence)
