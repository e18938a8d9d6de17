"""The bundled model on real scans; skipped where they are absent (they are not ours to ship)."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from formreader import classify, datasets, load
from formreader.cheques import ChequeReader
from formreader.document import PageResult, Status
from formreader.pipeline import Options, Reader

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.exists(), reason="the real scans are not on this machine")


@pytest.fixture(scope="module")
def recognizer() -> classify.LiteRecognizer:
    return classify.load_recognizer()


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader(Options())


def accuracy(recognizer: classify.LiteRecognizer, file: str) -> float:
    test = datasets.read_glyph_file(DATA / file, "test")
    logits = recognizer.classify(test.images.astype(np.float32) / np.float32(255))
    return float((logits[:, :10].argmax(1) == test.labels).mean())


def pages_of(reader: Reader, paths: list[Path]) -> Iterator[tuple[Path, PageResult]]:
    for path in paths:
        for number in range(1, load.count_pages(path) + 1):
            yield path, reader.read_page(load.load(path, number, path.name))


def test_mnist_test_digits_are_read_through_the_exported_model(
    recognizer: classify.LiteRecognizer,
) -> None:
    assert accuracy(recognizer, "mnist.npz") >= 0.996


def test_usps_digits_are_read_without_having_been_trained_on(
    recognizer: classify.LiteRecognizer,
) -> None:
    assert accuracy(recognizer, "usps.npz") >= 0.95


@pytest.mark.parametrize(
    ("name", "bar"), [("zip_code", 0.025), ("check_amount", 0.027), ("clock_time", 0.020)]
)
def test_numbers_of_one_writer_are_read_whole(
    recognizer: classify.LiteRecognizer, name: str, bar: float
) -> None:
    with np.load(DATA / "mnist.npz") as held:
        glyphs = held["x_test"].astype(np.float32) / np.float32(255)
    digits = recognizer.classify(glyphs)[:, :10].argmax(1)
    rows = list(csv.reader((DATA / "numbers-by-writer" / f"{name}.csv").open()))[1:]
    read = ["".join(str(digits[int(i)]) for i in row[2:] if int(i) >= 0) for row in rows]
    wrong = sum(text != row[0] for text, row in zip(read, rows, strict=True))
    assert wrong / len(rows) <= bar


def test_most_real_cheque_amounts_are_read_whole_and_few_accepted_ones_are_wrong() -> None:
    reader = Reader(Options(form="field"))
    with (DATA / "amounts" / "truth.csv").open() as stream:
        rows = [row for row in csv.DictReader(stream) if row["part"] == "dev"]
    pages = [load.load(DATA / "amounts" / row["page"], 1, row["page"]) for row in rows]
    readings = [result.readings[0] for result in reader.read_pages(pages)]
    pairs = list(zip(readings, [row["value"] for row in rows], strict=True))
    assert sum(r.text == truth for r, truth in pairs) / len(pairs) >= 0.6
    accepted = [(r, truth) for r, truth in pairs if r.status is Status.ACCEPTED]
    assert sum(r.text != truth for r, truth in accepted) <= 0.05 * len(pairs)


def blank_forms() -> list[Path]:
    folders = ("insurance/blank", "tally-photos/blank", "survey/blank", "blank-forms")
    return sorted(path for folder in folders for path in (DATA / folder).iterdir())


def test_no_value_is_accepted_on_any_blank_form(reader: Reader) -> None:
    invented = [
        (path.name, result.number, reading.field, reading.text)
        for path, result in pages_of(reader, blank_forms())
        for reading in result.readings
        if reading.status is Status.ACCEPTED
    ]
    assert not invented


@pytest.mark.slow
def test_date_boxes_of_real_cheques_are_found_and_read(reader: Reader) -> None:
    with (DATA / "cheques" / "truth.csv").open() as stream:
        dates = {
            row["page"]: row["value"]
            for row in csv.DictReader(stream)
            if row["field"] == "date_cells" and "?" not in row["value"]
        }
    results = pages_of(reader, [DATA / "cheques" / page for page in dates])
    right = sum(
        any(reading.text == dates[f"images/{path.name}"] for reading in result.readings)
        for path, result in results
    )
    assert right / len(dates) >= 0.6


def test_real_cheques_give_their_code_line_and_accept_nothing_wrong() -> None:
    cheques = ChequeReader(Options(form="cheque"))
    folder = DATA / "cheques"
    with (folder / "truth.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    names = {
        "cheque_no": "cheque_no",
        "sort_code": "micr_sort_code",
        "micr_account": "micr_account",
        "transaction_code": "micr_tc",
        "date": "date_cells",
        "amount": "amount_figures",
        "account": "account_no",
    }
    lines = 0
    wrong = []
    pages = sorted({row["page"] for row in rows})[::5]
    for page in pages:
        truth = {row["field"]: row["value"] for row in rows if row["page"] == page}
        read = {r.field: r for r in cheques.read_page(load.load(folder / page, 1, page)).readings}
        lines += all(read[n].text == truth[names[n]] for n in list(names)[:4])
        wrong += [
            (page, name)
            for name, reading in read.items()
            if reading.status is Status.ACCEPTED and reading.text != truth[names[name]]
        ]
    assert (lines, wrong) == (len(pages), [])
