"""Lists of values of which each stands once on a page: the best joint match, shown to a person."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_forms import GOOD, refused

from formreader.document import Character, Reading, Reason, Rect, Status
from formreader.forms import load_form
from formreader.forms_joint import assign, match_lists

PUPILS = ("101", "107", "152", "158")
RECT = Rect(0, 0, 5, 5)


def reading(field: str, text: str, confidence: float, *last: tuple[str, float]) -> Reading:
    """Return an accepted reading; `last` are other readings of its last digit."""
    chars = [Character(c, 0.99, (), RECT) for c in text[:-1]]
    chars += [Character(text[-1], confidence, last, RECT)] if text else []
    status = Status.ACCEPTED if text else Status.BLANK
    return Reading(field, text, confidence, status, (), tuple(chars), RECT)


def match(*readings: Reading) -> list[Reading]:
    return match_lists(list(readings), {r.field: PUPILS for r in readings})


def test_a_list_used_once_changes_nothing_where_all_values_differ() -> None:
    readings = [reading("a", "101", 0.9), reading("b", "107", 0.9), reading("c", "", 1.0)]
    assert match(*readings) == readings


def test_of_two_fields_read_alike_the_less_sure_takes_its_next_value_and_both_are_shown() -> None:
    sure, unsure = match(reading("a", "107", 0.99), reading("b", "107", 0.6, ("1", 0.3)))
    assert (sure.text, sure.status, sure.reasons) == ("107", Status.REVIEW, (Reason.TWICE,))
    assert (unsure.text, unsure.status, unsure.reasons) == ("101", Status.REVIEW, (Reason.JOINT,))
    assert unsure.alternatives[0] == ("107", 0.6)
    assert unsure.confidence < 0.5
    assert not unsure.characters


def test_a_match_is_best_over_all_fields_and_not_one_after_the_other() -> None:
    found = match(
        reading("a", "107", 0.50, ("1", 0.45)),
        reading("b", "101", 0.90, ("7", 0.001)),
        reading("c", "107", 0.90, ("8", 0.001)),
    )
    # a, taken alone, would move to 101; so b would have to leave what it clearly says
    assert [r.text for r in found][1] == "101"
    assert found[1].status is Status.ACCEPTED
    assert all(r.status is Status.REVIEW for r in (found[0], found[2]))


def test_a_field_alone_keeps_what_was_read_though_its_confidence_is_low() -> None:
    poor = reading("a", "107", 0.05, ("1", 0.9))
    assert match(poor) == [poor]


def test_no_value_is_forced_on_a_field_that_says_nothing_like_it() -> None:
    found = match(reading("a", "107", 0.99), reading("b", "107", 0.99))
    assert [r.text for r in found] == ["107", "107"]
    assert all(r.reasons == (Reason.TWICE,) for r in found)


def test_fields_of_other_lists_do_not_compete() -> None:
    readings = [reading("a", "107", 0.9), reading("b", "107", 0.9)]
    assert match_lists(readings, {"a": PUPILS, "b": (*PUPILS, "199")}) == readings


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 4), st.integers(0, 2), st.integers(0, 1 << 30))
def test_an_assignment_costs_the_least_of_all(rows: int, more: int, seed: int) -> None:
    costs = np.random.default_rng(seed).integers(0, 9, (rows, rows + more)).astype(float)
    columns = assign(costs)
    ways = permutations(range(rows + more), rows)
    least = min(sum(costs[r, c] for r, c in enumerate(way)) for way in ways)
    assert len(set(columns)) == rows
    assert sum(costs[r, c] for r, c in enumerate(columns)) == least


def test_a_list_is_written_once_for_all_its_fields(tmp_path: Path) -> None:
    text = GOOD.replace("length = [1, 4]", 'allowed = "pupils"\nonce = true')
    text = text.replace("box = [10, 30, 40, 8]", 'box = [10, 30, 40, 8]\nallowed = "pupils"')
    path = tmp_path / "form.toml"
    path.write_text(text + '\n[lists]\npupils = ["101", "107"]\n', "utf-8")
    form = load_form(path)
    assert form.lists_once() == {"total": ("101", "107")}
    assert form.fields[1].allowed == ("101", "107")


@pytest.mark.parametrize(
    ("keys", "line", "said"),
    [
        ('allowed = "pupils"', 16, "there is no list “pupils” under [lists]"),
        ("once = true", 16, "once: give the values too"),
        ('allowed = ["7", "7"]', 16, "allowed: a value is there twice"),
    ],
)
def test_a_wrong_list_is_refused_with_its_line(
    tmp_path: Path, keys: str, line: int, said: str
) -> None:
    sentence = refused(tmp_path, GOOD.replace("length = [1, 4]", keys))
    assert f"line {line}:" in sentence
    assert said in sentence
