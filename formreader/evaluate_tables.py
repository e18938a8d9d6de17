"""Read the tables that a report is made of: a job's readings, and the truth."""

from __future__ import annotations

from pathlib import Path

from formreader.document import Rect
from formreader.errors import UsageError
from formreader.evaluate_ties import Char, Read, Truth
from formreader.export import as_written

TRUTH_COLUMNS = ("page", "field", "value")
BOX_COLUMNS = ("page", "field", "x1", "y1", "x2", "y2")
READING_COLUMNS = (
    *("page_file", "page", "field", "value", "confidence", "status", "reasons", "snippet"),
    *("x", "y", "width", "height"),
)
CHARACTER_COLUMNS = ("page_file", "page", "field", "position", "character", "confidence")


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


def pairs_of(text: str, path: Path, line: int) -> list[tuple[str, float]]:
    """Return the other values of a field with their confidence, the best first."""
    pairs = [pair.rpartition(":") for pair in text.split(";") if ":" in pair]
    return [(value.strip(), share(chance, path, line)) for value, _, chance in pairs]


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
            column = " or, if the file has several pages, add a column page_number"
            raise UsageError(
                f"{path.name}, line {line}: field '{key[2]}' of {key[0]} page {number} is there "
                f"twice; remove one of the two lines{'' if 'page_number' in row else column}."
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
                alternatives=tuple(pairs_of(row.get("alternatives", ""), path, line)),
            )
        )
    pages = {(r.page, r.number) for r in reads}
    records = job / "records.csv"
    if records.is_file():
        for line, row in enumerate(read_table(records, ("page_file",)), 2):
            number = whole(row.get("page") or "1", records, line, "page")
            pages.add((clean_page(row["page_file"]), number))
    return reads, pages


def read_characters(path: Path) -> dict[tuple[str, int, str], list[Char]]:
    """Read characters.csv, if there is one: the characters of each field, left to right."""
    found: dict[tuple[str, int, str], list[tuple[int, Char]]] = {}
    if not path.is_file():
        return {}
    table = read_table(path, CHARACTER_COLUMNS)
    for line, row in enumerate(table, 2):
        number = whole(row["page"] or "1", path, line, "page")
        key = (clean_page(row["page_file"]), number, row["field"])
        place = whole(row["position"], path, line, "position")
        first, second = (
            share(row.get(name, ""), path, line) for name in ("confidence", "second_confidence")
        )
        char = Char(row["character"], first, row.get("second", ""), second)
        found.setdefault(key, []).append((place, char))
    return {key: [char for _, char in sorted(rows)] for key, rows in found.items()}
