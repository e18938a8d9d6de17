"""Fields keyed blind, as an audit or all of them: nothing the machine read is told before."""

import json

import pytest
from review_job import (
    blind_field,
    field,
    glyphs,
    key,
    make_job,
    make_tables,
    measured,
    opened,
    queue,
    records,
    rows,
    say,
    sheet,
    undo,
)

from formreader.store_audits import AuditStore

# The blind audit

ACCEPTED = tuple(f"90{i:03}" for i in range(20))


@pytest.fixture
def audited(tmp_path):
    job = make_job(tmp_path / "audited", ("doubt-45", *ACCEPTED))
    with opened(job, share=1.0) as client:
        yield client


def test_the_share_of_accepted_fields_is_drawn_the_same_way_each_time(tmp_path):
    job = make_job(tmp_path / "other", tuple(f"{i:05}" for i in range(400)))
    with AuditStore.open(job) as store:
        drawn = store.sample(0.1)
        assert drawn == store.sample(0.1)
        assert 20 <= len(drawn) <= 60
        assert drawn < store.sample(0.5) < store.sample(1.0)
        assert store.sample(0.0) == frozenset()


def test_fields_of_the_audit_come_among_the_others_in_both_orders(tmp_path):
    job = make_job(tmp_path / "other", (*(f"doubt-{i}" for i in range(20)), *ACCEPTED[:4]))
    with opened(job, share=1.0) as page:
        by_page, by_confidence = queue(page, order="page"), queue(page, order="confidence")
        blind = [field(page, id_)["blind"] for id_ in by_confidence]
        assert sorted(by_page) == sorted(by_confidence)
        assert by_page == sorted(by_page)
        assert sum(blind) == 4
        assert not any(blind[:2])
        assert blind[-3:] != [True] * 3
        assert queue(page, file="doubt-3.png") == [by_page[3]]
        assert page.get("/api/summary").json()["doubtful"] == 20


def test_nothing_that_the_machine_read_is_told_before_a_field_is_keyed(audited):
    reading, value = blind_field(audited)
    shown = audited.get(f"/api/fields/{reading}").text.replace(f"{value}.png", "")
    assert value not in shown
    assert field(audited, reading)["characters"] == []
    spots = sheet(audited, reading)["spots"]
    assert [spot["value"] for spot in spots] == [""]


def test_agreement_confirms_the_value(audited):
    reading, value = blind_field(audited)
    answer = key(audited, reading, value).json()
    assert answer["agrees"]
    assert answer["field"]["decision"]["value"] == value
    assert reading not in queue(audited)
    assert (measured(audited)["judged"], measured(audited)["wrong"]) == (1, 0)


def test_where_they_differ_the_person_looks_again_and_a_slip_is_no_error(audited):
    reading, value = blind_field(audited)
    answer = key(audited, reading, "1").json()
    assert not answer["agrees"]
    assert answer["field"]["value"] == value
    assert answer["field"]["keyed"] == {"meaning": "value", "value": "1"}
    assert reading in queue(audited)
    assert measured(audited)["open"] == 1
    assert measured(audited)["judged"] == 0
    say(audited, reading, value)
    assert (measured(audited)["judged"], measured(audited)["wrong"]) == (1, 0)


def test_the_rate_has_its_exact_interval_and_is_stored(audited):
    for wrong in (True, False, False):
        reading, value = blind_field(audited)
        key(audited, reading, "1" if wrong else value)
        if wrong:
            say(audited, reading, "1")
    found = measured(audited)
    assert (found["sampled"], found["keyed"], found["wrong"], found["judged"]) == (20, 3, 1, 3)
    assert found["rate"] == pytest.approx(1 / 3)
    assert (found["low"], found["high"]) == pytest.approx((0.0084, 0.9057), abs=1e-4)
    with AuditStore.open(audited.app._app.state.desk.store.folder) as store:
        kept = json.loads(store.settings()["audit"])
    assert (kept["share"], kept["wrong"], kept["high"]) == (1.0, 1, found["high"])
    assert "1 of 3 wrong, 33.33%" in found["sentence"]


def test_what_nobody_can_read_is_no_error_of_the_machine(audited):
    reading, _ = blind_field(audited)
    key(audited, reading, "", "unreadable")
    say(audited, reading, meaning="unreadable")
    assert (measured(audited)["unreadable"], measured(audited)["judged"]) == (1, 0)


def test_a_field_is_keyed_blind_once(audited):
    reading, value = blind_field(audited)
    key(audited, reading, "1")
    assert key(audited, reading, value).status_code == 409
    assert key(audited, queue(audited)[0], "45").status_code == 409
    assert key(audited, reading, "x").status_code == 422


def test_an_open_difference_survives_a_restart(tmp_path):
    job = make_job(tmp_path / "other", ACCEPTED)
    with opened(job, share=1.0) as page:
        reading, _ = blind_field(page)
        key(page, reading, "1")
    with opened(job, share=0.0) as page:
        assert queue(page) == [reading]
        assert field(page, reading)["keyed"]["value"] == "1"


# Every doubtful field keyed blind


@pytest.fixture
def unseen(tmp_path):
    job = make_job(tmp_path / "unseen", ("00123", "doubt-45", "doubt-67890"))
    with opened(job, blind=True) as client:
        yield client


def test_nothing_that_was_read_in_a_doubtful_field_is_told_before_it_is_keyed(unseen):
    for reading in queue(unseen):
        shown = field(unseen, reading)
        assert (shown["blind"], shown["value"], shown["choices"]) == (True, "", [])
        assert (shown["characters"], shown["reasons"], shown["confidence"]) == ([], [], 0.0)
        assert [spot["value"] for spot in sheet(unseen, reading)["spots"]] == [""]
    assert glyphs(unseen, "4") == glyphs(unseen, "6") == []
    assert len(glyphs(unseen, "3")) == 1


def test_two_who_agree_close_a_doubtful_field_and_it_can_be_taken_back(unseen):
    reading = queue(unseen)[0]
    answer = key(unseen, reading, "45").json()
    assert answer["agrees"]
    assert reading not in queue(unseen)
    assert unseen.get("/api/summary").json()["history"] == [answer["field"]["decision"]["id"]]
    undo(unseen, answer["field"]["decision"]["id"])
    assert reading in queue(unseen)
    assert field(unseen, reading)["keyed"]["value"] == "45"


def test_who_differs_sees_both_and_says_so_once_more(unseen):
    reading = queue(unseen)[0]
    answer = key(unseen, reading, "46").json()
    assert (answer["agrees"], answer["field"]["value"]) == (False, "45")
    assert reading in queue(unseen)
    say(unseen, reading, "46")
    assert reading not in queue(unseen)
    folder = unseen.app._app.state.desk.store.folder
    assert rows(folder, "SELECT machine_value, blind_value FROM audits") == [("45", "46")]
    assert records(make_tables(folder))["doubt-45.png"] == "46"


def test_doubtful_fields_keyed_blind_say_nothing_of_accepted_ones(unseen):
    for reading in queue(unseen):
        key(unseen, reading, "1")
        say(unseen, reading, "1")
    assert (measured(unseen)["keyed"], measured(unseen)["judged"]) == (0, 0)
