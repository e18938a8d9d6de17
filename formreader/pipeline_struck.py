"""Tell whether a number is struck out or cut off by the edge of its picture.

A line through a number is taken out as a ruled line would be, and what is below it reads surely:
of 151 drawn numbers that were struck out 15 were accepted.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from formreader.document import Mask, Rect

SIDE = 24
"""Height in pixels to which a number is brought: its strokes are two wide and more."""
INKY = 0.4
"""Share of such a pixel that is ink from which it counts."""
WAYS = 13
"""Rows at either end between which lines are tried, two pixels apart."""
MIDDLE = 0.25
"""Distance of a line's middle from the upper and lower end of the digits, in their heights: nearer
to the foot it underlines."""
COVERED = 0.935
"""Share of such a line that is ink. Of 89 numbers with one or two level lines through them 87 had
more, of 62 with a slanting one 38; of 2,134 others read rightly 9, most of two digits with bars
that meet; of 234 real amounts 1."""
APART, FEWEST = 0.15, 2
"""Gap between a struck-out number and the one written after it, in heights of a digit, at least,
and digits that a line strikes out. Of 5 right numbers of 507 whose first digits have such a line,
as bars that meet, none has that gap, of 16 struck out and written again 13."""
AGAIN = 0.75
"""How likely what follows struck-out digits is the value: of 16 such numbers of unseen forms 12."""
LONGEST = 480
"""Greatest length in pixels to which a number is brought."""
CUT = 0.35
"""Ink along the left or right edge of a pre-cut picture, in digit heights, from which a digit may
be cut in two: of 234 real amounts, cut close, 1 had more."""


def struck_through(ink: Mask, digits: Sequence[Rect]) -> bool:
    """Tell whether a line runs through all of a number's digits, level or not.

    `ink` bool (H, W) is the field's, ruled lines left in, `digits` in its pixels.
    """
    if len(digits) < 2:
        return False
    top = max(0, int(np.median([rect.y for rect in digits])))
    bottom = int(np.median([rect.bottom for rect in digits]))
    left = max(0, min(rect.x for rect in digits))
    part = ink[top:bottom, left : max(rect.right for rect in digits)]
    if min(part.shape) < 2:
        return False
    wide = min(LONGEST, max(SIDE, round(part.shape[1] * SIDE / part.shape[0])))
    small = cv2.resize(part.astype(np.float32), (wide, SIDE), interpolation=cv2.INTER_AREA)
    marked = cv2.dilate((small > INKY).view(np.uint8), np.ones((3, 1), np.uint8))
    first, last = (end.ravel() for end in np.meshgrid(*2 * [np.linspace(1, SIDE - 2, WAYS)]))
    inside = np.abs((first + last) / 2 - SIDE / 2) < (0.5 - MIDDLE) * SIDE
    along = np.linspace(0, 1, wide)
    rows = np.rint(np.outer(first[inside], 1 - along) + np.outer(last[inside], along))
    return bool(marked[rows.astype(np.int64), np.arange(wide)].mean(axis=1).max() > COVERED)


def struck_first(ink: Mask, digits: Sequence[Rect]) -> int:
    """Return how many of a number's first digits are struck out, the others written after them.

    `ink` bool (H, W) is the field's, `digits` from left to right in its pixels; 0 where none are.
    97 struck out and 90 after it were accepted as 9790.
    """
    high = float(np.median([rect.height for rect in digits] or [0]))
    for count in range(len(digits) - 1, FEWEST - 1, -1):
        gap = digits[count].x - max(rect.right for rect in digits[:count])
        if gap > APART * high and struck_through(ink, digits[:count]):
            return count
    return 0


def cut_at_side(ink: Mask, height: float) -> bool:
    """Tell whether much ink lies along a side of a picture with digits `height` pixels high."""
    sides = ink[:, [0, -1]].sum(axis=0)
    return bool(sides.max() > CUT * height)
