"""Settings of a training: checked, part of a checkpoint's recipe, and every architecture reads."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from formreader import classify, datasets, model_versions, train_digits, train_tune
from formreader.errors import ModelError, UsageError
from formreader.train_material import ALPHABET, Material
from formreader.train_settings import ARCHITECTURES, BUNDLED, Settings
from formreader.train_tune import Search

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
needs_tensorflow = pytest.mark.skipif(
    importlib.util.find_spec("tensorflow") is None,
    reason='TensorFlow is not installed: pip install "formreader[train]"',
)
runner = CliRunner()
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def material() -> Material:
    digits, held_out = datasets.draw_digits(200, 1), datasets.draw_digits(60, 2)
    return Material(digits, digits, held_out, None, {"drawn": "by our own code"})


# What can be set


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"arch": "alexnet"}, "--arch is alexnet; it must be one of bundled, lenet, resnet"),
        ({"epochs": 0}, "--epochs is 0; it must be 1 or more"),
        ({"batch": 0}, "--batch is 0; it must be 1 or more"),
        ({"seed": -1}, "--seed is -1; it must be a whole number from 0 on"),
        ({"rate": 0.0}, "--learning-rate is 0; it must lie between 0 and 1"),
        ({"rate": float("nan")}, "--learning-rate is nan; it must lie between 0 and 1"),
        ({"rate": 3.0}, "--learning-rate is 3; it must lie between 0 and 1"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_in_a_sentence(
    wrong: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(UsageError, match=sentence):
        Settings(**wrong)


@pytest.mark.parametrize(
    "option", [("--arch", "alexnet"), ("--epochs", "0"), ("--batch", "0"), ("--learning-rate", "2")]
)
def test_a_wrong_option_stops_before_anything_is_read(
    tmp_path: Path, option: tuple[str, str]
) -> None:
    from formreader.cli import app

    done = runner.invoke(app, ["train", "--out", str(tmp_path / "model"), *option])
    assert done.exit_code == 2
    assert f"{option[0]} is {option[1]}" in done.output
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize(
    "option", [("--arch", "lenet"), ("--epochs", "2"), ("--batch", "9"), ("--learning-rate", "0.1")]
)
def test_training_on_has_settings_of_its_own(tmp_path: Path, option: tuple[str, str]) -> None:
    from formreader.cli import app

    words = ["train", "--out", str(tmp_path / "model"), "--reviewed", str(tmp_path), *option]
    done = runner.invoke(app, words)
    assert done.exit_code == 2
    assert f"{option[0]} does not go with --reviewed" in done.output


def test_the_bundled_recipe_leaves_no_mark_in_a_checkpoint() -> None:
    assert Settings(epochs=3, seed=5).changed == {}
    assert Settings(arch="lenet", batch=50, rate=0.01).changed == {
        "arch": "lenet",
        "batch": 50,
        "rate": 0.01,
    }


# What comes out


OTHERS = [name for name in ARCHITECTURES if name != BUNDLED]


@needs_tensorflow
@pytest.mark.parametrize("arch", OTHERS)
def test_every_architecture_is_small_and_reads_as_exported(
    tmp_path: Path, material: Material, arch: str
) -> None:
    from formreader.export_model import to_lite

    build, joined = train_digits.network_of(arch)
    model = joined(build(len(ALPHABET)))
    assert model.count_params() < 350_000
    (tmp_path / classify.NETWORK).write_bytes(to_lite(model))
    card = {"alphabet": ALPHABET, "temperature": 1.0, "calibration": {}}
    model_versions.write_card(tmp_path, card)
    glyphs = material.held_out.images.astype(np.float32) / np.float32(255)
    read = classify.load_recognizer(tmp_path).classify(glyphs)
    built = np.asarray(model(glyphs, training=False))
    assert read.shape == built.shape == (60, 11)
    assert np.abs(read - built).max() < 0.1 * np.abs(built).max()


@needs_tensorflow
@pytest.mark.slow
@pytest.mark.parametrize("arch", OTHERS)
def test_every_architecture_learns(tmp_path: Path, material: Material, arch: str) -> None:
    _, history = train_digits.train_digits(
        material, tmp_path, Settings(arch=arch, batch=20), 2, lambda line: None
    )
    assert history[1]["loss"] < history[0]["loss"]


@needs_tensorflow
def test_another_setting_is_another_recipe(
    tmp_path: Path, material: Material, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipes: list[dict[str, Any]] = []

    def note(course: Any, work: Path, recipe: dict[str, Any], report: Any) -> tuple[None, None]:
        recipes.append(recipe)
        return None, None

    monkeypatch.setattr(train_digits, "run", note)
    for rate in (0.003, 0.003, 0.002):
        settings = Settings(arch="lenet", batch=50, rate=rate)
        train_digits.train_digits(material, tmp_path, settings, 1, lambda line: None)
    first, same, other = recipes
    assert first == same != other


def test_the_list_of_versions_says_which_architecture(tmp_path: Path) -> None:
    card = {"alphabet": ALPHABET, "temperature": 1.0, "calibration": {}}
    model_versions.write_card(tmp_path, {**card, "digits": {"arch": "lenet"}})
    [version] = model_versions.versions(tmp_path)
    assert "lenet" in version.sentence
    model_versions.write_card(tmp_path, {**card, "digits": {"arch": BUNDLED}})
    [version] = model_versions.versions(tmp_path)
    assert BUNDLED not in version.sentence


# The search


def test_a_search_for_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="--tune is 0; it must be 1 or more"):
        train_tune.check(Search(0))
    with pytest.raises(UsageError, match="Nothing is left to search"):
        train_tune.check(Search(3, {"arch", "batch", "rate"}))


def test_without_optuna_the_command_that_installs_it_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(train_tune, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match=r'pip install "formreader\[train,tune\]"'):
        train_tune.check(Search(3))


def test_writers_taken_out_of_the_training_ones_decide() -> None:
    writers = np.repeat(np.arange(50), 4)
    digits = datasets.draw_digits(200, 1)
    digits = datasets.Glyphs(digits.images, digits.labels, writers)
    small = train_tune.sample_of(Material(digits, digits, digits.take(writers < 0), None, {}), 1)
    assert len(set(small.held_out.writers)) == 5
    assert not set(small.held_out.writers) & set(small.train.writers)
    assert set(small.held_out.writers) <= set(writers)


class ReadsAll:
    """Stands for a network: sure of every class or, where it has learned nothing, of none."""

    def __init__(self, material: Material, has_learned: bool) -> None:
        self.logits = 9.0 * has_learned * np.eye(len(ALPHABET))[material.held_out.labels]

    def predict(self, *_: Any, **__: Any) -> Any:
        return self.logits


@pytest.mark.skipif(
    importlib.util.find_spec("optuna") is None,
    reason='Optuna is not installed: pip install "formreader[tune]"',
)
@pytest.mark.filterwarnings("ignore:Fixed parameter rate")
@pytest.mark.parametrize("trained", ["no", pytest.param("yes", marks=pytest.mark.slow)])
def test_a_search_finds_the_better_rate_and_goes_on_where_it_was(
    tmp_path: Path, material: Material, monkeypatch: pytest.MonkeyPatch, trained: str
) -> None:
    def pretend(small: Material, work: Path, tried: Settings, *_: Any) -> tuple[ReadsAll, None]:
        return ReadsAll(small, tried.rate > 1e-4), None

    if trained == "no":
        monkeypatch.setattr(train_tune, "train_digits", pretend)
    monkeypatch.setattr(train_tune, "EPOCHS", 2)
    monkeypatch.setitem(train_tune.SPACE, "rate", (2e-3, 2e-2))
    useless = Settings(arch="lenet", batch=20, rate=1e-6)
    said: list[str] = []
    kept = {"arch", "batch"}
    train_tune.tune(material, tmp_path, useless, Search(1, kept), said.append)
    best, tried = train_tune.tune(material, tmp_path, useless, Search(2, kept), said.append)
    assert "going on after 1 trials" in said
    assert [trial["rate"] == 1e-6 for trial in tried] == [True, False]
    assert (best.arch, best.batch) == ("lenet", 20)
    assert best.rate == min(tried, key=lambda trial: trial["loss"])["rate"] != 1e-6
    assert all(0 <= trial["right"] <= trial["count"] for trial in tried)
    train_tune.tune(material, tmp_path, useless, Search(2, kept), said.append)
    assert said[-1].startswith("best: lenet, batch 20")
    assert sum("right, loss" in line for line in said) == 2
