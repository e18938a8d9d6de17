"""Find the sheet of paper in a photo of a desk (part of stage 2)."""

from __future__ import annotations

import cv2
import numpy as np

from formreader.document import Grey

SIDE = 400
"""Longest side in pixels of the copy in which the sheet is looked for."""
LEAST, MOST = 0.2, 0.95
"""Share of the picture that a sheet beside which something is seen takes."""
WHOLE = 0.9
"""Share of its outline that is brighter than the desk: shadows and dark headings are not."""
CORNER = 0.03
"""How far the outline may stray from straight sides, as a share of its length (chosen)."""
DARKER = 0.75
"""Brightness of what lies around a sheet at most, as a share of the sheet's (chosen)."""
REACH = 0.05
"""How far the paper's brightness is carried beyond its edge, as a share of the picture."""


def without_desk(image: Grey) -> Grey | None:
    """Return a picture in which the paper goes on around its sheet; None where no sheet is seen.

    The grain of a wooden desk made level rules: on a photo of a drawn election record 28 of 100
    millimetres of its form's rules were found, all of them elsewhere.
    """
    factor = SIDE / max(image.shape)
    small = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    corners = _corners(np.asarray(small, np.uint8))
    if corners is None:
        return None
    sheet = np.zeros(small.shape, np.uint8)
    cv2.fillConvexPoly(sheet, corners, 1)
    if np.median(small[sheet == 0]) > DARKER * np.median(small[sheet > 0]):
        return None
    sheet = cv2.erode(sheet, np.ones((3, 3), np.uint8))
    reach, weight = REACH * SIDE, sheet.astype(np.float32)
    near = cv2.GaussianBlur(small * weight, (0, 0), reach)
    shared = cv2.GaussianBlur(weight, (0, 0), reach)
    usual = float(np.median(small[sheet > 0]))
    paper = np.where(shared > 0.01, near / np.maximum(shared, 1e-6), usual)
    size = image.shape[::-1]
    inside = cv2.resize(sheet, size, interpolation=cv2.INTER_NEAREST)
    return np.where(inside > 0, image, cv2.resize(paper, size).astype(np.uint8))


def _corners(small: Grey) -> np.ndarray | None:
    """Return the four corners of the one large bright shape, int32 (4, 1, 2), if it is a sheet."""
    blurred = cv2.GaussianBlur(small, (0, 0), 2)
    bright = cv2.threshold(blurred, 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)[1]
    bright = cv2.morphologyEx(bright, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    outlines = cv2.findContours(bright, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]
    outline = max(outlines, key=cv2.contourArea, default=None)
    if outline is None:
        return None
    hull = cv2.convexHull(outline)
    area = cv2.contourArea(hull)
    if not LEAST * small.size < area < MOST * small.size:
        return None
    corners = cv2.approxPolyDP(hull, CORNER * cv2.arcLength(hull, True), True)
    is_sheet = len(corners) == 4 and cv2.contourArea(outline) > WHOLE * area
    return np.asarray(corners, np.int32) if is_sheet else None
