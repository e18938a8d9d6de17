"""Keep what a training learned so that another can go on from it.

The exported networks cannot be trained on: their weights are whole numbers, with the batch
normalisation folded in. Half-precision floats of the Keras networks stand beside them.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from formreader.errors import ModelError

WEIGHTS = "weights.npz"


def keep_weights(folder: Path, networks: dict[str, Any]) -> None:
    """Write the weights of Keras networks, by name, into a model's folder (float16)."""
    arrays = {
        f"{name}-{place}": weight.astype(np.float16)
        for name, network in networks.items()
        for place, weight in enumerate(network.get_weights())
    }
    np.savez_compressed(folder / WEIGHTS, **arrays)


def take_weights(folder: Path, name: str, network: Any) -> None:
    """Give a Keras network the weights that a model holds for it.

    Raises ModelError where it holds none, or those of another network.
    """
    try:
        with np.load(folder / WEIGHTS) as held:
            count = len(network.get_weights())
            weights = [held[f"{name}-{place}"].astype(np.float32) for place in range(count)]
        network.set_weights(weights)
    except OSError as error:
        raise ModelError(
            f"The model in {folder} holds no {WEIGHTS}, so nothing can be learned on top of it. "
            "Copy that file from where the model was trained."
        ) from error
    except (KeyError, ValueError, zipfile.BadZipFile) as error:
        raise ModelError(
            f"{folder / WEIGHTS} is damaged or belongs to another version of formreader: {error}"
        ) from error
