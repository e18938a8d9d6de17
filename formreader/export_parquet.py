"""Write readings as Parquet, for programs that work on many rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

from formreader.errors import UsageError

GROUP = 50_000
"""Rows held in memory at a time: some 20 MB."""
WHOLE_NUMBERS = frozenset(("page", "x", "y", "width", "height"))


def find_library() -> None:
    """Raise UsageError where pyarrow is not installed."""
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError as error:
        raise UsageError(
            "Parquet needs one more package. Install it with: pip install pyarrow"
        ) from error


def write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str | int]]) -> None:
    """Write rows with their types: whole numbers, a float for confidence, text for all others.

    What a failed page does not have is null. Raises OSError where the file cannot be written.
    """
    import pyarrow
    from pyarrow import parquet

    numbers = {"confidence": float, **dict.fromkeys(WHOLE_NUMBERS, int)}
    arrow = {float: pyarrow.float64(), int: pyarrow.int32(), str: pyarrow.string()}
    kinds = [numbers.get(name, str) for name in columns]
    schema = pyarrow.schema([(n, arrow[k]) for n, k in zip(columns, kinds, strict=True)])
    rest = iter(rows)
    with parquet.ParquetWriter(path, schema) as writer:
        while group := list(islice(rest, GROUP)):
            arrays = [
                pyarrow.array([typed(row[place], kind) for row in group], arrow[kind])
                for place, kind in enumerate(kinds)
            ]
            writer.write_table(pyarrow.Table.from_arrays(arrays, schema=schema))


def typed(cell: str | int, kind: type) -> str | int | float | None:
    """Return a cell as its column has it; a number that is not there as None."""
    if kind is str:
        return str(cell)
    return None if cell == "" else kind(cell)
