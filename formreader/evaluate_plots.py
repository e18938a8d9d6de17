"""Drawings of a report as SVG elements: error-reject curve, reliability, matrix, curves.

Colours and fonts come from the page's style sheet by class, so that screen and print agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from formreader.evaluate_pictures import CELL_PX, matrix_cells

ERROR_TICKS = (0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
FAR_RIGHT = 0.7
"""Read rate from which a mark's words stand to its left."""
TICK_ROOM = 0.07
"""Least distance of two ticks, as a share of the axis."""

Spot = tuple[float, float]


def opened(width: int, height: int, label: str, kind: str = "chart") -> str:
    """Open an SVG element of a size in pixels, with its name for those who cannot see it."""
    return f'<svg class="{kind}" viewBox="0 0 {width} {height}" role="img" aria-label="{label}">'


def text(x: float, y: float, words: str, kind: str = "m") -> str:
    """Return a word; `kind` m is centred, e ends at x, s starts there."""
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}">{words}</text>'


def line(a: Spot, b: Spot, kind: str) -> str:
    """Return a straight line."""
    return f'<line x1="{a[0]:.1f}" y1="{a[1]:.1f}" x2="{b[0]:.1f}" y2="{b[1]:.1f}" class="{kind}"/>'


def path(spots: Iterable[Spot], kind: str) -> str:
    """Return a line through spots."""
    return f'<polyline class="{kind}" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in spots)}"/>'


def dot(spot: Spot, radius: float, kind: str, told: str) -> str:
    """Return a dot that says something when pointed at."""
    x, y = spot
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" class="{kind}">'
        f"<title>{told}</title></circle>"
    )


def percent(share: float) -> str:
    """Write a share as a percentage with no more digits than it has."""
    return f"{100 * share:.4g} %"


def curve_svg(points: Sequence[dict[str, Any]], marks: Sequence[tuple[str, float, float]]) -> str:
    """Draw the error-reject curve: read rate across, wrong ones among them up.

    The upward scale is that of the root, which shows both 0.1 % and 20 % and has a zero.
    `marks` are (name, read rate, substitution rate) of what is to be seen on it.
    """
    width, height, left, top = 560, 340, 70, 30
    across, up = width - left - 26, height - top - 52
    most = max([0.001, *(p["substitution_rate"] for p in points[len(points) // 10 :])])
    most = min(1.0, most * 1.15)

    def place(read: float, wrong: float) -> Spot:
        return left + across * read, top + up * (1 - min(1.0, wrong / most) ** 0.5)

    parts = [opened(width, height, "error-reject curve")]
    for tick in chosen_ticks(most):
        y = place(0, tick)[1]
        parts.append(line((left, y), (left + across, y), "grid"))
        parts.append(text(left - 8, y + 4, percent(tick), "e"))
    for i in range(11):
        x = left + across * i / 10
        parts.append(line((x, top + up), (x, top + up + 4), "axis"))
        parts.append(text(x, top + up + 18, f"{10 * i}" + (" %" if i == 10 else "")))
    parts.append(line((left, top + up), (left + across, top + up), "axis"))
    spots = [place(p["read_rate"] or 0, p["substitution_rate"]) for p in points]
    parts.append(path(spots, "curve"))
    for (read, wrong), names in together(marks).items():
        told = f"{names}: {percent(read)} read, {percent(wrong)} of them wrong"
        x, y = place(read, wrong)
        parts.append(dot((x, y), 5, "mark", told))
        if read < FAR_RIGHT:  # the curve rises, so there is room to the right and below
            parts.append(text(x + 9, min(y + 16, top + up - 6), names, "s"))
        else:
            parts.append(text(x - 9, y - 7, names, "e"))
    parts.append(text(left + across / 2, height - 8, "read without a person, of all written"))
    parts.append(text(4, 14, "wrong, of those read (root scale)", "s"))
    return "".join(parts) + "</svg>"


def together(marks: Sequence[tuple[str, float, float]]) -> dict[Spot, str]:
    """Put marks of the same spot together under all their names."""
    spots: dict[Spot, list[str]] = {}
    for name, read, wrong in marks:
        spots.setdefault((read, wrong), []).append(name)
    return {spot: ", ".join(names) for spot, names in spots.items()}


def chosen_ticks(most: float) -> list[float]:
    """Choose the ticks of the root scale up to `most` that leave room for their words."""
    chosen = [0.0]
    for tick in ERROR_TICKS:
        if tick <= most and (tick / most) ** 0.5 - (chosen[-1] / most) ** 0.5 >= TICK_ROOM:
            chosen.append(tick)
    return chosen


def reliability_svg(calibration: dict[str, Any], name: str) -> str:
    """Draw how often a confidence was right: said across, found up, with exact intervals.

    The size of a dot is by the root of its count.
    """
    width, height, left, top, side = 360, 380, 52, 22, 290
    parts = [opened(width, height, f"reliability diagram of {name}")]

    def place(said: float, found: float) -> Spot:
        return left + side * said, top + side * (1 - found)

    for i in range(6):
        x, y = place(i / 5, i / 5)
        parts.append(line((left, y), (left + side, y), "grid"))
        parts.append(text(left - 8, y + 4, f"{20 * i} %", "e"))
        parts.append(text(x, top + side + 18, f"{20 * i} %"))
    parts.append(line(place(0, 0), place(1, 1), "ideal"))
    bins = calibration["bins"]
    largest = max((b["count"] for b in bins), default=1)
    for b in bins:
        x, y = place(b["confidence"], b["right"])
        parts.append(line(place(b["confidence"], b["low"]), (x, place(0, b["high"])[1]), "whisker"))
        told = f"{b['count']} {name}: said {b['confidence']:.1%}, right {b['right']:.1%}"
        parts.append(dot((x, y), 3 + 6 * (b["count"] / largest) ** 0.5, "spot", told))
    parts.append(text(left + side / 2, height - 18, "confidence said"))
    parts.append(text(4, 12, f"right, of the {name}", "s"))
    return "".join(parts) + "</svg>"


def matrix_svg(matrix: dict[str, Any]) -> str:
    """Draw the confusion matrix as an SVG element."""
    left, top, side = 60, 46, CELL_PX
    width = left + side * len(matrix["columns"]) + 4
    height = top + side * len(matrix["rows"]) + 4
    parts = [opened(width, height, "confusion matrix", "matrix")]
    parts.append(text(4, 14, "rows: true digit, columns: read as", "s"))
    for c, name in enumerate(matrix["columns"]):
        parts.append(text(left + side * (c + 0.5), top - 8, name))
    for r, name in enumerate(matrix["rows"]):
        parts.append(text(left - 8, top + side * r + 27, name, "e"))
    for r, c, n, colour in matrix_cells(matrix):
        x, y = left + side * c, top + side * r
        told = f"true {matrix['rows'][r]}, read as {matrix['columns'][c]}: {n}"
        parts.append(
            f'<rect x="{x}" y="{y}" width="{side}" height="{side}" fill="rgb{colour}" '
            f'class="cell"><title>{told}</title></rect>'
        )
        parts.append(text(x + side / 2, y + 27, str(n)) if n else "")
    return "".join(parts) + "</svg>"


def training_svg(history: dict[str, list[dict[str, float]]]) -> str:
    """Draw the held-out error of every network per epoch, on a scale of the root."""
    width, height, left, top = 560, 280, 70, 30
    across, up = width - left - 26, height - top - 52
    epochs = max(len(h) for h in history.values())
    most = max(1 - e["held_out"] for h in history.values() for e in h[1:] or h) or 1.0

    def place(epoch: int) -> Callable[[float], Spot]:
        x = left + across * epoch / epochs
        return lambda wrong: (x, top + up * (1 - min(1.0, wrong / most) ** 0.5))

    parts = [opened(width, height, "training curves")]
    for tick in chosen_ticks(most):
        y = place(0)(tick)[1]
        parts.append(
            line((left, y), (left + across, y), "grid") + text(left - 8, y + 4, percent(tick), "e")
        )
    for epoch in range(0, epochs + 1, max(1, epochs // 8)):
        parts.append(text(place(epoch)(0)[0], top + up + 18, str(epoch)))
    for number, (name, entries) in enumerate(history.items()):
        spots = [place(i)(1 - entry["held_out"]) for i, entry in enumerate(entries, 1)]
        parts.append(path(spots, f"curve c{number}"))
        x, y = spots[-1]
        parts.append(text(x, y - 8, f"{name}: {percent(1 - entries[-1]['held_out'])}", "e"))
    parts.append(text(left + across / 2, height - 8, "epoch"))
    parts.append(text(4, 14, "wrong, on writers held out (root scale)", "s"))
    return "".join(parts) + "</svg>"
