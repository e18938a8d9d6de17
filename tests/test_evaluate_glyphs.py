"""A recognizer is rated on single digits, on spoiled ones and on what is no digit."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from template_model import TemplateModel, write_digit

from formreader import classify, degrade, evaluate_stress
from formreader import evaluate as evaluation
from formreader.document import Float
from formreader.errors import OutputError, UsageError
from formreader.evaluate import evaluate_glyphs, summary
from formreader.evaluate_glyphs import darkness, judge_with, rate_glyphs, rejecting
from formreader.evaluate_stress import Album, in_own_box, not_digits, spoiled_digits
from formreader.junk import KINDS as LEARNED
from formreader.junk_unseen import UNSEEN


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate_stress, "DIGITS", 20)
    monkeypatch.setattr(evaluate_stress, "PIECES", 3)


class WidthReader:
    """Calls a wide glyph 0 and a narrow one 1, and an empty one not a digit."""

    alphabet = "0123456789?"
    temperature = 2.0
    model_id = "width@0"
    card: dict[str, Any] = {"calibration": {}}  # noqa: RUF012

    def classify(self, glyphs: Float) -> Float:
        wide = (glyphs > 0.5).any(axis=1).sum(axis=1)
        logits = np.zeros((len(glyphs), len(self.alphabet)), np.float32)
        logits[np.arange(len(glyphs)), np.where(wide == 0, 10, np.where(wide > 10, 0, 1))] = 8.0
        return logits


def bars(dark_on_white: bool) -> tuple[np.ndarray, np.ndarray]:
    """Three wide bars (0), three narrow ones (1), a wide one labelled 1, an empty 1."""
    images = np.zeros((8, 40, 30), np.uint8)
    images[[0, 1, 2, 6], 10:20, 5:25] = 255
    images[[3, 4, 5], 5:35, 12:16] = 255
    return (255 - images if dark_on_white else images), np.array([0, 0, 0, 1, 1, 1, 1, 1])


def digits(count: int = 20) -> tuple[Float, np.ndarray]:
    """Digits in the hand that the template model reads: darkness (N, 40, 40)."""
    labels = np.arange(count) % 10
    pictures = np.zeros((count, 40, 60), np.float32)
    for i, label in enumerate(labels):
        ink = write_digit(str(label), seed=i)
        pictures[i, : ink.shape[0], 8 : 8 + ink.shape[1]] = ink[:40, :52]
    return pictures, labels


def counted(entry: dict[str, Any]) -> tuple[int, int]:
    return entry["count"], entry["of"]


@pytest.mark.parametrize("dark_on_white", [False, True])
def test_single_digits_are_rated_alike_bright_or_dark(dark_on_white: bool) -> None:
    images, labels = bars(dark_on_white)
    report = rate_glyphs(darkness(images), labels, WidthReader(), {})
    assert counted(report["accuracy"]) == (6, 8)
    assert counted(report["errors"]) == (2, 8)
    assert counted(report["called_no_digit"]) == (1, 8)
    assert report["confusion"]["counts"][1][0] == 1
    share = np.exp(4) / (np.exp(4) + 10)
    assert report["calibration"]["ece"] == pytest.approx(abs(share - 0.75), abs=1e-6)
    assert "75.00 % (6 of 8)" in summary(report)


def test_a_digit_called_no_digit_is_sent_to_a_person_and_never_accepted() -> None:
    images, labels = bars(False)
    report = rate_glyphs(darkness(images), labels, WidthReader(), {})
    assert report["curve"][-1]["accepted"] == 7
    assert counted(report["rejected"]) == (1, 8)
    assert counted(report["accepted_wrong"]) == (1, 7)
    shown = {miss["index"]: miss["status"] for miss in report["misreads"]}
    assert shown == {6: "accepted", 7: "review"}


def test_a_misread_digit_is_shown_with_its_second_choice() -> None:
    class Unsure(WidthReader):
        def classify(self, glyphs: Float) -> Float:
            logits = super().classify(glyphs)
            logits[:, 7] = 4.0
            return logits

    images, labels = bars(False)
    first = rate_glyphs(darkness(images), labels, Unsure(), {})["misreads"][0]
    assert (first["truth"], first["value"], first["second"]) == ("1", "0", "7")
    assert 0 < first["second_confidence"] < first["confidence"]


@pytest.mark.parametrize(
    ("sure", "threshold"),
    [
        ([0.5] + [0.9] * 99, 0.9),  # one in a hundred is rejected
        ([0.5] + [0.9] * 98, 0.5),  # one in 99 would be too many
        ([0.0, 0.0] + [0.9] * 98, 0.0),  # two are called no digit already
    ],
)
def test_the_threshold_rejects_at_most_one_good_digit_in_a_hundred(
    sure: list[float], threshold: float
) -> None:
    assert rejecting(sure) == threshold


def test_no_threshold_lets_pass_what_is_called_no_digit() -> None:
    pieces = np.zeros((4, 28, 28), np.float32)
    _, sure = judge_with(WidthReader())(pieces)
    assert not evaluate_stress.passes(sure, 0.0).any()


# Spoiled digits


@pytest.mark.parametrize("kind", degrade.KINDS, ids=lambda kind: kind.name)
def test_a_stronger_degradation_takes_a_digit_further_from_the_clean_one(
    kind: degrade.Kind,
) -> None:
    pictures, _ = digits(10)
    changes = []
    for strength in kind.strengths:
        far = 0.0
        for i, picture in enumerate(pictures):
            box = degrade.in_box(picture)
            spoiled = kind.spoil(box, strength, np.random.default_rng(i))
            assert spoiled.dtype == np.uint8
            assert spoiled.ndim == 2
            side = (degrade.BOX_PX, degrade.BOX_PX)
            same = np.asarray(Image.fromarray(spoiled).resize(side), float)
            clean = degrade.page(box, np.random.default_rng(i), noise=0.0)
            far += 1 - float(np.corrcoef(same.ravel(), clean.ravel())[0, 1])
        changes.append(far)
    assert changes[0] < changes[1] < changes[2]


def test_a_digit_in_its_own_box_is_read_as_on_a_form() -> None:
    pictures, labels = digits(10)
    rng = np.random.default_rng(1)
    glyphs = [in_own_box(degrade.page(degrade.in_box(p), rng)) for p in pictures]
    found, _ = judge_with(TemplateModel())(np.stack([g for g in glyphs if g is not None]))
    assert found.tolist() == labels.tolist()


def test_an_empty_box_holds_no_digit() -> None:
    rng = np.random.default_rng(1)
    assert in_own_box(degrade.page(degrade.in_box(np.zeros((20, 20), np.float32)), rng)) is None


def test_the_table_of_degradations_has_every_kind_at_three_strengths_after_the_plain_digits() -> (
    None
):
    album: Album = {}
    pictures, labels = digits()
    rows = spoiled_digits(pictures, labels, judge_with(TemplateModel()), 0.5, album)
    assert len(rows) == 1 + 3 * len(degrade.KINDS)
    assert rows[0]["kind"] == "as it is"
    assert counted(rows[0]["right"]) == (20, 20)
    assert len(degrade.KINDS) >= 8
    assert any(not row["trained"] for row in rows)
    for row in rows:
        assert row["right"]["of"] == row["read"]["of"] == 20
        assert row["accepted_wrong"]["of"] == row["read"]["count"]
        assert album[row["pictures"]]


def test_a_reader_that_guesses_is_caught_by_the_table() -> None:
    class Guesser(TemplateModel):
        def classify(self, glyphs: Float) -> Float:
            return np.tile(np.eye(1, 11, 3, dtype=np.float32) * 30, (len(glyphs), 1))

    pictures, labels = digits()
    rows = spoiled_digits(pictures, labels, judge_with(Guesser()), 0.5, {})
    assert all(counted(row["accepted_wrong"]) == (18, 20) for row in rows[:3])


# Ink that is no digit


@pytest.mark.parametrize("kind", UNSEEN)
def test_every_unseen_kind_is_ink_and_differs_from_piece_to_piece(kind: str) -> None:
    from formreader.ink import normalize_glyph

    glyphs, labels = np.stack([normalize_glyph(p) for p in digits()[0]]), digits()[1]
    pieces = [
        normalize_glyph(UNSEEN[kind](glyphs, labels, np.random.default_rng(i))) for i in range(20)
    ]
    assert all(piece.max() == pytest.approx(1) for piece in pieces)
    assert len({piece.tobytes() for piece in pieces}) > 10


def test_no_kind_is_both_learned_and_held_out_from_training() -> None:
    assert not set(UNSEEN) & set(LEARNED)
    assert not set(UNSEEN.values()) & {make for _, make in LEARNED.values()}


def test_what_passes_is_counted_by_kind_and_by_what_it_was_called() -> None:
    glyphs = np.zeros((4, 28, 28), np.float32)
    glyphs[:, 6:22, 5:23] = 1
    labels = np.array([0, 2, 5, 8])
    rows = not_digits(glyphs, labels, judge_with(WidthReader()), 0.5, {})
    assert [row["kind"] for row in rows] == [*UNSEEN, *LEARNED]
    for row in rows:
        assert sum(row["called"].values()) == row["passed"]["count"]
        assert row["passed"]["of"] == 3
    total = sum(row["passed"]["count"] for row in rows if not row["trained"])
    assert counted(evaluate_stress.in_all(rows, trained=False)) == (total, 3 * len(UNSEEN))


@pytest.mark.parametrize("label", [1, 4])
def test_a_set_of_which_no_junk_can_be_made_has_an_empty_table(label: int) -> None:
    glyphs = np.zeros((3, 28, 28), np.float32)
    glyphs[:, 4:24, 5:23] = 1
    labels = np.full(3, label)
    assert not_digits(glyphs, labels, judge_with(WidthReader()), 0.5, {}) == []


# Files


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> list[Path | None]:
    """Put the width reader in the place of any model; return which were asked for."""
    asked: list[Path | None] = []
    monkeypatch.setattr(
        evaluation, "load_recognizer", lambda model: asked.append(model) or WidthReader()
    )
    return asked


def set_of_bars(folder: Path) -> Path:
    images, labels = bars(False)
    np.savez(folder / "set.npz", x_test=images, y_test=labels)
    return folder / "set.npz"


def test_glyph_files_go_through_the_exported_model(
    tmp_path: Path, reader: list[Path | None]
) -> None:
    report = evaluate_glyphs(set_of_bars(tmp_path), tmp_path / "model", tmp_path / "out")
    assert reader == [tmp_path / "model"]
    assert counted(report["accuracy"]) == (6, 8)


def test_the_report_on_glyphs_needs_no_other_file_and_has_every_part(
    tmp_path: Path, reader: list[Path | None]
) -> None:
    report = evaluate_glyphs(set_of_bars(tmp_path), None, tmp_path / "out")
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "src=" not in page.replace('src="data:', "")
    assert "url(" not in page
    for part in ("curve", "confidence", "misreads", "digits", "degradations", "no-digit", "model"):
        assert f'<section id="{part}">' in page
        assert f'href="#{part}"' in page
    for svg in re.findall(r"<svg.*?</svg>", page, re.DOTALL):
        ElementTree.fromstring(svg)
    assert json.loads((tmp_path / "out" / "report.json").read_text("utf-8")) == report
    for name in ("confusion.png", "worst.png"):
        with Image.open(tmp_path / "out" / name) as picture:
            assert picture.width > 300


def test_training_curves_are_drawn_from_the_card(
    tmp_path: Path, reader: list[Path | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    epochs = [{"loss": 1.0, "held_out": h, "seconds": 9.0} for h in (0.5, 0.9, 0.99)]
    monkeypatch.setitem(WidthReader.card, "history", {"digits": epochs})
    evaluate_glyphs(set_of_bars(tmp_path), None, tmp_path / "out")
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert 'aria-label="training curves"' in page
    assert "digits: 1 %" in page


def test_the_picture_of_the_bundled_models_training_lies_in_the_page(tmp_path: Path) -> None:
    if not (classify.model_folder(None) / "training.png").exists():
        pytest.skip("there is no bundled model in this checkout")
    evaluate_glyphs(set_of_bars(tmp_path), None, tmp_path / "out")
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert 'alt="training curves"' in page or 'aria-label="training curves"' in page
    assert "cannot be promised" in page or "--max-error" in page


def test_without_out_the_report_is_named_after_the_file(
    tmp_path: Path, reader: list[Path | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    evaluate_glyphs(set_of_bars(tmp_path))
    assert (tmp_path / "set-report" / "report.html").is_file()


def test_a_report_that_cannot_be_written_ends_in_one_sentence(
    tmp_path: Path, reader: list[Path | None]
) -> None:
    (tmp_path / "out").write_text("a file in the way")
    with pytest.raises(OutputError, match="could not be written"):
        evaluate_glyphs(set_of_bars(tmp_path), None, tmp_path / "out")


def test_a_glyph_file_without_its_arrays_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.zeros(3))
    (tmp_path / "b.npz").write_text("no archive")
    np.savez(tmp_path / "c.npz", x_test=np.zeros((2, 8, 8), np.uint8), y_test=np.array([3, 12]))
    for name, words in (("a.npz", "x_test"), ("b.npz", "not an npz"), ("c.npz", "0 to 9")):
        with pytest.raises(UsageError, match=words):
            evaluate_glyphs(tmp_path / name)
