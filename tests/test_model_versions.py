"""Versions of a model in one folder: old ones stay and come back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from formreader import classify, model_versions
from formreader.errors import ModelError, OutputError


def fake_model(folder: Path, mark: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name in model_versions.FILES:
        (folder / name).write_text(mark)
    card = {"alphabet": mark, "temperature": 1, "calibration": {}}
    (folder / classify.CARD).write_text(json.dumps(card))
    return folder


def in_use(folder: Path) -> tuple[str, str]:
    card = json.loads((folder / classify.CARD).read_text())
    return card["alphabet"], (folder / classify.NETWORK).read_text()


def test_old_versions_stay_and_come_back(tmp_path: Path) -> None:
    out = tmp_path / "own"
    numbers = [model_versions.put_in_place(fake_model(tmp_path / "fresh", m), out) for m in "abc"]
    assert numbers == [1, 2, 3]
    assert in_use(out) == ("c", "c")
    model_versions.use(out, 1)
    assert in_use(out) == ("a", "a")
    assert [v.number for v in model_versions.versions(out)] == [1, 2, 3]
    assert [v.in_use for v in model_versions.versions(out)] == [True, False, False]
    assert model_versions.put_in_place(fake_model(tmp_path / "fresh", "d"), out) == 4
    model_versions.use(out, 3)
    assert in_use(out) == ("c", "c")


def test_nothing_of_the_old_version_is_left_beside_the_new_one(tmp_path: Path) -> None:
    out = tmp_path / "own"
    model_versions.put_in_place(fake_model(tmp_path / "fresh", "a"), out)
    fresh = fake_model(tmp_path / "fresh", "b")
    (fresh / model_versions.CURVES).unlink()
    model_versions.put_in_place(fresh, out)
    assert not (out / model_versions.CURVES).exists()
    model_versions.use(out, 1)
    assert (out / model_versions.CURVES).read_text() == "a"


def test_a_version_that_is_not_there_is_refused_and_nothing_changes(tmp_path: Path) -> None:
    out = tmp_path / "own"
    model_versions.put_in_place(fake_model(tmp_path / "fresh", "a"), out)
    with pytest.raises(ModelError, match=r"holds no version 7.*It holds: 1"):
        model_versions.use(out, 7)
    assert in_use(out) == ("a", "a")


def test_a_model_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    (tmp_path / "own").write_text("in the way")
    with pytest.raises(OutputError, match="cannot be written"):
        model_versions.put_in_place(fake_model(tmp_path / "fresh", "a"), tmp_path / "own")


def test_models_are_listed_and_brought_back_by_command(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from formreader.cli import app

    out = tmp_path / "own"
    for mark in "ab":
        model_versions.put_in_place(fake_model(tmp_path / "fresh", mark), out)
    runner = CliRunner()
    listed = runner.invoke(app, ["models", "list", str(out)]).stdout.splitlines()
    assert [line.split(",")[0] for line in listed] == ["version 1", "version 2"]
    assert listed[1].endswith("in use")
    assert runner.invoke(app, ["models", "use", str(out), "1"]).exit_code == 0
    assert in_use(out) == ("a", "a")
    assert runner.invoke(app, ["models", "use", str(out), "9"]).exit_code == 4
    assert runner.invoke(app, ["models", "list", str(tmp_path / "none")]).exit_code == 2
