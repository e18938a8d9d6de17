"""The addresses of the review page: what can be asked and what can be decided."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from shlex import quote
from typing import Any, Literal

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, PackageLoader, select_autoescape
from pydantic import BaseModel, ConfigDict

from formreader import __version__, job
from formreader.errors import FormreaderError, PageError
from formreader.review import tables
from formreader.review.audits import add_audits
from formreader.review.desk import Desk, Said, desk_of, stale
from formreader.review.digits import add_digits
from formreader.review.guard import Guard, Keys
from formreader.review.pad import add_pad
from formreader.review.sheets import add_sheets
from formreader.reviewed import teaches
from formreader.store_audits import AUDIT
from formreader.store_glyphs import GlyphStore
from formreader.store_reviews import Filter, GoneError, Order, StaleError

ORIGIN = "review page"
HISTORY = 200
"""Decisions that a newly opened page can take back; more than anybody remembers."""

SUGGESTED = 20
"""Names offered for a filter; of more, nobody reads the list."""

TEACH = "formreader train --reviewed {} --out models/own"
GONE = "This field is not in the job any more: its scan was read again."
STALE_UNDO = "This was decided again later, so it was not taken back."
NO_DECISION = "There is nothing to take back here."
MALFORMED = "The page sent something that cannot be understood. Load it again."


class TakenBack(BaseModel):
    """The decision that a person takes back."""

    model_config = ConfigDict(extra="forbid", strict=True)
    decision: int


def create_app(folder: Path, keys: Keys, who: str, share: float, blind: bool = False) -> Guard:
    """Return the page for one job as an ASGI application; `share` is audited.

    `blind` hides what was read in every doubtful field until it is keyed.

    Opens the job when it is started and closes it when it ends.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with GlyphStore.open(folder) as store:
            app.state.desk = Desk.of(store, who, share, blind)
            yield

    app = FastAPI(lifespan=lifespan, openapi_url=None, docs_url=None, redoc_url=None)
    static = Path(__file__).with_name("static")
    app.mount("/static", StaticFiles(directory=static), name="static")
    add_answers_to_errors(app)
    add_page(app)
    add_fields(app)
    add_sheets(app)
    add_audits(app)
    add_digits(app)
    add_pad(app)
    return Guard(app, keys)


def add_answers_to_errors(app: FastAPI) -> None:
    """Answer whatever goes wrong with a sentence."""

    @app.exception_handler(FormreaderError)
    async def failed(_: Request, error: FormreaderError) -> Response:
        return JSONResponse({"message": str(error)}, 500)

    @app.exception_handler(PageError)
    async def no_picture(_: Request, error: PageError) -> Response:
        return JSONResponse({"message": str(error)}, 404)

    @app.exception_handler(GoneError)
    async def gone(_: Request, error: GoneError) -> Response:
        return JSONResponse({"message": GONE}, 410)

    @app.exception_handler(RequestValidationError)
    async def malformed(_: Request, error: RequestValidationError) -> Response:
        return JSONResponse({"message": MALFORMED}, 422)


def add_page(app: FastAPI) -> None:
    """Add the page itself, and what it asks about the whole job."""
    templates = Environment(
        loader=PackageLoader("formreader.review"), autoescape=select_autoescape(), trim_blocks=True
    )

    @app.get("/")
    async def page(request: Request) -> Response:
        store = desk_of(request).store
        html = templates.get_template("page.html").render(
            job=store.folder.resolve().name, version=__version__, reasons=store.reasons()
        )
        return HTMLResponse(html)

    @app.get("/api/summary")
    async def summary(request: Request) -> dict[str, Any]:
        desk = desk_of(request)
        desk.refresh()
        settings = desk.store.settings()
        can_learn = teaches(settings)
        return {
            **desk.store.progress()._asdict(),
            "last": desk.store.last_reading(),
            "waiting": desk.store.waiting() if can_learn else 0,
            "teach": TEACH.format(quote(str(desk.store.folder.resolve()))),
            "running": job.RUNNING in settings,
            "history": desk.store.history(desk.who, (ORIGIN, AUDIT), HISTORY),
        }

    @app.get("/api/names")
    async def names(request: Request, kind: Literal["file", "field"], part: str = "") -> list[str]:
        return desk_of(request).store.names(kind, part, SUGGESTED)

    @app.get("/api/queue")
    async def queue(
        request: Request,
        order: Order = Order.PAGE,
        field: str = "",
        reason: str = "",
        file: str = "",
    ) -> list[int]:
        desk = desk_of(request)
        return desk.store.mixed_queue(order, Filter(field, reason, file), desk.sample)

    @app.post("/api/tables")
    async def write(request: Request) -> dict[str, str]:
        return {"message": tables.write(desk_of(request).store)}


def add_fields(app: FastAPI) -> None:
    """Add what concerns one field: to see it, to decide it, to take that back."""

    @app.get("/api/fields/{reading}")
    async def field(request: Request, reading: int) -> dict[str, Any]:
        desk = desk_of(request)
        return desk.view(desk.store.case(reading))

    @app.get("/api/fields/{reading}/complaint")
    async def complaint(request: Request, reading: int, value: str) -> dict[str, str]:
        desk = desk_of(request)
        return {"message": desk.complaint(desk.store.case(reading), value[:64])}

    @app.get("/api/crops/{reading}")
    async def crop(request: Request, reading: int) -> Response:
        desk = desk_of(request)
        picture = await desk.crop(desk.store.case(reading))
        return Response(picture, media_type="image/png")

    @app.post("/api/fields/{reading}/decision")
    async def decide(request: Request, reading: int, said: Said, next: int = 0) -> Response:
        desk = desk_of(request)
        if refusal := said.refusal(desk.store.case(reading)):
            return JSONResponse({"message": refusal}, 422)
        value = said.value.strip()
        try:
            done = desk.store.decide(reading, said.seen, said.meaning, value, desk.who, ORIGIN)
        except StaleError as error:
            return stale(desk, error)
        if desk.store.keyed(reading):
            desk.keep_measured()
        answer: dict[str, Any] = {"decision": done, "next": None}
        with suppress(GoneError):  # the field that is shown next saves a question
            answer["next"] = desk.view(desk.store.case(next))
        return JSONResponse(answer)

    @app.post("/api/undo")
    async def undo(request: Request, taken: TakenBack) -> Response:
        desk = desk_of(request)
        try:
            reading = desk.store.undo(taken.decision, desk.who, ORIGIN)
            if desk.store.keyed(reading):
                desk.keep_measured()
        except StaleError as error:
            return JSONResponse({"message": STALE_UNDO, "field": desk.view(error.case)}, 409)
        except GoneError:
            return JSONResponse({"message": NO_DECISION}, 410)
        return JSONResponse({"field": desk.view(desk.store.case(reading))})
