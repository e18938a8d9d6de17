"""Where the work of a batch is done: in this process, or in worker processes.

Both kinds take chunks of tasks and hand back what came of them, in the order in which they
end. A worker that dies takes only its task with it: the pool is built anew, and the tasks that
were under way are tried again one at a time, alone, so that the guilty one is known for sure.
"""

from __future__ import annotations

import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import Connection
from typing import Any, Generic, Protocol, TypeVar

from formreader.errors import FormreaderError

Task = TypeVar("Task")
Result = TypeVar("Result")

QUEUE_PER_WORKER = 2
"""Chunks under way per worker: one being read and one waiting, so that no worker stands idle;
more would only be lost together when a worker dies."""
ONE_THREAD = {"OPENCV_FOR_THREADS_NUM": "1", "OMP_NUM_THREADS": "1"}
"""Environment of workers: one thread each, or eight workers on eight cores run 64 threads."""


class WorkerDied:
    """Stands for the result of a task that ended the process it ran in."""


DIED = WorkerDied()


class Executor(Protocol[Task, Result]):
    """What `Serial` and `Pool` have in common."""

    @property
    def has_room(self) -> bool:
        """Tell whether another chunk is wanted now."""

    @property
    def is_idle(self) -> bool:
        """Tell whether nothing is under way."""

    def submit(self, chunk: tuple[Task, ...]) -> None:
        """Start to work on a chunk."""

    def collect(self, block: bool = True) -> list[tuple[tuple[Task, ...], Result | WorkerDied]]:
        """Return the chunks that have ended; wait for one unless told not to `block`."""

    def close(self) -> None:
        """Stop at once; what is under way is given up."""


class Serial(Generic[Task, Result]):
    """Work in this process, one chunk at a time."""

    def __init__(self, work: Callable[[tuple[Task, ...]], Result]) -> None:
        self._work = work
        self._chunks: deque[tuple[Task, ...]] = deque()

    @property
    def has_room(self) -> bool:
        """Tell whether another chunk is wanted now."""
        return not self._chunks

    @property
    def is_idle(self) -> bool:
        """Tell whether nothing is under way."""
        return not self._chunks

    def submit(self, chunk: tuple[Task, ...]) -> None:
        """Take a chunk to work on when collecting."""
        self._chunks.append(chunk)

    def collect(self, block: bool = True) -> list[tuple[tuple[Task, ...], Result | WorkerDied]]:
        """Work on the chunk and return it with its result."""
        if not block or not self._chunks:
            return []
        chunk = self._chunks.popleft()
        return [(chunk, self._work(chunk))]

    def close(self) -> None:
        """Give up what was not begun."""
        self._chunks.clear()


class Pool(Generic[Task, Result]):
    """Work in `workers` processes; `work` must be picklable, each process keeps one.

    Raises FormreaderError where processes cannot be started at all.
    """

    def __init__(self, work: Callable[[tuple[Task, ...]], Result], workers: int) -> None:
        self._work = work
        self._workers = workers
        self._context = get_context("spawn")
        self._running: dict[Future[Result], tuple[Task, ...]] = {}
        self._suspects: deque[Task] = deque()
        self._start()

    def _start(self) -> None:
        stopped, self._stop = self._context.Pipe(duplex=False)
        self._pool = ProcessPoolExecutor(
            self._workers,
            self._context,
            initializer=begin_worker,
            initargs=(stopped, self._work),
        )

    @property
    def has_room(self) -> bool:
        """Tell whether another chunk is wanted now; never while suspects are tried."""
        return not self._suspects and len(self._running) < QUEUE_PER_WORKER * self._workers

    @property
    def is_idle(self) -> bool:
        """Tell whether nothing is under way."""
        return not self._suspects and not self._running

    def submit(self, chunk: tuple[Task, ...]) -> None:
        """Send a chunk to a worker."""
        try:
            with interrupts_kept_from_workers():
                self._running[self._pool.submit(work_on, chunk)] = chunk
        except BrokenProcessPool:
            self._suspects.extend(chunk)

    def collect(self, block: bool = True) -> list[tuple[tuple[Task, ...], Result | WorkerDied]]:
        """Return the chunks that have ended, or one suspect task that was tried alone.

        Raises what the work raised.
        """
        if self._running:
            ended, _ = wait(
                self._running, timeout=None if block else 0, return_when=FIRST_COMPLETED
            )
            return self._take(ended)
        if block and self._suspects:
            return self._try_alone(self._suspects.popleft())
        return []

    def _take(
        self, ended: set[Future[Result]]
    ) -> list[tuple[tuple[Task, ...], Result | WorkerDied]]:
        results: list[tuple[tuple[Task, ...], Result | WorkerDied]] = []
        for future in ended:
            chunk = self._running.pop(future)
            if isinstance(future.exception(), BrokenProcessPool):
                self._suspects.extend(chunk)
            else:
                results.append((chunk, future.result()))
        if self._suspects and not self._running:
            self._restart()
        return results

    def _try_alone(self, task: Task) -> list[tuple[tuple[Task, ...], Result | WorkerDied]]:
        """Work on one task with nothing else under way."""
        self.submit((task,))
        if not self._running:  # the pool broke before the task began: it is a suspect again
            self._restart()
            return []
        (future,) = wait(self._running).done
        self._running.clear()
        if isinstance(future.exception(), BrokenProcessPool):
            self._restart()
            return [((task,), DIED)]
        return [((task,), future.result())]

    def _restart(self) -> None:
        """Build the pool anew and see that a worker answers."""
        self.close()
        self._start()
        try:
            with interrupts_kept_from_workers():
                answer = self._pool.submit(os.getpid)
            answer.result()
        except BrokenProcessPool:
            raise FormreaderError(
                "The helper processes that read the pages cannot be started on this computer. "
                "Run the same command again with --jobs 1."
            ) from None

    def close(self) -> None:
        """Stop the workers at once."""
        self._stop.close()
        self._pool.shutdown(wait=True, cancel_futures=True)


_work: Callable[[Any], Any]


def work_on(chunk: Any) -> Any:
    """Do this worker process's work."""
    return _work(chunk)


def begin_worker(stopped: Connection, work: Callable[[Any], Any]) -> None:
    """Prepare a worker process: its work, one thread, no Ctrl-C, and an end with the batch.

    The other end of `stopped` lives in that process alone; it closes when the batch is over,
    even after a kill -9, which would leave the workers waiting for ever.
    """
    global _work
    _work = work
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.update(ONE_THREAD)
    threading.Thread(target=end_with, args=(stopped,), daemon=True).start()


def end_with(stopped: Connection) -> None:
    """Wait until the other end is closed, then end this process."""
    stopped.poll(None)
    os._exit(0)


@contextmanager
def interrupts_kept_from_workers() -> Iterator[None]:
    """Hold back Ctrl-C, which is for the batch, from processes that are started in the block.

    They inherit the blocked signal. Here it waits and is delivered at the end; when it was
    ignored instead, one Ctrl-C in six was lost while a loaded machine sent work to its workers.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows: `begin_worker` alone ignores it
        yield
        return
    resource_tracker.ensure_running()  # starting it later would end the blocking too early
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
