"""Train the network that tells printed characters from written ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from formreader.datasets import Glyphs
from formreader.printed_glyphs import sample
from formreader.train_loop import Course, Report, cosine, run

EPOCHS = 20
"""Rounds of the bundled recipe, 300 batches of 256 characters each, none seen twice. After half of
them, with half of the filters, four numbers in a hundred more of a hand were too like print."""
STEPS, BATCH = 300, 256
PEAK_RATE = 3e-3
CHECKED = 4_000
"""Characters, the written ones of held-out writers, on which each epoch is judged."""
SMOOTHED = 0.02
"""Share by which labels are softened: a 1 and a 7 may be either, and nothing tells which."""


def train_printed(
    train: Glyphs, held_out: Glyphs, folder: Path, epochs: int, seed: int, report: Report
) -> tuple[Any, Any]:
    """Train the print detector; returns the Keras model and its history."""
    import keras

    from formreader.network import build_print_detector

    steps = STEPS if len(train) > 10_000 else 4
    glyphs, labels = sample(held_out, CHECKED if len(train) > 10_000 else 40, [seed, 31])

    def build() -> Any:
        keras.utils.set_random_seed(seed)
        model = build_print_detector()
        loss = keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=SMOOTHED)
        model.compile(keras.optimizers.Adam(cosine(PEAK_RATE, steps, epochs)), loss)
        return model

    def judge(model: Any) -> float:
        logits = model.predict(glyphs, batch_size=256, verbose=0)[:, 0]
        return float(np.mean((logits > 0) == (labels > 0)))

    course = Course(
        name="printed",
        build=build,
        batch=lambda epoch, step: sample(train, BATCH, [seed, 32, epoch, step]),
        steps=steps,
        judge=judge,
        epochs=epochs,
    )
    return run(course, folder, {"seed": seed, "digits": len(train)}, report)
