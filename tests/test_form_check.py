"""The picture of a definition: where it is written, and what is said where it cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_form_names import WIDGETS, pdf
from typer.testing import CliRunner

from formreader import cli
from formreader.form_draft import draft


@pytest.fixture(scope="module")
def definition(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("forms")
    draft(pdf(folder / "blank.pdf", WIDGETS), folder / "meter.toml")
    return folder / "meter.toml"


def told(definition: Path, out: Path) -> tuple[int, str]:
    result = CliRunner().invoke(cli.app, ["form", "check", str(definition), "--out", str(out)])
    return result.exit_code, result.stderr


@pytest.mark.parametrize("name", ["fields.png", "fields.jpg", "fields"])
def test_the_fields_are_drawn_as_a_picture(definition: Path, tmp_path: Path, name: str) -> None:
    assert told(definition, tmp_path / name) == (0, "")
    [written] = tmp_path.iterdir()
    assert written.stat().st_size > 1000
    assert written.suffix in {".png", ".jpg"}


def test_a_name_that_is_no_picture_is_told(definition: Path, tmp_path: Path) -> None:
    code, sentence = told(definition, tmp_path / "fields.docx")
    assert code == 5
    assert "ends in .png or .jpg" in sentence


def test_a_folder_that_is_not_there_is_told(definition: Path, tmp_path: Path) -> None:
    code, sentence = told(definition, tmp_path / "none" / "fields.png")
    assert code == 5
    assert "cannot be written" in sentence
