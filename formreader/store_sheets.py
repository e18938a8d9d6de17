"""What can be asked of a job's database about whole pages, to draw fields over a scan."""

from __future__ import annotations

from dataclasses import dataclass, replace

from formreader.document import Rect, Status
from formreader.store_rows import Rows
from formreader.store_schema import Meaning, sentences

PLACE = "SELECT p.id FROM pages p JOIN files f ON f.id = p.file"


@dataclass(frozen=True, slots=True)
class Spot:
    """A field on its page: what it says in the end, and who says so."""

    id: int
    field: str
    value: str
    status: Status
    rect: Rect
    meaning: Meaning | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page with its fields, and the pages before and after it, None at the ends."""

    id: int
    page_file: str
    number: int
    failure: str
    spots: tuple[Spot, ...]
    before: int | None
    after: int | None

    def without(self, hidden: frozenset[int]) -> Sheet:
        """Return the page with the values of some readings left out."""
        spots = (replace(spot, value="") if spot.id in hidden else spot for spot in self.spots)
        return replace(self, spots=tuple(spots))


class SheetRows(Rows):
    """The questions about pages."""

    def sheet(self, page: int) -> Sheet | None:
        """Return a page by its id, None where there is none."""
        with sentences(self.folder):
            row = self._db.execute(
                "SELECT f.path, f.position, p.number, p.failure FROM pages p "
                "JOIN files f ON f.id = p.file WHERE p.id = ?",
                (page,),
            ).fetchone()
            if row is None:
                return None
            name, position, number, failure = row
            before, after = (
                self._db.execute(
                    f"{PLACE} WHERE (f.position, p.number) {side} (?, ?) "
                    f"ORDER BY f.position {order}, p.number {order} LIMIT 1",
                    (position, number),
                ).fetchone()
                for side, order in (("<", "DESC"), (">", "ASC"))
            )
            spots = tuple(
                Spot(
                    id=id_,
                    field=field,
                    value=value if meaning is None else said,
                    status=Status(status),
                    rect=Rect(*rect),
                    meaning=Meaning(meaning) if meaning else None,
                )
                for id_, field, value, status, *rect, meaning, said in self._db.execute(
                    "SELECT r.id, r.field, r.value, r.status, r.x, r.y, r.width, r.height, "
                    "c.meaning, c.person_value FROM readings r "
                    "LEFT JOIN corrections c ON c.reading = r.id WHERE r.page = ? "
                    "ORDER BY r.position",
                    (page,),
                )
            )
        return Sheet(page, name, number, failure, spots, before and before[0], after and after[0])

    def find_page(self, file: str, number: int) -> int | None:
        """Return a page of a file, or the first page from there on; "" means the first file."""
        with sentences(self.folder):
            row = self._db.execute(
                f"{PLACE} WHERE (? = '' OR f.path = ?) AND p.number >= ? "
                "ORDER BY f.position, p.number LIMIT 1",
                (file, file, number),
            ).fetchone()
        return row and int(row[0])
