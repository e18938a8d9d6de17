"""Run epochs with a checkpoint after each, so that a stopped training goes on where it was."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from formreader.classify import native_silence

WORKERS, AHEAD = 2, 8
"""Threads that make batches, and batches made ahead; OpenCV lets go of Python's lock."""

BATCHES = 4
"""Counted up when other batches are made of the same data: no run goes on from the old ones."""

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """One network's training: how it is built, fed and judged after every epoch.

    `batch` makes the inputs and labels of an epoch and a step (both counted from 0) and may
    be called from several threads; `judge` gives the share of held-out material read right.
    """

    name: str
    build: Callable[[], Any]
    batch: Callable[[int, int], tuple[Any, Any]]
    steps: int
    judge: Callable[[Any], float]
    epochs: int


def run(course: Course, folder: Path, recipe: dict[str, Any], report: Report) -> tuple[Any, Any]:
    """Train, going on after the last checkpoint of the same recipe.

    Returns the Keras model and the history, one dictionary an epoch.
    """
    import keras

    saved, notes = folder / f"{course.name}.keras", folder / f"{course.name}-history.json"
    recipe = {**recipe, "epochs": course.epochs, "batches": BATCHES}
    history: list[dict[str, float]] = []
    model = None
    if saved.exists() and notes.exists():
        held = json.loads(notes.read_text("utf-8"))
        if held["recipe"] == recipe:
            model, history = keras.models.load_model(saved), held["epochs"]
            report(f"{course.name}: going on after epoch {len(history)} of {course.epochs}")
    model = model or course.build()
    for epoch in range(len(history), course.epochs):
        start = time.monotonic()
        with native_silence():  # TensorFlow complains of each width of strips it had not seen
            loss = run_epoch(model, course, epoch)
        right = course.judge(model)
        seconds = time.monotonic() - start
        history.append({"loss": loss, "held_out": right, "seconds": seconds})
        save(model, saved, notes, {"recipe": recipe, "epochs": history})
        report(
            f"{course.name}: epoch {epoch + 1} of {course.epochs}, loss {loss:.4f}, "
            f"held-out writers {right:.2%} right, {seconds:.0f} s"
        )
    return model, history


def run_epoch(model: Any, course: Course, epoch: int) -> float:
    """Train on every batch of an epoch, made ahead by threads; returns the mean loss."""
    model.reset_metrics()
    loss = 0.0
    with ThreadPoolExecutor(WORKERS) as pool:
        ahead = deque(
            pool.submit(course.batch, epoch, step) for step in range(min(AHEAD, course.steps))
        )
        for step in range(course.steps):
            inputs, labels = ahead.popleft().result()
            if step + AHEAD < course.steps:
                ahead.append(pool.submit(course.batch, epoch, step + AHEAD))
            loss = float(np.ravel(model.train_on_batch(inputs, labels))[0])
    return loss


def save(model: Any, saved: Path, notes: Path, state: dict[str, Any]) -> None:
    """Write network and notes; each is replaced whole, the network first.

    A kill between the two repeats one epoch.
    """
    fresh, fresh_notes = saved.with_name("fresh.keras"), notes.with_name("fresh.json")
    model.save(fresh)
    fresh_notes.write_text(json.dumps(state), "utf-8")
    fresh.replace(saved)
    fresh_notes.replace(notes)


def cosine(peak: float, steps: int, epochs: int) -> Any:
    """Return the learning rates of a run: one epoch of warm-up, then a cosine to zero."""
    import keras

    return keras.optimizers.schedules.CosineDecay(
        peak / 20,
        max(1, (epochs - 1) * steps),
        alpha=0.005,
        warmup_target=peak,
        warmup_steps=steps,
    )
