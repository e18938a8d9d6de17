"""Compare a read job with the truth: rates with counts, curve, confusion, worst misreads.

`evaluate` rates a job folder and writes report.json, report.html and two pictures into it;
`evaluate_glyphs` rates the exported recognizer on single digits.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from formreader.document import Rect
from formreader.errors import OutputError, UsageError
from formreader.evaluate_glyphs import evaluate_glyphs
from formreader.evaluate_plots import write_pictures
from formreader.evaluate_rates import digit_rates, field_rates, is_right
from formreader.evaluate_report import summary, write_html
from formreader.evaluate_ties import Read, Tie, Truth, tie, tie_pages
from formreader.export import as_written

__all__ = ["evaluate", "evaluate_glyphs", "summary"]

LISTED = 200
"""Fields listed by name in report.json where many are missed; the count is always whole."""
WORST = 50
"""Misreads shown as pictures."""


def evaluate(job: Path, truth: Path) -> dict[str, Any]:
    """Rate a job folder against a truth table; return the report that is also written.

    Writes report.json, report.html, confusion.png and worst.png into `job`. Raises
    `UsageError` where a table is missing or cannot be used and `OutputError` where the
    report cannot be written. `report["warnings"]` holds sentences for the user.
    """
    warnings: list[str] = []
    reads, pages = read_job(job)
    rows = read_truth(truth, warnings)
    known, absent = match_pages(rows, pages, warnings)
    all_ties, extras = tie(known, [r for r in reads if r.status != "failed"])
    ties = [t for t in all_ties if "?" not in t.truth.value]
    readable = [t.truth for t in ties]
    failed = {(r.page, r.number) for r in reads if r.status == "failed"}
    report: dict[str, Any] = {
        "kind": "job",
        "job": job.name,
        "truth": truth.name,
        "counts": {
            "truth_rows": len(rows),
            "not_in_job": absent,
            "unreadable_in_truth": len(known) - len(readable),
            "fields": len(readable),
            "non_blank": sum(bool(row.value) for row in readable),
            "blank": sum(not row.value for row in readable),
            "pages": len({(row.page, row.number) for row in readable}),
            "on_failed_pages": sum((row.page, row.number) in failed for row in readable),
        },
        **field_rates(ties, extras),
        "digits": digit_rates(ties),
        "not_found": [not_found(t) for t in ties if t.read is None and t.truth.value][:LISTED],
        "misreads": worst_misreads(ties),
        "warnings": warnings,
    }
    write_report(job, report)
    return report


def write_report(job: Path, report: dict[str, Any]) -> None:
    """Write the report's four files into the job folder."""
    try:
        write_pictures(job, report)
        write_html(job, report)
        text = json.dumps(report, indent=1, ensure_ascii=False)
        (job / "report.json").write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        reason = error.strerror or error
        raise OutputError(f"The report could not be written into {job}: {reason}.") from error


def not_found(tied: Tie) -> dict[str, Any]:
    """List a true field that no single reading answers."""
    truth = tied.truth
    return {
        "page_file": truth.page,
        "page": truth.number,
        "field": truth.field,
        "truth": truth.value,
        "why": tied.trouble,
    }


def worst_misreads(ties: list[Tie]) -> list[dict[str, Any]]:
    """List the wrong readings that do most harm: accepted before rejected, surest first."""
    wrong = [t for t in ties if t.read is not None and t.read.value and not is_right(t)]
    wrong.sort(key=lambda t: (t.read.status != "accepted", -t.read.confidence) if t.read else (1,))
    return [
        {
            "page_file": t.truth.page,
            "page": t.truth.number,
            "field": t.truth.field,
            "truth": t.truth.value,
            "value": t.read.value,
            "confidence": t.read.confidence,
            "status": t.read.status,
            "snippet": t.read.snippet,
        }
        for t in wrong[:WORST]
        if t.read is not None
    ]


def match_pages(
    rows: list[Truth], pages: set[tuple[str, int]], warnings: list[str]
) -> tuple[list[Truth], int]:
    """Give each truth row its page's name in the job; drop and count those without one."""
    names = tie_pages((row.page for row in rows), (name for name, _ in pages))
    known = []
    lost: Counter[str] = Counter()
    for row in rows:
        name = names.get(row.page, "")
        if (name, row.number) in pages:
            known.append(Truth(name, row.number, row.field, row.value, row.rect))
        else:
            lost[row.page if not name else f"{row.page} page {row.number}"] += 1
    if rows and not known:
        raise UsageError(
            f"No page named in the truth is in this job (the truth says for example "
            f"'{rows[0].page}', the job '{min(pages)[0] if pages else 'nothing'}'). "
            "Page names must be relative to the folder that was read."
        )
    if lost:
        first = ", ".join(list(lost)[:3]) + (", …" if len(lost) > 3 else "")
        warnings.append(
            f"{len(lost)} pages of the truth are not in this job and were left out, "
            f"{lost.total()} fields in all: {first}"
        )
    return known, lost.total()


