"""The commands that define a form, and what `--form` may name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from formreader.cli_commands import Commands, tell
from formreader.errors import NothingToReadError, PageError, UsageError

forms = typer.Typer(cls=Commands, no_args_is_help=True, help="Define a form.")


@forms.command()
def draft(
    blank: Annotated[Path, typer.Argument(help="Scan or PDF of the blank form.")],
    out: Annotated[Path, typer.Option(help="Where to write the definition: FORM.toml.")],
) -> None:
    """Propose a definition from a blank form, to be edited by hand.

    Of a definition that is there, only a lost .print.json is made again.
    """
    from formreader.form_draft import draft as write

    kept = out.exists()
    with said_of(blank):
        count = write(blank, out)
    if kept:
        tell(f"Its print was made again; {out} stays as it is.")
    else:
        tell(
            f"{count} fields found. Look at them: formreader form check {out} {blank}\n"
            "If rows or lines are missing, draft from a blank copy: where something is written, "
            "less is found."
        )
    typer.echo(str(out))


@forms.command()
def check(
    form: Annotated[Path, typer.Argument(help="Definition: FORM.toml.")],
    page: Annotated[Path | None, typer.Argument(help="A blank or filled page.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Picture to write; by default beside the definition.")
    ] = None,
) -> None:
    """Check a definition and draw its fields over a page."""
    from formreader.form_draft import check as draw

    with said_of(page or form):
        pictures = draw(form, page, out or form.with_suffix(".check.png"))
    for picture in pictures:
        typer.echo(str(picture))


@contextmanager
def said_of(path: Path) -> Iterator[None]:
    """Say of which file it is that a page cannot be used: here no batch goes on without it."""
    try:
        yield
    except PageError as error:
        raise NothingToReadError(f"{path}: {error}") from error


def named_forms(given: list[str]) -> dict[str, Any]:
    """Tell built-in forms from definitions: the options `form` and `definitions`."""
    definitions = tuple(
        Path(name) for name in given if name.endswith(".toml") or Path(name).is_dir()
    )
    for name in given:
        if Path(name) not in definitions and Path(name).is_file():
            raise UsageError(f"{name} is a file, but form definitions end in .toml. Rename it.")
    if not definitions:
        if len(given) > 1:
            raise UsageError("--form can be repeated for form definitions (FORM.toml) only.")
        return {"form": given[0].lower()}
    if len(definitions) < len(given):
        raise UsageError(
            "--form takes either auto, field or cheque, or form definitions, not both."
        )
    from hashlib import sha256

    from formreader.forms import find_forms

    files = [file for path in definitions for file in find_forms(path) if file.is_file()]
    held = sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:8]
    names = " ".join(path.stem for path in definitions)  # an edited form is another way of reading
    return {"form": f"{names} ({held})", "definitions": definitions}
