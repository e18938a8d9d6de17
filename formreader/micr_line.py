"""Find the E-13B code line of a page and read it by comparing it with drawn characters.

Rows of characters of one height and pitch are looked for without trusting the scan's
resolution; each is brought to a standard raster and compared at every place with all shapes
(normalised cross-correlation). What lies in the line and is no character is counted too.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from formreader import binarize
from formreader.document import Character, Float, Grey, Rect
from formreader.micr import ALPHABET, COLUMNS, PITCH, ROWS, SYMBOLS, shape

MODULE_PX = 4
"""Pixels to a square of the grid on the standard raster: 308 dots per inch."""
MARGIN = 1
"""White squares around a character that belong to its shape."""
SLACK = 2
"""Squares by which a line may lie higher or lower than measured."""
BLUR_PX = 1.3
"""Blur of the drawn shapes on the standard raster, a third of a square: ink spread and scan."""
LEAST_HEIGHT_PX = 12
"""Character height below which a thin bar has less than 1.4 px and nothing is read."""
LEAST_CHARACTERS = 6
"""Characters of one height and pitch that make a line; the shortest code line has more."""
FOUND = 0.5
"""Correlation from which a place holds a character of some kind."""
MOST_UNREAD = 0.6
"""Share of unread characters beyond which a row is other print or lost under writing."""
SURE = 0.72
"""Correlation below which a character counts as unread; chosen. 162 characters of six real lines
had 0.90 and more."""
LEAD = 0.08
"""Lead in correlation over the next character below which it counts as unread; chosen. The same
characters had 0.21 and more."""
LEAST_SWING = 0.12
"""Least spread of darkness at a character: 330 characters of real and drawn lines had 0.22 and
more."""
CLOSEST = 0.8
"""Least distance of two characters in pitches; chosen: with 0.55 an opening transit symbol was
found twice on 11 of 60 drawn cheques."""
NEAR = 0.45
"""Share of the pitch within which two findings are of the same character."""
LONGEST_GAP = 24
"""Places (pitches) between two characters beyond which they are not of one line."""
STRAY = 2.0
"""Ink in squares of the grid, in one spot, that belongs to no character and spoils a line."""

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CodeLine:
    """A code line as read: `characters` with rectangles in page pixels, left to right.

    `unread` counts characters below the bar, `stray` the spots of ink that are no character,
    `pitch_px` is the pitch in page pixels.
    """

    characters: tuple[Character, ...]
    unread: int
    stray: int
    pitch_px: float

    @property
    def text(self) -> str:
        """Return the characters as a string, `?` where one is unread."""
        return "".join(c.text for c in self.characters)


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of characters: a point and slope of its foot, height and reach in pixels."""

    x: float
    y: float
    slope: float
    height: float
    left: float
    right: float
    count: int


def find_code_lines(image: Grey, pixels_per_mm: float) -> list[CodeLine]:
    """Find and read all code lines of an upright page uint8 (H, W), from top to bottom."""
    dark = binarize.darkness(image, pixels_per_mm)
    rows = _rows(binarize.ink_mask(dark, binarize.ink_level(dark)).view(np.uint8))
    lines = [line for row in rows for line in _read(dark, row)]
    return sorted(lines, key=lambda line: line.characters[0].rect.y)


def _rows(ink: Grey) -> list[_Row]:
    """Find rows of characters that share foot, height and pitch."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    wide, high = stats[1:, cv2.CC_STAT_WIDTH], stats[1:, cv2.CC_STAT_HEIGHT]
    shaped = (high >= LEAST_HEIGHT_PX) & (wide > 0.3 * high) & (wide < 0.95 * high)
    left, top, wide, high = stats[1:][shaped, :4].T.astype(np.float64)
    right, foot = left + wide, top + high
    taken = np.zeros(len(left), bool)
    rows = []
    for seed in np.argsort(-foot):
        if taken[seed]:
            continue
        size = high[seed]
        alike = (np.abs(high - size) < 0.12 * size) & ~taken
        level = np.abs(foot - foot[seed]) < 0.12 * size + 0.02 * np.abs(right - right[seed])
        mine = np.flatnonzero(alike & level)
        steps = np.diff(np.sort(right[mine])) / (size * PITCH / ROWS)
        fitting = (np.abs(steps - np.rint(steps)) < 0.12) & (steps > 0.5) & (steps < 2.5)
        if fitting.sum() < LEAST_CHARACTERS - 1:
            continue
        taken[mine] = True
        slope, start = _line(right[mine], foot[mine])
        height = float(np.median(high[mine]))
        reach = float(left[mine].min()), float(right[mine].max())
        rows.append(_Row(0.0, start, slope, height, *reach, int(fitting.sum())))
    return rows


def _line(x: Matrix, y: Matrix) -> tuple[float, float]:
    """Fit a line through points, twice, without the outliers the second time."""
    slope, start = np.polyfit(x, y, 1)
    miss = np.abs(y - slope * x - start)
    kept = miss <= max(1.0, 2 * float(np.median(miss)))
    slope, start = np.polyfit(x[kept], y[kept], 1)
    return float(slope), float(start)


@cache
def _shapes() -> tuple[Float, ...]:
    """Draw all characters with their margin, a little blurred."""
    drawn = [np.pad(shape(symbol, MODULE_PX), MARGIN * MODULE_PX) for symbol in ALPHABET]
    return tuple(np.asarray(cv2.GaussianBlur(d, (0, 0), BLUR_PX), np.float32) for d in drawn)


def _read(dark: Grey, row: _Row) -> list[CodeLine]:
    """Read one row on the standard raster; it falls apart where gaps are too long.

    A row without one of the symbols, which no text font has, is no code line.
    """
    strip, matrix = _strip(dark, row)
    scores = np.stack([_compare(strip, shape_) for shape_ in _shapes()])
    heights = scores.max(axis=1)
    places = [at for at in _peaks(heights.max(axis=0)) if _is_inked(strip, at)]
    parts = np.flatnonzero(np.diff(places) > LONGEST_GAP * PITCH * MODULE_PX) + 1
    lines = []
    for part in np.split(np.array(places, np.int64), parts):
        if len(part) < LEAST_CHARACTERS:
            continue
        line = _line_of(strip, scores, part, matrix, row)
        has_symbol = any(symbol in line.text for symbol in SYMBOLS)
        if has_symbol and line.unread <= MOST_UNREAD * len(part):
            lines.append(line)
    return lines


def _strip(dark: Grey, row: _Row) -> tuple[Float, Matrix]:
    """Cut a row out: float32 (height, W) in 0…1 and the matrix from it to page pixels."""
    scale = row.height / (ROWS * MODULE_PX)
    ends = 2.5 * PITCH * MODULE_PX * scale
    length = np.hypot(1.0, row.slope)
    along = np.array([1.0, row.slope]) / length * scale
    down = np.array([-row.slope, 1.0]) / length * scale
    left = row.left - ends
    above = (ROWS + MARGIN + SLACK) * MODULE_PX
    corner = np.array([left, row.y + row.slope * left]) - above * down
    matrix = np.array([[along[0], down[0], corner[0]], [along[1], down[1], corner[1]]])
    size = (
        int((row.right - row.left + 2 * ends) / scale),
        (ROWS + 2 * MARGIN + 2 * SLACK) * MODULE_PX,
    )
    if scale > 1.3:
        dark = np.asarray(cv2.GaussianBlur(dark, (0, 0), 0.4 * scale), np.uint8)
    strip = cv2.warpAffine(dark, matrix, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    peak = max(float(np.percentile(strip, 97)), float(binarize.LEAST_INK))
    return np.clip(strip.astype(np.float32) / np.float32(peak), 0, 1), matrix


def _compare(strip: Float, drawn: Float) -> Float:
    """Correlate a strip with one character at every place."""
    return np.asarray(cv2.matchTemplate(strip, drawn, cv2.TM_CCOEFF_NORMED), np.float32)


def _peaks(best: Float) -> list[int]:
    """Return the columns at which a character is found, at most one to a pitch."""
    places: list[int] = []
    waiting = best.copy()
    reach = round(CLOSEST * PITCH * MODULE_PX)
    while len(waiting) and waiting.max() >= FOUND:
        at = int(waiting.argmax())
        places.append(at)
        waiting[max(0, at - reach) : at + reach + 1] = -1
    return sorted(places)


def _is_inked(strip: Float, at: int) -> bool:
    """Tell whether there is ink at a place; noise on bare paper correlates with shapes, too."""
    width = (COLUMNS + 2 * MARGIN) * MODULE_PX
    return float(strip[:, at : at + width].std()) >= LEAST_SWING


def _line_of(
    strip: Float, scores: Float, places: NDArray[np.int64], matrix: Matrix, row: _Row
) -> CodeLine:
    """Name the characters at `places` and count the ink that they leave over."""
    explained = np.zeros(strip.shape, np.uint8)
    characters = []
    unread = 0
    side = round(NEAR * PITCH * MODULE_PX)
    for at in places:
        near = scores[:, :, max(0, at - side) : at + side + 1].max(axis=(1, 2))
        first, second = np.argsort(-near)[:2]
        lead = float(near[first] - near[second])
        sure = bool(near[first] >= SURE and lead >= LEAD)
        unread += not sure
        x, y = int(at), int(scores[first, :, at].argmax())
        drawn = _shapes()[first] > 0.25
        window = explained[y : y + drawn.shape[0], x : x + drawn.shape[1]]
        window |= drawn.view(np.uint8)
        chance = _chance(float(near[first]), lead)
        characters.append(
            Character(
                ALPHABET[first] if sure else "?",
                chance,
                tuple((ALPHABET[k], c) for k, c in ((second, 1 - chance),)),
                _on_page(x, y, matrix),
            )
        )
    stray = _stray(strip, explained, int(places[0]), int(places[-1]))
    pitch = PITCH * row.height / ROWS
    return CodeLine(tuple(characters), unread, stray, pitch)


def _chance(score: float, lead: float) -> float:
    """Turn correlation and lead of a character into a number in 0…1 that rises with both.

    It is not fitted to errors: too few were seen. What is accepted follows from `SURE` and `LEAD`.
    """
    return float(1 / (1 + np.exp(-(12 * (score - 0.6) + 20 * (lead - 0.05)))))


def _stray(strip: Float, explained: Grey, first: int, last: int) -> int:
    """Count the spots of ink between the first and last character that belong to none."""
    wider = cv2.dilate(explained, np.ones((5, 5), np.uint8))
    rest = ((strip > 0.5) & (wider == 0)).view(np.uint8)
    width = (COLUMNS + 2 * MARGIN) * MODULE_PX
    rows = slice(SLACK * MODULE_PX, strip.shape[0] - SLACK * MODULE_PX)
    rest = np.ascontiguousarray(rest[rows, max(0, first - width) : last + 2 * width])
    _, _, stats, _ = cv2.connectedComponentsWithStats(rest, connectivity=8)
    return int((stats[1:, cv2.CC_STAT_AREA] >= STRAY * MODULE_PX**2).sum())


def _on_page(x: int, y: int, matrix: Matrix) -> Rect:
    """Return the page rectangle of a character found at `x`, `y` of the strip."""
    edge = MARGIN * MODULE_PX
    left, right = x + edge, x + edge + COLUMNS * MODULE_PX
    top, bottom = y + edge, y + edge + ROWS * MODULE_PX
    corners = np.array([[left, top, 1], [right, top, 1], [left, bottom, 1], [right, bottom, 1]])
    at = corners @ matrix.T
    low, high = np.floor(at.min(axis=0)).astype(int), np.ceil(at.max(axis=0)).astype(int)
    return Rect(int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1]))
