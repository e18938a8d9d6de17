"""Search for better settings of the digit network by short trainings on a part of the data.

Optuna proposes what to try: at random for ten trials, then where it went well (TPE, Bergstra et
al. 2011). Writers taken out of the training ones decide, so that those on whom the confidence
is fitted later stay unseen. The number of epochs is not searched: in a short training more are
always better.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Collection
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from formreader.classify import log_softmax
from formreader.datasets import Glyphs, split_by_writer
from formreader.errors import ModelError, UsageError
from formreader.train_digits import train_digits
from formreader.train_loop import Report
from formreader.train_material import Material
from formreader.train_settings import ARCHITECTURES, Settings

SAMPLE, JUDGED = 6_000, 2_000
"""Digits that a trial learns from and is judged by: about half a minute on two cores."""
EPOCHS = 3
"""Passes of a trial over its digits."""
SPACE: dict[str, Any] = {"arch": ARCHITECTURES, "batch": (50, 100, 200), "rate": (3e-4, 1e-2)}
"""What is tried: any of the architectures and batches, learning rates between the two."""


class Search(NamedTuple):
    """How many settings to try, and the names of those that stay as they are."""

    trials: int
    keep: Collection[str] = ()


def tune(
    material: Material, work: Path, settings: Settings, search: Search, report: Report
) -> tuple[Settings, list[dict[str, Any]]]:
    """Try settings, the given ones first; return the best and what came out of each.

    Each trial gives its settings, the digits read `right` of `count` and their mean `loss`
    (cross-entropy, in nats), which decides. Stopped and called again, the search goes on after
    the last finished trial. Raises ModelError without Optuna, UsageError for a count below 1
    and where nothing is left to search.
    """
    check(search)
    import optuna
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    folder = work / "tuning"
    folder.mkdir(exist_ok=True)
    small = sample_of(material, settings.seed)
    searched = [name for name in SPACE if name not in search.keep]
    report(f"trying {search.trials} settings on {len(small.train):,} digits, {EPOCHS} epochs each")

    def objective(trial: Any) -> float:
        chosen = {name: suggest(trial, name) for name in searched}
        tried = dataclasses.replace(settings, **chosen)
        model, _ = train_digits(small, folder, tried, EPOCHS, lambda line: None)
        right, loss = judge(model, small.held_out)
        trial.set_user_attr("right", right)
        said = f"{tried.arch}, batch {tried.batch}, learning rate {tried.rate:.2g}"
        report(f"{said}: {right:,} of {len(small.held_out):,} right, loss {loss:.4f}")
        return loss

    study = optuna.create_study(
        storage=optuna.storages.JournalStorage(JournalFileBackend(str(folder / "trials.log"))),
        study_name=name_of(small, settings, searched),
        load_if_exists=True,
    )
    tried_before = len(finished(study))
    if tried_before:
        report(f"going on after {tried_before} trials")
    else:
        study.enqueue_trial({name: getattr(settings, name) for name in searched})
    study.sampler = optuna.samplers.TPESampler(seed=settings.seed + len(study.trials))
    study.optimize(objective, n_trials=max(0, search.trials - tried_before))
    best = dataclasses.replace(settings, **study.best_params)
    report(f"best: {best.arch}, batch {best.batch}, learning rate {best.rate:.2g}")
    return best, [
        {**trial.params, **trial.user_attrs, "count": len(small.held_out), "loss": trial.value}
        for trial in finished(study)
    ]


def check(search: Search) -> None:
    """Raise UsageError or ModelError where a search cannot be made."""
    if search.trials < 1:
        raise UsageError(f"--tune is {search.trials}; it must be 1 or more, the settings to try.")
    if set(SPACE) <= set(search.keep):
        raise UsageError(
            "Nothing is left to search: leave out --tune, or one of --arch, --batch and "
            "--learning-rate."
        )
    if find_spec("optuna") is None:
        raise ModelError(
            "The search needs Optuna, which is not installed here. "
            'Install it with: pip install "formreader[train,tune]"'
        )


def suggest(trial: Any, name: str) -> Any:
    """Let Optuna propose a value of one setting."""
    if name == "rate":
        return trial.suggest_float(name, *SPACE[name], log=True)
    return trial.suggest_categorical(name, SPACE[name])


def finished(study: Any) -> list[Any]:
    """List the trials that ran to their end."""
    return [trial for trial in study.trials if trial.value is not None]


def sample_of(material: Material, seed: int) -> Material:
    """Take the part of the training digits that trials learn from and are judged by."""
    learned, judged = split_by_writer(material.written, seed + 1)
    rng = np.random.default_rng([seed, 5])

    def some(glyphs: Glyphs, most: int) -> Glyphs:
        keep: NDArray[np.bool_] = np.zeros(len(glyphs), bool)
        keep[rng.permutation(len(glyphs))[:most]] = True
        return glyphs.take(keep)

    few = some(learned, SAMPLE)
    return dataclasses.replace(
        material, written=few, train=few, held_out=some(judged, JUDGED), test=None
    )


def judge(model: Any, glyphs: Glyphs) -> tuple[int, float]:
    """Return how many digits a network reads right, and their mean cross-entropy in nats."""
    pictures = glyphs.images.astype(np.float32) / np.float32(255)
    logits = model.predict(pictures, batch_size=512, verbose=0)
    right = int((logits[:, :10].argmax(1) == glyphs.labels).sum())
    losses = -log_softmax(logits, 1.0)[np.arange(len(glyphs)), glyphs.labels]
    return right, float(losses.mean())


def name_of(small: Material, settings: Settings, searched: list[str]) -> str:
    """Return what tells one search from another, so that only the same one is gone on with."""
    kept = {k: v for k, v in dataclasses.asdict(settings).items() if k not in searched}
    what = {**kept, "epochs": EPOCHS, "sources": small.sources, "digits": len(small.train)}
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()
