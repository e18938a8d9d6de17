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
from formreader import register_turns as by_text
from formreader.document import Float, Grey, Page, Rect, Registration
from formreader.errors import PageError
from formreader.forms_print import Print
from formreader.register_form import Fit
from formreader.register_labels import likeliest
from formreader.register_labels import renamed as renamed
from formreader.register_proof import Proof as Proof
from formreader.register_sheet import without_desk
from formreader.register_straight import to_loaded as to_loaded

Matrix = NDArray[np.float64]

SMALL_SIDE = 1500
"""Longest side in pixels of the picture that is measured; text of 2 mm keeps 10 pixels."""
PAGE_MM = 297.0
"""Longest side in millimetres taken for a picture whose resolution is not believable."""
LEAST_SKEW_DEG = 0.1
"""Skew in degrees below which the page is left as it is: 0.3 mm across a page."""
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
    turns, heads_down = by_text.quarter_turns(dark, scale)
    turned = np.ascontiguousarray(np.rot90(dark, turns))
    skew = by_text.skew_of(turned)
    to_turned = turn_matrix(turns, height, width)
    turned_size = (width, height) if turns % 2 == 0 else (height, width)
    spin = by_text.rotation(skew, turned_size)
    tilt = _perspective(by_text.warped(turned, _scaled(spin, shrink), 0), scale)
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
    try:
        fitting, to_small, angle = _chosen(replace(page, image=small), forms)
    except PageError:
        if (sheet := without_desk(small)) is None:
            raise
        fitting, to_small, angle = _chosen(replace(page, image=sheet), forms)
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


def _chosen(page: Page, forms: list[Print]) -> tuple[list[tuple[int, Fit, Proof]], Matrix, float]:
    """Return the forms that a page is, as `choose`, the map to it from level pixels, its turn."""
    drawn, to_image, angle = level.leveled(page.image)
    grown = max(drawn.shape) / max(page.image.shape)  # a sheet laid askew keeps its size
    try:
        return by_print.choose(drawn, forms, grown), to_image, angle
    except PageError:
        text, to_image, angle = _set_by_text(page)
        if fitting := by_print.choose_by_words(text, forms, {}):
            return fitting, to_image, angle
        raise


def _set_by_text(page: Page) -> tuple[Grey, Matrix, float]:
    """Set a page upright by its text alone: the picture, the map to the page, and the angle.

    Without rules the strokes of letters were taken for them, and a page turned by 14°.
    """
    placed = register(page)
    return upright(page, placed), np.asarray(placed.matrix, np.float64), placed.skew_deg


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


def _scaled(matrix: Matrix, factor: float) -> Matrix:
    """Return a matrix between pictures of one size for pictures `factor` as large."""
    grow = np.diag([factor, factor, 1.0])
    return np.asarray(grow @ matrix @ np.linalg.inv(grow))


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
