"""A folder is read page by page: order, isolation, resuming, and what stops a run."""

import errno
import os

import fake_reader
import pytest
from batch_folder import picture, read, rows, scans, values
from PIL import Image

from formreader import batch, export
from formreader.document import Status
from formreader.errors import NothingToReadError, OutputError, UsageError
from formreader.store import Store


@pytest.mark.parametrize("jobs", [1, 2])
def test_results_come_in_input_order_whatever_ends_first(tmp_path, jobs):
    source = scans(tmp_path / "in", "1", "2-slow", "3", "4", "10", "20")
    assert values(read(source, jobs=jobs)) == ["1", "2", "3", "4", "10", "20"]


def test_all_pages_of_a_file_are_read(tmp_path):
    picture(tmp_path / "in" / "a.tif", pages=3)
    picture(tmp_path / "in" / "b.png")
    results = read(tmp_path / "in", tmp_path / "job")
    assert [(r.source, r.number) for r in results] == [
        ("a.tif", 1), ("a.tif", 2), ("a.tif", 3), ("b.png", 1),
    ]  # fmt: skip


def test_a_page_that_raises_fails_alone(tmp_path):
    source = scans(tmp_path / "in", "1", "raise-2", "3")
    results = read(source, tmp_path / "job")
    assert [bool(r.failure) for r in results] == [False, False, True]
    assert results[2].failure == "could not be read: ZeroDivisionError: boom"
    (row,) = [r for r in rows(tmp_path / "job" / "readings.csv") if r["status"] == "failed"]
    assert (row["page_file"], row["field"], row["x"]) == ("raise-2.png", "", "")
    assert "boom" in row["reasons"]


def test_a_damaged_file_fails_with_the_loaders_sentence(tmp_path):
    source = scans(tmp_path / "in", "1")
    picture(source / "2.png").write_bytes((source / "1.png").read_bytes()[:50])
    good, bad = read(source, tmp_path / "job")
    assert not good.failure
    assert "The file is damaged" in bad.failure


def test_pages_that_fail_together_are_read_one_by_one(tmp_path, monkeypatch):
    monkeypatch.setenv("NO_TOGETHER", "1")
    source = scans(tmp_path / "in", *(str(n) for n in range(1, 9)), "raise-9")
    results = read(source)
    assert values(results) == [*(str(n) for n in range(1, 9)), None]


def test_a_reader_that_breaks_its_promises_fails_the_page(tmp_path):
    source = scans(tmp_path / "in", "1")

    class Wrong(fake_reader.Reader):
        def read_page(self, page):
            result = super().read_page(page)
            return type(result)(page.source, page.number, "field", result.readings * 2)

    (result,) = read(source, tmp_path / "job", make_reader=lambda: Wrong(fake_reader.Options()))
    assert result.failure == "could not be read: ValueError: two fields have the same name"


def test_a_worker_that_dies_takes_only_its_page_with_it(tmp_path, log):
    names = [*(f"{n}" for n in range(1, 8)), "kill-8", *(f"{n}" for n in range(9, 14)), "kill-14"]
    source = scans(tmp_path / "in", *names)
    results = read(source, tmp_path / "job", jobs=2)
    failed = {r.source: r.failure for r in results if r.failure}
    assert set(failed) == {"kill-8.png", "kill-14.png"}
    assert "ended unexpectedly" in failed["kill-8.png"]
    assert len(results) == 14
    assert {r["page_file"] for r in rows(tmp_path / "job" / "records.csv")} == {
        f"{name}.png" for name in names
    }


def test_a_file_whose_first_page_kills_its_worker_keeps_its_other_pages(tmp_path):
    picture(tmp_path / "in" / "kill-1.tif", pages=3)
    results = read(tmp_path / "in", tmp_path / "job", jobs=2)
    assert [r.number for r in results] == [1, 2, 3]
    assert all("ended unexpectedly" in r.failure for r in results)


def test_the_same_call_again_reads_nothing_twice(tmp_path, log):
    source = scans(tmp_path / "in", "1", "2", "raise-3")
    first = read(source, tmp_path / "job")
    before = log()
    assert read(source, tmp_path / "job") == first
    assert log() == before


def test_a_new_file_is_read_and_a_changed_one_again(tmp_path, log):
    source = scans(tmp_path / "in", "1", "2")
    read(source, tmp_path / "job")
    picture(source / "3.png")
    os.utime(source / "2.png", ns=(1, 1))
    assert values(read(source, tmp_path / "job")) == ["1", "2", "3"]
    assert log() == {"1.png#1": 1, "2.png#1": 2, "3.png#1": 1}


def test_a_failed_page_is_tried_again_only_when_its_file_changed(tmp_path):
    source = scans(tmp_path / "in", "1")
    bad = source / "2.png"
    bad.write_bytes(b"nothing")
    assert read(source, tmp_path / "job")[1].failure
    assert read(source, tmp_path / "job")[1].failure
    picture(bad)
    assert values(read(source, tmp_path / "job")) == ["1", "2"]


def test_readings_of_a_file_that_is_gone_are_kept(tmp_path):
    source = scans(tmp_path / "in", "1", "2")
    read(source, tmp_path / "job")
    (source / "1.png").unlink()
    with batch.Batch(
        source, tmp_path / "job", fake_reader.Options(), make_reader=fake_reader.make
    ) as again:
        assert "1 files read earlier are no longer in the source" in again.warnings[0]
        list(again.pages())
    found = [r["page_file"] for r in rows(tmp_path / "job" / "readings.csv")]
    assert found == ["2.png", "1.png"]


def test_closing_early_keeps_what_was_read_and_writes_the_tables(tmp_path):
    source = scans(tmp_path / "in", "1", "2", "3")
    results = batch.read_folder(
        source, tmp_path / "job", fake_reader.Options(), make_reader=fake_reader.make
    )
    assert next(results).source == "1.png"
    results.close()
    assert rows(tmp_path / "job" / "readings.csv")[0]["value"] == "1"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"options": fake_reader.Options(form="auto")}, "--form field, now --form auto"),
        ({"options": fake_reader.Options(max_error=0.2)}, "--max-error 0.01, now --max-error 0.2"),
    ],
)
def test_a_changed_option_is_refused_by_name(tmp_path, change, named):
    source = scans(tmp_path / "in", "1")
    read(source, tmp_path / "job")
    with pytest.raises(UsageError) as refused:
        read(source, tmp_path / "job", **change)
    assert named in str(refused.value)
    assert "--restart" in str(refused.value)


def test_a_changed_model_is_refused_by_name(tmp_path, monkeypatch):
    source = scans(tmp_path / "in", "1")
    read(source, tmp_path / "job")
    monkeypatch.setenv("FAKE_MODEL", "fake@111111111111")
    with pytest.raises(UsageError, match="fake@000000000000, now the model fake@111111111111"):
        read(source, tmp_path / "job")


def test_a_job_knows_where_its_model_lies(tmp_path):
    source = scans(tmp_path / "in", "1")
    for folder in (None, tmp_path / "own"):
        job = tmp_path / f"job-{folder is None}"
        read(source, job, options=fake_reader.Options(model=folder))
        with Store.open(job) as store:
            assert store.settings()["model_folder"] == (str(folder) if folder else "")


def test_another_source_is_refused(tmp_path):
    read(scans(tmp_path / "in", "1"), tmp_path / "job")
    with pytest.raises(UsageError, match="SOURCE"):
        read(scans(tmp_path / "other", "1"), tmp_path / "job")


def test_restart_reads_everything_again_with_the_new_options(tmp_path, log):
    source = scans(tmp_path / "in", "1", "2")
    read(source, tmp_path / "job")
    read(source, tmp_path / "job", options=fake_reader.Options(max_error=0.2), restart=True)
    assert set(log().values()) == {2}
    assert len(rows(tmp_path / "job" / "readings.csv")) == 2


def test_the_job_may_lie_inside_the_source(tmp_path):
    source = scans(tmp_path / "in", "1")
    assert len(read(source, source / "job")) == 1
    assert len(read(source, source / "job")) == 1


def test_the_folder_of_the_scans_is_no_job_folder(tmp_path):
    source = scans(tmp_path / "in", "1")
    with pytest.raises(UsageError, match="holds the scans"):
        read(source, source)


def test_tables_of_somebody_else_are_not_overwritten(tmp_path):
    source = scans(tmp_path / "in", "1")
    (tmp_path / "job").mkdir()
    (tmp_path / "job" / "records.csv").write_text("mine")
    with pytest.raises(UsageError, match=r"holds a records\.csv but no job"):
        read(source, tmp_path / "job")
    assert (tmp_path / "job" / "records.csv").read_text() == "mine"


def test_two_runs_do_not_read_into_one_job(tmp_path):
    source = scans(tmp_path / "in", "1", "2")
    first = batch.read_folder(
        source, tmp_path / "job", fake_reader.Options(), make_reader=fake_reader.make
    )
    next(first)
    with pytest.raises(UsageError, match="Another formreader is reading"):
        read(source, tmp_path / "job")
    first.close()


def test_nothing_to_read_makes_no_job_folder(tmp_path):
    (tmp_path / "in").mkdir()
    with pytest.raises(NothingToReadError):
        read(tmp_path / "in", tmp_path / "job")
    assert not (tmp_path / "job").exists()


def test_a_job_folder_that_is_a_file_is_an_output_error(tmp_path):
    source = scans(tmp_path / "in", "1")
    (tmp_path / "job").write_text("x")
    with pytest.raises(OutputError, match="is a file"):
        read(source, tmp_path / "job")


def test_a_snippet_that_does_not_fit_on_the_disk_stops_the_run(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    source = scans(tmp_path / "in", "1")
    monkeypatch.setattr(Image.Image, "save", full)
    with pytest.raises(OutputError, match="is full"):
        read(source, tmp_path / "job")


def test_snippets_show_every_field_with_ink_under_safe_names(tmp_path):
    long = "ä" * 100
    source = scans(tmp_path / "in", "1", "blank-2", "sub folder/数字 3", long)
    read(source, tmp_path / "job")
    found = {r["page_file"]: r["snippet"] for r in rows(tmp_path / "job" / "readings.csv")}
    assert found["blank-2.png"] == ""
    named = [name for name in found.values() if name]
    assert len(set(named)) == 3
    for name in named:
        assert name.isascii()
        assert len(name) < 130
        assert (tmp_path / "job" / name).is_file()
    with Image.open(tmp_path / "job" / found["1.png"]) as snippet:
        assert snippet.size == (38, 19)  # the field with 4 px around it, cut at the page's top


def test_a_file_name_that_is_no_unicode_is_read(tmp_path):
    source = tmp_path / "in"
    source.mkdir()
    try:
        picture(source / "1.png").rename(source / os.fsdecode(b"1-\xff.png"))
    except OSError:
        pytest.skip("this file system takes Unicode names only")
    assert [r.source for r in read(source, tmp_path / "job")] == ["1-\\xff.png"]


def test_statuses_are_those_of_the_reader(tmp_path):
    source = scans(tmp_path / "in", "1", "blank-2", "doubt-3")
    statuses = [r.readings[0].status for r in read(source, tmp_path / "job")]
    assert statuses == [Status.ACCEPTED, Status.BLANK, Status.REVIEW]


def test_tables_are_written_by_the_library_too(tmp_path):
    read(scans(tmp_path / "in", "1"), tmp_path / "job")
    assert list(rows(tmp_path / "job" / "readings.csv")[0]) == list(export.READINGS)
