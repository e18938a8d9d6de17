"""What the recognizer sees of a picture: readings, with the glyph behind each character."""

from __future__ import annotations

import threading
from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Annotated

import numpy as np
from pydantic import BaseModel, Field

from formreader import load, segment
from formreader.document import Float, Page, Rect
from formreader.errors import ModelError
from formreader.pipeline import Cut, Options, Reader, is_number, on_page
from formreader.review import pictures

NOT_SAID = ("", 0.0)
OTHER_MODEL = "This job was read with another model ({}), which is not in its folder any more."


class Form(StrEnum):
    """What the picture shows: one number, or a page on which fields are looked for."""

    FIELD = "field"
    AUTO = "auto"


LONGEST_PX = {Form.FIELD: 1600, Form.AUTO: 3508}
"""Longest side in pixels that is read, larger pictures are shrunk: a page is A4 at 300 dpi, and
80 px a digit are plenty for a number of twenty. A whole A4 page at 300 dpi read as one number
took 365 MB, half of which was pictures of floats."""


class Symbol(BaseModel):
    """One character read, with the picture of it that the network was given."""

    character: str
    confidence: Annotated[float, Field(ge=0, le=1)]
    second: Annotated[str, Field(description="The next likeliest class, empty for none.")]
    second_confidence: Annotated[float, Field(ge=0, le=1)]
    rect: Annotated[list[int], Field(description="x, y, width, height in pixels of the page.")]
    glyph: Annotated[
        str,
        Field(description="Base64 of 28 rows of 28 bytes, 0 paper to 255 ink; empty for none."),
    ]


class Read(BaseModel):
    """One field read."""

    field: str
    value: str
    confidence: Annotated[float, Field(ge=0, le=1)]
    status: Annotated[str, Field(description="accepted, review or blank")]
    reasons: list[str]
    alternatives: list[tuple[str, float]]
    rect: Annotated[list[int], Field(description="x, y, width, height in pixels of the page.")]
    characters: list[Symbol]


class Readings(BaseModel):
    """All that was read on a page of `width` by `height` pixels, large ones shrunk to that."""

    width: int
    height: int
    readings: list[Read]
    model: Annotated[str, Field(description="Name and hash of the model that read.")]
    note: Annotated[str, Field(description="Why it is not the model of the job; mostly empty.")]


class Eye:
    """Reads with the model and the error rate of a job, one page at a time.

    The models are loaded when they are first asked for; `settings` are those of the job.
    """

    def __init__(self, settings: Mapping[str, str]) -> None:
        self._settings = settings
        self._readers: dict[Form, Reader] = {}
        self._lock = threading.Lock()

    def read(self, content: bytes, form: Form) -> Readings:
        """Read the first page of a file; raise PageError where it is no picture of a fit size."""
        pictures.refuse_huge(content)
        with self._lock:
            if form not in self._readers:
                self._readers[form] = reader_of(self._settings, form)
            reader = self._readers[form]
            with NamedTemporaryFile() as file:
                file.write(content)
                file.flush()
                page = load.load(Path(file.name), 1, "this picture")
            page = pictures.shrunk(page, LONGEST_PX[form])
            found = see(reader, page)
        job_model = self._settings.get("model", reader.model_id)
        height, width = page.image.shape
        return Readings(
            width=width,
            height=height,
            readings=found,
            model=reader.model_id,
            note="" if reader.model_id == job_model else OTHER_MODEL.format(job_model),
        )


def reader_of(settings: Mapping[str, str], form: Form) -> Reader:
    """Return a reader with the model of a job, with the bundled one where that is gone."""
    options = Options(str(form), float(settings.get("max_error", "0.01")))
    if folder := settings.get("model_folder"):
        with suppress(ModelError):  # the page says that another one reads
            return Reader(replace(options, model=Path(folder)))
    return Reader(options)


def see(reader: Reader, page: Page) -> list[Read]:
    """Read a page as `Reader.read_page` does, and keep the glyph behind each character."""
    _, fields, registration = reader.find_fields(page)
    cuts = [Cut(field, segment.segment(field)) for field in fields]
    found = []
    for cut, scores in zip(cuts, reader.readers.score(cuts), strict=True):
        field, reading = reader.read_cut(cut, scores)
        if field.is_print or not is_number(field, reading):
            continue
        corner = cut.field.rect
        glyphs = {g.rect.moved(corner.x, corner.y): g.image for g in cut.lattice.glyphs}
        images = [glyphs.get(character.rect) for character in reading.characters]
        placed = on_page(reading, registration, page)
        found.append(
            Read(
                field=placed.field,
                value=placed.text,
                confidence=placed.confidence,
                status=str(placed.status),
                reasons=[str(reason) for reason in placed.reasons],
                alternatives=list(placed.alternatives),
                rect=numbers(placed.rect),
                characters=[
                    symbol(character.text, character.probability, others, character.rect, image)
                    for character, image in zip(placed.characters, images, strict=True)
                    for others in [character.alternatives]
                ],
            )
        )
    return found


def symbol(
    text: str,
    confidence: float,
    alternatives: tuple[tuple[str, float], ...],
    rect: Rect,
    image: Float | None,
) -> Symbol:
    """Describe one character."""
    others = [other for other in alternatives if other[0] != text]
    second, chance = max(others, key=lambda other: other[1], default=NOT_SAID)
    return Symbol(
        character=text,
        confidence=confidence,
        second=second,
        second_confidence=chance,
        rect=numbers(rect),
        glyph="" if image is None else encoded(image),
    )


def encoded(image: Float) -> str:
    """Return a glyph in 0…1 as base64 of its bytes, 0 paper to 255 ink."""
    return b64encode(np.round(255 * np.clip(image, 0, 1)).astype(np.uint8).tobytes()).decode()


def numbers(rect: Rect) -> list[int]:
    """Return a rectangle as [x, y, width, height]."""
    return [int(side) for side in (rect.x, rect.y, rect.width, rect.height)]
