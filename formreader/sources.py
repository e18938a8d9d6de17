"""The files of a source as a batch knows them, and how many workers they are worth."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from formreader import load
from formreader.store_schema import Known, SourceFile

FEW_FILES, FEW_BYTES = 4, 1_000_000
"""Work that is done before workers have started: up to four files and one megabyte."""
MOST_JOBS = 8
"""Workers by default at most: each takes some 200 MB."""


def list_files(source: Path) -> list[SourceFile]:
    """List the files of a source with size and time of change, which tell them apart later."""
    files = []
    for path in load.list_sources(source):
        name = path.name if path == source else path.relative_to(source).as_posix()
        try:
            status = path.stat()
            size, mtime_ns = status.st_size, status.st_mtime_ns
        except OSError:  # the page fails when it is loaded, with a sentence of its own
            size, mtime_ns = -1, -1
        files.append(SourceFile(path, printable(name), size, mtime_ns))
    return files


def printable(name: Path | str) -> str:
    """Return a file name as text that every table takes, also where it is no valid Unicode."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def default_jobs(files: Sequence[SourceFile], known: Mapping[str, Known]) -> int:
    """Choose how many workers: one for a few small files, else one per core."""
    new = [file.size for file in files if file.name not in known or not known[file.name].done]
    if len(new) <= FEW_FILES and sum(new) <= FEW_BYTES:
        return 1
    return min(os.cpu_count() or 1, MOST_JOBS)
