"""Tell whether a number was found only in part (a part of stage 3).

A piece of a number reads surely and wrong: an 8046 whose 8 was lost as 046, a date whose last
box was lost as seven digits. Ink right beside a field is the sign of it.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from formreader.document import Mask, Rect
from formreader.locate_groups import Group

BESIDE, BESIDE_ONE = 1.2, 1.6
"""Reach beside a written number and beside a single digit, in character heights: of a 92 in
two pale boxes the 2 alone was accepted."""
BOX_BESIDE = 0.8
"""Reach beside a row of boxes, in box widths after the gap between two: a digit whose box was
not seen lies in it. Without the gap, the 16 of a 169 in boxes set apart was accepted."""
DOUBT = 0.55
"""Least doubt of a number found in part; nothing above 0.5 is accepted."""
SPOT = 0.02
"""Area of the smallest spot that counts, as a share of the box's height squared."""


def beside(group: Group, ink: Mask) -> bool:
    """Tell whether ink as tall as half a character stands right beside a group."""
    reach = round((BESIDE if len(group.tall) > 1 else BESIDE_ONE) * group.height)
    rows = slice(group.top, group.bottom)
    for side in (
        ink[rows, max(0, group.left - reach) : group.left],
        ink[rows, group.right : group.right + reach],
    ):
        if side.any():
            part = np.ascontiguousarray(side).view(np.uint8)
            if cv2.connectedComponentsWithStats(part)[2][1:, 3].max() > 0.5 * group.height:
                return True
    return False


def as_tall_as_half(ink: Mask) -> bool:
    """Tell whether the ink beside a row of boxes is half as tall as they are and no mere line.

    `ink` bool (H, W) covers the height of the boxes, rules taken out; broken strokes count
    together.
    """
    height = ink.shape[0]
    stats = cv2.connectedComponentsWithStats(ink.view(np.uint8), connectivity=8)[2][1:]
    spots = stats[stats[:, 4] > SPOT * height**2]
    if not len(spots):
        return False
    wide = np.ptp(np.r_[spots[:, 0], spots[:, 0] + spots[:, 2]])
    tall = np.ptp(np.r_[spots[:, 1], spots[:, 1] + spots[:, 3]])
    return bool(tall > 0.5 * height and wide > 0.15 * height)


def runs_through(bare: Mask, ink: Mask, cells: Sequence[Rect], rim: int) -> bool:
    """Tell whether two strokes leave a row of boxes above or below, as crosses over many do.

    `bare` bool (H, W) is the crop without rules, `ink` what lies in the boxes, `rim` the width
    in pixels in which a line may have cut a stroke. The two arms of such a cross read as 11.
    """
    top, bottom = min(c.y for c in cells), max(c.bottom for c in cells)
    above = leaving(bare[: max(top, 0)][::-1], ink[top : top + rim], rim)
    below = leaving(bare[bottom:], ink[bottom - rim : bottom], rim)
    return max(above, below) > 1


def leaving(band: Mask, edge: Mask, rim: int) -> int:
    """Count the strokes that cross a band beside the boxes and meet ink at their edge."""
    if len(band) <= rim:
        return 0
    count, labels = cv2.connectedComponents(np.ascontiguousarray(band).view(np.uint8))
    across = np.intersect1d(labels[:rim], labels[-1])
    columns = np.asarray(edge.any(axis=0)).astype(np.uint8)[None]
    near = cv2.dilate(columns, np.ones((1, 2 * rim + 1), np.uint8))[0] > 0
    touched = np.unique(labels[:rim][:, near])
    return len(np.setdiff1d(np.intersect1d(across, touched), [0])) if count > 1 else 0
