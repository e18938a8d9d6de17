"""What a user may set for a training, checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from formreader.errors import UsageError
from formreader.train_material import BATCH_DIGITS

BUNDLED = "bundled"
ARCHITECTURES = (BUNDLED, "lenet", "resnet", "mobilenet")
"""Digit networks: the two of the bundled model, and others to compare them with."""
PEAK_RATE = 3e-3
"""Highest learning rate (AdamW, Loshchilov & Hutter 2019), reached after one epoch."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How to train; `arch`, `batch` and `rate` are those of the digit network.

    `epochs` are passes over the data, of both networks (None: those of the bundled recipe),
    `batch` counts digits, `rate` is the highest learning rate. Raises UsageError for what
    cannot be.
    """

    arch: str = BUNDLED
    epochs: int | None = None
    batch: int = BATCH_DIGITS
    seed: int = 1
    rate: float = PEAK_RATE

    def __post_init__(self) -> None:
        """Check each setting."""
        if self.arch not in ARCHITECTURES:
            raise UsageError(
                f"--arch is {self.arch}; it must be one of {', '.join(ARCHITECTURES)}."
            )
        if self.epochs is not None and self.epochs < 1:
            raise UsageError(f"--epochs is {self.epochs}; it must be 1 or more.")
        if self.batch < 1:
            raise UsageError(f"--batch is {self.batch}; it must be 1 or more, such as 100.")
        if not 0 <= self.seed < 2**32:
            raise UsageError(f"--seed is {self.seed}; it must be a whole number from 0 on.")
        if not 0 < self.rate < 1:
            raise UsageError(
                f"--learning-rate is {self.rate:g}; it must lie between 0 and 1, such as 0.003."
            )

    @property
    def changed(self) -> dict[str, Any]:
        """Return what of the digit network differs from the bundled recipe.

        Only this becomes part of a checkpoint's recipe, so that those made before there were
        settings are still gone on from.
        """
        mine = {"arch": self.arch, "batch": self.batch, "rate": self.rate}
        usual = {"arch": BUNDLED, "batch": BATCH_DIGITS, "rate": PEAK_RATE}
        return {name: value for name, value in mine.items() if value != usual[name]}
