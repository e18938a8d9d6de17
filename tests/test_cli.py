"""The command line: one sentence and the right exit code, results on stdout alone."""

import os
import re
import subprocess
import sys
import tomllib
import types
from pathlib import Path

import fake_reader
import numpy as np
import openpyxl
import pytest
from PIL import Image
from typer.testing import CliRunner

import formreader
from formreader import batch, batch_worker, cli, progress, store_schema
from formreader.errors import FormError, ModelError

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def fake(monkeypatch):
    pipeline = types.ModuleType("formreader.pipeline")
    pipeline.Options = fake_reader.Options
    pipeline.unkept_promises = lambda options: []
    monkeypatch.setitem(sys.modules, "formreader.pipeline", pipeline)
    monkeypatch.setattr(batch, "open_reader", fake_reader.make_for)
    return pipeline


@pytest.fixture
def source(tmp_path):
    return scans(tmp_path / "in", "1", "doubt-2")


def scans(folder, *names):
    folder.mkdir()
    for name in names:
        Image.fromarray(np.full((20, 40), 200, np.uint8)).save(folder / f"{name}.png")
    return folder


def run(*words):
    result = CliRunner().invoke(cli.app, [str(word) for word in words])
    assert not result.exception or isinstance(result.exception, SystemExit), result.exception
    return result


def run_process(*words, code="import fake_reader; fake_reader.run_cli()", **how):
    how.setdefault("stdout", subprocess.PIPE)
    path = f"{ROOT / 'tests'}{os.pathsep}{ROOT}"
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, words)],
        env={**os.environ, "PYTHONPATH": path},
        stderr=subprocess.PIPE,
        text=True,
        timeout=30,
        **how,
    )


def test_read_prints_the_table_on_stdout_and_the_summary_on_stderr(tmp_path, source):
    result = run("read", source, "--out", tmp_path / "job", "--form", "field")
    assert result.exit_code == 0
    assert result.stdout == f"{tmp_path / 'job' / 'readings.csv'}\n"
    assert "Pages   2, of them 0 failed" in result.stderr
    assert "Fields  2: 1 accepted, 1 to review, 0 blank" in result.stderr
    assert f"formreader apply {tmp_path / 'job'} CORRECTED.xlsx" in result.stderr


def test_a_failed_page_is_listed_and_ends_with_1_now_and_on_resuming(tmp_path):
    source = scans(tmp_path / "in", "1", "raise-2")
    for _ in range(2):
        result = run("read", source, "--out", tmp_path / "job", "--form", "field")
        assert result.exit_code == 1
        assert "Failed  raise-2.png, page 1: could not be read" in result.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--jobs", "0"), "--jobs is 0; it must be 1 or more"),
        (("--jobs", "-3"), "--jobs is -3; it must be 1 or more"),
        (("--max-error", "0"), "--max-error is 0; it must lie between 0 and 1"),
        (("--max-error", "1"), "--max-error is 1; it must lie between 0 and 1"),
        (("--max-error", "nan"), "--max-error is nan; it must lie between 0 and 1"),
        (("--jobs", "two"), "Invalid value"),
        (("--nonsense",), "No such option"),
        (("--form", "cheque", "--form", "a.toml"), "either auto, field or cheque, or form def"),
        (("--form", __file__), "is a file, but form definitions end in .toml"),
    ],
)
def test_wrong_usage_ends_with_2_and_makes_no_job(tmp_path, source, words, sentence):
    result = run("read", source, "--out", tmp_path / "job", *words)
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert not (tmp_path / "job").exists()


def test_a_missing_source_ends_with_6(tmp_path):
    result = run("read", tmp_path / "none", "--out", tmp_path / "job")
    assert result.exit_code == 6
    assert "does not exist" in result.stderr


def test_an_empty_folder_ends_with_6(tmp_path):
    (tmp_path / "in").mkdir()
    result = run("read", tmp_path / "in", "--out", tmp_path / "job")
    assert result.exit_code == 6
    assert "holds no picture or PDF" in result.stderr


def test_a_job_folder_that_is_a_file_ends_with_5(tmp_path, source):
    (tmp_path / "job").write_text("x")
    result = run("read", source, "--out", tmp_path / "job")
    assert result.exit_code == 5
    assert "is a file. Name a folder after --out." in result.stderr


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write anywhere")
def test_a_place_without_permission_ends_with_5(tmp_path, source):
    (tmp_path / "closed").mkdir(mode=0o500)
    result = run("read", source, "--out", tmp_path / "closed" / "job")
    assert result.exit_code == 5
    assert "no permission to write" in result.stderr


def test_a_full_disk_ends_with_5(tmp_path, source, monkeypatch):
    def full(*_):
        raise store_schema.sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr("formreader.store.Store._add_reading", full)
    result = run("read", source, "--out", tmp_path / "job", "--form", "field")
    assert result.exit_code == 5
    assert "make room and run the same command again" in result.stderr


@pytest.mark.parametrize(("error", "code"), [(FormError, 3), (ModelError, 4)])
def test_a_reader_that_cannot_start_ends_with_its_code(tmp_path, source, monkeypatch, error, code):
    def refuse(_):
        raise error("The reader says no.")

    monkeypatch.setattr(batch, "open_reader", refuse)
    result = run("read", source, "--out", tmp_path / "job")
    assert (result.exit_code, result.stderr) == (code, "The reader says no.\n")
    assert not (tmp_path / "job").exists()


def test_changed_options_end_with_2_until_restart_is_said(tmp_path, source):
    assert run("read", source, "--out", tmp_path / "job").exit_code == 0
    changed = ("read", source, "--out", tmp_path / "job", "--max-error", "0.05")
    result = run(*changed)
    assert result.exit_code == 2
    assert "--max-error 0.01, now --max-error 0.05" in result.stderr
    assert run(*changed, "--restart").exit_code == 0


def test_restart_is_refused_where_it_would_throw_corrections_away(tmp_path, source):
    job = tmp_path / "job"
    run("read", source, "--out", job)
    corrected = tmp_path / "corrected.csv"
    text = (job / "readings.csv").read_text().replace(",,snippets", ",9,snippets")
    corrected.write_text(text)
    assert run("apply", job, corrected).exit_code == 0
    result = run("read", source, "--out", job, "--restart")
    assert result.exit_code == 2
    assert "holds 2 corrections made by persons" in result.stderr


def test_apply_says_what_it_did(tmp_path, source):
    job = tmp_path / "job"
    run("read", source, "--out", job)
    corrected = tmp_path / "corrected.csv"
    corrected.write_text((job / "readings.csv").read_text().replace(",,snippets", ",2,snippets"))
    result = run("apply", job, corrected)
    assert result.stdout == f"{job / 'records.csv'}\n"
    assert (
        result.stderr
        == "1 values corrected, 1 confirmed, 0 known before. 0 doubtful fields are left.\n"
    )


def test_a_refused_table_ends_with_2(tmp_path, source):
    job = tmp_path / "job"
    run("read", source, "--out", job)
    corrected = tmp_path / "corrected.csv"
    corrected.write_text("page_file,page,field,correction\nother.png,1,number,5\n")
    result = run("apply", job, corrected)
    assert result.exit_code == 2
    assert "belongs to another job" in result.stderr


def test_export_writes_the_tables_again(tmp_path, source):
    job = tmp_path / "job"
    run("read", source, "--out", job)
    (job / "records.csv").unlink()
    result = run("export", job)
    assert result.exit_code == 0
    assert result.stdout.split() == [
        str(job / name) for name in ("readings.csv", "characters.csv", "records.csv")
    ]
    assert (job / "records.csv").exists()


def test_a_workbook_goes_out_is_filled_in_and_comes_back(tmp_path, source):
    job = tmp_path / "job"
    run("read", source, "--out", job)
    result = run("export", job, "--format", "xlsx")
    assert (result.exit_code, result.stdout) == (0, f"{job / 'readings.xlsx'}\n")
    book = openpyxl.load_workbook(job / "readings.xlsx")
    book["readings"]["K3"] = "007"
    book.save(tmp_path / "corrected.xlsx")
    result = run("apply", job, tmp_path / "corrected.xlsx")
    assert (result.exit_code, result.stdout) == (0, f"{job / 'records.csv'}\n")
    assert (
        result.stderr
        == "1 values corrected, 0 confirmed, 0 known before. 0 doubtful fields are left.\n"
    )
    assert "doubt-2.png,1,accepted,007" in (job / "records.csv").read_text()


def test_a_workbook_that_cannot_be_taken_in_ends_with_2(tmp_path, source):
    job = tmp_path / "job"
    run("read", source, "--out", job)
    (tmp_path / "corrected.xlsx").write_text("none")
    result = run("apply", job, tmp_path / "corrected.xlsx")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("corrected.xlsx is named .xlsx but is no Excel workbook.")


def test_a_workbook_that_cannot_be_replaced_ends_with_5(tmp_path, source):
    job = tmp_path / "job"
    run("read", source, "--out", job)
    (job / "readings.xlsx").mkdir()
    result = run("export", job, "--format", "xlsx")
    assert (result.exit_code, result.stdout) == (5, "")
    assert result.stderr.count("\n") == 1
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("command", [("export",), ("apply", "x.csv")])
def test_a_folder_that_is_no_job_ends_with_2(tmp_path, command):
    result = run(command[0], tmp_path, *command[1:])
    assert result.exit_code == 2
    assert "is no job folder" in result.stderr


def test_evaluate_needs_a_truth_for_a_job(tmp_path):
    result = run("evaluate", tmp_path)
    assert result.exit_code == 2
    assert "Add --truth TRUTH.csv" in result.stderr


def test_evaluate_prints_the_summary_or_json(tmp_path, source):
    job = tmp_path / "job"
    run("read", source, "--out", job, "--form", "field")
    truth = tmp_path / "truth.csv"
    truth.write_text("page,field,value\n1.png,number,1\ndoubt-2.png,number,2\n")
    assert "accepted" in run("evaluate", job, "--truth", truth).stdout
    report = run("evaluate", job, "--truth", truth, "--json").stdout
    import json

    assert json.loads(report)["counts"]["fields"] == 2


def test_the_version_is_the_one_of_the_package():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == formreader.__version__
    assert run("--version").stdout == f"formreader {formreader.__version__}\n"


@pytest.mark.parametrize("command", ["read", "review", "apply", "export", "evaluate", "train"])
def test_every_command_explains_itself(command):
    assert command in run("--help").stdout
    assert run(command, "--help").exit_code == 0


def test_help_loads_nothing_heavy():
    code = (
        "import sys\nfrom formreader import cli\n"
        "try: cli.main()\nexcept SystemExit: pass\n"
        "heavy = {'numpy', 'pandas', 'cv2', 'tensorflow', 'matplotlib', 'PIL'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    result = run_process("--help", code=code)
    assert result.returncode == 0, result.stderr


def test_reading_loads_no_pandas(tmp_path, source):
    code = (
        "import sys, fake_reader\n"
        "try: fake_reader.run_cli()\nexcept SystemExit: pass\n"
        "heavy = {'pandas', 'tensorflow', 'matplotlib', 'keras'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    result = run_process("read", source, "--out", tmp_path / "job", code=code)
    assert result.returncode == 0, result.stderr


def test_importing_the_package_alone_loads_nothing():
    code = "import sys, formreader; assert not {'numpy', 'typer'} & set(sys.modules)"
    assert run_process(code=code).returncode == 0


def test_a_closed_pipe_is_no_traceback(tmp_path, source):
    read_end, write_end = os.pipe()
    os.close(read_end)
    result = run_process("read", source, "--out", tmp_path / "job", stdout=write_end)
    os.close(write_end)
    assert "Traceback" not in result.stderr
    assert "Exception" not in result.stderr
    assert (tmp_path / "job" / "readings.csv").exists()


def test_progress_is_a_line_now_and_then_where_there_is_no_terminal(capsys, monkeypatch):
    from formreader import progress

    monkeypatch.setattr(progress, "LINE_S", 0.0)
    queue = types.SimpleNamespace(read_before=3, total=6)
    done = batch_worker.PageDone(None, object(), {}, None)
    progress.follow(iter([done] * 3), queue)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("4 of 6 pages, ")


def test_progress_is_a_bar_on_a_terminal(capsys, monkeypatch):
    from formreader import progress

    monkeypatch.setattr(progress.sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")  # a bar, though what is captured is no terminal
    queue = types.SimpleNamespace(read_before=0, total=2)
    done = batch_worker.PageDone(None, object(), {}, None)
    progress.follow(iter([done, done]), queue)
    shown = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", capsys.readouterr().err)
    assert "Reading" in shown
    assert "2/2" in shown


@pytest.mark.parametrize(
    ("speed", "said"), [(12.34, "12.3 pages/s"), (0.5, "0.5 pages/s"), (0.04, "25 s a page")]
)
def test_the_pace_of_slow_pages_is_told_in_seconds(speed, said):
    assert progress.pace(speed) == said
