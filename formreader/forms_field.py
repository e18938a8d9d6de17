"""One field of a form's definition: where it lies and what may stand in it."""

from __future__ import annotations

import re
from datetime import date
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from formreader.document import FieldSpec, Kind
from formreader.forms_checks import CHECKS, weighted

LONGEST_CODE = 1000
"""Most characters of a barcode: the largest QR codes of forms hold some hundred."""


class Strict(BaseModel):
    """A table of the definition in which every key must be known."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FieldDef(Strict):
    """One field: where it lies and what may stand in it.

    `box` is left, top, width, height in mm. `boxes` says into how many equal boxes it is
    divided, `cells` gives left and width of each where they are not equal. `length` is the
    number of characters or its least and greatest. `order` is how a date is written. `once`
    tells that each `allowed` value stands in one field of the page alone.
    """

    name: str = Field(min_length=1, pattern=r"^[^\W\d][\w.\-]*$")
    box: tuple[float, float, float, float]
    page: int = Field(default=1, ge=1)
    kind: Literal["comb", "boxes", "cell", "line", "checkbox", "barcode"] = "cell"
    type: Literal[
        "digits", "decimal", "amount", "date", "time", "percentage", "checkbox", "text"
    ] = "digits"
    boxes: int = Field(default=1, ge=1)
    cells: tuple[tuple[float, float], ...] = ()
    length: int | tuple[int, int] | None = None
    pattern: str | None = None
    range: tuple[float, float] | None = None
    checks: tuple[str, ...] = ()
    weights: tuple[int, ...] = ()
    modulus: int = Field(default=10, ge=2)
    allowed: tuple[str, ...] = ()
    once: bool = False
    order: Literal["DDMMYYYY", "DDMMYY", "MMDDYYYY", "MMDDYY", "YYYYMMDD", "YYMMDD"] = "DDMMYYYY"
    filler: bool = False
    optional: bool = True

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if min(self.box[2:]) <= 0:
            raise ValueError("box: width and height must be more than 0")
        for check in self.checks:
            if check not in CHECKS:
                raise ValueError(f"checks: “{check}” is not one of {', '.join(CHECKS)}")
        if self.type == "text" and self.kind != "barcode":
            raise ValueError('type: “text” is for kind = "barcode"; handwriting is read as digits')
        if self.range and self.range[0] > self.range[1]:
            raise ValueError("range: the first number must not be greater than the second")
        if self.once and not self.allowed:
            raise ValueError("once: give the values too, as allowed = [“101”, “102”] or a list")
        if len(set(self.allowed)) < len(self.allowed):
            raise ValueError("allowed: a value is there twice")
        self._pattern_holds()
        return self

    def _pattern_holds(self) -> None:
        if self.pattern is None:
            return
        try:
            expression = re.compile(self.pattern)
        except re.error as error:
            raise ValueError(f"pattern: is no regular expression: {error}") from error
        from re import _parser  # type: ignore[attr-defined]  # it alone knows the widths

        low, high = _parser.parse(expression.pattern).getwidth()
        least, most = self.lengths
        if self.length is not None and (least > high or most < low):
            raise ValueError(
                f"length: {self.length} contradicts the pattern, which is {low} to {high} long"
            )

    @property
    def lengths(self) -> tuple[int, int]:
        """Return the least and the greatest number of characters."""
        if isinstance(self.length, int):
            return self.length, self.length
        if self.length is not None:
            return self.length
        if self.type == "date":
            return len(self.order), len(self.order)
        if self.kind == "barcode":
            return 1, LONGEST_CODE
        return 1, self.places if self.is_boxed else 99

    @property
    def is_boxed(self) -> bool:
        """Tell whether every character has a box of its own."""
        return self.kind in ("comb", "boxes") and self.places > 1

    @property
    def places(self) -> int:
        """Return the number of boxes."""
        return len(self.cells) or self.boxes

    @property
    def layout(self) -> Kind:
        """Return the field's kind as the stages know it."""
        return Kind(self.kind)

    @property
    def spec(self) -> FieldSpec:
        """Return what the stages know of the field."""
        least, most = self.lengths
        return FieldSpec(
            self.name,
            self.layout,
            self.places if self.is_boxed else 0,
            self.fits,
            self.filler,
            not self.optional,
            least == most or bool(self.pattern or self.allowed or self.checks or self.weights),
        )

    def cells_mm(self) -> list[tuple[float, float]]:
        """Return left and width of the field's boxes in mm."""
        if self.cells:
            return list(self.cells)
        pitch = self.box[2] / self.boxes
        return [(self.box[0] + k * pitch, pitch) for k in range(self.boxes)]

    def fits(self, text: str) -> bool:
        """Tell whether a string of digits, or any in a code of text, may stand in the field."""
        least, most = self.lengths
        if not least <= len(text) <= most or not text:
            return False
        if self.pattern is not None and not re.fullmatch(self.pattern, text):
            return False
        if self.allowed and text not in self.allowed:
            return False
        if not (text.isascii() and text.isdecimal()):
            return self.type == "text" and not (self.range or self.checks or self.weights)
        if self.range and not self.range[0] <= int(text) <= self.range[1]:
            return False
        if not all(CHECKS[check](text) for check in self.checks):
            return False
        if self.weights and not weighted(text, self.weights, self.modulus):
            return False
        if self.type == "time":
            return len(text) in (3, 4) and int(text[:-2]) < 24 and int(text[-2:]) < 60
        return self.type != "date" or is_date(text, self.order)


def is_date(text: str, order: str) -> bool:
    """Tell whether digits in the order given are a day of the calendar."""
    if len(text) != len(order):
        return False
    year, month, day = (
        "".join(t for t, o in zip(text, order, strict=True) if o == k) for k in "YMD"
    )
    try:
        date(int(year) if len(year) == 4 else 2000 + int(year), int(month), int(day))
    except ValueError:
        return False
    return True
