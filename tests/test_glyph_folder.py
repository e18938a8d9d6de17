"""Pictures of digits in a folder for each class: read, left out, refused, split, learned, rated."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from typer.testing import CliRunner

from formreader import datasets, glyph_folder, train, train_material
from formreader.errors import UsageError
from formreader.evaluate import evaluate_glyphs
from formreader.glyph_folder import darkness, hash_of, is_glyph_folder, natural, read_folder

DIGITS = datasets.draw_digits(60, 1)
runner = CliRunner()


def write(path: Path, glyph: np.ndarray, **options: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(glyph).save(path, **options)
    return path


def fill(folder: Path, digits: datasets.Glyphs = DIGITS) -> Path:
    """Write digits light on dark, the folder and file names as any clerk would."""
    for place, (image, label) in enumerate(zip(digits.images, digits.labels, strict=True)):
        write(folder / str(label) / f"scan {place}.png", image)
    return folder


def read(folder: Path, part: str = "train") -> tuple[datasets.Glyphs, np.ndarray, list[str]]:
    said: list[str] = []
    return *read_folder(folder, part, said.append), said


# What is read


def test_every_picture_gets_the_class_of_its_folder(tmp_path: Path) -> None:
    glyphs, others, said = read(fill(tmp_path))
    order = np.argsort(DIGITS.labels, kind="stable")
    assert np.array_equal(glyphs.labels, DIGITS.labels[order])
    assert np.abs(glyphs.images.astype(int) - DIGITS.images[order]).mean() < 2
    assert (glyphs.writers == -1).all()
    assert others.shape == (0, 28, 28)
    assert not said


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp", "gif", "tif", "webp"])
@pytest.mark.parametrize("dark_on_light", [False, True])
def test_any_format_size_and_polarity_gives_the_same_glyph(
    tmp_path: Path, suffix: str, dark_on_light: bool
) -> None:
    large = np.pad(np.kron(DIGITS.images[0], np.ones((4, 4), np.uint8)), ((9, 30), (41, 5)))
    grey = 235 - (large * 0.75).astype(np.uint8) if dark_on_light else large
    write(tmp_path / "5" / f"a.{suffix}", grey)
    glyphs, _, said = read(tmp_path)
    assert not [line for line in said if "left out" in line]
    assert np.abs(glyphs.images[0].astype(int) - DIGITS.images[0]).mean() < 8


def test_both_polarities_may_lie_in_one_folder(tmp_path: Path) -> None:
    write(tmp_path / "5" / "1.png", DIGITS.images[0])
    write(tmp_path / "5" / "2.png", 255 - DIGITS.images[0])
    glyphs, _, _ = read(tmp_path)
    assert np.array_equal(glyphs.images[0], glyphs.images[1])


def test_grey_paper_leaves_no_veil_around_the_ink() -> None:
    page = np.full((40, 30), 180, np.uint8)
    page[0, 0] = 255
    page[10:30, 12:16] = 60
    ink = darkness(page)
    assert ink.max() == 1
    assert ink[0, 0] == 0
    assert (ink > 0).sum() == 20 * 4


def test_what_is_no_digit_is_kept_apart(tmp_path: Path) -> None:
    write(fill(tmp_path) / "not-a-digit" / "blot.png", DIGITS.images[0])
    glyphs, others, _ = read(tmp_path)
    assert len(glyphs) == len(DIGITS)
    assert others.shape == (1, 28, 28)
    assert others.dtype == np.uint8


def test_a_test_half_beside_the_other_is_read_by_itself(tmp_path: Path) -> None:
    fill(tmp_path / "train")
    write(tmp_path / "test" / "3" / "a.png", DIGITS.images[0])
    assert len(read(tmp_path)[0]) == len(DIGITS)
    assert read(tmp_path, "test")[0].labels.tolist() == [3]


def test_without_a_test_half_there_is_none(tmp_path: Path) -> None:
    fill(tmp_path)
    with pytest.raises(UsageError, match="no folder 'test'"):
        read(tmp_path, "test")


def test_pictures_come_in_the_order_a_person_counts() -> None:
    names = ["b/10.png", "b/9.png", "B/1.png", "a2.png", "a10.png"]
    assert sorted(names, key=natural) == ["a2.png", "a10.png", "B/1.png", "b/9.png", "b/10.png"]


@given(st.lists(st.text(max_size=8), max_size=6))
def test_any_names_can_be_put_in_order(names: list[str]) -> None:
    assert len(sorted(names, key=natural)) == len(names)  # and nothing is raised


# What is left out, what is refused


def test_pictures_that_cannot_be_used_are_named_and_left_out(tmp_path: Path) -> None:
    fill(tmp_path)
    (tmp_path / "4" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nand no more")
    (tmp_path / "4" / "notes.txt").write_text("nine of these are from the archive")
    write(tmp_path / "4" / "empty.png", np.full((30, 30), 255, np.uint8))
    (tmp_path / "4" / "anna").mkdir()
    (tmp_path / "4" / "anna" / ".hidden").write_text("of no interest")
    glyphs, _, said = read(tmp_path)
    assert len(glyphs) == len(DIGITS)
    assert [line.split(" is left out")[0] for line in said] == [
        "4/broken.png",
        "4/empty.png",
        "4/notes.txt",
    ]
    assert "holds no ink" in said[1]


def test_many_bad_pictures_are_counted(tmp_path: Path) -> None:
    fill(tmp_path)
    for place in range(25):
        (tmp_path / "4" / f"{place}.txt").write_text("no picture")
    said = read(tmp_path)[2]
    assert len(said) == 21
    assert said[-1].startswith("5 more pictures")


def test_a_class_without_pictures_is_said(tmp_path: Path) -> None:
    write(tmp_path / "7" / "a.png", DIGITS.images[0])
    [line] = read(tmp_path)[2]
    assert line.endswith("has no usable picture of 0, 1, 2, 3, 4, 5, 6, 8, 9")


@pytest.mark.parametrize("content", [[], ["scans/a.png"], ["7/a.txt"], ["not-a-digit/a.png"]])
def test_a_folder_without_digits_is_refused_in_a_sentence(
    tmp_path: Path, content: list[str]
) -> None:
    for name in content:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        write(path, DIGITS.images[0]) if name.endswith("png") else path.write_text("no picture")
    with pytest.raises(UsageError, match="needs a folder for each digit, 0 to 9"):
        read(tmp_path)


# Its hash


def test_the_hash_changes_with_any_picture_and_name(tmp_path: Path) -> None:
    fill(tmp_path)
    before = hash_of(tmp_path)
    assert hash_of(tmp_path) == before
    picture = next((tmp_path / "3").iterdir())
    moved = picture.rename(tmp_path / "8" / picture.name)
    after = hash_of(tmp_path)
    assert after != before
    moved.rename(picture)
    assert hash_of(tmp_path) == before
    write(tmp_path / "not-a-digit" / "a.png", DIGITS.images[0])
    assert hash_of(tmp_path) not in (before, after)


# Learned from


def test_digits_are_held_out_in_runs_of_neighbours(tmp_path: Path) -> None:
    count = 4000
    labels = np.arange(count) % 10
    numbered = datasets.Glyphs(
        np.zeros((count, 28, 28), np.uint8), labels, np.full(count, -1, np.int64)
    )
    numbered.images[:, 0, :2] = np.column_stack(np.divmod(np.arange(count) // 10, 256))
    _, out = datasets.split_by_writer(numbered, 3)
    assert np.bincount(out.labels).tolist() == [40] * 10
    places = np.unique(out.images[:, 0, 0].astype(int) * 256 + out.images[:, 0, 1])
    assert len(places) == 40
    assert (np.diff(places) > 1).sum() == 1


def test_a_folder_is_gathered_with_its_hash_and_its_test_half(tmp_path: Path) -> None:
    fill(tmp_path / "own" / "train")
    fill(tmp_path / "own" / "test")
    for place in range(30):
        write(tmp_path / "own" / "train" / "not-a-digit" / f"{place}.png", DIGITS.images[place])
    said: list[str] = []
    material = train.gather([tmp_path / "own"], 1, said.append)
    assert material.sources == {"own": hash_of(tmp_path / "own")}
    assert len(material.written) + len(material.held_out) == len(DIGITS)
    assert material.test is not None
    assert len(material.test) == len(DIGITS)
    assert (len(material.others), len(material.other_test)) == (27, 3)
    assert any("Who wrote what is not known" in line for line in said)


def test_too_few_digits_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "7" / "a.png", DIGITS.images[0])
    with pytest.raises(UsageError, match="1 digits are too few to learn from; 20 are the least"):
        train.gather([tmp_path], 1, lambda line: None)


def test_pictures_of_no_digit_are_learned_as_junk() -> None:
    digits = datasets.draw_digits(100, 1)
    blots = np.zeros((200, 28, 28), np.uint8)
    blots[:, 10:18, 4:24] = 255
    plain, labels = train_material.batch(digits, digits, [1])
    glyphs, same = train_material.batch(digits, digits, [1], blots)
    assert np.array_equal(labels, same)
    changed = (plain != glyphs).any((1, 2))[100:].sum()
    assert 4 <= changed <= 16  # half of 16 pieces of junk; those after a changed one differ too


# Rated


def test_a_folder_of_digits_is_rated(tmp_path: Path) -> None:
    fill(tmp_path / "train")
    write(tmp_path / "test" / "1" / "a.png", 255 - DIGITS.images[DIGITS.labels == 1][0])
    write(tmp_path / "test" / "not-a-digit" / "b.png", DIGITS.images[0])
    report = evaluate_glyphs(tmp_path, None, tmp_path / "report")
    assert (report["accuracy"]["count"], report["accuracy"]["of"]) == (1, 1)
    assert any("no digit" in line for line in report["warnings"])


def test_a_folder_of_digits_is_not_taken_for_a_job(tmp_path: Path) -> None:
    from formreader.cli import app

    fill(tmp_path / "digits")
    (tmp_path / "job").mkdir()
    (tmp_path / "job" / "readings.csv").write_text("page_file\n")
    (tmp_path / "job" / "snippets").mkdir()
    assert is_glyph_folder(tmp_path / "digits")
    assert not is_glyph_folder(tmp_path / "job")
    assert not glyph_folder.is_glyph_folder(tmp_path / "absent")
    rated = runner.invoke(app, ["evaluate", str(tmp_path / "digits"), "--out", str(tmp_path / "r")])
    assert "60 digits" in rated.stdout
    refused = runner.invoke(app, ["evaluate", str(tmp_path / "job")])
    assert refused.exit_code == 2
    assert "Add --truth" in refused.output
