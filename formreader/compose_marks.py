"""Marks of a composed number that are no digits: dots, dashes, currency signs, colons, slashes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from formreader import strokes
from formreader.document import Float
from formreader.paper import BASE

LEANING = 0.1
"""Least slant of a hand that writes a slash, a share of its height (chosen): an upright slash is
a 1 to all who see nothing else of the number."""


def add_mark(
    canvas: Float,
    symbol: str,
    hand: strokes.Hand,
    pen: float,
    base: float,
    rng: np.random.Generator,
) -> float:
    """Write a dot, comma, dash or sign with the pen; returns where the pen goes on.

    Dashes are written smaller than digits and at any height beside them: a raised double
    dash after an amount was read as 5 or 50. A slash is longer than a 1.
    """
    paths = strokes.pen_paths(symbol, hand, rng)
    low = min(float(p[:, 0].min()) for p in paths)
    size, rise = float(BASE), 0.0
    if symbol in "-=":
        size, rise = BASE * float(rng.uniform(0.5, 1.1)), BASE * float(rng.uniform(0.0, 0.35))
    elif symbol == "/":
        size, rise = BASE * float(rng.uniform(1.1, 1.5)), -0.1 * BASE
    elif symbol == ",":
        size = BASE * float(rng.uniform(0.8, 2.2))
        rise = -0.05 * (size - BASE)
    place = np.array([pen - low * size, base - size - rise], np.float32)
    paths = [p * np.float32(size) + place for p in paths]
    strokes.draw_paths(canvas, paths, max(2.0, hand.pen * BASE))
    return max(float(p[:, 0].max()) for p in paths) + hand.pen * BASE + rng.uniform(0, 4)


def add_sign(
    canvas: Float,
    sign: str,
    hand: strokes.Hand,
    pen: float,
    base: float,
    rng: np.random.Generator,
) -> float:
    """Write a sign that parts a time, a date or a range; returns where the pen goes on."""
    if sign == ":":
        upper = base - float(rng.uniform(0.35, 0.7)) * BASE
        add_mark(canvas, ".", hand, pen + float(rng.normal(0, 2)), upper, rng)
        return add_mark(canvas, ".", hand, pen, base - float(rng.uniform(0, 0.2)) * BASE, rng)
    if sign == "/":
        hand = replace(hand, slant=max(hand.slant, LEANING))
    return add_mark(canvas, sign, hand, pen + float(rng.uniform(0, 4)), base, rng)


def random_signs(text: str, rng: np.random.Generator) -> dict[int, str]:
    """Part a number as times, dates, ranges and fractions are: signs by the place they precede.

    A sign before the first digit is a minus.
    """
    sign = str(rng.choice([":", "/", "-"], p=(0.5, 0.15, 0.35)))
    if sign == "-" and rng.random() < 0.4:
        return {0: "-"}
    last = len(text) - (4 if sign != ":" and rng.random() < 0.3 else 2)
    places = [last] if rng.random() < 0.6 else [last, last - 2]
    return {place: sign for place in places if place > 0}
