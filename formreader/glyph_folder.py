"""Labelled digits from a folder of pictures with a folder for each class, `0` to `9`."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from formreader import datasets, load
from formreader.datasets import Glyphs
from formreader.document import Float, Grey
from formreader.errors import PageError, UsageError
from formreader.ink import normalize_glyph

CLASSES = tuple("0123456789")
NOT_A_DIGIT = "not-a-digit"
"""Folder beside those of the digits: ink that must never be read as one."""
FAINTEST = 5.0
"""Grey levels between paper and darkest ink below which a picture is empty."""
NAMED = 20
"""Pictures left out that are named one by one; the rest are counted."""

Report = Callable[[str], None]
Images = NDArray[np.uint8]


def read_labelled(path: Path, part: str, report: Report) -> tuple[Glyphs, Images]:
    """Read digits, and what is none, from a file or a folder of pictures by class.

    `part` is train or test. What is none is uint8 (M, 28, 28), empty for a file. Raises
    UsageError with one sentence for what cannot be used.
    """
    if path.is_dir():
        return read_folder(path, part, report)
    return datasets.read_glyph_file(path, part), np.zeros((0, 28, 28), np.uint8)


def hash_of(path: Path) -> str:
    """Return the SHA-256 of a file; of a folder, that of its pictures' names and contents."""
    if not path.is_dir():
        return datasets.file_hash(path)
    lines = [
        f"{datasets.file_hash(picture)}  {picture.relative_to(path).as_posix()}\n"
        for part in ("train", "test")
        for place in [place_of(path, part)]
        if place is not None
        for name in (*CLASSES, NOT_A_DIGIT)
        for picture in pictures_below(place / name)
    ]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def is_glyph_folder(path: Path) -> bool:
    """Tell whether a folder holds pictures by class; no job folder does."""
    places = [place_of(path, part) for part in ("train", "test")]
    return any((place / name).is_dir() for place in places if place for name in CLASSES)


def place_of(folder: Path, part: str) -> Path | None:
    """Return where the classes of a part are: `train` and `test` in the folder, or itself."""
    if (folder / "train").is_dir() or (folder / "test").is_dir():
        return folder / part if (folder / part).is_dir() else None
    return folder if part == "train" else None


def read_folder(folder: Path, part: str, report: Report) -> tuple[Glyphs, Images]:
    """Read `folder/0/*` to `folder/9/*` and `folder/not-a-digit/*`, in the order of file names.

    With folders `train` and `test` in it, `part` says which is read; without them all is for
    training. Any picture that `load` reads, dark on light or light on dark. Pictures that
    cannot be used are named to `report` and left out. Returns the digits, of unknown writers,
    and what is none, uint8 (M, 28, 28). Raises UsageError where no digit is left.
    """
    place = place_of(folder, part)
    if place is None:
        raise UsageError(f"{folder} has no folder '{part}' with pictures by class.")
    skipped: list[str] = []
    images: list[Images] = []
    labels: list[int] = []
    for label, name in enumerate(CLASSES):
        found = list(read_pictures(place / name, folder, skipped))
        images += found
        labels += [label] * len(found)
    others = list(read_pictures(place / NOT_A_DIGIT, folder, skipped))
    for line in skipped[:NAMED]:
        report(line)
    if len(skipped) > NAMED:
        report(f"{len(skipped) - NAMED} more pictures of {folder} are left out")
    if not images:
        raise UsageError(
            f"{folder} holds no digits to learn from: it needs a folder for each digit, 0 to 9, "
            f"with pictures in it, and may have one called {NOT_A_DIGIT}."
        )
    missing = [name for label, name in enumerate(CLASSES) if label not in labels]
    if missing:
        report(f"{place} has no usable picture of {', '.join(missing)}")
    unknown = np.full(len(labels), -1, np.int64)
    glyphs = Glyphs(np.stack(images), np.array(labels, np.int64), unknown)
    return glyphs, np.stack(others) if others else np.zeros((0, 28, 28), np.uint8)


def read_pictures(place: Path, folder: Path, skipped: list[str]) -> Iterator[Images]:
    """Yield the glyph of every picture below a class's folder; say why one is left out."""
    for path in pictures_below(place):
        name = path.relative_to(folder).as_posix()
        try:
            glyph = normalize_glyph(darkness(load.load(path, 1, name).image))
        except PageError as error:
            skipped.append(f"{name} is left out: {error}")
            continue
        if glyph.any():
            yield np.round(glyph * 255).astype(np.uint8)
        else:
            skipped.append(f"{name} is left out: it holds no ink.")


def pictures_below(place: Path) -> list[Path]:
    """List the files below a folder in natural order (2 before 10), hidden ones left out."""
    files = [path.relative_to(place) for path in place.rglob("*") if path.is_file()]
    shown = [path for path in files if not any(part.startswith(".") for part in path.parts)]
    return [place / path for path in sorted(shown, key=lambda path: natural(path.as_posix()))]


def natural(name: str) -> list[tuple[int, str]]:
    """Return a key that sorts names by the numbers in them."""
    parts = re.findall(r"\d+|\D+", name.lower())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def darkness(grey: Grey) -> Float:
    """Tell ink from paper in the picture of one glyph: float32 (H, W), 0 paper to 1 ink.

    Paper is the median of the picture's border, and lighter than the ink if that lies in the
    upper half of the picture's range. Of 2,500 digits cut from cheque amounts the bundled model
    reads 2,300 this way, 2,256 with the paper flattened as in a field, 2,086 with the lightest
    pixel for paper; of 4,000 clean ones 3,983, 3,979 and 3,983.
    """
    values = grey.astype(np.float32)
    border = np.concatenate([values[0], values[-1], values[:, 0], values[:, -1]])
    paper, low, high = float(np.median(border)), float(values.min()), float(values.max())
    depth = paper - values if paper > (low + high) / 2 else values - paper
    peak = float(depth.max())
    if peak < FAINTEST:
        return np.zeros(grey.shape, np.float32)
    return np.asarray(np.clip(depth / peak, 0, 1), np.float32)
