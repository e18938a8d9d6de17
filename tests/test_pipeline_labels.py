"""Labels cut off the ends of numbers, by characters drawn solid (print) and thin (writing)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from formreader.document import FieldImage, FieldSpec, Float, Kind, Rect
from formreader.pipeline_hand import PRINT_DOUBT
from formreader.pipeline_labels import without_labels

HIGH = 30


class Solid:
    """Stands for the network: what fills its box is print, what does not is written."""

    def printed(self, glyphs: Float) -> Float:
        wide = (glyphs > 0.5).any(axis=1).sum(axis=1)
        return np.where(wide > 8, 6.0, -5.0).astype(np.float32)


def field(characters: str, gap: int = 12) -> FieldImage:
    """Draw `#` as a printed and `1` as a written character; a blank widens the gap to `gap`."""
    image = np.full((HIGH + 10, 20 * len(characters) + 20), 255, np.uint8)
    x = 10
    for character in characters:
        if character == " ":
            x += gap - 4
            continue
        wide = 20 if character == "#" else 3
        image[5 : 5 + HIGH, x : x + wide] = 0
        x += wide + 4
    spec = FieldSpec("p1-f01", Kind.LINE)
    place = Rect(100, 50, image.shape[1], image.shape[0])
    return FieldImage(spec, place, image, image < 9, (), 0.2, penned=0.16, print_like=0.2)


@pytest.mark.parametrize(
    ("characters", "left"),
    [("### 1111", 4), ("1111 ##", 4), ("## 111 ###", 3), ("# 11", 2)],
)
def test_a_label_beside_a_number_is_cut_off_and_a_person_looks(characters: str, left: int) -> None:
    whole = field(characters)
    (cut,) = without_labels([whole], Solid())
    strokes = np.diff(np.concatenate([[0], cut.ink.any(axis=0), [0]]).astype(int)) == 1
    assert strokes.sum() == left
    assert cut.ink.any(axis=0).sum() == 3 * left
    assert cut.rect.width == cut.image.shape[1] == cut.ink.shape[1]
    there = np.s_[:, cut.rect.x - whole.rect.x : cut.rect.right - whole.rect.x]
    assert np.array_equal(cut.image, whole.image[there])
    assert cut.doubt == cut.penned == PRINT_DOUBT


@pytest.mark.parametrize("characters", ["1111", "###", "#", "1#1", "1 # 1"])
def test_numbers_words_and_print_amid_a_number_stay_whole(characters: str) -> None:
    whole = field(characters)
    assert without_labels([whole], Solid()) == [whole]


def test_a_printed_character_as_near_as_the_digits_is_no_label() -> None:
    whole = field("## 1111", gap=5)
    assert without_labels([whole], Solid()) == [whole]


def test_boxes_and_places_of_definitions_keep_what_they_hold() -> None:
    boxes = replace(field("### 1111"), cells=(Rect(0, 0, 40, 40), Rect(40, 0, 40, 40)))
    known = replace(field("### 1111"), penned=None)
    assert without_labels([boxes, known], Solid()) == [boxes, known]


def test_without_a_detector_nothing_is_cut() -> None:
    whole = field("### 1111")
    assert without_labels([whole], None) == [whole]
