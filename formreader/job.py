"""Begin a job folder or take one up again, and see that both runs want the same."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from formreader.errors import UsageError
from formreader.snippets import FOLDER as SNIPPETS
from formreader.store import DATABASE, Store
from formreader.store_schema import SourceFile, cannot_write

TABLES = ("readings.csv", "characters.csv", "records.csv")
RUNNING = "running"
"""Setting that is there while a run is under way; one left behind tells of a crash."""
SPOKEN = {
    "source": "SOURCE {}",
    "form": "--form {}",
    "max_error": "--max-error {}",
    "model": "the model {}",
}
"""Settings that must not change within a job, as the user knows them."""


def begin(
    folder: Path, settings: Mapping[str, str], files: list[SourceFile], restart: bool
) -> tuple[Store, list[str]]:
    """Open the job for reading `files` with these settings; the caller closes it.

    Returns sentences on what changed since the last run, too.

    Raises UsageError where the folder holds something else, or a job with other settings, or
    where `restart` would throw away corrections.
    """
    if not (folder / DATABASE).exists():
        refuse_foreign(folder)
    store = Store.create(folder)
    try:
        if restart:
            forget(store)
        refuse_other_settings(store, settings)
        store.set_settings(settings)
        warnings = take_up(store, files)
    except BaseException:
        store.close()
        raise
    return store, warnings


def refuse_foreign(folder: Path) -> None:
    """Raise UsageError where the job's files would overwrite somebody else's."""
    for name in (*TABLES, SNIPPETS):
        if (folder / name).exists():
            raise UsageError(
                f"{folder} holds a {name} but no job, so it may be somebody's work. "
                "Name another folder after --out."
            )


def forget(store: Store) -> None:
    """Empty a job to begin it anew; raise UsageError where corrections would be lost."""
    reviews = store.review_count()
    if reviews:
        raise UsageError(
            f"{store.folder} holds {reviews} corrections made by persons, which --restart would "
            "throw away. Name another folder after --out."
        )
    store.clear()
    try:
        for picture in (store.folder / SNIPPETS).glob("*.png"):
            picture.unlink()
    except OSError as error:
        raise cannot_write(store.folder, error) from error


def refuse_other_settings(store: Store, settings: Mapping[str, str]) -> None:
    """Raise UsageError that names what differs from the run that began the job."""
    before = store.settings()
    changed = [
        f"{spoken.format(before[name])}, now {spoken.format(settings[name])}"
        for name, spoken in SPOKEN.items()
        if name in before and before[name] != settings[name]
    ]
    if changed:
        raise UsageError(
            f"The job in {store.folder} was begun with {'; with '.join(changed)}. One job takes "
            "one way of reading: name another folder after --out, or add --restart to read all "
            "pages again."
        )


def take_up(store: Store, files: list[SourceFile]) -> list[str]:
    """Bring the job's list of files up to date; return sentences on what changed."""
    changes = store.sync(files)
    told = []
    if changes.changed:
        told.append(f"{changes.changed} files changed since they were read and are read again.")
    if changes.orphaned_reviews:
        told.append(
            f"{changes.orphaned_reviews} corrections belong to files that changed; they are "
            "kept in the job's history but no longer used."
        )
    if changes.missing:
        told.append(
            f"{changes.missing} files read earlier are no longer in the source; their readings "
            "are kept."
        )
    return told
