"""The digits sheet: all that was read as one digit, least sure first; a person ticks wrong ones."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from formreader.errors import PageError
from formreader.review import pictures
from formreader.review.desk import desk_of
from formreader.store_glyphs import Checked, Glyph, Verdict
from formreader.store_reviews import GoneError

ON_SHEET = 60
"""Characters on a sheet: five rows of twelve fill a screen of 1366 by 768."""
NO_SHEET = "There is no sheet to take back."


class Sheet(BaseModel):
    """A sheet as a person leaves it: (reading, position) of the right ones and the wrong."""

    model_config = ConfigDict(extra="forbid")
    digit: Annotated[str, Field(pattern="^[0-9]$")]
    right: Annotated[list[tuple[int, int]], Field(max_length=ON_SHEET)]
    wrong: Annotated[list[tuple[int, int]], Field(max_length=ON_SHEET)]

    def checked(self) -> list[Checked]:
        """Return what it says of each character."""
        return [Checked(Glyph(*place), Verdict.RIGHT) for place in self.right] + [
            Checked(Glyph(*place), Verdict.WRONG) for place in self.wrong
        ]


def add_digits(app: FastAPI) -> None:
    """Add what concerns sheets of single characters."""

    @app.get("/api/digits/{digit}")
    async def sheet(request: Request, digit: str) -> dict[str, Any]:
        desk = desk_of(request)
        glyphs, left = desk.store.glyph_sheet(digit, ON_SHEET, desk.hidden())
        return {"digit": digit, "glyphs": glyphs, "left": left}

    @app.post("/api/digits")
    async def check(request: Request, sheet: Sheet) -> dict[str, int]:
        desk = desk_of(request)
        return {"stored": desk.store.check_glyphs(sheet.digit, sheet.checked(), desk.who)}

    @app.post("/api/digits/undo")
    async def undo(request: Request) -> Response:
        desk = desk_of(request)
        try:
            return JSONResponse({"digit": desk.store.undo_glyphs(desk.who)})
        except GoneError:
            return JSONResponse({"message": NO_SHEET}, 410)

    @app.get("/api/glyphs/{reading}/{position}")
    async def glyph(request: Request, reading: int, position: int) -> Response:
        desk = desk_of(request)
        case = desk.store.case(reading)
        rect = desk.store.glyph_rect(Glyph(reading, position))
        try:  # the job's own pictures are quicker: each glyph is on another page
            picture = await run_in_threadpool(pictures.small_glyph, desk.store.folder, case, rect)
        except PageError:
            page = await desk.scan(case.page_file, case.page)
            picture = await run_in_threadpool(pictures.glyph, page, rect)
        return Response(picture, media_type="image/png")
