"""Thirty fields of real pages decided in a real browser, the server killed in the middle."""

import csv
import sqlite3
from contextlib import closing

import pytest
from chromium import said
from review_server import ROOT, Server

from formreader.batch import read_folder
from formreader.classify import CARD, model_folder
from formreader.pipeline import Options
from formreader.store import DATABASE


@pytest.fixture(scope="module")
def samples_job(tmp_path_factory):
    """Return a job read from the samples with the bundled model, its fields all in doubt."""
    if not (model_folder(None) / CARD).exists():
        pytest.skip("there is no bundled model in this checkout")
    job = tmp_path_factory.mktemp("samples") / "job"
    list(read_folder(ROOT / "samples" / "forms" / "meter-fax.tif", job, Options(max_error=1e-9)))
    return job


def doubtful(job):
    """Return the first 31 fields in doubt, in the order in which they are shown."""
    with closing(sqlite3.connect(job / DATABASE)) as database:
        return database.execute(
            "SELECT r.id, f.path, p.number, r.field, r.value FROM readings r "
            "JOIN pages p ON p.id = r.page JOIN files f ON f.id = p.file "
            "WHERE r.status = 'review' ORDER BY f.position, p.number, r.position LIMIT 31"
        ).fetchall()


def stored(job):
    """Return what was said of each field, as it lies on disk."""
    with closing(sqlite3.connect(job / DATABASE)) as database:
        rows = database.execute("SELECT reading, meaning, person_value FROM corrections")
        return {reading: (meaning, value) for reading, meaning, value in rows}


def wait_for_field(page, field):
    _, file, number, name, _ = field
    page.wait_for_function(
        "text => document.getElementById('place').textContent === text"
        " && document.querySelector('#stage .sheet')",
        arg=f"{file}, page {number}, field {name}",
    )


def decide(page, fields, first, last):
    """Decide fields by keyboard, each the moment it shows; return what was said of each."""
    said_of = {}
    for index in range(first, last):
        wait_for_field(page, fields[index])
        reading, *_, value = fields[index]
        press, said_of[reading] = (
            ("\n", ("value", value)),
            (f"{value[::-1]}\n", ("value", value[::-1])),
            ("e", ("blank", "")),
            ("\n", ("value", value)),
            ("x", ("unreadable", "")),
        )[index % 5 if value else 4]
        page.keyboard.type(press)
        page.wait_for_timeout(20)
        if "Press Enter again" in page.inner_text("#message"):
            page.keyboard.press("Enter")
        wait_for_field(page, fields[index + 1])
    return said_of


def test_thirty_fields_of_the_samples_by_keyboard_with_a_kill_in_the_middle(samples_job, browser):
    job, fields = samples_job, doubtful(samples_job)
    server = Server(job, "--audit", "0")
    try:
        page = browser.new_page()
        page.goto(server.address)
        said_of = decide(page, fields, 0, 15)
        server.kill()
        page.keyboard.press("x")
        said(page, "does not answer")
        page.close()
        assert stored(job) == said_of
        server = Server(job, "--audit", "0")
        page = browser.new_page()
        page.goto(server.address)
        said_of |= decide(page, fields, 15, 30)
        assert page.inner_text("#progress").startswith("30 of ")
        server.stop()
        assert server.process.returncode == 0
    finally:
        server.kill()
    assert stored(job) == said_of
    assert len(said_of) == 30
    with (job / "readings.csv").open(encoding="utf-8", newline="") as file:
        filled = [row for row in csv.DictReader(file) if row["correction"]]
    assert len(filled) == 30
