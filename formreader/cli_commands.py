"""What all commands share: errors become a sentence and an exit code; how things are said."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from formreader.errors import FormreaderError

INTERRUPTED = 130


class Commands(TyperGroup):
    """Runs a command and turns what stops it into one sentence and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except FormreaderError as error:
            tell(str(error))
            raise typer.Exit(error.exit_code) from error
        except KeyboardInterrupt:
            tell("Interrupted.")
            raise typer.Exit(INTERRUPTED) from None


def tell(text: str) -> None:
    """Say something that is no result."""
    typer.echo(text, err=True)
