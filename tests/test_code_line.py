"""The E-13B code line of drawn cheques: found, read, taken apart, and refused where it must be."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from cheque_pages import Drawn, Image, draw, routing
from hypothesis import given
from hypothesis import strategies as st

from formreader import micr
from formreader.cheque_profiles import INDIA, PLAIN, US, passes, profile_of
from formreader.cheques import cut_apart, find_cheques, read_code_line
from formreader.document import Page, Reading, Reason, Status
from formreader.errors import PageError


def read(image: Image, dpi: float) -> list[list[Reading]]:
    _, upright, lines = find_cheques(Page("page", 1, image, dpi))
    return [read_code_line(cheque)[1] for cheque in cut_apart(upright, lines)]


def values(readings: list[Reading]) -> dict[str, str]:
    return {reading.field: reading.text for reading in readings}


def nothing_accepted(readings: list[Reading]) -> bool:
    return all(reading.status is not Status.ACCEPTED for reading in readings)


@pytest.fixture(scope="module")
def indian() -> Drawn:
    return draw(1)


def test_characters_fill_the_grid_of_the_standard() -> None:
    for symbol, squares in micr.SQUARES.items():
        assert [len(row) for row in squares.split()] == [micr.COLUMNS] * micr.ROWS, symbol
        assert micr.shape(symbol, 4)[:, -4:].any(), f"{symbol} is not aligned at the right"


@pytest.mark.parametrize("seed", range(6))
def test_the_code_line_of_a_drawn_cheque_is_read_whole_and_accepted(seed: int) -> None:
    cheque = draw(seed)
    [readings] = read(cheque.image, cheque.dpi)
    assert values(readings) == cheque.parts
    assert {reading.status for reading in readings} == {Status.ACCEPTED}


@pytest.mark.slow
def test_five_hundred_drawn_cheques_of_other_layouts() -> None:
    right = wrong = 0
    for seed in range(500):
        cheque = draw(seed)
        [readings] = read(cheque.image, cheque.dpi)
        fits = values(readings) == cheque.parts
        right += fits
        wrong += not fits and not nothing_accepted(readings)
    assert (right >= 498, wrong) == (True, 0)


@pytest.mark.parametrize("seed", [0, 2, 4, 6])
def test_a_failed_aba_check_is_never_accepted(seed: int) -> None:
    cheque = draw(seed, valid=False)
    [readings] = read(cheque.image, cheque.dpi)
    assert nothing_accepted(readings)
    assert Reason.CHECK_DIGIT in readings[0].reasons


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_cheque_that_lies_any_way_round_is_turned_by_its_code_line(
    indian: Drawn, turns: int
) -> None:
    [readings] = read(np.ascontiguousarray(np.rot90(indian.image, turns)), indian.dpi)
    assert values(readings) == indian.parts


def test_a_wrong_resolution_in_the_file_does_no_harm(indian: Drawn) -> None:
    [readings] = read(indian.image, indian.dpi / 2)
    assert values(readings) == indian.parts


def test_several_cheques_on_one_page_are_read_from_top_to_bottom() -> None:
    cheques = [draw(seed) for seed in (1, 3)]
    dpi = 240
    scans = [
        cv2.resize(c.image, None, fx=dpi / c.dpi, fy=dpi / c.dpi, interpolation=cv2.INTER_AREA)
        for c in cheques
    ]
    page = np.full((sum(s.shape[0] for s in scans) + 90, 2000), 245, np.uint8)
    top = 30
    for scan in scans:
        page[top : top + scan.shape[0], 20 : 20 + scan.shape[1]] = scan
        top += scan.shape[0] + 30
    assert [values(readings) for readings in read(page, dpi)] == [c.parts for c in cheques]


def test_a_line_overwritten_by_a_signature_is_never_accepted(indian: Drawn) -> None:
    image = indian.image.copy()
    height, width = image.shape
    x = np.linspace(0.25 * width, 0.6 * width, 60)
    y = height - 6.5 / 25.4 * indian.dpi + 0.1 * indian.dpi * np.sin(x / 25)
    stroke = np.stack([x, y], 1).astype(np.int32)
    cv2.polylines(image, [stroke], False, 40, max(3, indian.dpi // 60))
    try:
        pages = read(image, indian.dpi)
    except PageError:
        return
    assert all(nothing_accepted(readings) for readings in pages)


def test_one_stroke_beside_the_characters_is_seen(indian: Drawn) -> None:
    line = find_cheques(Page("page", 1, indian.image, indian.dpi))[2][0]
    first, second = line.characters[9].rect, line.characters[10].rect
    image = indian.image.copy()
    cv2.line(image, (first.x, first.y - 4), (second.right, second.bottom + 4), 40, 5)
    assert all(nothing_accepted(readings) for readings in read(image, indian.dpi))


@pytest.mark.parametrize("share", [0.45, 0.6])
@pytest.mark.parametrize("side", ["left", "right"])
def test_half_a_cheque_is_never_accepted(indian: Drawn, share: float, side: str) -> None:
    cut = round(share * indian.image.shape[1])
    half = indian.image[:, :cut] if side == "left" else indian.image[:, -cut:]
    try:
        pages = read(np.ascontiguousarray(half), indian.dpi)
    except PageError:
        return
    assert all(nothing_accepted(readings) for readings in pages)


def without_a_line(kind: str) -> Image:
    """Draw a page that is no front of a cheque."""
    rng = np.random.default_rng(3)
    if kind == "back":
        page = np.full((900, 1900), 238, np.uint8)
        cv2.putText(page, "Endorse here 20481957", (60, 400), cv2.FONT_HERSHEY_SIMPLEX, 2, 60, 4)
        return page
    if kind == "photo":
        noise = rng.normal(120, 60, (90, 160)).astype(np.float32)
        return np.clip(cv2.resize(noise, (1600, 900)), 0, 255).astype(np.uint8)
    if kind == "CMC-7":  # seven bars to a character, two of the gaps between them wide
        page = np.full((700, 1600), 240, np.uint8)
        for place in range(30):
            wide = rng.choice(6, 2, replace=False)
            x = 120 + 45 * place
            for bar in range(7):
                page[640 - int(rng.integers(20, 34)) : 640, x : x + 2] = 20
                x += 7 if bar in wide else 4
        return page
    page = np.full((2200, 1700), 250, np.uint8)
    for row in range(12):
        text = "Account 918273645 20 417 6053198274"
        place = (90, 150 + 160 * row)
        cv2.putText(page, text, place, row % 4, 1.2 + row / 8, 20, 3)
    return page


@pytest.mark.parametrize("kind", ["back", "form", "photo", "CMC-7"])
def test_a_page_without_a_code_line_fails_with_a_sentence(kind: str) -> None:
    with pytest.raises(PageError, match=r"no E-13B code line .* CMC-7"):
        read(without_a_line(kind), 200)


@given(st.integers(0, 10**6))
def test_the_aba_check_notices_every_wrong_digit(seed: int) -> None:
    rng = np.random.default_rng(seed)
    code = routing(rng)
    at, other = int(rng.integers(9)), str(rng.integers(10))
    assert passes(US, "routing", code)
    assert passes(US, "routing", code[:at] + other + code[at + 1 :]) == (other == code[at])


def test_the_parts_of_a_line_name_its_country() -> None:
    assert profile_of("⑈012345⑈500025033⑆290062⑈31")[0] is INDIA
    assert profile_of("⑆123456780⑆12345⑉67⑈0101⑇0000012345⑇")[0] is US


@pytest.mark.parametrize("line", ["⑈012345⑈50002503⑆290062⑈31", "⑈01?345⑈500025033⑆290062⑈31", "1"])
def test_a_line_that_fits_no_layout_is_one_part_for_a_person(line: str) -> None:
    assert profile_of(line) == (PLAIN, {"code_line": (0, len(line))})
