"""Stage 5 of 8: score glyphs with the exported network.

The network runs in LiteRT, TensorFlow's small runtime; nothing here imports TensorFlow.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from formreader.document import Float
from formreader.errors import ModelError

CHUNK = 64
"""Glyphs in one call of the runtime; the rest of the last chunk is left empty."""
NETWORK, CARD = "network.tflite", "card.json"
STRIP_NETWORK = "strips.tflite"
STRIP_WIDTHS = (64, 96, 128, 160, 192, 256, 320, 384, 448, 512)
"""Widths in pixels to which strips are padded; every width has its own runtime."""
BUNDLED = "digits"


class Recognizer(Protocol):
    """Anything that scores glyphs; tests put their own in its place."""

    alphabet: str

    def classify(self, glyphs: Float) -> Float:
        """Score glyphs (N, 28, 28) float32 in 0…1: logits (N, K) float32."""
        ...


class StripReader(Protocol):
    """Anything that reads a whole field without cutting it."""

    def read(self, strip: Float) -> Float:
        """Read a strip (32, W) float32 in 0…1: log-probabilities (T, 11), class 0 blank."""
        ...


class LiteRecognizer:
    """A network exported by `formreader train`, with its card."""

    def __init__(self, folder: Path) -> None:
        """Load network and card; raises ModelError where they are missing or do not fit."""
        self.card = read_card(folder)
        self.alphabet: str = self.card["alphabet"]
        self.temperature = float(self.card["temperature"])
        blob = read_network(folder)
        self.model_id = f"{folder.name}@{hashlib.sha256(blob).hexdigest()[:12]}"
        self._runner = start_runtime(blob, folder)
        self._input = self._runner.get_input_details()[0]["index"]
        self._output = self._runner.get_output_details()[0]["index"]
        self._size = 0
        width = self.classify(np.zeros((1, 28, 28), np.float32)).shape[1]
        if width != len(self.alphabet):
            raise ModelError(
                f"The model in {folder} gives {width} classes but its card names "
                f"{len(self.alphabet)}. Copy both files from the same training run."
            )

    def classify(self, glyphs: Float) -> Float:
        """Score glyphs (N, 28, 28) float32 in 0…1: logits (N, K) float32."""
        parts = [self._run(glyphs[i : i + CHUNK]) for i in range(0, len(glyphs), CHUNK)]
        return np.concatenate(parts) if parts else np.zeros((0, len(self.alphabet)), np.float32)

    def _run(self, chunk: Float) -> Float:
        size = next(s for s in (1, 8, 24, CHUNK) if s >= len(chunk))
        if size != self._size:
            self._runner.resize_tensor_input(self._input, [size, 28, 28])
            self._runner.allocate_tensors()
            self._size = size
        padded = np.zeros((size, 28, 28), np.float32)
        padded[: len(chunk)] = chunk
        self._runner.set_tensor(self._input, padded)
        self._runner.invoke()
        logits: Float = self._runner.get_tensor(self._output)[: len(chunk)].copy()
        return logits


class LiteStripReader:
    """The segmentation-free network exported beside the recognizer."""

    def __init__(self, blob: bytes, folder: Path, temperature: float) -> None:
        """Hold the network; one runtime a width is started when it is first needed."""
        self._blob, self._folder = blob, folder
        self._temperature = temperature
        self._runners: dict[int, Any] = {}

    def read(self, strip: Float) -> Float:
        """Read a strip (32, W) float32 in 0…1: log-probabilities (W/2, 11), class 0 blank."""
        width = next(w for w in STRIP_WIDTHS if w >= strip.shape[1])
        if width not in self._runners:
            runner = start_runtime(self._blob, self._folder)
            place = runner.get_input_details()[0]["index"]
            runner.resize_tensor_input(place, [1, 32, width])
            runner.allocate_tensors()
            self._runners[width] = runner
        runner = self._runners[width]
        padded = np.zeros((1, 32, width), np.float32)
        padded[0, :, : strip.shape[1]] = strip
        runner.set_tensor(runner.get_input_details()[0]["index"], padded)
        runner.invoke()
        frames = runner.get_tensor(runner.get_output_details()[0]["index"])[0]
        return log_softmax(frames[: (strip.shape[1] + 8) // 2], self._temperature)


def start_runtime(blob: bytes, folder: Path) -> Any:
    """Start LiteRT on one thread; raises ModelError for a damaged network."""
    from ai_edge_litert.interpreter import Interpreter

    try:
        return Interpreter(model_content=blob, num_threads=1)
    except (ValueError, RuntimeError) as error:
        raise ModelError(f"The network in {folder} is damaged: {error}") from error


def read_network(folder: Path) -> bytes:
    """Read the exported network's bytes."""
    try:
        return (folder / NETWORK).read_bytes()
    except OSError as error:
        raise ModelError(
            f"There is no {NETWORK} in {folder}. Name a folder made by `formreader train`."
        ) from error


def read_card(folder: Path) -> dict[str, Any]:
    """Read a model's card; raises ModelError where it is missing or lacks a key."""
    try:
        card = json.loads((folder / CARD).read_text("utf-8"))
    except OSError as error:
        raise ModelError(
            f"The model folder {folder} has no {CARD}. Name a folder made by `formreader train`."
        ) from error
    except ValueError as error:
        raise ModelError(f"{folder / CARD} is damaged: {error}") from error
    missing = {"alphabet", "temperature", "calibration"} - set(card)
    if missing:
        raise ModelError(f"{folder / CARD} lacks {', '.join(sorted(missing))}.")
    return dict(card)


def model_folder(chosen: Path | None) -> Path:
    """Find a model: the chosen folder, else the bundled one (checkout or installed wheel)."""
    if chosen is not None:
        return chosen
    here = Path(__file__).resolve().parent
    places = [here / "models" / BUNDLED, here.parent / "models" / BUNDLED]
    return next((p for p in places if (p / CARD).exists()), places[-1])


def load_recognizer(folder: Path | None = None) -> LiteRecognizer:
    """Load the model in `folder`, or the bundled one."""
    return LiteRecognizer(model_folder(folder))


def load_strip_reader(folder: Path, card: dict[str, Any]) -> LiteStripReader | None:
    """Load the segmentation-free reader of a model, or None where it has none."""
    if "strips" not in card:
        return None
    try:
        blob = (folder / STRIP_NETWORK).read_bytes()
    except OSError as error:
        raise ModelError(
            f"The card in {folder} names {STRIP_NETWORK}, which is missing."
        ) from error
    return LiteStripReader(blob, folder, float(card["strips"]["temperature"]))


def log_softmax(logits: Float, temperature: float) -> Float:
    """Turn logits (N, K) into temperature-scaled log-probabilities (Guo et al. 2017)."""
    scaled = logits / np.float32(temperature)
    scaled = scaled - scaled.max(axis=1, keepdims=True)
    return (scaled - np.log(np.exp(scaled).sum(axis=1, keepdims=True))).astype(np.float32)
