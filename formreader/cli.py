"""The command line: what a clerk types, what it prints, and its exit codes.

Results go to stdout, progress and warnings to stderr. Everything heavy is imported by the
command that needs it.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from formreader import __version__
from formreader.cli_commands import Commands, tell
from formreader.cli_forms import forms, named_forms
from formreader.cli_models import models
from formreader.cli_run import run
from formreader.errors import UsageError

app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Read the numbers off scanned forms and bank cheques into a table.",
)
app.add_typer(forms, name="form")
app.add_typer(models, name="models")
Job = Annotated[Path, typer.Argument(metavar="JOB", help="Job folder that 'formreader read' made.")]


def show_version(wanted: bool) -> None:
    """Print the version and end."""
    if wanted:
        typer.echo(f"formreader {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="Show version.")
    ] = False,
) -> None:
    """Read the numbers off scanned forms and bank cheques into a table."""


@app.command()
def read(
    source: Annotated[
        Path, typer.Argument(metavar="SCANS", help="File or folder with scans (pictures, PDF).")
    ],
    out: Annotated[
        Path, typer.Option(metavar="JOB", help="Job folder for the results; made if missing.")
    ],
    form: Annotated[
        list[str] | None,
        typer.Option(
            metavar="auto|field|cheque|FORM.toml",
            help="auto (default) finds the numbers by itself; field: each picture is one number; "
            "cheque; FORM.toml or a folder of such (repeat --form for several forms).",
        ),
    ] = None,
    max_error: Annotated[
        float,
        typer.Option(
            help="Share of wrong values allowed among the accepted: 0.01 is one in a hundred. With "
            "less, more fields go to a person."
        ),
    ] = 0.01,
    jobs: Annotated[
        int | None, typer.Option(help="Pages read at the same time; by default one per core.")
    ] = None,
    model: Annotated[
        Path | None, typer.Option(help="Folder of a model; by default the bundled one.")
    ] = None,
    restart: Annotated[
        bool, typer.Option("--restart", help="Begin the job anew instead of resuming it.")
    ] = False,
) -> None:
    """Read a file or folder into a job folder; the same command again resumes it."""
    if jobs is not None and jobs < 1:
        raise UsageError(f"--jobs is {jobs}; it must be 1 or more, the pages read at a time.")
    from formreader.batch import Batch
    from formreader.pipeline import Options

    settings = Options(max_error=max_error, model=model, **named_forms(form or ["auto"]))
    with Batch(source, out, settings, jobs=jobs, restart=restart) as batch:
        raise typer.Exit(run(batch, out))


@app.command()
def apply(
    job: Job,
    corrected: Annotated[
        Path, typer.Argument(help="readings.csv or readings.xlsx with corrections.")
    ],
) -> None:
    """Take a corrected spreadsheet back in."""
    from formreader import corrections

    applied = corrections.apply(job, corrected)
    for warning in applied.warnings:
        tell(f"Note: {warning}")
    tell(
        f"{applied.changed} values corrected, {applied.confirmed} confirmed, "
        f"{applied.unchanged} known before. {applied.left} doubtful fields are left."
    )
    typer.echo(str(job / "records.csv"))


@app.command()
def review(
    job: Job,
    open_browser: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the page in the browser.")
    ] = True,
    port: Annotated[int, typer.Option(help="Port of the page; by default any free one.")] = 0,
    audit: Annotated[
        float, typer.Option(help="Share of accepted fields to key blind, as a check of them.")
    ] = 0.02,
    blind: Annotated[
        bool, typer.Option("--blind", help="Key every doubtful field unseen (double keying).")
    ] = False,
) -> None:
    """Review doubtful readings on a local page, by keyboard."""
    if not 0 <= audit <= 1:
        raise UsageError(f"--audit is {audit:g}; it must lie between 0 and 1, such as 0.02.")
    from formreader.review.server import serve

    serve(job, port, open_browser, audit, blind, tell)
    typer.echo(str(job / "records.csv"))


@app.command()
def export(
    job: Job,
    kind: Annotated[
        str, typer.Option("--format", help="csv, xlsx (with pictures, for corrections) or parquet.")
    ] = "csv",
) -> None:
    """Write a job's tables again."""
    from formreader.corrections import refuse_to_lose
    from formreader.export import export as write

    if kind == "xlsx":
        refuse_to_lose(job)
    for path in write(job, kind):
        typer.echo(str(path))


@app.command()
def evaluate(
    measured: Annotated[
        Path,
        typer.Argument(
            metavar="JOB|GLYPHS", help="Job folder; or digits: .npz, or a folder by class."
        ),
    ],
    truth: Annotated[
        Path | None, typer.Option(help="Table with page, field and true value; for a job.")
    ] = None,
    model: Annotated[
        Path | None, typer.Option(help="Folder of the model; by default the bundled one.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for the report; by default JOB, or GLYPHS-report here."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Compare a job with the truth, or rate the model on single digits."""
    if measured.suffix.lower() != ".npz" and truth is None:
        from formreader.glyph_folder import is_glyph_folder

        if not measured.is_dir():
            raise UsageError(f"There is no job folder {measured}.")
        if not is_glyph_folder(measured):
            raise UsageError("Add --truth TRUTH.csv, the table with the true values.")
    from formreader import evaluate as evaluation

    if truth is None:
        tell("Reading the digits, plain and spoiled; this takes a minute or two.")
        report = evaluation.evaluate_glyphs(measured, model, out)
    else:
        report = evaluation.evaluate(measured, truth, model, out)
    for warning in report.get("warnings", []):
        tell(f"Note: {warning}")
    if as_json:
        import json

        typer.echo(json.dumps(report, indent=1, ensure_ascii=False))
    else:
        typer.echo(evaluation.summary(report))
    tell(f"Report  {evaluation.report_folder(measured, out) / 'report.html'}")


@app.command()
def train(
    out: Annotated[Path, typer.Option(help="Folder for the model, such as models/NAME.")],
    data: Annotated[
        list[Path] | None,
        typer.Option(help="Labelled digits: .npz, idx, .h5, or a folder by class; repeatable."),
    ] = None,
    arch: Annotated[
        str | None,
        typer.Option(help="Digit network: bundled (default), lenet, resnet or mobilenet."),
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the data.")] = None,
    batch: Annotated[
        int | None, typer.Option(help="Digits learned from at a time; default 100.")
    ] = None,
    rate: Annotated[
        float | None, typer.Option("--learning-rate", help="Highest learning rate; default 0.003.")
    ] = None,
    tune: Annotated[
        int | None, typer.Option(help="Try this many settings in short trainings first.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Start of the random numbers.")] = 1,
    reviewed: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="JOB", help="Job whose confirmed values the bundled model learns; repeatable."
        ),
    ] = None,
) -> None:
    """Train a model on labelled digits, or train the bundled one on with reviewed jobs."""
    named = {"arch": arch, "epochs": epochs, "batch": batch, "rate": rate}
    chosen: dict[str, Any] = {name: value for name, value in named.items() if value is not None}
    if reviewed:
        for name in [*chosen, *(["tune"] if tune is not None else [])]:
            option = "learning-rate" if name == "rate" else name
            raise UsageError(f"--{option} does not go with --reviewed. Leave it out.")
        from formreader.train_reviewed import train_reviewed

        train_reviewed(reviewed, data or [], out, seed=seed, report=tell)
    else:
        from formreader import train as training
        from formreader.train_settings import Settings
        from formreader.train_tune import Search

        settings = Settings(seed=seed, **chosen)
        search = None if tune is None else Search(tune, frozenset(chosen))
        training.train(data or [], out, settings, search=search, report=tell)
    typer.echo(str(out))


@app.command()
def certify(
    job: Job,
    out: Annotated[
        Path | None,
        typer.Option(help="Make a model that promises what was proved: models/NAME."),
    ] = None,
    model: Annotated[Path | None, typer.Option(help="Model that the job was read with.")] = None,
) -> None:
    """Say how often accepted values of a job are wrong, by its blind audit."""
    from formreader import certify as judge
    from formreader.classify import model_folder

    for sentence in judge.certify(job):
        typer.echo(sentence)
    if out is not None:
        for sentence in judge.certified_model(job, model_folder(model), out):
            typer.echo(sentence)


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # names of files need not fit the terminal
            stream.reconfigure(errors="backslashreplace")
    app()
