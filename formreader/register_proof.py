"""Look for signs that a page is not the form it was laid on (part of stage 2).

Rules alone agree by chance where rows look alike. Two signs tell: hardly any rule of the page
is one of the form; and a rule of the form is missing while the page has one nearby that the
form has not, as on a sister form, or where rows were taken for their neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from formreader.forms_print import Lines

Points = NDArray[np.float64]

SAME_MM, MOVED_MM = 0.8, 6.0
"""Distance in millimetres up to which two rules are one, and up to which a rule of the page may
be one of the form that was moved."""
LONG_MM = (10.0, 4.5)
"""Length of a level and an upright rule of the page in millimetres from which it is no stroke of
letters or digits: without it handwriting made fields of right forms look moved. Bars of digits side
by side make level ones of 4 to 9 mm; by 4.5 mm all 73 fields of three pages, whose dotted lines
were hidden in part, went to a person, by 10 mm 6, 8 and 3 of them."""
RUN_MM, AS_LONG_MM = 30.0, 15.0
"""Length in millimetres from which what is missing of a rule is no rule moved unless one of the
page nearby is at least so long: on four pages of a tinted register, the walls at the tint's edge
lost, 469 numbers went to a person for the strokes of digits beside those walls."""
JOINED_MM = 4.0
"""Gap in millimetres between points of one rule at most."""
AROUND_MM = 15.0
"""How far around a field, in millimetres, signs count for it."""


@dataclass(frozen=True, slots=True, eq=False)
class Proof:
    """Signs for and against: `moved` bool (N,) at the points `at` (N, 2) in mm of a form's rules.

    `explained` is the share of the page's rules that are the form's; `by_words` that the form was
    known by its words alone, as rules are missing all over the page.
    """

    at: Points
    moved: NDArray[np.bool_]
    explained: float
    by_words: bool = False

    def doubt(self, box: tuple[float, float, float, float]) -> float:
        """Return the share of moved rules around a field's box: left, top, width, height."""
        left, top, width, height = box
        x, y = self.at.T
        near = (x > left - AROUND_MM) & (x < left + width + AROUND_MM)
        near &= (y > top - AROUND_MM) & (y < top + height + AROUND_MM)
        return float(self.moved[near].mean()) if near.any() else 0.0


def proof(
    at: Points, kinds: NDArray[np.int64], there: Points, seen: Lines, pixels_per_mm: float
) -> Proof:
    """Compare a form's rules with a picture's.

    `at` (N, 2) are points of the rules in mm, `there` the same in pixels of the picture,
    `kinds` 0 where a rule runs across the picture and 1 where it runs up.
    """
    moved = np.zeros(len(at), bool)
    ours = total = 0
    for kind, mask in enumerate((seen.across, seen.up)):
        chosen = np.nonzero(kinds == kind)[0]
        spots = there[chosen]
        drawn = _joined(spots, mask.shape, JOINED_MM * pixels_per_mm)
        around = np.ones((2 * round(SAME_MM * pixels_per_mm) + 1,) * 2, np.uint8)
        explained = mask & cv2.dilate(drawn, around).view(np.bool_)
        spare, long_spare = (
            _far_from(_long(mask & ~explained, least * pixels_per_mm))
            for least in (LONG_MM[kind], AS_LONG_MM)
        )
        cols, rows = np.rint(spots).astype(np.int64).T
        inside = (cols >= 0) & (rows >= 0) & (cols < mask.shape[1]) & (rows < mask.shape[0])
        found = cv2.dilate(mask.view(np.uint8), around)[rows[inside], cols[inside]] > 0
        gone = np.zeros(len(spots), bool)
        gone[inside] = ~found
        in_run = _runs(spots, gone, pixels_per_mm)[inside]
        far = np.where(
            in_run, long_spare[rows[inside], cols[inside]], spare[rows[inside], cols[inside]]
        )
        moved[chosen[inside]] = ~found & (far < MOVED_MM * pixels_per_mm)
        ours, total = ours + int(explained.sum()), total + int(mask.sum())
    return Proof(at, moved, ours / max(1, total))


def _joined(spots: Points, shape: tuple[int, ...], gap: float) -> NDArray[np.uint8]:
    """Draw points that follow each other closely as lines: 1 in a picture of 0."""
    picture = np.zeros(shape, np.uint8)
    close = np.hypot(*np.diff(spots, axis=0).T) < gap
    ends = np.rint(np.stack([spots[:-1], spots[1:]], 1)[close]).astype(np.int32)
    cv2.polylines(picture, list(ends), False, 1)
    return picture


def _runs(spots: Points, gone: NDArray[np.bool_], pixels_per_mm: float) -> NDArray[np.bool_]:
    """Tell which points (N, 2) lie in a long part of one rule of which all is `gone`."""
    apart = np.hypot(*np.diff(spots, axis=0).T) >= JOINED_MM * pixels_per_mm
    runs = np.cumsum(np.concatenate(([True], apart | (gone[1:] != gone[:-1]))))[: len(spots)]
    long = np.zeros(len(spots), bool)
    for run in np.unique(runs[gone]):
        part = runs == run
        long[part] = np.ptp(spots[part], axis=0).max() >= RUN_MM * pixels_per_mm
    return long


def _long(mask: NDArray[np.bool_], least: float) -> NDArray[np.bool_]:
    """Keep the connected parts of a mask that are long enough."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=8)
    sides = stats[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1)
    kept = sides >= least
    kept[0] = False
    return np.asarray(kept[labels])


def _far_from(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the distance in pixels of every pixel from a mask."""
    if not mask.any():
        return np.full(mask.shape, np.inf, np.float32)
    far = cv2.distanceTransform((~mask).view(np.uint8), cv2.DIST_L2, 3)
    return np.asarray(far, np.float32)
