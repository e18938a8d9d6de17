"""Training on from confirmed numbers: what is learned from, and a whole run."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import few_steps
import numpy as np
import pytest
from PIL import Image
from template_model import TemplateModel, write_digit
from test_register_form import DPI, definition, drawn

from formreader import (
    classify,
    datasets,
    fine_tune,
    fit_cheques,
    fit_reviewed,
    pipeline,
    reviewed,
    segment,
    strokes,
    train_gate,
    train_reviewed,
    train_strips,
)
from formreader.align import align
from formreader.batch import read_folder
from formreader.document import Status
from formreader.errors import FormError, ModelError, UsageError
from formreader.forms import load_form
from formreader.reviewed import Lesson
from formreader.store import Store
from formreader.store_glyphs import Checked, Glyph, GlyphStore, Verdict
from formreader.store_schema import Meaning, Review

needs_tensorflow = pytest.mark.skipif(
    importlib.util.find_spec("tensorflow") is None,
    reason='TensorFlow is not installed: pip install "formreader[train]"',
)
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
PER_MM = DPI / 25.4
TEXTS = ["70", "1234", "905", "26", "481", "3507"]


def number(text: str, seed: int = 0) -> np.ndarray:
    """Draw a number on paper: grey uint8 (60, W)."""
    page = np.zeros((60, 40 * len(text) + 20), np.float32)
    for place, symbol in enumerate(text):
        ink = write_digit(symbol, seed + place)
        page[10 : 10 + ink.shape[0], 10 + 40 * place : 10 + 40 * place + ink.shape[1]] = ink
    return (235 - 190 * page).astype(np.uint8)


def make_job(folder: Path, texts: Sequence[str]) -> Path:
    """Read pictures of numbers into a job and confirm what stands on them."""
    scans = folder / "scans"
    scans.mkdir(parents=True)
    truth = {}
    for place, text in enumerate(texts):
        Image.fromarray(number(text, place)).save(scans / f"{place:02}.png")
        truth[f"{place:02}.png"] = text
    list(read_folder(scans, folder / "job", pipeline.Options(form="field")))
    with Store.open(folder / "job") as store:
        said = [Review(f, Meaning.VALUE, truth[f.page_file]) for f in store.fields()]
        store.add_reviews(said, "a clerk", "test")
    return folder / "job"


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a job of 24 confirmed numbers; tests only look at it."""
    return make_job(tmp_path_factory.mktemp("reviewed"), TEXTS * 4)


@pytest.fixture(scope="module")
def lessons(job: Path) -> list[Lesson]:
    found, lost = reviewed.lessons_of(job, classify.model_folder(None))
    assert lost == 0
    return found


# What is learned from


def test_confirmed_numbers_are_cut_out_again_as_they_were_read(lessons: list[Lesson]) -> None:
    assert [lesson.text for lesson in lessons] == TEXTS * 4
    assert all(lesson.cut.lattice.strip is not None for lesson in lessons)


def test_confirmed_characters_become_labelled_glyphs(lessons: list[Lesson]) -> None:
    readers = pipeline.Readers(TemplateModel(), None)
    glyphs = reviewed.glyphs_of(lessons, readers)
    assert len(glyphs) >= 0.9 * 4 * sum(map(len, TEXTS))
    images = glyphs.images.astype(np.float32) / np.float32(255)
    assert (readers.recognizer.classify(images)[:, :10].argmax(1) == glyphs.labels).mean() > 0.95


def test_doubtful_fields_count_no_more_than_in_the_job(tmp_path: Path) -> None:
    def field(status: Status, seen: bool) -> Any:
        return SimpleNamespace(status=status, meaning=Meaning.VALUE if seen else None)

    accepted = [field(Status.ACCEPTED, seen) for seen in [True] * 2 + [False] * 98]
    doubtful = [field(Status.REVIEW, True) for _ in range(50)]
    shares = reviewed.fair_shares([*accepted, *doubtful])
    assert shares == {Status.ACCEPTED: 1.0, Status.REVIEW: 0.02}
    assert reviewed.fair_shares([*accepted[2:], *doubtful])[Status.REVIEW] == 0.0
    assert reviewed.fair_shares(doubtful)[Status.REVIEW] == 1.0


def test_what_nobody_confirmed_is_not_learned(tmp_path: Path) -> None:
    job = make_job(tmp_path, ["70", "12", "905"])
    with Store.open(job) as store:
        first, second, _ = store.fields()
        store.add_reviews([Review(first, Meaning.UNREADABLE, "")], "a clerk", "test")
        store.add_reviews([Review(second, Meaning.VALUE, "1-2,")], "a clerk", "test")
    found, _ = reviewed.lessons_of(job, classify.model_folder(None))
    assert [lesson.text for lesson in found] == ["12", "905"]


def test_numbers_found_right_on_sheets_are_learned_but_are_no_fair_sample(tmp_path: Path) -> None:
    job = make_job(tmp_path, ["70", "12"])
    with GlyphStore.open(job) as store:
        for field in store.fields():
            store.undo(store.case(field.id).decision.id, "a clerk", "test")
        read = {f.value: f.id for f in store.fields()}
        for digit, position in (("7", 1), ("0", 2), ("1", 1)):
            text = "70" if digit in "70" else "12"
            seen = Checked(Glyph(read[text], position), Verdict.RIGHT)
            assert store.check_glyphs(digit, [seen], "a clerk") == 1
    found, _ = reviewed.lessons_of(job, classify.model_folder(None))
    assert [(lesson.text, lesson.fair) for lesson in found] == [("70", False)]


def test_a_scan_that_changed_or_is_gone_teaches_nothing(tmp_path: Path) -> None:
    job = make_job(tmp_path, ["70", "12", "905"])
    Image.fromarray(number("88888")).save(tmp_path / "scans" / "00.png")
    (tmp_path / "scans" / "01.png").unlink()
    found, lost = reviewed.lessons_of(job, classify.model_folder(None))
    assert [lesson.text for lesson in found] == ["905"]
    assert lost == 2


def job_by_definition(folder: Path) -> Path:
    """Read a drawn form with numbers in its first boxes by its definition, and confirm them."""
    (folder / "scans").mkdir()
    path = definition(folder, 1)
    page = drawn(1)
    hand = strokes.random_hand(np.random.default_rng(5))
    boxed = [field for field in load_form(path).fields if field.is_boxed][:3]
    for field in boxed:
        for x, width in field.cells_mm():
            ink = strokes.draw_symbol("7", hand, np.random.default_rng(int(x)), 34)
            ink = ink[
                9 : 9 + round(0.9 * field.box[3] * PER_MM), 9 : 9 + round(0.8 * width * PER_MM)
            ]
            top, left = round((field.box[1] + 0.3) * PER_MM), round((x + 0.5) * PER_MM)
            patch = page[top : top + ink.shape[0], left : left + ink.shape[1]]
            np.minimum(patch, (255 * (1 - ink)).astype(np.uint8), out=patch)
    Image.fromarray(page).save(folder / "scans" / "page.png", dpi=(DPI, DPI))
    options = pipeline.Options(form="drawn", definitions=(path,))
    list(read_folder(folder / "scans", folder / "job", options))
    with Store.open(folder / "job") as store:
        seen = {f.field: f for f in store.fields()}
        said = [Review(seen[b.name], Meaning.VALUE, "7" * b.places) for b in boxed]
        store.add_reviews(said, "a clerk", "test")
    return folder / "job"


def test_numbers_of_a_defined_form_are_learned_from(tmp_path: Path) -> None:
    found, lost = reviewed.lessons_of(job_by_definition(tmp_path), classify.model_folder(None))
    assert lost == 0
    assert len(found) == 3
    assert all(set(lesson.text) == {"7"} for lesson in found)
    assert all(lesson.cut.lattice.cells == len(lesson.text) for lesson in found)


def test_a_definition_that_is_gone_is_named(tmp_path: Path) -> None:
    job = job_by_definition(tmp_path)
    (tmp_path / "1.toml").unlink()
    with pytest.raises(FormError, match=r"1\.toml"):
        reviewed.lessons_of(job, classify.model_folder(None))


def test_cheques_are_not_learned_from(tmp_path: Path) -> None:
    assert not reviewed.teaches({"form": "cheque"})
    assert reviewed.teaches({"form": "auto"})


def test_a_misread_digit_is_found_in_its_place(lessons: list[Lesson]) -> None:
    lesson = next(lesson for lesson in lessons if lesson.text == "1234")
    readers = pipeline.Readers(TemplateModel(), None)
    lattice, scores = lesson.cut.lattice, readers.score([lesson.cut])[0]
    right = align(lattice, scores, "1234")
    assert right is not None
    assert align(lattice, scores, "1934") == right
    assert align(lattice, scores, "1" * 40) is None


def test_the_numbers_of_a_page_stay_together_in_one_half() -> None:
    cut: Any = None
    many = [Lesson(cut, "1", f"{place}.png", 1) for place in range(40) for _ in range(3)]
    first, second = train_reviewed.halves_of(many)
    assert len(first) == len(second) == 60
    assert not {lesson.page_file for lesson in first} & {lesson.page_file for lesson in second}
    first, second = train_reviewed.halves_of(many[:3])
    assert (len(first), len(second)) == (2, 1)


def test_a_strip_is_varied_but_keeps_its_frame() -> None:
    strip = segment.strip(pipeline.whole_image(number("3507")))
    for seed in range(30):
        varied = fine_tune.vary(strip, np.random.default_rng(seed))
        assert varied.dtype == np.float32
        assert varied.shape[0] == 32
        assert varied.shape[1] <= train_strips.WIDEST
        assert 0.25 * strip.sum() < varied.sum() < 3 * strip.sum()


def test_composed_and_confirmed_numbers_share_a_batch() -> None:
    strips = [np.ones((32, 40), np.float32), np.ones((32, 100), np.float32)]
    composed = (np.zeros((3, 32, 64), np.float32), np.zeros((3, 9), np.int32))
    images, labels = fine_tune.together(composed, strips, ["07", "123"])
    assert images.shape == (5, 32, 128)
    assert images[3].sum() == 32 * 40
    assert labels[3:].tolist() == [[1, 8, *[0] * 7], [2, 3, 4, *[0] * 6]]


# From a job to a model in its place


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every part of a training as short as it can be; halves are not trained at all."""
    tune = train_reviewed.tune

    def tune_all(base: Path, lessons: Any, old: Any, work: Path, *more: Any) -> Any:
        if work.name == "all":
            return tune(base, lessons, old, work, *more)
        return {}, train_reviewed.model_of(base).readers

    monkeypatch.setattr(train_reviewed, "tune", tune_all)
    for module, name, value in (
        *((fine_tune, "STEPS", 2), (fine_tune, "EPOCHS", 1), (fine_tune, "STRIP_EPOCHS", 1)),
        *((train_strips, "BATCH", 6), (train_strips, "CHECKED", 6)),
        *((fit_reviewed, "FITTING", 12), (fit_reviewed, "BOUNDING", 12)),
        *((fit_reviewed, "LEAST", 4), (train_gate, "COMPOSED", 12)),
        (fit_cheques, "AMOUNTS", (12, 12)),
    ):
        monkeypatch.setattr(module, name, value)


@needs_tensorflow
def test_a_reviewed_job_becomes_a_model_that_reads(job: Path, tmp_path: Path, quick: None) -> None:
    digits, test = datasets.draw_digits(120, 1), datasets.draw_digits(30, 2)
    data = tmp_path / "digits.npz"
    np.savez(
        data, x_train=digits.images, y_train=digits.labels, x_test=test.images, y_test=test.labels
    )
    said: list[str] = []
    out = tmp_path / "own"
    with few_steps.untraced():
        card = train_reviewed.train_reviewed([job], [data], out, report=said.append)
    assert card["version"] == 1
    assert card["data"]["confirmed_numbers"] == 24
    assert [row["of"] for row in card["gate"]][::3] == [30, 24]
    assert any("numbers confirmed by persons" in line for line in said)
    assert any("right before" in line and "confirmed numbers" in line for line in said)
    reader = pipeline.Reader(pipeline.Options(form="field", model=out))
    assert reader.model_id.startswith("own@")
    assert reader.readers.detector is not None
    kept, base = out / classify.PRINT_NETWORK, classify.model_folder(None) / classify.PRINT_NETWORK
    assert kept.read_bytes() == base.read_bytes()
    with GlyphStore.open(job) as store:
        assert store.waiting() == 0


@needs_tensorflow
def test_too_little_confirmed_is_said_before_anything_is_trained(tmp_path: Path) -> None:
    job = make_job(tmp_path, ["70", "12"])
    with pytest.raises(UsageError, match="Only 2 confirmed numbers"):
        train_reviewed.train_reviewed([job], [], tmp_path / "own")
    assert not (tmp_path / "own").exists()


@needs_tensorflow
def test_the_kept_weights_are_those_of_the_bundled_networks() -> None:
    from formreader.network import averaged, build, build_strip_reader
    from formreader.train_weights import take_weights

    base = classify.model_folder(None)
    digits, strips = averaged(build(11)), build_strip_reader(10)
    take_weights(base, "digits", digits)
    take_weights(base, "strips", strips)
    glyphs = datasets.draw_digits(200, 3).images.astype(np.float32) / np.float32(255)
    exported = classify.load_recognizer(base).classify(glyphs)
    # eight-bit weights shift scores by a fifth; those of another training by whole units
    assert np.abs(digits.predict(glyphs, verbose=0) - exported).max() < 0.5
    strip = segment.strip(pipeline.whole_image(number("3507")))
    reader = classify.load_strip_reader(base, classify.read_card(base))
    assert reader is not None
    width = next(w for w in classify.STRIP_WIDTHS if w >= strip.shape[1])
    padded = np.pad(strip, ((0, 0), (0, width - strip.shape[1])))
    frames = classify.log_softmax(strips.predict(padded[None], verbose=0)[0], 1.0)
    read = reader.read(strip)
    assert np.abs(np.exp(frames[: len(read)]) - np.exp(read)).max() < 0.15


@needs_tensorflow
def test_a_model_without_weights_cannot_be_trained_on(tmp_path: Path) -> None:
    from formreader.network import build
    from formreader.train_weights import WEIGHTS, take_weights

    with pytest.raises(ModelError, match=r"holds no weights\.npz"):
        take_weights(tmp_path, "digits", build(11))
    (tmp_path / WEIGHTS).write_bytes(b"PK\x03\x04 cut short")
    with pytest.raises(ModelError, match="is damaged"):
        take_weights(tmp_path, "digits", build(11))
