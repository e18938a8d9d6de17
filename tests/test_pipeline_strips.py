"""The strip reader beside the lattice, with models of templates and of one spelling."""

from __future__ import annotations

import numpy as np
import pytest
from template_model import TemplateModel, put_in_place
from template_pages import form, number_image, page_of, read_field

from formreader import pipeline, segment
from formreader.document import Float, Reason, Status
from formreader.pipeline import Options, Reader


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> TemplateModel:
    model = TemplateModel()
    put_in_place(monkeypatch, model)
    return model


class Spelling:
    """A strip reader that reads one text whatever it is shown."""

    looks = 2

    def __init__(self, text: str) -> None:
        self.text = text

    def read(self, strip: Float) -> Float:
        frames = np.full((2 * len(self.text) + 1, 11), 1e-6)
        frames[0::2, 0] = 1
        for place, symbol in enumerate(self.text):
            frames[2 * place + 1, int(symbol) + 1] = 1
        logs: Float = np.log(frames / frames.sum(1, keepdims=True)).astype(np.float32)
        return logs


@pytest.mark.parametrize("strip_weight", [0.0, 0.25, 1.0, 4.0])
def test_what_the_readers_disagree_on_is_never_accepted(
    monkeypatch: pytest.MonkeyPatch, strip_weight: float
) -> None:
    model = TemplateModel(threshold=0.0)  # whatever its confidence, a reading would do
    model.card["calibration"]["free"]["strip_weight"] = strip_weight
    put_in_place(monkeypatch, model)
    monkeypatch.setattr(
        pipeline.classify, "load_strip_reader", lambda folder, card: Spelling("1986")
    )
    agreed = read_field(number_image("1986"))
    at_odds = read_field(number_image("1985"))
    assert (agreed.text, agreed.status) == ("1986", Status.ACCEPTED)
    assert at_odds.status is Status.REVIEW
    assert at_odds.reasons[0] is Reason.READERS_DISAGREE
    assert at_odds.confidence < agreed.confidence
    assert "".join(c.text for c in at_odds.characters) == at_odds.text


def test_readers_that_differ_score_what_the_other_lists(model: TemplateModel) -> None:
    reader = Reader(Options(form="field"))
    cut = pipeline.Cut(field := pipeline.whole_image(number_image("1985")), segment.segment(field))
    candidates, spelt = pipeline.propose(cut, reader.readers.score([cut])[0], Spelling("1486"))
    assert candidates[0].text == "1985"
    assert spelt[0][0] == "1486"
    assert {c.text for c in candidates} == {text for text, _ in spelt}
    assert [c.score for c in candidates] == sorted([c.score for c in candidates], reverse=True)
    [(_, chance)] = [pair for pair in spelt if pair[0] == "1985"]
    assert chance < -10


class BySize:
    """A strip reader that takes a number that fills its strip for another than a smaller one."""

    def __init__(self, looks: int) -> None:
        self.looks = looks

    def read(self, strip: Float) -> Float:
        rows = np.flatnonzero((strip > 0.3).any(axis=1))
        return Spelling("1985" if np.ptp(rows) >= 26 else "1935").read(strip)


@pytest.mark.parametrize(
    ("looks", "expected"), [(2, {"1985": 0.5, "1935": 0.5}), (1, {"1985": 1.0})]
)
def test_the_strip_reader_looks_at_a_number_in_as_many_sizes_as_its_model_was_fitted_on(
    model: TemplateModel, looks: int, expected: dict[str, float]
) -> None:
    reader = Reader(Options(form="field"))
    cut = pipeline.Cut(field := pipeline.whole_image(number_image("1985")), segment.segment(field))
    _, spelt = pipeline.propose(cut, reader.readers.score([cut])[0], BySize(looks))
    chances = {text: float(np.exp(score)) for text, score in spelt if score > -3}
    assert chances == pytest.approx(expected, abs=0.01)


def test_boxes_are_not_shown_to_the_strip_reader(
    model: TemplateModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        pipeline.classify, "load_strip_reader", lambda folder, card: Spelling("99999")
    )
    [reading] = Reader(Options()).read_page(page_of(form("20417"))).readings
    assert reading.text == "20417"
    assert reading.status is Status.ACCEPTED
