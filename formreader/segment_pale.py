"""Tell whether a digit was overlooked, too pale to be ink (a part of stage 4)."""

from __future__ import annotations

import cv2
import numpy as np

from formreader.document import Float, Mask
from formreader.ink import INK_LEVEL, strokes_of

PALEST, AS_TALL = 0.2, 0.6
"""Darkness, as a share of full ink, and height in digit heights from which a stroke that is
no ink sends its number to review: digits at 0.2 to 0.45 of the others' darkness were left
out of numbers that looked sure. It concerns 12 of 677 amounts, 2 of the accepted."""
TALLEST, BROADEST = 1.6, 1.3
"""Height and breadth in digit heights up to which ink that was taken for print may be a digit."""
TORN, SOME_INK = 0.3, 0.04
"""Gap in digit heights over which such ink is joined, and the share of a digit height's square
that it must fill. It concerns 10 of 846 amounts, none of the accepted."""


def overlooked(darkness: Float, ink: Mask, height: float) -> bool:
    """Tell whether something as tall as a digit was not taken for ink.

    `darkness` float32 (H, W) and `ink` bool (H, W) of a picture that holds one number alone;
    `height` of its digits in pixels.
    """
    return paler_stroke(darkness, ink, height) or left_out(darkness, ink, height)


def paler_stroke(darkness: Float, ink: Mask, height: float) -> bool:
    """Tell whether a stroke as tall as a digit is there that is too pale to count as ink."""
    tinted, stats = strokes_of(darkness > PALEST)
    like = stats[:, cv2.CC_STAT_HEIGHT] >= AS_TALL * height
    like &= stats[:, cv2.CC_STAT_AREA] < AS_TALL * height * height
    like[0] = False
    like[tinted[ink]] = False
    return bool(like.any())


def left_out(darkness: Float, ink: Mask, height: float) -> bool:
    """Tell whether ink that was taken for print is together as tall as a digit.

    Beside a bold 1 the three pieces of a thin 3 were left out: 31 was read as 1, surely.
    """
    near = cv2.dilate(ink.view(np.uint8), np.ones((3, 3), np.uint8))
    rest = ((darkness > INK_LEVEL) & (near == 0)).view(np.uint8)
    if not rest.any():
        return False
    gap = max(3, round(TORN * height))
    joined = cv2.morphologyEx(rest, cv2.MORPH_CLOSE, np.ones((gap, gap), np.uint8))
    labels, stats = strokes_of(joined > 0)
    filled = np.bincount(labels.ravel(), rest.ravel(), len(stats)) >= SOME_INK * height * height
    tall, wide = stats[:, cv2.CC_STAT_HEIGHT], stats[:, cv2.CC_STAT_WIDTH]
    like = filled & (tall >= AS_TALL * height) & (tall <= TALLEST * height)
    like &= wide <= BROADEST * height
    return bool(like[1:].any())
