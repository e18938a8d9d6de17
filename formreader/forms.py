"""Form definitions: what a form's fields are called, where they lie and what may stand in them.

A definition is TOML, in millimetres from the upper left corner of the page. Anything wrong in
it is a FormError with the line that it stands on.
"""

from __future__ import annotations

import re
import tomllib
from itertools import combinations
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from formreader.errors import FormError
from formreader.forms_field import FieldDef as FieldDef
from formreader.forms_field import Strict
from formreader.forms_places import Places
from formreader.forms_rules import Rule, parse_rule

OVERLAP_MM = 1.0
"""How far two boxes may overlap, in millimetres: neighbours in a table share a rule."""


class FormDef(Strict):
    """A form: its pages' size in mm, what is printed on it, its fields and their rules.

    `across_files` tells that the pages of one filled form lie in files of their own, in order;
    `code` is a pattern of the code that names the form, or one for each page. `lists` are
    values by the name under which a field may give them as `allowed`.
    """

    name: str = Field(min_length=1)
    page_mm: tuple[float, float]
    fields: tuple[FieldDef, ...] = Field(alias="field", min_length=1)
    print_file: str | None = Field(default=None, alias="print")
    rules: tuple[str, ...] = ()
    across_files: bool = False
    code: str | tuple[str, ...] = ()
    lists: dict[str, tuple[str, ...]] = Field(default_factory=dict)

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

    def lists_once(self) -> dict[str, tuple[str, ...]]:
        """Return the values of the fields in which each may stand once, by field."""
        return {field.name: field.allowed for field in self.fields if field.once}

    def boxed(self) -> set[str]:
        """Return the fields whose characters have a box each."""
        return {field.name for field in self.fields if field.is_boxed}

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
    unknown = _fill_in_lists(held)
    if unknown:
        raise FormError("\n".join(places.sentence(*problem) for problem in unknown))
    try:
        form = FormDef.model_validate(held)
    except ValidationError as error:
        found = [e for e in error.errors() if e["type"] != "too_short"] or error.errors()
        raise FormError("\n".join(places.said(e) for e in found)) from error
    problems = [places.sentence(*problem) for problem in _problems(form)]
    if problems:
        raise FormError("\n".join(problems))
    return form


def _fill_in_lists(held: dict[str, Any]) -> list[tuple[int | None, str, str]]:
    """Put the values in place of the names of lists; return the names that are not known."""
    lists, fields = held.get("lists"), held.get("field")
    known = lists if isinstance(lists, dict) else {}
    unknown: list[tuple[int | None, str, str]] = []
    for index, field in enumerate(fields if isinstance(fields, list) else []):
        name = field.get("allowed") if isinstance(field, dict) else None
        if isinstance(name, str):
            field["allowed"] = known.get(name, [])
            if name not in known:
                unknown.append((index, "allowed", f"there is no list “{name}” under [lists]"))
    return unknown


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
