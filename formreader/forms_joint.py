"""Match a list of allowed values with the fields of a page in which each may stand once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from formreader.document import Reading, Reason, Status
from formreader.forms_agreement import chance_of

LEAST_CHANCE = 1e-4
"""Chance of a value below which a field is rather left as it was read: a digit that its reader
did not list among the three likeliest counts for as much (`forms_agreement.chance_of`)."""
AHEAD = 1.01
"""How much likelier what was read is than any other value, at least: it must not be a draw."""


def match_lists(readings: list[Reading], lists: Mapping[str, Sequence[str]]) -> list[Reading]:
    """Give each field the value of its list that fits best while no other field has it too.

    `lists` are the values allowed in each field whose list is used once; fields with the same
    list share it. A field whose value changed by that goes to review, and so does one whose value
    was read in another field too.
    """
    by_name = {reading.field: reading for reading in readings}
    for values in dict.fromkeys(tuple(values) for values in lists.values()):
        sharing = [name for name, own in lists.items() if tuple(own) == values]
        fields = [by_name[name] for name in sharing if name in by_name and by_name[name].text]
        by_name |= {reading.field: reading for reading in matched(fields, values)}
    return [by_name[reading.field] for reading in readings]


def matched(fields: Sequence[Reading], values: Sequence[str]) -> list[Reading]:
    """Match the fields of one list with its values."""
    if not fields:
        return []
    chances = np.array([chances_of(field, values) for field in fields])
    left = np.full((len(fields), len(fields)), np.inf)  # each may also be left as it was read
    np.fill_diagonal(left, -np.log(LEAST_CHANCE))
    costs = np.concatenate([-np.log(np.maximum(chances, LEAST_CHANCE / 10)), left], axis=1)
    read = Counter(field.text for field in fields)
    found = []
    for field, column in zip(fields, assign(np.minimum(costs, 1e6)), strict=True):
        value = values[column] if column < len(values) else field.text
        if value != field.text:
            found.append(changed(field, value, chance_of(field, value)))
        elif read[value] > 1:
            reasons = (Reason.TWICE, *field.reasons)
            found.append(replace(field, status=Status.REVIEW, reasons=reasons))
        else:
            found.append(field)
    return found


def chances_of(field: Reading, values: Sequence[str]) -> list[float]:
    """Return how likely a field says each value.

    What was read is never less likely than another value, so that a field alone keeps it: a low
    confidence says that the reading is poor, not that its second choice is better.
    """
    others = [0.0 if value == field.text else chance_of(field, value) for value in values]
    first = max(field.confidence, AHEAD * max(others))
    pairs = zip(values, others, strict=True)
    return [first if value == field.text else other for value, other in pairs]


def changed(field: Reading, value: str, chance: float) -> Reading:
    """Return a reading with another value, for a person to look at."""
    others = ((field.text, field.confidence), *field.alternatives)
    return replace(
        field,
        text=value,
        confidence=min(chance, 1 - field.confidence),
        status=Status.REVIEW,
        reasons=(Reason.JOINT, *(r for r in field.reasons if r is not Reason.MISFIT)),
        characters=(),  # they spell what was read before
        alternatives=tuple(other for other in others if other[0] != value)[:3],
    )


def assign(costs: NDArray[np.float64]) -> list[int]:
    """Return the column of each row that makes the sum of costs least, no column taken twice.

    `costs` (rows, columns) are finite, with no more rows than columns. By shortest augmenting
    paths with potentials (Jonker and Volgenant 1987), O(rows² · columns).
    """
    rows, columns = costs.shape
    over, under = np.zeros(rows + 1), np.zeros(columns + 1)
    owner = np.full(columns + 1, rows)  # the row of each column; the last column is a helper
    for row in range(rows):
        owner[columns], here = row, columns
        least, before = np.full(columns, np.inf), np.full(columns, columns)
        seen = np.zeros(columns + 1, bool)
        while owner[here] < rows:
            seen[here] = True
            at = owner[here]
            slack = costs[at] - over[at] - under[:columns]
            nearer = ~seen[:columns] & (slack < least)
            least[nearer], before[nearer] = slack[nearer], here
            open_ = np.where(seen[:columns], np.inf, least)
            there = int(open_.argmin())
            step = open_[there]
            over[owner[seen]] += step
            under[seen] -= step
            least[~seen[:columns]] -= step
            here = there
        while here != columns:
            owner[here] = owner[before[here]]
            here = int(before[here])
    return [int(np.flatnonzero(owner[:columns] == row)[0]) for row in range(rows)]
