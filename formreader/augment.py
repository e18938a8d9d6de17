"""Augmentation that looks like paper: what pens, rules, scanners and cutting do to a glyph.

Every function takes and returns float32 darkness, 0 paper to 1 ink. The last step of
`augment` is `ink.normalize_glyph`, the same normaliser that reading uses.
"""

from __future__ import annotations

import cv2
import numpy as np

from formreader.document import Float
from formreader.ink import normalize_glyph

CANVAS = 56
"""Side in pixels of the square in which glyphs are bent; twice the glyph's side, so that a
stroke survives thinning by a pixel."""


def bend(glyph: Float, rng: np.random.Generator, strength: float) -> Float:
    """Shear, turn, stretch and bend a glyph onto a 56×56 canvas.

    `strength` 1 means up to ±12° turn, ±0.3 shear, ±18 % stretch and a smooth displacement
    of about 1 px in glyph pixels (Simard et al. 2003 for the elastic part).
    """
    turn = rng.uniform(-0.21, 0.21) * strength
    shear = rng.uniform(-0.3, 0.3) * strength
    sx, sy = np.exp(rng.uniform(-0.18, 0.18, 2) * strength)
    cos, sin = np.cos(turn), np.sin(turn)
    matrix = np.array([[cos, -sin], [sin, cos]]) @ np.array([[1, shear], [0, 1]])
    matrix = matrix @ np.diag([1 / sx, 1 / sy]) * (max(glyph.shape) / CANVAS) * 1.15
    grid = np.arange(CANVAS, dtype=np.float32) - (CANVAS - 1) / 2
    x, y = grid[None, :], grid[:, None]
    coarse = rng.normal(0, 0.55 * strength, (2, 5, 5)).astype(np.float32)
    wave = [cv2.resize(c, (CANVAS, CANVAS), interpolation=cv2.INTER_CUBIC) for c in coarse]
    h, w = glyph.shape
    map_x = (matrix[0, 0] * x + matrix[0, 1] * y + (w - 1) / 2 + wave[0]).astype(np.float32)
    map_y = (matrix[1, 0] * x + matrix[1, 1] * y + (h - 1) / 2 + wave[1]).astype(np.float32)
    return cv2.remap(glyph, map_x, map_y, cv2.INTER_LINEAR)


def change_pen(canvas: Float, rng: np.random.Generator) -> Float:
    """Make strokes thinner or thicker by about one canvas pixel."""
    kernel = np.ones((2, 2), np.uint8) if rng.random() < 0.6 else np.ones((3, 3), np.uint8)
    if rng.random() < 0.5:
        return cv2.dilate(canvas, kernel)
    thinner = cv2.erode(canvas, kernel)
    return thinner if float(thinner.max()) > 0.5 else canvas


def leave_line(canvas: Float, rng: np.random.Generator) -> Float:
    """Leave a stub of a ruled line or box edge at the border of the ink."""
    x, y, w, h = cv2.boundingRect((canvas > 0.3).view(np.uint8))
    if w < 4 or h < 4:
        return canvas
    line = np.zeros_like(canvas)
    dark = float(rng.uniform(0.35, 1.0))
    long = float(rng.uniform(0.2, 0.9))
    if rng.random() < 0.5:
        row = int(np.clip(rng.choice([y, y + h - 1]) + rng.integers(-2, 3), 1, CANVAS - 2))
        start = x + int(rng.uniform(0, 1 - long) * w)
        cv2.line(line, (start, row), (start + int(long * w), row), dark, int(rng.integers(1, 3)))
    else:
        column = int(np.clip(rng.choice([x, x + w - 1]) + rng.integers(-3, 4), 1, CANVAS - 2))
        start = y + int(rng.uniform(0, 1 - long) * h)
        end = (column, start + int(long * h))
        cv2.line(line, (column, start), end, dark * 0.8, int(rng.integers(1, 3)))
    return np.maximum(canvas, line)


def scan(canvas: Float, rng: np.random.Generator) -> Float:
    """See the glyph through a scanner: resolution, blur, noise, faint ink, one-bit."""
    side = int(rng.integers(16, 72))
    method = cv2.INTER_AREA if side < CANVAS else cv2.INTER_LINEAR
    seen = cv2.resize(canvas, (side, side), interpolation=method)
    if rng.random() < 0.5:
        seen = cv2.GaussianBlur(seen, (0, 0), float(rng.uniform(0.3, 0.9)) * side / CANVAS + 0.15)
    if rng.random() < 0.35:
        seen = seen * np.float32(rng.uniform(0.45, 1.0))
        noise = rng.normal(0, rng.uniform(0.02, 0.14), seen.shape).astype(np.float32)
        near = cv2.dilate(seen, np.ones((3, 3), np.uint8)) > 0.1
        seen = seen + noise * near
        seen = seen * np.float32(1.0 / max(float(seen.max()), 1e-3))
    if rng.random() < 0.25:
        seen = (seen > rng.uniform(0.3, 0.6) * seen.max()).astype(np.float32)
    elif rng.random() < 0.5:
        low = rng.uniform(0.0, 0.2)
        high = rng.uniform(0.6, 1.0)
        seen = (seen - low) / (high - low)
    return np.clip(seen, 0, 1).astype(np.float32)


def augment(glyph: Float, rng: np.random.Generator) -> Float:
    """Return one paper-like variant of a glyph, normalised: float32 (28, 28) in 0…1.

    Three in ten keep the scan clean and bend little, so that clean digits stay the centre of
    what is learnt.
    """
    if rng.random() < 0.3:
        return normalize_glyph(bend(glyph, rng, 0.6))
    canvas = bend(glyph, rng, 1.0)
    if rng.random() < 0.4:
        canvas = change_pen(canvas, rng)
    if rng.random() < 0.12:
        canvas = leave_line(canvas, rng)
    return normalize_glyph(scan(canvas, rng))
