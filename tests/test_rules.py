"""Rules are taken out of the ink by their own thickness, strokes that cross them stay."""

from __future__ import annotations

import numpy as np

from formreader.rules import without_rules


def test_a_rule_goes_by_its_own_thickness_among_many_thin_ones() -> None:
    ink, across = np.zeros((2, 400, 300), bool)
    for y in range(20, 300, 20):
        ink[y, 10:290] = across[y, 10:290] = True
    ink[340:344, 10:290] = across[339:345, 10:290] = True
    ink[310:343, 150:153] = True  # a digit's foot ends on the thick rule
    left = without_rules(ink, across, np.zeros_like(ink))
    assert not left[:, 10:140].any()
    assert left[310:340, 150:153].all()
    assert not left[345:].any()


def test_a_stroke_through_a_rule_stays_in_one_piece() -> None:
    ink, across = np.zeros((2, 100, 200), bool)
    ink[50:53, 5:195] = across[49:54, 5:195] = True
    ink[20:80, 100:104] = True
    left = without_rules(ink, across, np.zeros_like(ink))
    assert left[20:80, 100:104].all()
    assert not left[:, 5:100].any()


def test_a_short_rule_is_as_thick_as_the_usual_one() -> None:
    """A short one may be the stroke of a digit, whose thickness says nothing of rules."""
    ink, up = np.zeros((2, 300, 300), bool)
    for x in range(20, 200, 40):
        ink[10:290, x : x + 2] = up[10:290, x : x + 2] = True
    ink[100:130, 250:256] = up[100:130, 250:256] = True
    left = without_rules(ink, np.zeros_like(ink), up)
    assert left[100:130, 250:256].all()
    assert not left[:, :240].any()
