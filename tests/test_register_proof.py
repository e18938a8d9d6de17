"""Signs that the rules of a page were moved: a long rule is not replaced by short strokes."""

from __future__ import annotations

import numpy as np
import pytest

from formreader.forms_print import Lines
from formreader.register_proof import proof

SCALE = 5
"""Pixels per millimetre."""


def seen(*uprights: tuple[float, float, float]) -> Lines:
    """Draw upright rules: x, top and bottom in millimetres."""
    across, up = np.zeros((2, 150 * SCALE, 100 * SCALE), bool)
    for x, top, bottom in uprights:
        up[round(top * SCALE) : round(bottom * SCALE), round(x * SCALE)] = True
    none = np.zeros((0, 4))
    return Lines(across, up, none, none, np.zeros((0, 2)))


def moved(high: float, *uprights: tuple[float, float, float]) -> float:
    """Return the share of a form's rule, upright at x = 50 mm from 20 mm on, that was moved."""
    y = np.arange(20, 20 + high, 1.0)
    at = np.stack((np.full_like(y, 50.0), y), axis=1)
    result = proof(at, np.ones(len(y), np.int64), at * SCALE, seen(*uprights), SCALE)
    return float(result.moved.mean())


STROKES = [(46.0, top, top + 5.0) for top in np.arange(20.0, 120.0, 7.0).tolist()]


@pytest.mark.parametrize(
    ("high", "uprights", "least", "most"),
    [
        (100, [(54.0, 20.0, 120.0)], 1.0, 1.0),  # a long wall, 4 mm to the right
        (100, STROKES, 0.0, 0.0),  # the wall was lost, and digits stand beside it
        (100, [(50.0, 20.0, 120.0), *STROKES], 0.0, 0.0),  # it is there
        (6, [(46.0, 20.0, 26.0)], 1.0, 1.0),  # the wall of a box
        (6, [], 0.0, 0.0),
    ],
    ids=["moved", "lost-beside-digits", "there", "box-moved", "lost"],
)
def test_a_long_rule_is_moved_only_where_another_long_one_is_near(
    high: float, uprights: list[tuple[float, float, float]], least: float, most: float
) -> None:
    assert least <= moved(high, *uprights) <= most
