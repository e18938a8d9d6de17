"""The shape of the package: who may import whom, and which library lives where."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

PACKAGE = Path(__file__).resolve().parents[1] / "formreader"


def module_of(path: Path) -> str:
    """Return a file's dotted name inside the package; a package's own file has the package's."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {module_of(path): path for path in PACKAGE.rglob("*.py")}
MODULES = sorted(module for module in FILES if module)

STAGES = (
    *("load", "register", "locate", "segment"),
    *("classify", "assemble", "calibrate", "validate"),
)
LAYERS = (
    "document|errors",
    "ink|rules(_bars|_dotted|_tinted)?|binarize|micr|micr_line|cheque_profiles|cheque_values|cheque_marks|cheque_hundredths|cheque_doubts|cheque_closing|cheque_signs|cheque_print|cheque_compose|ctc|strokes|stroke_forms|junk(_unseen)?|compose(_zeros)?|paper|augment|degrade|datasets|printed_glyphs|network|network_others|forms(_.+)?|codes|trace",
    "(load|register|locate|segment)_.+",
    "|".join(STAGES),
    "pipeline(_.+)?|cheques|cheque_(fields|figures|amounts|dates)",
    "executors|page_queue|job|sources|snippets|corrected(_.+)?|corrections|fit_(confidence|reviewed|cheques|kinds|fields)"
    "|reviewed|align|fine_tune|model_versions|certify"
    r"|glyph_folder|(batch|store|export|evaluate|train)(_.+)?|review(\..+)?|form_.+",
    "cli(_.+)?|progress|__main__",
)
"""Patterns of module names, lowest layer first; a module imports from its own layer or below."""

HOMES = {
    "tensorflow": "train|train_loop|train_strips|network|export_model",
    "keras": "train|train_(loop|digits|strips|printed)|fine_tune|network(_others)?|export_model",
    "matplotlib": "train",
    "ai_edge_litert": "classify",
    "pypdfium2": "load_pdf(_fields)?|printed_glyphs",
    "PIL": r"load(_.+)?|datasets|printed_glyphs|snippets|evaluate_pictures|review\.pictures",
    "h5py": "datasets",
    "zxingcpp": "codes",
    "optuna": "train_tune",
    "pandas": "evaluate(_.+)?|export",
    "openpyxl": "corrected_workbook",
    "pyarrow": "export_parquet",
    "xlsxwriter": "export_workbook",
    "rich": "cli|progress",
    "typer": "cli(_.+)?",
    "fastapi": r"review\..+",
    "starlette": r"review\..+",
    "jinja2": r"review\..+",
    "uvicorn": r"review\.server",
}
"""The only modules that may import each third-party library."""

NO_PIXELS = (
    "assemble|ctc|calibrate|validate|cli|progress|executors|page_queue|job|sources"
    r"|corrected(_.+)?|corrections|(batch|store|export|evaluate)(_.+)?|review(\..+)?"
)
"""From `assemble` on the program is numbers and text: none of these imports cv2."""

LONGEST = 320
"""Lines of a module; `stroke_forms` may be longer, it is a table."""


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(FILES[module].read_text("utf-8"))


@cache
def imported(module: str) -> frozenset[str]:
    """Return the dotted names that a module imports anywhere, `from a import b` as `a.b`."""
    names: set[str] = set()
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} has a relative import; the package uses full names"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(names)


def own(module: str) -> set[str]:
    """Return the modules of this package that a module imports."""
    found = set()
    for name in imported(module):
        package, _, inside = name.partition(".")
        while package == "formreader" and inside:  # `a.b.name` names the module `a.b` or `a`
            if inside in MODULES:
                found.add(inside)
                break
            inside = inside.rpartition(".")[0]
    return found


def layer(module: str) -> int:
    found = [rank for rank, names in enumerate(LAYERS) if re.fullmatch(names, module)]
    assert len(found) == 1, f"{module} has no layer yet: put it into one of LAYERS"
    return found[0]


def stage_of(module: str) -> str | None:
    """Return the stage that a module is, or is a part of."""
    return next((s for s in STAGES if module == s or module.startswith(f"{s}_")), None)


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_down(module: str) -> None:
    higher = {name for name in own(module) if layer(name) > layer(module)}
    assert not higher, f"{module} imports {higher}, which lie above it"


def test_no_module_imports_itself_by_a_detour() -> None:
    try:
        TopologicalSorter({module: own(module) for module in MODULES}).prepare()
    except CycleError as error:
        pytest.fail(f"modules import each other in a circle: {' → '.join(error.args[1])}")


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_and_its_parts_import_no_other_stage(stage: str) -> None:
    for module in MODULES:
        if stage_of(module) == stage:
            others = {name for name in own(module) if stage_of(name) not in (None, stage)}
            assert not others, f"{module} imports another stage: {others}"


@pytest.mark.parametrize("module", [m for m in MODULES if re.fullmatch(LAYERS[2], m)])
def test_a_part_of_a_stage_is_imported_by_its_stage_alone(module: str) -> None:
    users = {name for name in MODULES if module in own(name)}
    assert users, f"nothing uses {module}"
    assert {stage_of(name) for name in users} == {stage_of(module)}


@pytest.mark.parametrize(("number", "stage"), list(enumerate(STAGES, 1)))
def test_a_stage_says_its_number_and_has_a_main_function_of_its_name(
    number: int, stage: str
) -> None:
    assert (ast.get_docstring(tree(stage)) or "").startswith(f"Stage {number} of 8:")
    defined = [node for node in tree(stage).body if isinstance(node, ast.FunctionDef)]
    assert stage in {node.name for node in defined}


def test_the_pipeline_uses_every_stage_but_loading() -> None:
    assert set(STAGES) - own("pipeline") == {"load"}


@pytest.mark.parametrize("library", HOMES)
def test_a_library_stays_in_its_home(library: str) -> None:
    users = {m for m in MODULES if any(name.split(".")[0] == library for name in imported(m))}
    assert users, f"nothing imports {library}: take it out of HOMES and of pyproject.toml"
    strays = {module for module in users if not re.fullmatch(HOMES[library], module)}
    assert not strays


@pytest.mark.parametrize("module", [m for m in MODULES if re.fullmatch(NO_PIXELS, m)])
def test_no_pixels_from_assemble_on(module: str) -> None:
    assert not any(name.split(".")[0] == "cv2" for name in imported(module))


def broad_handlers(module: str) -> list[ast.ExceptHandler]:
    """Return the handlers that end every error; clean-up that raises it again is none."""
    handlers = [node for node in ast.walk(tree(module)) if isinstance(node, ast.ExceptHandler)]
    return [handler for handler in handlers if is_broad(handler) and not raises_again(handler)]


def is_broad(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    names = {node.id for node in ast.walk(handler.type) if isinstance(node, ast.Name)}
    return bool(names & {"Exception", "BaseException"})


def raises_again(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def test_every_error_is_caught_in_one_place_only() -> None:
    found = {module: len(broad_handlers(module)) for module in MODULES}
    # Keras raises a bare Exception where a download fails, so `train` has to catch one.
    assert {module: count for module, count in found.items() if count} == {
        "batch_worker": 1,
        "train": 1,
    }


def test_the_broad_handler_of_training_is_around_the_download_only() -> None:
    [function] = [
        node
        for node in ast.walk(tree("train"))
        if isinstance(node, ast.FunctionDef)
        and any(handler in list(ast.walk(node)) for handler in broad_handlers("train"))
    ]
    assert function.name == "download_mnist"


@pytest.mark.parametrize("module", [*MODULES, ""])
def test_every_module_says_what_it_is_for(module: str) -> None:
    lines = (ast.get_docstring(tree(module)) or "").splitlines()
    assert lines
    assert lines[0].endswith((".", "?")), f"the first line of {module} is no sentence"


@pytest.mark.parametrize("module", [m for m in MODULES if m != "stroke_forms"])
def test_no_module_grows_too_long(module: str) -> None:
    assert len(FILES[module].read_text("utf-8").splitlines()) <= LONGEST


# What a process has imported after it has read

HEAVY = (
    *("tensorflow", "keras", "pandas", "matplotlib", "torch"),
    *("fastapi", "starlette", "jinja2", "uvicorn"),
    *("xlsxwriter", "openpyxl", "pyarrow"),
)


def heavy_after(code: str, *arguments: str) -> set[str]:
    """Run code in a fresh process; return the heavy libraries that it imported."""
    tail = f"\nimport sys\nprint('heavy:', *[m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code + tail, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(PACKAGE.parent)},
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.rpartition("heavy:")[2].split())


def test_starting_the_command_line_imports_nothing_heavy() -> None:
    assert heavy_after("import formreader.cli") == set()


def test_the_look_at_a_process_does_see_what_it_imported() -> None:
    assert heavy_after("import sys, types; sys.modules['torch'] = types.ModuleType('torch')") == {
        "torch"
    }


@pytest.mark.parametrize("form", ["auto", "field"])
def test_reading_a_page_imports_nothing_heavy(tmp_path: Path, form: str) -> None:
    from formreader.classify import CARD, model_folder

    if not (model_folder(None) / CARD).exists():
        pytest.skip("there is no bundled model in this checkout")
    page = np.full((400, 600), 255, np.uint8)
    page[100:160, 100:108] = page[100:160, 200:208] = 0
    Image.fromarray(page).save(tmp_path / "page.png", dpi=(150, 150))
    code = (
        "import sys; from formreader import cli\n"
        "sys.argv = ['formreader', 'read', *sys.argv[1:]]\n"
        "try: cli.main()\nexcept SystemExit as end: assert not end.code, end.code"
    )
    job = str(tmp_path / "job")
    found = heavy_after(code, str(tmp_path / "page.png"), "--out", job, "--form", form)
    assert found == set()
    assert (tmp_path / "job" / "readings.csv").exists()
