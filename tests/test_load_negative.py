"""A negative is read as a positive; nothing else that is dark is turned."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from pages import Sheet, form
from PIL import Image

from formreader import load
from formreader.document import Grey
from formreader.load_negative import positive


def number() -> Grey:
    sheet = Sheet(width_mm=40, height_mm=12)
    sheet.number("40718", 5, 3, 5, 6)
    return sheet.image


@pytest.mark.parametrize("make", [number, lambda: form().image])
@pytest.mark.parametrize("ground", [0, 60])
def test_white_on_dark_becomes_dark_on_white(make: object, ground: int) -> None:
    image = make()  # type: ignore[operator]
    negative = (ground + (255 - image.astype(np.int64)) * (230 - ground) // 255).astype(np.uint8)
    assert np.array_equal(positive(negative), 255 - negative)
    assert positive(image) is image


def test_a_sheet_on_a_dark_table_is_no_negative() -> None:
    table = np.full((900, 900), 40, np.uint8)
    table[300:600, 200:700] = 235
    cv2.putText(table, "4711", (260, 500), cv2.FONT_HERSHEY_SIMPLEX, 4, 20, 12)
    assert positive(table) is table


def test_an_underexposed_photo_is_no_negative() -> None:
    photo = (number().astype(np.float64) * 0.35).astype(np.uint8)
    assert positive(photo) is photo


@pytest.mark.parametrize("grey", [0, 30, 100])
def test_a_dark_picture_without_writing_stays_as_it_is(grey: int) -> None:
    noise = np.random.default_rng(1).normal(grey, 5, (300, 400)).clip(0, 255).astype(np.uint8)
    assert positive(noise) is noise


def test_a_negative_is_loaded_as_a_positive_from_any_file(tmp_path: Path) -> None:
    file = tmp_path / "microfilm.tif"
    Image.fromarray(255 - form().image).save(file)
    image = load.load(file, 1, file.name).image
    assert float(np.median(image)) > 200
    assert not image.flags.writeable
