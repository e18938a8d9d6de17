"""The job's database: what goes in comes out, all or nothing, and what opens no job says so."""

import sqlite3
from dataclasses import replace

import fake_reader
import pytest

from formreader.document import PageResult
from formreader.errors import OutputError, UsageError
from formreader.store import Store
from formreader.store_schema import Meaning, Review, SourceFile


def source_file(name, size=1):
    return SourceFile(name, name, size, 1)


def page(name="1.png", number=1, failure=""):
    readings = () if failure else (fake_reader.reading(name, number),)
    return PageResult(name, number, "field", readings, failure)


@pytest.fixture
def store(tmp_path):
    with Store.create(tmp_path / "job") as made:
        made.sync([source_file("1.png"), source_file("2.png")])
        yield made


def test_a_page_comes_back_as_it_went_in(store):
    store.add_page(page("1.png"), {"number": "snippets/1.png"}, pages=1)
    assert store.result("1.png", 1) == page("1.png")
    (field,) = store.fields()
    assert field.snippet == "snippets/1.png"
    assert store.known()["1.png"] == (1, {1})


def test_half_a_page_is_never_stored(store):
    torn = page("1.png")
    broken = PageResult("1.png", 1, "field", (*torn.readings, torn.readings[0]))
    with pytest.raises(sqlite3.IntegrityError):
        store.add_page(broken, {}, pages=1)
    assert not list(store.pages())
    assert store.known()["1.png"].pages is None
    store.add_page(page("1.png"), {})  # the store is still of use


def test_a_second_word_of_a_person_wins_and_the_first_is_kept(store):
    store.add_page(page("1.png"), {})
    (field,) = store.fields()
    store.add_reviews([Review(field, Meaning.VALUE, "5")], "who", "a.csv")
    store.add_reviews([Review(field, Meaning.BLANK, "")], "who", "b.csv")
    (field,) = store.fields()
    assert (field.value, field.meaning, field.person_value) == ("1", Meaning.BLANK, "")
    assert store.review_count() == 2


def test_a_changed_file_keeps_its_reviews_as_history_but_does_not_use_them(store):
    store.add_page(page("1.png"), {}, pages=1)
    (field,) = store.fields()
    store.add_reviews([Review(field, Meaning.VALUE, "5")], "who", "a.csv")
    changes = store.sync([source_file("1.png", size=2), source_file("2.png")])
    assert changes == (1, 0, 1)
    store.add_page(page("1.png"), {}, pages=1)
    (field,) = store.fields()
    assert field.meaning is None
    assert store.review_count() == 1


def test_a_folder_that_is_no_job_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="There is no job folder"):
        Store.open(tmp_path / "none")
    with pytest.raises(UsageError, match=r"is no job folder: it holds no job\.sqlite"):
        Store.open(tmp_path)


def test_a_job_that_was_never_begun_is_a_usage_error(tmp_path):
    (tmp_path / "job.sqlite").write_bytes(b"")
    with pytest.raises(UsageError, match="was never begun"):
        Store.open(tmp_path)


@pytest.mark.parametrize("cut", [0, 30, 5000])
def test_a_damaged_database_says_so(tmp_path, cut):
    with Store.create(tmp_path) as made:
        made.sync([source_file("1.png")])
        made.add_page(page("1.png"), {})
    path = tmp_path / "job.sqlite"
    path.write_bytes(path.read_bytes()[:cut] + b"\xff" * 20_000)
    with pytest.raises(OutputError, match="is damaged"), Store.open(tmp_path) as damaged:
        list(damaged.fields())


def test_a_database_of_another_program_is_left_alone(tmp_path):
    with sqlite3.connect(tmp_path / "job.sqlite") as other:
        other.execute("CREATE TABLE mine (x)")
    with pytest.raises(UsageError, match="belongs to another program"):
        Store.create(tmp_path)


def test_a_job_of_a_newer_version_is_refused(tmp_path):
    Store.create(tmp_path).close()
    with sqlite3.connect(tmp_path / "job.sqlite") as database:
        database.execute("PRAGMA user_version = 99")
    with pytest.raises(UsageError, match="newer formreader"):
        Store.open(tmp_path)


def test_a_full_disk_stops_with_a_sentence_and_keeps_what_is_there(store):
    store.add_page(page("1.png"), {}, pages=1)
    (size,) = store._db.execute("PRAGMA page_count").fetchone()
    store._db.execute(f"PRAGMA max_page_count = {size}")  # SQLite's own full disk
    readings = tuple(replace(fake_reader.reading("9" * 50, 1), field=f"f{n}") for n in range(50))
    with pytest.raises(OutputError, match=r"is full\. Finished pages are kept"):
        store.add_page(PageResult("2.png", 1, "field", readings), {}, pages=1)
    assert [name for name, _, _ in store.pages()] == ["1.png"]


def test_a_read_only_place_says_that_permission_is_missing(store):
    store._db.execute("PRAGMA query_only = ON")  # as root no folder is read-only
    with pytest.raises(OutputError, match="no permission to write"):
        store.add_count("1.png", 3)


def test_a_killed_writer_leaves_the_last_commit(tmp_path, store):
    store.add_page(page("1.png"), {}, pages=1)
    store._db.execute("BEGIN IMMEDIATE")
    store._db.execute("DELETE FROM pages")
    with sqlite3.connect(f"file:{store.folder / 'job.sqlite'}?mode=ro", uri=True) as reader:
        assert reader.execute("SELECT count(*) FROM pages").fetchone() == (1,)


def test_the_job_is_written_ahead_so_that_readers_do_not_wait(store):
    assert store._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert store._db.execute("PRAGMA synchronous").fetchone() == (1,)
