"""Serve the review page on this computer alone, until it is told to stop."""

from __future__ import annotations

import errno
import signal
import socket
import webbrowser
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import NoReturn

import uvicorn

from formreader.corrections import user
from formreader.errors import OutputError, UsageError
from formreader.review import tables
from formreader.review.app import create_app
from formreader.review.guard import Guard, Keys
from formreader.review.rescue import rescue
from formreader.store_audits import AuditStore, sentence
from formreader.store_reviews import Progress, ReviewStore
from formreader.store_schema import DamagedError

LOOPBACK = "127.0.0.1"
STOP_S = 3
"""Seconds that pictures under way may take when the server stops."""


def serve(
    folder: Path,
    port: int,
    open_browser: bool,
    share: float,
    blind: bool,
    tell: Callable[[str], None],
) -> None:
    """Serve the page until Ctrl+C, then write the job's tables.

    `port` 0 takes any free one; `share` in 0…1 of the accepted fields is audited, `blind` hides
    what was read in the doubtful ones. Raises UsageError where the folder is no job or the port
    is taken, OutputError where the database is damaged or the tables cannot be written.
    """
    progress = sound_progress(folder)
    with bind(port) as listener:
        keys = Keys(listener.getsockname()[1])
        tell(waiting(progress))
        tell(f"Open    {keys.address}")
        tell("Stop    with Ctrl+C; every decision is stored as it is made")
        if open_browser:
            Thread(target=show, args=(keys.address_once, tell), daemon=True).start()
        run(create_app(folder, keys, user(), share, blind), listener)
    with AuditStore.open(folder) as store:
        tell(tables.write(store))
        tell(f"Audit   {sentence(store.measured(store.sample(share)))}")
        tell(waiting(store.progress()))


def sound_progress(folder: Path) -> Progress:
    """Return how much is to be reviewed, or raise OutputError for a damaged database.

    What persons decided in it is then saved beside it, as far as it can be read.
    """
    try:
        with ReviewStore.open(folder) as store:
            store.check()
            return store.progress()
    except DamagedError as error:
        raise OutputError(f"{error} {rescue(folder)}".strip()) from error


def waiting(progress: Progress) -> str:
    """Say how much is to be reviewed."""
    left = progress.doubtful - progress.decided
    return f"Review  {left} of {progress.doubtful} doubtful fields left"


def bind(port: int) -> socket.socket:
    """Return a socket that listens on this computer alone; raise UsageError where it cannot."""
    # asyncio sends small answers at once (TCP_NODELAY) only where the protocol is spelt out:
    # without it each answer waits 40 ms for the other side's acknowledgement
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((LOOPBACK, port))
        listener.listen()
    except (OSError, OverflowError) as error:
        listener.close()
        taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        why = "is in use by another program" if taken else f"cannot be used ({error})"
        raise UsageError(
            f"Port {port} {why}. Name another after --port, or leave it out to take a free one."
        ) from None
    return listener


def show(address: str, tell: Callable[[str], None]) -> None:
    """Open the page in the browser; say so where there is none."""
    if not webbrowser.open(address):
        tell("No browser could be opened. Open the address above in one.")


def run(page: Guard, listener: socket.socket) -> None:
    """Answer requests until the user or the system says stop."""
    config = uvicorn.Config(
        page,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=STOP_S,
    )
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        uvicorn.Server(config).run(sockets=[listener])
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGTERM, before)


def interrupt(*_: object) -> NoReturn:
    """End like Ctrl+C, so that the tables are written."""
    raise KeyboardInterrupt
