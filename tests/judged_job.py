"""Small jobs and truth files written by hand, to be evaluated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PIL import Image

HEAD = (
    "page_file,page,form,field,value,confidence,status,reasons,alternatives,correction,snippet,"
    "x,y,width,height\n"
)


def job_with(folder: Path, rows: list[str]) -> Path:
    job = folder / "job"
    (job / "snippets").mkdir(parents=True)
    (job / "readings.csv").write_text(HEAD + "\n".join(rows) + "\n", encoding="utf-8")
    Image.new("L", (60, 20), 128).save(job / "snippets" / "f2.png")
    return job


def truth_with(folder: Path, text: str, boxes: str = "") -> Path:
    place = folder / "truth"
    place.mkdir()
    path = place / "truth.csv"
    path.write_text(text, encoding="utf-8")
    if boxes:
        (place / "boxes.csv").write_text(boxes, encoding="utf-8")
    return path


def counted(entry: dict[str, Any]) -> tuple[int, int]:
    return entry["count"], entry["of"]
