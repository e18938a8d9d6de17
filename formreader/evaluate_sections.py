"""The larger sections of a report: misreads, digits, spoiled digits, no digits, the model."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from formreader.evaluate_digits import align
from formreader.evaluate_html import Safe, bar, escape, figure, join, table
from formreader.evaluate_pictures import Pictures, as_data, where
from formreader.evaluate_plots import training_svg
from formreader.evaluate_stress import STRICT
from formreader.evaluate_summary import at_threshold, counts_of, in_words, interval_of, percent
from formreader.evaluate_ties import comparable
from formreader.model_versions import CURVES


def picture(name: str, pictures: Pictures, told: str) -> Safe:
    """Return a picture with itself inside; nothing where there is none."""
    if name not in pictures:
        return Safe("")
    wide, high = pictures[name].size
    data = as_data(pictures[name])
    return Safe(f'<img alt="{escape(told)}" width="{wide}" height="{high}" src="{data}">')


def gallery(report: dict[str, Any], pictures: Pictures) -> Safe:
    """Show the misreads as cards, those that harm most first."""
    misreads = report["misreads"]
    if not misreads:
        return Safe("<p>Nothing was misread.</p>")
    kind = "cards digits" if "index" in misreads[0] else "cards"
    accepted = sum(miss["status"] == "accepted" for miss in misreads)
    return Safe(
        f"<p>{report['misread']:,} were misread; {len(misreads)} are shown, first the {accepted} "
        "of them that were accepted, then the surest. A tick: "
        "the second choice was the true one.</p>"
        f'<div class="{kind}">{join(card(miss, pictures) for miss in misreads)}</div>'
    )


def card(miss: dict[str, Any], pictures: Pictures) -> Safe:
    """Show one misread: picture, truth, what was read and how surely, the second choice."""
    told = picture(miss["picture"], pictures, f"read as {miss['value']}")
    seen = told or Safe('<span class="none">no picture</span>')
    badge = "accepted" if miss["status"] == "accepted" else "sent to a person"
    true, read = marked(miss["truth"], miss["value"])
    return Safe(
        f'<article class="card {escape(miss["status"])}"><div class="seen">{seen}</div><dl>'
        f"<dt>true</dt><dd>{true}</dd><dt>read</dt><dd>{read}</dd>"
        f"<dt>sure</dt><dd>{certainty(miss)}</dd>"
        f"{second_choice(miss)}</dl>{wrong_digits(miss)}"
        f'<p class="foot"><span class="badge">{badge}</span> <span>{escape(where(miss))}</span></p>'
        "</article>"
    )


def certainty(miss: dict[str, Any]) -> Safe:
    """Write a confidence as a bar and a figure."""
    share = miss["confidence"]
    return Safe(
        f'<span class="bar"><i style="width:{100 * share:.0f}%"></i></span>'
        f'<small class="sure">{share:.4f}</small>'
    )


def marked(truth: str, value: str) -> tuple[Safe, Safe]:
    """Write truth and value as they are compared, with the characters that differ marked.

    What was written otherwise stands behind in brackets.
    """
    sides: tuple[list[str], list[str]] = ([], [])
    compared = comparable(truth, value)
    for pair in align(*compared):
        for side, char in zip(sides, pair, strict=True):
            mark = pair[0] != pair[1] and char
            side.append(f"<mark>{escape(char)}</mark>" if mark else escape(char))
    for side, plain, whole in zip(sides, compared, (truth, value), strict=True):
        side.append(f" <small>({escape(whole)})</small>" if plain != whole else "")
    true, read = (Safe("".join(side)) for side in sides)
    return true or Safe("<i>blank</i>"), named(value) if value == "?" else read


def second_choice(miss: dict[str, Any]) -> Safe:
    """Write the next best value and how sure it was; nothing where there is none."""
    if not miss["second"]:
        return Safe("")
    is_true = miss["second"] == miss["truth"]
    kind = ' class="true"' if is_true else ""
    right = " ✓" if is_true else ""
    return Safe(
        f"<dt>2nd</dt><dd{kind}>{named(miss['second'])} "
        f'<small class="sure">{miss["second_confidence"]:.4f}{right}</small></dd>'
    )


def wrong_digits(miss: dict[str, Any]) -> Safe:
    """Say of each wrong digit how sure it was and what its second choice was."""
    said = []
    for digit in miss.get("wrong_digits", ()):
        place = f"place {digit['position']}: {named(digit['read'])} ({digit['confidence']:.3f})"
        other = f", then {named(digit['second'])} ({digit['second_confidence']:.3f})"
        said.append(place + (other if digit["second"] else ""))
    return Safe(f'<p class="wrong">{"<br>".join(said)}</p>') if said else Safe("")


def named(value: str) -> Safe:
    """Write a value; `?` is what the recognizer calls ink that is no digit."""
    return Safe("<i>no digit</i>") if value == "?" else escape(value)


def per_digit(digits: dict[str, dict[str, Any]]) -> Safe:
    """Return a table with a row for each digit."""
    rows = [
        (
            digit,
            bar(row["rate"]),
            counts_of(row),
            interval_of(row),
            f"{percent(row['called']['rate'])} ({counts_of(row['called'])})",
            ", ".join(f"{name} ({n})" for name, n in row["taken_for"]),
        )
        for digit, row in digits.items()
    ]
    head = ("Digit", "Right", "Count", "95 % interval", "Right when read as it", "Taken for")
    return table(head, rows, numbers=(2, 3, 4))


STRESS_HEAD = (
    *("Kind", "Strength", "", "Right", "Accepted", "Wrong, of those", "", "95 % interval"),
    *(f"Accepted from {STRICT}", "Wrong, of those"),
)


def degradations(report: dict[str, Any], pictures: Pictures) -> Safe:
    """Return the table of degradations, a block for each kind."""
    rows = report["degradations"]
    plain = rows[0]["accepted_wrong"]["rate"] or 0.0
    body = []
    for _, block in groupby(rows, key=lambda row: row["kind"]):
        held = list(block)
        name = escape(held[0]["kind"]) + new(held[0])
        first = Safe(f'<th rowspan="{len(held)}" scope="rowgroup">{name}</th>')
        for row in held:
            kind = "first" if row is held[0] else ""
            body.append(f'<tr class="{kind}">{first}{stressed(row, plain, pictures)}</tr>')
            first = Safe("")
    head = "".join(f"<th>{name}</th>" for name in STRESS_HEAD)
    return Safe(
        f"<p>{rows[0]['right']['of']:,} digits of the set, drawn at random, each put in a box of "
        "a form at 300 dpi, 4 mm tall, spoiled, and read the way a form's box is. Accepted means "
        f"{at_threshold(report)}. {new({'trained': False})} has nothing like it in training: there "
        "the reader may send more to a person but must not be wrong more often. Red: more wrong "
        "than of the digits as they are, beyond chance (95 %).</p>"
        '<div class="scroll" tabindex="0"><table class="stress"><thead><tr>'
        f"{head}</tr></thead><tbody>{''.join(body)}</tbody></table></div>"
    )


def stressed(row: dict[str, Any], plain: float, pictures: Pictures) -> Safe:
    """Return the cells of one strength; `plain` is the share wrong of digits as they are."""
    wrong = row["accepted_wrong"]
    shown = picture(row["pictures"], pictures, f"{row['kind']}, {row['strength']}")
    cells = (
        *(percent(row["read"]["rate"]), percent(wrong["rate"]), counts_of(wrong)),
        *(interval_of(wrong), percent(row["read_strict"]["rate"]), counts_of(row["wrong_strict"])),
    )
    is_worse = wrong["low"] > plain
    kinds = ["n bad" if is_worse and place == 1 else "n" for place in range(len(cells))]
    return Safe(
        f"<td>{escape(row['strength'])}</td><td>{shown}</td><td>{bar(row['right']['rate'])}</td>"
        + "".join(f'<td class="{k}">{c}</td>' for k, c in zip(kinds, cells, strict=True))
    )


def new(row: dict[str, Any]) -> Safe:
    """Mark what training has nothing of."""
    return Safe("") if row["trained"] else Safe(' <span class="badge new">not in training</span>')


def junk(report: dict[str, Any], pictures: Pictures) -> Safe:
    """Return the table of what is no digit and passes as one."""
    rows = [
        (
            row["kind"],
            "yes" if row["trained"] else "no",
            picture(row["pictures"], pictures, row["kind"]),
            bar(row["passed"]["rate"]),
            counts_of(row["passed"]),
            interval_of(row["passed"]),
            ", ".join(f"{d} ({n})" for d, n in most(row["called"])),
        )
        for row in report["not_digits"]
    ]
    unseen = in_words(report["not_digits_unseen"])
    learned = in_words(report["not_digits_learned"])
    head = ("Kind", "In training", "Likeliest to pass", "Passes", "Count", "95 % interval", "As")
    return Safe(
        f"<p>To pass as a digit means {at_threshold(report)}. Of kinds not in training "
        f"{escape(unseen)} pass; of kinds in training {escape(learned)}. All are drawn by this "
        "program.</p>"
    ) + table(head, rows, numbers=(4, 5))


def most(called: dict[str, int]) -> list[tuple[str, int]]:
    """Return the three commonest with their counts."""
    return sorted(called.items(), key=lambda pair: -pair[1])[:3]


def model_section(model: dict[str, Any], pictures: Pictures) -> Safe:
    """Describe the model: what it learned from, its curves, what it promises."""
    data = model["data"] or {}
    facts = [("Model", f"{model['name']}, version {model['version']}, {model['date']}")]
    if data:
        learned = f"{data.get('training_digits', 0):,} digits"
        if "confirmed_numbers" in data:
            learned += f", {data['confirmed_numbers']:,} numbers confirmed by persons"
        facts.append(("Learned from", f"{learned} ({', '.join(data.get('sources', ()))})"))
        held, writers = data.get("held_out_digits", 0), data.get("held_out_writers", 0)
        facts.append(("Held out for the confidence", f"{held:,} digits of {writers:,} writers"))
    if model["test"]:
        right, count = model["test"]["right"], model["test"]["count"]
        facts.append(("Test digits right, on its card", f"{right:,} of {count:,}"))
    content = Safe('<dl class="facts">')
    for name, told in facts:
        content += Safe(f"<dt>{name}</dt><dd>{escape(told)}</dd>")
    content += Safe("</dl>") + training(model, pictures)
    for title, rows in model["promises"].items():
        content += promise_table(title, rows)
    return content


def training(model: dict[str, Any], pictures: Pictures) -> Safe:
    """Draw the training curves, or show the picture of them that lies beside the model."""
    if model["history"]:
        return figure(training_svg(model["history"]), "Training, epoch by epoch")
    shown = picture(CURVES, pictures, "training curves")
    if not shown:
        return Safe("<p>No training curves lie beside this model.</p>")
    return figure(shown, "Training, epoch by epoch: loss, and error on writers held out")


def promise_table(title: str, rows: list[dict[str, Any]]) -> Safe:
    """Show what --max-error is worth: the thresholds and the sample behind them."""
    told = [
        (
            percent(row["max_error"]),
            "cannot be promised" if row["threshold"] is None else f"{row['threshold']:.4f}",
            f"{row['accepted']:,} of {row['of']:,}" if row["accepted"] else "",
            f"{row['wrong']:,}" if row["accepted"] else "",
        )
        for row in rows
    ]
    head = ("--max-error", "Confidence from", "Accepted, of held-out numbers", "Wrong")
    return Safe(f"<h3>What is promised for {escape(title)}</h3>") + table(
        head, told, numbers=(0, 1, 2, 3)
    )
