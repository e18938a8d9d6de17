"""Sheets of digits and whole pages on the review page."""

import sqlite3
from contextlib import closing

from review_job import NAMES, check, field, glyphs, opened, queue, records, say, sheet

from formreader.store import DATABASE


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
