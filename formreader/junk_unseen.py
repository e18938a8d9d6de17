"""Ink that is not one digit, of kinds that training never draws: for measuring alone.

`junk` draws the kinds the not-a-digit class is learned from, and `train_pieces` cuts more of them
(several digits at once) from composed numbers. Whoever adds one of these kinds there must take it
out here, or the measure means nothing. Shapes that are digits to any
reader (a ring, a straight stroke, half an 8) are never made.
"""

from __future__ import annotations

import cv2
import numpy as np

from formreader import strokes
from formreader.document import Float
from formreader.junk import Maker, trim

SCRIPT_FACES = (6, 7)
"""OpenCV's script faces (Hershey, public domain); training prints letters in others."""
SCRIPT = "ABDEFGHKMNPRTWacdefhkmnprtuvwx"
HALVES = {"upper": (0, 4, 5), "lower": (0, 2)}
"""Digits whose upper or lower half is no other digit: half a 6 may be a 1, half a 9 is a 0."""
STAMPS = ("PAID", "COPY", "VOID", "OK", "RECD")


def pick(glyphs: Float, rng: np.random.Generator) -> Float:
    """Return one digit, cut to its ink."""
    return trim(glyphs[int(rng.integers(len(glyphs)))])


def script_letter(glyphs: Float, labels: np.ndarray, rng: np.random.Generator) -> Float:
    """Write a letter in script."""
    canvas = np.zeros((80, 80), np.float32)
    face, width = int(rng.choice(SCRIPT_FACES)), int(rng.integers(2, 5))
    symbol = SCRIPT[int(rng.integers(len(SCRIPT)))]
    cv2.putText(canvas, symbol, (18, 56), face, 1.5, 1.0, width, cv2.LINE_AA)
    return canvas


def flat_half(glyphs: Float, labels: np.ndarray, rng: np.random.Generator) -> Float:
    """Cut a digit through from side to side, as the edge of a crop does."""
    part = "upper" if rng.random() < 0.6 else "lower"
    fitting = np.flatnonzero(np.isin(labels, HALVES[part]))
    if not len(fitting):
        return script_letter(glyphs, labels, rng)
    digit = trim(glyphs[int(rng.choice(fitting))])
    height = max(3, int(digit.shape[0] * rng.uniform(0.35, 0.52)))
    return digit[:height] if part == "upper" else digit[-height:]


def stamp(glyphs: Float, labels: np.ndarray, rng: np.random.Generator) -> Float:
    """Stamp a word in a frame or a ring, turned a little."""
    canvas = np.zeros((110, 110), np.float32)
    width = int(rng.integers(2, 5))
    word = STAMPS[int(rng.integers(len(STAMPS)))]
    cv2.putText(canvas, word, (55 - 10 * len(word), 62), 5, 1.1, 1.0, 2, cv2.LINE_AA)
    if rng.random() < 0.5:
        cv2.circle(canvas, (55, 55), 48, 1.0, width)
    else:
        cv2.rectangle(canvas, (8, 34), (102, 76), 1.0, width)
    turn = cv2.getRotationMatrix2D((55, 55), float(rng.uniform(-30, 30)), 1.0)
    return cv2.warpAffine(canvas, turn, canvas.shape[::-1])


def smudge(glyphs: Float, labels: np.ndarray, rng: np.random.Generator) -> Float:
    """Smear ink: a soft blot of uneven darkness."""
    rough = cv2.GaussianBlur(rng.normal(0, 1, (60, 60)), (0, 0), float(rng.uniform(5, 9)))
    y, x = np.mgrid[-1:1:60j, -1:1:60j]
    hill = rough / rough.std() + 2.5 - 4 * (x**2 + (y * rng.uniform(0.8, 1.6)) ** 2)
    grain = cv2.GaussianBlur(rng.normal(0, 1, (60, 60)), (0, 0), 1.2)
    return np.clip(0.5 * hill + 0.4 * grain, 0, 1).astype(np.float32)


def line_junction(glyphs: Float, labels: np.ndarray, rng: np.random.Generator) -> Float:
    """Leave the tick of a comb on its base line, or two crossing rules with a gap."""
    canvas = np.zeros((50, 50), np.float32)
    width, long = int(rng.integers(1, 5)), int(rng.integers(8, 22))
    cv2.line(canvas, (4, 40), (46, 40), 1.0, width)
    for x in rng.choice([12, 25, 38], size=int(rng.integers(1, 4)), replace=False):
        cv2.line(canvas, (int(x), 40), (int(x), 40 - long), 1.0, width)
    return np.ascontiguousarray(canvas[::-1] if rng.random() < 0.5 else canvas)


def hatched(glyphs: Float, labels: np.ndarray, rng: np.random.Generator) -> Float:
    """Fill a box with oblique strokes, as an unused box is cancelled."""
    canvas = np.zeros((60, 60), np.float32)
    width, lean = float(rng.uniform(1.5, 3.5)), float(rng.uniform(8, 24))
    for left in np.arange(4, 44, rng.uniform(7, 13)):
        wobble = rng.normal(0, 1.5, (2, 2))
        ends = np.array([[left, 54], [left + lean, 6]]) + wobble
        strokes.draw_paths(canvas, [ends.astype(np.float32)], width)
    return canvas


def scribbled_over(glyphs: Float, labels: np.ndarray, rng: np.random.Generator) -> Float:
    """Cover a digit with a zigzag."""
    canvas = np.pad(cv2.resize(pick(glyphs, rng), (32, 42)), 10)
    turns = int(rng.integers(6, 11))
    xs = np.linspace(6, 46, turns) + rng.normal(0, 1.5, turns)
    ys = np.where(np.arange(turns) % 2, 54, 10) + rng.normal(0, 3, turns)
    strokes.draw_paths(canvas, [np.column_stack([xs, ys]).astype(np.float32)], 3.0)
    return canvas


def tick_or_star(glyphs: Float, labels: np.ndarray, rng: np.random.Generator) -> Float:
    """Tick a box, or mark it with a star."""
    canvas = np.zeros((60, 60), np.float32)
    width = float(rng.uniform(2, 4.5))
    if rng.random() < 0.5:
        points = np.array([[8, 34], [22, 50], [52, 8]]) + rng.normal(0, 3, (3, 2))
        paths = [points.astype(np.float32)]
    else:
        angles = np.arange(3) * np.pi / 3 + rng.uniform(0, 1)
        arms = 22 * np.column_stack([np.cos(angles), np.sin(angles)])
        paths = [np.array([30 - arm, 30 + arm], np.float32) for arm in arms]
    strokes.draw_paths(canvas, paths, width)
    return canvas


def speckle(glyphs: Float, labels: np.ndarray, rng: np.random.Generator) -> Float:
    """Scatter dirt over an empty box."""
    canvas = np.zeros((60, 60), np.float32)
    for _ in range(int(rng.integers(5, 25))):
        x, y = (int(v) for v in rng.integers(4, 56, 2))
        cv2.circle(canvas, (x, y), int(rng.integers(1, 4)), float(rng.uniform(0.4, 1)), -1)
    return canvas


UNSEEN: dict[str, Maker] = {
    "letter in script": script_letter,
    "upper or lower half": flat_half,
    "stamp": stamp,
    "smudge": smudge,
    "comb ticks, line stubs": line_junction,
    "hatched box": hatched,
    "scribbled-over digit": scribbled_over,
    "tick or star": tick_or_star,
    "specks of dirt": speckle,
}
