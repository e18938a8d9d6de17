"""The page view: every field drawn over its scan."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from formreader.errors import PageError
from formreader.review import pictures
from formreader.review.desk import desk_of
from formreader.store_reviews import GoneError
from formreader.store_sheets import Sheet


def add_sheets(app: FastAPI) -> None:
    """Add what concerns whole pages."""

    @app.get("/api/pages")
    async def find(request: Request, file: str = "", number: int = 1) -> dict[str, int | None]:
        return {"page": desk_of(request).store.find_page(file, number)}

    @app.get("/api/pages/{page}")
    async def page(request: Request, page: int) -> dict[str, Any]:
        desk = desk_of(request)
        sheet = sheet_of(request, page)
        try:
            height, width = (await desk.scan(sheet.page_file, sheet.number)).shape
            trouble = ""
        except PageError as error:
            width, height = extent(sheet)
            trouble = str(error)
        return {
            "id": sheet.id,
            "file": sheet.page_file,
            "number": sheet.number,
            "failure": sheet.failure,
            "trouble": trouble,
            "width": width,
            "height": height,
            "before": sheet.before,
            "after": sheet.after,
            "spots": [
                {
                    "id": spot.id,
                    "field": spot.field,
                    "value": spot.value,
                    "status": "decided" if spot.meaning else str(spot.status),
                    "meaning": spot.meaning and str(spot.meaning),
                    "rect": [spot.rect.x, spot.rect.y, spot.rect.width, spot.rect.height],
                }
                for spot in sheet.spots
            ],
        }

    @app.get("/api/pages/{page}/scan")
    async def scan(request: Request, page: int) -> Response:
        sheet = sheet_of(request, page)
        picture = await desk_of(request).scan(sheet.page_file, sheet.number)
        small = await run_in_threadpool(pictures.overview, picture)
        return Response(small, media_type="image/png")


def sheet_of(request: Request, page: int) -> Sheet:
    """Return a page; raise GoneError where it is not in the job.

    Values that are still to be keyed blind are left out.
    """
    desk = desk_of(request)
    sheet = desk.store.sheet(page)
    if sheet is None:
        raise GoneError
    return sheet.without(desk.hidden())


def extent(sheet: Sheet) -> tuple[int, int]:
    """Return width and height that hold all fields of a page that cannot be shown."""
    right = max((spot.rect.right for spot in sheet.spots), default=1)
    bottom = max((spot.rect.bottom for spot in sheet.spots), default=1)
    return right + right // 20, bottom + bottom // 20
