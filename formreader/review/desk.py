"""What all addresses of the review page share: the open job, its scans, and who reviews."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from fastapi import Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from formreader.document import Grey, Status
from formreader.errors import FormError, PageError
from formreader.forms import FormDef, find_forms, load_form
from formreader.forms_complaints import complaint
from formreader.forms_records import layout_of, records
from formreader.forms_rules import parse_rule
from formreader.review import pictures, views
from formreader.review.eye import Eye
from formreader.store_glyphs import GlyphStore, Verdict
from formreader.store_reviews import Case, Filter, Order, StaleError
from formreader.store_schema import Meaning

LEAST_ALIKE = 5
"""Accepted values of one length from which a field's length is taken as known (as `apply`)."""


SYMBOLS = "0123456789.,/- "
"""What a value may consist of, besides what the machine read."""
BARE = "An empty or unreadable field has no value."
STALE = "Somebody else decided this field meanwhile. Yours was not stored; see theirs."


class Said(BaseModel):
    """What a person says of a field that they saw in the state `seen`."""

    model_config = ConfigDict(extra="forbid", strict=True)
    seen: int
    meaning: Annotated[Meaning, Field(strict=False)]
    value: Annotated[str, Field(max_length=64)] = ""

    def refusal(self, case: Case) -> str:
        """Return why this cannot be said of a field, empty where it can."""
        if self.meaning is not Meaning.VALUE:
            return BARE if self.value else ""
        if not self.value.strip():
            return "Type the number first."
        strange = set(self.value) - set(SYMBOLS + case.value)
        return f"“{min(strange)}” is no part of a number." if strange else ""


@dataclass(slots=True)
class Desk:
    """One open job; used in the server's own thread alone, pictures are made in others."""

    store: GlyphStore
    scans: pictures.Scans
    eye: Eye
    source: Path
    who: str
    share: float
    blind: bool
    forms: dict[str, FormDef]
    last: int = -1
    lengths: dict[str, int] = field(default_factory=dict)
    sample: frozenset[int] = frozenset()

    @classmethod
    def of(cls, store: GlyphStore, who: str, share: float, blind: bool) -> Desk:
        """Return the desk for a job."""
        settings = store.settings()
        source = Path(settings.get("source", ""))
        forms = definitions(settings.get("definitions", ""))
        desk = cls(store, pictures.Scans(), Eye(settings), source, who, share, blind, forms)
        desk.refresh()
        return desk

    def refresh(self) -> None:
        """Look again at what a run under way may have added."""
        last = self.store.last_reading()
        if last != self.last:
            self.last = last
            self.lengths = self.store.fixed_lengths(LEAST_ALIKE)
            self.sample = self.store.sample(self.share)

    def view(self, case: Case) -> dict[str, Any]:
        """Return a field as the page wants it, without its value where it is keyed blind."""
        expected = self.lengths.get(case.field, 0)
        checked = {"checked": bool(self.forms)}
        if self.hides(case):
            return views.blind(case, expected) | checked
        verdicts = self.store.verdicts(case.id)
        return views.field(case, expected, self.store.keyed(case.id), verdicts) | checked

    def complaint(self, case: Case, value: str) -> str:
        """Return what the form's definition holds against a value typed, empty for nothing."""
        name, values = self.store.page_values(case.sheet)
        if name not in self.forms:
            return ""
        others = {} if self.hides(case) else values | self.other_pages(case, self.forms[name])
        return complaint(self.forms[name], case.field, value, others)

    def other_pages(self, case: Case, form: FormDef) -> dict[str, str]:
        """Return the values on the other pages of a field's record, where a rule joins them."""
        layout = layout_of(form)
        if not any(case.field in parse_rule(rule).names for rule in layout.rules):
            return {}
        known = {form.name: layout}
        values: dict[str, str] = {}
        for record in records(self.store.leaves(known), known):
            pages = [(leaf.page_file, leaf.number) for leaf in record.leaves]
            if (case.page_file, case.page) in pages:
                for page in pages:
                    values |= self.store.page_values(self.store.find_page(*page) or 0)[1]
        return values

    def hides(self, case: Case) -> bool:
        """Tell whether nobody may see yet what the machine read in a field."""
        if case.decision is not None or self.store.keyed(case.id) is not None:
            return False
        if case.id in self.sample or not self.blind:
            return case.id in self.sample
        doubted = Verdict.WRONG in self.store.verdicts(case.id).values()
        return case.status is Status.REVIEW or doubted

    def hidden(self) -> frozenset[int]:
        """Return the fields of which no sheet or page may show what was read."""
        waiting = self.store.pending(self.sample)
        if self.blind:
            waiting = waiting.union(self.store.queue(Order.PAGE, Filter()), self.store.doubted())
        return waiting

    def keep_measured(self) -> None:
        """Store what the audit has found."""
        self.store.keep_measured(self.share, self.store.measured(self.sample))

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


def definitions(paths: str) -> dict[str, FormDef]:
    """Load the definitions that a job was read with, by name; those gone by now check nothing."""
    forms: dict[str, FormDef] = {}
    for path in filter(None, paths.split("\n")):
        with suppress(FormError):
            found = [load_form(file) for file in find_forms(Path(path))]
            forms |= {form.name: form for form in found}
    return forms


def desk_of(request: Request) -> Desk:
    """Return what the addresses share."""
    desk: Desk = request.app.state.desk
    return desk


def stale(desk: Desk, error: StaleError) -> Response:
    """Answer that a field is no longer as it was seen, and how it is now."""
    return JSONResponse({"message": STALE, "field": desk.view(error.case)}, 409)
