"""Registration to a form: drawn pages, turned, scaled, tilted, torn; other forms are named."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from formreader import register
from formreader.document import Grey, Page, Reading, Reason, Rect, Registration, Status
from formreader.errors import PageError
from formreader.form_draft import draft
from formreader.form_draft_places import find_places
from formreader.forms import load_form
from formreader.forms_print import Print, print_of, read_prints, write_prints
from formreader.pipeline_form import Forms, check_places

DPI = 150.0
SCALE = DPI / 25.4
SIZE = (148.0, 210.0)
WORDS = "please write one digit into each of the boxes below and sign on the last line"
MOST_OFF_MM = 0.25


def drawn(seed: int, headed: bool = True) -> Grey:
    """Draw a form of A5: headings, rows of boxes and a table, all placed by a seed."""
    rng = np.random.default_rng(seed)
    image = np.full((round(SIZE[1] * SCALE), round(SIZE[0] * SCALE)), 255, np.uint8)
    words = WORDS.split()
    for y in np.arange(15, 200, 14.0):
        kind = rng.integers(3)
        y += rng.uniform(-4, 4)
        x = rng.uniform(10, 30)
        text = " ".join(rng.permutation(words)[: rng.integers(3, 8)])
        at = (round(x * SCALE), round(y * SCALE))
        if headed:
            cv2.putText(image, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.5, 0, 1, cv2.LINE_AA)
        count, wide = int(rng.integers(3, 9)), rng.uniform(5.5, 8) if kind else rng.uniform(12, 20)
        start = rng.uniform(10, 40)
        for k in range(count):
            left = start + k * wide
            if left + wide > SIZE[0] - 8:
                break
            corner = (round(left * SCALE), round((y + 2) * SCALE))
            far = (round((left + wide) * SCALE), round((y + 9) * SCALE))
            cv2.rectangle(image, corner, far, 0, 1)
    return image


def warped(
    image: Grey, angle: float, scale: float, tilt: float = 0.0
) -> tuple[Grey, NDArray[np.float64]]:
    """Turn, scale and tilt a picture on a larger sheet; also the map from its pixels."""
    height, width = image.shape
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    turn = np.deg2rad(angle)
    spin = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    at = (corners - [width / 2, height / 2]) @ spin.T * scale
    at *= 1 + tilt * at[:, :1] / width / scale
    at -= at.min(axis=0) - 30
    matrix = cv2.getPerspectiveTransform(corners.astype(np.float32), at.astype(np.float32))
    size = tuple(int(v) for v in at.max(axis=0) + 30)
    return np.asarray(cv2.warpPerspective(image, matrix, size, borderValue=255), np.uint8), matrix


def off_mm(page: Page, form: Print, truth: NDArray[np.float64]) -> float:
    """Return how far corners and middles of the form lie from where they are, at most, in mm."""
    _, _, dpi, registration, _ = register.to_form(page, [form])
    grid = np.array([[x, y, 1] for x in (10, 74, 138) for y in (15, 105, 195)], np.float64).T
    there = truth @ (grid * [[SCALE], [SCALE], [1]] - [[0.5], [0.5], [0]])  # middles of pixels
    ours = register.to_loaded(grid[:2].T * dpi / 25.4, registration).T - 0.5
    miss = np.hypot(*(there[:2] / there[2] - ours))
    per_mm = np.sqrt(abs(np.linalg.det(truth[:2, :2]))) * SCALE
    return float(miss.max() / per_mm)


@pytest.fixture(scope="module")
def form() -> Print:
    return print_of(drawn(1), DPI)


@pytest.mark.parametrize(
    ("angle", "scale", "tilt"),
    [(0, 1, 0), (3, 1, 0), (90, 1, 0), (180, 1, 0), (-37, 1, 0), (122, 1, 0),
     (1, 0.5, 0), (-2, 2.0, 0), (2, 1, 0.04), (176, 1, -0.05), (40, 1, 0.1), (-10, 1, -0.15)],
)  # fmt: skip
def test_a_warped_page_is_laid_on_its_form(
    form: Print, angle: float, scale: float, tilt: float
) -> None:
    image, truth = warped(drawn(1), angle, scale, tilt)
    assert off_mm(Page("page.png", 1, image, DPI * scale), form, truth) <= MOST_OFF_MM


def test_a_page_with_a_torn_corner_is_laid_on_its_form(form: Print) -> None:
    image, truth = warped(drawn(1), 2, 1)
    cv2.fillPoly(image, [np.array([[0, 0], [400, 0], [0, 400]])], 60)
    assert off_mm(Page("torn.png", 1, image, DPI), form, truth) <= MOST_OFF_MM


def test_the_wrong_form_is_named_as_such(form: Print) -> None:
    for seed in (2, 3):
        with pytest.raises(PageError, match="none of the forms"):
            register.to_form(Page("other.png", 1, drawn(seed), DPI), [form])


def definition(tmp_path: Path, seed: int, headed: bool = True) -> Path:
    blank, path = tmp_path / f"{seed}.png", tmp_path / f"{seed}.toml"
    Image.fromarray(drawn(seed, headed)).save(blank, dpi=(DPI, DPI))
    draft(blank, path)
    return path


@pytest.mark.parametrize("moved_mm", [8, -5])
def test_fields_in_moved_rows_of_a_sister_form_are_doubted(tmp_path: Path, moved_mm: int) -> None:
    forms = Forms([definition(tmp_path, 1)])
    page, cut, step = drawn(1), round(130 * SCALE), round(abs(moved_mm) * SCALE)
    above, below = page[:cut], page[cut:]
    gap = np.full((step, page.shape[1]), 255, np.uint8)
    sister = (
        np.vstack([above, gap, below[:-step]])
        if moved_mm > 0
        else np.vstack([above, below[step:], gap])
    )
    form, _, registration = forms.find(Page("sister.png", 1, sister, DPI))
    below_cut = {field.name for field in form.fields if field.box[1] > 140}
    above_cut = {field.name for field in form.fields if field.box[1] < 95}
    assert len(below_cut) > 3
    assert below_cut <= registration.doubted
    assert not above_cut & registration.doubted


@pytest.mark.parametrize("tone", [40, 160, 255])
def test_a_row_with_its_first_box_torn_off_is_doubted(tmp_path: Path, tone: int) -> None:
    path = definition(tmp_path, 1)
    row = max(load_form(path).fields, key=lambda field: len(field.cells_mm()))
    (left, width), *_ = row.cells_mm()
    x, top, bottom = left + 0.9 * width, row.box[1] - 1, row.box[1] + row.box[3] + 1
    page = drawn(1)
    torn = [[0, top], [x, top], [x, bottom], [0, bottom]]
    cv2.fillPoly(page, [np.rint(np.array(torn) * SCALE).astype(np.int32)], tone)
    _, _, registration = Forms([path]).find(Page("torn.png", 1, page, DPI))
    assert row.name in registration.doubted
    assert len(registration.doubted) < 4


def test_the_place_of_a_bent_page_is_given_back_with_its_bend(tmp_path: Path) -> None:
    path = definition(tmp_path, 1)
    page = drawn(1)
    height, width = page.shape
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    bow = 1.5 * SCALE * np.sin(np.pi * x / width).astype(np.float32)
    bent = np.asarray(cv2.remap(page, x, y + bow, cv2.INTER_LINEAR, borderValue=255), np.uint8)
    form, fields, registration = Forms([path]).find(Page("bent.png", 1, bent, DPI))
    boxes = {field.name: field.box for field in form.fields}
    assert registration.bend is not None
    for field in fields:
        if boxes[field.spec.name][2] < 55 and len(field.cells) > 1:
            rect = register.to_page(field.rect, registration, bent.shape)
            left, top, wide, high = boxes[field.spec.name]
            middle = (left + wide / 2) * SCALE
            lifted = (top + high / 2) * SCALE - 1.5 * SCALE * np.sin(np.pi * middle / width)
            assert abs(rect.y + rect.height / 2 - lifted) < MOST_OFF_MM * SCALE


def test_no_field_of_the_right_form_is_doubted(tmp_path: Path) -> None:
    forms = Forms([definition(tmp_path, 1)])
    image, _ = warped(drawn(1), 2, 1.3)
    assert not forms.find(Page("page.png", 1, image, DPI * 1.3))[2].doubted


@pytest.mark.parametrize(("seed", "angle", "scale"), [(4, 40, 0.69), (2, -9, 0.55), (7, 12, 0.9)])
def test_no_wall_of_a_soft_blank_page_is_trusted_as_ink(
    tmp_path: Path, seed: int, angle: float, scale: float
) -> None:
    forms = Forms([definition(tmp_path, seed, headed=False)])
    image, _ = warped(drawn(seed, headed=False), angle, scale)
    image = np.asarray(cv2.GaussianBlur(image, (0, 0), 0.6), np.uint8)
    _, fields, registration = forms.find(Page("blank.png", 1, image, DPI * scale))
    assert not [
        field.spec.name
        for field in fields
        if field.ink.any() and field.doubt <= 0.5 and field.spec.name not in registration.doubted
    ]


@pytest.mark.parametrize(("seed", "angle"), [(1, 140), (2, 20), (2, 75), (2, 140)])
def test_the_edge_of_a_shadow_is_never_trusted_as_ink(
    tmp_path: Path, seed: int, angle: float
) -> None:
    forms = Forms([definition(tmp_path, seed, headed=False)])
    page = drawn(seed, headed=False)
    height, width = page.shape
    y, x = np.mgrid[:height, :width]
    along = (x - width / 2) * np.cos(np.deg2rad(angle)) + (y - height / 2) * np.sin(
        np.deg2rad(angle)
    )
    light = 1 - 0.5 / (1 + np.exp(-np.clip(4 * along / SCALE, -50, 50)))  # an edge 1 mm wide
    shaded = (page * light).astype(np.uint8)
    _, fields, registration = forms.find(Page("shaded.png", 1, shaded, DPI))
    assert not [f.spec.name for f in fields if f.ink.any()]
    assert not registration.doubted


def test_fields_that_lie_within_their_cells_are_read_where_they_lie(tmp_path: Path) -> None:
    page = np.full((round(SIZE[1] * SCALE), round(SIZE[0] * SCALE)), 255, np.uint8)
    fields = ""
    for k in range(8):
        top = 20 + 20 * k + 3 * (k % 3)
        corners = [(round(x * SCALE), round(y * SCALE)) for x, y in ((20, top), (120, top + 14))]
        cv2.rectangle(page, *corners, 0, 1)
        at = (corners[0][0], corners[0][1] - 5)
        cv2.putText(page, WORDS[k : 30 + 2 * k], at, cv2.FONT_HERSHEY_SIMPLEX, 0.5, 0, 1)
        fields += f'[[field]]\nname = "f{k}"\nbox = [{24 + k}, {top + 3}, {80 - k}, 8]\n'
    path = tmp_path / "fillable.toml"
    path.write_text(f'name = "fillable"\npage_mm = [{SIZE[0]}, {SIZE[1]}]\n{fields}', "utf-8")
    write_prints(tmp_path / "fillable.print.json", [print_of(page, DPI)])
    form, images, registration = Forms([path]).find(Page("p.png", 1, page, DPI))
    assert (form.name, len(images)) == ("fillable", 8)
    assert not registration.doubted


def test_doubted_fields_go_to_a_person_blank_ones_too() -> None:
    readings = [
        Reading(name, "", 1.0, Status.BLANK, (), (), Rect(0, 0, 5, 5)) for name in ("here", "there")
    ]
    here, there = check_places(
        readings, Registration(np.eye(3), 0, 0, doubted=frozenset({"there"}))
    )
    assert here.status is Status.BLANK
    assert there.status is Status.REVIEW
    assert there.reasons == (Reason.PLACE,)


def test_a_page_goes_to_the_form_it_is() -> None:
    prints = [print_of(drawn(seed), DPI) for seed in (1, 2, 3)]
    assert register.to_form(Page("page.png", 1, drawn(3), DPI), prints)[0] == 2


def test_an_empty_page_is_no_form(form: Print) -> None:
    with pytest.raises(PageError):
        register.to_form(Page("empty.png", 1, np.full((1200, 900), 250, np.uint8), DPI), [form])


def test_the_print_of_a_form_survives_its_file(form: Print, tmp_path: Path) -> None:
    write_prints(tmp_path / "form.print.json", [form])
    [held] = read_prints(tmp_path / "form.print.json")
    assert np.abs(held.levels - form.levels).max() <= 0.006
    assert len(held.words) == len(form.words)
    assert np.abs(held.labels - form.labels).max() <= 0.006


def test_the_print_of_a_form_from_before_there_were_labels_has_none(tmp_path: Path) -> None:
    path = tmp_path / "form.print.json"
    write_prints(path, [print_of(drawn(1), DPI)])
    [page] = json.loads(path.read_text())
    del page["labels"]
    path.write_text(json.dumps([page]))
    assert len(read_prints(path)[0].labels) == 0


def test_a_draft_is_a_definition_without_an_edit(tmp_path: Path) -> None:
    blank = tmp_path / "blank.png"
    cv2.imwrite(str(blank), drawn(1))
    found = draft(blank, tmp_path / "form.toml")
    assert found == len(load_form(tmp_path / "form.toml").fields) > 5


def test_the_boxes_of_a_draft_lie_where_they_were_drawn() -> None:
    image = np.full((1600, 1100), 255, np.uint8)
    for k in range(6):
        cv2.rectangle(image, (100 + 40 * k, 200), (140 + 40 * k, 245), 0, 2)
    [field] = find_places(image, DPI)
    assert len(field.cells) == 6
    wanted = np.array([100.5, 200.5, 240, 45]) / SCALE
    assert np.abs(np.array(field.box) - wanted).max() < 0.35
