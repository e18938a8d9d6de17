"""Ink that is not one digit, made for training the not-a-digit class.

Kinds: two digits at once, half digits, a digit with a piece of its neighbour, letters,
struck-out boxes and digits, circled ones, scribbles and tangles, dashes, dots, box corners,
printed words. Shapes that are digits to any reader (o, l, I, |, half an 8) are never made.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from formreader import strokes
from formreader.document import Float

Maker = Callable[[Float, "np.ndarray[tuple[int], np.dtype[np.int64]]", np.random.Generator], Float]


def trim(glyph: Float) -> Float:
    """Cut a glyph to its ink."""
    x, y, w, h = cv2.boundingRect((glyph > 0.25).view(np.uint8))
    return glyph[y : y + h, x : x + w]


def beside(left: Float, right: Float, gap: int, rise: int = 0) -> Float:
    """Put two trimmed glyphs side by side; a negative `gap` in pixels lets them overlap."""
    gap = max(gap, -(min(left.shape[1], right.shape[1]) // 3))
    height = max(left.shape[0], right.shape[0]) + abs(rise)
    canvas = np.zeros((height, left.shape[1] + right.shape[1] + gap), np.float32)
    top = (height - left.shape[0]) // 2
    canvas[top : top + left.shape[0], : left.shape[1]] = left
    top = int(np.clip((height - right.shape[0]) // 2 + rise, 0, height - right.shape[0]))
    place = canvas[top : top + right.shape[0], left.shape[1] + gap :]
    np.maximum(place, right, out=place)
    return canvas


def two_digits(glyphs: Float, labels: np.ndarray, rng: np.random.Generator) -> Float:
    """Read two neighbours as one: the commonest junk of a lattice."""
    a, b = rng.integers(len(glyphs), size=2)
    return beside(
        trim(glyphs[a]), trim(glyphs[b]), int(rng.integers(-4, 5)), int(rng.integers(-3, 4))
    )


def half_digit(glyphs: Float, labels: np.ndarray, rng: np.random.Generator) -> Float:
    """Cut a wide digit through; never a 1, nor the half of 0 or 8 that looks like a digit.

    Where a hundred tries find none that can be halved, two digits stand for it.
    """
    for _ in range(100):
        i = int(rng.integers(len(glyphs)))
        glyph, label = trim(glyphs[i]), int(labels[i])
        if label == 1 or glyph.shape[1] < 12:
            continue
        share = rng.uniform(0.3, 0.58)
        width = max(4, int(glyph.shape[1] * share))
        if rng.random() < 0.5:
            if label in (4, 7, 9):
                continue
            return glyph[:, :width]
        if label in (8, 0, 4, 9, 3):
            continue
        return glyph[:, -width:]
    return two_digits(glyphs, labels, rng)


def digit_and_piece(glyphs: Float, labels: np.ndarray, rng: np.random.Generator) -> Float:
    """Cut too late: a digit and a good piece of the next."""
    a, b = rng.integers(len(glyphs), size=2)
    left, right = trim(glyphs[a]), trim(glyphs[b])
    width = max(5, int(right.shape[1] * rng.uniform(0.45, 0.75)))
    if rng.random() < 0.5:
        return beside(left, right[:, :width], int(rng.integers(-2, 3)))
    return beside(right[:, -width:], left, int(rng.integers(-2, 3)))


def letter(glyphs: Float, labels: np.ndarray, rng: np.random.Generator) -> Float:
    """Write one letter, a currency sign or a plus by the stroke model."""
    symbols = strokes.LETTERS + "$#+"
    symbol = symbols[int(rng.integers(len(symbols)))]
    return strokes.draw_symbol(symbol, strokes.random_hand(rng), rng, 40)


def struck_out(glyphs: Float, labels: np.ndarray, rng: np.random.Generator) -> Float:
    """Cross out a box or a digit: an X, or strokes through a digit."""
    hand = strokes.random_hand(rng)
    if rng.random() < 0.5:
        return strokes.draw_symbol("X", hand, rng, 40)
    glyph = cv2.resize(trim(glyphs[int(rng.integers(len(glyphs)))]), (34, 40))
    canvas = np.pad(glyph, 8)
    for _ in range(int(rng.integers(2, 5))):
        ends = rng.uniform([2, 8, 40, 8], [12, 48, 48, 48]).reshape(2, 2).astype(np.float32)
        strokes.draw_paths(canvas, [ends], float(rng.uniform(2, 5)))
    return canvas


def scribble(glyphs: Float, labels: np.ndarray, rng: np.random.Generator) -> Float:
    """Draw a restless curve, as of a signature or a correction."""
    points = rng.uniform(4, 52, (int(rng.integers(6, 12)), 2)).astype(np.float32)
    points[:, 0] = points[:, 0] * rng.uniform(0.6, 2.0)
    canvas = np.zeros((56, 116), np.float32)
    strokes.draw_paths(canvas, [strokes.smooth(points, 1.0)], float(rng.uniform(1.5, 4)))
    return canvas


def tangle(glyphs: Float, labels: np.ndarray, rng: np.random.Generator) -> Float:
    """Draw three to six straight and curved strokes that have nothing to do with each other."""
    canvas = np.zeros((64, 72), np.float32)
    width = float(rng.uniform(1.5, 4.5))
    for _ in range(int(rng.integers(3, 7))):
        points = rng.uniform(6, 58, (int(rng.integers(2, 5)), 2)).astype(np.float32)
        strokes.draw_paths(canvas, [strokes.smooth(points, float(rng.random()))], width)
    return canvas


def circled(glyphs: Float, labels: np.ndarray, rng: np.random.Generator) -> Float:
    """Draw a ring around a digit or a letter, as one marks an answer or strikes a value out."""
    inner = letter(glyphs, labels, rng)
    if rng.random() < 0.5:
        inner = glyphs[int(rng.integers(len(glyphs)))]
    canvas = np.pad(cv2.resize(trim(inner), (24, 30)), ((21, 21), (24, 24)))
    axes = (int(rng.integers(20, 33)), int(rng.integers(20, 32)))
    turn, begin = rng.uniform((-30, 0), (30, 360))
    sweep = float(rng.uniform(320, 420))
    thick = int(rng.integers(1, 5))
    cv2.ellipse(canvas, (36, 36), axes, turn, begin, begin + sweep, 1.0, thick, cv2.LINE_AA)
    return canvas


def mark(glyphs: Float, labels: np.ndarray, rng: np.random.Generator) -> Float:
    """Draw a dash, an equals sign, a dot or the corner of a box."""
    kind = int(rng.integers(4))
    if kind < 2:
        return strokes.draw_symbol("-="[kind], strokes.random_hand(rng), rng, 40)
    canvas = np.zeros((40, 40), np.float32)
    if kind == 2:
        broad = int(rng.integers(4, 12))
        axes = (broad, int(rng.integers(3, min(broad + 2, 9))))  # an upright one may be a 1
        cv2.ellipse(canvas, (20, 20), axes, float(rng.uniform(-40, 40)), 0, 360, 1.0, -1)
        return canvas
    width = int(rng.integers(1, 4))
    side = int(rng.integers(14, 32))
    corner = [(4, 4), (4 + side, 4), (4 + side, 4 + side), (4, 4 + side)]
    first = int(rng.integers(4))
    for i in range(2):
        cv2.line(canvas, corner[(first + i) % 4], corner[(first + i + 1) % 4], 1.0, width)
    return canvas


def printed_word(glyphs: Float, labels: np.ndarray, rng: np.random.Generator) -> Float:
    """Print two or three letters in a plain font."""
    letters = "ACDEFGHKMNPRTUVWXYacdehkmnprtuvwxy&%@"
    count = int(rng.integers(1, 4))
    text = "".join(letters[int(rng.integers(len(letters)))] for _ in range(count))
    face = int(rng.choice([0, 2, 3, 4]))
    canvas = np.zeros((60, 40 + 34 * count), np.uint8)
    cv2.putText(canvas, text, (12, 44), face, 1.3, 255, int(rng.integers(1, 5)), cv2.LINE_AA)
    return canvas.astype(np.float32) / np.float32(255)


KINDS: dict[str, tuple[float, Maker]] = {
    "two digits": (0.18, two_digits),
    "half digit": (0.19, half_digit),
    "digit and piece": (0.14, digit_and_piece),
    "letter": (0.13, letter),
    "struck out": (0.08, struck_out),
    "scribble": (0.05, scribble),
    "tangle": (0.03, tangle),
    "circled": (0.06, circled),
    "mark": (0.08, mark),
    "printed word": (0.06, printed_word),
}
"""Share and maker of each kind: what a lattice meets on real amounts, and more of what passed as
digits most (halves and rings, 65 and 24 of 500 each)."""


NO_NUMBER = ("letter", "struck out", "scribble", "tangle", "printed word")
"""Kinds that no reader may take for a number; two digits side by side are one."""


def make_junk(
    glyphs: Float,
    labels: NDArray[np.int64],
    count: int,
    rng: np.random.Generator,
    kinds: tuple[str, ...] = tuple(KINDS),
) -> list[Float]:
    """Make `count` pieces of junk from digits (N, H, W): float32 darkness, any size each."""
    shares = np.array([KINDS[kind][0] for kind in kinds])
    picked = rng.choice(len(kinds), size=count, p=shares / shares.sum())
    return [KINDS[kinds[kind]][1](glyphs, labels, rng) for kind in picked]
