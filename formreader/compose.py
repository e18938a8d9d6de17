"""Numbers written on paper, composed from single digits of one writer.

Digits of one hand are set side by side (apart, touching, overlapping), slanted, with dots,
commas, dashes and currency signs, over rules and security print, and scanned. Truth is known
exactly. Used to fit the confidence, to train and to test; never contains a real page.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from formreader import strokes
from formreader.augment import bend
from formreader.compose_zeros import chain_zeros, link
from formreader.document import Float, Grey
from formreader.junk import trim
from formreader.paper import BASE, on_paper

Owner = NDArray[np.uint8]
MARK = 255
"""Owner of what is no digit."""
GAPS, GAP_SHARES = (9.0, 4.0, 1.5, -0.5, -2.0), (0.12, 0.28, 0.27, 0.18, 0.15)
"""Mean gaps between digits in pixels at digit height 20, and how often each occurs."""
STRETCH = (0.06, 0.14)
"""Mean and spread of the logarithm of a number's breadth. MNIST's digits fill a square; real
amounts (part `train`) read 2.4 points better when their strips were made 13 % narrower."""
HIDDEN = 0.25
"""Share of a digit's ink that may lie on the ink before it."""


@dataclass(frozen=True, slots=True, eq=False)
class Composed:
    """A picture of one number, grey uint8 (H, W), and what it says.

    `owner` uint8 (H, W) is which digit a pixel belongs to, counted from 1; 255 for marks, 0
    for paper with its rules and print.
    """

    image: Grey
    text: str
    touching: bool
    owner: Owner


@dataclass(frozen=True, slots=True, eq=False)
class Style:
    """How one person writes one number; `chain` are paths of zeros written in one stroke.

    `shear` and `edge` are as `shaped` takes them, `size` is a share of the usual height,
    `flat_zero` the breadth of a small zero as a share of its own.
    """

    hand: strokes.Hand
    shear: float
    edge: float
    size: float
    separator: str
    small_zero: bool
    linked: bool
    overhang: bool
    lakh: bool
    crossing: bool
    tall: bool
    chain: list[Float]
    flat_zero: float


def random_style(text: str, rng: np.random.Generator) -> Style:
    """Make up how a number is written.

    One hand in five links its zeros, one in eleven writes them into each other, one in twenty
    begins with a taller digit (chosen; the commonest causes of misread amounts).
    """
    hand = strokes.random_hand(rng)
    shear = float(rng.normal(0.08, 0.18))
    edge = float(rng.uniform(0.1, 0.45))
    size = float(rng.uniform(0.85, 1.15))
    separator = str(rng.choice(["", "", "", ".", ".", ","]))
    traits = rng.random(6) < (0.2, 0.22, 0.25, 0.15, 0.12, 0.05)
    chain: list[Float] = []
    if traits[1] and rng.random() < 0.6:
        zeros = len(text) - len(text.rstrip("0"))
        chain = chain_zeros(min(zeros, 3), hand, rng) if zeros > 1 else []
    flat_zero = float(rng.uniform(0.9, 1.6))
    small_zero, linked, overhang, lakh, crossing, tall = traits.tolist()
    return Style(
        hand, shear, edge, size, separator, small_zero, linked, overhang, lakh, crossing, tall,
        chain, flat_zero,
    )  # fmt: skip


def write_number(
    text: str, tiles: list[Float], gap: tuple[float, float], rng: np.random.Generator
) -> tuple[Float, Owner]:
    """Set digits side by side with marks between: float32 darkness (H, W), and whose it is.

    `tiles` are the glyphs of the digits of `text`; `gap` mean and spread in pixels at digit
    height 20 (negative: touching). Thousands (or every second digit, somewhat as in India)
    get dots or commas in half the numbers, the end a dash, a comma or a double dash in nine
    of twenty. No digit hides in another.
    """
    style = random_style(text, rng)
    canvas = np.zeros((3 * BASE, (len(text) + 6) * 2 * BASE), np.float32)
    owner = np.zeros(canvas.shape, np.uint8)
    pen, base = float(BASE), 2.0 * BASE
    if rng.random() < 0.08:
        pen = add_mark(canvas, str(rng.choice(["$", "#", "="])), style.hand, pen, base, rng)
    for place, tile in enumerate(tiles):
        before, left = canvas.copy(), len(text) - place - 1
        height = BASE * style.size * float(rng.normal(1.0, 0.07))
        if left < len(style.chain):
            end = chained(canvas, style, left, pen, base)
            pen = pen if left else end + float(rng.uniform(0, 6))
        else:
            pen = set_digit(canvas, tile, height, (text, place), (pen, base), style, rng)
        owner[canvas > before + 0.1] = place + 1
        if left < len(style.chain):
            continue
        pen += (rng.normal(*gap)) * BASE / 20
        if style.separator and left > 1 and (left % 2 if style.lakh else not left % 3):
            pen = add_mark(canvas, style.separator, style.hand, pen + 1, base, rng)
    if rng.random() < 0.45:
        for symbol in str(rng.choice([",", ".", "-", ".-", "=", ".=", "/-", ",-", "--"])):
            pen = add_mark(canvas, symbol, style.hand, pen + rng.uniform(0, 6), base, rng)
    owner[(canvas > 0.2) & (owner == 0)] = MARK
    x, y, w, h = cv2.boundingRect((canvas > 0.2).view(np.uint8))
    return canvas[y : y + h, x : x + w], owner[y : y + h, x : x + w]


def chained(canvas: Float, style: Style, left: int, pen: float, base: float) -> float:
    """Write one zero of a chain, `left` more to come; returns where it ends."""
    path = style.chain[-left - 1] + np.array([pen, base], np.float32)
    strokes.draw_paths(canvas, [path], max(2.0, style.hand.pen * BASE))
    return float(path[:, 0].max())


def set_digit(
    canvas: Float,
    tile: Float,
    height: float,
    which: tuple[str, int],
    at: tuple[float, float],
    style: Style,
    rng: np.random.Generator,
) -> float:
    """Write a digit `height` pixels tall; `which` are the number and its place, `at` pen and base.

    Returns where the pen goes on.
    """
    (text, place), (pen, base) = which, at
    is_small = style.small_zero and text[place] == "0"
    if is_small and place >= len(text) - 3:
        height *= float(rng.uniform(0.55, 0.8))
    rise = float(rng.normal(0, 0.05)) * BASE
    if style.tall and not place:
        height *= float(rng.uniform(1.2, 1.8))
        rise -= 0.3 * (height - BASE)
    ink = shaped(tile, height, style.shear, style.edge)
    if is_small:
        ink = cv2.resize(ink, None, fx=style.flat_zero, fy=1.0, interpolation=cv2.INTER_LINEAR)
    top = base - rise - ink.shape[0]
    if text[place - 1 : place + 1] == "00" and place:
        if style.linked:
            link(canvas, pen, top, style.hand, rng)
        elif style.crossing:
            pen -= float(rng.uniform(0.1, 0.45)) * ink.shape[1]
    pen = beside(canvas, ink, pen, top)
    pen += paste(canvas, ink, pen, top)
    if style.overhang and text[place] in "57":
        pen -= float(rng.uniform(0, 0.4)) * ink.shape[1]
    return pen


def shaped(tile: Float, height: float, shear: float, edge: float) -> Float:
    """Bring a glyph to a height in pixels and slant it; a higher `edge` makes the pen finer."""
    ink = trim(tile)
    scale = height / 20.0
    h, w = ink.shape
    lean = shear * h * scale
    matrix = np.array([[scale, -shear * scale, max(lean, 0.0) + 1], [0, scale, 1]], np.float64)
    size = (int(w * scale + abs(lean)) + 3, int(h * scale) + 3)
    out = cv2.warpAffine(ink, matrix, size, flags=cv2.INTER_LINEAR)
    return trim(np.clip((out - edge) / 0.5, 0, 1)) if out.max() > 0.5 else trim(out)


def beside(canvas: Float, ink: Float, x: float, y: float) -> float:
    """Move a digit to the right until at most a quarter of its ink lies on ink; returns x.

    A 1 written into the stem of the 4 before it made numbers that say less than their truth:
    they were the surest "mistakes" and ended what the confidence could promise.
    """
    written, mass = ink > 0.5, max(int((ink > 0.5).sum()), 1)
    top = int(np.clip(y, 0, canvas.shape[0] - ink.shape[0]))
    under = canvas[top : top + ink.shape[0]] > 0.5
    while True:
        left = int(max(x, 0))
        place = under[:, left : left + ink.shape[1]]
        if (place & written[:, : place.shape[1]]).sum() <= HIDDEN * mass:
            return x
        x += 1.0


def paste(canvas: Float, ink: Float, x: float, y: float) -> float:
    """Write ink onto the canvas at a place; returns its width."""
    left, top = int(max(x, 0)), int(np.clip(y, 0, canvas.shape[0] - ink.shape[0]))
    place = canvas[top : top + ink.shape[0], left : left + ink.shape[1]]
    np.maximum(place, ink[:, : place.shape[1]], out=place)
    return float(ink.shape[1])


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


DRAWN = {"1": 0.7, "7": 0.7, "9": 0.7, "5": 0.7, "4": 0.7, "2": 0.6, "0": 0.4}
"""How often a digit is drawn in a number with drawn digits; others a third."""
LENGTHS = {1: 0.06, 2: 0.1, 3: 0.14, 4: 0.2, 5: 0.2, 6: 0.15, 7: 0.08, 8: 0.07}
"""How often composed numbers have each count of digits."""


def random_text(rng: np.random.Generator, lengths: tuple[int, ...] = tuple(LENGTHS)) -> str:
    """Make up a number of 1 to 8 digits, with runs of zeros as amounts have."""
    weights = np.array([LENGTHS[n] for n in lengths])
    length = int(rng.choice(lengths, p=weights / weights.sum()))
    digits = rng.integers(10, size=length)
    if length > 2 and rng.random() < 0.3:
        digits[-int(rng.integers(1, length)) :] = 0
    return "".join(map(str, digits))


def compose(
    glyphs: Float,
    labels: np.ndarray,
    rng: np.random.Generator,
    text: str | None = None,
) -> Composed:
    """Compose one number from one writer's glyphs: images (N, 28, 28), labels (N,).

    In 40 % of the numbers some digits are drawn by the stroke model, mostly those whose
    forms differ between countries; so is a digit that the writer has not written. In 60 %, with
    hands that bend their forms, and in 27 epochs instead of 22, the strip reader learned nothing
    that real amounts gained from: 562 of 677 right in the end, 575 as it is.
    """
    text = random_text(rng) if text is None else text
    hand = strokes.random_hand(rng, continental=rng.random() < 0.75)
    drawing = rng.random() < 0.4
    tiles = []
    for symbol in text:
        mine = np.flatnonzero(labels == int(symbol))
        sketched = drawing and rng.random() < DRAWN.get(symbol, 0.33)
        if len(mine) and not sketched:
            tiles.append(glyphs[mine[int(rng.integers(len(mine)))]])
        else:
            sketch = trim(bend(strokes.draw_symbol(symbol, hand, rng, 40), rng, 0.8))
            zoom = 19 / max(sketch.shape)
            tiles.append(cv2.resize(sketch, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA))
    mean = float(rng.choice(GAPS, p=GAP_SHARES))
    ink, owner = write_number(text, tiles, (mean, 1.6), rng)
    stretch = float(np.exp(np.clip(rng.normal(*STRETCH), -0.3, 0.45)))
    ink = cv2.resize(ink, None, fx=stretch, fy=1.0, interpolation=cv2.INTER_LINEAR)
    image, inside = on_paper(ink, rng)
    whose = np.zeros(image.shape, np.uint8)
    size = (inside.width, inside.height)
    part = cv2.resize(owner, size, interpolation=cv2.INTER_NEAREST)
    whose[inside.y : inside.bottom, inside.x : inside.right] = part
    return Composed(image, text, mean < 0, whose)
