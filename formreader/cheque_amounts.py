"""Join what was read between the separators of an amount, as far as it makes an amount."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, product

from formreader import cheque_values as values
from formreader.calibrate import Scored
from formreader.cheque_marks import Tail
from formreader.cheque_profiles import Profile
from formreader.document import Candidate

KEPT = 7
"""Strings tried for each group of digits; an amount has up to five groups."""
JOINED = 12
"""Strings kept for the whole amount."""
SLASH = 2.0
"""Log-likelihood won by taking the last stroke before a closing dash for a slash: a dash
without one before it is the rarer way to close an amount."""


class AmountGrammar:
    """Joins groups of digits and weighs the amounts by how their separators stand.

    With a closing dash the last stroke of the last group may be a slash: the group without it
    is tried too.
    """

    def __init__(self, profile: Profile, tail: Tail) -> None:
        """Take the profile's way of grouping and what was seen at the end of the amount."""
        self.profile, self.tail = profile, tail
        self._lengths: dict[str, tuple[int, ...]] = {}

    def join(self, groups: Sequence[Sequence[Candidate]]) -> list[Candidate]:
        """Join the lattice's candidates of all groups, best first."""
        if not all(groups):
            return []
        options = [list(group[:KEPT]) for group in groups]
        if self.tail is Tail.DASH:
            options[-1] += [without_last(c) for c in options[-1] if len(c.text) > 1]
        best: dict[str, Candidate] = {}
        for choice in product(*options):
            joined = Candidate(
                "".join(c.text for c in choice),
                sum(c.score for c in choice) + self.cost([len(c.text) for c in choice]),
                tuple(char for c in choice for char in c.characters),
                sum(c.passed for c in choice),
                sum(c.touching for c in choice),
            )
            if joined.text not in best or joined.score > best[joined.text].score:
                best[joined.text] = joined
                self._lengths[joined.text] = tuple(len(c.text) for c in choice)
        return sorted(best.values(), key=lambda c: -c.score)[:JOINED]

    def join_spelt(self, groups: Sequence[Scored]) -> Scored:
        """Join the strip reader's strings of all groups, best first."""
        if not all(groups):
            return []
        options = [list(group[:KEPT]) for group in groups]
        if self.tail is Tail.DASH:
            options[-1] += [(t[:-1], s + SLASH) for t, s in options[-1] if len(t) > 1]
        best: dict[str, float] = {}
        for choice in product(*options):
            lengths = [len(text) for text, _ in choice]
            text = "".join(text for text, _ in choice)
            score = sum(score for _, score in choice) + self.cost(lengths)
            if text not in best or score > best[text]:
                best[text] = score
                self._lengths.setdefault(text, tuple(lengths))
        return sorted(best.items(), key=lambda pair: -pair[1])[:JOINED]

    def cost(self, lengths: Sequence[int]) -> float:
        """Return the log-likelihood (≤ 0) of groups with that many digits, left to right."""
        empty = sum(length == 0 for length in lengths)
        return values.MISFIT * (values.misfits(from_right(lengths), self.profile) + empty)

    def separators(self, text: str) -> list[int]:
        """Return how many digits of an amount stand right of each separator seen."""
        return from_right(self._lengths.get(text, ()))

    def __call__(self, scored: Scored, _: Sequence[Candidate]) -> Scored:
        """Return the strings as they are weighed already; empty ones are no amount."""
        return [(text, score) for text, score in scored if text]


def from_right(lengths: Sequence[int]) -> list[int]:
    """Return how many digits stand right of each border between groups, nearest first."""
    return list(accumulate(reversed(lengths[1:])))


def without_last(candidate: Candidate) -> Candidate:
    """Return a candidate whose last stroke is taken for a slash."""
    return Candidate(
        candidate.text[:-1],
        candidate.score + SLASH,
        candidate.characters[:-1],
        candidate.passed,
        candidate.touching,
    )
