"""What the page is told about a field: plain data, ready to be sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from formreader.document import Character, Rect
from formreader.review.pictures import crop_rect
from formreader.store_audits import Keyed
from formreader.store_glyphs import Verdict
from formreader.store_reviews import Case, Decision

DOUBTFUL = 0.9
"""Probability under which a character is marked: 46 of 282 characters of the samples' doubtful
fields. Marking far more would teach people to overlook the marks."""
CHOICES = 4
"""Other readings offered: as many numbers of eleven digits as fit beside the value at 1366 px."""
NOT_A_DIGIT = "?"


def blind(case: Case, expected: int) -> dict[str, Any]:
    """Return a field without anything that the machine read in it."""
    empty = replace(case, value="", confidence=0.0, reasons=(), alternatives=(), characters=())
    return {**field(empty, expected, None, {}), "blind": True}


def field(
    case: Case, expected: int, keyed: Keyed | None, verdicts: Mapping[int, Verdict]
) -> dict[str, Any]:
    """Return a field for the page; `expected` is its usual length, 0 where none is known.

    `keyed` is what a person said of it before they saw what the machine read, `verdicts` what
    was said of single characters, by position from 1.
    """
    crop = crop_rect(case.rect)
    return {
        "id": case.id,
        "file": case.page_file,
        "page": case.page,
        "sheet": case.sheet,
        "field": case.field,
        "status": str(case.status),
        "reasons": list(case.reasons),
        "value": case.value,
        "confidence": case.confidence,
        "choices": choices(case),
        "characters": [
            {
                "text": char.text,
                "doubtful": verdicts.get(position, marked) in (True, Verdict.WRONG),
                "wrong": verdicts.get(position) is Verdict.WRONG,
                "rect": place(char.rect, crop),
            }
            for position, (char, marked) in enumerate(
                zip(case.characters, doubtful(case), strict=True), 1
            )
        ],
        "expected": expected,
        "crop": {"width": crop.width, "height": crop.height, "rect": place(case.rect, crop)},
        "version": case.version,
        "blind": False,
        "keyed": keyed and {"meaning": str(keyed.meaning), "value": keyed.value},
        "decision": decision(case.decision),
    }


def choices(case: Case) -> list[str]:
    """Return other readings of a field, likeliest first: of the whole, then of one character."""
    found = [text for text, _ in case.alternatives]
    if "".join(char.text for char in case.characters) == case.value:
        least = sorted(range(len(case.characters)), key=lambda i: case.characters[i].probability)
        for index in least:
            other = second(case.characters[index])
            if other and case.characters[index].probability < DOUBTFUL:
                found.append(case.value[:index] + other + case.value[index + 1 :])
    return [text for text in dict.fromkeys(found) if text and text != case.value][:CHOICES]


def doubtful(case: Case) -> list[bool]:
    """Tell which characters are to be marked: unsure ones, and where another reading differs."""
    others = [text for text, _ in case.alternatives if len(text) == len(case.characters)]
    return [
        char.probability < DOUBTFUL or any(text[i] != char.text for text in others)
        for i, char in enumerate(case.characters)
    ]


def second(char: Character) -> str:
    """Return the likeliest other digit, empty where there is none."""
    others = [o for o in char.alternatives if o[0] not in (char.text, NOT_A_DIGIT)]
    return max(others, key=lambda other: other[1], default=("", 0.0))[0]


def place(rect: Rect, crop: Rect) -> list[int]:
    """Return a rectangle of the page as [x, y, width, height] in a crop."""
    return [rect.x - crop.x, rect.y - crop.y, rect.width, rect.height]


def decision(said: Decision | None) -> dict[str, Any] | None:
    """Return what a person said."""
    if said is None:
        return None
    return {
        "id": said.id,
        "meaning": str(said.meaning),
        "value": said.value,
        "who": said.who,
        "at": said.at,
    }
