"""Form definitions: what a form's fields are called, where they lie and what may stand in them.

A definition is TOML, in millimetres from the upper left corner of the page. Anything wrong in
it is a FormError with the line that it stands on.
"""

from __future__ import annotations

import re
import tomllib
from datetime import date
from itertools import combinations
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from formreader.document import FieldSpec, Kind
from formreader.errors import FormError
from formreader.forms_checks import CHECKS, weighted
from formreader.forms_places import Places
from formreader.forms_rules import Rule, parse_rule

OVERLAP_MM = 1.0
"""How far two boxes may overlap, in millimetres: neighbours in a table share a rule."""
DATE_PARTS = {"D": 2, "M": 2, "YY": 2, "YYYY": 4}
LONGEST_CODE = 1000
"""Most characters of a barcode: the largest QR codes of forms hold some hundred."""


class Strict(BaseModel):
    """A table of the definition in which every key must be known."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FieldDef(Strict):
    """One field: where it lies and what may stand in it.

    `box` is left, top, width, height in mm. `boxes` says into how many equal boxes it is
    divided, `cells` gives left and width of each where they are not equal. `length` is the
    number of characters or its least and greatest. `order` is how a date is written.
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


class FormDef(Strict):
    """A form: its pages' size in mm, what is printed on it, its fields and their rules.

    `across_files` tells that the pages of one filled form lie in files of their own, in order;
    `code` is a pattern of the code that names the form, or one for each page.
    """

    name: str = Field(min_length=1)
    page_mm: tuple[float, float]
    fields: tuple[FieldDef, ...] = Field(alias="field", min_length=1)
    print_file: str | None = Field(default=None, alias="print")
    rules: tuple[str, ...] = ()
    across_files: bool = False
    code: str | tuple[str, ...] = ()

    @property
    def pages(self) -> int:
        """Return the number of pages that hold fields."""
        return max(field.page for field in self.fields)

    def on_page(self, number: int) -> list[FieldDef]:
        """Return the fields of one page."""
        return [field for field in self.fields if field.page == number]

    def parsed_rules(self) -> list[Rule]:
        """Return the rules across fields."""
        return [parse_rule(text) for text in self.rules]

    def code_of(self, page: int) -> str:
        """Return the pattern of the code that names a page of the form, "" where there is none."""
        if isinstance(self.code, str):
            return self.code
        return self.code[page - 1] if self.code else ""

    def orders(self) -> dict[str, str]:
        """Return how the dates among the fields are written, by field."""
        return {field.name: field.order for field in self.fields if field.type == "date"}


def load_form(path: Path) -> FormDef:
    """Read a definition; raises FormError with the line of what is wrong."""
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError as error:
        raise FormError(
            f"There is no form definition {path}. Propose one from a blank copy of the form: "
            f"formreader form draft BLANK --out {path}"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise FormError(f"The form definition {path} cannot be read as text.") from error
    try:
        held = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FormError(f"{path} is not correct TOML: {error}.") from error
    places = Places(path, text)
    try:
        form = FormDef.model_validate(held)
    except ValidationError as error:
        raise FormError("\n".join(places.said(e) for e in error.errors())) from error
    problems = [places.sentence(*problem) for problem in _problems(form)]
    if problems:
        raise FormError("\n".join(problems))
    return form


def find_forms(path: Path) -> list[Path]:
    """Return the definition that a path is, or all those in a folder; raises FormError."""
    if not path.is_dir():
        return [path]
    found = sorted(path.glob("*.toml"))
    if not found:
        raise FormError(f"There is no form definition (.toml) in the folder {path}.")
    return found


def _wrong_codes(form: FormDef) -> list[str]:
    """Say what is wrong with the patterns of the codes that name the form."""
    patterns = (form.code,) if isinstance(form.code, str) else form.code
    if patterns and not isinstance(form.code, str) and len(patterns) < form.pages:
        return [f"code names {len(patterns)} pages, but the form has {form.pages}"]
    for pattern in patterns:
        try:
            re.compile(pattern)
        except re.error as error:
            return [f"the code “{pattern}” is no regular expression: {error}"]
    return []


def _problems(form: FormDef) -> list[tuple[int | None, str, str]]:
    """List what fields and rules have wrong with each other: field index, key, sentence."""
    found: list[tuple[int | None, str, str]] = []
    width, height = form.page_mm
    if min(width, height) <= 0:
        found.append((None, "page_mm", "the page must be wider and higher than 0 mm"))
    if form.across_files and len({field.page for field in form.fields}) == 1:
        said = "across_files joins the pages of a form, but all fields lie on one page"
        found.append((None, "across_files", said))
    found += [(None, "code", said) for said in _wrong_codes(form)]
    seen: dict[str, int] = {}
    for index, field in enumerate(form.fields):
        x, y, w, h = field.box
        if x < 0 or y < 0 or x + w > width + 0.01 or y + h > height + 0.01:
            found.append((index, "box", f"the box of “{field.name}” reaches off the page"))
        if field.name in seen:
            found.append((index, "name", f"there are two fields called “{field.name}”"))
        seen[field.name] = index
    for (_, a), (j, b) in combinations(enumerate(form.fields), 2):
        over = [
            min(a.box[k] + a.box[k + 2], b.box[k] + b.box[k + 2]) - max(a.box[k], b.box[k])
            for k in (0, 1)
        ]
        if a.page == b.page and min(over) > OVERLAP_MM:
            found.append((j, "box", f"the boxes of “{a.name}” and “{b.name}” overlap"))
    for text in form.rules:
        try:
            names = parse_rule(text).names
        except ValueError as error:
            found.append((None, "rules", f"the rule “{text}” is not understood: {error}"))
            continue
        found += [
            (None, "rules", f"the rule “{text}” names no field of the form: “{name}”")
            for name in names
            if name not in seen
        ]
    return found
