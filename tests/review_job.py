"""A job of small pages, and what a person does with it on the review page."""

import csv
import dataclasses
import sqlite3
from contextlib import closing

import fake_reader
import numpy as np
from fastapi.testclient import TestClient
from PIL import Image

from formreader import export
from formreader.document import PageResult
from formreader.review import app as review_app
from formreader.review.guard import Keys
from formreader.store import DATABASE, Store
from formreader.store_schema import SourceFile

PORT = 8123
HERE = f"http://127.0.0.1:{PORT}"
NAMES = ("00123", "doubt-45", "doubt-67890", "blank-4", "doubt-8")


def make_job(folder, names=NAMES, alike=()):
    """Read pages of 90 by 40 pixels, each with one field, into a job; return its folder."""
    source = folder.with_name("scans")
    source.mkdir(exist_ok=True)
    with Store.create(folder) as store:
        store.set_settings({"source": str(source), "form": "field"})
        files = []
        for name in (*names, *alike):
            path = source / f"{name}.png"
            Image.fromarray(np.full((40, 90), 200, np.uint8)).save(path)
            found = path.stat()
            files.append(SourceFile(path, path.name, found.st_size, found.st_mtime_ns))
        store.sync(files)
        for file in files:
            reading = fake_reader.reading(file.path.stem, 1)
            store.add_page(PageResult(file.name, 1, "field", (reading,)), {})
        export.write_tables(store)
    return folder


def opened(job, who="anna", share=0.0, blind=False):
    """Return a browser that has the page open; to be used in a `with` block."""
    keys = Keys(PORT)
    client = TestClient(review_app.create_app(job, keys, who, share, blind), base_url=HERE)
    client.headers["origin"] = HERE
    client.cookies.set(keys.cookie, keys.session)
    return client


def queue(page, **wanted):
    return page.get("/api/queue", params=wanted).json()


def field(page, reading):
    return page.get(f"/api/fields/{reading}").json()


def say(page, reading, value="", meaning="value", seen=0):
    return page.post(
        f"/api/fields/{reading}/decision", json={"seen": seen, "meaning": meaning, "value": value}
    )


def undo(page, decision):
    return page.post("/api/undo", json={"decision": decision})


def rows(job, sql):
    with closing(sqlite3.connect(job / DATABASE)) as database:
        return database.execute(sql).fetchall()


def make_tables(job):
    with Store.open(job) as store:
        export.write_tables(store)
    return job


def records(job):
    with (job / "records.csv").open(encoding="utf-8", newline="") as file:
        return {row["page_file"]: row["number"] for row in csv.DictReader(file)}


def blind_field(page):
    """Return a field that is to be keyed blind, and what the machine read in it."""
    reading = next(id_ for id_ in queue(page) if field(page, id_)["blind"])
    return reading, field(page, reading)["file"].removesuffix(".png")


def key(page, reading, value, meaning="value", seen=0):
    said = {"seen": seen, "meaning": meaning, "value": value}
    return page.post(f"/api/audits/{reading}", json=said)


def measured(page):
    return page.get("/api/audit").json()


def glyphs(page, digit):
    return page.get(f"/api/digits/{digit}").json()["glyphs"]


def check(page, digit, right=(), wrong=()):
    answer = page.post("/api/digits", json={"digit": digit, "right": right, "wrong": wrong})
    return answer.json().get("stored", answer.status_code)


def sheet(page, reading):
    return page.get(f"/api/pages/{field(page, reading)['sheet']}").json()


DEFINED = """
name = "bill"
page_mm = [210, 297]
rules = ["total = net + tax"]
[[field]]
name = "net"
box = [10, 10, 40, 8]
[[field]]
name = "tax"
box = [10, 20, 40, 8]
[[field]]
name = "total"
box = [10, 30, 40, 8]
length = 3
[[field]]
name = "day"
box = [10, 40, 40, 8]
type = "date"
order = "DDMMYYYY"
[[field]]
name = "account"
box = [10, 50, 40, 8]
checks = ["luhn"]
range = [0, 99999]
"""


def make_bill(tmp_path):
    """Make a job of one page of a form with a definition; return its folder."""
    (tmp_path / "bill.toml").write_text(DEFINED)
    scans = tmp_path / "scans"
    scans.mkdir()
    path = scans / "bill.png"
    Image.fromarray(np.full((40, 90), 200, np.uint8)).save(path)
    with Store.create(tmp_path / "job") as store:
        store.set_settings(
            {"source": str(scans), "form": "bill", "definitions": str(tmp_path / "bill.toml")}
        )
        found = path.stat()
        store.sync([SourceFile(path, path.name, found.st_size, found.st_mtime_ns)])
        values = {"net": "100", "tax": "20", "total": "130", "day": "1", "account": "18"}
        readings = tuple(
            dataclasses.replace(fake_reader.reading(f"doubt-{value}", 1), field=name, text=value)
            for name, value in values.items()
        )
        store.add_page(PageResult(path.name, 1, "bill", readings), {})
    return tmp_path / "job"


def decisions(job):
    with closing(sqlite3.connect(job / DATABASE)) as database:
        return database.execute(
            "SELECT r.value, c.meaning, c.person_value FROM corrections c "
            "JOIN readings r ON r.id = c.reading ORDER BY r.value"
        ).fetchall()
