"""Write a report as one HTML page that needs no other file, for a job or for single digits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from string import Template
from typing import Any

from formreader.evaluate_digits import without_empty
from formreader.evaluate_html import Safe, escape, figure, join, rate_rows, section, table, tile
from formreader.evaluate_pictures import Pictures
from formreader.evaluate_plots import curve_svg, matrix_svg, reliability_svg
from formreader.evaluate_sections import degradations, gallery, junk, model_section, per_digit
from formreader.evaluate_summary import (
    GLYPH_RATES,
    RATES,
    at_threshold,
    counts_of,
    in_words,
    percent,
)

STYLE = Path(__file__).with_name("evaluate_report.css")

PAGE = Template(
    """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title><style>
$style</style></head><body>
<header><h1>$title</h1><p class="lead">$intro</p>$warnings
<div class="tiles">$tiles</div><nav aria-label="Sections">$links</nav></header>
<main>$sections</main>
<footer>Every rate stands with its counts. Intervals are exact binomial ones at 95 % (Clopper and
Pearson) and take the readings as independent of each other; those of one writer are not quite.
The same figures are in report.json.</footer>
</body></html>
"""
)

Section = tuple[str, str, Safe]
"""Anchor, title and content of a section."""


def html_page(report: dict[str, Any], pictures: Pictures) -> str:
    """Return a report as HTML, with all pictures inside."""
    is_job = report["kind"] == "job"
    sections = (job_sections if is_job else glyph_sections)(report, pictures)
    if report["model"]:
        sections.append(("model", "The model", model_section(report["model"], pictures)))
    shown = [part for part in sections if part[2]]
    return PAGE.substitute(
        title=escape(f"Report on {report['job'] if is_job else report['data']}"),
        style=STYLE.read_text(encoding="utf-8"),
        intro=escape(job_intro(report) if is_job else glyph_intro(report)),
        warnings=join(Safe(f'<p class="warning">{escape(w)}</p>') for w in report["warnings"]),
        tiles=join(job_tiles(report) if is_job else glyph_tiles(report)),
        links=join(Safe(f'<a href="#{name}">{escape(title)}</a>') for name, title, _ in shown),
        sections=join(section(*part) for part in shown),
    )


def job_intro(report: dict[str, Any]) -> str:
    """Say what was compared with what, and what was left out."""
    counts = report["counts"]
    said = (
        f"{counts['fields']:,} fields on {counts['pages']:,} pages ({counts['non_blank']:,} "
        f"written, {counts['blank']:,} blank), compared with {report['truth']}."
    )
    for name, words in (
        ("not_in_job", "on pages that are not in this job, left out"),
        ("unreadable_in_truth", "unreadable even for the person who wrote the truth, left out"),
        ("on_failed_pages", "on pages that could not be read, counted as not found"),
    ):
        if counts[name]:
            said += f" {counts[name]:,} {words}."
    told = report["read_with"]
    if told:
        said += f" Read as {told['form']} with {told['model']}, --max-error {told['max_error']}."
    return said


def glyph_intro(report: dict[str, Any]) -> str:
    """Say what was read by what."""
    return (
        f"{report['accuracy']['of']:,} labelled digits, read one by one with "
        f"{report['model']['name']}. To be accepted, here, means {at_threshold(report)}."
    )


def job_tiles(report: dict[str, Any]) -> list[Safe]:
    """Return the figures that matter most, for a job."""
    return [
        tile("Read without a person", report["read"]),
        tile("Wrong, of those", report["substitution"], is_bad=True),
        tile("Right, if nothing were rejected", report["accuracy_nothing_rejected"]),
        tile("Digits right, in fields found", report["digits"]["accuracy"]),
    ]


def glyph_tiles(report: dict[str, Any]) -> list[Safe]:
    """Return the figures that matter most, for single digits."""
    return [
        tile("Right; called no digit counts as wrong", report["accuracy"]),
        tile("Accepted and wrong", report["accepted_wrong"], is_bad=True),
        tile("No digit, passes as one: kinds not in training", report["not_digits_unseen"], True),
        tile("The same, kinds in training", report["not_digits_learned"], True),
    ]


def job_sections(report: dict[str, Any], pictures: Pictures) -> list[Section]:
    """Return the sections on a job."""
    digits = report["digits"]
    extras = escape(
        f"{report['extra_readings']:,} readings are claimed by no truth, "
        f"{report['extra_accepted']:,} of them accepted."
    )
    reasons = [(name, r["fields"], r["wrong"]) for name, r in report["by_reason"].items()]
    lost = [
        (f"{r['page_file']} page {r['page']}", r["field"], r["truth"], r["why"])
        for r in report["not_found"]
    ]
    read, wrong = report["read"]["rate"], report["substitution"]["rate"]
    marks = [] if wrong is None or read is None else [("as read", read, wrong)]
    both = [("fields", report["calibration"]), ("digits", digits["calibration"])]
    lost_table = table(("Page", "Field", "Truth", "Why"), lost)
    return [
        ("rates", "Rates", rate_rows(RATES, report) + Safe(f"<p>{extras}</p>")),
        ("curve", "Error-reject curve", curve_section(report, marks)),
        ("confidence", "Does the confidence keep its word?", confidence_section(both)),
        ("reasons", "Why fields went to a person", reason_table(reasons)),
        ("misreads", "Worst misreads", gallery(report, pictures)),
        ("digits", "Digit by digit", digit_section(digits)),
        ("lost", "Fields that no single reading answers", lost_table if lost else Safe("")),
    ]


def reason_table(reasons: Sequence[tuple[str, int, int]]) -> Safe:
    """Say why fields went to a person and how often that was needed."""
    head = ("Reason", "Fields", "Of these truly wrong")
    return Safe(
        "<p>A field may have several reasons. Where few are truly wrong, the rule is strict.</p>"
    ) + table(head, reasons, numbers=(1, 2))


def glyph_sections(report: dict[str, Any], pictures: Pictures) -> list[Section]:
    """Return the sections on single digits."""
    read, wrong = 1 - (report["rejected"]["rate"] or 0), report["accepted_wrong"]["rate"] or 0
    return [
        ("rates", "Rates", rate_rows(GLYPH_RATES, report)),
        ("curve", "Error-reject curve", curve_section(report, [("threshold", read, wrong)])),
        (
            "confidence",
            "Does the confidence keep its word?",
            confidence_section([("digits", report["calibration"])]),
        ),
        ("misreads", "Worst misreads", gallery(report, pictures)),
        ("digits", "Digit by digit", digit_section(report)),
        ("degradations", "Spoiled digits", degradations(report, pictures)),
        ("no-digit", "Ink that is no digit", junk(report, pictures)),
    ]


def curve_section(report: dict[str, Any], marks: list[tuple[str, float, float]]) -> Safe:
    """Draw the curve, and read it off at its levels."""
    rows = []
    for row in report["read_at"]:
        level, threshold = row["substitution_at_most"], row["threshold"]
        if row["count"]:
            marks = [*marks, (f"{100 * level:g} %", row["rate"], row["wrong"] / row["count"])]
        chosen = "none does" if threshold is None else f"{threshold:.4f}"
        rows.append(
            (f"{100 * level:g} %", percent(row["rate"]), counts_of(row), row["wrong"], chosen)
        )
    head = ("Wrong at most", "Read rate", "Count", "Wrong", "Confidence from")
    if not report["curve"]:
        return Safe("<p>Nothing was read, so there is no curve.</p>")
    return (
        Safe(
            "<p>Every threshold on the confidence: how much is read without a person, and how "
            "much of that is wrong. Lower and further right is better.</p>"
        )
        + figure(curve_svg(report["curve"], marks))
        + Safe(
            "<p>These thresholds were chosen afterwards on the same material, so they flatter: "
            "they compare readers and promise nothing.</p>"
        )
        + table(head, rows, numbers=(0, 1, 2, 3, 4))
    )


def confidence_section(kinds: Sequence[tuple[str, dict[str, Any]]]) -> Safe:
    """Draw the reliability of each kind of confidence, with its counts."""
    known = [(name, calibration) for name, calibration in kinds if calibration["count"]]
    if not known:
        return Safe("<p>No confidence is known.</p>")
    drawn = join(
        figure(
            reliability_svg(calibration, name),
            f"{name}: expected calibration error {calibration['ece']:.4f} "
            f"({calibration['count']:,} {name})",
        )
        for name, calibration in known
    )
    rows = [
        (
            name,
            f"{row['confidence_at_least']:g}",
            f"{row['wrong']['of']:,}",
            f"{row['expected_wrong']:.1f}",
            f"{row['wrong']['count']:,}",
            in_words(row["wrong"]).partition(" (")[0],
            in_words(row["wrong"]).partition("interval ")[2],
        )
        for name, calibration in known
        for row in calibration["sure"]
    ]
    head = ("", "Confidence from", "Count", "Wrong expected", "Wrong", "Share", "95 % interval")
    return Safe(
        "<p>Of what is said with 90 % confidence, nine in ten should be right: dots on the "
        "dotted line. Above it the reader is too modest, below it too sure. A dot is as "
        "large as it has readings; its stroke is the 95 % interval.</p>"
        f'<div class="pair">{drawn}</div>'
    ) + table(head, rows, numbers=(1, 2, 3, 4, 5, 6))


def digit_section(digits: dict[str, Any]) -> Safe:
    """Show how each digit is read, and as what."""
    told = ""
    if "missing" in digits:
        told = (
            f"<p>Aligned with the truth, in the fields found: {digits['missing']:,} digits were "
            f"missed, {digits['extra']:,} read where there is none.</p>"
        )
    return (
        Safe(told)
        + per_digit(digits["by_digit"])
        + figure(matrix_svg(without_empty(digits["confusion"])), kind="wide")
    )
