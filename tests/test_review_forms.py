"""A value typed on the review page is held against the form's definition."""

import pytest
from review_job import field, make_bill, opened, queue

# What a form's definition holds against a value


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
