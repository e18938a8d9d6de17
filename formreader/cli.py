"""The command line: what a clerk types, what it prints, and its exit codes.

Results go to stdout, progress and warnings to stderr. Everything heavy is imported by the
command that needs it.
"""

from __future__ import annotations

import io
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from formreader import __version__
from formreader.errors import FormreaderError, UsageError

if TYPE_CHECKING:
    from formreader.batch import Batch

INTERRUPTED = 130
SOME_FAILED = 1
LISTED = 50
"""Failed pages named at the end of a run; readings.csv names all."""


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


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Read the numbers off scanned forms and bank cheques into a table.",
)
Job = Annotated[Path, typer.Argument(help="Job folder that 'formreader read' made.")]


def tell(text: str) -> None:
    """Say something that is no result."""
    typer.echo(text, err=True)


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
    source: Annotated[Path, typer.Argument(help="File or folder with scans (pictures, PDF).")],
    out: Annotated[Path, typer.Option(help="Job folder for the results; made if missing.")],
    form: Annotated[
        list[str] | None,
        typer.Option(
            help="auto (default): find the numbers; field: each image is one number; or a form "
            "definition (FORM.toml), or a folder of them. May be repeated: FORM.toml."
        ),
    ] = None,
    max_error: Annotated[
        float, typer.Option(help="Wrong values wanted at most among the accepted, as a share.")
    ] = 0.01,
    jobs: Annotated[
        int | None, typer.Option(help="Pages read at a time; by default one per core.")
    ] = None,
    model: Annotated[
        Path | None, typer.Option(help="Folder of a model; by default the bundled one.")
    ] = None,
    restart: Annotated[
        bool, typer.Option("--restart", help="Begin the job anew instead of resuming it.")
    ] = False,
) -> None:
    """Read a file or folder into a job folder; the same command again resumes it."""
    if not 0 < max_error < 1:
        raise UsageError(
            f"--max-error is {max_error:g}; it must lie between 0 and 1, such as 0.01 for one "
            "wrong value in a hundred."
        )
    if jobs is not None and jobs < 1:
        raise UsageError(f"--jobs is {jobs}; it must be 1 or more, the pages read at a time.")
    from formreader.batch import Batch
    from formreader.pipeline import Options, unkept_promises

    settings = Options(max_error=max_error, model=model, **named_forms(form or ["auto"]))
    for sentence in unkept_promises(settings):
        tell(f"Note: {sentence}")
    with Batch(source, out, settings, jobs=jobs, restart=restart) as batch:
        raise typer.Exit(run(batch, out))


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


def run(batch: Batch, out: Path) -> int:
    """Read a batch with progress; print the summary and return the exit code."""
    from formreader.progress import follow

    for warning in batch.warnings:
        tell(f"Note: {warning}")
    try:
        with closing(batch.pages()) as pages:
            follow(pages, batch.queue)
    except KeyboardInterrupt:
        summarise(batch, out)
        tell("Interrupted. Finished pages are on disk; the same command again goes on from here.")
        return INTERRUPTED
    failed = summarise(batch, out)
    typer.echo(str(out / "readings.csv"))
    return SOME_FAILED if failed else 0


def summarise(batch: Batch, out: Path) -> int:
    """Say on one screen what the job holds and what to do next; return the failed pages."""
    assert batch.store is not None
    counts = batch.store.counts()
    fields = counts.accepted + counts.review + counts.blank
    tell(f"Pages   {counts.pages}, of them {counts.failed} failed, {counts.empty} without a number")
    tell(
        f"Fields  {fields}: {counts.accepted} accepted, {counts.review} to review, "
        f"{counts.blank} blank"
    )
    failures = [page for page in batch.store.pages() if page[2]]
    for name, number, why in failures[:LISTED]:
        tell(f"Failed  {name}, page {number}: {why}")
    if len(failures) > LISTED:
        tell(f"        and {len(failures) - LISTED} more: status failed in readings.csv")
    tell(f"Tables  {out / 'readings.csv'}, characters.csv, records.csv")
    if counts.review:
        tell(
            f"Next    formreader review {out}\n"
            f"        or in a spreadsheet with pictures: formreader export {out} --format xlsx,\n"
            "        write what is right into the column correction, then: "
            f"formreader apply {out} CORRECTED.xlsx"
        )
    return counts.failed


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
        f"{applied.unchanged} known before."
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
) -> None:
    """Review doubtful readings on a local page, by keyboard."""
    if not 0 <= audit <= 1:
        raise UsageError(f"--audit is {audit:g}; it must lie between 0 and 1, such as 0.02.")
    from formreader.review.server import serve

    serve(job, port, open_browser, audit, tell)
    typer.echo(str(job / "records.csv"))


@app.command()
def export(
    job: Job,
    kind: Annotated[str, typer.Option("--format", help="csv, xlsx or parquet.")] = "csv",
) -> None:
    """Write a job's tables again."""
    from formreader.export import export as write

    for path in write(job, kind):
        typer.echo(str(path))


@app.command()
def evaluate(
    measured: Annotated[
        Path, typer.Argument(metavar="JOB|GLYPHS.npz", help="Job folder, or file with digits.")
    ],
    truth: Annotated[
        Path | None, typer.Option(help="Table with page, field and true value; for a job.")
    ] = None,
    model: Annotated[
        Path | None, typer.Option(help="Folder of a model, for GLYPHS.npz; default: bundled.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Compare a job with the truth, or rate the model on single digits."""
    if measured.suffix.lower() != ".npz" and truth is None:
        raise UsageError("Add --truth TRUTH.csv, the table with the true values.")
    from formreader import evaluate as evaluation

    if truth is None:
        report = evaluation.evaluate_glyphs(measured, model)
    else:
        report = evaluation.evaluate(measured, truth)
    for warning in report.get("warnings", []):
        tell(f"Note: {warning}")
    if as_json:
        import json

        typer.echo(json.dumps(report, indent=1, ensure_ascii=False))
    else:
        typer.echo(evaluation.summary(report))


@app.command()
def train(
    out: Annotated[Path, typer.Option(help="Folder for the model, such as models/NAME.")],
    data: Annotated[
        list[Path] | None, typer.Option(help="Labelled digits: .npz, idx or .h5; may be repeated.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the data.")] = None,
    seed: Annotated[int, typer.Option(help="Start of the random numbers.")] = 1,
) -> None:
    """Train a model on labelled digits."""
    from formreader import train as training

    training.train(data or [], out, epochs=epochs, seed=seed, report=tell)
    typer.echo(str(out))


forms = typer.Typer(cls=Commands, no_args_is_help=True, help="Define a form.")
app.add_typer(forms, name="form")


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


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # names of files need not fit the terminal
            stream.reconfigure(errors="backslashreplace")
    app()
