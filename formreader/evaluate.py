"""Compare a read job with the truth, or a recognizer with labelled digits; write the report.

`evaluate` rates a job folder, `evaluate_glyphs` the exported recognizer on single digits. Both
write report.html, which needs no other file, report.json with the same figures, and two
pictures, and return what is in report.json.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from formreader.classify import load_recognizer
from formreader.errors import OutputError, UsageError
from formreader.evaluate_digits import align, digit_rates
from formreader.evaluate_glyphs import rate_glyphs, read_digits
from formreader.evaluate_model import about_model, model_of_job
from formreader.evaluate_pictures import (
    Pictures,
    of_digits,
    of_fields,
    training_curves,
    write_pictures,
)
from formreader.evaluate_rates import field_rates, is_right
from formreader.evaluate_report import html_page
from formreader.evaluate_stress import Album
from formreader.evaluate_summary import summary
from formreader.evaluate_tables import read_job, read_truth
from formreader.evaluate_ties import Read, Tie, Truth, comparable, tie, tie_pages
from formreader.glyph_folder import is_glyph_folder

__all__ = ["evaluate", "evaluate_glyphs", "report_folder", "summary"]

LISTED = 200
"""Fields listed by name in report.json where many are missed; the count is always whole."""
WORST = 60
"""Misreads shown as pictures; keeps the page under two megabytes."""


def evaluate(
    job: Path, truth: Path, model: Path | None = None, out: Path | None = None
) -> dict[str, Any]:
    """Rate a job folder against a truth table; return the report that is also written.

    The report goes to `out`, by default into `job`; `model` (None: the bundled one) is
    described in it where it is the one that read the job. Raises `UsageError` where a table
    is missing or cannot be used and `OutputError` where the report cannot be written.
    `report["warnings"]` holds sentences for the user.
    """
    warnings: list[str] = []
    reads, pages = read_job(job)
    rows = read_truth(truth, warnings)
    known, absent = match_pages(rows, pages, warnings)
    read = [r for r in reads if r.status != "failed"]
    all_ties, extras = tie(known, read)
    refuse_strange_names(all_ties, read, truth)
    ties = [t for t in all_ties if "?" not in t.truth.value]
    readable = [t.truth for t in ties]
    failed = {(r.page, r.number) for r in reads if r.status == "failed"}
    report: dict[str, Any] = {
        "kind": "job",
        "job": job.resolve().name,
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
        "misread": len(misread_ties(ties)),
        "misreads": [misread(tied) for tied in misread_ties(ties)[:WORST]],
        **model_of_job(job, model),
        "warnings": warnings,
    }
    write_report(out or job, report, of_fields(job, report["misreads"]), model)
    return report


def evaluate_glyphs(
    npz: Path, model: Path | None = None, out: Path | None = None
) -> dict[str, Any]:
    """Rate an exported model (None: the bundled one) on x_test, y_test of an npz file.

    Images uint8 (N, H, W) of any size, bright on black or dark on white; or a folder of
    pictures by class, of which `test` counts if there is one. The report is
    written to `out`, by default a folder NAME-report where the program was started. Raises
    `UsageError` where the file does not hold digits, `ModelError` where the model cannot be
    used and `OutputError` where the report cannot be written.
    """
    dark, labels, warnings = read_digits(npz)
    recognizer = load_recognizer(model)
    album: Album = {}
    figures = rate_glyphs(dark, labels, recognizer, album)
    report = {
        "data": npz.resolve().name,
        **figures,
        "model": about_model(recognizer),
        "warnings": warnings,
    }
    write_report(report_folder(npz, out), report, of_digits(album), model)
    return report


def report_folder(measured: Path, out: Path | None) -> Path:
    """Say where a report goes: into the job, or beside where the program was started."""
    if out is not None:
        return out
    if measured.suffix.lower() == ".npz":
        return Path(f"{measured.stem}-report")
    return Path(f"{measured.resolve().name}-report") if is_glyph_folder(measured) else measured


def write_report(
    folder: Path, report: dict[str, Any], pictures: Pictures, model: Path | None
) -> None:
    """Write the report's four files into a folder, made if it is missing."""
    text = json.dumps(report, indent=1, ensure_ascii=False)
    page = html_page(report, {**pictures, **training_curves(model)})
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_pictures(folder, report, pictures)
        (folder / "report.html").write_text(page, encoding="utf-8")
        (folder / "report.json").write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        reason = error.strerror or error
        raise OutputError(f"The report could not be written into {folder}: {reason}.") from error


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


def misread_ties(ties: list[Tie]) -> list[Tie]:
    """Return the wrong readings, those that do most harm first: the accepted, then the surest."""
    wrong = [t for t in ties if t.read is not None and t.read.value and not is_right(t)]
    wrong.sort(key=lambda t: (t.read.status != "accepted", -t.read.confidence) if t.read else (1,))
    return wrong


def misread(tied: Tie) -> dict[str, Any]:
    """Describe a wrong reading: what was read, the next best value, the digits that are wrong."""
    read = tied.read
    assert read is not None
    second, chance = next(iter(read.alternatives), ("", 0.0))
    return {
        "page_file": tied.truth.page,
        "page": tied.truth.number,
        "field": tied.truth.field,
        "truth": tied.truth.value,
        "value": read.value,
        "confidence": read.confidence,
        "second": second,
        "second_confidence": chance,
        "status": read.status,
        "reasons": list(read.reasons),
        "wrong_digits": wrong_digits(tied),
        "picture": read.snippet,
    }


def wrong_digits(tied: Tie) -> list[dict[str, Any]]:
    """List the digits read wrong with their second choice, where the characters are known."""
    assert tied.read is not None
    truth, value = comparable(tied.truth.value, tied.read.value)
    chars = [c for c in tied.read.characters if c.text and c.text in value]
    if "".join(c.text for c in chars) != value:
        return []
    pairs = [(true, read) for true, read in align(truth, value) if read]
    return [
        {
            "position": place,
            "truth": true,
            "read": read,
            "confidence": char.confidence,
            "second": char.second,
            "second_confidence": char.second_confidence,
        }
        for place, ((true, read), char) in enumerate(zip(pairs, chars, strict=True), 1)
        if true != read
    ]


def refuse_strange_names(ties: Sequence[Tie], reads: Sequence[Read], truth: Path) -> None:
    """Raise UsageError where the truth names its fields as no reading of the job is called."""
    if not reads or any(t.read or t.truth.rect for t in ties):
        return
    raise UsageError(
        f"No field of {truth.name} is in this job (the truth says for example "
        f"'{ties[0].truth.field}', the job '{reads[0].field}'). Take the names from the column "
        "field of readings.csv, or put a boxes.csv with the places of the fields beside the truth."
    )


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
