"""What the recognizer sees: a drawn or dropped picture in, readings with their glyphs out."""

from __future__ import annotations

import threading
from base64 import b64encode
from enum import StrEnum
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, FastAPI, Query, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import FileResponse
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from formreader import __version__, load, segment
from formreader.document import Float, Page, Rect
from formreader.pipeline import Cut, Options, Reader, is_number, on_page
from formreader.review.guard import READ

NOT_SAID = ("", 0.0)


class Form(StrEnum):
    """What the picture shows: one number, or a page on which fields are looked for."""

    FIELD = "field"
    AUTO = "auto"


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
    """All that was read on a page of `width` by `height` pixels."""

    width: int
    height: int
    readings: list[Read]


class Eye:
    """Readers with the bundled model, made when first asked for; one page at a time."""

    def __init__(self) -> None:
        self._readers: dict[Form, Reader] = {}
        self._lock = threading.Lock()

    def read(self, content: bytes, form: Form) -> Readings:
        """Read the first page of a file; raise PageError where it is no picture."""
        with NamedTemporaryFile() as file:
            file.write(content)
            file.flush()
            page = load.load(Path(file.name), 1, "this picture")
        with self._lock:
            if form not in self._readers:
                self._readers[form] = Reader(Options(str(form)))
            return see(self._readers[form], page)


def see(reader: Reader, page: Page) -> Readings:
    """Read a page as `Reader.read_page` does, and keep the glyph behind each character."""
    _, fields, registration = reader.find_fields(page)
    cuts = [Cut(field, segment.segment(field)) for field in fields]
    found = []
    for cut, scores in zip(cuts, reader.readers.score(cuts), strict=True):
        reading = reader.read_field(cut, scores)
        if not is_number(cut.field, reading):
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
    height, width = page.image.shape
    return Readings(width=width, height=height, readings=found)


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


def add_pad(app: FastAPI) -> None:
    """Add the drawing pad, the address that reads a picture, and the description of that."""
    eye = Eye()
    router = APIRouter()

    @router.post(
        READ,
        summary="Read one number, or a page of them.",
        description=(
            "The body is the file itself: PNG, JPEG, TIFF or PDF (first page), sent as "
            "Content-Type image/… or application/pdf. Scripts send the token of the address that "
            "`formreader review` printed as `Authorization: Bearer TOKEN`. Nothing is stored."
        ),
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {
                    kind: {"schema": {"type": "string", "format": "binary"}}
                    for kind in ("image/*", "application/pdf")
                },
            },
            "security": [{"token": []}],
        },
    )
    async def read(request: Request, form: Annotated[Form, Query()] = Form.FIELD) -> Readings:
        return await run_in_threadpool(eye.read, await request.body(), form)

    @app.get("/api/openapi.json")
    async def openapi() -> dict[str, Any]:
        described = get_openapi(title="formreader", version=__version__, routes=router.routes)
        schemes = {"token": {"type": "http", "scheme": "bearer"}}
        described["components"]["securitySchemes"] = schemes
        return described

    @app.get("/pad")
    async def pad() -> FileResponse:
        return FileResponse(Path(__file__).with_name("templates") / "pad.html")

    app.include_router(router)
