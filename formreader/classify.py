"""Stage 5 of 8: score glyphs with the exported network.

The network runs in LiteRT, TensorFlow's small runtime; nothing here imports TensorFlow.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from formreader.document import Float
from formreader.errors import ModelError

CHUNKS = (1, 8)
"""Sizes of a batch of glyphs; the rest of the last one is left empty. Eight at a time are scored a
fifth faster than 64: 16,300 glyphs a second against 13,600."""
NETWORK, CARD = "network.tflite", "card.json"
STRIP_NETWORK = "strips.tflite"
PRINT_NETWORK = "printed.tflite"
STRIP_WIDTHS = (64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256, 288, 320, 384, 448, 512)
"""Widths in pixels to which strips are padded, a sixth at most of what is read for nothing;
every width has its own runtime."""
STRIP_TAIL = 8
"""White columns read after a strip's end, in pixels, for the last digit to be spelt out."""
IN_BOXES = -2.0
"""Added to the log-probability of not-a-digit in a box: in training a fifth of the glyphs are none,
bars cut out of digits among them, and short 1s in the boxes of a real form got 0.1 to 0.9. From -1
to -4 readings of composed and of real boxes rank as well."""
BUNDLED = "digits"


class Recognizer(Protocol):
    """Anything that scores glyphs; tests put their own in its place."""

    alphabet: str
    temperature: float

    def classify(self, glyphs: Float) -> Float:
        """Score glyphs (N, 28, 28) float32 in 0…1: logits (N, K) float32."""
        ...


class StripReader(Protocol):
    """Anything that reads a whole field without cutting it, `looks` times, in 1 or 2 sizes."""

    looks: int

    def read(self, strip: Float) -> Float:
        """Read a strip (32, W) float32 in 0…1: log-probabilities (T, 11), class 0 blank."""
        ...


class PrintDetector(Protocol):
    """Anything that tells printed characters from written ones."""

    def printed(self, glyphs: Float) -> Float:
        """Score glyphs (N, 28, 28) float32 in 0…1: logits (N,) float32, above 0 print."""
        ...


class Runtimes:
    """An exported network in LiteRT on one thread, one runtime for every input shape."""

    def __init__(self, blob: bytes, folder: Path) -> None:
        """Hold the network's bytes; `folder` is named when they turn out damaged."""
        self._blob, self._folder = blob, folder
        self._ready: dict[tuple[int, ...], tuple[Any, int, int]] = {}

    def run(self, inputs: Float) -> Float:
        """Run the network; raises ModelError where it is damaged or of another shape."""
        try:
            if inputs.shape not in self._ready:
                self._ready[inputs.shape] = self._start(inputs.shape)
            runner, place, result = self._ready[inputs.shape]
            runner.set_tensor(place, inputs)
            runner.invoke()
        except (ValueError, RuntimeError) as error:
            raise ModelError(
                f"The network in {self._folder} is damaged or not of this program: {error}"
            ) from error
        outputs: Float = runner.get_tensor(result)
        return outputs

    def _start(self, shape: tuple[int, ...]) -> tuple[Any, int, int]:
        from ai_edge_litert.interpreter import Interpreter

        with native_silence():
            runner = Interpreter(model_content=self._blob, num_threads=1)
            place = runner.get_input_details()[0]["index"]
            runner.resize_tensor_input(place, list(shape))
            runner.allocate_tensors()
        return runner, place, runner.get_output_details()[0]["index"]


class LiteRecognizer:
    """A network exported by `formreader train`, with its card."""

    def __init__(self, folder: Path) -> None:
        """Load network and card; raises ModelError where they are missing or do not fit."""
        self.card = read_card(folder)
        self.alphabet: str = self.card["alphabet"]
        self.temperature = float(self.card["temperature"])
        blob = read_network(folder, NETWORK)
        digest = hashlib.sha256(blob + (folder / CARD).read_bytes()).hexdigest()
        self.model_id = f"{folder.name}@{digest[:12]}"
        self._network = Runtimes(blob, folder)
        width = self.classify(np.zeros((1, 28, 28), np.float32)).shape[1]
        if width != len(self.alphabet):
            raise ModelError(
                f"The model in {folder} gives {width} classes but its card names "
                f"{len(self.alphabet)}. Copy both files from the same training run."
            )

    def classify(self, glyphs: Float) -> Float:
        """Score glyphs (N, 28, 28) float32 in 0…1: logits (N, K) float32."""
        return in_chunks(self._network, glyphs, len(self.alphabet))


class LitePrintDetector:
    """The network exported beside the recognizer that tells print from writing."""

    def __init__(self, blob: bytes, folder: Path) -> None:
        """Hold the network; raises ModelError where it is damaged or another one."""
        self._network = Runtimes(blob, folder)
        if self._network.run(np.zeros((1, 28, 28), np.float32)).shape != (1, 1):
            raise ModelError(
                f"The {PRINT_NETWORK} in {folder} is another network. "
                "Copy all files from the same training run."
            )

    def printed(self, glyphs: Float) -> Float:
        """Score glyphs (N, 28, 28) float32 in 0…1: logits (N,) float32, above 0 print."""
        return in_chunks(self._network, glyphs, 1)[:, 0]


class LiteStripReader:
    """The segmentation-free network exported beside the recognizer."""

    def __init__(self, blob: bytes, folder: Path, temperature: float, looks: int) -> None:
        """Hold the network, the temperature of its frames and how often it looks."""
        self.looks = looks
        self._network = Runtimes(blob, folder)
        self._temperature = temperature

    def read(self, strip: Float) -> Float:
        """Read a strip (32, W) float32 in 0…1: log-probabilities (about W/2, 11), class 0 blank."""
        width = next(w for w in STRIP_WIDTHS if w >= strip.shape[1])
        padded = np.zeros((1, strip.shape[0], width), np.float32)
        padded[0, :, : strip.shape[1]] = strip
        frames = self._network.run(padded)[0]
        return log_softmax(frames[: (strip.shape[1] + STRIP_TAIL) // 2], self._temperature)


def in_chunks(network: Runtimes, glyphs: Float, width: int) -> Float:
    """Run a network over glyphs (N, 28, 28), a few at a time: (N, width) float32."""
    parts = []
    for start in range(0, len(glyphs), CHUNKS[-1]):
        chunk = glyphs[start : start + CHUNKS[-1]]
        padded = np.zeros((next(s for s in CHUNKS if s >= len(chunk)), 28, 28), np.float32)
        padded[: len(chunk)] = chunk
        parts.append(network.run(padded)[: len(chunk)])
    return np.concatenate(parts) if parts else np.zeros((0, width), np.float32)


def classify(glyphs: Float, recognizer: Recognizer) -> Float:
    """Score glyphs (N, 28, 28) float32 in 0…1: calibrated log-probabilities (N, K) float32."""
    return log_softmax(recognizer.classify(glyphs), recognizer.temperature)


@contextmanager
def native_silence() -> Iterator[None]:
    """Keep the runtime's own notes (which delegate it made) off the user's screen.

    The runtime writes to file descriptor 2 from C++ and has no switch for it.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(nowhere)
        os.close(kept)


def read_network(folder: Path, name: str) -> bytes:
    """Read an exported network's bytes."""
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        raise ModelError(
            f"There is no {name} in {folder}. Name a folder made by `formreader train`."
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
    if not isinstance(card, dict):
        raise ModelError(f"{folder / CARD} is damaged: it holds no table of keys.")
    missing = {"alphabet", "temperature", "calibration"} - set(card)
    if missing:
        raise ModelError(f"{folder / CARD} lacks {', '.join(sorted(missing))}.")
    return card


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
    """Load the segmentation-free reader of a model, or None where it has none.

    Models of before there were two looks keep to the one that their promises were proved with.
    """
    if "strips" not in card:
        return None
    blob = read_network(folder, STRIP_NETWORK)
    strips = card["strips"]
    return LiteStripReader(blob, folder, float(strips["temperature"]), strips.get("looks", 1))


def load_print_detector(folder: Path, card: dict[str, Any]) -> LitePrintDetector | None:
    """Load the network of a model that tells print from writing, or None where it has none."""
    if "printed" not in card:
        return None
    return LitePrintDetector(read_network(folder, PRINT_NETWORK), folder)


def log_softmax(logits: Float, temperature: float) -> Float:
    """Turn logits (N, K) into temperature-scaled log-probabilities (Guo et al. 2017)."""
    scaled = logits / np.float32(temperature)
    scaled = scaled - scaled.max(axis=1, keepdims=True)
    return (scaled - np.log(np.exp(scaled).sum(axis=1, keepdims=True))).astype(np.float32)


def in_boxes(scores: Float) -> Float:
    """Weigh log-probabilities float32 (N, K) of glyphs for boxes: ink there is mostly a digit."""
    weighed = scores.copy()
    weighed[:, -1] += IN_BOXES
    return log_softmax(weighed, 1.0)
