"""Corrected tables: what spreadsheets do to them is taken in, or refused by row; never guessed."""

import csv
import io

import fake_reader
import pytest

from formreader import corrections, export
from formreader.document import PageResult
from formreader.errors import UsageError
from formreader.store import Store
from formreader.store_schema import SourceFile

VALUES = ("00123", "doubt-45", "doubt-67890", "blank-4")


@pytest.fixture
def job(tmp_path):
    return make_job(tmp_path / "job", VALUES)


def make_job(folder, names):
    with Store.create(folder) as store:
        store.sync([SourceFile(f"{name}.png", f"{name}.png", 1, 1) for name in names])
        for name in names:
            result = PageResult(f"{name}.png", 1, "field", (fake_reader.reading(name, 1),))
            store.add_page(result, {})
        export.write_tables(store)
    return folder


def table(job, said, columns=None, edit=lambda row: row):
    """Return the job's readings with corrections by file, as text with CRLF."""
    with (job / "readings.csv").open(encoding="utf-8", newline="") as file:
        rows = [edit(row) for row in csv.DictReader(file)]
    for row in rows:
        row["correction"] = said.get(row["page_file"], row["correction"])
    out = io.StringIO()
    writer = csv.DictWriter(out, columns or list(rows[0]), extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def take(job, content, encoding="utf-8"):
    path = job.parent / "corrected.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return corrections.apply(job, path)


def records(job):
    with (job / "records.csv").open(encoding="utf-8", newline="") as file:
        return {row["page_file"]: row["number"] for row in csv.DictReader(file)}


def refused(job, content):
    before = (job / "records.csv").read_bytes()
    with pytest.raises(UsageError) as error:
        take(job, content)
    assert (job / "records.csv").read_bytes() == before
    with Store.open(job) as store:
        assert store.review_count() == 0
    return str(error.value)


def test_a_correction_wins_in_the_records_and_the_machines_value_is_kept(job):
    applied = take(job, table(job, {"doubt-45.png": "46"}))
    assert (applied.changed, applied.confirmed, applied.unchanged) == (1, 0, 0)
    assert records(job)["doubt-45.png"] == "46"
    with Store.open(job) as store:
        (field,) = [f for f in store.fields() if f.person_value]
        assert (field.value, field.person_value) == ("45", "46")
        who, at, origin = store._db.execute("SELECT who, at, origin FROM reviews").fetchone()
    assert origin == "corrected.csv"
    assert at.startswith("20")
    assert isinstance(who, str)


def test_the_same_table_again_changes_nothing(job):
    content = table(job, {"doubt-45.png": "46", "doubt-67890.png": "?"})
    take(job, content)
    before = [(job / name).read_bytes() for name in ("readings.csv", "records.csv")]
    again = take(job, content)
    assert (again.changed, again.unchanged) == (0, 2)
    assert [(job / name).read_bytes() for name in ("readings.csv", "records.csv")] == before
    with Store.open(job) as store:
        assert store.review_count() == 2


def test_the_tables_of_the_job_itself_can_be_taken_in(job):
    take(job, table(job, {"doubt-67890.png": "'123", "doubt-45.png": "blank"}))
    again = take(job, table(job, {}))
    assert (again.changed, again.unchanged) == (0, 2)


@pytest.mark.parametrize("word", ["Blank", "empty"])
def test_the_words_for_a_blank_and_an_unreadable_field(job, word):
    take(job, table(job, {"doubt-45.png": word, "doubt-67890.png": "?"}))
    found = records(job)
    assert (found["doubt-45.png"], found["doubt-67890.png"]) == ("", "?")


def test_the_same_value_confirms_a_doubtful_one(job):
    applied = take(job, table(job, {"doubt-45.png": "45"}))
    assert (applied.changed, applied.confirmed) == (0, 1)
    assert records(job)["doubt-45.png"] == "45"


def semicolons(text):
    return text.replace(",", ";")


@pytest.mark.parametrize(
    "save",
    [
        lambda text: text.encode("utf-8-sig"),
        lambda text: semicolons(text).encode("utf-8-sig"),
        lambda text: text.replace(",", "\t").encode("utf-16"),
        lambda text: semicolons(text).encode("cp1252"),
        lambda text: text.replace("\r\n", "\n").encode(),
        lambda text: (text + ",,,,,,,,,,,,,,\r\n" * 3).encode(),
        lambda text: ("sep=;\r\n" + semicolons(text)).encode(),
    ],
    ids=["bom", "semicolon", "tab-utf16", "cp1252", "lf", "empty-rows", "sep"],
)
def test_whatever_a_spreadsheet_saves_is_understood(tmp_path, save):
    job = make_job(tmp_path / "job", ("Prüfung-45",))
    take(job, save(table(job, {"Prüfung-45.png": "46"})))
    assert records(job)["Prüfung-45.png"] == "46"


def test_columns_may_be_moved_and_added_and_rows_sorted_and_deleted(job):
    columns = ["note", "correction", "field", "page_file", "Page".lower()]
    head, *rows = table(job, {"doubt-45.png": "46"}, columns).splitlines()
    kept = [row for row in reversed(rows) if "00123" not in row]
    take(job, "\r\n".join([head, *kept]))
    assert records(job)["doubt-45.png"] == "46"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("123", "5 digits are expected: a spreadsheet may have dropped zeros"),
        ("0", "5 digits are expected"),
        ("1.23E+10", "scientific notation"),
        ("1,23E+10", "scientific notation"),
        ("12/05/2024", "looks like a date"),
        ("2024-05-12", "looks like a date"),
        ("12345.0", "decimal point"),
        ("12,345", "has separators"),
        ("12.345", "has separators"),
        ("12 345", "has separators"),
        ("1.234.567,00", "has separators"),
        ("1234567890123450000", "keep 15 digits"),
        ("twelve", "is not a number"),
        ("#####", "is not a number"),
    ],
)
def test_a_correction_that_a_spreadsheet_may_have_changed_is_refused_by_row(job, text, why):
    said = refused(job, table(job, {"00123.png": text, "doubt-45.png": "46"}))
    assert "row 2 (00123.png, page 1, field number) says “" + text + "”" in said
    assert why in said
    assert "Nothing of corrected.csv was taken in, because of one of its rows" in said


@pytest.mark.parametrize("text", ["'123", '="123"', "123!"])
def test_a_person_may_insist_on_a_shorter_value(job, text):
    take(job, table(job, {"00123.png": text}))
    assert records(job)["00123.png"] == "123"


@pytest.mark.parametrize("text", ["00124", "0124", "123456", "99999"])
def test_a_correction_that_kept_its_zeros_or_its_length_is_taken(job, text):
    take(job, table(job, {"00123.png": text}))
    assert records(job)["00123.png"] == text


def test_the_length_that_a_field_always_has_counts_for_more_than_one_reading(tmp_path):
    names = [f"{n}234" for n in range(1, 7)]
    job = make_job(tmp_path / "job", [*names, "doubt-77777", "doubt-9"])
    take(job, table(job, {"doubt-77777.png": "1777"}))  # the machine saw one digit too many
    assert records(job)["doubt-77777.png"] == "1777"
    with pytest.raises(UsageError, match="4 digits are expected"):
        take(job, table(job, {"doubt-9.png": "91"}))


@pytest.mark.parametrize("shown", ["123", "123.0", "1.23E+02", "1.2300E+02"])
def test_a_machine_value_that_lost_its_zeros_is_harmless_but_said(job, shown):
    def edit(row):
        return {**row, "value": shown if row["value"] == "00123" else row["value"]}

    applied = take(job, table(job, {"doubt-45.png": "46"}, edit=edit))
    assert applied.changed == 1
    assert "1 values in corrected.csv look different" in applied.warnings[0]
    assert records(job)["00123.png"] == "00123"


def test_a_value_written_into_the_wrong_column_is_refused(job):
    def edit(row):
        return {**row, "value": "46" if row["value"] == "45" else row["value"]}

    said = refused(job, table(job, {}, edit=edit))
    assert "has “46” in the column value, but this job read “45”" in said


def test_a_table_of_another_job_is_refused(tmp_path, job):
    other = make_job(tmp_path / "other", ("1", "2"))
    said = refused(job, table(other, {"1.png": "5"}))
    assert "corrected.csv belongs to another job" in said


def test_a_table_that_is_partly_of_another_job_is_refused_by_row(tmp_path, job):
    other = make_job(tmp_path / "other", ("00123", "2"))
    assert "row 3 (2.png, page 1, field number) is not in this job" in refused(
        job, table(other, {"00123.png": "00124"})
    )


def test_two_rows_that_disagree_are_refused(job):
    content = table(job, {"doubt-45.png": "46"}) + "doubt-45.png,1,field,number,45,,,,,47\r\n"
    assert "says something else than an earlier row" in refused(job, content)


def test_a_failed_page_has_nothing_to_correct(tmp_path):
    with Store.create(tmp_path / "job") as store:
        store.sync([SourceFile("1.png", "1.png", 1, 1)])
        store.add_page(PageResult("1.png", 1, "field", (), "torn"), {})
        export.write_tables(store)
    assert "it has no field to correct" in refused(
        tmp_path / "job", table(tmp_path / "job", {"1.png": "5"})
    )


def test_many_refused_rows_are_counted(tmp_path):
    names = [f"{n:05}" for n in range(30)]
    job = make_job(tmp_path / "job", names)
    said = refused(job, table(job, {f"{name}.png": "x" for name in names}))
    assert "because of 30 of its rows" in said
    assert said.endswith("and 10 more")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is empty"),
        (b"PK\x03\x04...", "is no Excel workbook that can be read"),
        (b"a,b\r\n1,2\r\n", "has no column page_file, page, field, correction"),
        (b"page_file,page,field,correction\r\n", "holds no rows"),
        (b"page_file,page,field,correction\r\n1.png,one,f,\r\n", "row 2: the column page holds"),
        (b"\xff\xfe\x00", "is no text that can be read"),
        (b"\x81\x8d\x81", "is no text that can be read"),
    ],
)
def test_what_is_no_corrected_table_says_so(job, content, why):
    assert why in refused(job, content)


def test_a_missing_table_says_so(job):
    with pytest.raises(UsageError, match="There is no file"):
        corrections.apply(job, job / "none.csv")


def test_a_file_name_that_looks_like_a_formula_finds_its_way_back(tmp_path):
    job = make_job(tmp_path / "job", ("=45",))
    take(job, table(job, {"'=45.png": "46"}))
    assert records(job) == {"'=45.png": "46"}
