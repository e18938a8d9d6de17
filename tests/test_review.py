"""The review page: what is decided is stored at once, kept apart, and never over another's head."""

import sqlite3
from contextlib import closing

import fake_reader
import pytest
from review_job import check, field, glyphs, make_job, opened, queue, records, rows, say, undo

from formreader import corrections
from formreader.document import PageResult
from formreader.review import tables
from formreader.store import DATABASE, Store, hold
from formreader.store_glyphs import GlyphStore
from formreader.store_schema import SourceFile

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
