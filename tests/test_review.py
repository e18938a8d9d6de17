"""The review page: what is decided is stored at once, kept apart, and never over another's head."""

import csv
import dataclasses
import json
import re
import socket
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing, suppress
from pathlib import Path

import fake_reader
import httpx
import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image
from review_server import Server
from typer.testing import CliRunner

from formreader import cli, corrections, export
from formreader.document import Page, PageResult
from formreader.errors import OutputError, UsageError
from formreader.review import app as review_app
from formreader.review import pictures, server, tables
from formreader.review.guard import Keys
from formreader.store import DATABASE, Store, hold
from formreader.store_audits import AuditStore
from formreader.store_glyphs import GlyphStore
from formreader.store_reviews import Filter, Order, ReviewStore, Scan
from formreader.store_schema import SCHEMA, Meaning, SourceFile

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


@pytest.fixture
def job(tmp_path):
    return make_job(tmp_path / "job")


def opened(job, who="anna", share=0.0, blind=False):
    """Return a browser that has the page open; to be used in a `with` block."""
    keys = Keys(PORT)
    client = TestClient(review_app.create_app(job, keys, who, share, blind), base_url=HERE)
    client.headers["origin"] = HERE
    client.cookies.set(keys.cookie, keys.session)
    return client


@pytest.fixture
def page(job):
    with opened(job) as client:
        yield client


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


# What waits, and in which order


def test_only_doubtful_fields_wait(page):
    assert [field(page, id_)["value"] for id_ in queue(page)] == ["45", "67890", "8"]


def test_least_sure_fields_come_first_if_asked(job, page):
    with closing(sqlite3.connect(job / DATABASE)) as database:
        database.execute("UPDATE readings SET confidence = 0.1 WHERE value = '8'")
        database.commit()
    assert field(page, queue(page, order="confidence")[0])["value"] == "8"
    assert field(page, queue(page, order="page")[0])["value"] == "45"


def test_a_filter_leaves_what_it_names(page):
    assert len(queue(page, field="number")) == 3
    assert queue(page, field="other") == []
    assert len(queue(page, reason="low confidence")) == 3
    assert queue(page, reason="confidence") == []
    assert len(queue(page, file="doubt-45.png")) == 1


def test_part_of_a_name_finds_files_and_fields_in_either_case(page):
    assert len(queue(page, file="DOUBT-")) == 3
    assert len(queue(page, field="umb")) == 3
    found = page.get("/api/names", params={"kind": "file", "part": "-6"}).json()
    assert found == ["doubt-67890.png"]
    assert page.get("/api/names", params={"kind": "other"}).status_code == 422


def test_confirmed_digits_that_wait_for_training_are_counted(page):
    assert page.get("/api/summary").json()["waiting"] == 0
    first = queue(page)[0]
    say(page, first, "46")
    assert page.get("/api/summary").json()["waiting"] == 2
    check(page, "4", right=glyphs(page, "4"))
    assert page.get("/api/summary").json()["waiting"] == 2
    for digit in "0123":
        check(page, digit, right=[g for g in glyphs(page, digit) if g[0] == 1])
    assert page.get("/api/summary").json()["waiting"] == 2 + len("00123")


def test_digits_that_a_model_has_learned_wait_no_more(job, page):
    first, second, _ = queue(page)
    say(page, first, "45")
    with GlyphStore.open(job) as store:
        taught = store.taught()
        say(page, second, "67890")  # while the model learned
        store.keep_taught(taught)
    assert page.get("/api/summary").json()["waiting"] == 5


def test_the_command_that_teaches_names_the_job(job, page):
    assert str(job) in page.get("/api/summary").json()["teach"]


def test_nothing_waits_where_the_model_cannot_learn_from_the_form(job, page):
    say(page, queue(page)[0], "45")
    with Store.open(job) as store:
        store.set_settings({"form": "cheque"})
    assert page.get("/api/summary").json()["waiting"] == 0


def test_a_decided_field_waits_no_more(page):
    first, *others = queue(page)
    say(page, first, "45")
    assert queue(page) == others
    assert page.get("/api/summary").json()["decided"] == 1


def test_fields_that_a_run_reads_meanwhile_are_found(job, page):
    with Store.create(job) as store:
        store.note("running", True)
        store.sync([SourceFile(job, "doubt-99.png", 1, 1)])
        reading = fake_reader.reading("doubt-99", 1)
        store.add_page(PageResult("doubt-99.png", 1, "field", (reading,)), {})
        assert page.get("/api/summary").json()["running"]
        assert len(queue(page)) == 4


def test_a_character_is_marked_where_another_reading_differs(tmp_path):
    job = make_job(tmp_path / "other", ("doubt-17",))
    with opened(job) as page:
        shown = field(page, queue(page)[0])
    assert shown["choices"] == ["77"]
    assert [c["doubtful"] for c in shown["characters"]] == [True, False]


def test_an_unsure_character_is_marked_and_its_second_choice_offered(job, page):
    with closing(sqlite3.connect(job / DATABASE)) as database:
        database.execute("UPDATE characters SET confidence = 0.5 WHERE position = 2")
        database.execute("UPDATE readings SET alternatives = '[]'")
        database.commit()
    shown = field(page, queue(page)[0])
    assert [c["doubtful"] for c in shown["characters"]] == [False, True]
    assert shown["choices"] == ["47"]


def test_the_usual_length_of_a_field_is_told(tmp_path):
    alike = [f"1234{i}" for i in range(5)]
    job = make_job(tmp_path / "other", ("doubt-45",), alike)
    with opened(job) as page:
        assert field(page, queue(page)[0])["expected"] == 5


# Decisions


def test_a_decision_stands_beside_what_the_machine_read(job, page):
    reading = queue(page)[0]
    assert say(page, reading, "046").status_code == 200
    shown = field(page, reading)
    assert shown["value"] == "45"
    assert shown["decision"]["value"] == "046"
    assert shown["decision"]["who"] == "anna"
    assert shown["decision"]["at"].endswith("+00:00")


def test_the_field_shown_next_comes_with_the_answer_as_it_is_then(page):
    first, second, third = queue(page)
    say(page, second, "1")
    said = {"seen": 0, "meaning": "value", "value": "45"}
    answer = page.post(f"/api/fields/{first}/decision", params={"next": second}, json=said).json()
    assert answer["next"] == field(page, second)
    assert answer["next"]["decision"]["value"] == "1"
    answer = page.post(f"/api/fields/{third}/decision", params={"next": 999}, json=said).json()
    assert answer["next"] is None


def test_a_decision_is_on_the_disk_before_it_is_confirmed(job, page):
    say(page, queue(page)[0], "46")
    assert rows(job, "SELECT machine_value, meaning, person_value, who, origin FROM reviews") == [
        ("45", "value", "46", "anna", "review page")
    ]


@pytest.mark.parametrize("meaning", ["blank", "unreadable"])
def test_a_field_may_be_empty_or_unreadable(page, meaning):
    reading = queue(page)[0]
    assert say(page, reading, meaning=meaning).status_code == 200
    assert field(page, reading)["decision"]["meaning"] == meaning


@pytest.mark.parametrize(
    ("value", "meaning"),
    [
        *(("", "value"), ("  ", "value"), ("12a", "value"), ("1" * 65, "value")),
        *(("1", "blank"), ("1\n2", "value"), ("1", "undone"), ("=1", "value")),
    ],
)
def test_what_is_no_number_is_refused(job, page, value, meaning):
    answer = say(page, queue(page)[0], value, meaning)
    assert answer.status_code == 422
    assert answer.json()["message"].endswith(".")
    assert rows(job, "SELECT * FROM reviews") == []


def test_a_decision_on_an_older_state_is_refused_and_the_newer_one_shown(job, page):
    reading = queue(page)[0]
    say(page, reading, "46")
    late = say(page, reading, "47", seen=0)
    assert late.status_code == 409
    assert late.json()["field"]["decision"]["value"] == "46"
    assert "not stored" in late.json()["message"]
    assert rows(job, "SELECT person_value FROM reviews") == [("46",)]


def test_who_has_seen_a_decision_may_change_it(page):
    reading = queue(page)[0]
    say(page, reading, "46")
    assert say(page, reading, "47", seen=field(page, reading)["version"]).status_code == 200
    assert field(page, reading)["decision"]["value"] == "47"


def test_two_servers_on_one_job_do_not_overwrite_each_other(job, page):
    reading = queue(page)[0]
    with opened(job, "ben") as other:
        assert say(other, reading, "46").status_code == 200
        assert say(page, reading, "47").status_code == 409
    assert field(page, reading)["decision"]["who"] == "ben"


def test_a_correction_taken_in_from_a_table_counts_as_newer(job, page):
    from formreader import corrections

    reading = queue(page)[0]
    table = job / "corrected.csv"
    table.write_text("page_file,page,field,correction\ndoubt-45.png,1,number,48!\n")
    corrections.apply(job, table)
    assert say(page, reading, "46").status_code == 409


def test_a_field_that_was_read_again_cannot_be_decided(job, page):
    reading = queue(page)[0]
    with closing(sqlite3.connect(job / DATABASE)) as database:
        database.execute("DELETE FROM readings WHERE id = ?", (reading,))
        database.commit()
    assert say(page, reading, "46").status_code == 410
    assert page.get(f"/api/fields/{reading}").status_code == 410


# Undo


def test_undo_takes_the_decision_back_and_keeps_it_in_the_history(job, page):
    reading = queue(page)[0]
    decision = say(page, reading, "46").json()["decision"]
    assert undo(page, decision).json()["field"]["decision"] is None
    assert reading in queue(page)
    assert rows(job, "SELECT meaning, person_value FROM reviews") == [
        ("value", "46"),
        ("undone", ""),
    ]


def test_undo_brings_back_what_was_decided_before(page):
    reading = queue(page)[0]
    say(page, reading, "46")
    second = say(page, reading, "47", seen=field(page, reading)["version"]).json()["decision"]
    assert undo(page, second).json()["field"]["decision"]["value"] == "46"


def test_undo_survives_a_restart(job):
    with opened(job) as page:
        first, second, _ = queue(page)
        one, two = (say(page, id_, "46").json()["decision"] for id_ in (first, second))
        third = say(page, queue(page)[0], "47").json()["decision"]
        undo(page, third)
    with opened(job) as page:
        assert page.get("/api/summary").json()["history"] == [one, two]
        assert undo(page, two).status_code == 200
        assert undo(page, one).status_code == 200
        assert page.get("/api/summary").json()["history"] == []
        assert len(queue(page)) == 3


def test_undo_is_refused_after_somebody_decided_again(job, page):
    reading = queue(page)[0]
    mine = say(page, reading, "46").json()["decision"]
    with opened(job, "ben") as other:
        say(other, reading, "47", seen=field(other, reading)["version"])
    answer = undo(page, mine)
    assert answer.status_code == 409
    assert answer.json()["field"]["decision"]["value"] == "47"


def test_nothing_is_taken_back_twice(page):
    decision = say(page, queue(page)[0], "46").json()["decision"]
    undo(page, decision)
    assert undo(page, decision).status_code == 409
    assert undo(page, 999).status_code == 410


def test_the_history_is_of_the_person_who_asks(job, page):
    say(page, queue(page)[0], "46")
    with opened(job, "ben") as other:
        assert other.get("/api/summary").json()["history"] == []


def test_a_state_seen_before_an_undo_is_an_older_state(page):
    reading = queue(page)[0]
    decision = say(page, reading, "46").json()["decision"]
    seen = field(page, reading)["version"]
    undo(page, decision)
    assert say(page, reading, "47", seen=seen).status_code == 409


# Tables


def test_tables_say_what_was_decided_and_undone(job, page):
    first, second, _ = queue(page)
    say(page, first, "046")
    undo(page, say(page, second, "1").json()["decision"])
    assert records(job)["doubt-45.png"] == "45?"
    assert "up to date" in page.post("/api/tables", json={}).json()["message"]
    assert records(job)["doubt-45.png"] == "046"
    assert records(job)["doubt-67890.png"] == "67890?"


def test_tables_are_left_to_a_run_under_way(job):
    before = (job / "records.csv").stat().st_mtime_ns
    with closing(hold(job)), Store.open(job) as store:
        assert "being read" in tables.write(store)
    assert (job / "records.csv").stat().st_mtime_ns == before


# The blind audit

ACCEPTED = tuple(f"90{i:03}" for i in range(20))


@pytest.fixture
def audited(tmp_path):
    job = make_job(tmp_path / "audited", ("doubt-45", *ACCEPTED))
    with opened(job, share=1.0) as client:
        yield client


def blind_field(page):
    """Return a field that is to be keyed blind, and what the machine read in it."""
    reading = next(id_ for id_ in queue(page) if field(page, id_)["blind"])
    return reading, field(page, reading)["file"].removesuffix(".png")


def key(page, reading, value, meaning="value", seen=0):
    said = {"seen": seen, "meaning": meaning, "value": value}
    return page.post(f"/api/audits/{reading}", json=said)


def measured(page):
    return page.get("/api/audit").json()


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


# Sheets of digits


def glyphs(page, digit):
    return page.get(f"/api/digits/{digit}").json()["glyphs"]


def check(page, digit, right=(), wrong=()):
    answer = page.post("/api/digits", json={"digit": digit, "right": right, "wrong": wrong})
    return answer.json().get("stored", answer.status_code)


def test_a_sheet_has_all_of_one_digit_least_sure_first(job, page):
    with closing(sqlite3.connect(job / DATABASE)) as database:
        database.execute("UPDATE characters SET confidence = 0.2 WHERE position = 4")
        database.commit()
    shown = page.get("/api/digits/0").json()
    assert shown["left"] == 3
    assert [position for _, position in shown["glyphs"]] == [1, 2, 5]
    assert glyphs(page, "9")[0][1] == 4


def test_what_was_checked_comes_on_no_other_sheet(page):
    zeros = glyphs(page, "0")
    assert check(page, "0", zeros[:2], zeros[2:]) == 3
    assert glyphs(page, "0") == []
    assert check(page, "0", zeros) == 0


def test_a_wrong_character_sends_its_field_to_a_person_even_if_accepted(job, page):
    accepted = glyphs(page, "3")[0][0]
    assert accepted not in queue(page)
    check(page, "3", wrong=glyphs(page, "3"))
    assert accepted in queue(page)
    assert accepted in queue(page, order="confidence")
    shown = field(page, accepted)["characters"]
    assert [c["wrong"] for c in shown] == [False, False, False, False, True]
    page.post("/api/tables", json={})
    assert records(job)["00123.png"] == "00123?"
    assert "doubted by a person" in (job / "readings.csv").read_text("utf-8")
    say(page, accepted, "00128")
    page.post("/api/tables", json={})
    assert records(job)["00123.png"] == "00128"
    assert accepted not in queue(page)


def test_right_characters_are_marked_no_more_but_close_no_field(page):
    reading = queue(page)[0]
    assert [c["doubtful"] for c in field(page, reading)["characters"]] == [True, True]
    check(page, "4", right=[[reading, 1]])
    assert [c["doubtful"] for c in field(page, reading)["characters"]] == [False, True]
    assert reading in queue(page)


def test_a_sheet_is_taken_back_also_after_a_restart(job):
    with opened(job) as page:
        zeros = glyphs(page, "0")
        check(page, "0", zeros[:1])
        check(page, "0", wrong=zeros[1:])
    with opened(job) as page:
        assert page.post("/api/digits/undo", json={}).json() == {"digit": "0"}
        assert glyphs(page, "0") == zeros[1:]
        assert len(queue(page)) == 3
        page.post("/api/digits/undo", json={})
        assert glyphs(page, "0") == zeros
        assert page.post("/api/digits/undo", json={}).status_code == 410


def test_fields_decided_or_to_be_keyed_blind_are_on_no_sheet(job):
    with opened(job, share=1.0) as page:
        assert {reading for reading, _ in glyphs(page, "0")} == {queue(page)[2]}
        say(page, queue(page)[2], "67890")
        assert glyphs(page, "0") == []


def test_only_what_was_read_as_the_digit_can_be_checked(page):
    reading = queue(page)[0]
    assert check(page, "5", right=[[reading, 1], [reading, 9], [999, 1]]) == 0
    assert check(page, "55") == 422
    assert check(page, "5", right=[[1, 1]] * 61) == 422


def test_a_character_is_shown_by_its_id(page):
    reading, position = glyphs(page, "0")[0]
    answer = page.get(f"/api/glyphs/{reading}/{position}")
    assert answer.headers["content-type"] == "image/png"
    assert page.get(f"/api/glyphs/{reading}/99").status_code == 410


# Whole pages


def sheet(page, reading):
    return page.get(f"/api/pages/{field(page, reading)['sheet']}").json()


def test_a_page_tells_each_field_with_its_place_and_status(page):
    reading = queue(page)[0]
    (spot,) = sheet(page, reading)["spots"]
    assert spot["rect"] == [4, 3, 30, 12]
    assert (spot["status"], spot["value"]) == ("review", "45")
    say(page, reading, "46")
    (spot,) = sheet(page, reading)["spots"]
    assert (spot["status"], spot["value"]) == ("decided", "46")


def test_pages_follow_each_other_in_reading_order(page):
    first = page.get("/api/pages").json()["page"]
    names, at = [], first
    while at is not None:
        shown = page.get(f"/api/pages/{at}").json()
        names.append(shown["file"])
        at = shown["after"]
    assert names == [f"{name}.png" for name in NAMES]
    assert page.get(f"/api/pages/{first}").json()["before"] is None
    last = page.get("/api/pages", params={"file": "doubt-8.png"}).json()["page"]
    assert page.get(f"/api/pages/{last}").json()["file"] == "doubt-8.png"
    assert page.get("/api/pages", params={"number": 2}).json()["page"] is None


def test_the_scan_of_a_page_is_shown(page):
    shown = sheet(page, queue(page)[0])
    assert (shown["width"], shown["height"], shown["trouble"]) == (90, 40, "")
    answer = page.get(f"/api/pages/{shown['id']}/scan")
    assert answer.headers["content-type"] == "image/png"
    assert page.get("/api/pages/999").status_code == 410


def test_a_scan_that_was_moved_or_changed_is_told(job, page):
    scan = job.with_name("scans") / "doubt-45.png"
    scan.write_bytes(scan.read_bytes() + b" ")
    shown = sheet(page, queue(page)[0])
    assert "was changed after it was read" in shown["trouble"]
    scan.unlink()
    shown = sheet(page, queue(page)[0])
    assert "is not where it was" in shown["trouble"]
    assert shown["spots"]
    assert page.get(f"/api/pages/{shown['id']}/scan").status_code == 404


# Safety


@pytest.fixture
def stranger(job):
    keys = Keys(PORT)
    with TestClient(
        review_app.create_app(job, keys, "anna", 0.0), base_url=HERE, follow_redirects=False
    ) as client:
        client.keys = keys
        yield client


@pytest.mark.parametrize("path", ["/", "/api/queue", "/api/crops/2", "/static/main.js", "/docs"])
def test_nothing_is_shown_without_the_address(stranger, path):
    answer = stranger.get(path)
    assert answer.status_code == 403
    assert "formreader review" in answer.text


def test_a_wrong_token_or_cookie_opens_nothing(stranger):
    assert stranger.get("/?token=wrong").status_code == 403
    assert (
        stranger.get("/", headers={"cookie": f"{stranger.keys.cookie}=ü".encode()}).status_code
        == 403
    )
    assert stranger.get("/api/queue?token=" + stranger.keys.token).status_code == 403


def test_the_token_is_traded_for_a_cookie_that_scripts_and_other_sites_do_not_have(stranger):
    answer = stranger.get("/", params={"token": stranger.keys.token})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/"
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert stranger.keys.token not in cookie
    assert stranger.get("/").status_code == 200


def test_the_address_that_the_browser_is_started_with_opens_once(stranger):
    ticket = {"token": stranger.keys.ticket}
    assert stranger.keys.address_once.endswith(stranger.keys.ticket)
    assert stranger.get("/", params=ticket).status_code == 303
    assert stranger.get("/", params=ticket).status_code == 403
    assert stranger.get("/", params={"token": stranger.keys.token}).status_code == 303


def test_each_start_has_a_token_of_its_own():
    assert Keys(PORT).token != Keys(PORT).token
    assert len(Keys(PORT).token) >= 43


@pytest.mark.parametrize("host", ["evil.example", f"evil.example:{PORT}", "127.0.0.1:80", ""])
def test_a_foreign_host_name_is_refused(page, host):
    assert page.get("/api/queue", headers={"host": host}).status_code == 421


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "", "http://127.0.0.1:80"])
def test_a_change_from_another_page_is_refused(job, page, origin):
    reading = queue(page)[0]
    page.headers["origin"] = origin
    assert say(page, reading, "46").status_code == 403
    assert rows(job, "SELECT * FROM reviews") == []


def test_a_change_must_be_json_of_modest_size(page):
    url = f"/api/fields/{queue(page)[0]}/decision"
    assert page.post(url, content=b"{}", headers={"content-type": "text/plain"}).status_code == 415
    headers = {"content-type": "application/json"}
    assert page.post(url, content=b" " * 20_000, headers=headers).status_code == 413
    assert page.post(url, content=iter([b"{}"]), headers=headers).status_code == 411
    assert page.delete(url).status_code == 405


def test_every_answer_forbids_foreign_content(page, stranger):
    for answer in (page.get("/"), page.get("/static/main.js"), page.get("/x"), stranger.get("/")):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"


def test_the_page_has_no_inline_script_or_style_and_names_no_other_site(page):
    html = page.get("/").text
    assert "<style" not in html
    assert " style=" not in html
    assert " on" not in "".join(html.partition("<body>")[2].split("aria-")).replace(" one", "")
    assert html.count("<script") == html.count('<script type="module" src="/static/')
    assert "//" not in html.replace("<!doctype", "")


def test_names_from_the_job_are_text_and_no_markup(tmp_path):
    job = make_job(tmp_path / "other", ("doubt-1",))
    with closing(sqlite3.connect(job / DATABASE)) as database:
        database.execute("UPDATE readings SET field = '<script>alert(1)</script>'")
        database.commit()
    with opened(job) as page:
        assert "<script>alert" not in page.get("/").text


def test_a_crop_shows_the_field_with_its_surroundings(page):
    answer = page.get(f"/api/crops/{queue(page)[0]}")
    assert answer.headers["content-type"] == "image/png"
    shown = field(page, queue(page)[0])["crop"]
    x, y, width, height = shown["rect"]
    assert (width, height) == (30, 12)
    assert x >= 12
    assert y >= 6


def test_no_more_pages_are_kept_than_fit_the_memory(job, monkeypatch):
    monkeypatch.setattr(pictures, "KEPT_BYTES", 2 * 40 * 90)
    loads = []
    monkeypatch.setattr(
        pictures, "read_again", lambda *place: loads.append(place[2]) or page_of(np.zeros((40, 90)))
    )
    scans = pictures.Scans()
    for number in (1, 2, 1, 3, 1, 2):
        scans.page(job, Scan("a.png", 1, 1), number)
    assert loads == [1, 2, 3, 2]
    monkeypatch.setattr(pictures, "KEPT_BYTES", 1)  # one is kept, however large
    scans.page(job, Scan("a.png", 1, 1), 4)
    scans.page(job, Scan("a.png", 1, 1), 4)
    assert loads[4:] == [4]


def page_of(image):
    return Page("a.png", 1, image.astype(np.uint8), 300.0)


def test_a_crop_falls_back_to_the_picture_in_the_job(job, page):
    reading = queue(page)[0]
    (job.with_name("scans") / "doubt-45.png").unlink()
    assert page.get(f"/api/crops/{reading}").status_code == 404
    (job / "snippets").mkdir()
    Image.fromarray(np.full((20, 38), 9, np.uint8)).save(job / "snippets" / "a.png")
    with closing(sqlite3.connect(job / DATABASE)) as database:
        database.execute("UPDATE readings SET snippet = 'snippets/a.png'")
        database.commit()
    assert page.get(f"/api/crops/{reading}").status_code == 200


@pytest.mark.parametrize("path", ["../secret.png", "/etc/hostname", "job.sqlite", "snippets/../x"])
def test_a_picture_outside_the_folder_of_pictures_is_not_served(job, page, path):
    (job / "snippets").mkdir()
    secret = Image.fromarray(np.zeros((9, 9), np.uint8))
    secret.save(job.parent / "secret.png")
    secret.save(job / "x", "PNG")
    with closing(sqlite3.connect(job / DATABASE)) as database:
        database.execute("UPDATE readings SET snippet = ?", (path,))
        database.execute("UPDATE files SET path = '../' || path")
        database.commit()
    assert page.get(f"/api/crops/{queue(page)[0]}").status_code == 404
    assert "is not where it was" in sheet(page, queue(page)[0])["trouble"]


@pytest.mark.parametrize(
    "path",
    [
        *("/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/snippets/a.png"),
        *("/api/crops/..%2f..%2fx", "/job.sqlite", "/api/crops/2/../../x", "/static//etc/hostname"),
    ],
)
def test_no_path_leads_out(page, path):
    assert page.get(path).status_code in (403, 404, 422)


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
