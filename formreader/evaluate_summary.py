"""Say a report as a screenful of text, every rate with its counts and its interval."""

from __future__ import annotations

from typing import Any

REASONS_SHOWN = 6
"""Reasons printed, so that it stays a screenful; report.json has them all."""
COLUMN = 60
"""Width of the titles in characters."""

RATES = (
    ("read", "Read rate: accepted of the fields with something written"),
    ("reject", "Reject rate: sent to a person"),
    ("substitution", "Substitution rate: accepted and wrong, of the accepted"),
    ("substitution_with_extras", "The same, with accepted readings where truth has no field"),
    ("accuracy_nothing_rejected", "Right, if nothing were rejected"),
    ("found", "Fields found; the others are in neither rate above"),
    ("numbers_called_blank", "Numbers called blank"),
    ("blanks_read_as_numbers", "Blank fields read as numbers"),
    ("blanks_accepted_as_numbers", "Blank fields read as numbers and accepted"),
)
GLYPH_RATES = (
    ("accuracy", "Accuracy"),
    ("errors", "Errors"),
    ("called_no_digit", "  of which called no digit"),
    ("accuracy_among_digits", "Accuracy among the ten digits"),
    ("rejected", "Rejected at the stated threshold"),
    ("accepted_wrong", "Wrong, of those accepted at it"),
)


def percent(share: float | None) -> str:
    """Write a share as a percentage with two places; `none` where there is none."""
    return "none" if share is None else f"{100 * share:.2f} %"


def counts_of(entry: dict[str, Any]) -> str:
    """Write the counts of a rate."""
    return f"{entry['count']:,} of {entry['of']:,}"


def interval_of(entry: dict[str, Any]) -> str:
    """Write the exact interval of a rate; empty where there is none."""
    if "low" not in entry or not entry["of"]:
        return ""
    return f"{percent(entry['low'])} to {percent(entry['high'])}"


def in_words(entry: dict[str, Any]) -> str:
    """Return a rate with its counts, and its interval where it has one."""
    text = f"{percent(entry['rate'])} ({counts_of(entry)})"
    interval = interval_of(entry)
    return f"{text}, 95 % interval {interval}" if interval else text


def at_threshold(report: dict[str, Any]) -> str:
    """Say what the stated threshold is and how many good digits it rejects."""
    rejected = report["rejected"]
    count = f"{percent(rejected['rate'])} of the {rejected['of']:,} digits as they are"
    if report["threshold"] == 0:
        return f"being called a digit at all, which rejects {count}"
    return f"a confidence of {report['threshold']:.4f} or more, which rejects {count}"


def ece_of(calibration: dict[str, Any]) -> str:
    """Write a calibration error with its count."""
    if calibration["ece"] is None:
        return "none (0)"
    return f"{calibration['ece']:.4f} ({calibration['count']:,})"


def titled(title: str, told: str) -> str:
    """Return one line: title and value."""
    return f"{title:<{COLUMN}} {told}"


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
    lines += [titled(title, in_words(report[name])) for name, title in RATES]
    lines.append(
        titled(
            "Readings where the truth has no field",
            f"{report['extra_readings']}, {report['extra_accepted']} of them accepted",
        )
    )
    digits = report["digits"]
    lines.append(titled("Digits right, in the fields found", in_words(digits["accuracy"])))
    lines.append(titled("Calibration error of fields (ECE)", ece_of(report["calibration"])))
    lines.append(titled("Calibration error of digits (ECE)", ece_of(digits["calibration"])))
    lines += read_at_lines(report)
    reasons = list(report["by_reason"].items())[:REASONS_SHOWN]
    if reasons:
        lines += ["", "Sent to a person because of"]
        lines += [f"  {r['fields']:>5} {name} ({r['wrong']} truly wrong)" for name, r in reasons]
    return "\n".join(lines)


def read_at_lines(report: dict[str, Any]) -> list[str]:
    """Return the curve read off at its levels, one line each."""
    lines = ["", "With a threshold chosen on these very pages (it flatters):"]
    for row in report["read_at"]:
        lines.append(
            titled(f"  Read rate at {100 * row['substitution_at_most']:.1f} % wrong", in_words(row))
        )
    return lines


def glyph_summary(report: dict[str, Any]) -> str:
    """Return the report on single digits as text."""
    lines = [f"{report['accuracy']['of']:,} digits", ""]
    lines += [titled(title, in_words(report[name])) for name, title in GLYPH_RATES]
    lines.append(titled("Calibration error (ECE)", ece_of(report["calibration"])))
    lines += read_at_lines(report)
    of = report["degradations"][0]["right"]["of"]
    lines += [
        "",
        f"Spoiled, the strongest of three ways each, {of:,} digits: right; accepted; wrong",
    ]
    for row in report["degradations"][::3]:
        name = row["kind"] + ("" if row["trained"] else " *")
        rates = [percent(row[key]["rate"]) for key in ("right", "read", "accepted_wrong")]
        wrong = counts_of(row["accepted_wrong"])
        lines.append(titled(f"  {name}", f"{'; '.join(rates)} ({wrong})"))
    lines += ["  * nothing like it is in training", ""]
    for key, kinds in (("unseen", "kinds not in training"), ("learned", "kinds in training")):
        told = in_words(report[f"not_digits_{key}"])
        lines.append(titled(f"No digit, but passes as one, {kinds}", told))
    return "\n".join(lines)
