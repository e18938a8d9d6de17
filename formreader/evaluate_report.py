"""Write a report as a self-contained HTML page and as a screenful of text."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from string import Template
from typing import Any

from formreader.evaluate_plots import curve_svg, matrix_svg, open_snippet

SNIPPET_PX = (460, 90)
"""Largest width and height of an embedded snippet; keeps fifty of them under a megabyte."""
REASONS_SHOWN = 6
"""Reasons printed in the summary, so that it stays a screenful; report.json has them all."""

PAGE = Template(
    """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Report on $job</title><style>
body{font:15px/1.45 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#222}
h2{margin-top:2rem;font-size:1.1rem}table{border-collapse:collapse}
td,th{padding:.2rem .7rem;border-bottom:1px solid #ddd;text-align:left}
td.n{text-align:right;font-variant-numeric:tabular-nums}.bad{color:#b00000}
svg text{font:12px system-ui,sans-serif}svg .m{text-anchor:middle}svg .e{text-anchor:end}
img{max-height:90px;border:1px solid #ddd}.w{background:#fff4d6;padding:.4rem .8rem}
</style></head><body>
<h1>Report on $job</h1><p>$intro</p>$warnings
<h2>Rates, with their counts</h2>$rates
<h2>Error-reject curve</h2>
<p>Every threshold on confidence: how much is read without a person, and how much of that is
wrong. The thresholds below were chosen afterwards on these same pages, so they flatter.</p>
$curve$read_at
<h2>Why fields were sent to a person</h2>$reasons
<h2>Digits, aligned with the truth</h2>$digits$matrix
<h2>Worst misreads</h2>$misreads
<h2>Fields that no single reading answers</h2>$lost
</body></html>
"""
)

RATES = (
    ("read", "Read rate: accepted of the fields with something written"),
    ("reject", "Reject rate: sent to a person"),
    ("substitution", "Substitution rate: accepted and wrong, of the accepted"),
    ("substitution_with_extras", "The same, with accepted readings that no truth claims"),
    ("accuracy_nothing_rejected", "Right, if nothing were rejected"),
    ("found", "Fields found"),
    ("numbers_called_blank", "Numbers called blank"),
    ("blanks_read_as_numbers", "Blank fields read as numbers"),
    ("blanks_accepted_as_numbers", "Blank fields read as numbers and accepted"),
)


def in_words(entry: dict[str, Any]) -> str:
    """Return a rate with its counts, and its interval where it has one."""
    share = "none" if entry["rate"] is None else f"{entry['rate']:.2%}"
    text = f"{share} ({entry['count']} of {entry['of']})"
    if "low" in entry and entry["of"]:
        text += f", 95 % interval {entry['low']:.2%} to {entry['high']:.2%}"
    return text


def summary(report: dict[str, Any]) -> str:
    """Return the report as a screenful of text, every rate with its counts."""
    if report["kind"] == "glyphs":
        return glyph_summary(report)
    counts = report["counts"]
    lines = [
        f"{counts['fields']} fields on {counts['pages']} pages: {counts['non_blank']} written, "
        f"{counts['blank']} blank"
    ]
    for name, title in (
        ("not_in_job", "on pages that are not in this job, left out"),
        ("unreadable_in_truth", "marked ? in the truth, left out"),
        ("on_failed_pages", "on pages that could not be read, counted as not found"),
    ):
        if counts[name]:
            lines.append(f"  {counts[name]} fields {title}")
    lines.append("")
    lines += [f"{title:<60} {in_words(report[name])}" for name, title in RATES]
    lines.append(
        f"{'Readings that no truth claims':<60} {report['extra_readings']}, "
        f"{report['extra_accepted']} of them accepted"
    )
    lines.append(
        f"{'Digits right, in the fields found':<60} {in_words(report['digits']['accuracy'])}"
    )
    lines += read_at_lines(report)
    reasons = list(report["by_reason"].items())[:REASONS_SHOWN]
    if reasons:
        lines += ["", "Sent to a person because of"]
        lines += [f"  {r['fields']:>5} {name} ({r['wrong']} truly wrong)" for name, r in reasons]
    return "\n".join(lines)


def read_at_lines(report: dict[str, Any]) -> list[str]:
    """Return the curve read off at its levels, one line each."""
    lines = ["", "Threshold chosen afterwards:"]
    for row in report["read_at"]:
        title = f"  Read rate at {row['substitution_at_most']:.1%} wrong"
        lines.append(f"{title:<60} {in_words(row)}")
    return lines


def glyph_summary(report: dict[str, Any]) -> str:
    """Return the report on single digits as text."""
    calibration = report["calibration"]
    lines = [
        f"{report['accuracy']['of']} digits",
        "",
        f"{'Accuracy':<60} {in_words(report['accuracy'])}",
        f"{'Errors':<60} {in_words(report['errors'])}",
        f"{'  of which called no digit':<60} {in_words(report['called_no_digit'])}",
        f"{'Accuracy among the ten digits':<60} {in_words(report['accuracy_among_digits'])}",
        f"{'Calibration error (ECE)':<60} {calibration['ece']:.4f} (n = {calibration['count']})",
    ]
    return "\n".join(lines + read_at_lines(report))


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return an HTML table; every cell is escaped unless it is an <img> of our own."""
    if not rows:
        return "<p>none</p>"
    cells = [
        "".join(f"<td>{cell if isinstance(cell, Picture) else escape(cell)}</td>" for cell in row)
        for row in rows
    ]
    body = "".join(f"<tr>{row}</tr>" for row in cells)
    return f"<table><tr>{''.join(f'<th>{escape(h)}</th>' for h in head)}</tr>{body}</table>"


class Picture(str):
    """An <img> element made here, not to be escaped."""


def escape(value: object) -> str:
    """Escape a value for HTML."""
    return html.escape(str(value))


def embedded(job: Path, snippet: str) -> Picture:
    """Return a snippet as an <img> with the picture inside it; empty where there is none."""
    picture = open_snippet(job, snippet)
    if picture is None:
        return Picture("")
    picture.thumbnail(SNIPPET_PX)
    buffer = BytesIO()
    picture.convert("L").save(buffer, "PNG", optimize=True)
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    return Picture(f'<img alt="" src="data:image/png;base64,{data}">')


def write_html(job: Path, report: dict[str, Any]) -> None:
    """Write report.html, which needs no other file, into the job folder."""
    counts = report["counts"]
    misreads = [
        (
            embedded(job, m["snippet"]),
            m["truth"] or "(blank)",
            m["value"],
            f"{m['confidence']:.3f}",
            m["status"],
            f"{m['page_file']} page {m['page']}, {m['field']}",
        )
        for m in report["misreads"]
    ]
    lost = [
        (f"{r['page_file']} page {r['page']}", r["field"], r["truth"], r["why"])
        for r in report["not_found"]
    ]
    read_at = [
        (f"{r['substitution_at_most']:.1%}", in_words(r), r["threshold"]) for r in report["read_at"]
    ]
    page = PAGE.substitute(
        job=escape(report["job"]),
        intro=escape(
            f"{counts['fields']} fields on {counts['pages']} pages ({counts['non_blank']} written, "
            f"{counts['blank']} blank), compared with {report['truth']}. Left out: "
            f"{counts['not_in_job']} on pages not in this job, {counts['unreadable_in_truth']} "
            "unreadable even for the person who wrote the truth."
        ),
        warnings="".join(f'<p class="w">{escape(w)}</p>' for w in report["warnings"]),
        rates=table(("Rate", "Value"), [(title, in_words(report[n])) for n, title in RATES])
        + f"<p>{report['extra_readings']} readings are claimed by no truth, "
        f"{report['extra_accepted']} of them accepted.</p>",
        curve=curve_svg(report["curve"]),
        read_at=table(("Wrong at most", "Read rate", "Threshold"), read_at),
        reasons=table(
            ("Reason", "Fields", "Truly wrong"),
            [(name, r["fields"], r["wrong"]) for name, r in report["by_reason"].items()],
        ),
        digits=f"<p>Right: {escape(in_words(report['digits']['accuracy']))}; missing "
        f"{report['digits']['missing']}, extra {report['digits']['extra']}.</p>",
        matrix=matrix_svg(report["digits"]["confusion"]),
        misreads=table(("Field", "Truth", "Read", "Confidence", "Status", "Where"), misreads),
        lost=table(("Page", "Field", "Truth", "Why"), lost),
    )
    (job / "report.html").write_text(page, encoding="utf-8")
