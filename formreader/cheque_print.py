"""Find printed numbers, such as the account number, among the ink of a cheque."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import cv2
import numpy as np

from formreader.document import FieldImage, FieldSpec, Grey, Kind, Mask, Rect

HEIGHT_MM = (1.5, 5.5)
"""Height of printed digits of an account number, least and greatest, in millimetres."""
EVEN = 0.22
"""How far heights and feet of a printed number's digits may differ, as a share of the height."""
GAP = 2.2
"""Gap between two digits of one number at most, in digit heights: stamps space them widely."""
WIDEST = 2.4
"""Width of a mark at most that may be digits that touch, in digit heights."""
JOINED = 1.15
"""Width of a digit with its share of the gap, in usual digit widths."""
REGULAR = 1.6
"""Distance between neighbours from which a digit between them is missing, in pitches."""
LEAST_DIGITS = 8
"""Digits of a printed account number at least."""


def printed_rows(ink: Mask, scale: float) -> list[list[Rect]]:
    """Find rows of marks of one height on one foot, each left to right; `scale` in px per mm.

    `ink` bool (H, W) is without the edges of frames. A mark as wide as two or three digits is
    cut into that many; wider ones part a row.
    """
    _, _, stats, _ = cv2.connectedComponentsWithStats(ink.view(np.uint8), connectivity=8)
    high = stats[1:, cv2.CC_STAT_HEIGHT]
    fit = (high >= HEIGHT_MM[0] * scale) & (high <= HEIGHT_MM[1] * scale)
    marks = stats[1:][fit, :4].astype(np.int64)
    foot = marks[:, 1] + marks[:, 3]
    slack = EVEN * marks[:, 3:4]
    alike = np.abs(marks[:, 3] - marks[:, 3:4]) <= slack
    alike &= np.abs(foot - foot[:, None]) <= slack
    waiting = np.ones(len(marks), bool)
    rows: list[list[Rect]] = []
    for seed in np.argsort(-alike.sum(axis=1), kind="stable"):
        if not waiting[seed]:
            continue
        height = marks[seed, 3]
        mine = alike[seed] & waiting
        waiting &= ~mine
        row = [Rect(*mark) for mark in marks[mine][np.argsort(marks[mine, 0])].tolist()]
        rows += runs(row, float(height))
    return [cut_wide(row) for row in rows if len(row) >= LEAST_DIGITS - 2]


def runs(row: list[Rect], height: float) -> Iterator[list[Rect]]:
    """Split a row where gaps are too long or a mark is too wide."""
    run: list[Rect] = []
    for mark in row:
        if run and (mark.x - run[-1].right > GAP * height or mark.width > WIDEST * height):
            yield run
            run = []
        if mark.width <= WIDEST * height:
            run.append(mark)
    yield run


def cut_wide(row: list[Rect]) -> list[Rect]:
    """Cut marks of two or three digits that touch into equal parts."""
    usual = float(np.median([mark.width for mark in row]))
    parts = []
    for mark in row:
        number = max(1, round(mark.width / (JOINED * usual)))
        edges = np.linspace(mark.x, mark.right, number + 1).astype(int).tolist()
        parts += [Rect(a, mark.y, b - a, mark.height) for a, b in pairwise(edges)]
    return parts


def is_whole(row: list[Rect], ink: Mask) -> bool:
    """Tell whether a row of digits has no gap inside and no more ink right beside it."""
    middles = [mark.x + mark.width / 2 for mark in row]
    steps = np.diff(middles)
    pitch = float(np.median(steps))
    if steps.max() > REGULAR * pitch:
        return False
    top, bottom = min(mark.y for mark in row), max(mark.bottom for mark in row)
    reach = round(REGULAR * pitch - 0.5 * float(np.median([mark.width for mark in row])))
    before = ink[top:bottom, max(0, row[0].x - reach) : row[0].x]
    after = ink[top:bottom, row[-1].right : row[-1].right + reach]
    return not any(side.any(axis=1).mean() > 0.3 for side in (before, after) if side.size)


def as_field(image: Grey, ink: Mask, marks: list[Rect]) -> FieldImage:
    """Cut a row of marks out as a field in which each mark has a box of its own."""
    pad = max(3, round(0.3 * marks[0].height))
    left, top = max(0, marks[0].x - pad), max(0, min(m.y for m in marks) - pad)
    right = min(image.shape[1], marks[-1].right + pad)
    bottom = min(image.shape[0], max(m.bottom for m in marks) + pad)
    part = (slice(top, bottom), slice(left, right))
    own = np.zeros_like(ink[part])
    boxes = []
    for mark in marks:
        box = mark.moved(-left, -top)
        own[box.y : box.bottom, box.x : box.right] = True
        boxes.append(box)
    return FieldImage(
        FieldSpec("account", Kind.CELL, len(marks)),
        Rect(left, top, right - left, bottom - top),
        np.ascontiguousarray(image[part]),
        ink[part] & own,
        tuple(boxes),
    )
