"""Train both networks on from a model, with a person's confirmed numbers among the old ones.

Half of what is learned is new at most, the rest is what the model was first trained on, so
that nothing is forgotten (rehearsal; Robins 1995). Needs TensorFlow.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from formreader import train_material, train_strips
from formreader.datasets import Glyphs, hands_of, join
from formreader.document import Float
from formreader.reviewed import Lesson
from formreader.train_loop import Course, Report, cosine, run
from formreader.train_strips import LONGEST, WIDEST
from formreader.train_weights import take_weights

EPOCHS, STEPS = 4, 150
"""Rounds for the digit networks, and batches in each."""
STRIP_EPOCHS = 8
"""Rounds for the strip reader, as many batches in each: five minutes on two cores. Of 169 cheque
amounts it read 126 right by itself, and 139 having learned from 677 others."""
MOST_SEEN, STRIPS_SEEN = 20, 40
"""How often a confirmed character, and number, is learned from at most, changed each time."""
DIGIT_RATE, STRIP_RATE = 1e-4, 1e-3
"""Highest learning rates: a thirtieth and a half of those of the first training. At a tenth
the digit networks lost 9 of 9,970 test digits and gained one."""
DIGITS_MOVED, STRIPS_MOVED = 0.5, 0.75
"""How far the weights go from those trained on from to those learned, see `part_way`."""
OLD_HANDS = 3
"""Old writers to one composed number of confirmed characters, in what is composed."""


def fine_tune_digits(
    base: Path,
    new: Glyphs,
    old: train_material.Material,
    work: Path,
    recipe: dict[str, Any],
    report: Report,
) -> tuple[Any, Any]:
    """Train both digit networks of `base` on; returns them joined in one, and the history."""
    from formreader.network import averaged, build

    seed = recipe["seed"]
    share = min(train_material.BATCH_DIGITS // 3, -(-MOST_SEEN * len(new) // (EPOCHS * STEPS)))
    both = join([new, old.train])
    hands = hands_of(old.written)
    held_out = old.held_out.images.astype(np.float32) / np.float32(255)

    def compiled() -> Any:
        import keras

        model = build(len(train_material.ALPHABET))
        take_weights(base, "digits", averaged(model))
        rate = cosine(DIGIT_RATE, STEPS, EPOCHS)
        model.compile(
            keras.optimizers.AdamW(rate, weight_decay=0.02, clipnorm=2.0),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        )
        return model

    def batch(epoch: int, step: int) -> tuple[Float, Any]:
        rng = np.random.default_rng([seed, 21, epoch, step])
        mine = rng.integers(max(1, len(new)), size=share)
        others = rng.integers(len(new), len(both), size=train_material.BATCH_DIGITS - len(mine))
        chosen = np.concatenate([mine, others])
        made = train_material.batch(both.at(chosen), both, [seed, 22, epoch, step], old.others)
        size = train_material.BATCH_DIGITS
        return train_material.for_both(
            *train_material.with_pieces(made, hands, size, [seed, 26, epoch, step])
        )

    def judge(model: Any) -> float:
        logits = averaged(model).predict(held_out, batch_size=512, verbose=0)
        return float((logits[:, :10].argmax(1) == old.held_out.labels).mean())

    course = Course("digits", compiled, batch, STEPS, judge, EPOCHS)
    model, history = run(course, work, {**recipe, "characters": len(new)}, report)
    return part_way(base, "digits", averaged(model), DIGITS_MOVED), history


def fine_tune_strips(
    base: Path,
    lessons: Sequence[Lesson],
    new: Glyphs,
    old: train_material.Material,
    work: Path,
    recipe: dict[str, Any],
    report: Report,
) -> tuple[Any, Any]:
    """Train the strip reader of `base` on; returns the Keras model and its history."""
    from formreader.network import build_strip_reader

    seed = recipe["seed"]
    strips = [
        (lesson.cut.lattice.strip, lesson.text)
        for lesson in lessons
        if lesson.cut.lattice.strip is not None and len(lesson.text) <= LONGEST
    ]
    half = train_strips.BATCH // 2
    share = min(half, -(-STRIPS_SEEN * len(strips) // (STRIP_EPOCHS * STEPS)))
    hands = hands_of(old.written)
    if len(new):
        hands = hands + hands_of(new) * -(-len(hands) // OLD_HANDS)
    held_out = hands_of(old.held_out)
    checks = train_strips.batch(held_out, train_strips.CHECKED, [seed, 23])

    def compiled() -> Any:
        import keras

        model = build_strip_reader(10)
        take_weights(base, "strips", model)
        rate = cosine(STRIP_RATE, STEPS, STRIP_EPOCHS)
        optimizer = keras.optimizers.AdamW(rate, weight_decay=0.02, clipnorm=2.0)
        model.compile(optimizer, keras.losses.CTC())
        return model

    def batch(epoch: int, step: int) -> tuple[Float, NDArray[np.int32]]:
        rng = np.random.default_rng([seed, 24, epoch, step])
        composed = train_strips.batch(hands, train_strips.BATCH - share, [seed, 25, epoch, step])
        if not share:
            return composed
        return together(composed, *picked(strips, share, composed[1], rng))

    def judge(model: Any) -> float:
        return train_strips.share_right(model, *checks)

    course = Course("strips", compiled, batch, STEPS, judge, STRIP_EPOCHS)
    model, history = run(course, work, {**recipe, "numbers": len(strips)}, report)
    return part_way(base, "strips", model, STRIPS_MOVED), history


def part_way(base: Path, name: str, network: Any, share: float) -> Any:
    """Bring a network's weights back towards where it was trained on from; `share` is left.

    Weights between old and new keep most of both (WiSE-FT, Wortsman et al. 2022). Of 677 cheque
    amounts the digit networks lost 14 of 9,970 test digits all the way. The strip reader read 141
    of 169 others all the way, 140 at three quarters, 137 halfway, and of 1,200 composed numbers
    82.3, 84.1 and 84.1 % right, before 84.0.
    """
    learned = network.get_weights()
    take_weights(base, name, network)
    network.set_weights(
        [
            old + np.float32(share) * (new - old)
            for old, new in zip(network.get_weights(), learned, strict=True)
        ]
    )
    return network


def picked(
    strips: list[tuple[Float, str]],
    count: int,
    beside: NDArray[np.int32],
    rng: np.random.Generator,
) -> tuple[list[Float], list[str]]:
    """Pick confirmed numbers, each changed a little: of the lengths of the composed, if any are.

    Mixed lengths would make a third of a batch white padding.
    """
    lengths = set((beside > 0).sum(1).tolist())
    alike = [place for place, (_, text) in enumerate(strips) if len(text) in lengths]
    chosen = rng.choice(alike or len(strips), size=count)
    return [vary(strips[place][0], rng) for place in chosen], [strips[p][1] for p in chosen]


def vary(strip: Float, rng: np.random.Generator) -> Float:
    """Change a strip as another hand, pen and scan would: float32 (32, W) in 0…1.

    Stretched by a sixth, slanted, raised, made thinner or bolder, blurred and speckled.
    """
    height, width = strip.shape
    wide = float(rng.uniform(0.85, 1.18))
    tall = float(rng.uniform(0.82, 1.02))
    shear = float(rng.normal(0, 0.12))
    top = float(rng.uniform(0, 1)) * (1 - tall) * height
    left = max(0.0, shear * height)
    size = (min(WIDEST, int(width * wide + abs(shear) * height) + 1), height)
    matrix = np.array([[wide, -shear, left], [0, tall, top]], np.float64)
    out = cv2.warpAffine(strip, matrix, size, flags=cv2.INTER_LINEAR)
    kind = rng.random()
    if kind < 0.2:
        out = cv2.dilate(out, np.ones((2, 2), np.uint8))
    elif kind < 0.4:
        out = cv2.erode(out, np.ones((2, 2), np.uint8))
    elif kind < 0.6:
        out = cv2.GaussianBlur(out, (0, 0), float(rng.uniform(0.3, 0.9)))
    out = np.clip(out, 0, 1) ** np.float32(np.exp(rng.normal(0, 0.25)))
    return np.clip(out + rng.normal(0, 0.02, out.shape), 0, 1).astype(np.float32)


def together(
    composed: tuple[Float, NDArray[np.int32]], strips: list[Float], texts: list[str]
) -> tuple[Float, NDArray[np.int32]]:
    """Put composed and confirmed numbers into one batch: (B, 32, W) and labels (B, 9)."""
    first, labels = composed
    width = max(first.shape[2], -(-max(s.shape[1] for s in strips) // 32) * 32)
    images = np.zeros((len(first) + len(strips), first.shape[1], width), np.float32)
    images[: len(first), :, : first.shape[2]] = first
    spelt = np.zeros((len(strips), LONGEST), np.int32)
    for row, (strip, text) in enumerate(zip(strips, texts, strict=True)):
        images[len(first) + row, :, : strip.shape[1]] = strip
        spelt[row, : len(text)] = [int(symbol) + 1 for symbol in text]
    return images, np.concatenate([labels, spelt])
