"""Two versions of a form whose rules agree are told apart by their words."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from formreader.document import Grey, Page
from formreader.errors import FormError
from formreader.form_draft import draft
from formreader.forms_print import Print, read_prints
from formreader.pipeline_form import Forms
from formreader.register_labels import changed, naming

DPI = 200
OLD = ("Arrived", "Returned", "Damaged", "Ordered")
NEW = ("Arrived", "Damaged", "Returned", "Ordered")
ROWS = ("Chairs", "Tables", "Lamps", "Shelves", "Cupboards", "Desks", "Ladders", "Benches")


def sheet(
    heads: tuple[str, ...], rows: tuple[str, ...] = ROWS, shift: tuple[int, int] = (0, 0)
) -> Grey:
    """Draw a table of numbers: a head over each column, a name before each row."""
    page = np.full((1500, 1200), 255, np.uint8)

    def write(text: str, x: int, y: int, size: float = 0.7) -> None:
        at = (x + shift[0], y + shift[1])
        cv2.putText(page, text, at, cv2.FONT_HERSHEY_SIMPLEX, size, 0, 2, cv2.LINE_AA)

    write("Stock of the day", 120, 110, 1.2)
    write("One sheet for each store, to the office by noon", 120, 170)
    for k, head in enumerate(heads):
        write(head, 330 + 200 * k, 285)
    for k, name in enumerate(rows):
        write(name, 120, 365 + 80 * k)
    for y in range(240, 961, 80):
        cv2.line(page, (100, y), (1100, y), 0, 2)
    for x in (100, 300, 500, 700, 900, 1100):
        cv2.line(page, (x, 240), (x, 960), 0, 2)
    return page


def filled(page: Grey) -> Grey:
    """Write zeros in some cells, and copy the page as a scanner does."""
    page = page.copy()
    rng = np.random.default_rng(1)
    for x in range(300, 1100, 200):
        for y in range(320, 960, 80):
            for k in range(rng.integers(0, 4)):
                cv2.ellipse(page, (x + 40 + 34 * k, y + 42), (11, 20), 8, 0, 360, 60, 3)
    noise = rng.normal(0, 4, page.shape)
    return np.clip(cv2.GaussianBlur(page, (0, 0), 0.8) + noise, 0, 255).astype(np.uint8)


def definition(folder: Path, name: str, page: Grey) -> Path:
    Image.fromarray(page).save(folder / f"{name}.png", dpi=(DPI, DPI))
    draft(folder / f"{name}.png", folder / f"{name}.toml")
    return folder / f"{name}.toml"


def doubted_columns(path: Path, page: Grey) -> set[int]:
    """Return which of the four columns hold doubted fields when a page is laid on a form."""
    form, _, registration = Forms([path]).find(Page("page.png", 1, page, DPI))
    left = {f.name: f.box[0] * DPI / 25.4 for f in form.fields}
    return {round((left[name] - 300) / 200) for name in registration.doubted}


@pytest.mark.parametrize(("heads", "name"), [(OLD, "old"), (NEW, "new")])
def test_a_page_goes_to_the_version_whose_words_it_bears(
    tmp_path: Path, heads: tuple[str, ...], name: str
) -> None:
    paths = [definition(tmp_path, "old", sheet(OLD)), definition(tmp_path, "new", sheet(NEW))]
    for order in (paths, paths[::-1]):
        form, _, registration = Forms(order).find(Page("page.png", 1, filled(sheet(heads)), DPI))
        assert form.name == name
        assert not registration.doubted


def test_the_columns_of_another_version_go_to_a_person(tmp_path: Path) -> None:
    path = definition(tmp_path, "old", sheet(OLD))
    assert doubted_columns(path, filled(sheet(NEW))) == {1, 2}
    assert doubted_columns(path, filled(sheet(OLD))) == set()


def test_the_rows_of_another_version_go_to_a_person(tmp_path: Path) -> None:
    path = definition(tmp_path, "old", sheet(OLD))
    swapped = (ROWS[2], ROWS[1], ROWS[0], *ROWS[3:])
    form, _, registration = Forms([path]).find(
        Page("page.png", 1, filled(sheet(OLD, swapped)), DPI)
    )
    tops = {f.name: f.box[1] * DPI / 25.4 for f in form.fields}
    rows = {round((tops[name] - 320) / 80) for name in registration.doubted}
    assert rows == {0, 2}


@pytest.mark.parametrize("shift", [(5, -4), (-6, 6)])
def test_words_that_lie_a_little_off_together_are_no_other_version(
    tmp_path: Path, shift: tuple[int, int]
) -> None:
    path = definition(tmp_path, "old", sheet(OLD))
    assert doubted_columns(path, filled(sheet(OLD, shift=shift))) == set()


def test_a_definition_without_the_picture_of_its_words_reads_as_before(tmp_path: Path) -> None:
    path = definition(tmp_path, "old", sheet(OLD))
    beside = path.with_name("old.print.json")
    held = json.loads(beside.read_text())
    del held[0]["picture"]
    beside.write_text(json.dumps(held))
    assert read_prints(beside)[0].picture is None
    assert doubted_columns(path, filled(sheet(NEW))) == set()


@pytest.mark.parametrize("picture", ["no base64!", "bm8gcGljdHVyZQ=="])
def test_a_damaged_picture_is_one_sentence(tmp_path: Path, picture: str) -> None:
    path = definition(tmp_path, "old", sheet(OLD))
    beside = path.with_name("old.print.json")
    held = json.loads(beside.read_text())
    held[0]["picture"] = picture
    beside.write_text(json.dumps(held))
    with pytest.raises(FormError, match="damaged"):
        read_prints(beside)


@pytest.mark.parametrize(
    ("label", "checkbox", "named"),
    [
        ((10, 21, 18, 24), False, True),  # before it
        ((10, 31, 18, 34), False, False),  # before the next row
        ((31, 12, 38, 15), False, True),  # over it
        ((31, 2, 38, 5), False, False),  # over that
        ((52, 12, 58, 15), False, False),  # over the next column
        ((42, 21, 48, 24), False, False),  # after it
        ((42, 21, 48, 24), True, True),  # after a checkbox
    ],
)
def test_the_words_that_name_a_field_stand_before_or_right_over_it(
    label: tuple[float, ...], checkbox: bool, named: bool
) -> None:
    labels = np.array([label, (30, 12, 36, 15)], np.float64)
    assert bool(naming((30, 20, 10, 5), labels, checkbox)[0]) is named


@pytest.mark.parametrize(("circles", "other"), [(40, 0), (5, 5)])
def test_circles_that_were_filled_in_are_no_other_words(circles: int, other: int) -> None:
    """Many round words of one size are circles; a few may be letters."""
    words = [(10.0, 2.6 * k, 22.0, 2.6 * k + 2.4) for k in range(60)]
    rounds = [(40.0 + 6 * (k % 8), 6.0 * (k // 8), 44.1 + 6 * (k % 8), 6.0 * (k // 8) + 4)
              for k in range(circles)]  # fmt: skip
    picture = np.full((1000, 700), 255, np.uint8)
    picture[::2] = 0
    none = np.zeros((0, 3))
    form = Print(110, 160, none, none, np.zeros((0, 2)), np.array(words + rounds), picture)
    alike = np.array([0.95] * len(words) + [0.2] * circles)
    assert changed(form, alike, []).sum() == other
