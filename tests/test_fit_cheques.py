"""Amounts composed as on cheques, and the confidence that is fitted on them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from template_model import TemplateModel, write_digit

from formreader import cheque_compose, fit_cheques
from formreader.cheque_compose import compose_amount, random_amount, separated
from formreader.cheque_fields import amount_field
from formreader.cheque_profiles import INDIA, US
from formreader.document import Float
from formreader.ink import normalize_glyph
from formreader.pipeline import Readers


def hand(seed: int) -> tuple[Float, np.ndarray]:
    """Write every digit twice in one hand: glyphs (20, 28, 28) and labels (20,)."""
    labels = np.arange(20) % 10
    glyphs = [normalize_glyph(write_digit(str(d), seed + i)) for i, d in enumerate(labels)]
    return np.stack(glyphs), labels


@pytest.mark.parametrize(
    ("text", "groups", "written"),
    [("8800000", (3, 2), "88,00,000"), ("8800000", (3,), "8,800,000"), ("74", (3, 2), "74")],
)
def test_amounts_are_written_with_separators_where_the_country_has_them(
    text: str, groups: tuple[int, ...], written: str
) -> None:
    assert separated(text, groups, ",") == written


def test_what_is_written_says_the_truth() -> None:
    rng = np.random.default_rng(1)
    for profile in (INDIA, US):
        for _ in range(200):
            written, text = random_amount(profile, rng)
            digits = "".join(s for s in written if s.isdigit())
            assert digits == text.replace(".", "")
            assert ("." in text) == (written[-3:-2] == "." and written[-2:].isdigit())


def test_a_composed_amount_has_its_sign_found_and_its_figures_left() -> None:
    rng = np.random.default_rng(3)
    for seed in range(8):
        amount = compose_amount(*hand(seed), rng)
        field, is_marked, _ = amount_field([amount.frame], amount.profile.signs)
        assert is_marked
        assert field.ink.any()
        assert field.rect.width < amount.frame.field.rect.width


def test_spoilt_figures_have_no_truth(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cheque_compose, "SPOILT", 1.0)
    amount = compose_amount(*hand(1), np.random.default_rng(2))
    assert amount.text is None


def test_amounts_get_a_calibration_of_their_own() -> None:
    hands = [hand(seed) for seed in range(4)]
    fitted = fit_cheques.fit_amounts(Readers(TemplateModel(), None), hands, 1, (20, 20))
    assert len(fitted["weights"]) == 13
    assert fitted["fields"] <= 20
    assert fitted["right"] > 0
    assert fitted["agree"] <= fitted["fields"]


def test_an_amount_that_a_person_sees_anyway_supports_no_promise() -> None:
    readers = Readers(TemplateModel(), None)
    trials = fit_cheques.try_amounts(readers, [hand(1)], 12, [5])
    fitted = readers.recognizer.card["calibration"]["free"]
    doubtful = [replace(t, figures=replace(t.figures, doubtful=True)) for t in trials]
    chances, trusted, _ = fit_cheques.decided(doubtful, fitted)
    assert chances.max() > 0
    assert not trusted.any()
    assert fit_cheques.decided(trials, fitted)[1].any()
