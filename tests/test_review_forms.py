"""A value typed on the review page is held against the form's definition."""

import dataclasses

import fake_reader
import numpy as np
import pytest
from PIL import Image
from review_job import field, opened, queue

from formreader.document import PageResult
from formreader.store import Store
from formreader.store_schema import SourceFile

# What a form's definition holds against a value

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


@pytest.fixture
def bill(tmp_path):
    with opened(make_bill(tmp_path)) as client:
        yield client


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("total", "120", ""),
        ("total", "130", "“total = net + tax” does not hold. With 120 here it would."),
        ("total", "12", "2 digits; the form wants 3 here."),
        ("tax", "30", ""),
        ("day", "31022024", "There is no such day"),
        ("day", "29.02.2024", ""),
        ("account", "18", ""),
        ("account", "19", "The check digit is wrong (luhn)."),
        ("account", "1000000", "The form allows 0 to 99999 here."),
        ("account", "1a", ""),
    ],
)
def test_a_value_typed_is_held_against_the_forms_definition(bill, name, value, said):
    ids = {field(bill, id_)["field"]: id_ for id_ in queue(bill)}
    assert field(bill, ids[name])["checked"]
    answer = bill.get(f"/api/fields/{ids[name]}/complaint", params={"value": value}).json()
    assert said in answer["message"] if said else answer["message"] == ""


def test_a_job_without_definitions_checks_none(page):
    assert not field(page, queue(page)[0])["checked"]
