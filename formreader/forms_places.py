"""Find where the tables and keys of a form's definition stand, to name the line of an error."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any


class Places:
    """Where the tables and keys of a definition stand in its text."""

    def __init__(self, path: Path, text: str) -> None:
        self.path, self.lines = path, text.splitlines()
        heads = [i for i, line in enumerate(self.lines) if line.strip().startswith("[")]
        tables = [i for i in heads if re.match(r"\s*\[\[\s*field\s*\]\]", self.lines[i])]
        ends = {i: next((j for j in heads if j > i), len(self.lines)) for i in tables}
        self.tables = [(i, ends[i]) for i in tables]
        self.top = heads[0] if heads else len(self.lines)

    def line(self, index: int | None, key: str) -> int:
        """Return the line, from 1, of a key in a field's table or at the top."""
        start, end = (0, self.top) if index is None else self.tables[index]
        for number in range(start, end):
            if re.match(rf'\s*"?{re.escape(key)}"?\s*=', self.lines[number]):
                return number + 1
        return start + 1

    def sentence(self, index: int | None, key: str, what: str) -> str:
        """Say what is wrong and where."""
        return f"{self.path}, line {self.line(index, key)}: {what}."

    def said(self, error: Any) -> str:
        """Turn an error of the data model into a sentence."""
        where = list(error["loc"])
        index = int(where[1]) if len(where) > 1 and where[0] == "field" else None
        key = str(where[2] if index is not None and len(where) > 2 else where[0] if where else "")
        message = str(error["msg"]).removeprefix("Value error, ")
        if error["type"] == "extra_forbidden":
            return self.sentence(index, key, f"the key “{key}” is not known here")
        if error["type"] == "too_short" and key == "field":
            return self.sentence(None, key, "no [[field]] is defined")
        if error["type"] == "missing" and key == "page_mm":
            return self.sentence(None, key, "the page size is missing: page_mm = [width, height]")
        if error["type"] == "missing":
            return self.sentence(index, key, f"“{key}” is missing")
        if len(where) == 2 and ":" in message:
            key, _, message = message.partition(": ")
        return self.sentence(index, key, f"{key}: {message[:1].lower()}{message[1:]}".strip(": "))
