"""Tell from its text how a page is turned (part of stage 2)."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from formreader import binarize
from formreader.document import Grey

Matrix = NDArray[np.float64]

LARGEST_SKEW_DEG = 15.0
"""Largest skew looked for, in degrees; more is a quarter turn or a picture."""
CLEAR_PEAK = 1.25
"""How far the best angle must stand out over the middle one to be believed."""
LEAST_LETTERS = 40
"""Letter-like spots needed to tell a quarter turn."""
LEAST_WORDS = 24
"""Words with heads or tails needed to tell upside-down."""
TURNED = 0.8
"""A page is turned when closing gaps downwards leaves this share of the words that closing
them sideways leaves; upright text stays above 1."""
UPSIDE_DOWN = 0.75
"""Share of words with their heads below needed to turn a page round; on 30 upright pages in
Latin script it was 0.05 to 0.3."""


def skew_of(dark: Grey) -> float:
    """Return the skew in degrees, counter-clockwise, 0 when no angle stands out.

    Sharpness of the projection profile (Postl 1986) over the ink's upper edges.
    """
    level = binarize.ink_level(dark)
    ink = binarize.ink_mask(dark, level)
    rows, cols = np.nonzero(ink[1:] & ~ink[:-1])
    if rows.size < 200:
        return 0.0
    step = max(1, rows.size // 50000)
    x, y = cols[::step] - dark.shape[1] / 2, rows[::step].astype(np.float64)

    def sharpness(angle: float) -> float:
        moved = y + x * np.tan(np.deg2rad(angle))
        counts = np.bincount((moved - moved.min()).astype(np.int64))
        return float((counts.astype(np.float64) ** 2).sum())

    coarse = np.arange(-LARGEST_SKEW_DEG - 0.5, LARGEST_SKEW_DEG + 0.51, 0.5)
    scores = np.array([sharpness(a) for a in coarse])
    if scores.max() < CLEAR_PEAK * np.median(scores):
        return 0.0
    best = float(coarse[scores.argmax()])
    for width, grain in ((0.5, 0.1), (0.1, 0.02)):
        fine = np.arange(best - width, best + width + grain / 2, grain)
        best = float(fine[np.argmax([sharpness(a) for a in fine])])
    return best


def quarter_turns(dark: Grey, scale: float) -> tuple[int, bool]:
    """Return the counter-clockwise quarter turns that bring text upright, 0 when unsure.

    Also whether what is read should say so too, for no more words have heads above than below.
    """
    letters, usual, number = _letters(dark, scale)
    if number < LEAST_LETTERS:
        return 0, True
    reach = max(2, round(0.5 * usual))
    sideways = cv2.morphologyEx(letters, cv2.MORPH_CLOSE, np.ones((1, reach), np.uint8))
    downwards = cv2.morphologyEx(letters, cv2.MORPH_CLOSE, np.ones((reach, 1), np.uint8))
    across = cv2.connectedComponents(sideways)[0]
    down = cv2.connectedComponents(downwards)[0]
    lying = down < TURNED * across
    turned = np.ascontiguousarray(np.rot90(letters)) if lying else letters
    skew = skew_of(np.asarray(turned * 255, np.uint8))
    straight = warped(turned, rotation(skew, turned.shape[::-1]), 0)
    words = cv2.morphologyEx(straight, cv2.MORPH_CLOSE, np.ones((1, reach), np.uint8))
    above, below = _heads(straight, words, usual)
    if lying:
        return 3 if below > above else 1, below == above
    sure = above + below >= LEAST_WORDS and below > UPSIDE_DOWN * (above + below)
    return 2 if sure else 0, below >= above


def _letters(dark: Grey, scale: float) -> tuple[NDArray[np.uint8], float, int]:
    """Return the ink of letter-like spots, their usual size in pixels and their number."""
    ink = binarize.ink_mask(dark, binarize.ink_level(dark)).view(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    wide, high = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]
    size = np.maximum(wide, high)
    small = (size >= 0.9 * scale) & (size <= 6 * scale) & (size < 4 * np.minimum(wide, high))
    small[0] = False
    small[small] = ~_rings(stats[small], dark.shape)
    usual = float(np.median(size[small])) if small.any() else 0.0
    return small[labels].view(np.uint8), usual, int(small.sum())


def _rings(stats: NDArray[np.int32], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Tell which spots have another within their box: circles and frames around a letter.

    Columns of circles to fill in run closer downwards than across: four pages of a drawn answer
    sheet were laid on their side.
    """
    left, top, wide, high = stats[:, :4].T
    middles = np.zeros(shape, np.uint8)
    middles[top + high // 2, left + wide // 2] = 1
    number = cv2.integral(middles)
    right, bottom = left + wide, top + high
    inside = number[bottom, right] - number[top, right] - number[bottom, left] + number[top, left]
    return np.asarray(inside > 1)


def _heads(letters: Grey, words: Grey, usual: float) -> tuple[int, int]:
    """Return how many words have their tall letters stick out above, and how many below.

    In Latin text far more letters have heads (b d f h k l t) than tails (g j p q y), so the
    ink of an upright word lies below the middle of its height. Words hung on a line
    (Devanagari) are left out.
    """
    _, _, stats, _ = cv2.connectedComponentsWithStats(words, connectivity=8)
    above = below = 0
    for x, y, w, h, _ in stats[1:]:
        if not (w > 1.8 * h and 0.8 * usual < h < 2.5 * usual and h >= 7):
            continue
        profile = letters[y : y + h, x : x + w].sum(axis=1).astype(np.float64)
        if profile.max() > 0.75 * w:
            continue
        lean = float((profile * (np.arange(h) + 0.5)).sum() / max(profile.sum(), 1) / h - 0.5)
        above += lean > 0.04
        below += lean < -0.04
    return above, below


def rotation(skew_deg: float, size: tuple[int, int]) -> Matrix:
    """Return the matrix from straight to skewed pixels around the middle of the picture."""
    angle = np.deg2rad(skew_deg)
    c, s = np.cos(angle), np.sin(angle)
    x, y = size[0] / 2, size[1] / 2
    return np.array([[c, s, x - c * x - s * y], [-s, c, y + s * x - c * y], [0, 0, 1]])


def warped(image: Grey, matrix: Matrix, fill: int) -> Grey:
    """Draw a picture through a map from its pixels to be to those it has, `fill` around it."""
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = image.shape[::-1]
    return np.asarray(
        cv2.warpPerspective(image, matrix, size, flags=flags, borderValue=fill), np.uint8
    )
