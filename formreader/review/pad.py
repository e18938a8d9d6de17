"""The drawing pad, and the address for programs: a picture in, what the recognizer saw out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Query, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import FileResponse
from starlette.concurrency import run_in_threadpool

from formreader import __version__
from formreader.review.desk import desk_of
from formreader.review.eye import Form, Readings
from formreader.review.guard import READ

LARGE_BYTES = 1_000_000
"""Size of a file from which it is a page and no drawing."""


def add_pad(app: FastAPI) -> None:
    """Add the drawing pad, the address that reads a picture, and the description of that."""
    router = APIRouter()

    @router.post(
        READ,
        summary="Read one number, or a page of them.",
        description=(
            "The body is the file itself: PNG, JPEG, TIFF or PDF (first page), sent as "
            "Content-Type image/… or application/pdf. Scripts send the token of the address that "
            "`formreader review` printed as `Authorization: Bearer TOKEN`. Nothing is stored. "
            "It is read with the model that the job was read with."
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
        desk, content = desk_of(request), await request.body()
        if len(content) > LARGE_BYTES:
            desk.scans.forget()  # what they take is needed now
        return await run_in_threadpool(desk.eye.read, content, form)

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
