"""Train the digit networks. Needs TensorFlow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from formreader.train_loop import Course, Report, cosine, run
from formreader.train_material import ALPHABET, BATCH_DIGITS, Material, epoch_batch, for_both

PEAK_RATE = 3e-3
"""Highest learning rate (AdamW, Loshchilov & Hutter 2019), reached after one epoch."""


def train_digits(
    material: Material, work: Path, epochs: int, seed: int, report: Report
) -> tuple[Any, Any]:
    """Train both digit networks side by side; returns them joined in one, and the history."""
    import keras

    from formreader.network import averaged, build

    steps = max(1, len(material.train) // BATCH_DIGITS)
    held_out = material.held_out.images.astype(np.float32) / np.float32(255)

    def compiled() -> Any:
        keras.utils.set_random_seed(seed)
        model = build(len(ALPHABET))
        model.compile(
            keras.optimizers.AdamW(
                cosine(PEAK_RATE, steps, epochs), weight_decay=0.02, clipnorm=2.0
            ),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        )
        return model

    def judge(model: Any) -> float:
        logits = averaged(model).predict(held_out, batch_size=512, verbose=0)
        return float((logits[:, :10].argmax(1) == material.held_out.labels).mean())

    course = Course(
        name="digits",
        build=compiled,
        batch=lambda epoch, step: for_both(*epoch_batch(material, seed, epoch, step)),
        steps=steps,
        judge=judge,
        epochs=epochs,
    )
    recipe = {"seed": seed, "sources": material.sources, "digits": len(material.train)}
    model, history = run(course, work, recipe, report)
    return averaged(model), history
