"""Zeros written one into the next, as quick hands end round amounts."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from formreader import strokes
from formreader.document import Float
from formreader.paper import BASE

STEPS = 8
"""Points that a smooth path has for one that is given."""


def link(canvas: Float, x: float, top: float, hand: strokes.Hand, rng: np.random.Generator) -> None:
    """Join two zeros by a sagging stroke between their upper ends, as a quick hand does."""
    reach, sag = BASE * rng.uniform(0.15, 0.4, 2)
    ends = np.array([[x - reach, top + 3], [x, top + sag], [x + reach, top + 2]], np.float32)
    strokes.draw_paths(canvas, [strokes.smooth(ends, 1.0)], max(2.0, hand.pen * BASE))


def chain_zeros(count: int, hand: strokes.Hand, rng: np.random.Generator) -> list[Float]:
    """Write zeros without lifting the pen: a path in pixels, float32 (n, 2), for each zero.

    They begin at x 0 and stand on y 0. "88,00,000/-" on cheques ended in 7070 before such
    chains were in training, and "2,70,000" in 070 while all of them were pointed.
    """
    points, ends = (coil if rng.random() < 0.4 else links)(count, rng)
    points += rng.normal(0, hand.unrest, points.shape).astype(np.float32)
    path = strokes.smooth(points, 0.8, STEPS)
    height = BASE * float(rng.uniform(0.5, 1.0))
    path[:, 1] -= 1.0
    path[:, 0] -= hand.slant * path[:, 1]
    path[:, 0] -= path[:, 0].min()
    path *= np.float32(height)
    edges = [0, *(STEPS * end for end in ends)]
    return [path[a : b + 1] for a, b in pairwise(edges)]


def coil(count: int, rng: np.random.Generator) -> tuple[Float, list[int]]:
    """Wind zeros one into the next like a spring: points (n, 2), and where each zero ends.

    The rings of narrow coils lie over each other, those of wide ones hang together by a loop.
    """
    width = float(rng.uniform(0.6, 1.2))
    ahead = width * float(rng.uniform(0.5, 1.15))
    turned = 1 if rng.random() < 0.85 else -1
    around = 6
    begin, over = float(rng.uniform(-0.1, 0.15)), int(rng.integers(0, 3))
    turns = begin + np.arange(around * count + 1 + over, dtype=np.float32) / around
    angle = 2 * np.pi * turns
    points = np.stack(
        [width * (0.5 - turned * 0.5 * np.sin(angle)) + ahead * turns, 0.5 - 0.5 * np.cos(angle)], 1
    )
    ends = [around * (place + 1) for place in range(count)]
    return points.astype(np.float32), [*ends[:-1], len(points) - 1]


def links(count: int, rng: np.random.Generator) -> tuple[Float, list[int]]:
    """Write zeros each linked at its top to the next: points (n, 2), and where each zero ends.

    Some are pointed like a v, some round; the link runs into the side of the next zero, which
    stays open like a u, or over its top.
    """
    width, gap, pinch = rng.uniform((0.6, 0.0, 0.0), (0.95, 0.35, 0.3))
    closed, over = rng.random(2)
    pointed = rng.random() < 0.4
    points, ends = [(0.7, 0.05), (0.4, 0.0)], []
    for place in range(count):
        x = place * (width + gap) + rng.normal(0, 0.03)
        if place and rng.random() < over:
            points += [(x + 0.5 * width, 0.02), (x + 0.15 * width, 0.12)]
        points.append((x + pinch * 0.4, 0.4))
        if pointed:
            points.append((x + 0.45 * width, 1.0))
        else:
            points += [(x + 0.12 * width, 0.82), (x + 0.45 * width, 1.0), (x + 0.8 * width, 0.86)]
        points += [(x + width - pinch * 0.5, 0.45), (x + 0.85 * width, 0.05)]
        if rng.random() < closed or place == 0:
            points += [(x + 0.4 * width, -0.02), (x + 0.55 * width, 0.15)]
        points.append((x + width + 0.4 * gap, float(rng.uniform(0.0, 0.25))))
        ends.append(len(points) - 1)
    if rng.random() < 0.5:
        points.pop()
        ends[-1] -= 1
    return np.array(points, np.float32), ends
