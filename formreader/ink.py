"""Ink and paper: binarize, remove ruled lines, label components, normalise a glyph.

Shared by the stages. `normalize_glyph` is the only way from ink to the network, used when
reading and when building training data alike.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from formreader.document import Float, Grey, Mask

GLYPH_SIZE = 28
"""Side of a glyph in pixels (LeCun et al. 1998, MNIST)."""
GLYPH_INNER = 20
"""Longest side of the ink inside a glyph, in pixels (LeCun et al. 1998, MNIST)."""
INK_EDGE = 0.25
"""Darkness, as a share of full ink, from which a pixel counts for the bounding box."""


def normalize_glyph(darkness: Float) -> Float:
    """Bring the ink of one glyph to the network's frame.

    `darkness` float32 (H, W), 0 paper to 1 ink. Crops to the ink, scales the longest side to
    20 px (area interpolation when shrinking), pastes by centre of mass into 28×28 and
    stretches to full contrast, after the MNIST recipe. Returns float32 (28, 28) in 0…1, all
    zero where there is no ink.
    """
    glyph = np.zeros((GLYPH_SIZE, GLYPH_SIZE), np.float32)
    peak = float(darkness.max(initial=0.0))
    if peak < 0.05:
        return glyph
    x, y, w, h = cv2.boundingRect((darkness > INK_EDGE * peak).view(np.uint8))
    crop = darkness[y : y + h, x : x + w]
    scale = GLYPH_INNER / max(w, h)
    size = (max(1, round(w * scale)), max(1, round(h * scale)))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = cv2.resize(crop, size, interpolation=method) if scale != 1 else crop
    moments = cv2.moments(small)
    mass = moments["m00"] or 1.0
    left = round(GLYPH_SIZE / 2 - moments["m10"] / mass)
    top = round(GLYPH_SIZE / 2 - moments["m01"] / mass)
    left = min(max(left, 0), GLYPH_SIZE - size[0])
    top = min(max(top, 0), GLYPH_SIZE - size[1])
    glyph[top : top + size[1], left : left + size[0]] = small
    return glyph * np.float32(1.0 / max(float(glyph.max()), 1e-6))


PAPER_WINDOW = 1.0
"""Side of the window in which paper is averaged, as a share of the field's height."""
FAINTEST_CONTRAST = 12.0
"""Grey levels between paper and ink below which a field holds no ink: scanner noise and
show-through of the sheets looked at stay under 10, hard pencil reaches 25."""


TWO_TONE = 0.45
"""Share of a field's pixels from which "ink" must be paper of a second tone: writing covered
12 to 33 % of 846 amounts, a dark panel on a light sheet 60 to 88 %."""


INK_LEVEL = 0.5
"""Darkness from which a pixel of a field is ink."""


def darkness_of(grey: Grey) -> tuple[Float, float]:
    """Flatten the paper of a field and scale its ink: float32 (H, W) 0 paper … 1 ink.

    Paper is the local mean of the pixels that Otsu's threshold (1979) calls bright, so that
    security print counts as paper; 1 is the mean darkness of the pixels it calls dark. Also
    returns the contrast between the two in grey levels.
    """
    grey, bright = paper_of(grey)
    values = grey.astype(np.float32)
    side = max(9, int(grey.shape[0] * PAPER_WINDOW) | 1)
    weight = cv2.blur(bright, (side, side))
    mean = float(values[bright > 0].mean()) if bright.any() else float(values.mean())
    paper = (cv2.blur(values * bright, (side, side)) + 0.02 * mean) / (weight + 0.02)
    depth = paper - values
    dark = depth[bright == 0]
    contrast = float(dark.mean()) if dark.size else 0.0
    if contrast < 1.0:
        return np.zeros(grey.shape, np.float32), 0.0
    return np.clip(depth / contrast, 0, 1).astype(np.float32), contrast


def paper_of(grey: Grey) -> tuple[Grey, Float]:
    """Tell paper from ink by Otsu's threshold (1979): the field and 1.0 where paper is.

    A field on paper of two tones, of which the darker would all be ink, comes back levelled:
    closing by a quarter of its height takes the strokes out of the paper it is held against.
    """
    bright = brighter(grey)
    if bright.mean() > 1 - TWO_TONE:
        return grey, bright
    kernel = np.ones((max(5, grey.shape[0] // 4),) * 2, np.uint8)
    level = cv2.morphologyEx(cv2.GaussianBlur(grey, (3, 3), 0), cv2.MORPH_CLOSE, kernel)
    levelled = np.asarray(255 - cv2.subtract(level, grey), np.uint8)
    return levelled, brighter(levelled)


def brighter(grey: Grey) -> Float:
    """Return 1.0 where a slightly blurred picture is above Otsu's threshold, else 0.0."""
    soft = cv2.GaussianBlur(grey, (3, 3), 0)
    threshold, _ = cv2.threshold(soft, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    return (soft > threshold).astype(np.float32)


PALE = 0.8
"""Mean darkness, as a share of full ink, below which a patch of a field is print in the paper:
strokes have 0.85 to 1; kept, such patches cost 8 of 677 amounts."""
TALLEST_PRINT = 0.4
"""Height of such a patch at most, in digit heights: taller ones may be digits in paler ink, and
leaving one out made a wrong number that looked sure (2 of 677 amounts had a taller patch)."""


class Strokes(NamedTuple):
    """The connected components of an ink mask (H, W), the background first.

    `labels` (H, W) is int32, or uint16 on a small mask (in half the time); `stats` int32
    (N, 5) as OpenCV gives it.
    """

    labels: NDArray[np.integer]
    stats: NDArray[np.int32]

    def kept(self, keep: NDArray[np.bool_]) -> Mask:
        """Return the ink of the components whose entry in `keep` (N,) is true."""
        return np.asarray(keep.take(self.labels))


def strokes_of(mask: Mask) -> Strokes:
    """Find the connected components of ink bool (H, W), corners touching included."""
    if not mask.size:  # OpenCV would end the process
        return Strokes(np.zeros(mask.shape, np.int32), np.zeros((1, 5), np.int32))
    kind = cv2.CV_16U if mask.size < 4 * 2**16 else cv2.CV_32S  # at most a label for 4 pixels
    _, labels, stats, _ = cv2.connectedComponentsWithStats(
        mask.view(np.uint8), connectivity=8, ltype=kind
    )
    return Strokes(labels, stats)


def written(darkness: Float) -> Mask:
    """Tell the ink of a cut-out field from security print: darkness (H, W) → bool (H, W)."""
    ink = darkness > INK_LEVEL
    strokes = strokes_of(ink)
    stats, places = strokes.stats, np.flatnonzero(ink)
    mass = np.bincount(strokes.labels.take(places), darkness.take(places), len(stats))
    tall = stats[:, cv2.CC_STAT_HEIGHT] >= TALLEST_PRINT * middle_height(stats)
    keep = (mass >= PALE * stats[:, cv2.CC_STAT_AREA]) | tall
    keep[0] = False
    return strokes.kept(keep)


def digit_height(mask: Mask) -> float:
    """Estimate the digit height in pixels: the median height of strokes, weighted by ink."""
    return middle_height(strokes_of(mask).stats)


def middle_height(stats: NDArray[np.int32]) -> float:
    """Return the median height of connected components, weighted by ink; 0 without any.

    `stats` int32 (N, 5) as OpenCV gives it, the background first.
    """
    heights, areas = stats[1:, cv2.CC_STAT_HEIGHT], stats[1:, cv2.CC_STAT_AREA]
    if not len(heights):
        return 0.0
    order = np.argsort(heights)
    mass = np.cumsum(areas[order])
    return float(heights[order][np.searchsorted(mass, mass[-1] * 0.5)])


def remove_long_lines(mask: Mask, length: int, thickness: int) -> Mask:
    """Take ruled lines out of ink bool (H, W), leaving the strokes that cross them.

    A horizontal run of at least `length` px, leaning by a pixel at most in that length,
    belongs to a line where the ink is at most `thickness` px high; ink that goes on above or
    below by more than that is a stroke. A run that meets the picture's border is taken to go
    on beyond it, so half of `length` is enough there.
    """
    ink = mask.view(np.uint8)
    run = np.ones((1, length | 1), np.uint8)  # an even one would shift the line by a pixel
    wide = cv2.dilate(ink, np.ones((3, 1), np.uint8))
    opened = cv2.morphologyEx(wide, cv2.MORPH_OPEN, run)
    if not opened.any():
        return mask
    tall = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((thickness + 1, 1), np.uint8))
    return mask & ~((opened > 0) & (tall == 0))


def use_one_thread() -> None:
    """Keep OpenCV to one thread of this process.

    A field is too small to share: with two threads 846 amounts took 4 % longer by the clock
    and 16 % more processor time. Pages are shared out among processes instead.
    """
    cv2.setNumThreads(1)


STRIP_HEIGHT = 32
"""Height in pixels of the strip that the segmentation-free reader sees."""
STRIP_MARGIN = 2
"""White rows and columns around the ink of a strip, in pixels."""
LONGEST_STRIP = 512
"""Widest strip in pixels; wider fields (over 20 digits) are squeezed into it."""


def strip_of(darkness: Float, stats: NDArray[np.int32]) -> Float:
    """Bring a whole field to the frame of the segmentation-free reader.

    `darkness` float32 (H, W) and the `stats` of its `Strokes` → float32 (32, width) in 0…1,
    width at most 512: cut to the ink, scaled to 28 px height, two white pixels around.
    """
    big = stats[1:][stats[1:, cv2.CC_STAT_AREA] >= max(4, 0.02 * stats[1:, 4].max(initial=0))]
    if not len(big):
        return np.zeros((STRIP_HEIGHT, STRIP_HEIGHT), np.float32)
    x, y = big[:, 0].min(), big[:, 1].min()
    crop = darkness[y : (big[:, 1] + big[:, 3]).max(), x : (big[:, 0] + big[:, 2]).max()]
    inner = STRIP_HEIGHT - 2 * STRIP_MARGIN
    scale = inner / crop.shape[0]
    width = int(np.clip(round(crop.shape[1] * scale), 3, LONGEST_STRIP - 2 * STRIP_MARGIN))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = cv2.resize(crop, (width, inner), interpolation=method)
    return np.asarray(np.pad(small, STRIP_MARGIN), np.float32)


def smaller(strip: Float, share: float, top: int) -> Float:
    """Write a strip (32, W) at `share` of its size, `top` rows down: float32 (32, share · W).

    It is 8 pixels wide at least.
    """
    height, width = strip.shape
    size = (max(8, round(share * width)), round(share * height))
    out = np.zeros((height, size[0]), np.float32)
    out[top : top + size[1]] = cv2.resize(strip, size, interpolation=cv2.INTER_AREA)
    return out
