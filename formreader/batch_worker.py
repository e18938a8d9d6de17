"""Read chunks of pages where an executor puts them, and end no more than the page that fails.

A `Worker` travels to the process that reads; what it returns is small and can be pickled.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from formreader import load
from formreader.document import Page, PageResult
from formreader.errors import FormreaderError, NothingToReadError, PageError
from formreader.page_queue import COUNT_ONLY, Task
from formreader.snippets import write_snippets

T = TypeVar("T")

CHUNK_PIXELS = 4_000_000
"""Pixels of pages that go to the reader at once; keeps a worker's memory at that of one page."""
EPSILON = 1e-6
"""Rounding that a confidence in float32 may have."""
SENTENCE_CHARACTERS = 300
"""Longest reason in a table; what libraries say can run to pages."""


class ReaderLike(Protocol):
    """What a batch needs of `pipeline.Reader`."""

    @property
    def model_id(self) -> str:
        """Return which model reads: name and hash."""

    def read_page(self, page: Page) -> PageResult:
        """Read one page; raise PageError where that is impossible."""

    def read_pages(self, pages: Sequence[Page]) -> list[PageResult]:
        """Read several pages at once."""


MakeReader = Callable[[], ReaderLike]


@dataclass(frozen=True, slots=True)
class PageDone:
    """What came of a task: `result` is None for `COUNT_ONLY`, `pages` where nobody counted."""

    task: Task
    result: PageResult | None
    snippets: dict[str, str]
    pages: int | None


@dataclass(frozen=True, slots=True)
class ChunkDone:
    """What came of a chunk, and the seconds it took."""

    pages: list[PageDone]
    seconds: float


@dataclass(slots=True)
class Worker:
    """Reads chunks of pages; travels to a worker process, where it makes its reader."""

    make_reader: MakeReader
    form: str
    job: Path | None
    reader: ReaderLike | None = None

    def __call__(self, chunk: tuple[Task, ...]) -> ChunkDone:
        """Read a chunk of pages and say how long that took."""
        if self.reader is None:
            self.reader = self.make_reader()
        begun = time.perf_counter()
        pages = self.read_chunk(chunk)
        return ChunkDone(pages, time.perf_counter() - begun)

    def read_chunk(self, chunk: tuple[Task, ...]) -> list[PageDone]:
        """Read the pages of a chunk; those that fail say why."""
        done: list[PageDone] = []
        waiting: list[tuple[Task, Page, int | None]] = []
        for task in chunk:
            pages = guarded(partial(load.count_pages, task.path)) if task.number <= 1 else None
            if isinstance(pages, str):
                done.append(failed_page(task, self.form, pages, 1))
                continue
            if task.number == COUNT_ONLY:
                done.append(PageDone(task, None, {}, pages))
                continue
            page = guarded(partial(load.load, task.path, task.number, task.source))
            if isinstance(page, str):
                done.append(failed_page(task, self.form, page, pages))
                continue
            waiting.append((task, page, pages))
            if sum(page.image.size for _, page, _ in waiting) >= CHUNK_PIXELS:
                done += self.read(waiting)
                waiting = []
        return done + self.read(waiting)

    def read(self, waiting: list[tuple[Task, Page, int | None]]) -> list[PageDone]:
        """Read loaded pages together; if that fails, one by one."""
        pages = [page for _, page, _ in waiting]
        together = guarded(partial(self.read_together, pages)) if len(pages) > 1 else ""
        done = []
        for at, (task, page, page_count) in enumerate(waiting):
            if isinstance(together, str):
                result = guarded(partial(self.read_alone, page))
            else:
                result = together[at]
            if isinstance(result, str):
                done.append(failed_page(task, self.form, result, page_count))
                continue
            snippets = write_snippets(self.job, page, result) if self.job else {}
            done.append(PageDone(task, result, snippets, page_count))
        return done

    def read_together(self, pages: list[Page]) -> list[PageResult]:
        """Read several pages and check what came of them."""
        assert self.reader is not None
        results = self.reader.read_pages(pages)
        return [checked(page, result) for page, result in zip(pages, results, strict=True)]

    def read_alone(self, page: Page) -> PageResult:
        """Read one page and check what came of it."""
        assert self.reader is not None
        return checked(page, self.reader.read_page(page))


def failed_page(task: Task, form: str, why: str, pages: int | None) -> PageDone:
    """Return the row of a page that could not be read."""
    if task.number == COUNT_ONLY:
        return PageDone(task, None, {}, pages)
    result = PageResult(task.source, task.number, form, (), why or "could not be read")
    return PageDone(task, result, {}, pages)


def guarded(step: Callable[[], T]) -> T | str:
    """Do one step of reading a page; return the sentence that says why it failed."""
    try:
        return step()
    except (PageError, NothingToReadError) as error:
        return str(error)
    except FormreaderError:
        raise
    except MemoryError:
        return "could not be read: it is too large for the memory of this computer"
    except Exception as error:  # the one place where any error ends a page and not the batch
        return f"could not be read: {type(error).__name__}: {error}"[:SENTENCE_CHARACTERS]


def checked(page: Page, result: PageResult) -> PageResult:
    """Return a result that can be stored; raise ValueError where a stage broke its promise."""
    if (result.source, result.number) != (page.source, page.number):
        raise ValueError("the result belongs to another page")
    names = [reading.field for reading in result.readings]
    if len(set(names)) != len(names):
        raise ValueError("two fields have the same name")
    if not all(-EPSILON <= reading.confidence <= 1 + EPSILON for reading in result.readings):
        raise ValueError("a confidence is not between 0 and 1")
    return result
