"""The records of cheques: one row per cheque, also where a page shows several."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from formreader.cheque_values import minor_units
from formreader.document import Status
from formreader.store_schema import Field

PLACE = ("page_file", "page", "cheque", "status")
AMOUNT, MINOR, WORDS = "amount", "amount_minor", "amount_words"
DOUBT = "?"
Row = Sequence[str | int]


def records(
    pages: Iterable[tuple[str, int, str]],
    fields: Iterable[Field],
    final: Callable[[Field], str],
    score: Callable[[float], str],
) -> tuple[tuple[str, ...], Iterator[Row]]:
    """Return columns and rows: each field with its confidence, the amount in minor units, too.

    `final` says what a field is in the end and `score` writes a confidence. The picture of
    the amount in words has no column: nothing is read there.
    """
    found: dict[tuple[str, int], dict[str, dict[str, Field]]] = {}
    names: dict[str, None] = {}
    for field in fields:
        cheques = found.setdefault((field.page_file, field.page), {})
        if field.id is None:
            continue
        number, _, name = field.field.rpartition("/")
        cheques.setdefault(number or "1", {})[name] = field
        if name != WORDS:
            names.setdefault(name)
    columns = [*PLACE]
    for name in names:
        columns += [name, *((MINOR,) if name == AMOUNT else ()), f"{name}_confidence"]

    def rows() -> Iterator[Row]:
        for page_file, page, failure in pages:
            if failure:
                blank = [""] * (len(columns) - len(PLACE))
                yield (page_file, page, "", str(Status.FAILED), *blank)
            for number, own in found.get((page_file, page), {}).items():
                cells = [cell for name in names for cell in cells_of(name, own.get(name))]
                yield (page_file, page, int(number), str(status_of(own)), *cells)

    def cells_of(name: str, field: Field | None) -> list[str]:
        value = final(field) if field else ""
        chance = score(field.confidence) if field and field.meaning is None else ""
        return [value, *((minor(value),) if name == AMOUNT else ()), chance]

    return tuple(columns), rows()


def minor(amount: str) -> str:
    """Return an amount in hundredths, in doubt where the amount is."""
    units = minor_units(amount.removesuffix(DOUBT))
    return units + DOUBT if units and amount.endswith(DOUBT) else units


def status_of(fields: dict[str, Field]) -> Status:
    """Return whether a person must still look at a cheque."""
    open_ = [f for name, f in fields.items() if name != WORDS and f.meaning is None]
    waiting = any(field.status is Status.REVIEW for field in open_)
    return Status.REVIEW if waiting else Status.ACCEPTED
