"""The commands that define a form, and what `--form` may name."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from formreader.cli_commands import Commands, tell
from formreader.errors import UsageError

forms = typer.Typer(cls=Commands, no_args_is_help=True, help="Define a form.")


@forms.command()
def draft(
    blank: Annotated[Path, typer.Argument(help="Scan or PDF of the blank form.")],
    out: Annotated[Path, typer.Option(help="Where to write the definition: FORM.toml.")],
) -> None:
    """Propose a definition from a blank form, to be edited by hand."""
    from formreader.form_draft import draft as write

    tell(f"{write(blank, out)} fields found. Look at them: formreader form check {out}")
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

    for picture in draw(form, page, out or form.with_suffix(".check.png")):
        typer.echo(str(picture))


def named_forms(given: list[str]) -> dict[str, Any]:
    """Tell built-in forms from definitions: the options `form` and `definitions`."""
    definitions = tuple(
        Path(name) for name in given if name.endswith(".toml") or Path(name).is_dir()
    )
    if not definitions:
        if len(given) > 1:
            raise UsageError("--form can be repeated for form definitions (FORM.toml) only.")
        return {"form": given[0]}
    if len(definitions) < len(given):
        raise UsageError("--form takes either auto or field, or form definitions, not both.")
    from hashlib import sha256

    from formreader.forms import find_forms

    files = [file for path in definitions for file in find_forms(path) if file.is_file()]
    held = sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:8]
    names = " ".join(path.stem for path in definitions)  # an edited form is another way of reading
    return {"form": f"{names} ({held})", "definitions": definitions}
