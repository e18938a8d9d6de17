"""Darkness of ink over its own paper, and the level from which darkness is ink.

Shared below the stages. Everything that follows works on *darkness* (0 paper, 255 black),
so shadows, coloured paper and faint copies need no constants of their own.
"""

from __future__ import annotations

import cv2
import numpy as np

from formreader.document import Grey, Mask

PAPER_WINDOW_MM = 9.0
"""Side of the window whose median is taken for paper, in millimetres. Wider than the black
bars of a form's headings; much wider, and the edge of a shadow would count as ink."""
LEAST_INK = 28
"""Darkness below which nothing counts as ink: sensor noise and JPEG ripples reach about 20."""
USUAL_INK = 140
"""Darkness taken for ink on a page that has none to measure."""
INK_SHARE = 0.43
"""Share of the page's usual ink from which a pixel is ink; pale guides and tints lie below."""


SHADE_MM = 3.0
"""Side in millimetres of the dark square from which it is no stroke but lies in shadow; tips of
pens and felt pens write lines of up to 1.5."""
SHADED, DARKEST = 0.85, 0.45
"""Brightness of such a place, as a share of the paper around it, below which its own paper is
darker, and the least that is believed to be paper: shadows take a third to a half of the light."""


def darkness(image: Grey, pixels_per_mm: float, shadows: bool = False) -> Grey:
    """Measure how much darker each pixel is than the paper around it.

    `image` uint8 (H, W). Returns uint8 (H, W), 0 paper to 255 black, as a share of the
    local paper, see `paper_of`.
    """
    return darker(image, paper_of(image, pixels_per_mm, shadows))


def darker(image: Grey, paper: Grey) -> Grey:
    """Return how much darker a picture is than its paper: uint8, 255 black."""
    return np.asarray(cv2.divide(cv2.subtract(paper, image), paper, scale=255), np.uint8)


def paper_of(image: Grey, pixels_per_mm: float, shadows: bool) -> Grey:
    """Return the brightness of the paper at each pixel, uint8 (H, W).

    It is the median of the brighter pixels nearby; with `shadows`, at the edge of a shadow that
    of the paper in it, whose first 4 mm were taken for ink otherwise.
    """
    height, width = image.shape
    shrink = max(1, round(pixels_per_mm / 2))
    size = (max(1, width // shrink), max(1, height // shrink))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    bright = cv2.dilate(small, np.ones((3, 3), np.uint8))
    window = max(3, round(PAPER_WINDOW_MM * pixels_per_mm / shrink) | 1)
    paper = cv2.medianBlur(bright, min(window, 255))
    if shadows:
        side = max(3, round(SHADE_MM * pixels_per_mm / shrink) | 1)
        shade = cv2.morphologyEx(small, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8))
        least = cv2.convertScaleAbs(paper, alpha=DARKEST)
        shaded = shade < SHADED * paper
        paper = np.where(shaded, np.maximum(shade, least), paper)
    full = cv2.resize(paper, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.maximum(full, 24), np.uint8)


def ink_level(dark: Grey) -> float:
    """Return the usual darkness of ink on the page, 0 to 255.

    It is the median of the darker class (Otsu 1979) of the pixels that are no paper.
    """
    counts = cv2.calcHist([dark], [0], None, [256], [0, 256])[LEAST_INK:, 0].astype(np.float64)
    total = counts.sum()
    if total < 20:
        return USUAL_INK
    levels = np.arange(LEAST_INK, 256)
    weight = np.cumsum(counts)
    mass = np.cumsum(counts * levels)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = (mass[-1] * weight / total - mass) ** 2 / (weight * (total - weight))
    cut = int(np.nanargmax(np.where(np.isfinite(spread), spread, -1)))
    upper = np.cumsum(counts[cut + 1 :])
    if upper.size == 0 or upper[-1] == 0:
        return float(levels[cut])
    return float(levels[cut + 1 + int(np.searchsorted(upper, upper[-1] / 2))])


def ink_mask(dark: Grey, level: float) -> Mask:
    """Return which pixels are ink, given the page's usual ink darkness `level`."""
    return dark > max(LEAST_INK, INK_SHARE * level)
