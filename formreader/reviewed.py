"""What a person confirmed in a job, as material to learn from.

Each confirmed number is cut out of its scan again, by the code that read it, so that the
networks learn from exactly what they will see. What is no longer where it was is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np

from formreader import pipeline, register, segment
from formreader.align import align
from formreader.datasets import Glyphs
from formreader.document import FieldImage, Float, Kind, Page, Rect, Registration, Status
from formreader.errors import PageError, UsageError
from formreader.review import pictures
from formreader.store_audits import lot
from formreader.store_glyphs import GlyphStore
from formreader.store_schema import Field, Meaning

DOUBTED = 1e-3
"""Probability of its digit below which a free-standing glyph may be cut wrongly, and so is no
example. In boxes nothing is cut, and what was misread there teaches most."""
CHEQUE = "cheque"
"""The form whose fields are not cut out again: they hang together with the cheque's print."""
MARKS = re.compile(r"[.,/\- ]")
"""What a person may type in a number and the networks do not read."""


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """A confirmed number: what it was cut into, what it says, and where it stands.

    `fair` tells that it belongs to a fair sample of its job, see `fair_shares`.
    """

    cut: pipeline.Cut
    text: str
    page_file: str
    page: int
    fair: bool = True


def lessons_of(job: Path, model: Path) -> tuple[list[Lesson], int]:
    """Return the confirmed numbers of a job, and how many could not be found again.

    Raises UsageError where `job` is none, and for jobs of cheques, whose fields are not cut out
    again here; FormError where the definitions that it was read by are gone or damaged.
    """
    with GlyphStore.open(job) as store:
        settings = store.settings()
        if not teaches(settings):
            raise UsageError(
                f"{job} was read with --form cheque; what was confirmed in it cannot be learned "
                "from. Name jobs read with another --form."
            )
        fields = [f for f in store.fields() if f.status in (Status.ACCEPTED, Status.REVIEW)]
        right = store.found_right()
        wanted = [field for field in fields if confirmed(field) or field.id in right]
        files = {name: store.scan(name) for name in {field.page_file for field in wanted}}
    definitions = tuple(Path(line) for line in settings.get("definitions", "").splitlines())
    options = pipeline.Options(form=settings["form"], model=model, definitions=definitions)
    reader = pipeline.Reader(options)
    shares = fair_shares(fields)
    lessons: list[Lesson] = []
    for (name, number), there in groupby(wanted, lambda f: (f.page_file, f.page)):
        try:
            path = pictures.scan_of(Path(settings["source"]), name)
            page = pictures.read_again(path, files[name], number)
            lessons += lessons_on(reader, page, list(there), shares)
        except PageError:
            continue
    return lessons, len(wanted) - len(lessons)


def teaches(settings: Mapping[str, str]) -> bool:
    """Tell whether a job's fields can be cut out of its scans again."""
    return settings.get("form") != CHEQUE


def confirmed(field: Field) -> bool:
    """Tell whether a person said that a field holds a number."""
    return field.meaning is Meaning.VALUE and re.fullmatch("[0-9]+", digits(field)) is not None


def digits(field: Field) -> str:
    """Return what a person confirmed a field to hold, without points, commas and dashes."""
    return MARKS.sub("", field.value if field.meaning is None else field.person_value)


def fair_shares(fields: Sequence[Field]) -> dict[Status, float]:
    """Return how many of a job's confirmed numbers of each status a fair sample of it takes.

    People see the doubtful fields first. A sample in which these are more frequent than in
    the job would make any model look worse than it is, and one without them better.
    """
    seen = {}
    for status in (Status.ACCEPTED, Status.REVIEW):
        mine = [field.meaning is not None for field in fields if field.status is status]
        seen[status] = sum(mine) / len(mine) if mine else 1.0
    least = min(seen.values())
    return {status: least / share if share else 0.0 for status, share in seen.items()}


def lessons_on(
    reader: pipeline.Reader, page: Page, wanted: list[Field], shares: Mapping[Status, float]
) -> Iterator[Lesson]:
    """Cut the confirmed fields out of a page; those that are not found again are left out."""
    _, found, registration = reader.find_fields(page)
    named = {field.spec.name: field for field in found}
    for field in wanted:
        image = named.get(field.field)
        if image is None or place_of(image, registration, page) != field.rect:
            continue
        if image.spec.kind is Kind.CHECKBOX:
            continue
        cut = pipeline.Cut(image, segment.segment(image))
        if cut.lattice.glyphs:
            place = (field.page_file, field.page)
            drawn = lot(*place, field.field, "fair") < shares.get(field.status, 0.0)
            # what was found right on sheets is what was read right: never a fair sample
            yield Lesson(cut, digits(field), *place, drawn and field.meaning is not None)


def place_of(field: FieldImage, registration: Registration | None, page: Page) -> Rect:
    """Return where a field stands on the page as loaded."""
    if registration is None:
        return field.rect
    return register.to_page(field.rect, registration, page.image.shape)


def glyphs_of(lessons: Sequence[Lesson], readers: pipeline.Readers) -> Glyphs:
    """Return the confirmed characters as labelled glyphs.

    In free writing the networks' own scores say which glyph is which character.
    """
    images: list[Float] = []
    labels: list[int] = []
    scores = readers.score([lesson.cut for lesson in lessons])
    for lesson, gains in zip(lessons, scores, strict=True):
        lattice = lesson.cut.lattice
        for symbol, index in zip(
            lesson.text, align(lattice, gains, lesson.text) or (), strict=False
        ):
            if lattice.cells or gains[index][int(symbol)] > np.log(DOUBTED):
                images.append(lattice.glyphs[index].image)
                labels.append(int(symbol))
    pictures_uint8 = np.round(np.reshape(images, (-1, 28, 28)) * 255).astype(np.uint8)
    return Glyphs(pictures_uint8, np.array(labels, np.int64), np.full(len(labels), -1, np.int64))
