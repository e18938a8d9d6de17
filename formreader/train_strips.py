"""Train the segmentation-free reader on numbers composed as training goes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from formreader import pipeline, segment
from formreader.compose import compose, random_text
from formreader.datasets import Glyphs, Hands, hands_of
from formreader.document import Float
from formreader.train_loop import Course, Report, cosine, run

EPOCHS = 18
"""Rounds of the bundled recipe, 300 batches of 48 numbers each. Three more read no more real
amounts: 530 of 677 (part `train`) by the strips alone, 535 before."""
STEPS, BATCH = 300, 48
LONGEST = 9
"""Most digits in a composed number, and so the width of the label array."""
WIDEST = 384
"""Widest strip in training, in pixels; composed numbers seldom pass it."""
ALIKE = ((1, 2, 3), (4, 5), (6, 7, 8))
"""Counts of digits that share a batch: mixed, a third of each batch was white padding."""
PEAK_RATE = 2e-3
CHECKED = 512
"""Composed numbers of held-out writers on which each epoch is judged."""


def batch(hands: Hands, size: int, seed: list[int]) -> tuple[Float, NDArray[np.int32]]:
    """Compose a batch: strips float32 (B, 32, W), labels int32 (B, 9), 0 for no digit."""
    rng = np.random.default_rng(seed)
    strips: list[Float] = []
    labels = np.zeros((size, LONGEST), np.int32)
    lengths = ALIKE[int(rng.choice(len(ALIKE), p=(0.3, 0.4, 0.3)))]
    for row in range(size):
        text = random_text(rng, lengths)
        number = compose(*hands[int(rng.integers(len(hands)))], rng, text)
        strips.append(segment.strip(pipeline.whole_image(number.image))[:, :WIDEST])
        labels[row, : len(number.text)] = [int(digit) + 1 for digit in number.text]
    width = max(64, -(-max(s.shape[1] for s in strips) // 32) * 32)
    padded = np.zeros((size, 32, width), np.float32)
    for row, strip in enumerate(strips):
        padded[row, :, : strip.shape[1]] = strip
    return padded, labels


def share_right(model: Any, strips: Float, labels: NDArray[np.int32]) -> float:
    """Return the share of numbers whose every digit the likeliest path spells."""
    classes = model.predict(strips, batch_size=64, verbose=0).argmax(-1)
    right = 0
    for path, truth in zip(classes, labels, strict=True):
        changed = np.concatenate([[True], path[1:] != path[:-1]])
        right += list(path[changed & (path > 0)]) == list(truth[truth > 0])
    return right / len(labels)


def train_strips(
    train: Glyphs, held_out: Glyphs, folder: Path, epochs: int, seed: int, report: Report
) -> tuple[Any, Any]:
    """Train the strip reader; returns the Keras model and its history."""
    import keras

    from formreader.network import build_strip_reader

    steps = STEPS if len(train) > 10_000 else 4
    hands = hands_of(train)
    checks = [batch(hands_of(held_out), CHECKED // 3, [seed, 2, part]) for part in range(3)]

    def build() -> Any:
        keras.utils.set_random_seed(seed)
        model = build_strip_reader(10)
        rate = cosine(PEAK_RATE, steps, epochs)
        optimizer = keras.optimizers.AdamW(rate, weight_decay=0.02, clipnorm=2.0)
        model.compile(optimizer, keras.losses.CTC())
        return model

    course = Course(
        name="strips",
        build=build,
        batch=lambda epoch, step: batch(hands, BATCH, [seed, epoch, step]),
        steps=steps,
        judge=lambda model: float(np.mean([share_right(model, *check) for check in checks])),
        epochs=epochs,
    )
    return run(course, folder, {"seed": seed, "digits": len(train)}, report)
