"""The commands that list and change the versions of a model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from formreader.cli_commands import Commands, tell
from formreader.errors import UsageError

models = typer.Typer(
    cls=Commands, no_args_is_help=True, help="List the versions of a model; bring one back."
)
Model = Annotated[Path, typer.Argument(help="Folder of a model, such as models/NAME.")]


@models.command("list")
def list_models(model: Model) -> None:
    """List the versions of a model."""
    from formreader.model_versions import versions

    known = versions(model)
    if not known:
        raise UsageError(f"{model} holds no model. Name a folder made by 'formreader train'.")
    for version in known:
        typer.echo(version.sentence)


@models.command("use")
def use_model(
    model: Model, number: Annotated[int, typer.Argument(help="Version, as 'list' shows it.")]
) -> None:
    """Bring a version of a model back; the one in use is kept."""
    from formreader.model_versions import use

    use(model, number)
    tell(f"Version {number} of {model} is in use.")
