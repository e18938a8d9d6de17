"""The sample pages fit their truth, and drawing them again gives the same bytes."""

from __future__ import annotations

import csv
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from PIL import Image

from formreader.cheques import cut_apart, find_cheques, read_code_line
from formreader.document import Status
from formreader.load import load
from formreader.pipeline import Options, Reader

SAMPLES = Path(__file__).resolve().parents[1] / "samples"
FOLDERS = ("forms", "cheques", "amounts")


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def page_size(path: Path, number: int) -> tuple[float, float]:
    """Width and height in the pixels that boxes.csv counts in."""
    if path.suffix == ".pdf":
        document = pypdfium2.PdfDocument(path)
        try:
            wide, high = document[number - 1].get_size()
        finally:
            document.close()
        return wide / 72 * 200, high / 72 * 200
    with Image.open(path) as picture:
        picture.seek(number - 1)
        return float(picture.width), float(picture.height)


@pytest.fixture
def drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(SAMPLES), *sys.path])


@pytest.mark.parametrize("folder", FOLDERS)
def test_truth_and_pictures_name_each_other(folder: str) -> None:
    place = SAMPLES / folder
    named = {row["page"] for row in rows_of(place / "truth.csv")}
    drawn = {path.name for path in place.iterdir() if path.suffix != ".csv"}
    assert named == drawn


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_field_is_in_the_truth_twice(folder: str) -> None:
    rows = rows_of(SAMPLES / folder / "truth.csv")
    keys = Counter((row["page"], row.get("page_number", "1"), row["field"]) for row in rows)
    assert max(keys.values()) == 1
    assert all(row["value"] == "" or row["value"].isdigit() for row in rows)


@pytest.mark.parametrize("folder", ["forms", "cheques"])
def test_every_field_has_a_box_within_its_page(folder: str) -> None:
    place = SAMPLES / folder
    truth = {(r["page"], r["page_number"], r["field"]) for r in rows_of(place / "truth.csv")}
    boxes = rows_of(place / "boxes.csv")
    assert {(r["page"], r["page_number"], r["field"]) for r in boxes} == truth
    for row in boxes:
        x1, y1, x2, y2 = (int(row[name]) for name in ("x1", "y1", "x2", "y2"))
        wide, high = page_size(place / row["page"], int(row["page_number"]))
        assert 0 <= x1 < x2 <= wide, row
        assert 0 <= y1 < y2 <= high, row


def test_boxes_lie_where_the_ink_is() -> None:
    place = SAMPLES / "forms"
    values = {
        (r["page"], r["page_number"], r["field"]): r["value"] for r in rows_of(place / "truth.csv")
    }
    with Image.open(place / "meter-fax.tif") as picture:
        page = np.asarray(picture.convert("L")) < 128
    shares: dict[bool, list[float]] = {True: [], False: []}
    for row in rows_of(place / "boxes.csv"):
        if (row["page"], row["page_number"]) != ("meter-fax.tif", "1") or row["field"] == "order":
            continue
        x1, y1, x2, y2 = (int(row[name]) for name in ("x1", "y1", "x2", "y2"))
        inner = page[y1 + 14 : y2 - 14, x1 + 14 : x2 - 14]
        key = (row["page"], row["page_number"], row["field"])
        shares[bool(values[key])].append(float(inner.mean()))
    assert min(shares[True]) > 0.02
    assert max(shares[False]) < 0.005


def test_samples_hold_what_they_promise() -> None:
    forms = rows_of(SAMPLES / "forms" / "truth.csv")
    assert sum(row["value"].startswith("0") for row in forms) >= 20
    assert sum(row["value"] == "" for row in forms) >= 10
    assert len(rows_of(SAMPLES / "amounts" / "truth.csv")) == 24
    size = sum(path.stat().st_size for name in FOLDERS for path in (SAMPLES / name).iterdir())
    assert size < 4_000_000


def test_the_code_line_of_a_sample_cheque_says_its_truth() -> None:
    name = "cheque-5.jpg"
    _, upright, lines = find_cheques(load(SAMPLES / "cheques" / name, 1, name))
    [cheque] = cut_apart(upright, lines)
    readings = read_code_line(cheque)[1]
    truth = {
        row["field"]: row["value"]
        for row in rows_of(SAMPLES / "cheques" / "truth.csv")
        if row["page"] == name and row["field"] not in ("date", "amount", "account")
    }
    assert {r.field: r.text for r in readings} == truth
    assert {r.status for r in readings} == {Status.ACCEPTED}


def test_the_total_of_a_delivery_note_is_the_sum_of_its_lines() -> None:
    rows = rows_of(SAMPLES / "forms" / "truth.csv")
    for number in ("1", "2"):
        page = {
            r["field"]: r["value"]
            for r in rows
            if (r["page"], r["page_number"]) == ("delivery-notes.pdf", number)
        }
        amounts = [int(v) for name, v in page.items() if name.startswith("amount_") and v]
        assert int(page["total"]) == sum(amounts)
        assert len(amounts) == 6


@pytest.mark.parametrize(
    ("name", "of_a_kind"),
    [
        pytest.param("delivery-notes.pdf", "", id="neat"),
        pytest.param("meter-pencil.jpg", "_", id="faint-pencil"),
    ],
)
def test_no_number_of_a_table_goes_without_a_row(name: str, of_a_kind: str) -> None:
    page = load(SAMPLES / "forms" / name, 1, name)
    pdf = name.endswith("pdf")
    scale = page.image.shape[1] / page_size(SAMPLES / "forms" / name, 1)[0] if pdf else 1.0
    fields = Reader(Options()).read_page(page).readings
    rows = [
        {k: int(row[k]) * scale for k in ("x1", "y1", "x2", "y2")} | {"field": row["field"]}
        for row in rows_of(SAMPLES / "forms" / "boxes.csv")
        if (row["page"], row["page_number"]) == (name, "1") and of_a_kind in row["field"]
    ]
    filled = {
        row["field"]
        for row in rows_of(SAMPLES / "forms" / "truth.csv")
        if (row["page"], row["page_number"]) == (name, "1") and row["value"]
    }
    middles = [
        (f.rect.x + f.rect.width / 2, f.rect.y + f.rect.height / 2) for f in fields if f.text
    ]
    assert len(filled & {row["field"] for row in rows}) >= 13
    without = [
        row["field"]
        for row in rows
        if row["field"] in filled
        and not any(row["x1"] < x < row["x2"] and row["y1"] < y < row["y2"] for x, y in middles)
    ]
    assert not without


@pytest.mark.usefixtures("drawing")
def test_drawing_twice_gives_identical_bytes_and_the_committed_truth(tmp_path: Path) -> None:
    from amounts_images import draw_amounts
    from draw_samples import SEED

    for name in ("first", "second"):
        draw_amounts(tmp_path / name, SEED, 5)
    first, second = (sorted((tmp_path / name).iterdir()) for name in ("first", "second"))
    assert [path.name for path in first] == [path.name for path in second]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    assert (
        rows_of(tmp_path / "first" / "truth.csv") == rows_of(SAMPLES / "amounts" / "truth.csv")[:5]
    )


@pytest.mark.usefixtures("drawing")
def test_a_pdf_of_the_same_pages_has_the_same_bytes(tmp_path: Path) -> None:
    from scanner import save_pdf

    pages = [np.full((40, 30, 3), tone, np.uint8) for tone in (200, 90)]
    save_pdf(tmp_path / "a.pdf", pages, 200, 70)
    save_pdf(tmp_path / "b.pdf", pages, 200, 70)
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()
    assert b"20200101" in (tmp_path / "a.pdf").read_bytes()
