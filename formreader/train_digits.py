"""Train the digit network. Needs TensorFlow."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from formreader.datasets import hands_of
from formreader.train_loop import Course, Report, cosine, run
from formreader.train_material import ALPHABET, Material, epoch_batch, for_both
from formreader.train_settings import BUNDLED, Settings


def train_digits(
    material: Material, work: Path, settings: Settings, epochs: int, report: Report
) -> tuple[Any, Any]:
    """Train the digit network of `settings`; returns it (N, 28, 28) → (N, K), and the history.

    The bundled one is two networks, trained side by side and then joined in one.
    """
    import keras

    build, joined = network_of(settings.arch)
    hands = hands_of(material.written)
    steps = max(1, len(material.train) // settings.batch)
    held_out = material.held_out.images.astype(np.float32) / np.float32(255)

    def compiled() -> Any:
        keras.utils.set_random_seed(settings.seed)
        model = build(len(ALPHABET))
        rate = cosine(settings.rate, steps, epochs)
        model.compile(
            keras.optimizers.AdamW(rate, weight_decay=0.02, clipnorm=2.0),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        )
        return model

    def batch(epoch: int, step: int) -> tuple[Any, Any]:
        made = epoch_batch(material, hands, settings.seed, epoch, step, settings.batch)
        return for_both(*made) if settings.arch == BUNDLED else made

    def judge(model: Any) -> float:
        logits = joined(model).predict(held_out, batch_size=512, verbose=0)
        return float((logits[:, :10].argmax(1) == material.held_out.labels).mean())

    course = Course("digits", compiled, batch, steps, judge, epochs)
    recipe = {
        "seed": settings.seed,
        "sources": material.sources,
        "digits": len(material.train),
        **settings.changed,
    }
    model, history = run(course, work, recipe, report)
    return joined(model), history


def network_of(arch: str) -> tuple[Any, Any]:
    """Return what builds a digit network, and what makes it give logits (N, K)."""
    if arch == BUNDLED:
        from formreader.network import averaged, build

        return build, averaged
    from formreader import network_others

    return partial(network_others.build, arch), lambda model: model
