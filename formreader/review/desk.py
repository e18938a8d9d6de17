"""What all addresses of the review page share: the open job, its scans, and who reviews."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from formreader.document import Grey
from formreader.errors import PageError
from formreader.review import pictures, views
from formreader.store_reviews import Case, ReviewStore

LEAST_ALIKE = 5
"""Accepted values of one length from which a field's length is taken as known (as `apply`)."""


@dataclass(slots=True)
class Desk:
    """One open job; used in the server's own thread alone, pictures are made in others."""

    store: ReviewStore
    scans: pictures.Scans
    source: Path
    who: str
    lengths: dict[str, int]

    @classmethod
    def of(cls, store: ReviewStore, who: str) -> Desk:
        """Return the desk for a job."""
        source = Path(store.settings().get("source", ""))
        return cls(store, pictures.Scans(), source, who, store.fixed_lengths(LEAST_ALIKE))

    def refresh(self) -> None:
        """Look again at what a run under way may have changed."""
        self.lengths = self.store.fixed_lengths(LEAST_ALIKE)

    def view(self, case: Case) -> dict[str, Any]:
        """Return a field as the page wants it."""
        return views.field(case, self.lengths.get(case.field, 0))

    async def scan(self, name: str, number: int) -> Grey:
        """Return a page of the source; raise PageError where it is not as it was read."""
        file = self.store.scan(name)
        path = pictures.scan_of(self.source, file.name)
        return await run_in_threadpool(self.scans.page, path, file, number)

    async def crop(self, case: Case) -> bytes:
        """Return the picture of a field, from its scan or else the job's own small one."""
        try:
            page = await self.scan(case.page_file, case.page)
        except PageError:
            return await run_in_threadpool(pictures.small_crop, self.store.folder, case)
        return await run_in_threadpool(pictures.crop, page, case.rect)


def desk_of(request: Request) -> Desk:
    """Return what the addresses share."""
    desk: Desk = request.app.state.desk
    return desk
