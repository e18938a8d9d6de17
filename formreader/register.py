"""Stage 2 of 8: find how the page lies in its picture and straighten it.

Three things are measured, each left alone when unsure: the skew (from rows of text and
rules), quarter turns and upside-down pages (from how letters join into words), and the
perspective of a photo (from where its ruled lines meet).
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from formreader import binarize, rules
from formreader import register_choose as by_print
from formreader import register_level as level
from formreader import register_straight as straight
from formreader.document import Float, Grey, Page, Rect, Registration
from formreader.forms_print import Print
from formreader.register_labels import likeliest
from formreader.register_labels import renamed as renamed
from formreader.register_proof import Proof as Proof
from formreader.register_straight import to_loaded as to_loaded

Matrix = NDArray[np.float64]

SMALL_SIDE = 1500
"""Longest side in pixels of the picture that is measured; text of 2 mm keeps 10 pixels."""
PAGE_MM = 297.0
"""Longest side in millimetres taken for a picture whose resolution is not believable."""
LARGEST_SKEW_DEG = 15.0
"""Largest skew looked for, in degrees; more is a quarter turn or a picture."""
LEAST_SKEW_DEG = 0.1
"""Skew in degrees below which the page is left as it is: 0.3 mm across a page."""
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
LEAST_FAN_DEG = 0.3
"""Spread of the directions of level rules, in degrees, from which a photo is taken for tilted."""


def register(page: Page) -> Registration:
    """Find the turns, the skew and the perspective of a page.

    The matrix takes upright pixels to pixels of the page as loaded; it is the identity when
    the page is straight or nothing can be told.
    """
    height, width = page.image.shape
    if min(height, width) < 40:
        return Registration(np.eye(3), 0.0, 0)
    shrink = min(1.0, SMALL_SIDE / max(height, width))
    size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
    small = cv2.resize(page.image, size, interpolation=cv2.INTER_AREA)
    scale = _pixels_per_mm(page) * shrink
    dark = binarize.darkness(np.asarray(small, np.uint8), scale)
    turns, heads_down = _quarter_turns(dark, scale)
    turned = np.ascontiguousarray(np.rot90(dark, turns))
    skew = _skew(turned)
    to_turned = turn_matrix(turns, height, width)
    turned_size = (width, height) if turns % 2 == 0 else (height, width)
    spin = _rotation(skew, turned_size)
    tilt = _perspective(_warp(turned, _scaled(spin, shrink), 0), scale)
    if abs(skew) < LEAST_SKEW_DEG and tilt is None:
        return Registration(to_turned, 0.0, turns, heads_down=heads_down)
    full = spin if tilt is None else spin @ _scaled(tilt, 1 / shrink)
    return Registration(to_turned @ full, skew, turns, heads_down=heads_down)


def turned_round(registration: Registration, shape: tuple[int, ...]) -> Registration:
    """Return the place of a page, loaded as `shape` (H, W), that lies upside down there."""
    height, width = shape[::-1] if registration.turns % 2 else shape
    matrix = registration.matrix @ turn_matrix(2, height, width)
    return replace(registration, matrix=matrix, turns=(registration.turns + 2) % 4)


def to_form(page: Page, forms: list[Print]) -> tuple[int, Grey, float, Registration, Proof]:
    """Lay a page on the form that it is.

    Returns its index, the page drawn straight, its dpi and place, and signs against it.
    Raises PageError where it is none of the forms.
    """
    small, to_page = level.shrunk(page.image, level.TURNED_SIDE)
    drawn, to_small, angle = level.leveled(small)
    grown = max(drawn.shape) / max(small.shape)  # a sheet laid askew keeps its size
    fitting = by_print.choose(drawn, forms, grown)
    laid = [
        straight.straightened(page.image, to_page @ to_small @ fit.matrix, fit.bend, forms[index])
        for index, fit, _ in fitting
    ]
    chosen = likeliest([(forms[each[0]], *seen) for each, seen in zip(fitting, laid, strict=True)])
    (index, fit, signs), (image, dpi) = fitting[chosen], laid[chosen]
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])  # from middles of pixels to edges
    scale = dpi / 25.4
    found = Registration(
        half @ to_page @ to_small @ fit.matrix @ np.diag([1 / scale, 1 / scale, 1.0]),
        angle,
        0,
        fit.residual_mm,
        bend=None if fit.bend is None else fit.bend * scale,
        size=(forms[index].width * scale, forms[index].height * scale),
    )
    return index, image, dpi, found, signs


def upright(page: Page, registration: Registration) -> Grey:
    """Return the straightened page, uint8, what lies outside filled with white."""
    matrix, turns = registration.matrix, registration.turns
    height, width = page.image.shape
    plain = turn_matrix(turns, height, width)
    if np.allclose(matrix, plain, atol=1e-9):
        return np.ascontiguousarray(np.rot90(page.image, turns)) if turns else page.image
    size = (width, height) if turns % 2 == 0 else (height, width)
    return np.asarray(
        cv2.warpPerspective(
            page.image,
            matrix,
            size,
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=255,
        ),
        np.uint8,
    )


def to_page(rect: Rect, registration: Registration, shape: tuple[int, ...]) -> Rect:
    """Return the rectangle around `rect` in pixels of the page as loaded, `shape` (H, W)."""
    x = np.array([rect.x, rect.right, rect.right, rect.x], np.float64)
    y = np.array([rect.y, rect.y, rect.bottom, rect.bottom], np.float64)
    at = to_loaded(np.stack([x, y], 1), registration).T
    left, top = (max(0, int(np.floor(v + 1e-6))) for v in at.min(axis=1))
    right = min(shape[1], int(np.ceil(at[0].max() - 1e-6)))
    bottom = min(shape[0], int(np.ceil(at[1].max() - 1e-6)))
    return Rect(left, top, max(1, right - left), max(1, bottom - top))


def _pixels_per_mm(page: Page) -> float:
    side = max(page.image.shape)
    if not 20 <= page.dpi <= 1300 or side / page.dpi > 20:
        return float(side / PAGE_MM)
    return page.dpi / 25.4


def turn_matrix(turns: int, height: int, width: int) -> Matrix:
    """Return the matrix from the picture after `turns` counter-clockwise turns to it before."""
    if turns % 4 == 1:
        return np.array([[0, -1, width], [1, 0, 0], [0, 0, 1]], np.float64)
    if turns % 4 == 2:
        return np.array([[-1, 0, width], [0, -1, height], [0, 0, 1]], np.float64)
    if turns % 4 == 3:
        return np.array([[0, 1, 0], [-1, 0, height], [0, 0, 1]], np.float64)
    return np.eye(3)


def _rotation(skew_deg: float, size: tuple[int, int]) -> Matrix:
    """Return the matrix from straight to skewed pixels around the middle of the picture."""
    angle = np.deg2rad(skew_deg)
    c, s = np.cos(angle), np.sin(angle)
    x, y = size[0] / 2, size[1] / 2
    return np.array([[c, s, x - c * x - s * y], [-s, c, y + s * x - c * y], [0, 0, 1]])


def _scaled(matrix: Matrix, factor: float) -> Matrix:
    """Return a matrix between pictures of one size for pictures `factor` as large."""
    grow = np.diag([factor, factor, 1.0])
    return np.asarray(grow @ matrix @ np.linalg.inv(grow))


def _warp(image: Grey, matrix: Matrix, fill: int) -> Grey:
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = image.shape[::-1]
    return np.asarray(
        cv2.warpPerspective(image, matrix, size, flags=flags, borderValue=fill), np.uint8
    )


def _skew(dark: Grey) -> float:
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


def _quarter_turns(dark: Grey, scale: float) -> tuple[int, bool]:
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
    skew = _skew(np.asarray(turned * 255, np.uint8))
    straight = _warp(turned, _rotation(skew, turned.shape[::-1]), 0)
    words = cv2.morphologyEx(straight, cv2.MORPH_CLOSE, np.ones((1, reach), np.uint8))
    above, below = _heads(straight, words, usual)
    if lying:
        return 3 if below > above else 1, below == above
    sure = above + below >= LEAST_WORDS and below > UPSIDE_DOWN * (above + below)
    return 2 if sure else 0, below >= above


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


def _long_lines(found: list[rules.Level], scale: float, middle: Float) -> tuple[Matrix, Matrix]:
    """Return lines a·x+b·y+c=0 (N, 3) through long rules, around `middle`, and their lengths."""
    lines, lengths = [], []
    for rule in found:
        if len(rule.y) < 18 * scale or rule.even > 0.5:
            continue
        x = np.arange(rule.x0, rule.x1) - middle[0]
        slope, start = np.polyfit(x, rule.y - middle[1], 1)
        if np.abs(rule.y - middle[1] - slope * x - start).max() > 0.02 * len(x) + 1.5:
            continue
        line = np.array([slope, -1.0, start])
        lines.append(line / np.hypot(slope, 1.0))
        lengths.append(float(len(x)))
    return np.array(lines).reshape(-1, 3), np.array(lengths)


def _perspective(dark: Grey, scale: float) -> Matrix | None:
    """Return the matrix from level to tilted pixels of a photo, None when it is not tilted."""
    height, width = dark.shape
    middle = np.array([width / 2, height / 2], np.float32)
    found = rules.find_levels(dark, scale)
    turned = rules.find_levels(np.ascontiguousarray(dark.T), scale)
    level_lines, level_length = _long_lines(found, scale, middle)
    steep, steep_length = _long_lines(turned, scale, middle[::-1])
    steep = steep[:, [1, 0, 2]]
    fan = np.rad2deg(np.arctan(-level_lines[:, 0] / level_lines[:, 1]))
    if not len(fan) or np.ptp(np.percentile(fan, (10, 90))) < LEAST_FAN_DEG:
        return None
    return level.flattening(level_lines, level_length, steep, steep_length, (width, height))
