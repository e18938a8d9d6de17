"""The kinds of field are fitted beside each other, and alike however that is done."""

from __future__ import annotations

import pytest
from test_fit_confidence import hand

from formreader import classify, fit_cheques, fit_confidence, fit_kinds
from formreader.errors import ModelError
from formreader.executors import DIED, Serial

MODEL = classify.model_folder(None)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit_confidence, "FIELDS", 12)
    monkeypatch.setattr(fit_cheques, "AMOUNTS", (8, 8))


def fitted() -> dict[str, dict[str, object]]:
    card = classify.read_card(MODEL)
    return fit_kinds.fit_kinds(MODEL, [hand(i) for i in range(4)], card, 1)["calibration"]


def test_processes_fit_what_one_process_fits(few: None, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = fitted()
    assert set(alone) == set(fit_kinds.KINDS)
    counts = {kind: found["fields"] for kind, found in alone.items()}
    monkeypatch.setattr(fit_kinds, "FEW_FIELDS", 0)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    assert {kind: found["fields"] for kind, found in fitted().items()} == counts


def test_a_process_that_ends_early_gets_a_sentence(
    few: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Serial, "collect", lambda self: [(("free",), DIED)])
    with pytest.raises(ModelError, match="Run the same command again"):
        fitted()


def test_the_bundled_counts_are_worth_processes() -> None:
    assert fit_confidence.FIELDS > fit_kinds.FEW_FIELDS
