"""The notebook in samples runs from top to bottom, offline, with and without Jupyter."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import pytest

NOTEBOOK = Path(__file__).resolve().parents[1] / "samples" / "explore.ipynb"
LARGEST_BYTES = 300_000
needs_matplotlib = pytest.mark.skipif(
    importlib.util.find_spec("matplotlib") is None,
    reason='matplotlib is not installed: pip install "formreader[train]"',
)


def cells(kind: str) -> list[dict[str, Any]]:
    held = json.loads(NOTEBOOK.read_text("utf-8"))
    return [cell for cell in held["cells"] if cell["cell_type"] == kind]


@needs_matplotlib
def test_the_cells_run_in_order(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import matplotlib

    matplotlib.use("Agg", force=True)
    from matplotlib import pyplot

    monkeypatch.chdir(NOTEBOOK.parent)
    names: dict[str, Any] = {}
    for cell in cells("code"):
        exec(compile("".join(cell["source"]), NOTEBOOK.name, "exec"), names)
    drawn = len(pyplot.get_fignums())
    pyplot.close("all")
    matplotlib.rcdefaults()
    said = capsys.readouterr().out
    assert drawn >= 8
    share = re.search(r"right \((\d+\.\d+)%\)", said)
    assert share is not None
    assert float(share[1]) > 90
    assert "accepted" in said


@needs_matplotlib
@pytest.mark.skipif(
    not all(importlib.util.find_spec(name) for name in ("nbclient", "ipykernel")),
    reason='Jupyter is not installed: pip install "formreader[dev]"',
)
def test_the_notebook_runs_in_jupyter(monkeypatch: pytest.MonkeyPatch) -> None:
    import nbclient
    import nbformat

    monkeypatch.delenv("MPLBACKEND", raising=False)  # Jupyter has its own
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    folder = {"metadata": {"path": str(NOTEBOOK.parent)}}
    nbclient.NotebookClient(notebook, timeout=300, resources=folder).execute()
    pictures = [
        output
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]
    assert len(pictures) >= 8


def test_the_notebook_is_small_and_names_no_place_on_a_machine() -> None:
    text = NOTEBOOK.read_text("utf-8")
    assert len(text.encode()) < LARGEST_BYTES
    assert not re.search(r'[" (]/(home|tmp|root|usr|work|Users|var)/|[A-Z]:\\\\', text)


def test_the_outputs_shown_are_no_errors() -> None:
    outputs = [output for cell in cells("code") for output in cell["outputs"]]
    assert outputs
    assert {output["output_type"] for output in outputs} <= {"stream", "display_data"}
    assert all(output.get("name", "stdout") == "stdout" for output in outputs)


def test_every_step_is_explained() -> None:
    assert len(cells("markdown")) >= 8
