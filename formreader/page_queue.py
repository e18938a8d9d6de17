"""Which pages of a source are still to be read; page counts become known on the way."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from formreader.store_schema import Known, SourceFile

COUNT_ONLY = 0
"""Page number of a task that asks only how many pages a file has."""


@dataclass(frozen=True, slots=True)
class Task:
    """One page to be read; page 1 also tells how many pages its file has."""

    path: Path
    source: str
    number: int


class PageQueue:
    """Hands out pages in input order; nothing is opened to count pages before it is read."""

    def __init__(self, files: Sequence[SourceFile], known: Mapping[str, Known]) -> None:
        self._known = known
        self.counts: dict[str, int] = {}
        self._more: deque[Task] = deque()
        self._files = deque(file for file in files if not self._is_done(file))
        self.read_before = sum(len(known[f.name].done) for f in files if f.name in known)
        """Pages that an earlier run has read."""
        self.waiting = len(files) - len(self.counts)
        """Files whose page count is not known yet."""

    def _is_done(self, file: SourceFile) -> bool:
        pages, done = self._known.get(file.name, Known(None, frozenset()))
        if pages is not None:
            self.counts[file.name] = pages
        return pages is not None and len(done) >= pages

    @property
    def total(self) -> int:
        """Return how many pages there are; a file not yet counted stands for one."""
        return sum(self.counts.values()) + self.waiting

    def is_read(self, name: str, number: int) -> bool:
        """Tell whether a page was read by an earlier run."""
        return name in self._known and number in self._known[name].done

    def take(self, most: int) -> tuple[Task, ...]:
        """Take the next pages, `most` of them or fewer; none when all are handed out."""
        taken: list[Task] = []
        while len(taken) < most and (self._more or self._files):
            if not self._more:
                self._open(self._files.popleft())
                continue
            taken.append(self._more.popleft())
        return tuple(taken)

    def _open(self, file: SourceFile) -> None:
        """Queue what is missing of a file."""
        if file.name in self.counts:
            self._queue_rest(file.path, file.name, 1)
        else:
            first = COUNT_ONLY if self.is_read(file.name, 1) else 1
            self._more.append(Task(file.path, file.name, first))

    def _queue_rest(self, path: Path, name: str, first: int) -> None:
        numbers = range(first, self.counts[name] + 1)
        self._more.extend(Task(path, name, n) for n in numbers if not self.is_read(name, n))

    def counted(self, task: Task, pages: int) -> None:
        """Take note of a file's page count; its other pages are queued."""
        if task.source in self.counts:
            return
        self.counts[task.source] = pages
        self.waiting -= 1
        self._queue_rest(task.path, task.source, 2)

    def count_later(self, task: Task) -> None:
        """Ask again for the page count of a file whose first page ended its worker."""
        self._more.append(Task(task.path, task.source, COUNT_ONLY))
