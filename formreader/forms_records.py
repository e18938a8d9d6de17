"""Find which pages of a pile make one record, where a form has several pages."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from formreader.forms import FormDef, find_forms, load_form


@dataclass(frozen=True, slots=True)
class Layout:
    """What a form of several pages tells about its records.

    `pages` are the numbers of the pages that hold fields and `page_of` the page of each field;
    `rules` are those that join several pages, and `orders` tells how dates are written.
    """

    pages: tuple[int, ...]
    page_of: Mapping[str, int]
    across_files: bool
    rules: tuple[str, ...]
    orders: Mapping[str, str]


@dataclass(slots=True)
class Leaf:
    """One page of the pile: its form, which page of it (0 unknown) and, to export, its cells."""

    page_file: str
    number: int
    failure: str
    form: str
    part: int = 0
    cells: dict[str, str] = field(default_factory=dict)
    waiting: bool = False


@dataclass(slots=True)
class Record:
    """The pages of one filled form, in order, and what is wrong with them.

    `between` are pages that could not be read and lie between the others, `after` behind them.
    """

    leaves: list[Leaf]
    remarks: list[str] = field(default_factory=list)
    between: list[Leaf] = field(default_factory=list)
    after: list[Leaf] = field(default_factory=list)


def layouts(definitions: Iterable[Path]) -> dict[str, Layout]:
    """Return the layout of every form of several pages, by its name; raises FormError."""
    forms = [load_form(path) for given in definitions for path in find_forms(given)]
    return {form.name: found for form in forms if len((found := layout_of(form)).pages) > 1}


def layout_of(form: FormDef) -> Layout:
    """Return what a definition says about records."""
    page_of = {field.name: field.page for field in form.fields}
    rules = [rule for rule in form.parsed_rules() if len({page_of[n] for n in rule.names}) > 1]
    return Layout(
        pages=tuple(sorted(set(page_of.values()))),
        page_of=page_of,
        across_files=form.across_files,
        rules=tuple(rule.text for rule in rules),
        orders=form.orders(),
    )


def to_text(found: Mapping[str, Layout]) -> str:
    """Write layouts as text that a job keeps; empty where there are none."""
    held = {
        name: [form.pages, form.page_of, form.across_files, form.rules, form.orders]
        for name, form in found.items()
    }
    return json.dumps(held) if held else ""


def from_text(text: str) -> dict[str, Layout]:
    """Read back what `to_text` wrote."""
    return {
        name: Layout(tuple(pages), page_of, across, tuple(rules), orders)
        for name, (pages, page_of, across, rules, orders) in json.loads(text or "{}").items()
    }


def in_order(names: Iterable[str], known: Mapping[str, Layout]) -> list[str]:
    """Sort fields by form and page, where these lie in files of their own."""
    place = {
        name: (form, page)
        for form, layout in enumerate(known.values())
        for name, page in layout.page_of.items()
    }
    return sorted(names, key=lambda name: place.get(name, (len(known), 0)))


def records(leaves: Iterable[Leaf], known: Mapping[str, Layout]) -> Iterator[Record]:
    """Join the pages of a pile, in its order, to records.

    A page joins those before it where it is a later page of the same form and file; any other
    begins a record. Pages of other forms, and pages that could not be read, are records of
    their own; the latter may lie between the pages of a record, which then says so. Where a page
    is missing, or one is there twice so that nobody can tell which belongs to the others, the
    records say so: whose pages they are is for a person to tell.
    """
    now: Record | None = None
    for leaf in leaves:
        layout = known.get(leaf.form)
        if now and not one_pile((now.leaves + now.after)[-1], leaf, now.leaves[0].form, known):
            yield from closed(now, known)
            now = None
        if now and leaf.failure:
            now.after.append(leaf)
            continue
        last = now.leaves[-1] if now else None
        if now and last and last.form == leaf.form and 0 < last.part < leaf.part:
            now.leaves.append(leaf)
            now.between += now.after
            now.after = []
            continue
        twice = bool(now and last and last.form == leaf.form and last.part == leaf.part)
        remark = [f"page {leaf.part} of the form is there twice in a row"] if twice else []
        if now:
            now.remarks += remark
            yield from closed(now, known)
        now = Record([leaf], remark)
        if layout is None or leaf.failure or not leaf.part:
            if layout and not leaf.failure:
                now.remarks.append("none of its fields was found, so its page is not known")
            yield now
            now = None
    if now:
        yield from closed(now, known)


def one_pile(last: Leaf, leaf: Leaf, form: str, known: Mapping[str, Layout]) -> bool:
    """Tell whether a page may belong to the record of the page before it, by where it lies.

    In a job that was interrupted, pages between them may not have been read yet.
    """
    if last.page_file == leaf.page_file:
        return leaf.number == last.number + 1
    beside = last.page_file.rpartition("/")[0] == leaf.page_file.rpartition("/")[0]
    return known[form].across_files and beside


def closed(record: Record, known: Mapping[str, Layout]) -> Iterator[Record]:
    """Yield a record with what is missing, and the pages after it that could not be read."""
    there = {leaf.part for leaf in record.leaves}
    form = record.leaves[0].form
    missing = [str(part) for part in known[form].pages if part not in there]
    if len(missing) == 1:
        record.remarks.append(f"page {missing[0]} of the form is missing")
    elif missing:
        last = missing.pop()
        record.remarks.append(f"pages {', '.join(missing)} and {last} of the form are missing")
    unread = record.between + (record.after if len(there) < len(known[form].pages) else [])
    for leaf in unread:
        record.remarks.append(f"page {leaf.number} of {leaf.page_file} could not be read")
    yield record
    yield from (Record([leaf]) for leaf in record.between + record.after)


def places(leaves: Sequence[Leaf]) -> str:
    """Say where the pages of a record lie: page numbers, with the file where there are several."""
    if len({leaf.page_file for leaf in leaves}) == 1:
        return "; ".join(str(leaf.number) for leaf in leaves)
    return "; ".join(f"{leaf.page_file} {leaf.number}" for leaf in leaves)
