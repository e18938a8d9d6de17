"""A run that is killed or interrupted loses no page and reads none twice."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from batch_folder import rows, scans

from formreader import executors
from formreader.store import Store

TESTS = Path(__file__).parent


def start(source, out, *more, **environment):
    return subprocess.Popen(
        [
            *(sys.executable, "-c", "import fake_reader; fake_reader.run_cli()", "read"),
            *(str(source), "--out", str(out), "--form", "field", *more),
        ],
        env={**os.environ, "PYTHONPATH": f"{TESTS}:{TESTS.parent}", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def pages_on_disk(job):
    try:
        with sqlite3.connect(f"file:{job / 'job.sqlite'}?mode=ro", uri=True) as database:
            return database.execute("SELECT count(*) FROM pages").fetchone()[0]
    except sqlite3.OperationalError:
        return 0


def wait_for(condition, what, limit_s=20):
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.01)


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_kill_9_loses_no_page_and_reads_none_twice(tmp_path, log, jobs):
    source = scans(tmp_path / "in", *(f"slow-{n}" for n in range(12)))
    job = tmp_path / "job"
    run = start(source, job, "--jobs", jobs, SLOW_S="0.1")
    wait_for(lambda: pages_on_disk(job) >= 3, "three pages")
    run.kill()
    run.wait()
    before = set(log())
    with Store.open(job) as store:
        on_disk = {f"{name}#{number}" for name, number, _ in store.pages()}
    assert 3 <= len(on_disk) < 12
    again = start(source, job, "--jobs", jobs, SLOW_S="0")
    assert again.wait(30) == 0, again.stderr.read()
    read_twice = {page for page, times in log().items() if times > 1}
    assert not read_twice & on_disk  # what was committed is never read again
    assert before <= set(log())
    found = [r["value"] for r in rows(job / "readings.csv")]
    assert found == [str(n) for n in range(12)]


def test_workers_end_with_a_run_that_is_killed(tmp_path, log):
    source = scans(tmp_path / "in", *(f"slow-{n}" for n in range(40)))
    run = start(source, tmp_path / "job", "--jobs", "2", SLOW_S="0.05")
    wait_for(lambda: log(), "the first page")
    run.kill()
    run.wait()
    wait_for(lambda: not group_lives(run.pid), "the workers to end", 5)


def group_lives(pid):
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return False
    return any(
        f" {pid} " in f" {stat.read_text().rpartition(')')[2].split()[2]} "
        and stat.read_text().rpartition(")")[2].split()[0] != "Z"
        for stat in Path("/proc").glob("[0-9]*/stat")
    )


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_ctrl_c_keeps_finished_pages_and_the_same_command_goes_on(tmp_path, log, jobs):
    source = scans(tmp_path / "in", *(f"slow-{n}" for n in range(12)))
    job = tmp_path / "job"
    run = start(source, job, "--jobs", jobs, SLOW_S="0.5")
    wait_for(lambda: pages_on_disk(job) >= 3, "three pages")
    os.killpg(run.pid, signal.SIGINT)  # what a terminal does: the workers get it, too
    out, err = run.communicate(timeout=20)
    assert run.returncode == 130
    assert out == ""
    assert "the same command again goes on from here" in err
    assert "Traceback" not in err
    assert 3 <= len(rows(job / "readings.csv")) < 12
    again = start(source, job, "--jobs", jobs, SLOW_S="0")
    assert again.wait(30) == 0
    assert len(rows(job / "readings.csv")) == 12


def test_ctrl_c_while_work_is_sent_to_a_worker_is_delivered_afterwards():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's & ignores it
    sent = []

    def send():
        with executors.interrupts_kept_from_workers():
            signal.raise_signal(signal.SIGINT)
            sent.append("work")

    try:
        with pytest.raises(KeyboardInterrupt):
            send()
    finally:
        signal.signal(signal.SIGINT, before)
    assert sent == ["work"]


def test_after_a_crash_even_one_job_reads_in_a_worker(tmp_path):
    source = scans(tmp_path / "in", "1", "kill-2", "3")
    job = tmp_path / "job"
    assert start(source, job, "--jobs", "1").wait(30) == -signal.SIGKILL
    again = start(source, job, "--jobs", "1")
    _, err = again.communicate(timeout=30)
    assert again.returncode == 1
    assert "Failed  kill-2.png, page 1: could not be read: the program reading it ended" in err
    assert [r["status"] for r in rows(job / "readings.csv")] == ["accepted", "accepted", "failed"]


def test_the_first_page_is_on_disk_long_before_the_last_is_read(tmp_path):
    source = scans(tmp_path / "in", *(f"slow-{n}" for n in range(30)))
    run = start(source, tmp_path / "job", SLOW_S="0.1")
    wait_for(lambda: pages_on_disk(tmp_path / "job"), "the first page")
    assert run.poll() is None
    run.kill()
    run.wait()
