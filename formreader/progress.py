"""Show how far a batch is: a bar on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

from formreader.batch_worker import PageDone
from formreader.page_queue import PageQueue

LINE_S = 10.0
"""Seconds between lines where there is no terminal, so that a log stays readable."""


def follow(pages: Iterator[PageDone], queue: PageQueue) -> None:
    """Draw pages from a batch until it has ended, showing progress on stderr."""
    read = (page for page in pages if page.result)
    if sys.stderr.isatty():
        show_bar(read, queue)
    else:
        write_lines(read, queue)


def show_bar(read: Iterator[PageDone], queue: PageQueue) -> None:
    """Show a bar with pages per second and the time left."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Speed(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(pace(task.speed or 0.0))

    columns = (TextColumn("Reading"), BarColumn(), MofNCompleteColumn(), Speed())
    with Progress(
        *columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True
    ) as bar:
        task = bar.add_task("Reading", completed=queue.read_before, total=queue.total)
        for _ in read:
            bar.update(task, advance=1, total=queue.total)


def write_lines(read: Iterator[PageDone], queue: PageQueue) -> None:
    """Write a line every `LINE_S` seconds."""
    begun = told = time.monotonic()
    for done, _ in enumerate(read, 1):
        now = time.monotonic()
        if now - told >= LINE_S:
            told = now
            speed = done / (now - begun)
            so_far = queue.read_before + done
            left_s = (queue.total - so_far) / speed
            print(
                f"{so_far} of {queue.total} pages, {pace(speed)}, about {left_s / 60:.0f} min left",
                file=sys.stderr,
                flush=True,
            )


def pace(speed: float) -> str:
    """Say how fast pages are read: `speed` in pages per second."""
    return f"{speed:.1f} pages/s" if speed >= 0.5 or not speed else f"{1 / speed:.0f} s a page"
