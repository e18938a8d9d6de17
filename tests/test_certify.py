"""What an audit proves, and models that promise just that."""

from __future__ import annotations

from pathlib import Path

import pytest

from formreader import calibrate, certify, classify
from formreader.errors import UsageError
from formreader.fit_confidence import PROMISES
from formreader.store import Store
from formreader.store_audits import AuditStore
from formreader.store_schema import Meaning


def audited(folder: Path, wrong: int, right: int, open_: int = 0, keyed: bool = True) -> Path:
    """Make a job whose accepted values were keyed blind: some differ from the machine's."""
    from formreader.document import PageResult, Reading, Rect
    from formreader.store_schema import SourceFile

    with Store.create(folder / "job") as store:
        store.set_settings({"max_error": "0.01", "source": str(folder)})
        files = [
            SourceFile(folder / f"{n}.png", f"{n}.png", 1, 1) for n in range(wrong + right + open_)
        ]
        store.sync(files)
        for file in files:
            reading = Reading("number", "12", 0.99, "accepted", (), (), Rect(0, 0, 9, 9))  # type: ignore[arg-type]
            store.add_page(PageResult(file.name, 1, "field", (reading,)), {})
    with AuditStore.open(folder / "job") as audits:
        for count, field in enumerate(list(audits.fields()) if keyed else []):
            assert field.id is not None
            value = "13" if count < wrong + open_ else "12"
            if not audits.key_blind(field.id, 0, Meaning.VALUE, value, "a clerk") and count < wrong:
                audits.decide(field.id, 0, Meaning.VALUE, value, "a clerk", "test")
    return folder / "job"


def test_certify_states_rate_interval_and_what_they_prove(tmp_path: Path) -> None:
    said = certify.certify(audited(tmp_path, wrong=1, right=99))
    assert said[0] == (
        "100 of 100 accepted values were keyed blind: 1 of 100 wrong, 1.00% "
        "(95 % interval 0.03% to 5.45%)."
    )
    assert said[1].startswith("With 95% confidence at most 4.66% of the accepted values are wrong.")
    assert said[1].endswith("That proves --max-error 0.05.")
    assert "neither proves nor contradicts" in said[2]
    assert "299 values" in said[2]


def test_certify_says_that_a_promise_was_broken(tmp_path: Path) -> None:
    said = certify.certify(audited(tmp_path, wrong=10, right=30))
    assert "more than that are wrong" in said[-1]


def test_certify_proves_nothing_without_an_audit(tmp_path: Path) -> None:
    [said] = certify.certify(audited(tmp_path, wrong=0, right=3, keyed=False))
    assert "nothing is proved" in said
    assert "--audit" in said


def test_what_nobody_decided_counts_as_wrong(tmp_path: Path) -> None:
    job = audited(tmp_path, wrong=0, right=60, open_=1)
    said = certify.certify(job)
    assert said[1].startswith("Undecided or unreadable are 1; they count as wrong.")
    assert "at most 7.54%" in said[2]


def test_a_certified_model_promises_what_the_audit_proved_and_no_more(tmp_path: Path) -> None:
    bundled = classify.model_folder(None)
    reader = classify.load_recognizer(bundled)
    job = audited(tmp_path, wrong=0, right=310)
    with Store.open(job) as store:
        store.set_settings({"model": reader.model_id})
    [said] = certify.certified_model(job, bundled, tmp_path / "own")
    proved = ", ".join(f"{rate:g}" for rate in PROMISES if rate >= 0.01)
    assert f"--max-error {proved}." in said
    before, after = reader.card["calibration"], classify.read_card(tmp_path / "own")["calibration"]
    for kind in (calibrate.FREE, calibrate.CELLS):
        assert calibrate.threshold_for(after, kind, 0.005) is None
        least = calibrate.threshold_for(before, kind, 0.01)
        assert least is not None
        assert calibrate.threshold_for(after, kind, 0.05) == max(least, 0.99)


def test_a_model_is_certified_by_jobs_that_it_read_itself_only(tmp_path: Path) -> None:
    job = audited(tmp_path, wrong=0, right=3)
    with pytest.raises(UsageError, match="was read with the model"):
        certify.certified_model(job, classify.model_folder(None), tmp_path / "own")
