"""Find digits by themselves on plain paper that stand among numbers, as in a table without rules.

A scan in black and white loses pale rules, and with them the cells: of 102 figures of two such
pages none had a row, and nobody would have missed them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from formreader.locate_groups import Group

FEWEST = 5
"""Numbers of a page from which it may be such a table."""
AS_HIGH = (0.6, 1.6)
"""Height of a digit by itself, in the usual one of the page's numbers."""
LEVEL, BESIDE = 0.5, 0.5
"""Share of the lower one's height that two share at least if they stand on one row, and gap between
two of one column at most, in their usual height."""
FEWEST_OVER = 2
"""Others of a column from which it is one."""


def among_numbers(
    digits: Sequence[Group], numbers: Sequence[Group], others: Sequence[Group] = ()
) -> list[Group]:
    """Return those of the `digits` in one row with a number or a digit, and over or under two.

    Of either one at least is a number of several digits; `others` may be print, and tell no table.
    """
    several = [group for group in numbers if len(group.tall) > 1]
    if len(several) < FEWEST:
        return []
    usual = float(np.median([group.height for group in several]))
    low, high = (share * usual for share in AS_HIGH)
    sized = [group for group in digits if low <= group.height <= high]
    everyone = [*sized, *numbers, *others]
    left, right, top, bottom = np.array(
        [(g.left, g.right, g.top, g.bottom) for g in everyone], np.float64
    ).T
    is_several = np.array([len(group.tall) > 1 for group in everyone])
    found = []
    for at, group in enumerate(sized):
        shared = np.minimum(bottom, group.bottom) - np.maximum(top, group.top)
        level = shared > LEVEL * np.minimum(bottom - top, group.bottom - group.top)
        gap = np.maximum(left, group.left) - np.minimum(right, group.right)
        over = (gap < BESIDE * usual) & ~level
        level[at] = False
        mates = level | over
        if level.any() and over.sum() >= FEWEST_OVER and (mates & is_several).any():
            found.append(group)
    return found
