"""Read a whole folder: share out the pages, isolate failures, commit as they end, resume.

A page is the unit of work. Pages are read in any order, each is committed to the job's
database as it ends, and nothing that one page does can harm another: an error becomes a
`failed` row, and so does a page that ends the process reading it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self, TypeVar

from formreader import __version__, export, job, load
from formreader.document import Page, PageResult
from formreader.errors import FormreaderError, NothingToReadError, PageError, UsageError
from formreader.executors import Executor, Pool, Serial, WorkerDied
from formreader.page_queue import COUNT_ONLY, PageQueue, Task
from formreader.snippets import write_snippets
from formreader.sources import default_jobs, list_files, printable
from formreader.store import Store

if TYPE_CHECKING:
    from formreader.pipeline import Options

T = TypeVar("T")

CHUNK_PAGES = 32
"""Most pages that go to the reader at once: its network is as fast with 32 as with more."""
CHUNK_PIXELS = 4_000_000
"""Pixels of pages that go to the reader at once; keeps a worker's memory at that of one page."""
CHUNK_S = 0.5
"""Seconds of work in one chunk: short enough for progress to be seen and little to be lost."""
EPSILON = 1e-6
"""Rounding that a confidence in float32 may have."""
SENTENCE_CHARACTERS = 300
"""Longest reason in a table; what libraries say can run to pages."""
DIED_SENTENCE = (
    "could not be read: the program reading it ended unexpectedly. The file may be damaged, or "
    "too large for the memory of this computer"
)


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


class Batch:
    """One run over a source, to be used in a `with` block.

    `pages` reads what is to be read; `warnings` are sentences for the user. `out` None reads
    without a job folder, `jobs` None chooses by the work there is. Raises UsageError,
    NothingToReadError, FormError, ModelError or OutputError where the run cannot start.
    """

    def __init__(
        self,
        source: Path,
        out: Path | None,
        options: Options,
        *,
        jobs: int | None = None,
        restart: bool = False,
        make_reader: MakeReader | None = None,
    ) -> None:
        if jobs is not None and jobs < 1:
            raise UsageError("--jobs must be 1 or more: it is how many pages are read at a time.")
        if out is not None and out.resolve() == source.resolve():
            raise UsageError(f"{out} holds the scans. Name a folder of its own after --out.")
        self.folder = out
        self.files = list_files(source)
        self._form = options.form
        self._make_reader = make_reader or partial(bundled_reader, options)
        self._reader = self._make_reader()
        self.store: Store | None = None
        self.warnings: list[str] = []
        if out is not None:
            settings = {
                "source": printable(source.resolve()),
                "form": options.form,
                "max_error": str(options.max_error),
                "model": self._reader.model_id,
                "version": __version__,
            }
            self.store, self.warnings = job.begin(out, settings, self.files, restart)
        known = self.store.known() if self.store else {}
        self.queue = PageQueue(self.files, known)
        self.jobs = jobs or default_jobs(self.files, known)
        self._chunk = 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.store:
            self.store.close()

    def pages(self) -> Generator[PageDone, None, None]:
        """Read what is to be read; yield pages as they end, when they are on disk.

        The tables are written at the end, also when interrupted or closed early.
        """
        executor = self._executor()
        self._note_running(True)
        try:
            while True:
                while executor.has_room and (chunk := self.queue.take(self._chunk)):
                    executor.submit(chunk)
                if executor.is_idle:
                    break
                yield from self._commit(executor.collect())
        except (KeyboardInterrupt, GeneratorExit):
            self._commit(executor.collect(block=False))
            executor.close()
            self._finish()
            raise
        finally:
            executor.close()
        self._finish()

    def in_order(self) -> Iterator[PageResult]:
        """Read and yield all pages in input order, those of earlier runs included."""
        read: dict[tuple[str, int], PageResult] = {}
        with closing(self.pages()) as pages:
            for file in self.files:
                for number in count(1):
                    place = (file.name, number)
                    while not (self.queue.is_read(*place) or place in read):
                        if number > self.queue.counts.get(file.name, number):
                            break
                        done = next(pages)
                        if done.result:
                            read[done.task.source, done.task.number] = done.result
                    if place in read:
                        yield read.pop(place)
                    elif self.store and self.queue.is_read(*place):
                        yield self.store.result(*place)
                    else:
                        break
            for _ in pages:  # nothing is left to read; this writes the tables
                pass

    def _executor(self) -> Executor[Task, ChunkDone]:
        """Return where to read: here, or in workers if asked or if the last run crashed."""
        crashed = self.store is not None and job.RUNNING in self.store.settings()
        if self.jobs == 1 and not crashed:
            return Serial(Worker(self._make_reader, self._form, self.folder, self._reader))
        return Pool(Worker(self._make_reader, self._form, self.folder), self.jobs)

    def _commit(
        self, ended: list[tuple[tuple[Task, ...], ChunkDone | WorkerDied]]
    ) -> list[PageDone]:
        """Put pages that have ended on disk and return them."""
        pages: list[PageDone] = []
        for chunk, outcome in ended:
            if isinstance(outcome, WorkerDied):
                pages += [self._died(task) for task in chunk]
                continue
            pages += outcome.pages
            fitting = int(CHUNK_S * len(chunk) / max(outcome.seconds, 1e-6))
            self._chunk = max(1, min(2 * self._chunk, fitting, CHUNK_PAGES))
        for page in pages:
            if self.store and page.result:
                self.store.add_page(page.result, page.snippets, page.pages)
            elif self.store and page.pages:
                self.store.add_count(page.task.source, page.pages)
            if page.pages is not None:
                self.queue.counted(page.task, page.pages)
        return pages

    def _died(self, task: Task) -> PageDone:
        """Return what is left of a task that ended its worker."""
        if task.number == COUNT_ONLY:
            return PageDone(task, None, {}, 1)
        if task.number == 1:
            self.queue.count_later(task)
        return failed_page(task, self._form, DIED_SENTENCE, None)

    def _note_running(self, running: bool) -> None:
        if self.store:
            self.store.note(job.RUNNING, running)

    def _finish(self) -> None:
        """Write the tables from all that is on disk."""
        if self.store:
            export.write_tables(self.store)
            self._note_running(False)


def read_folder(
    source: Path | str,
    out: Path | str | None = None,
    options: Options | None = None,
    *,
    jobs: int = 1,
    restart: bool = False,
    make_reader: MakeReader | None = None,
) -> Iterator[PageResult]:
    """Read a file or a folder; yield a PageResult per page in input order.

    With `out` the results also go into that job folder, and a second call takes up where the
    first one ended. More than one job starts processes: call it below
    `if __name__ == "__main__":`. Raises FormreaderError where the run cannot start.
    """
    if options is None:
        from formreader.pipeline import Options

        options = Options()
    folder = None if out is None else Path(out)
    with Batch(
        Path(source), folder, options, jobs=jobs, restart=restart, make_reader=make_reader
    ) as batch:
        yield from batch.in_order()


def bundled_reader(options: Options) -> ReaderLike:
    """Return the reader of the package."""
    from formreader.pipeline import Reader

    return Reader(options)
