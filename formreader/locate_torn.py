"""Tell whether a number was found only in part (a part of stage 3).

A piece of a number reads surely and wrong: an 8046 whose 8 was lost as 046, a date whose last
box was lost as seven digits. Ink right beside a field is the sign of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, permutations

import cv2
import numpy as np
from numpy.typing import NDArray

from formreader import binarize
from formreader.document import Grey, Mask, Rect
from formreader.locate_boxes import Cell
from formreader.locate_groups import Group

BESIDE, BESIDE_ONE = 1.2, 1.6
"""Reach beside a written number and beside a single digit, in character heights: of a 92 in
two pale boxes the 2 alone was accepted."""
WALLED, WALLED_KNOWN = 0.85, 0.5
"""The same beyond the wall of a column, and beside a cell of a known form: of 942 numbers read
rightly in cells by a definition 640 instead of 449 are accepted with it. Numbers written over a
wall stand as near: of 124, no form known, one half was accepted in 24 with 0.5, in 5 with this."""
OFF_WALL, FARTHER = 0.1, 0.2
"""How far two numbers stand off the wall between them, and how much farther apart than the digits
of one, in its heights: of 1,988 drawn numbers, a quarter written over walls, 21 more are accepted
rightly with these and none in part, of the numbers of 33 layouts 41 more."""
MEETS_PX, REST = 2, 0.12
"""Columns up to which a stroke meets a wall, and the height from which it is the rest of a digit
that runs over it, in a number's: of 995, 73 and 6547620 over walls 5, 3 and 6 were accepted, where
the digit beside them was in pieces or all but its bar was taken for the wall."""
ROOM = 5.0
"""Height of a cell for one number at most, in heights of its digits."""
MARKS = 2
"""Marks between two numbers, such as a slash or a colon, up to which there is no word."""
DIGIT_WIDE = 0.25
"""Least breadth, in heights of the box, of a digit beside a row, over the walls of missed boxes: of
773329235 in grey boxes 7332923 was accepted."""
BOX_BESIDE = 0.8
"""Reach beside a row of boxes, in box widths after the gap between two: a digit whose box was
not seen lies in it. Without the gap, the 16 of a 169 in boxes set apart was accepted."""
DOUBT = 0.55
"""Least doubt of a number found in part; nothing above 0.5 is accepted."""
NEAR, LEVEL = 2.2, 0.5
"""Gap between two numbers, and the difference of their rows, as shares of their height, up to which
they may be parts of one."""
WALL, GOES_ON = 1.5, 0.8
"""How far above and below them, as a share of their height, and in how much of it the wall of a
table is seen between them."""
OVER, WHOLE, LEANS_PX = 0.35, 0.92, 5
"""How far a wall goes on over and under a number that it runs through, or twice as far on one side,
in its heights, the share of that in which it is seen, and the columns over which it may lean."""
PALE_HEIGHT = 0.3
"""Height of a pale stroke in a box without ink, as a share of the box, from which it counts."""
GUIDE = 0.8
"""Share of pale strokes marked in the other boxes of a row from which they are a printed guide,
such as the figure 8 in which a digit is to be traced."""
NARROW = 0.35
"""Width of a 1, at most, as a share of its height."""
STRONG = 20
"""Pixels of a box, clearly darker than paper, from which its ink is measured by itself."""
SPOT = 0.02
"""Area of the smallest spot that counts, as a share of the box's height squared."""


def beside(group: Group, ink: Mask, up: Mask, in_cell: bool, is_known: bool = False) -> bool:
    """Tell whether a stroke as tall as half a character begins right beside a group.

    `up` bool (H, W) are the upright rules: beyond one only what stands as near as the digits of
    one number. Outside of cells, where no neighbour is expected, it is measured whole: a 7 whose
    bar was taken for a rule begins with its stem at the end of the reach, and of 2007 200 was
    accepted.
    """
    reach = round((BESIDE if len(group.tall) > 1 else BESIDE_ONE) * group.height)
    far = reach + (0 if in_cell else round(group.height))
    rows, left = slice(group.top, group.bottom), slice(max(0, group.left - far), group.left)
    for columns in (left, slice(group.right, group.right + far)):
        outward = slice(None, None, -1 if columns is left else 1)
        part = np.ascontiguousarray(ink[rows, columns][:, outward]).view(np.uint8)
        if not part.any():
            continue
        stats = cv2.connectedComponentsWithStats(part)[2][1:]
        tall = stats[stats[:, cv2.CC_STAT_HEIGHT] > 0.5 * group.height, cv2.CC_STAT_LEFT]
        end = float(reach)
        if is_known:
            end = WALLED_KNOWN * group.height
        else:
            going = _going_on(up, columns, group.top, group.bottom, group.height)[outward]
            walls = np.flatnonzero(going)
            if walls.size:
                tall = np.append(tall, _at_wall(stats, walls, group.height))
                apart = _keep_off(group, walls, int(tall.min(initial=far)))
                end = 0.0 if apart else WALLED * group.height
        if (tall < end).any():
            return True
    return False


def _at_wall(stats: NDArray[np.int32], walls: NDArray[np.int64], high: float) -> NDArray[np.int32]:
    """Return where the strokes (N, 5) begin that meet a wall, of which it may have taken the most.

    `walls` int64 (M,) are columns outward from a number, `high` is its height.
    """
    first, wide, tall = stats[:, [cv2.CC_STAT_LEFT, cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].T
    meets = (first <= walls[-1] + MEETS_PX) & (first + wide >= walls[0] - MEETS_PX)
    return np.asarray(first[meets & (tall > REST * high)])


def _keep_off(group: Group, walls: NDArray[np.int64], stroke: int) -> bool:
    """Tell whether a number and the `stroke` beside it stand on two sides of a wall as two do.

    Both keep off it and are farther apart than the number's own digits. `walls` int64 (N,) and
    `stroke` are columns outward from the number.
    """
    edges = group.tall[np.argsort(group.tall[:, 0])][:, [0, 2]]
    gaps = edges[1:, 0] - edges[:-1].sum(axis=1)
    off = OFF_WALL * group.height
    return (
        len(gaps) > 0
        and walls[0] >= off
        and stroke - walls[-1] > off
        and stroke > gaps.max() + FARTHER * group.height
    )


def _going_on(up: Mask, columns: slice, top: int, bottom: int, high: float) -> Mask:
    """Return in which columns (W,) an upright rule stands over or under what lies between rows."""
    reach = round(WALL * high)
    over, under = up[max(0, top - reach) : top, columns], up[bottom : bottom + reach, columns]
    ends = [end.mean(axis=0) > GOES_ON for end in (over, under) if len(end)]
    return np.asarray(np.any(ends, axis=0)) if ends else np.zeros(up[:1, columns].size, bool)


def parts_of_one(groups: Sequence[Group], up: Mask) -> list[bool]:
    """Tell for each number whether another stands so near that both may be one, cut by a stroke.

    `up` bool (H, W) are the upright rules: between two columns of a table one goes on above or
    below them. The slash of a 01/2016 was taken for a wall, and 2016 accepted.
    """
    parts = [False] * len(groups)
    for (i, a), (j, b) in permutations(enumerate(groups), 2):
        high = max(a.height, b.height)
        if not 0 <= b.left - a.right < NEAR * high or abs(a.base - b.base) > LEVEL * high:
            continue
        between = slice(a.right, b.left + 1)
        if not _going_on(up, between, min(a.top, b.top), max(a.bottom, b.bottom), high).any():
            parts[i] = parts[j] = True
    return parts


def in_one_cell(
    groups: Sequence[Group], cells: Sequence[Cell], characters: NDArray[np.int64]
) -> list[bool]:
    """Tell for each number whether another stands in its cell: one may be struck out or a remark.

    Of 191 cells with two numbers, one under or beside the other, in 90 one alone was accepted or
    both were. Panels with several lines are no such cells, but on one line of them two numbers
    with no word between are one or two: of 6/5 around a printed slash the 6 was accepted.
    `characters` (N, 5) are the boxes of all that stands on the page.
    """
    homes: dict[int, list[int]] = {}
    for number, group in enumerate(groups):
        x, y = (group.left + group.right) / 2, (group.top + group.bottom) / 2
        around = [
            (c.width * c.height, at)
            for at, c in enumerate(cells)
            if c.left < x < c.right and c.top < y < c.bottom
        ]
        if around:
            homes.setdefault(min(around)[1], []).append(number)
    found = [False] * len(groups)
    for home, numbers in homes.items():
        for i, j in combinations(numbers, 2):
            one, other = groups[i], groups[j]
            is_low = cells[home].height < ROOM * min(one.height, other.height)
            if is_low or _side_by_side(one, other, characters):
                found[i] = found[j] = True
    return found


def _side_by_side(one: Group, other: Group, characters: NDArray[np.int64]) -> bool:
    """Tell whether two numbers stand on one line with no word between them."""
    first, second = sorted((one, other), key=lambda group: group.left)
    shared = min(one.bottom, other.bottom) - max(one.top, other.top)
    if shared < 0.5 * min(one.height, other.height):
        return False
    left, top, wide, high = characters[:, :4].T
    level = (top < max(one.bottom, other.bottom)) & (top + high > min(one.top, other.top))
    between = level & (left >= first.right) & (left + wide <= second.left)
    return bool(np.count_nonzero(between) <= MARKS)


def crossed(group: Group, up: Mask) -> bool:
    """Tell whether a wall runs through a written number, from above it to below.

    `up` bool (H, W) are the upright rules. Of two cells with numbers close to the wall between them
    20815063389785 was accepted, the numbers standing on the line at which the wall ended.
    """
    reach = round(OVER * group.height)
    between = slice(group.tall[0, 0] + group.tall[0, 2], group.tall[-1, 0])
    for over, under in ((1, 1), (2, 0), (0, 2)):
        rows = slice(max(0, group.top - over * reach), group.bottom + under * reach)
        part = up[rows, between]
        if part.size:
            leaning = cv2.dilate(part.view(np.uint8).copy(), np.ones((1, LEANS_PX), np.uint8))
            if leaning.mean(axis=0).max() > WHOLE:
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
    wide, tall = (np.ptp(np.r_[spots[:, at], spots[:, at] + spots[:, at + 2]]) for at in (0, 1))
    return bool(tall > 0.5 * height and wide > 0.15 * height)


def holds_stroke(ink: Mask) -> bool:
    """Tell whether a stroke as tall as two fifths of a box stands in `ink` bool (H, W)."""
    stats = cv2.connectedComponentsWithStats(ink.view(np.uint8), connectivity=8)[2][1:]
    return bool((stats[:, 3] > 0.4 * ink.shape[0]).any())


def holds_digit(ink: Mask) -> bool:
    """Tell whether one stroke beside a row of boxes is as tall and as broad as a digit.

    `ink` bool (H, W) covers the height of the boxes; rests of walls are narrower.
    """
    height = ink.shape[0]
    stats = cv2.connectedComponentsWithStats(ink.view(np.uint8), connectivity=8)[2][1:]
    return bool(((stats[:, 3] > 0.5 * height) & (stats[:, 2] > DIGIT_WIDE * height)).any())


def paler_strokes(dark: Grey, ink: Mask, cells: Sequence[Rect], rim: int, least: float) -> Mask:
    """Return what stands in boxes with hardly any `ink` and is dark for a box by itself.

    `dark` uint8 and `ink` (H, W) of one crop; `rim` pixels inside the walls are not looked at,
    nothing paler than `least` counts. Of a 0424 in a comb whose last 4 was written half as
    dark, 042 was accepted: thin pale strokes were taken for rules.
    """
    pale = np.zeros(ink.shape, bool)
    for cell in cells:
        box = (
            slice(max(0, cell.y + rim), max(0, cell.bottom - rim)),
            slice(max(0, cell.x + rim), max(0, cell.right - rim)),
        )
        part = dark[box]
        strong = part[part > least]
        if strong.size < STRONG:
            continue
        left = binarize.ink_mask(part, float(np.percentile(strong, 90)))
        if 2 * int(ink[box].sum()) > int(left.sum()):
            continue
        near = np.ones((rim | 1, rim | 1), np.uint8)
        whole = cv2.morphologyEx(left.view(np.uint8), cv2.MORPH_CLOSE, near)
        _, labels, stats, _ = cv2.connectedComponentsWithStats(whole)
        tall = stats[:, cv2.CC_STAT_HEIGHT] > PALE_HEIGHT * cell.height
        tall[0] = False
        strokes = tall[labels] & left
        others = [c for c in cells if c != cell]
        if strokes.any() and not in_all(strokes, box, dark > least / 2, cell, others):
            pale[box] = strokes
    return pale


def in_all(
    strokes: Mask, box: tuple[slice, slice], marked: Mask, cell: Rect, others: Sequence[Rect]
) -> bool:
    """Tell whether the strokes at `box` in a cell are `marked` in the other cells, too: guides.

    A stroke as narrow as a 1 lies under other digits by chance and is taken for none.
    """
    wide = cv2.dilate(marked.view(np.uint8), np.ones((5, 5), np.uint8)) > 0
    rows, columns = (np.flatnonzero(strokes.any(axis=axis)) for axis in (1, 0))
    rows, columns = rows + box[0].start - cell.y, columns + box[1].start - cell.x
    if np.ptp(columns) < NARROW * np.ptp(rows):
        return False
    own = strokes[np.ix_(rows + cell.y - box[0].start, columns + cell.x - box[1].start)]
    shares = []
    for other in others:
        y = np.clip(rows + other.y, 0, marked.shape[0] - 1)
        x = np.clip(columns + other.x, 0, marked.shape[1] - 1)
        shares.append(float(wide[np.ix_(y, x)][own].mean()))
    return bool(shares) and min(shares) > GUIDE


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
