"""Labelled glyphs for training: read from files, drawn by our own code, split by writer."""

from __future__ import annotations

import gzip
import hashlib
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import cv2
import numpy as np
from numpy.typing import NDArray

from formreader import strokes
from formreader.document import Float
from formreader.errors import UsageError
from formreader.ink import normalize_glyph

HELD_OUT_WRITERS = 100
"""Writers kept out of training for calibration: of MNIST's 539 this leaves 81 % of the digits
to learn from and about 11,000 to calibrate on."""
NEIGHBOURS = 200
"""Pictures of one digit, in the order of their file, of which one run of a tenth is held out."""
HERSHEY = (0, 1, 2, 3, 4, 5, 6, 7)
"""OpenCV's built-in vector fonts (Hershey, public domain)."""
PRINTED = 0.25
"""Share of the drawn digits that are set in type."""
DAMAGED = (
    *(OSError, ValueError, TypeError, EOFError, RuntimeError, MemoryError),
    *(BadZipFile, struct.error, zlib.error),
)
"""What reading a broken file of arrays was seen to raise."""


@dataclass(frozen=True, slots=True, eq=False)
class Glyphs:
    """Digits with their labels: `images` uint8 (N, 28, 28), 0 paper; `labels` int64 (N,).

    `writers` int64 (N,) is −1 where the writer is not known.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    writers: NDArray[np.int64]

    def __len__(self) -> int:
        """Return the number of glyphs."""
        return len(self.labels)

    def at(self, places: NDArray[np.int64]) -> Glyphs:
        """Return the glyphs at `places` (M,)."""
        return Glyphs(self.images[places], self.labels[places], self.writers[places])

    def take(self, keep: NDArray[np.bool_]) -> Glyphs:
        """Return the glyphs where `keep` bool (N,) is true."""
        return Glyphs(self.images[keep], self.labels[keep], self.writers[keep])


Hands = list[tuple[Float, NDArray[np.int64]]]
"""The digits of each writer: images float32 (N, 28, 28) in 0…1 and labels int64 (N,)."""


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        for block in iter(lambda: stream.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def to_glyphs(images: NDArray[np.generic], labels: NDArray[np.generic]) -> Glyphs:
    """Bring pictures (N, H, W) of single digits to the network's frame by the one normaliser.

    Dark ink on light paper is recognised by the median of the border and turned round.
    Pictures that already are 28×28 with ink in the 20 px frame come out unchanged but for a
    pixel. Raises UsageError for shapes or labels that are not single digits.
    """
    if images.ndim != 3 or labels.shape != images.shape[:1] or not images.size:
        raise UsageError(
            "Training pictures must be an array (count, height, width) with one label each."
        )
    if not np.isin(labels, np.arange(10)).all():
        raise UsageError("Training labels must be whole numbers from 0 to 9.")
    pictures = images.astype(np.float32)
    pictures -= pictures.min()
    pictures /= max(float(pictures.max()), 1e-6)
    border = np.concatenate([pictures[:, 0].ravel(), pictures[:, -1].ravel()])
    if np.median(border) > 0.5:
        pictures = 1 - pictures
    out = np.stack([normalize_glyph(p) for p in pictures])
    writers = np.full(len(labels), -1, np.int64)
    return Glyphs(np.round(out * 255).astype(np.uint8), labels.astype(np.int64), writers)


def read_idx(path: Path) -> NDArray[np.uint8]:
    """Read an idx file (LeCun's MNIST format), gzipped or not: uint8, any shape."""
    raw = path.read_bytes()
    if path.suffix == ".gz":
        raw = gzip.decompress(raw)
    if len(raw) < 8 or raw[:3] != b"\x00\x00\x08":
        raise UsageError(f"{path.name} is not an idx file of bytes.")
    shape = struct.unpack(f">{raw[3]}I", raw[4 : 4 + 4 * raw[3]])
    data = np.frombuffer(raw, np.uint8, offset=4 + 4 * raw[3])
    if data.size != int(np.prod(shape)):
        raise UsageError(
            f"{path.name} is cut short: it holds {data.size} of {np.prod(shape)} bytes."
        )
    return data.reshape(shape)


def read_glyph_file(path: Path, part: str = "train") -> Glyphs:
    """Read labelled digits from `.npz`, idx (`…images…`, labels beside it) or HDF5.

    `.npz` and HDF5 hold `x_train, y_train` (and `x_test, y_test`), optionally `w_train`
    writer numbers. Raises UsageError with one sentence for anything else.
    """
    if not path.is_file():
        raise UsageError(f"There is no file {path}.")
    try:
        if path.suffix == ".npz":
            with np.load(path) as held:
                arrays = {key: held[key] for key in held.files if key.endswith(part)}
        elif path.suffix in {".h5", ".hdf5"}:
            import h5py

            with h5py.File(path) as held:
                arrays = {key: held[key][()] for key in held if key.endswith(part)}
        elif "images" in path.name:
            beside = path.with_name(path.name.replace("images", "labels").replace("idx3", "idx1"))
            arrays = {f"x_{part}": read_idx(path), f"y_{part}": read_idx(beside)}
        else:
            raise UsageError(f"{path.name}: training data are .npz, .h5 or idx '…images…' files.")
        glyphs = to_glyphs(arrays[f"x_{part}"], arrays[f"y_{part}"])
        writers = arrays.get(f"w_{part}", glyphs.writers).astype(np.int64)
    except ImportError as error:
        raise UsageError(
            f"{path.name} is HDF5, and h5py, which reads it, is not installed here. "
            'Install it with: pip install "formreader[train]"'
        ) from error
    except (*DAMAGED, KeyError) as error:
        raise UsageError(
            f"{path.name} holds no x_{part} and y_{part} to learn from: {error}"
        ) from error
    if writers.shape != glyphs.labels.shape:
        raise UsageError(f"{path.name}: w_{part} must hold one writer number for each picture.")
    return Glyphs(glyphs.images, glyphs.labels, writers)


def hands_of(glyphs: Glyphs) -> Hands:
    """Group digits by writer: images float32 (N, 28, 28) in 0…1 and labels of each."""
    hands = []
    for writer in np.unique(glyphs.writers):
        mine = glyphs.take(glyphs.writers == writer)
        hands.append((mine.images.astype(np.float32) / np.float32(255), mine.labels))
    return hands


def split_by_writer(glyphs: Glyphs, seed: int) -> tuple[Glyphs, Glyphs]:
    """Split off the writers that calibration may use and training never sees.

    Of fewer than `2 * HELD_OUT_WRITERS` a tenth; where writers are not known, a tenth of each
    digit's pictures in runs of neighbours, which are often of one hand.
    """
    rng = np.random.default_rng([seed, 1])
    writers = np.unique(glyphs.writers)
    if len(writers) >= 10:
        count = HELD_OUT_WRITERS if len(writers) > 2 * HELD_OUT_WRITERS else len(writers) // 10
        out = np.isin(glyphs.writers, rng.choice(writers, count, replace=False))
    else:
        out = np.zeros(len(glyphs), bool)
        start = rng.random()
        for label in range(10):
            mine = np.flatnonzero(glyphs.labels == label)
            for part in np.array_split(mine, max(1, len(mine) // NEIGHBOURS)):
                size = len(part) // 10 or int(len(part) > 1)
                first = int(start * (len(part) - size + 1))
                out[part[first : first + size]] = True
    return glyphs.take(~out), glyphs.take(out)


def printed_digit(digit: int, rng: np.random.Generator) -> Float:
    """Print a digit in a vector font or a DejaVu face: float32 darkness (H, W)."""
    canvas = np.zeros((64, 64), np.uint8)
    faces = font_files()
    if faces and rng.random() < 0.5:
        from PIL import Image, ImageDraw, ImageFont

        font = ImageFont.truetype(str(faces[int(rng.integers(len(faces)))]), 44)
        picture = Image.fromarray(canvas)
        ImageDraw.Draw(picture).text((16, 4), str(digit), fill=255, font=font)
        return np.asarray(picture, np.float32) / np.float32(255)
    face = HERSHEY[int(rng.integers(len(HERSHEY)))]
    cv2.putText(canvas, str(digit), (16, 48), face, 1.4, 255, int(rng.integers(1, 7)), cv2.LINE_AA)
    return canvas.astype(np.float32) / np.float32(255)


def font_files() -> list[Path]:
    """List the DejaVu faces (free licence) that come with matplotlib, if it is installed."""
    from importlib.util import find_spec

    spec = find_spec("matplotlib")
    if spec is None or spec.origin is None:
        return []
    folder = Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf"
    return sorted(p for p in folder.glob("DejaVu*.ttf") if "Display" not in p.name)


def draw_digits(count: int, seed: int) -> Glyphs:
    """Draw digits by the stroke model and by fonts; the same seed draws the same."""
    return draw_some(count, np.random.default_rng([seed, 2]))


def draw_some(count: int, rng: np.random.Generator) -> Glyphs:
    """Draw digits by the stroke model, and a quarter of them by fonts.

    The stroke model adds the forms MNIST lacks: crossed 7, European 1, open 4, slashed 0, and
    the continental scripts; without these a 9 like a ρ was read as 8, an open 4 as 9.
    """
    labels = rng.integers(10, size=count)
    images = np.zeros((count, 28, 28), np.uint8)
    for place, label in enumerate(labels):
        if rng.random() < PRINTED:
            drawn = printed_digit(int(label), rng)
        else:
            hand = strokes.random_hand(rng, rng.random() < 0.75, strokes.OWN)
            drawn = strokes.draw_symbol(str(label), hand, rng, 40)
        images[place] = np.round(normalize_glyph(drawn) * 255)
    return Glyphs(images, labels.astype(np.int64), np.full(count, -1, np.int64))


def join(parts: list[Glyphs]) -> Glyphs:
    """Put several sets into one."""
    return Glyphs(
        np.concatenate([p.images for p in parts]),
        np.concatenate([p.labels for p in parts]),
        np.concatenate([p.writers for p in parts]),
    )
