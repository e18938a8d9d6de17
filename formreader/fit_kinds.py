"""Fit the confidence of every kind of field, the kinds in processes beside each other."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from formreader import calibrate, fit_cheques, fit_confidence
from formreader.datasets import Hands
from formreader.errors import ModelError
from formreader.executors import Executor, Pool, Serial, WorkerDied

KINDS = (calibrate.AMOUNT, calibrate.FREE, calibrate.CELLS)
"""Kinds of field, the one that takes longest first."""
FEW_FIELDS = 1000
"""Fields of a kind that are composed and read in less time than a process takes to start."""


@dataclass(frozen=True, slots=True, eq=False)
class Fitting:
    """What is fitted, and on whom: picklable, so that each process can have its own.

    `fields` are composed for each of fitting and bounding, `amounts` for the one and the other.
    """

    folder: Path
    card: dict[str, Any]
    hands: Hands
    seed: int
    fields: int
    amounts: tuple[int, int]

    def __call__(self, kinds: tuple[str, ...]) -> dict[str, Any]:
        """Fit some kinds; returns the calibration of each."""
        readers = fit_cheques.readers_of(self.folder, self.card)
        return {kind: self._fit(readers, kind) for kind in kinds}

    def _fit(self, readers: Any, kind: str) -> dict[str, Any]:
        if kind == calibrate.AMOUNT:
            return fit_cheques.fit_amounts(readers, self.hands, self.seed, self.amounts)
        return fit_confidence.fit_fields(readers, self.hands, kind, self.fields, self.seed)


def fit_kinds(folder: Path, hands: Hands, card: dict[str, Any], seed: int) -> dict[str, Any]:
    """Fit the confidence of the networks in `folder`; returns the card with its calibration.

    On two processors that takes six minutes instead of eleven. Raises ModelError where a
    process ends before its work.
    """
    fitting = Fitting(folder, card, hands, seed, fit_confidence.FIELDS, fit_cheques.AMOUNTS)
    workers = min(len(KINDS), os.cpu_count() or 1)
    beside = workers > 1 and fitting.fields > FEW_FIELDS
    executor: Executor[str, dict[str, Any]] = Pool(fitting, workers) if beside else Serial(fitting)
    waiting, fitted = list(KINDS), dict[str, Any]()
    try:
        while waiting or not executor.is_idle:
            while waiting and executor.has_room:
                executor.submit((waiting.pop(0),))
            for _, result in executor.collect():
                if isinstance(result, WorkerDied):
                    raise ModelError(
                        "A helper process ended before the confidence was fitted; perhaps the "
                        "memory is too small. Run the same command again: it goes on from there."
                    )
                fitted |= result
    finally:
        executor.close()
    return {**card, "calibration": {kind: fitted[kind] for kind in sorted(fitted)}}
