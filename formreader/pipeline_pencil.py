"""Accept pale numbers on a page that is written in pale ink, as in pencil.

Much paler than the page's print are printed hints, what shows through from the back, and pencil.
Only with pencil do most pale numbers read surely and few dark ones stand on the page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from formreader.document import FieldImage, Reading, Reason, Status
from formreader.validate import DOUBT_LIMIT

FEWEST = 3
"""Pale numbers, doubted for nothing else, from which a page may be in pencil."""
SURE = 0.5
"""Share of them among what is pale and reads as anything."""
DARK = 0.5
"""Accepted numbers that are not pale, as a share of them, at most."""


def trusted_in_pencil(fields: Sequence[FieldImage], readings: Sequence[Reading]) -> list[Reading]:
    """Accept the sure readings of a page's pale fields if it is written in pencil."""
    both = list(zip(fields, readings, strict=True))
    pale = {r.field for f, r in both if f.pale is not None and f.pale <= DOUBT_LIMIT and r.text}
    sure = {r.field for r in readings if r.field in pale and r.reasons == (Reason.NOT_A_FIELD,)}
    dark = sum(r.status is Status.ACCEPTED for r in readings)
    if len(sure) < max(FEWEST, SURE * len(pale)) or dark > DARK * len(sure):
        return list(readings)
    return [
        replace(r, status=Status.ACCEPTED, reasons=()) if r.field in sure else r for r in readings
    ]
