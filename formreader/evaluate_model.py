"""Describe the model behind a report: what it learned from, its curves, what it promises."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from formreader.classify import load_recognizer
from formreader.errors import ModelError
from formreader.model_versions import CURVE_NAMES, number_of
from formreader.store import DATABASE, Store


class Carded(Protocol):
    """A recognizer that comes with its card."""

    model_id: str
    card: dict[str, Any]


def about_model(recognizer: Carded) -> dict[str, Any]:
    """Describe a model by its card."""
    card = recognizer.card
    kinds = {"free": "numbers in free writing", "cells": "numbers in boxes"}
    return {
        "name": recognizer.model_id,
        "version": number_of(card),
        **{key: card.get(key) for key in ("date", "data", "epochs", "seconds", "test")},
        "history": {CURVE_NAMES.get(n, n): epochs for n, epochs in card.get("history", {}).items()},
        "promises": {
            title: card["calibration"][kind]["table"]
            for kind, title in kinds.items()
            if kind in card["calibration"]
        },
    }


def model_of_job(job: Path, folder: Path | None) -> dict[str, Any]:
    """Describe the model that read a job, where it is the given or the bundled one.

    Returns `read_with`, the job's own words, and `model`, None where it is another one. Raises
    ModelError where the given model cannot be used.
    """
    if not (job / DATABASE).is_file():
        return {"read_with": None, "model": None}
    with Store.open(job) as store:
        settings = store.settings()
    told = {key: settings.get(key, "") for key in ("form", "max_error", "model", "version")}
    try:
        known = about_model(load_recognizer(folder))
    except ModelError:
        if folder is not None:
            raise
        return {"read_with": told, "model": None}
    return {"read_with": told, "model": known if known["name"] == told["model"] else None}
