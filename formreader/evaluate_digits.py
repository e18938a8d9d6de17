"""Rate the digits of read fields by aligning them with the truth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from formreader.evaluate_rates import SYMBOLS, calibration_error, rate
from formreader.evaluate_ties import Tie, comparable


def align(truth: str, value: str) -> list[tuple[str, str]]:
    """Align two strings with the fewest edits (Levenshtein 1966).

    Returns pairs (true, read) in order; an empty true side is an extra character, an empty
    read side a missing one.
    """
    rows, columns = len(truth) + 1, len(value) + 1
    cost = [[r + c if r == 0 or c == 0 else 0 for c in range(columns)] for r in range(rows)]
    for r in range(1, rows):
        for c in range(1, columns):
            swap = cost[r - 1][c - 1] + (truth[r - 1] != value[c - 1])
            cost[r][c] = min(swap, cost[r - 1][c] + 1, cost[r][c - 1] + 1)
    pairs, r, c = [], rows - 1, columns - 1
    while r or c:
        swap = r and c and cost[r - 1][c - 1] + (truth[r - 1] != value[c - 1])
        if r and c and cost[r][c] == swap:
            r, c = r - 1, c - 1
            pairs.append((truth[r], value[c]))
        elif r and cost[r][c] == cost[r - 1][c] + 1:
            r -= 1
            pairs.append((truth[r], ""))
        else:
            c -= 1
            pairs.append(("", value[c]))
    return pairs[::-1]


def confusion(pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Count aligned pairs: rows are true digits and "extra", columns read ones.

    The last two columns are "other" (read as something that is no digit) and "missing".
    """
    rows, columns = [*SYMBOLS, "extra"], [*SYMBOLS, "other", "missing"]
    counts = [[0] * len(columns) for _ in rows]
    for true, read in pairs:
        if true and true not in SYMBOLS:
            continue
        column = read if read and read in SYMBOLS else "other" if read else "missing"
        counts[rows.index(true or "extra")][columns.index(column)] += 1
    return {"rows": rows, "columns": columns, "counts": counts}


def without_empty(matrix: dict[str, Any]) -> dict[str, Any]:
    """Leave out of a confusion matrix what is neither digit nor counted, for drawing."""
    rows = [r for r, n in enumerate(matrix["rows"]) if n in SYMBOLS or any(matrix["counts"][r])]
    columns = [
        c
        for c, name in enumerate(matrix["columns"])
        if name in SYMBOLS or any(counts[c] for counts in matrix["counts"])
    ]
    return {
        "rows": [matrix["rows"][r] for r in rows],
        "columns": [matrix["columns"][c] for c in columns],
        "counts": [[matrix["counts"][r][c] for c in columns] for r in rows],
    }


def by_digit(matrix: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Rate each digit by the confusion matrix.

    The rate is of the true ones; `called` is how many of those read as it are it; `taken_for`
    the commonest mistakes with their counts.
    """
    rows, columns, counts = matrix["rows"], matrix["columns"], matrix["counts"]
    rates = {}
    for i, digit in enumerate(SYMBOLS):
        wrong = [[columns[c], n] for c, n in enumerate(counts[i]) if c != i and n]
        called = sum(counts[r][i] for r in range(len(rows)))
        rates[digit] = {
            **rate(counts[i][i], sum(counts[i])),
            "called": rate(counts[i][i], called),
            "taken_for": sorted(wrong, key=lambda pair: -pair[1])[:3],
        }
    return rates


def digit_rates(ties: Sequence[Tie]) -> dict[str, Any]:
    """Rate the digits of found fields by alignment, with their confidences where known."""
    pairs: list[tuple[str, str]] = []
    scored: list[tuple[float, bool]] = []
    for tie in ties:
        if tie.read is None or not tie.truth.value:
            continue
        truth, value = comparable(tie.truth.value, tie.read.value)
        made = align(truth, value)
        pairs.extend(made)
        sure = [c.confidence for c in tie.read.characters if c.text and c.text in value]
        if len(sure) == len(value):
            flags = [true == read for true, read in made if read]
            scored.extend(zip(sure, flags, strict=True))
    digits = [(true, read) for true, read in pairs if true and true in SYMBOLS]
    matrix = confusion(pairs)
    return {
        "accuracy": rate(sum(true == read for true, read in digits), len(digits)),
        "missing": sum(not read for _, read in digits),
        "extra": sum(not true for true, _ in pairs),
        "by_digit": by_digit(matrix),
        "confusion": matrix,
        "calibration": calibration_error(scored),
    }
