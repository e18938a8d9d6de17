"""Join what was read between the separators of an amount, as far as it makes an amount."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, product
from math import exp, log, prod

from formreader import cheque_values as values
from formreader.calibrate import UNSEEN, Scored
from formreader.cheque_closing import Tail
from formreader.cheque_marks import Mark
from formreader.cheque_profiles import Profile
from formreader.document import Candidate, Character

KEPT = 8
"""Ways tried for each group of digits; an amount has up to five groups."""
MOST = 1_500
"""Amounts tried in all; with ten specks taken for points it would be a thousand million."""
JOINED = 12
"""Strings kept for the whole amount."""
FAVOURED = 3
"""Strings of each reader alone that are kept beside those: whether both agree is asked later."""
LEAST = 1e-300
"""Probability of all amounts at least, so that its logarithm can be taken."""
TAKEN = -1.5
"""Log-likelihood lost for taking a 1 for a separator or slash; chosen, and a person is asked."""

MAY_HIDE_SLASH = (Tail.DASH, Tail.JOINED_DASH, Tail.LONG_STROKE)
"""Ends before which the last digit may be a slash."""
LIKE_A_SLASH = "1247"
"""Digits that a slash, alone or with the dash after it, may be read as."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to read the digits between two separators that were seen.

    `ours` is the lattice's log-likelihood and `theirs` the strip reader's log-posterior, None
    where there is none; `common` is how both rank it. `lengths` has two numbers
    where a 1 was taken for one more separator; `taken` tells that, or that the last stroke was
    taken for a slash.
    """

    text: str
    ours: float
    theirs: float | None
    common: float
    lengths: tuple[int, ...]
    characters: tuple[Character, ...] = ()
    passed: int = 0
    touching: int = 0
    taken: bool = False

    def scored(self, more: float) -> Way:
        """Return the way with more log-likelihood, or less."""
        return replace(
            self,
            ours=self.ours + more,
            theirs=None if self.theirs is None else self.theirs + more,
            common=self.common + 2 * more,
        )


@dataclass(frozen=True, slots=True)
class Whole:
    """One way to read a whole amount, its cost for separators included in all scores."""

    text: str
    ways: tuple[Way, ...]
    cost: float
    common: float

    def ours(self) -> float:
        """Return the lattice's log-likelihood."""
        return sum(way.ours for way in self.ways) + self.cost

    def theirs(self) -> float | None:
        """Return the strip reader's log-posterior, None where there is none."""
        listed = [way.theirs for way in self.ways if way.theirs is not None]
        return sum(listed) + self.cost if len(listed) == len(self.ways) else None


class AmountGrammar:
    """Joins groups of digits and weighs the amounts by how their separators stand."""

    def __init__(self, profile: Profile, tail: Tail, marks: Sequence[Mark]) -> None:
        """Take the profile's way of grouping and the marks seen between groups and at the end."""
        self.profile, self.tail, self.marks = profile, tail, marks
        self._lengths: dict[str, tuple[int, ...]] = {}
        self._taken: dict[str, bool] = {}

    def sizes(self, count: int) -> list[frozenset[int]]:
        """Return how many digits each of `count` groups may have; of one, any number."""
        if count < 2:
            return [frozenset()] * count
        found: list[set[int]] = [set() for _ in range(count)]
        for groups in self.profile.groups:
            for minor in ((), (values.MINOR_DIGITS,)) if self._may_be_decimals() else ((),):
                right = [*minor, *groups][:count]
                right += [groups[-1]] * (count - len(right))
                for place, size in enumerate(reversed(right)):
                    found[place] |= set(range(1, size + 1)) if place == 0 else {size}
        if self.tail in MAY_HIDE_SLASH:
            found[-1] |= {size + 1 for size in found[-1]}
        return [frozenset(sizes) for sizes in found]

    def join(self, groups: Sequence[Sequence[Way]]) -> tuple[list[Candidate], Scored]:
        """Join the ways to read all groups: both readers' strings, each best first.

        The separators speak for some strings and against others, so what all amounts together
        have in the strip reader's posteriors is 1 again (Bayes); strings that were not listed
        count as if separators fitted them and as round as the likeliest.
        """
        tried = self._join(groups)
        ours = [(w, w.ours()) for w in tried]
        theirs = [(w, score) for w in tried if (score := w.theirs()) is not None]
        ours.sort(key=lambda pair: -pair[1])
        theirs.sort(key=lambda pair: -pair[1])
        kept = {w.text for w in tried[:JOINED]}
        kept |= {w.text for best in (ours, theirs) for w, _ in best[:FAVOURED]}
        listed = prod(sum(exp(w.theirs) for w in g if w.theirs is not None) for g in groups)
        round_as = values.roundness(theirs[0][0].text) if theirs else 0.0
        others = max(0.0, 1.0 - listed) * exp(round_as)
        total = max(sum(exp(score) for _, score in theirs) + others, LEAST)
        return [to_candidate(w, score) for w, score in ours if w.text in kept], [
            (w.text, score - log(total)) for w, score in theirs if w.text in kept
        ]

    def separators(self, text: str) -> list[int]:
        """Return how many digits of an amount stand right of each separator in it."""
        return from_right(self._lengths.get(text, ()))

    def clear(self, text: str) -> bool:
        """Tell whether neither the separators nor the end of an amount leave a doubt.

        Separators that fit say how many digits there are. Without them a stroke taken for a
        slash may be a digit; one separator alone may be a 1. A digit before a dash may be a slash,
        even where separators fit: of zeros that hang together one is easily missed. Only a point
        parts decimals, and no dash follows those. Digits without any mark may have a point that
        touches one: 194000.92 was read 19400092.
        """
        if self._taken.get(text, True) or any(mark.broken for mark in self.marks):
            return False
        separators = self.separators(text)
        if not separators and self.tail not in (Tail.DASH, Tail.DASH_AND_SLASH):
            return False
        like_slash = text[-1:] in LIKE_A_SLASH
        if like_slash and self.tail in (Tail.DASH, Tail.JOINED_DASH, Tail.JOINED_STROKE):
            return False
        if len(separators) == 1 and self.marks[-1].like_a_one:
            return False
        decimals = self._may_be_decimals() and self.tail is Tail.NONE
        if values.MINOR_DIGITS in separators and not decimals:
            return False
        return values.clear(text, separators, self.profile)

    def _may_be_decimals(self) -> bool:
        """Tell whether the last separator may part decimals: a point that no dash follows.

        A dash that touches the last digit may be its bar: 663050.85 was read 66305085.
        """
        open_end = self.tail in (Tail.NONE, Tail.JOINED_DASH)
        return open_end and bool(self.marks) and self.marks[-1].is_point

    def _join(self, groups: Sequence[Sequence[Way]]) -> list[Whole]:
        """Try all ways to read all groups; return the amounts, best first."""
        options = [[way for found in g for way in readings(found)] for g in groups]
        if options and self.tail in MAY_HIDE_SLASH:
            options[-1] += [shortened(way) for way in options[-1] if ends_in_slash(way.text)]
        kept = min(KEPT, int(MOST ** (1 / max(1, len(options))) + 0.01))
        options = [sorted(o, key=lambda w: -w.common)[:kept] for o in options]
        best: dict[str, Whole] = {}
        for ways in product(*options):
            text = "".join(way.text for way in ways)
            if not text:
                continue
            cost = self._cost(text, tuple(n for way in ways for n in way.lengths))
            common = sum(way.common for way in ways) + 2 * cost
            if text not in best or common > best[text].common:
                best[text] = Whole(text, ways, cost, common)
        for text, whole in best.items():
            self._lengths.setdefault(text, tuple(n for way in whole.ways for n in way.lengths))
            self._taken.setdefault(text, any(way.taken for way in whole.ways))
        return sorted(best.values(), key=lambda whole: (-whole.common, whole.text))

    def _cost(self, text: str, lengths: tuple[int, ...]) -> float:
        """Return the log-likelihood of groups of these lengths and of the zeros at the end."""
        separators = from_right(lengths)
        cost = values.grouping_cost(separators, len(text), self.profile, self._may_be_decimals())
        misfits = lengths.count(0) + text.startswith("0")
        return cost + values.MISFIT * misfits + values.roundness(text)


def to_candidate(whole: Whole, score: float) -> Candidate:
    """Return an amount as the lattice's candidate, with its characters where all were found."""
    ways = whole.ways
    characters = tuple(char for way in ways for char in way.characters)
    return Candidate(
        whole.text,
        score,
        characters if len(characters) == len(whole.text) else (),
        sum(way.passed for way in ways),
        sum(way.touching for way in ways),
    )


def way_of(text: str, ours: Candidate | None, theirs: float | None) -> Way:
    """Return one way to read a group; `theirs` is None where there is no strip reader.

    What the lattice does not list counts as unlikely, not as impossible: where zeros hang
    together all that it lists is unlikely.
    """
    score = max(ours.score, UNSEEN) if ours else UNSEEN
    common = score + (max(theirs, UNSEEN) if theirs is not None else 0.0)
    seen = (ours.characters, ours.passed, ours.touching) if ours else ()
    return Way(text, score, theirs, common, (len(text),), *seen)


def from_right(lengths: Sequence[int]) -> list[int]:
    """Return how many digits stand right of each border between groups, nearest first."""
    return list(accumulate(reversed(lengths[1:])))


def readings(way: Way) -> Iterator[Way]:
    """Yield a way as it stands, and with a 1 before its last digits as a separator."""
    yield way
    for behind in (2, 3):
        at = len(way.text) - behind - 1
        if at > 0 and way.text[at] == "1":
            yield without(way, at, (at, behind))


def ends_in_slash(text: str) -> bool:
    """Tell whether the last of several digits may be a slash."""
    return len(text) > 1 and text[-1] in LIKE_A_SLASH


def shortened(way: Way) -> Way:
    """Return a way whose last stroke is taken for a slash; zeros before it are no evidence."""
    *before, last = way.lengths
    bare = way.scored(-values.roundness(way.text[:-1]))
    return without(bare, len(way.text) - 1, (*before, last - 1))


def without(way: Way, at: int, lengths: tuple[int, ...]) -> Way:
    """Return a way without the character at a place, and with what taking it for a mark costs."""
    return replace(
        way.scored(TAKEN),
        text=way.text[:at] + way.text[at + 1 :],
        lengths=lengths,
        characters=way.characters[:at] + way.characters[at + 1 :],
        taken=True,
    )
