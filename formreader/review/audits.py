"""Keying blind on the page: fields without the machine's value, and what came of it."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from formreader.review.desk import Said, desk_of, stale
from formreader.store_audits import sentence
from formreader.store_reviews import StaleError


def add_audits(app: FastAPI) -> None:
    """Add what concerns the audit."""

    @app.get("/api/audit")
    async def audit(request: Request) -> dict[str, Any]:
        desk = desk_of(request)
        measured = desk.store.measured(desk.sample)
        return {**measured._asdict(), "sentence": sentence(measured)}

    @app.post("/api/audits/{reading}")
    async def key_blind(request: Request, reading: int, said: Said) -> Response:
        desk = desk_of(request)
        case = desk.store.case(reading)
        if refusal := said.refusal(case):
            return JSONResponse({"message": refusal}, 422)
        try:
            if not desk.hides(case):
                raise StaleError(case)
            agrees = desk.store.key_blind(
                reading, said.seen, said.meaning, said.value.strip(), desk.who
            )
        except StaleError as error:
            return stale(desk, error)
        desk.keep_measured()
        return JSONResponse({"agrees": agrees, "field": desk.view(desk.store.case(reading))})
