"""Join what was read between the separators of an amount, as far as it makes an amount."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, product
from math import exp, log, prod

from formreader import cheque_values as values
from formreader.calibrate import Scored
from formreader.cheque_marks import Mark, Tail
from formreader.cheque_profiles import Profile
from formreader.document import Candidate, Character

KEPT = 7
"""Strings tried for each group of digits; an amount has up to five groups."""
MOST = KEPT**5
"""Amounts tried in all; with ten specks taken for points it would be 280 million."""
JOINED = 12
"""Strings kept for the whole amount."""
TAKEN = -1.5
"""Log-likelihood lost for taking a 1 for a separator or slash; chosen, and a person is asked."""

LIKE_A_SLASH = "1247"
"""Digits that a slash, alone or with the dash after it, may be read as."""


@dataclass(frozen=True, slots=True)
class Group:
    """One way to read the digits between two separators that were seen.

    `lengths` has two numbers where a 1 in it was taken for one more separator; `taken` tells
    that, or that its last stroke was taken for a slash.
    """

    text: str
    score: float
    lengths: tuple[int, ...]
    characters: tuple[Character, ...] = ()
    passed: int = 0
    touching: int = 0
    taken: bool = False


class AmountGrammar:
    """Joins groups of digits and weighs the amounts by how their separators stand."""

    def __init__(self, profile: Profile, tail: Tail, marks: Sequence[Mark]) -> None:
        """Take the profile's way of grouping and the marks seen between groups and at the end."""
        self.profile, self.tail, self.marks = profile, tail, marks
        self._lengths: dict[str, tuple[int, ...]] = {}
        self._taken: dict[str, bool] = {}

    def join(self, groups: Sequence[Sequence[Candidate]]) -> list[Candidate]:
        """Join the lattice's candidates of all groups, best first."""
        ways = [
            [Group(c.text, c.score, (len(c.text),), c.characters, c.passed, c.touching) for c in g]
            for g in groups
        ]
        return [
            Candidate(
                text,
                score,
                tuple(char for group in choice for char in group.characters),
                sum(group.passed for group in choice),
                sum(group.touching for group in choice),
            )
            for text, score, choice in self._join(ways)[:JOINED]
        ]

    def join_spelt(self, groups: Sequence[Scored]) -> Scored:
        """Join the strip reader's strings of all groups with their log-posteriors, best first.

        The separators speak for some strings and against others, so what all amounts together
        have is 1 again (Bayes); strings that were not listed count as if separators fitted them.
        """
        ways = [[Group(text, score, (len(text),)) for text, score in g] for g in groups]
        joined = self._join(ways)
        listed = prod(sum(exp(score) for _, score in g) for g in groups)
        total = sum(exp(score) for _, score, _ in joined) + max(0.0, 1.0 - listed)
        return [(text, score - log(total)) for text, score, _ in joined[:JOINED]]

    def separators(self, text: str) -> list[int]:
        """Return how many digits of an amount stand right of each separator in it."""
        return from_right(self._lengths.get(text, ()))

    def clear(self, text: str) -> bool:
        """Tell whether neither the separators nor the end of an amount leave a doubt.

        Separators that fit say how many digits there are. Without them a digit before a dash
        may be a slash, or a stroke taken for one a digit; one separator alone may be a 1. Only
        a point parts decimals, and no dash follows those.
        """
        if self._taken.get(text, True):
            return False
        separators = self.separators(text)
        if not separators and self.tail is Tail.DASH and text[-1:] in LIKE_A_SLASH:
            return False
        if not separators and self.tail in (Tail.DASH_AND_STROKE, Tail.LONG_STROKE):
            return False
        if len(separators) == 1 and self.marks[-1].like_a_one:
            return False
        has_decimals = values.MINOR_DIGITS in separators
        if has_decimals and (self.tail is not Tail.NONE or not self.marks[-1].is_point):
            return False
        return values.clear(text, separators, self.profile)

    def __call__(self, scored: Scored, _: Sequence[Candidate]) -> Scored:
        """Return the strings as they are weighed already; empty ones are no amount."""
        return [(text, score) for text, score in scored if text]

    def _join(
        self, groups: Sequence[Sequence[Group]]
    ) -> list[tuple[str, float, tuple[Group, ...]]]:
        """Try all ways to read all groups; return the amounts, best first."""
        options = [[way for group in g[:KEPT] for way in readings(group)] for g in groups]
        if options and self.tail in (Tail.DASH, Tail.LONG_STROKE):
            options[-1] += [shortened(group) for group in options[-1] if len(group.text) > 1]
        best: dict[str, tuple[float, tuple[Group, ...]]] = {}
        kept = int(MOST ** (1 / len(options)) + 0.01) if options else 0
        for choice in product(
            *(sorted(o, key=lambda g: -g.score)[: min(KEPT, kept)] for o in options)
        ):
            lengths = tuple(length for group in choice for length in group.lengths)
            text = "".join(group.text for group in choice)
            score = sum(group.score for group in choice)
            score += values.grouping_cost(from_right(lengths), len(text), self.profile)
            score += values.MISFIT * (lengths.count(0) + text.startswith("0"))
            if text not in best or score > best[text][0]:
                best[text] = (score, choice)
        ranked = sorted(best.items(), key=lambda item: -item[1][0])
        for text, (_, choice) in ranked:
            self._lengths.setdefault(text, tuple(n for group in choice for n in group.lengths))
            self._taken.setdefault(text, any(group.taken for group in choice))
        return [(text, score, choice) for text, (score, choice) in ranked]


def from_right(lengths: Sequence[int]) -> list[int]:
    """Return how many digits stand right of each border between groups, nearest first."""
    return list(accumulate(reversed(lengths[1:])))


def readings(group: Group) -> Iterator[Group]:
    """Yield a group as it stands, and with a 1 before its last digits as a separator."""
    yield group
    for behind in (2, 3):
        at = len(group.text) - behind - 1
        if at > 0 and group.text[at] == "1":
            yield without(group, at, (at, behind))


def shortened(group: Group) -> Group:
    """Return a group whose last stroke is taken for a slash."""
    *before, last = group.lengths
    return without(group, len(group.text) - 1, (*before, last - 1))


def without(group: Group, at: int, lengths: tuple[int, ...]) -> Group:
    """Return a group without the character at a place."""
    return Group(
        group.text[:at] + group.text[at + 1 :],
        group.score + TAKEN,
        lengths,
        group.characters[:at] + group.characters[at + 1 :],
        group.passed,
        group.touching,
        taken=True,
    )
