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

TRUTH_COLUMNS = ("page", "field", "value")
BOX_COLUMNS = ("page", "field", "x1", "y1", "x2", "y2")
READING_COLUMNS = (
    *("page_file", "page", "field", "value", "confidence", "status", "reasons", "snippet"),
    *("x", "y", "width", "height"),
)
CHARACTER_COLUMNS = ("page_file", "page", "field", "position", "character", "confidence")
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


def read_table(path: Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    """Read a CSV file as rows of text, leading zeros kept; comma or semicolon, with or without BOM.

    The mark that keeps a spreadsheet from running a cell as a formula is taken off.

    Raises `UsageError` where it is missing, is no table or lacks a column.
    """
    import pandas as pd

    if not path.is_file():
        raise UsageError(f"There is no file {path}.")
    try:
        with path.open(encoding="utf-8-sig") as file:
            head = file.readline()
        mark = ";" if head.count(";") > head.count(",") else ","
        table = pd.read_csv(path, sep=mark, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path.name} is not UTF-8 text; save it as 'CSV UTF-8'.") from error
    except pd.errors.EmptyDataError as error:
        raise UsageError(f"{path.name} is empty.") from error
    except pd.errors.ParserError as error:
        raise UsageError(f"{path.name} is not a table: {error}.") from error
    table.columns = table.columns.str.strip()
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise UsageError(
            f"{path.name} has no column {', '.join(missing)}; its first line must name "
            f"at least {', '.join(columns)}."
        )
    rows: list[dict[str, str]] = table.fillna("").map(as_written).to_dict("records")
    return rows


def whole(text: str, path: Path, line: int, column: str) -> int:
    """Return a table cell as a whole number; raise `UsageError` that names the line."""
    try:
        return round(float(text))
    except (ValueError, OverflowError):
        raise UsageError(
            f"{path.name}, line {line}: column {column} holds '{text}', not a number."
        ) from None


def share(text: str, path: Path, line: int) -> float:
    """Return a confidence as a number in 0…1, 0 where there is none."""
    try:
        return min(1.0, max(0.0, float(text or 0)))
    except ValueError:
        raise UsageError(
            f"{path.name}, line {line}: column confidence holds '{text}', not a number."
        ) from None


def clean_page(text: str) -> str:
    """Return a page's path with forward slashes and no leading ./ ."""
    return text.strip().replace("\\", "/").removeprefix("./")


def read_truth(path: Path, warnings: list[str]) -> list[Truth]:
    """Read TRUTH.csv and the boxes.csv beside it, if any."""
    table = read_table(path, TRUTH_COLUMNS)
    boxes = read_boxes(path.with_name("boxes.csv"), warnings)
    rows: dict[tuple[str, int, str], Truth] = {}
    for line, row in enumerate(table, 2):
        number = whole(row.get("page_number") or "1", path, line, "page_number")
        key = (clean_page(row["page"]), number, row["field"].strip())
        if not key[0]:
            raise UsageError(f"{path.name}, line {line}: the column page is empty.")
        if key in rows:
            raise UsageError(
                f"{path.name}, line {line}: field '{key[2]}' of {key[0]} page {number} is there "
                "twice; remove one of the two lines."
            )
        rows[key] = Truth(*key, row["value"].strip(), boxes.pop(key, None))
    if not rows:
        raise UsageError(f"{path.name} holds no rows, so there is nothing to compare with.")
    if boxes:
        warnings.append(f"{len(boxes)} rows of boxes.csv belong to no row of {path.name}.")
    return list(rows.values())


def read_boxes(path: Path, warnings: list[str]) -> dict[tuple[str, int, str], Rect]:
    """Read the places of true fields; a boxes.csv of another make is left alone."""
    if not path.is_file():
        return {}
    try:
        table = read_table(path, BOX_COLUMNS)
    except UsageError as error:
        warnings.append(f"{error} It was not used; fields are tied by name.")
        return {}
    boxes = {}
    for line, row in enumerate(table, 2):
        number = whole(row.get("page_number") or "1", path, line, "page_number")
        x1, y1, x2, y2 = (whole(row[c], path, line, c) for c in ("x1", "y1", "x2", "y2"))
        key = (clean_page(row["page"]), number, row["field"].strip())
        if x2 <= x1 or y2 <= y1:
            raise UsageError(f"{path.name}, line {line}: the box has no area.")
        if key in boxes:
            raise UsageError(f"{path.name}, line {line}: field '{key[2]}' is there twice.")
        boxes[key] = Rect(x1, y1, x2 - x1, y2 - y1)
    return boxes


def read_job(job: Path) -> tuple[list[Read], set[tuple[str, int]]]:
    """Read a job folder's tables; return its readings and every page it holds.

    Pages without a single field have no reading, so records.csv is asked for them too.
    """
    path = job / "readings.csv"
    if not path.is_file():
        raise UsageError(f"{job} is not a finished job: it holds no readings.csv. Read it first.")
    table = read_table(path, READING_COLUMNS)
    characters = read_characters(job / "characters.csv")
    reads = []
    for line, row in enumerate(table, 2):
        place = [whole(row[c] or "0", path, line, c) for c in ("x", "y", "width", "height")]
        number = whole(row["page"] or "1", path, line, "page")
        key = (clean_page(row["page_file"]), number, row["field"])
        reads.append(
            Read(
                *key,
                value=row["value"],
                confidence=share(row["confidence"], path, line),
                status=row["status"],
                reasons=tuple(r.strip() for r in row["reasons"].split(";") if r.strip()),
                snippet=row["snippet"],
                rect=Rect(*place),
                characters=tuple(characters.get(key, ())),
            )
        )
    pages = {(r.page, r.number) for r in reads}
    records = job / "records.csv"
    if records.is_file():
        for line, row in enumerate(read_table(records, ("page_file",)), 2):
            number = whole(row.get("page") or "1", records, line, "page")
            pages.add((clean_page(row["page_file"]), number))
    return reads, pages


def read_characters(path: Path) -> dict[tuple[str, int, str], list[tuple[str, float]]]:
    """Read characters.csv, if there is one, as (text, confidence) by field, left to right."""
    found: dict[tuple[str, int, str], list[tuple[int, str, float]]] = {}
    if not path.is_file():
        return {}
    table = read_table(path, CHARACTER_COLUMNS)
    for line, row in enumerate(table, 2):
        number = whole(row["page"] or "1", path, line, "page")
        key = (clean_page(row["page_file"]), number, row["field"])
        place = whole(row["position"], path, line, "position")
        confidence = share(row["confidence"], path, line)
        found.setdefault(key, []).append((place, row["character"], confidence))
    return {key: [(c, p) for _, c, p in sorted(rows)] for key, rows in found.items()}
