"""What stands around the digits of an amount: currency sign before, `/-` after, commas between."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import cv2
import numpy as np

from formreader.document import FieldImage, Float, Grey, Mask, Rect

SIGN_PX = 40
"""Height in pixels at which currency signs are drawn and looked for."""
SIGN_HEIGHTS = (0.3, 0.38, 0.47, 0.58)
"""Heights of a sign that are tried, as shares of its frame's height."""
SIGN_FOUND = 0.7
"""Correlation from which a sign is found: printed signs had 0.79 and more, digits 0.62."""
SIGN_REACH = 0.45
"""Share of a frame in which its sign stands, from the left."""
RUPEE = (
    ((5, 3), (95, 3)),
    ((5, 27), (95, 27)),
    ((5, 3), (35, 3), (58, 8), (68, 20), (68, 32), (58, 44), (35, 50), (5, 50)),
    ((25, 50), (82, 100)),
)
DOLLAR = (
    ((90, 22), (75, 11), (50, 8), (25, 11), (10, 25), (20, 40), (50, 49), (80, 58)),
    ((80, 58), (91, 74), (77, 88), (50, 92), (25, 88), (10, 76)),
    ((50, 0), (50, 100)),
)
SIGNS = {"₹": (RUPEE, 0.68), "$": (DOLLAR, 0.56)}
"""Strokes of the signs in hundredths of their height and width, and width over height."""
THIN, WIDE = 0.3, 0.6
"""Thickness and width of a comma at most, in heights of the digits beside it."""
LOWER = 0.25
"""How much lower than the digits beside it a comma's middle lies, in their heights."""
DOT, SPECK = 0.45, 0.08
"""Size of a mark on the line that no digit reaches, and of dust, in heights of the digits."""
FLAT = 0.32
"""Height of a closing dash in digit heights."""
DASH = 0.4
"""Least length of a closing dash in digit heights; the bar of a 4 stands out by 0.3."""


@cache
def _sign(symbol: str) -> tuple[Float, ...]:
    """Draw a sign thin and bold: float32 (40, W) with a white margin."""
    strokes, aspect = SIGNS[symbol]
    drawn = []
    for thick in (4, 6):
        size = (SIGN_PX + 8, round(SIGN_PX * aspect) + 8)
        picture = np.zeros(size, np.uint8)
        for stroke in strokes:
            points = [
                [4 + round(x * SIGN_PX * aspect / 100), 4 + round(y * 0.4)] for x, y in stroke
            ]
            cv2.polylines(picture, [np.array(points)], False, 255, thick, cv2.LINE_AA)
        drawn.append(cv2.GaussianBlur(picture, (0, 0), 1.0).astype(np.float32) / 255)
    return tuple(drawn)


def find_sign(dark: Grey, height: float) -> tuple[float, int]:
    """Look for a currency sign in darkness uint8 (H, W): correlation and right edge.

    `height` is the frame's height in pixels.
    """
    best = (0.0, 0)
    for share in SIGN_HEIGHTS:
        zoom = SIGN_PX / (share * height)
        size = (max(1, round(dark.shape[1] * zoom)), max(1, round(dark.shape[0] * zoom)))
        small = cv2.resize(dark, size, interpolation=cv2.INTER_AREA).astype(np.float32)
        small = np.pad(small, 6)
        for symbol in SIGNS:
            for drawn in _sign(symbol):
                if any(a < b for a, b in zip(small.shape, drawn.shape, strict=True)):
                    continue
                scores = cv2.matchTemplate(small, drawn, cv2.TM_CCOEFF_NORMED)
                _, score, _, (x, _) = cv2.minMaxLoc(scores)
                if score > best[0]:
                    best = (float(score), round((x - 6 + drawn.shape[1] - 2) / zoom))
    return best


def without_left(field: FieldImage, edge: int) -> FieldImage:
    """Cut a field off before column `edge`; its rectangle moves with it."""
    rect = field.rect
    return replace(
        field,
        rect=Rect(rect.x + edge, rect.y, rect.width - edge, rect.height),
        image=np.ascontiguousarray(field.image[:, edge:]),
        ink=np.ascontiguousarray(field.ink[:, edge:]),
    )


def without_tail(ink: Mask, height: float) -> tuple[Mask, bool]:
    """Take a closing dash, and a slash that stands free before it, out of ink bool (H, W).

    `height` is the digit height in pixels. Also tells whether there was a dash.
    """
    columns = np.flatnonzero(ink.any(axis=0))
    if not columns.size:
        return ink, False
    rows = np.flatnonzero(ink.any(axis=1))
    low, high = rows[0], rows[-1]
    top = np.where(ink.any(axis=0), ink.argmax(axis=0), 0)
    foot = np.where(ink.any(axis=0), ink.shape[0] - ink[::-1].argmax(axis=0), 0)
    at = int(columns[-1])
    while at > columns[0] and foot[at] - top[at] <= FLAT * height:
        at -= 1
    dash = ink[:, at + 1 :]
    seen = dash.any(axis=0)
    middle = np.flatnonzero(dash.any(axis=1))
    if seen.sum() < DASH * height or not middle.size:
        return ink, False
    centre = float(middle.mean() - low) / max(1, high - low)
    if not 0.15 < centre < 0.85:
        return ink, False
    left = ink.copy()
    left[:, at + 1 :] = False
    return _without_slash(left, height), True


def _without_slash(ink: Mask, height: float) -> Mask:
    """Take the last stroke out where it is one thin stroke that stands by itself."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(ink.view(np.uint8), connectivity=8)
    if count < 3:
        return ink
    big = np.flatnonzero(stats[:, cv2.CC_STAT_HEIGHT] > 0.5 * height)
    big = big[big > 0]
    if big.size < 2:
        return ink
    last = int(big[np.argmax(stats[big, 0] + stats[big, 2])])
    area, wide, high = (int(stats[last, k]) for k in (4, 2, 3))
    thick = area / float(np.hypot(wide, high))
    if wide < 0.75 * height and thick < 0.22 * height and wide < 0.8 * high:
        left = ink.copy()
        left[labels == last] = False
        return left
    return ink


def take_commas(ink: Mask, height: float) -> tuple[Mask, list[float]]:
    """Take commas and points out of ink bool (H, W); return the rest and their columns.

    `height` is the digit height in pixels. A comma is a thin stroke whose middle lies clearly
    lower than that of the digits beside it; a stroke in line with them is a 1 and stays.
    """
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink.view(np.uint8), connectivity=8)
    x, y, wide, high, area = stats[1:].T.astype(np.float64)
    middle = x + wide / 2
    digits = np.flatnonzero((high > 0.45 * height) & (wide > 0.35 * height))
    if digits.size < 2:
        return ink, []
    left, marks = ink.copy(), []
    for i in range(len(x)):
        beside = [k for k in digits[np.argsort(np.abs(middle[digits] - middle[i]))] if k != i][:3]
        top, foot = float(np.median(y[beside])), float(np.median((y + high)[beside]))
        tall = foot - top
        shift = (y[i] + high[i] / 2 - (top + foot) / 2) / tall
        thin = area[i] / np.hypot(wide[i], high[i]) < THIN * tall and wide[i] < WIDE * tall
        dot = max(wide[i], high[i]) < DOT * tall and y[i] + high[i] > foot - DOT * tall
        if max(wide[i], high[i]) > SPECK * tall and (dot or (thin and shift >= LOWER)):
            left[labels == i + 1] = False
            marks.append(float(middle[i]))
    return left, sorted(marks)


def separators(marks: list[float], digits: list[Rect]) -> list[int]:
    """Return how many digits stand right of each mark, nearest first; none before the first."""
    right = {sum(r.x + r.width / 2 > mark for r in digits) for mark in marks}
    return sorted(right - {0, len(digits)})
