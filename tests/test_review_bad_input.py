"""Damaged, taken, killed and old: what the review does with bad input."""

import re
import socket
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing, suppress
from pathlib import Path

import httpx
import pytest
from review_job import make_job, rows, say
from review_server import Server
from typer.testing import CliRunner

from formreader import cli, corrections
from formreader.errors import OutputError, UsageError
from formreader.review import server
from formreader.store import DATABASE
from formreader.store_reviews import Filter, Order, ReviewStore
from formreader.store_schema import SCHEMA, Meaning

# Bad input


def test_a_folder_that_is_no_job_is_refused(tmp_path):
    with pytest.raises(UsageError, match="no job folder"):
        server.serve(tmp_path, 0, False, 0.0, False, print)


def test_a_damaged_database_is_told_and_left_alone(job):
    path = job / DATABASE
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.execute("PRAGMA journal_mode = DELETE")
    content = bytearray(path.read_bytes())
    content[4096 * 2 :] = b"\x55" * (len(content) - 4096 * 2)
    path.write_bytes(content)
    with pytest.raises(OutputError, match="damaged"):
        server.serve(job, 0, False, 0.0, False, print)
    assert path.read_bytes()[8192:] == content[8192:]


def test_decisions_are_saved_out_of_a_damaged_database_and_can_be_taken_in_again(tmp_path):
    names = tuple(f"doubt-{i}" for i in range(1000, 1400))
    job = make_job(tmp_path / "job", names)
    with ReviewStore.open(job) as store:
        waiting = store.queue(Order.PAGE, Filter())
        for reading in waiting[:300]:
            store.decide(reading, 0, Meaning.VALUE, f"0{reading}", "anna", "review page")
        store.decide(waiting[300], 0, Meaning.BLANK, "", "anna", "review page")
        taken_back = store.decide(waiting[301], 0, Meaning.VALUE, "7", "anna", "review page")
        store.undo(taken_back, "anna", "review page")
    with closing(sqlite3.connect(job / DATABASE)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (middle,) = database.execute(
            "SELECT pageno FROM dbstat WHERE name = 'reviews' AND pagetype = 'leaf' "
            "ORDER BY pageno LIMIT 1 OFFSET 3"
        ).fetchone()
    with (job / DATABASE).open("r+b") as file:
        file.seek(4096 * (middle - 1))
        file.write(b"\x55" * 4096)
    before = (job / DATABASE).read_bytes()
    with pytest.raises(OutputError, match="damaged") as told:
        server.serve(job, 0, False, 0.0, False, print)
    assert (job / DATABASE).read_bytes() == before
    count = int(re.search(r"(\d+) decisions could still be read", str(told.value))[1])
    assert 200 < count < 301
    again = make_job(tmp_path / "again", names)
    assert corrections.apply(again, job / "rescued.csv").changed == count
    kept = rows(again, "SELECT reading, meaning, person_value FROM corrections ORDER BY reading")
    assert [row for row in kept if row[1] == "value"] == [
        (reading, "value", f"0{reading}") for reading, meaning, _ in kept if meaning == "value"
    ]
    assert (waiting[300], "blank", "") in kept
    assert waiting[301] not in {reading for reading, *_ in kept}


def exit_of(*words):
    result = CliRunner().invoke(cli.app, ["review", "--no-open", *map(str, words)])
    return result.exit_code, result.stderr


def test_what_cannot_be_reviewed_ends_with_a_sentence_and_an_exit_code(job, tmp_path):
    assert exit_of(tmp_path / "none") == (2, f"There is no job folder {tmp_path / 'none'}.\n")
    code, told = exit_of(job, "--audit", "2")
    assert code == 2
    assert "between 0 and 1" in told
    with server.bind(0) as taken:
        code, told = exit_of(job, "--port", taken.getsockname()[1])
    assert code == 2
    assert "is in use" in told
    (job / DATABASE).write_bytes(b"no database at all" * 999)
    code, told = exit_of(job)
    assert code == 5
    assert "damaged" in told


@pytest.mark.parametrize("seconds", [0.02, 0.1, 0.25])
def test_no_confirmed_decision_is_lost_when_the_server_is_killed(tmp_path, seconds):
    job = make_job(tmp_path / "job", tuple(f"doubt-{i}" for i in range(300)))
    running = Server(job, "--audit", "0")
    confirmed = []
    try:
        here = running.address.partition("/?")[0]
        with httpx.Client(base_url=here, headers={"origin": here}) as page:
            page.get(running.address)
            threading.Timer(seconds, running.process.kill).start()
            with suppress(httpx.TransportError):
                for reading in page.get("/api/queue").json():
                    if say(page, reading, f"{reading}").status_code == 200:
                        confirmed.append(reading)
    finally:
        running.kill()
    stored = rows(job, "SELECT reading, person_value FROM corrections ORDER BY reading")
    assert stored[: len(confirmed)] == [(id_, str(id_)) for id_ in confirmed]
    assert len(stored) - len(confirmed) in (0, 1)  # the last may be stored and not confirmed
    assert rows(job, "PRAGMA integrity_check") == [("ok",)]


def test_a_port_in_use_is_named(job):
    with server.bind(0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"Port {port} is in use"):
            server.serve(job, port, False, 0.0, False, print)
    with pytest.raises(UsageError, match="Port 99999 cannot be used"):
        server.serve(job, 99999, False, 0.0, False, print)


def test_the_server_listens_on_this_computer_alone():
    with server.bind(0) as listener:
        assert listener.getsockname()[0] == "127.0.0.1"


def test_answers_do_not_wait_for_acknowledgements():
    with server.bind(0) as listener:
        assert listener.proto == socket.IPPROTO_TCP


def test_a_job_of_an_older_formreader_is_brought_up_to_date(job):
    path = job.with_name("old") / DATABASE
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as database:
        database.executescript(SCHEMA)
        database.execute("INSERT INTO files VALUES (1, 'a.png', 1, 1, 1, 1)")
        database.execute("INSERT INTO pages VALUES (1, 1, 1, 'field', '', '')")
        database.execute(
            "INSERT INTO readings VALUES "
            "(1, 1, 1, 'number', '45', 0.5, 'review', '[]', '[]', '', 1, 1, 1, 1)"
        )
        database.execute(
            "INSERT INTO reviews VALUES "
            "(1, 1, 'a.png', 1, 'number', '45', 'value', '46', 'anna', '', 'a.csv')"
        )
        database.commit()
    with ReviewStore.open(path.parent) as store:
        assert store.case(1).decision.value == "46"
        assert store.queue(Order.PAGE, Filter()) == []
        store.undo(1, "anna", "review page")
    with ReviewStore.open(path.parent) as store:
        assert store.queue(Order.PAGE, Filter()) == [1]


def contrast(one, other):
    """Return the contrast of two colours as WCAG 2.2 defines it."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_text_stands_out_from_its_ground():
    css = (Path(server.__file__).with_name("static") / "review.css").read_text("utf-8")
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", css))
    for ink, ground in (
        *(
            (ink, ground)
            for ink in ("ink", "quiet", "doubt", "good")
            for ground in ("paper", "desk")
        ),
        *(("doubt", "doubt-ground"), ("ink", "doubt-ground"), ("ink", "mark"), ("paper", "lead")),
    ):
        assert contrast(colours[ink], colours[ground]) >= 4.5, f"{ink} on {ground}"
    assert contrast(colours["line"], colours["paper"]) >= 3


def test_starting_the_command_line_does_not_load_the_page():
    code = (
        "import sys, formreader.cli\n"
        "print([m for m in sys.modules if m in ('fastapi', 'jinja2', 'uvicorn')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
