"""Spoil the picture of a digit as pens, scanners and files do: for measuring, never for training.

A digit is set on paper as a box of a form scanned at 300 dpi shows it, 4 mm tall; lengths in
pixels are of that scan. `trained` says whether `augment`, or `paper` under composed numbers, does
the like when the network learns; the other kinds show what happens on what it has never seen.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np

from formreader.document import Float, Grey

DPI = 300
BOX_PX, DIGIT_PX = 72, 48
"""Side of the box and longest side of the digit: 6.1 and 4.1 mm at 300 dpi."""
PAPER, DEPTH = 235.0, 150.0
"""Grey of clean paper, and how much darker full ink is: a ballpoint on white paper."""
CLEAN_NOISE = 2.0
"""Noise of a good scan, standard deviation in grey levels."""
FAX_DPI = 200

Spoil = Callable[[Float, float, np.random.Generator], Grey]


class Kind(NamedTuple):
    """A way to spoil a digit, at three strengths, weakest first; `unit` is read after them."""

    name: str
    trained: bool
    unit: str
    strengths: tuple[float, float, float]
    spoil: Spoil


def in_box(darkness: Float) -> Float:
    """Set a digit (H, W) of any size into the middle of its box: float32 (72, 72), 1 ink."""
    ink = np.argwhere(darkness > 0.1)
    canvas = np.zeros((BOX_PX, BOX_PX), np.float32)
    if not len(ink):
        return canvas
    (top, left), (bottom, right) = ink.min(0), ink.max(0) + 1
    crop = darkness[top:bottom, left:right]
    zoom = DIGIT_PX / max(crop.shape)
    size = (max(1, round(crop.shape[1] * zoom)), max(1, round(crop.shape[0] * zoom)))
    large = np.clip(cv2.resize(crop, size, interpolation=cv2.INTER_CUBIC), 0, 1)
    y, x = (BOX_PX - size[1]) // 2, (BOX_PX - size[0]) // 2
    canvas[y : y + size[1], x : x + size[0]] = large
    return canvas


def page(
    ink: Float, rng: np.random.Generator, depth: float = DEPTH, noise: float = CLEAN_NOISE
) -> Grey:
    """Scan ink (H, W) on white paper: uint8 grey; `depth` and `noise` in grey levels."""
    grey = PAPER - depth * ink + rng.normal(0, noise, ink.shape)
    return as_grey(grey)


def as_grey(grey: np.ndarray) -> Grey:
    """Round grey levels to bytes."""
    return np.clip(np.round(grey), 0, 255).astype(np.uint8)


def clean(ink: Float, strength: float, rng: np.random.Generator) -> Grey:
    """Scan as it is."""
    return page(ink, rng)


def faint(ink: Float, depth: float, rng: np.random.Generator) -> Grey:
    """Write with a pencil only `depth` grey levels darker than the paper."""
    return page(ink, rng, depth, 3.0)


def thin(ink: Float, px: float, rng: np.random.Generator) -> Grey:
    """Take `px` pixels off the width of every stroke."""
    return page(cv2.erode(ink, np.ones((int(px) + 1,) * 2, np.uint8)), rng)


def thick(ink: Float, px: float, rng: np.random.Generator) -> Grey:
    """Add `px` pixels to the width of every stroke, as a felt pen does."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (int(px) + 1,) * 2)
    return page(cv2.dilate(ink, disc), rng)


def coarse(ink: Float, dpi: float, rng: np.random.Generator) -> Grey:
    """Scan at a lower resolution."""
    return page(resized(ink, dpi), rng)


def resized(ink: Float, dpi: float) -> Float:
    """Bring ink of a 300 dpi scan to another resolution."""
    side = round(BOX_PX * dpi / DPI)
    return cv2.resize(ink, (side, side), interpolation=cv2.INTER_AREA)


def blurred(ink: Float, sigma: float, rng: np.random.Generator) -> Grey:
    """Scan out of focus."""
    return page(cv2.GaussianBlur(ink, (0, 0), sigma), rng)


def noisy(ink: Float, sigma: float, rng: np.random.Generator) -> Grey:
    """Scan with strong noise."""
    return page(ink, rng, noise=sigma)


def one_bit(ink: Float, dpi: float, rng: np.random.Generator) -> Grey:
    """Scan in black and white alone, as a fax or a G4 file has it."""
    grey = page(resized(ink, dpi), rng, noise=12.0)
    return np.where(grey > PAPER - DEPTH / 2, 255, 0).astype(np.uint8)


def turned(ink: Float, degrees: float, rng: np.random.Generator) -> Grey:
    """Turn the digit, to either side."""
    angle = degrees * float(rng.choice([-1, 1]))
    matrix = cv2.getRotationMatrix2D((BOX_PX / 2 - 0.5, BOX_PX / 2 - 0.5), angle, 1.0)
    return page(cv2.warpAffine(ink, matrix, ink.shape[::-1]), rng)


def slanted(ink: Float, percent: float, rng: np.random.Generator) -> Grey:
    """Slant the digit to either side, by a share of its height."""
    shear = percent / 100 * float(rng.choice([-1, 1]))
    matrix = np.array([[1, shear, -shear * BOX_PX / 2], [0, 1, 0]])
    return page(cv2.warpAffine(ink, matrix, ink.shape[::-1]), rng)


def as_jpeg(ink: Float, quality: float, rng: np.random.Generator) -> Grey:
    """Save as JPEG of low quality."""
    _, data = cv2.imencode(".jpg", page(ink, rng), [cv2.IMWRITE_JPEG_QUALITY, int(quality)])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)


def peppered(ink: Float, percent: float, rng: np.random.Generator) -> Grey:
    """Turn pixels black or white at random."""
    grey = page(ink, rng)
    dice = rng.random(grey.shape)
    grey[dice < percent / 200] = 0
    grey[dice > 1 - percent / 200] = 255
    return grey


def shaded(ink: Float, percent: float, rng: np.random.Generator) -> Grey:
    """Let the light fall off across the box, as on a photo."""
    light = np.linspace(1.0, 1 - percent / 100, BOX_PX)
    light = light if rng.random() < 0.5 else light[::-1]
    return as_grey(page(ink, rng) * (light if rng.random() < 0.5 else light[:, None]))


def ruled(ink: Float, percent: float, rng: np.random.Generator) -> Grey:
    """Print a fine grid over the paper, as dark as a share of full ink."""
    pitch, start = 9, int(rng.integers(9))
    grid = np.zeros_like(ink)
    grid[start::pitch] = grid[:, start::pitch] = percent / 100
    return page(np.maximum(ink, grid), rng)


def moved(ink: Float, px: float, rng: np.random.Generator) -> Grey:
    """Shake while scanning, along the rows."""
    return page(cv2.blur(ink, (int(px), 1)), rng)


def streaked(ink: Float, px: float, rng: np.random.Generator) -> Grey:
    """Lose rows of the scan, white ones of `px` pixels at every 12."""
    grey = page(ink, rng)
    start = int(rng.integers(12))
    for row in range(start, BOX_PX, 12):
        grey[row : row + int(px)] = 255
    return grey


CLEAN = Kind("as it is", True, "", (0, 0, 0), clean)
KINDS = (
    Kind("faint pencil", True, "grey levels of ink", (60, 40, 25), faint),
    Kind("thin pen", True, "px thinner", (2, 3, 4), thin),
    Kind("felt pen", True, "px thicker", (3, 6, 9), thick),
    Kind("low resolution", True, "dpi", (150, 100, 75), coarse),
    Kind("out of focus", True, "px blur", (2, 3, 4), blurred),
    Kind("noise", True, "grey levels of noise", (15, 25, 35), noisy),
    Kind("black and white (fax, G4)", True, "dpi", (FAX_DPI, 100, 75), one_bit),
    Kind("turned", True, "degrees", (8, 15, 22), turned),
    Kind("slanted", True, "% of its height", (25, 45, 65), slanted),
    Kind("JPEG", True, "% quality", (15, 7, 3), as_jpeg),
    Kind("salt and pepper", False, "% of the pixels", (2, 5, 10), peppered),
    Kind("shadow across", True, "% less light", (30, 50, 70), shaded),
    Kind("printed grid", True, "% as dark as ink", (20, 35, 45), ruled),
    Kind("motion blur", False, "px along rows", (5, 9, 13), moved),
    Kind("white streaks", False, "of 12 rows lost", (1, 2, 3), streaked),
)
"""Strengths from what is met every day to what a clerk would scan again."""
