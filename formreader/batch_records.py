"""Hold the rules that join several pages of a form, once all pages of a record are read."""

from __future__ import annotations

from formreader.document import Reading
from formreader.forms_agreement import check_rules
from formreader.forms_records import Layout, Leaf, from_text, records
from formreader.forms_rules import parse_rule
from formreader.store import Store


def check_records(store: Store) -> None:
    """Send the fields of rules that do not hold across the pages of a record to review.

    Asked again, it changes nothing more.
    """
    known = from_text(store.settings().get("records", ""))
    if not any(layout.rules for layout in known.values()):
        return
    for record in list(records(store.leaves(known), known)):
        layout = known.get(record.leaves[0].form)
        if layout and layout.rules and len(record.leaves) > 1:
            check_record(store, record.leaves, layout)


def check_record(store: Store, leaves: list[Leaf], layout: Layout) -> None:
    """Hold the rules of one record against its readings."""
    rules = [parse_rule(text) for text in layout.rules]
    asked = frozenset(name for rule in rules for name in rule.names)
    read: dict[str, tuple[Leaf, Reading]] = {
        reading.field: (leaf, reading)
        for leaf in leaves
        for reading in store.result(leaf.page_file, leaf.number, asked).readings
    }
    checked = check_rules([reading for _, reading in read.values()], rules, layout.orders)
    for leaf in leaves:
        changed = [r for r in checked if read[r.field][0] is leaf and read[r.field][1] != r]
        if changed:
            store.revise(leaf.page_file, leaf.number, changed)
