"""Drafts and pictures of definitions: where they are written, what is said where they cannot."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pages import Sheet
from test_form_names import WIDGETS, pdf
from typer.testing import CliRunner

from formreader import cli, register
from formreader.document import Page
from formreader.form_draft import draft, set_upright


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


def form(*words: object) -> tuple[int, str]:
    result = CliRunner().invoke(cli.app, ["form", *map(str, words)])
    assert not result.exception or isinstance(result.exception, SystemExit)
    return result.exit_code, result.stderr


def test_a_page_that_cannot_be_used_is_named_with_the_reason(
    definition: Path, tmp_path: Path
) -> None:
    (tmp_path / "text.png").write_text("no picture")
    for words, sentence in (
        (("draft", tmp_path / "none.png", "--out", tmp_path / "a.toml"), "none.png: The file"),
        (("draft", tmp_path / "text.png", "--out", tmp_path / "a.toml"), "text.png: This is not"),
        (("check", definition, tmp_path / "none.png"), "none.png: The file"),
    ):
        code, told = form(*words)
        assert code == 6
        assert sentence in told


def test_a_definition_is_never_written_over_and_a_lost_print_made_again(tmp_path: Path) -> None:
    blank, out = pdf(tmp_path / "blank.pdf", WIDGETS), tmp_path / "meter.toml"
    assert form("draft", blank, "--out", out)[0] == 0
    out.write_text(out.read_text("utf-8") + "# mine\n", "utf-8")
    code, told = form("draft", blank, "--out", out)
    assert code == 2
    assert "may hold what you edited" in told
    (tmp_path / "meter.print.json").unlink()
    assert form("draft", blank, "--out", out)[0] == 0
    assert (tmp_path / "meter.print.json").exists()
    assert out.read_text("utf-8").endswith("# mine\n")


def test_a_definition_must_be_named_as_reading_wants_it(tmp_path: Path) -> None:
    blank = pdf(tmp_path / "blank.pdf", WIDGETS)
    code, told = form("draft", blank, "--out", tmp_path / "meter.txt")
    assert code == 2
    assert "must end in .toml" in told


def test_a_blank_in_letters_with_more_tails_than_heads_is_drafted_upright() -> None:
    letters, numbers = Sheet(), Sheet()
    for row in range(6):
        letters.paragraph(15, 20 + 20 * row, lines=3)
    for row in range(4):
        numbers.row("472352", 20, 20 + 20 * row)
    upright = np.minimum(np.rot90(letters.image, 2), numbers.image)
    page = Page("b.png", 1, upright, 200.0)
    assert register.register(page).turns == 2
    assert np.array_equal(set_upright(page), upright)
