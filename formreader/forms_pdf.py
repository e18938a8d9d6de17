"""What the PDF of a form may say of it: its fields and its labels."""

from __future__ import annotations

from dataclasses import dataclass

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Widget:
    """One field of a PDF form: its box (left, top, right, bottom) in mm, 0 `length` for any."""

    name: str
    kind: str
    box: Box
    length: int
    comb: bool


@dataclass(frozen=True, slots=True)
class Label:
    """A run of printed text and its box (left, top, right, bottom) in mm."""

    text: str
    box: Box
