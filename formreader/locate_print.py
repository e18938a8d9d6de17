"""Tell print from handwriting by the page's other print (a part of stage 3).

A page shows a printed character just so elsewhere, in few heights, in lines and with brackets.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from formreader.document import Float, Grey
from formreader.locate_groups import LEVEL_SLACK, Group

SIDE = 16
"""Side in pixels of the copies in which characters are compared."""
SLACK = 1
"""How much printed characters that are the same differ in width and height, in pixels."""
BAR = 0.35
"""Width of a character, as a share of its height, below which it is a bar that any 1 is like."""
SAME, MAYBE = 0.93, 0.87
"""Mean correlation of a group's characters with the likest elsewhere from which it is print, and
from which a person looks. On 27 pages of tax forms filled with handwritten digits 79 % of the
printed groups in cells lay above the first and none of 53 written ones, above the second four."""
SAME_FEW, FEW = 0.97, 2
"""The same for groups of so few characters: of 864 written on drawn forms three, such as a single
0 in a table, lay above 0.93 and had no row; none above 0.96."""
PRINT_SIZED = 1.15
"""Height of a lone figure, as a share of the page's tall print, up to which a person looks:
numbers of columns and items were accepted as values on photos of filled forms."""
USUAL_HEIGHT = 0.12
"""Share of the page's print that has a height for it to be one of the heights of its fonts."""

Lines = list[tuple[float, float, float, float, int]]
"""Left, right, base, height and cell (-1 for none) of groups that are surely print."""


def likeness(groups: list[Group], boxes: NDArray[np.int64], dark: Grey) -> list[float]:
    """Return how much the characters of each group stand just so elsewhere, up to 1.

    `boxes` int64 (N, 5) are all characters, `dark` uint8 (H, W) the darkness of their ink.
    """
    slack = range(-SLACK, SLACK + 1)
    tall = [(int(w), int(h)) for group in groups for w, h in group.tall[:, 2:4]]
    sizes = {(w + dw, h + dh) for w, h in tall for dw in slack for dh in slack}
    alike = np.array([(int(b[2]), int(b[3])) in sizes for b in boxes], bool)
    known = boxes[alike]
    pictures = _pictures(known, dark)
    return [_likeness(group, known, pictures) for group in groups]


def _pictures(boxes: NDArray[np.int64], dark: Grey) -> Float:
    """Return each character's picture of one size, as a vector of mean 0 and length 1."""
    if not len(boxes):
        return np.zeros((0, SIDE * SIDE), np.float32)
    parts = [
        cv2.resize(dark[y : y + h, x : x + w], (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        for x, y, w, h in boxes[:, :4]
    ]
    flat = np.stack(parts).reshape(len(parts), -1).astype(np.float32)
    flat -= flat.mean(axis=1, keepdims=True)
    return np.asarray(flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1), np.float32)


def _likeness(group: Group, boxes: NDArray[np.int64], pictures: Float) -> float:
    """Return the mean correlation of a group's characters with the likest of other groups."""
    outside = ~(
        (boxes[:, 0] >= group.left)
        & (boxes[:, 0] + boxes[:, 2] <= group.right)
        & (boxes[:, 1] >= group.top)
        & (boxes[:, 1] + boxes[:, 3] <= group.bottom)
    )
    best = []
    for x, y, wide, high in group.tall[:, :4]:
        if wide < BAR * high:
            continue
        own = np.flatnonzero((boxes[:, :4] == (x, y, wide, high)).all(axis=1))
        same = outside & (np.abs(boxes[:, 2:4] - (wide, high)) <= SLACK).all(axis=1)
        best.append(float((pictures[same] @ pictures[own[0]]).max()) if same.any() else 0.0)
    return float(np.mean(best)) if best else 0.0


def same(group: Group, likeness: float) -> bool:
    """Tell whether a group's characters stand so exactly elsewhere that it is print."""
    return likeness >= (SAME_FEW if len(group.tall) <= FEW else SAME)


def print_heights(found: list[Group]) -> NDArray[np.float64]:
    """Return the heights of characters in groups that are surely printed."""
    sure = [g.tall[:, 3] for g in found if len(g.tall) >= 4 and g.printed >= 0.75]
    return np.concatenate(sure).astype(np.float64) if sure else np.zeros(0)


def as_print(group: Group, heights: NDArray[np.float64]) -> float:
    """Return the share of a group's characters that are just as tall as much of the print."""
    if heights.size < 20:
        return 0.5
    own = group.tall[:, 3].astype(np.float64)
    near = (
        np.abs(own[:, None] - heights[None, :]) <= np.maximum(0.5, 0.5 * LEVEL_SLACK * own)[:, None]
    )
    return float(np.mean(near.mean(axis=1) > USUAL_HEIGHT))


def in_line(group: Group, home: int, lines: Lines) -> bool:
    """Tell whether other print stands on the same row right beside the group, in its cell."""
    if not lines:
        return False
    others = np.array(lines)
    high = group.height
    base = group.base
    gap = np.maximum(others[:, 0] - group.right, group.left - others[:, 1])
    return bool(
        (
            (np.abs(others[:, 2] - base) <= 0.08 * high + 1)
            & (gap < 1.6 * high)
            & (gap > -min(0.5 * high, group.right - group.left))
            & (np.abs(others[:, 3] - high) < 0.2 * high)
            & (others[:, 4] == home)
        ).any()
    )


def as_small_as_print(group: Group, heights: NDArray[np.float64]) -> bool:
    """Tell whether one figure by itself is no taller than the page's print, as labels are."""
    if len(group.tall) > 1 or heights.size < 20:
        return False
    return group.height <= PRINT_SIZED * float(np.percentile(heights, 90))


def bracketed(group: Group) -> bool:
    """Tell whether a group stands in brackets, as the letters and numbers of labels do."""
    tall = group.tall
    if len(tall) < 3:
        return False
    first, middle, last = tall[0], tall[1:-1], tall[-1]
    slack = max(1.0, 0.04 * group.height)
    return all(
        end[2] < 0.45 * end[3]
        and end[1] <= middle[:, 1].min() + slack
        and end[1] + end[3] > (middle[:, 1] + middle[:, 3]).max() + 0.06 * group.height
        for end in (first, last)
    )


def ordinal(group: Group) -> bool:
    """Tell whether a dot follows one or two figures, as in the number of a printed item."""
    if len(group.tall) > 2:
        return False
    last = group.tall[-1]
    size = group.boxes[:, 2:4].max(axis=1)
    dots = group.boxes[(size < 0.35 * group.height) & (group.boxes[:, 0] >= last[0] + last[2])]
    return bool((dots[:, 1] > group.base - 0.4 * group.height).any())
