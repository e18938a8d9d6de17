"""The gate: a new model takes the place of an old one only if it reads no worse.

Both read the same things, which neither learned from: test digits, and numbers composed from
held-out writers, the same ones every time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from formreader import calibrate, pipeline, segment
from formreader.datasets import Glyphs, Hands
from formreader.evaluate_rates import binomial_tail
from formreader.fit_confidence import Trial
from formreader.fit_fields import Maker, boxed_field, free_field

COMPOSED = 1500
"""Numbers of each kind that both models read."""
SEED = 31
"""Start of what is composed: the test stays the same from version to version."""
WORSE = 0.05
"""A model is worse where so many more lost than gained would come by chance less often
(one-sided sign test on the things of which only one model reads right)."""


class Compared(NamedTuple):
    """What two models read right of the same things: counts, and of how many one alone."""

    what: str
    of: int
    before: int
    after: int
    gained: int
    lost: int

    @property
    def worse(self) -> bool:
        """Tell whether the new model reads worse, beyond chance."""
        changed = self.gained + self.lost
        return self.lost > self.gained and binomial_tail(self.lost, changed, 0.5, 1) < WORSE

    @property
    def sentence(self) -> str:
        """Say what came out."""
        return (
            f"{self.what}: {self.before:,} of {self.of:,} right before "
            f"({self.before / self.of:.2%}), {self.after:,} now "
            f"({self.after / self.of:.2%}); {self.gained} gained, {self.lost} lost"
        )


def compared(what: str, before: Sequence[bool], after: Sequence[bool]) -> Compared:
    """Count what two models read right of the same things, in the same order."""
    old, new = np.array(before, bool), np.array(after, bool)
    gained, lost = int((new & ~old).sum()), int((old & ~new).sum())
    return Compared(what, len(old), int(old.sum()), int(new.sum()), gained, lost)


class Judged(NamedTuple):
    """A model that can read: its networks and what its card says of confidence."""

    readers: pipeline.Readers
    calibration: Mapping[str, Any]


def frozen_tests(old: Judged, new: Judged, test: Glyphs | None, hands: Hands) -> list[Compared]:
    """Let both models read the frozen test set."""
    found = []
    if test is not None:
        before, after = (digits_right(model.readers, test) for model in (old, new))
        found.append(compared("test digits", before, after))
    kinds: tuple[tuple[str, Maker], ...] = (
        ("composed numbers outside boxes", free_field),
        ("composed numbers in boxes", boxed_field),
    )
    for place, (what, maker) in enumerate(kinds):
        cuts, truths = composed(hands, maker, [SEED, place])
        before, after = (numbers_right(model, cuts, truths) for model in (old, new))
        found.append(compared(what, before, after))
    return found


def digits_right(readers: pipeline.Readers, test: Glyphs) -> list[bool]:
    """Tell of each test digit whether it is read right."""
    logits = readers.recognizer.classify(test.images.astype(np.float32) / np.float32(255))
    return [bool(right) for right in logits[:, :10].argmax(1) == test.labels]


def composed(hands: Hands, maker: Maker, seed: list[int]) -> tuple[list[pipeline.Cut], list[str]]:
    """Compose numbers, those left out that are none."""
    rng = np.random.default_rng(seed)
    cuts, truths = [], []
    for _ in range(COMPOSED):
        field, truth = maker(*hands[int(rng.integers(len(hands)))], rng)
        if truth is not None:
            cuts.append(pipeline.Cut(field, segment.segment(field)))
            truths.append(truth)
    return cuts, truths


def numbers_right(model: Judged, cuts: Sequence[pipeline.Cut], truths: Sequence[str]) -> list[bool]:
    """Tell of each number whether it is read right, nothing rejected."""
    right = []
    for cut, gains, truth in zip(cuts, model.readers.score(cuts), truths, strict=True):
        proposed = pipeline.propose(cut, gains, model.readers.strips)
        right.append(pipeline.judge(cut, *proposed, model.calibration).text == truth)
    return right


def trials_right(trials: Sequence[Trial], calibration: Mapping[str, Any]) -> list[bool]:
    """Tell of each field that was tried whether its best string is the truth."""
    weight = calibration["strip_weight"]
    return [
        calibrate.fuse(trial.candidates, trial.spelt, weight)[0][0] == trial.truth
        for trial in trials
    ]
