"""What a training learns from, and the batches that are made of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from formreader.augment import augment
from formreader.datasets import Glyphs, Hands, draw_some, join
from formreader.document import Float
from formreader.glyph_folder import Images
from formreader.junk import make_junk
from formreader.train_pieces import make_pieces

ALPHABET = "0123456789?"
"""Classes of the network in order; `?` is the not-a-digit class."""
BATCH_DIGITS, BATCH_JUNK = 100, 16
"""Digits and pieces of junk in a batch; it was 28 of junk before there were glyphs of lattices."""
BATCH_PIECES, BATCH_MIXED = 22, 14
"""Glyphs of composed lattices in a batch: digits, and what is no digit; chosen. Three passes more
with them read 473 of 677 real amounts (part `train`) right by the lattice alone, three without
463; 530 instead of 514 when its cuts were those of a person."""
OWN_JUNK = 0.5
"""Share of the junk that a folder's own pictures of what is no digit make up at most."""


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """What a training run learns from, is calibrated on and is tested on.

    `written` are the digits of people, `train` these and the ones that our code draws.
    `others` uint8 (M, 28, 28) are no digits, `other_test` those of them that are held out.
    """

    written: Glyphs
    train: Glyphs
    held_out: Glyphs
    test: Glyphs | None
    sources: dict[str, str]
    others: Images = field(default_factory=lambda: np.zeros((0, 28, 28), np.uint8))
    other_test: Images = field(default_factory=lambda: np.zeros((0, 28, 28), np.uint8))


def batch(
    digits: Glyphs, pool: Glyphs, seed: list[int], others: Images | None = None
) -> tuple[Float, Any]:
    """Augment one batch: glyphs float32 (B, 28, 28) and labels int64 (B,).

    Junk is made of the digits in `pool`, all that there are to learn from. `others` uint8
    (M, 28, 28) are no digits, and learned as often as digits are, at most. The same seed gives
    the same batch, so a resumed run goes on as if never stopped.
    """
    rng = np.random.default_rng(seed)
    junk_count = max(1, len(digits) * BATCH_JUNK // BATCH_DIGITS)
    some = pool.at(rng.integers(len(pool), size=200))
    junk = make_junk(darkness(some.images), some.labels, junk_count, rng)
    if others is not None and len(others):
        share = min(OWN_JUNK, len(others) * BATCH_DIGITS / (BATCH_JUNK * len(pool)))
        own = rng.integers(len(others), size=rng.binomial(junk_count, share))
        junk[: len(own)] = darkness(others[own])
    glyphs = np.stack([augment(glyph, rng) for glyph in [*darkness(digits.images), *junk]])
    return glyphs, np.concatenate([digits.labels, np.full(junk_count, len(ALPHABET) - 1)])


def darkness(images: Images) -> Float:
    """Bring stored glyphs, uint8, to float32 in 0…1."""
    return images.astype(np.float32) / np.float32(255)


def with_pieces(
    made: tuple[Float, Any], hands: Hands, size: int, seed: list[int]
) -> tuple[Float, Any]:
    """Add what the lattice makes of numbers composed from `hands` to a batch of `size` digits.

    Of few digits the shares of the bundled recipe are met by chance.
    """
    rng = np.random.default_rng(seed)
    digits, others = (
        int(size * count / BATCH_DIGITS + rng.random()) for count in (BATCH_PIECES, BATCH_MIXED)
    )
    glyphs, labels = make_pieces(hands, digits, others, rng)
    return np.concatenate([made[0], glyphs]), np.concatenate([made[1], labels])


def epoch_batch(
    material: Material, hands: Hands, seed: int, epoch: int, step: int, size: int = BATCH_DIGITS
) -> tuple[Float, Any]:
    """Make one batch of a shuffled pass over the material; `hands` are those of `written`.

    What our code draws is drawn anew, so that forms are learnt and not some drawings of them.
    """
    order = np.random.default_rng([seed, epoch]).permutation(len(material.train))
    picked = order[step * size : (step + 1) * size]
    written = material.written.at(picked[picked < len(material.written)])
    count = len(picked) - len(written)
    digits = join([written, draw_some(count, np.random.default_rng([seed, epoch, step, 2]))])
    made = batch(digits, material.train, [seed, epoch, step], material.others)
    return with_pieces(made, hands, size, [seed, epoch, step, 3])


def for_both(glyphs: Float, labels: NDArray[np.int64]) -> tuple[Float, NDArray[np.int64]]:
    """Give both networks the same labels: int64 (B, 2)."""
    return glyphs, np.stack([labels, labels], axis=1)
