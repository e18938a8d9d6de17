"""Pieces of an HTML page: escaped text, tables, figures, tiles."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import Any

from formreader.evaluate_summary import counts_of, interval_of, percent


class Safe(str):
    """HTML made here, not to be escaped."""

    def __add__(self, other: str) -> Safe:
        """Put two pieces together; text that is not HTML is escaped."""
        return Safe(str.__add__(self, escape(other)))


def escape(value: object) -> Safe:
    """Escape a value for HTML, unless it is HTML of our own."""
    return value if isinstance(value, Safe) else Safe(html.escape(str(value)))


def join(parts: Iterable[Safe]) -> Safe:
    """Put pieces of HTML one behind the other."""
    return Safe("".join(parts))


def section(name: str, title: str, content: Safe) -> Safe:
    """Return a section with its heading."""
    return Safe(f'<section id="{name}"><h2>{escape(title)}</h2>{content}</section>\n')


def figure(svg: str, caption: str = "", kind: str = "") -> Safe:
    """Return a drawing with its caption; a wide one is scrolled on a narrow screen."""
    told = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    return Safe(f'<figure class="{kind}">{svg}{told}</figure>')


def tile(title: str, entry: dict[str, Any], is_bad: bool = False) -> Safe:
    """Return one large figure with its counts and interval; `is_bad` where any is too many."""
    kind = "tile bad" if is_bad and entry["count"] else "tile"
    interval = interval_of(entry)
    told = f'<br><span class="interval">95 %: {interval}</span>' if interval else ""
    return Safe(
        f'<div class="{kind}"><span>{escape(title)}</span><b>{percent(entry["rate"])}</b>'
        f"<small>{counts_of(entry)}{told}</small></div>"
    )


def table(
    head: Sequence[str], rows: Sequence[Sequence[object]], numbers: Sequence[int] = ()
) -> Safe:
    """Return a table; every cell is escaped but HTML of our own; `numbers` are set right."""
    if not rows:
        return Safe("<p>none</p>")
    kinds = [' class="n"' if i in numbers else "" for i in range(len(head))]
    top = "".join(f"<th{k}>{escape(h)}</th>" for h, k in zip(head, kinds, strict=True))
    body = "".join(
        "<tr>" + "".join(f"<td{k}>{escape(c)}</td>" for c, k in zip(row, kinds, strict=True))
        + "</tr>"
        for row in rows
    )  # fmt: skip
    return Safe(
        f'<div class="scroll" tabindex="0"><table><thead><tr>{top}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def rate_rows(titles: Sequence[tuple[str, str]], report: dict[str, Any]) -> Safe:
    """Return a table of rates with their counts and intervals."""
    rows = [
        (title, percent(report[n]["rate"]), counts_of(report[n]), interval_of(report[n]))
        for n, title in titles
    ]
    made = table(("", "Rate", "Count", "95 % interval"), rows, numbers=(1, 2, 3))
    return Safe(f'<div class="rates">{made}</div>')


def bar(share: float | None) -> Safe:
    """Return a share as a small bar with its figure."""
    if share is None:
        return Safe("none")
    return Safe(
        f'<span class="bar"><i style="width:{100 * share:.1f}%"></i></span> {percent(share)}'
    )
