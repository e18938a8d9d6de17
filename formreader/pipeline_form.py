"""Read pages by form definitions: find which form a page is, cut its fields, check its rules."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from formreader import locate, pipeline_codes, register
from formreader.document import (
    FieldImage,
    Grey,
    Kind,
    Page,
    Reading,
    Reason,
    Registration,
    Status,
)
from formreader.errors import FormError, PageError
from formreader.forms import FieldDef, FormDef, find_forms, load_form
from formreader.forms_agreement import check_rules
from formreader.forms_joint import match_lists
from formreader.forms_print import DESCRIBED_DPI, Print, drawn, read_prints
from formreader.forms_trust import trust_sums
from formreader.locate import Cut, Place
from formreader.pipeline_ticks import check_ticks

LEAST_LINED = 0.7
"""Share of the lines of all fields' boxes that must lie where the form has them: 0.85 to 0.98
on photos of the right form, 0.30 to 0.65 on others."""
MOST_MOVED = 0.08
"""Share of the form's rules around a field that may look moved before a person looks: 0.09 to
0.78 at the 100 fields read off place on 24 drawn sister forms, from which it was chosen; on three
poor scans and photos of the right form it sends fields to review as well."""
LEAST_OWN_LINED = 0.4
"""The same for one field; below it the field may not be where it was looked for."""
LEAST_WHOLE = 0.62
"""The same for any one box of a row; below it a part of the row may be torn off or covered: of a
92003789 whose first box was cut off with the corner of its page the 2003789 was accepted. On 14
photos and scans of the right form two rows of 238 had less."""
BESIDE_MM, BLURRED_MM = 15.0, 0.5
"""How far beside a field print counts for it, and how far a copy may blur or move that print."""
OVER_MM = 0.4
"""How far ink reaches into what is printed in a cell to be written over it, in millimetres."""
MARK_MM, MOST_MARKS = 3.6, 3
"""Greatest width in millimetres of a mark printed between two parts of a number in its cell, and
how many there are at most."""
OFF_PICTURE_MM = 0.5
"""How much of a field, in millimetres, may be cut off from the picture."""


class Forms:
    """The definitions of a job, with what is printed on each of their pages."""

    def __init__(self, paths: Sequence[Path]) -> None:
        """Read the definitions; raises FormError."""
        self.forms: list[FormDef] = []
        self.prints: list[Print] = []
        self.pages: list[tuple[int, int]] = []
        self.codes: list[str] = []
        self._unlined: dict[int, set[str]] = {}
        for path in [found for given in paths for found in find_forms(given)]:
            form = load_form(path)
            if any(known.name == form.name for known in self.forms):
                raise FormError(f"{path}: there are two forms called “{form.name}”.")
            prints = read_prints(path.parent / (form.print_file or f"{path.stem}.print.json"))
            if len(prints) < form.pages:
                raise FormError(
                    f"{path} has fields on page {form.pages}, but the print of only "
                    f"{len(prints)} pages. Draft it again from a blank copy of all pages."
                )
            # A page without fields has nothing that could prove it is that page, so it is none.
            for number in sorted({field.page for field in form.fields}):
                self.pages.append((len(self.forms), number))
                self.prints.append(prints[number - 1])
                self.codes.append(form.code_of(number))
            self.forms.append(form)

    def find(self, page: Page) -> tuple[FormDef, list[FieldImage], Registration]:
        """Find which form a page is, and its fields; raises PageError where it is none.

        A code on the page that names forms leaves only these to choose from.
        """
        named = pipeline_codes.named_by_code(page.image, self.codes)
        chosen = named or list(range(len(self.prints)))
        try:
            best, image, dpi, registration, signs = register.to_form(
                page, [self.prints[index] for index in chosen]
            )
        except PageError as error:
            if not named:
                raise
            form = self.forms[self.pages[named[0]][0]]
            raise PageError(f"bears the code of the form “{form.name}”, but it {error}") from error
        index = chosen[best]
        which, number = self.pages[index]
        form = self.forms[which]
        fields = form.on_page(number)
        found = cut_fields(fields, image, dpi, self.prints[index])
        lines = max(lined(found), lined(found, self.unlined(index)))
        if lines < LEAST_LINED and not signs.by_words:
            raise PageError(
                f"looks like the form “{form.name}”, but the boxes of its fields are not where "
                "the definition has them. It may be another version of the form"
            )
        boxes = [(f.box, f.layout is Kind.CHECKBOX) for f in fields]
        other = register.renamed(self.prints[index], image, dpi, boxes)
        doubted = {f.name for f, it in zip(fields, other, strict=True) if it}
        doubted |= self.doubted(index, found, signs)
        doubted |= {
            f.name for f in fields if not on_picture(f.box, dpi, registration, page.image.shape)
        }
        code = form.code_of(number)
        unnamed = bool(code) and not (named or pipeline_codes.named_by_code(image, [code]))
        registration = replace(registration, doubted=frozenset(doubted), unnamed=unnamed)
        images = {cut.field.spec.name: cut.field for cut in found}
        for field in fields:
            if field.layout is Kind.BARCODE:
                images[field.name] = pipeline_codes.cut(field, image, dpi)
        return form, [images[f.name] for f in fields if f.name in images], registration

    def doubted(self, index: int, found: Sequence[Cut], signs: register.Proof) -> set[str]:
        """Return the fields that may not be at their places: print has moved, lines are missing.

        What a code is made of is other on every page, so its place cannot be told like that. Where
        words alone told the form, lines are missing everywhere and say nothing of one field.
        """
        if signs.by_words:
            return set()
        which, number = self.pages[index]
        fields = self.forms[which].on_page(number)
        placed = [field for field in fields if field.layout is not Kind.BARCODE]
        whole = {cut.field.spec.name: cut.whole for cut in found}
        lost = {
            f.name: len(f.cells_mm()) > 1
            for f in placed
            if f.layout is not Kind.LINE and not holds(f, whole.get(f.name, 0.0))
        }
        doubted = {f.name for f in placed if signs.doubt(f.box) > MOST_MOVED}
        doubted |= {name for name, row in lost.items() if row or name not in self.unlined(index)}
        if 2 * len(doubted) > len(placed):  # then chance may have spared the others
            return {f.name for f in fields}
        return doubted

    def unlined(self, index: int) -> set[str]:
        """Return the fields of a form's page that have few lines around them in its own print.

        The fields of a fillable PDF lie anywhere in the cells that people see, and combs have no
        tops: pages of a tax form were taken for another version of it.
        """
        if index not in self._unlined:
            which, number = self.pages[index]
            fields = self.forms[which].on_page(number)
            blank = drawn(self.prints[index], DESCRIBED_DPI)
            found = cut_fields(fields, blank, DESCRIBED_DPI)
            self._unlined[index] = {c.field.spec.name for c in found if c.found < LEAST_LINED}
        return self._unlined[index]


def cut_fields(
    fields: Sequence[FieldDef], image: Grey, dpi: float, printed: Print | None = None
) -> list[Cut]:
    """Cut the fields out of a page drawn straight, and tell how much of their boxes is there.

    `printed` is the print of the form's page, where what it holds beside rules counts.
    """
    written = [field for field in fields if field.layout is not Kind.BARCODE]
    return locate.at_places(image, dpi, [place_of(field, dpi, printed) for field in written])


def lined(found: Sequence[Cut], without: Collection[str] = ()) -> float:
    """Return how much of the lines of all fields but lines was found, 1 where there are none."""
    shares = [
        cut.found
        for cut in found
        if cut.field.spec.kind is not Kind.LINE and cut.field.spec.name not in without
    ]
    return sum(shares) / len(shares) if shares else 1.0


def holds(field: FieldDef, whole: float) -> bool:
    """Tell whether enough was found of the lines around each box of a field."""
    return whole >= (LEAST_WHOLE if len(field.cells_mm()) > 1 else LEAST_OWN_LINED)


def place_of(field: FieldDef, dpi: float, printed: Print | None = None) -> Place:
    """Return where a field lies on a page drawn with `dpi`, with what is printed in and beside."""
    scale = dpi / 25.4
    left, top, width, height = field.box
    right, bottom = left + width, top + height
    rects = tuple(
        (x * scale, top * scale, (x + width) * scale, bottom * scale)
        for x, width in field.cells_mm()
    )
    if printed is None:
        return Place(field.spec, rects)
    x, y = printed.words.T
    inside = printed.words[(left < x) & (x < right) & (top < y) & (y < bottom)]
    words = tuple((x * scale, y * scale) for x, y in inside.tolist())
    level = [b for b in printed.labels.tolist() if b[1] < bottom and b[3] > top]
    beside = [
        b for b in level if left - BESIDE_MM < b[2] <= left or right <= b[0] < right + BESIDE_MM
    ]
    within = [b for b in level if b[0] < right and b[2] > left]
    marks = tuple(_grown(b, 0.0, scale) for b in within) if _part(within) else ()
    return Place(
        replace(field.spec, parted=bool(marks)),
        rects,
        words,
        labels=tuple(_grown(b, BLURRED_MM, scale) for b in beside),
        captions=tuple(_grown(b, -OVER_MM, scale) for b in within),
        marks=marks,
    )


def _part(printed: Sequence[Sequence[float]]) -> bool:
    """Tell whether what is printed in a cell only parts a number: few narrow marks.

    Of a 0123456 written over the pale hint IF APPLICABLE the 1 was taken for its F.
    """
    return len(printed) <= MOST_MARKS and all(b[2] - b[0] <= MARK_MM for b in printed)


def _grown(box: Sequence[float], rim: float, scale: float) -> tuple[float, float, float, float]:
    """Return a box in pixels, `rim` millimetres larger on all sides."""
    left, top, right, bottom = box
    return (
        scale * (left - rim),
        scale * (top - rim),
        scale * (right + rim),
        scale * (bottom + rim),
    )


def on_picture(
    box: tuple[float, float, float, float],
    dpi: float,
    registration: Registration,
    shape: tuple[int, ...],
) -> bool:
    """Tell whether a field lies within the picture: what was cut off is not blank.

    `box` is left, top, width, height in mm, `shape` (H, W) the picture's as loaded.
    """
    left, top, width, height = box
    slack = OFF_PICTURE_MM
    corners = [
        (x, y)
        for x in (left + slack, left + width - slack)
        for y in (top + slack, top + height - slack)
    ]
    x, y = register.to_loaded(np.array(corners) * dpi / 25.4, registration).T
    return bool(x.min() >= 0 and y.min() >= 0 and x.max() <= shape[1] and y.max() <= shape[0])


def held_against(
    form: FormDef, readings: list[Reading], fields: Sequence[FieldImage], max_error: float
) -> list[Reading]:
    """Hold what was read in the `fields` of a form against what the form says of them together."""
    ticked = check_ticks(readings, fields)
    matched = match_lists(ticked, form.lists_once())
    agreeing = check_rules(matched, form.parsed_rules(), form.orders())
    return trust_sums(agreeing, form.parsed_rules(), form.boxed(), max_error)


def check_places(readings: list[Reading], registration: Registration) -> list[Reading]:
    """Send the fields to review that may lie elsewhere on this page, blank ones too.

    All of them, where the code which names the form was not found: it may be a sister form.
    """
    unnamed = (Reason.UNNAMED,) if registration.unnamed else ()
    checked = []
    for reading in readings:
        moved = (Reason.PLACE,) if reading.field in registration.doubted else ()
        reasons = (*unnamed, *moved, *reading.reasons)
        doubted = unnamed or moved
        checked.append(
            replace(reading, status=Status.REVIEW, reasons=reasons) if doubted else reading
        )
    return checked
