"""Versions of a model: a new one takes the place, the old ones stay and can be brought back.

The version in use lies in the model's folder itself, the others in `versions/NUMBER`.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, NamedTuple

from formreader import classify
from formreader.errors import ModelError, OutputError
from formreader.train_weights import WEIGHTS

CURVES = "training.png"
CURVE_NAMES = {"digits": "single digits", "strips": "whole numbers", "printed": "print or pen"}
"""What the networks of a card's history do."""
NETWORKS = (classify.NETWORK, classify.STRIP_NETWORK, classify.PRINT_NETWORK)
FILES = (*NETWORKS, WEIGHTS, CURVES, classify.CARD)
"""What a version consists of; the card comes last, when all that it speaks of is there."""
KEPT = "versions"


class Version(NamedTuple):
    """A version of a model with its card."""

    number: int
    card: dict[str, Any]
    in_use: bool

    @property
    def sentence(self) -> str:
        """Describe the version in a line."""
        data = self.card.get("data", {})
        learned = f"{data.get('training_digits', 0):,} digits"
        if "confirmed_numbers" in data:
            learned += f" and {data['confirmed_numbers']:,} numbers confirmed by persons"
        if "certified" in self.card:
            learned += f", certified by {self.card['certified']['keyed']:,} values keyed blind"
        arch = self.card.get("digits", {}).get("arch", "bundled")
        learned += f", {arch}" if arch != "bundled" else ""
        used = ", in use" if self.in_use else ""
        return f"version {self.number}, {self.card.get('date', 'no date')}, {learned}{used}"


def number_of(card: dict[str, Any]) -> int:
    """Return the version that a card is of; models made before there were versions are 1."""
    return int(card.get("version", 1))


def versions(folder: Path) -> list[Version]:
    """List the versions of a model, oldest first; none where there is no model yet.

    Raises ModelError where a card is damaged.
    """
    found = []
    for place in (folder, *(folder / KEPT).glob("[0-9]*")):
        if (place / classify.CARD).is_file():
            card = classify.read_card(place)
            found.append(Version(number_of(card), card, place == folder))
    in_use = {version.number for version in found if version.in_use}
    return sorted(v for v in found if v.in_use or v.number not in in_use)


def put_in_place(fresh: Path, folder: Path) -> int:
    """Make the model in `fresh` the one in use in `folder`; return its version.

    The model that was in use stays as a version. Raises OutputError where nothing can be
    written.
    """
    number = max((version.number for version in versions(folder)), default=0) + 1
    card = {**classify.read_card(fresh), "version": number}
    write_card(fresh, card)
    replace(fresh, folder)
    return number


def use(folder: Path, number: int) -> None:
    """Bring a version back; raises ModelError where there is none of that number."""
    known = versions(folder)
    if all(version.number != number for version in known):
        have = ", ".join(str(version.number) for version in known) or "none"
        raise ModelError(f"{folder} holds no version {number} of a model. It holds: {have}.")
    if any(version.in_use and version.number == number for version in known):
        return
    replace(folder / KEPT / str(number), folder)


def replace(source: Path, folder: Path) -> None:
    """Copy a model into the place of the one in use, which is kept as a version first."""
    try:
        for version in versions(folder):
            if version.in_use:
                copy(folder, folder / KEPT / str(version.number))
        copy(source, folder)
    except OSError as error:
        raise OutputError(f"The model cannot be written to {folder}: {error.strerror}.") from error


def copy(source: Path, target: Path) -> None:
    """Copy the files of a model, each replaced whole, the card last; what it lacks goes."""
    target.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        if (source / name).is_file():
            fresh = target / f"{name}.fresh"
            shutil.copyfile(source / name, fresh)
            fresh.replace(target / name)
        else:
            (target / name).unlink(missing_ok=True)


def write_card(folder: Path, card: dict[str, Any]) -> None:
    """Write a card whole."""
    fresh = folder / "card.fresh"
    fresh.write_text(json.dumps(card, indent=1) + "\n", "utf-8")
    fresh.replace(folder / classify.CARD)
