"""Hundredths of an amount written small and raised, and the stars around an amount."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from formreader.cheque_marks import Mark, Parts
from formreader.document import Float, Mask

RAISED, BARE = 0.2, (0.3, 0.6)
"""How far the foot of raised hundredths lies above that of the digits, in their heights; and the
same, with their width, where no stroke under them tells that they are; chosen."""
SMALL = (0.3, 0.85)
"""Least and greatest height of raised hundredths in digit heights."""
STROKE = (0.5, 0.3, 2.0)
"""Least length and greatest height of the stroke under them, in digit heights, and its least length
in its own heights."""
FAINT = (0.2, 0.3)
"""Darkness, as a share of the ink's, from which a spot is a faint point, and the least in it: at
200 dots per inch a point of 0.4 mm is three blurred pixels wide, and 100.21 was read 10021."""
SPOT = (0.06, 0.3)
"""Least and greatest size of such a spot in digit heights."""
AT_FOOT = (0.25, 0.15)
"""How far above and below the foot of the digits it ends at most, in their heights."""
STAR = (0.2, 0.7)
"""Least and greatest height of a star in digit heights."""


def raised(ink: Mask, height: float) -> tuple[Mask, Mask, Mark] | None:
    """Split an amount whose hundredths are raised: digits, hundredths and the border between.

    `ink` bool (H, W), `height` of its digits in pixels. The stroke under the hundredths and what
    is written below it (100) belong to neither. None where nothing is raised.
    """
    parts = Parts(ink)
    if len(parts.x) < 2:
        return None
    tall = parts.high > SMALL[0] * height
    flat = parts.wide > np.maximum(STROKE[0] * height, STROKE[2] * parts.high)
    flat &= parts.high < STROKE[1] * height
    strokes = np.flatnonzero(flat & (parts.middle > np.median(parts.middle)))
    if strokes.size:
        line = int(strokes[np.argmax(parts.middle[strokes])])
        start = parts.x[line] - 0.15 * height
        upper = parts.y + parts.high / 2 < parts.y[line]
        own = tall & upper & (parts.middle > start)
        below = ~upper & (parts.middle > start)
    else:
        own, below = _last_raised(parts, tall, height), np.zeros(len(parts.x), bool)
    before = tall & ~own & ~below
    if not own.any() or not before.any() or parts.x[own].min() < parts.middle[before].max():
        return None
    foot = float(np.median((parts.y + parts.high)[before]))
    if (parts.y + parts.high)[own].max() > foot - RAISED * height:
        return None
    edge = float(parts.x[own].min())
    digits, cents = _of(parts, (parts.middle < edge) & ~below), _of(parts, own)
    return digits, cents, Mark(edge, True, False, True)


def _last_raised(parts: Parts, tall: NDArray[np.bool_], height: float) -> NDArray[np.bool_]:
    """Find the last parts that are small and stand above the foot of those before them."""
    own = np.zeros(len(parts.x), bool)
    row = np.flatnonzero(tall)[np.argsort(parts.middle[tall])]
    foot = parts.y + parts.high
    for at in range(len(row) - 1, 0, -1):
        level = float(np.median(foot[row[:at]])) - BARE[0] * height
        if foot[row[at]] > level or parts.high[row[at]] > SMALL[1] * height:
            break
        own[row[at]] = True
    wide = (parts.x + parts.wide)[own].max(initial=0) - parts.x[own].min(initial=np.inf)
    return own if wide > BARE[1] * height else np.zeros_like(own)


def without_stars(ink: Mask, height: float) -> Mask:
    """Take raised stars before an amount, and then those behind it, out of ink bool (H, W).

    `height` is that of the digits in pixels. They shut the room for another digit.
    """
    parts = Parts(ink)
    row = np.argsort(parts.middle)
    tall = parts.high > STAR[1] * height
    if not tall.any():
        return ink
    foot = float(np.median((parts.y + parts.high)[tall]))
    star = (parts.high > STAR[0] * height) & ~tall & (parts.wide > 0.5 * parts.high)
    star &= (parts.wide < 2 * parts.high) & (parts.y + parts.high < foot - RAISED * height)
    first = _leading(star[row])
    taken = np.zeros(len(row), bool)
    taken[row[:first]] = True
    if first:
        taken[row[len(row) - _leading(star[row[::-1]]) :]] = True
    return ink & ~_of(parts, taken)


def _leading(these: NDArray[np.bool_]) -> int:
    """Count how many are true before the first that is not."""
    return int(np.argmin(these)) if not these.all() else 0


def _of(parts: Parts, some: NDArray[np.bool_]) -> Mask:
    """Return the ink of some parts."""
    return np.asarray(np.concatenate([[False], some])[parts.labels], np.bool_)


def faint_point(darkness: Float, ink: Mask, height: float) -> Mark | None:
    """Find a point too faint to be ink in a gap between digits: it makes a person look.

    `darkness` float32 (H, W), 0 paper to 1 ink; `ink` bool (H, W); `height` of digits in pixels.
    """
    parts = Parts(ink)
    tall = parts.high > STAR[1] * height
    if tall.sum() < 2:
        return None
    foot = float(np.median((parts.y + parts.high)[tall]))
    near = cv2.dilate(ink.view(np.uint8), np.ones((3, 3), np.uint8)).view(np.bool_)
    covered = near.any(axis=0)
    spots = (darkness > FAINT[0]) & ~near
    _, labels, stats, _ = cv2.connectedComponentsWithStats(spots.view(np.uint8), connectivity=8)
    best: tuple[float, Mark] | None = None
    for number, (x, y, wide, high, _) in enumerate(stats[1:].tolist(), 1):
        size, end = max(wide, high), y + high - foot
        if not SPOT[0] * height <= size <= SPOT[1] * height or covered[x + wide // 2]:
            continue
        if not -AT_FOOT[0] * height < end < AT_FOOT[1] * height:
            continue
        inside = parts.middle[tall].min() < x < parts.middle[tall].max()
        peak = float(darkness[labels == number].max())
        if inside and peak >= FAINT[1] and (best is None or peak > best[0]):
            best = peak, Mark(x + wide / 2, True, False, True)
    return best[1] if best else None
