"""Find the currency sign of a cheque, ₹, $, £ or €, by comparing it with drawn ones."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from formreader.document import Float, Grey, Rect

SIGN_PX = 40
"""Height in pixels at which currency signs are drawn and looked for."""
SIGN_HEIGHTS = (0.3, 0.38, 0.47, 0.58)
"""Heights of a sign that are tried, as shares of its frame's height."""
SIGN_FOUND = 0.7
"""Correlation from which a sign is found: printed signs had 0.79 and more,
digits up to 0.62 (looked at on 8 real cheques of three banks, so not measured on others)."""
SIGN_SURE = 0.75
"""Correlation from which a sign in the frame is surely no digit: a 9 had 0.71 where the sign stood
before the frame, and of 96500 6500 was accepted; of 35 signs in real frames one has less."""
AFTER = 0.06
"""Gap after a sign in which its own edge may still lie, as a share of the frame's height."""
STROKE = (0.3, 0.9)
"""Height of a stroke that may be a digit before a frame, as a share of the frame's."""
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
POUND = (
    ((85, 22), (75, 8), (58, 3), (40, 8), (33, 22), (35, 45), (36, 70), (28, 88), (10, 97)),
    ((10, 97), (90, 97)),
    ((12, 52), (70, 52)),
)
EURO = (
    ((95, 14), (80, 5), (62, 2), (40, 10), (25, 30), (22, 50)),
    ((22, 50), (25, 70), (40, 90), (62, 98), (80, 95), (95, 86)),
    ((3, 40), (80, 40)),
    ((3, 60), (75, 60)),
)
SIGNS = {"₹": (RUPEE, 0.68), "$": (DOLLAR, 0.56), "£": (POUND, 0.58), "€": (EURO, 0.62)}
"""Strokes of the signs in hundredths of their height and width, and width over height."""


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


def find_sign(dark: Grey, height: float, signs: str) -> tuple[float, int]:
    """Look for one of some currency signs in darkness uint8 (H, W): correlation and right edge.

    `height` is the frame's height in pixels.
    """
    best = (0.0, 0)
    for share in SIGN_HEIGHTS:
        zoom = SIGN_PX / (share * height)
        size = (max(1, round(dark.shape[1] * zoom)), max(1, round(dark.shape[0] * zoom)))
        small = cv2.resize(dark, size, interpolation=cv2.INTER_AREA).astype(np.float32)
        small = np.pad(small, 6)
        for symbol in signs:
            for drawn in _sign(symbol):
                if any(a < b for a, b in zip(small.shape, drawn.shape, strict=True)):
                    continue
                scores = cv2.matchTemplate(small, drawn, cv2.TM_CCOEFF_NORMED)
                _, score, _, (x, _) = cv2.minMaxLoc(scores)
                if score > best[0]:
                    best = (float(score), round((x - 6 + drawn.shape[1] - 2) / zoom))
    return best


def stroke_after(dark: Grey, end: int) -> bool:
    """Tell whether a stroke as tall as a digit stands after a sign that ends at column `end`.

    `dark` uint8 (H, W) is what lies before a frame; its wall is taller. The stem of a 7 was taken
    for that wall, and of 719791 19791 was accepted.
    """
    height, width = dark.shape
    start = end + round(AFTER * height)
    if not 0 < end < start < width:
        return False
    ink = dark[:, start:] >= 0.5 * float(np.percentile(dark[:, :end], 95))
    after = np.ascontiguousarray(ink).view(np.uint8)
    high = cv2.connectedComponentsWithStats(after, connectivity=8)[2][1:, cv2.CC_STAT_HEIGHT]
    return bool(((high > STROKE[0] * height) & (high < STROKE[1] * height)).any())


def likeness(dark: Grey, mark: Rect, signs: str) -> float:
    """Compare a mark in darkness uint8 (H, W) with some signs: the best correlation."""
    margin = round(0.25 * mark.height)
    top, left = max(0, mark.y - margin), max(0, mark.x - margin)
    part = dark[top : mark.bottom + margin, left : mark.right + margin]
    zoom = SIGN_PX / mark.height
    size = (max(1, round(part.shape[1] * zoom)), max(1, round(part.shape[0] * zoom)))
    small = np.pad(cv2.resize(part, size, interpolation=cv2.INTER_AREA).astype(np.float32), 12)
    return max(
        float(cv2.matchTemplate(small, drawn, cv2.TM_CCOEFF_NORMED).max())
        for symbol in signs
        for drawn in _sign(symbol)
    )
