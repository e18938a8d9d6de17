"""Paper under composed numbers, and the scanner over it: rules, shading, security print, noise."""

from __future__ import annotations

import cv2
import numpy as np

from formreader.document import Float, Grey, Rect

BASE = 32
"""Height in pixels at which a number is written before it is scanned."""

SMALLEST = 9.0
"""Least digit height in pixels: 1.5 mm at 150 dpi. With 14 the networks read 250 of 400 numbers
of 10 to 12 px that were composed so, 349 from 20 px on, and took bold 1s for no digit."""


def on_paper(ink: Float, rng: np.random.Generator) -> tuple[Grey, Rect]:
    """Put a number on paper and scan it: grey uint8 (H, W), and where in it the ink lies.

    Digit heights from 9 to 60 px, margins, rules, security print, shading, blur, noise and
    JPEG, each in a part of the pictures.
    """
    height = float(np.exp(rng.uniform(np.log(SMALLEST), np.log(60))))
    scale = height / BASE
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    size = (max(4, round(ink.shape[1] * scale)), max(4, round(ink.shape[0] * scale)))
    small = cv2.resize(ink, size, interpolation=method)
    margin = [max(1, int(height * rng.uniform(0.03, 0.5))) for _ in range(4)]
    inside = Rect(margin[2], margin[0], *size)
    small = np.pad(small, (tuple(margin[:2]), tuple(margin[2:])))
    blurred = cv2.GaussianBlur(small, (0, 0), float(rng.uniform(0.3, 0.9)) * max(1.0, scale))
    paper = float(rng.uniform(140, 250))
    depth = float(rng.uniform(0.3, 0.95)) * paper
    page = paper + background(small.shape, height, paper, rng)
    page = page - depth * add_rules(blurred, height, rng)
    return noisy(page, 6, 0.4, (35, 90), rng), inside


def noisy(
    page: Float, most: float, packed: float, quality: tuple[int, int], rng: np.random.Generator
) -> Grey:
    """Add 0.5 to `most` grey levels of noise, and to a share `packed` JPEG of a `quality`."""
    noise = rng.normal(0, rng.uniform(0.5, most), page.shape)
    grey = np.clip(page + noise, 0, 255).astype(np.uint8)
    if rng.random() < packed:
        how = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(*quality))]
        data = cv2.imencode(".jpg", grey, how)[1]
        return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE))
    return grey


def add_rules(ink: Float, height: float, rng: np.random.Generator) -> Float:
    """Rule a line below or above the number, or a box around it, in a third of pictures."""
    if rng.random() > 0.33:
        return ink
    ruled = ink.copy()
    h, w = ruled.shape
    thick = max(1, round(height * rng.uniform(0.02, 0.06)))
    dark = float(rng.uniform(0.4, 1.0))
    rows = [h - 1 - int(rng.uniform(0, 0.25) * height)]
    if rng.random() < 0.4:
        rows.append(int(rng.uniform(0, 0.15) * height))
    for row in rows:
        tilt = int(rng.normal(0, 0.01) * w)
        cv2.line(ruled, (0, row), (w - 1, row + tilt), dark, thick)
    if rng.random() < 0.3:
        column = int(rng.uniform(0, 0.15) * height)
        cv2.line(ruled, (column, 0), (column, h - 1), dark, thick)
    return np.maximum(ink, ruled)


def background(
    shape: tuple[int, ...], height: float, paper: float, rng: np.random.Generator
) -> Float:
    """Draw shading and, in half the pictures, security print: float32 (H, W) grey levels."""
    h, w = shape
    y, x = np.mgrid[:h, :w].astype(np.float32)
    shade = rng.normal(0, 0.08) * x / max(w, 1) + rng.normal(0, 0.08) * y / max(h, 1)
    page = np.asarray(shade * paper, np.float32)
    if rng.random() < 0.5:
        strength = np.float32(rng.uniform(0.03, 0.16) * paper)
        for _ in range(int(rng.integers(1, 4))):
            angle = rng.uniform(0, np.pi)
            period = height * rng.uniform(0.08, 0.3)
            wave = rng.uniform(0, 0.5) * height * np.sin(x / (height * rng.uniform(0.3, 1.5)))
            phase = (np.cos(angle) * x + np.sin(angle) * y + wave) * (2 * np.pi / period)
            sharp = rng.uniform(0.5, 3)
            page = page - strength * (0.5 + 0.5 * np.sin(phase)).astype(np.float32) ** sharp
    return page
