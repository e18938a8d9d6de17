"""Pale numbers are trusted where all of the page is written in pale ink, and only there."""

from __future__ import annotations

import numpy as np
import pytest

from formreader.document import FieldImage, FieldSpec, Kind, Reading, Reason, Rect, Status
from formreader.pipeline_pencil import trusted_in_pencil

SURE = (Reason.NOT_A_FIELD,)
UNSURE = (Reason.NOT_A_FIELD, Reason.LOW_CONFIDENCE)


def place(name: str, pale: float | None) -> FieldImage:
    paper = np.full((20, 60), 240, np.uint8)
    spec, rect = FieldSpec(name, Kind.BOXES), Rect(0, 0, 60, 20)
    doubt = 0.1 if pale is None else 0.55
    return FieldImage(spec, rect, paper, paper < 99, (), doubt, pale=pale)


def accepted(pale: list[tuple[float, tuple[Reason, ...]]], dark: int) -> int:
    """Return how many of some pale readings are accepted on a page with `dark` accepted ones."""
    fields = [place(f"p{i}", doubt) for i, (doubt, _) in enumerate(pale)]
    fields += [place(f"d{i}", None) for i in range(dark)]
    told = [(Status.REVIEW, reasons) for _, reasons in pale] + [(Status.ACCEPTED, ())] * dark
    readings = [
        Reading(field.spec.name, "17", 0.99, status, reasons, (), field.rect)
        for field, (status, reasons) in zip(fields, told, strict=True)
    ]
    judged = trusted_in_pencil(fields, readings)
    assert [r.text for r in judged] == [r.text for r in readings]
    assert all(r.status is Status.ACCEPTED for r in judged[len(pale) :])
    return sum(r.status is Status.ACCEPTED and not r.reasons for r in judged[: len(pale)])


@pytest.mark.parametrize(
    ("pale", "dark", "count"),
    [
        ([(0.1, SURE)] * 6, 0, 6),
        ([(0.1, SURE)] * 6 + [(0.1, UNSURE)] * 2, 1, 6),  # a printed year was taken for a value
        ([(0.1, SURE)] * 3, 8, 0),  # hints, or ink of the other side, beside dark writing
        ([(0.1, SURE)] * 2, 0, 0),  # too few to tell
        ([(0.1, SURE)] * 3 + [(0.1, UNSURE)] * 5, 0, 0),  # mirrored, as from the other side
        (
            [(0.1, SURE)] * 5 + [(0.7, SURE)] * 2,
            0,
            5,
        ),  # hints, even as print
        ([], 3, 0),
    ],
)
def test_pale_numbers_are_accepted_on_a_page_in_pencil_alone(
    pale: list[tuple[float, tuple[Reason, ...]]], dark: int, count: int
) -> None:
    assert accepted(pale, dark) == count
