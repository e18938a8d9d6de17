"""What closes an amount: `/-`, a dash, a slash; and a slash between its digits."""

from __future__ import annotations

from enum import Enum
from itertools import takewhile

import numpy as np

from formreader.cheque_marks import Parts
from formreader.document import Mask

STEEP = 0.8
"""Width of a slash at most, in its own heights: 51 degrees steep."""
SLASH = 0.6
"""Height in digit heights from which what closes an amount holds a leaning slash, too."""
SMALL_DIGIT = 0.3
"""Height in digit heights from which small digits of a fraction are digits."""
LONG = 1.25
"""Height of a slash with a rest of its dash at least, in heights of the digits."""
EVEN_EDGE, LINE = 0.05, 0.9
"""How far the right side of a slash strays from a line, in digit heights, in so many rows."""
PEN = 1.3
"""How much of a slash is cut off from its right side, in widths of the pen: it is uneven."""
HOOK = 0.75
"""Height of a closing dash that begins with a hook at most, in digit heights."""
FLAT = 0.32
"""Height of a closing dash in digit heights."""
DASH = 0.4
"""Least length of a closing dash in digit heights; chosen, longer than a 4's bar."""


class Tail(Enum):
    """What closes an amount; a dash without a free slash may follow one that touches a digit.

    A stroke before the dash that is no taller than the digits may be a 1 as well as a slash;
    so may a taller one without a dash, which is left in, and one that touches the last digit. A
    dash that touches it may be its bar.
    """

    NONE = 0
    DASH = 1
    DASH_AND_SLASH = 2
    DASH_AND_STROKE = 3
    LONG_STROKE = 4
    JOINED_STROKE = 5
    JOINED_DASH = 6


def without_tail(ink: Mask, height: float) -> tuple[Mask, Tail]:
    """Take a closing dash, and a slash that stands free before it, out of ink bool (H, W).

    `height` is the digit height in pixels. Also tells what was there.
    """
    inked = np.asarray(ink.any(axis=0))
    columns = np.flatnonzero(inked)
    if not columns.size:
        return ink, Tail.NONE
    top = np.where(inked, ink.argmax(axis=0), 0)
    foot = np.where(inked, ink.shape[0] - ink[::-1].argmax(axis=0), 0)
    at = int(columns[-1])
    while at > columns[0] and foot[at] - top[at] <= FLAT * height:
        at -= 1
    rows = np.flatnonzero(ink[:, at + 1 :].any(axis=1))
    if inked[at + 1 :].sum() < DASH * height:
        return ink, without_dash(ink, height)
    all_rows = np.flatnonzero(ink.any(axis=1))
    centre = (rows.mean() - all_rows[0]) / max(1, all_rows[-1] - all_rows[0])
    if not 0.15 < centre < 0.85:
        return ink, Tail.NONE
    parts = Parts(ink)
    behind = parts.x + parts.wide > at + 1
    hooked = behind & (parts.x <= at) & (parts.high < HOOK * height) & (parts.middle > at)
    steep = parts.straight & (parts.wide < STEEP * parts.high)
    leaning = behind & steep & (parts.high > SLASH * height) & ~hooked
    kept = np.concatenate([[False], leaning])[parts.labels]
    if inked[at + 1 :].sum() - kept[:, at + 1 :].any(axis=0).sum() < DASH * height:
        return ink, without_dash(ink, height)  # it was the upper end of a leaning stroke
    left = ink & ~np.concatenate([[False], hooked])[parts.labels]
    left[:, at + 1 :] &= kept[:, at + 1 :]
    closing = Parts(np.ascontiguousarray((ink & ~kept)[:, at + 1 :]))
    slash = (closing.high > SLASH * height) & (closing.high > closing.wide)
    if slash.any():
        before = Parts(left)
        usual = before.usual_height(np.flatnonzero(before.high > 0.5 * height))
        long = float(closing.high[slash].max()) > LONG * usual
        return left, Tail.DASH_AND_SLASH if long else Tail.DASH_AND_STROKE
    bare, tail = without_slash(left, height)
    dash = np.argmax(np.where(leaning, 0, parts.x + parts.wide - np.maximum(parts.x, at + 1)))
    touching = parts.x[dash] <= at and not hooked[dash]
    return bare, Tail.JOINED_DASH if tail is Tail.DASH and touching else tail


def without_dash(ink: Mask, height: float) -> Tail:
    """Tell what closes ink that ends in no dash."""
    return Tail.LONG_STROKE if last_stroke(Parts(ink), height)[1] else Tail.NONE


def without_slash(ink: Mask, height: float) -> tuple[Mask, Tail]:
    """Take the last stroke before a dash out where it is straight or tall and stands free."""
    parts = Parts(ink)
    last, long = last_stroke(parts, height)
    if last is None or (not parts.straight[last] and without_joined_slash(ink, height) is not None):
        return ink, Tail.DASH
    return ink & (parts.labels != last + 1), Tail.DASH_AND_SLASH if long else Tail.DASH_AND_STROKE


def last_stroke(parts: Parts, height: float) -> tuple[int | None, bool]:
    """Find the last part if it may be a slash, and whether it is taller than the digits.

    Of several strokes at the end, as in `//`, one has to be taller.
    """
    tall = np.flatnonzero(parts.high > 0.5 * height)
    if tall.size < 2:
        return None, False
    limit = LONG * parts.usual_height(tall)
    steep = parts.wide < STEEP * parts.high
    row = tall[np.argsort(-(parts.x + parts.wide)[tall])]
    strokes = list(takewhile(lambda i: steep[i] and parts.straight[i], row.tolist())) or [row[0]]
    last, long = int(row[0]), bool(parts.high[strokes].max() > limit)
    return (last, long) if steep[last] and (long or parts.straight[last]) else (None, False)


def without_joined_slash(ink: Mask, height: float) -> Mask | None:
    """Cut a closing slash off that touches the digit before it; None where there is none.

    `ink` bool (H, W) ends in the slash. Its right side is one straight line from the top to
    the foot of the last part and longer than what is left of that; the stem of a 9 is such a
    line, too, so the part has to be tried as it is as well.
    """
    parts = Parts(ink)
    tall = np.flatnonzero(parts.high > 0.5 * height)
    if not tall.size:
        return None
    last = int(tall[np.argmax((parts.x + parts.wide)[tall])])
    mine = parts.labels == last + 1
    rows = np.flatnonzero(mine.any(axis=1))
    right = mine.shape[1] - 1 - mine[rows, ::-1].argmax(axis=1)
    tilt, start = np.polyfit(rows, right, 1)
    near = np.abs(right - start - tilt * rows) <= max(2.0, EVEN_EDGE * height)
    if near.mean() < LINE or not -STEEP < tilt < 0.1:
        return None
    tilt, start = np.polyfit(rows[near], right[near], 1)
    paper = np.pad(~mine[rows], ((0, 0), (1, 0)), constant_values=True)
    runs = [line[x + 1 :: -1].argmax() for line, x in zip(paper, right, strict=True)]
    edge = start + tilt * np.arange(len(mine)) - PEN * float(np.median(runs))
    rest = mine & (np.arange(mine.shape[1]) < edge[:, None])
    left_high = Parts(rest).high.max(initial=0.0)
    if not 0.4 * height <= left_high <= len(rows) / LONG:
        return None
    return ink & ~(mine & ~rest)


def inner_slash(ink: Mask, height: float, small: bool = False) -> tuple[Mask, Mask] | None:
    """Split ink bool (H, W) at a slash between digits, as in 56/100; None where there is none.

    What follows it may be `small`: then the slash has to be taller than that alone.
    """
    parts = Parts(ink)
    tall = np.flatnonzero(parts.high > (SMALL_DIGIT if small else 0.5) * height)
    if tall.size < 3:
        return None
    usual = parts.usual_height(tall)
    steep = parts.wide < STEEP * parts.high
    slashes = np.flatnonzero(parts.straight & steep & (parts.high > SLASH * height))
    if small:
        after = [tall[parts.middle[tall] > parts.middle[i]] for i in slashes]
        limits = np.array([LONG * parts.usual_height(some) for some in after])
    else:
        limits = np.full(len(slashes), LONG * usual)
    slashes = slashes[parts.high[slashes] > limits]
    inside = [
        i
        for i in slashes
        if (parts.middle[tall] < parts.x[i]).sum() > 1 + small
        and (parts.middle[tall] > (parts.x + parts.wide)[i]).any()
    ]
    if not inside:
        return None
    at = int(inside[-1])
    after = np.concatenate([[False], parts.middle > parts.middle[at]])[parts.labels]
    return ink & ~after & (parts.labels != at + 1), ink & after
