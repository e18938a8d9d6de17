"""Read a whole folder: share out the pages, isolate failures, commit as they end, resume.

A page is the unit of work. Pages are read in any order, each is committed to the job's
database as it ends, and nothing that one page does can harm another: an error becomes a
`failed` row, and so does a page that ends the process reading it.
"""

from __future__ import annotations

import warnings
from collections.abc import Generator, Iterator
from contextlib import closing
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Self

from formreader import __version__, batch_records, export, forms_records, job
from formreader.batch_worker import (
    ChunkDone,
    MakeReader,
    PageDone,
    ReaderLike,
    Worker,
    failed_page,
)
from formreader.document import PageResult
from formreader.errors import UsageError
from formreader.executors import Executor, Pool, Serial, WorkerDied
from formreader.page_queue import COUNT_ONLY, PageQueue, Task
from formreader.sources import default_jobs, list_files, printable
from formreader.store import Store

if TYPE_CHECKING:
    from formreader.pipeline import Options

CHUNK_PAGES = 32
"""Most pages that go to the reader at once: its network is as fast with 32 as with more."""
CHUNK_S = 0.5
"""Seconds of work in one chunk: short enough for progress to be seen and little to be lost."""
DIED_SENTENCE = (
    "could not be read: the program reading it ended unexpectedly. The file may be damaged, or "
    "too large for the memory of this computer"
)


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
        self._make_reader = make_reader or partial(open_reader, options)
        self._reader = self._make_reader()
        self.store: Store | None = None
        self.warnings: list[str] = [] if make_reader else unkept(options)
        if out is not None:
            settings = {
                "source": printable(source.resolve()),
                "form": options.form,
                "max_error": str(options.max_error),
                "model": self._reader.model_id,
                "model_folder": printable(options.model.resolve()) if options.model else "",
                "definitions": "\n".join(printable(p.resolve()) for p in options.definitions),
                "records": forms_records.to_text(forms_records.layouts(options.definitions)),
                "version": __version__,
            }
            self.store, notes = job.begin(out, settings, self.files, restart)
            self.warnings += notes
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
        if self.store:
            batch_records.check_records(self.store)
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

    Nothing is read before the first is asked for. A page that cannot be read has no readings, and
    its `failure` says why. With `out` the results also go into that job folder, and a second call
    takes up where the first one ended. More than one job starts processes: call it below
    `if __name__ == "__main__":`. What the command line says as a note is a warning here. Raises
    FormreaderError where the run cannot start.
    """
    if options is None:
        from formreader.pipeline import Options

        options = Options()
    folder = None if out is None else Path(out)
    with Batch(
        Path(source), folder, options, jobs=jobs, restart=restart, make_reader=make_reader
    ) as batch:
        for sentence in batch.warnings:
            warnings.warn(sentence, stacklevel=2)
        yield from batch.in_order()


def unkept(options: Options) -> list[str]:
    """Say which of the wanted error rates the model cannot promise."""
    from formreader.pipeline import unkept_promises

    return unkept_promises(options)


def open_reader(options: Options) -> ReaderLike:
    """Load a model for reading pages: an object with `read_page` and `read_pages`.

    Raises ModelError, and FormError for a form that is unknown or wrong.
    """
    if options.form == "cheque":
        from formreader.cheques import ChequeReader

        return ChequeReader(options)
    from formreader.pipeline import Reader

    return Reader(options)
