"""Amounts as they are written on cheques, composed from single digits of one writer.

A frame on woven print with a currency sign, in it figures with separators in the Indian or
the western way, or none, and what closes them (`/-`). Truth is known exactly. Used to fit the
confidence of amounts and to test it; never contains a real cheque.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from formreader import binarize, cheque_signs, rules, strokes
from formreader import compose as numbers
from formreader.augment import bend
from formreader.cheque_profiles import INDIA, US, Profile
from formreader.cheque_values import borders
from formreader.compose_zeros import chain_zeros, link
from formreader.document import FieldImage, FieldSpec, Float, Frame, Grey, Kind, Mask, Rect
from formreader.junk import NO_NUMBER, make_junk, trim
from formreader.paper import BASE, background, noisy

SPOILT = 1 / 16
"""Share of amounts in which something that is no digit stands in a digit's place."""
LENGTHS = {3: 0.04, 4: 0.1, 5: 0.2, 6: 0.3, 7: 0.24, 8: 0.12}
"""How often amounts have each count of digits before the decimals."""
ENDS = {"/-": 0.4, "": 0.36, "-": 0.07, "=": 0.05, "/=": 0.05, "//": 0.03, "--": 0.04}
"""How often amounts close with each mark; chosen."""
FRAME_MM = ((7.5, 12.0), (44.0, 62.0))
"""Height and width of frames in millimetres; those of three banks' cheques are 8 to 10 high."""
DIGIT_MM = (2.8, 5.2)
"""Height of digits in millimetres."""
AROUND_MM = 6.0
"""Paper around a frame in millimetres."""
OUT, SPECK_MM = 0.25, 0.22
"""As `locate_cheque` and `locate_page` have them: how far writing may stand out of its frame, in
frame heights, and the side of the smallest spot kept, in millimetres."""


@dataclass(frozen=True, slots=True, eq=False)
class ChequeAmount:
    """The frame of an amount as it is cut from a cheque, and what stands in it.

    `text` has a point before decimals; it is None where the figures are spoilt.
    """

    frame: Frame
    profile: Profile
    written: str
    text: str | None


def compose_amount(
    glyphs: Float, labels: NDArray[np.int64], rng: np.random.Generator
) -> ChequeAmount:
    """Compose one amount from one writer's glyphs: images (N, 28, 28), labels (N,)."""
    profile = INDIA if rng.random() < 0.65 else US
    written, text = random_amount(profile, rng)
    spoilt = rng.random() < SPOILT
    victim = int(rng.choice([i for i, s in enumerate(written) if s.isdigit()])) if spoilt else -1
    ink = write(written, glyphs, labels, rng, victim)
    frame = on_cheque(ink, "₹" if profile is INDIA else "$", rng)
    return ChequeAmount(frame, profile, written, None if spoilt else text)


def random_amount(profile: Profile, rng: np.random.Generator) -> tuple[str, str]:
    """Make up an amount: as it is written, with marks, and its digits with a decimal point."""
    length = int(rng.choice(list(LENGTHS), p=list(LENGTHS.values())))
    digits = rng.integers(10, size=length)
    digits[0] = rng.integers(1, 10)
    if rng.random() < 0.6:
        digits[length - int(rng.integers(1, length)) :] = 0
    text = "".join(map(str, digits))
    style = rng.random()
    groups = profile.groups[0] if style < 0.65 else (3,)
    marked = "," if rng.random() < 0.85 else "."
    written = text if style > 0.8 else separated(text, groups, marked)
    if rng.random() < (0.04 if profile is INDIA else 0.25):
        minor = f"{int(rng.integers(100)):02}"
        return f"{written}.{minor}", f"{text}.{minor}"
    end = str(rng.choice(list(ENDS), p=list(ENDS.values())))
    return written + end, text


def separated(text: str, groups: tuple[int, ...], mark: str) -> str:
    """Write digits with a mark at every place where one can stand."""
    cuts = [len(text) - right for right in reversed(borders(groups, len(text), False))]
    edges = [0, *cuts, len(text)]
    return mark.join(text[a:b] for a, b in pairwise(edges))


def write(
    written: str, glyphs: Float, labels: NDArray[np.int64], rng: np.random.Generator, victim: int
) -> Float:
    """Write an amount: float32 darkness (H, W) at digit height 32; `victim` is spoilt.

    One hand in five links its zeros, and half of those the slash to the last zero.
    """
    hand = strokes.random_hand(rng, continental=rng.random() < 0.6)
    drawing = rng.random() < 0.35
    canvas = np.zeros((3 * BASE, (len(written) + 6) * 2 * BASE), np.float32)
    pen, base = float(BASE), 2.0 * BASE
    shear, edge = float(rng.normal(0.08, 0.16)), float(rng.uniform(0.1, 0.45))
    mean = float(rng.choice([5.0, 3.0, 1.0, -1.0], p=[0.4, 0.3, 0.2, 0.1]))
    linked, chained, small_zero = (rng.random(3) < (0.2, 0.55, 0.2)).tolist()
    for place, symbol in enumerate(written):
        if symbol == " ":
            continue
        if not symbol.isdigit():
            close = linked and symbol == "/" and rng.random() < 0.5
            pen += -0.25 * BASE if close else float(rng.normal(1.0, 2.0)) * BASE / 20
            if symbol == ".":  # one that hides in a digit would make the truth a lie
                pen = max(pen, float(np.flatnonzero(canvas.max(axis=0) > 0.5)[-1]) + 2)
            pen = numbers.add_mark(canvas, symbol, hand, pen, base, rng)
            continue
        run = zeros_here(written, place)
        if linked and chained and victim < 0 and run > 1:
            if place == 0 or written[place - 1] != "0":
                at = np.array([pen, base], np.float32)
                chain = [path + at for path in chain_zeros(run, hand, rng)]
                strokes.draw_paths(canvas, chain, max(2.0, hand.pen * BASE))
                pen = float(chain[-1][:, 0].max()) + float(rng.uniform(0, 6))
            continue
        if place == victim:
            tile = make_junk(glyphs, labels, 1, rng, NO_NUMBER)[0]
            tile = tile * np.float32(1 / max(float(tile.max()), 0.1))
        else:
            tile = tile_of(symbol, glyphs, labels, hand, rng, drawing)
        height = BASE * float(rng.normal(1, 0.07)) * (0.75 if small_zero and symbol == "0" else 1)
        ink = numbers.shaped(tile, height, shear, edge)[: 2 * BASE]
        top = base - float(rng.normal(0, 0.05)) * BASE - ink.shape[0]
        if linked and symbol == "0" and written[place - 1 : place] == "0":
            link(canvas, pen, top, hand, rng)
        pen = numbers.beside(canvas, ink, pen, top)
        pen += numbers.paste(canvas, ink, pen, top) + float(rng.normal(mean, 1.6)) * BASE / 20
    x, y, w, h = cv2.boundingRect((canvas > 0.2).view(np.uint8))
    return canvas[y : y + h, x : x + w]


def zeros_here(written: str, place: int) -> int:
    """Return the length of the run of zeros at a place, 0 where another symbol stands."""
    if written[place] != "0":
        return 0
    before = len(written[:place]) - len(written[:place].rstrip("0"))
    after = len(written[place:]) - len(written[place:].lstrip("0"))
    return before + after


def tile_of(
    symbol: str,
    glyphs: Float,
    labels: NDArray[np.int64],
    hand: strokes.Hand,
    rng: np.random.Generator,
    drawing: bool,
) -> Float:
    """Take a digit from the writer's, or draw it where it is missing or `drawing` asks for it."""
    own = np.flatnonzero(labels == int(symbol))
    if len(own) and not (drawing and rng.random() < numbers.DRAWN.get(symbol, 0.33)):
        return np.asarray(glyphs[own[int(rng.integers(len(own)))]], np.float32)
    sketch = trim(bend(strokes.draw_symbol(symbol, hand, rng, 40), rng, 0.8))
    zoom = 19 / max(sketch.shape)
    return np.asarray(cv2.resize(sketch, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA))


def on_cheque(ink: Float, sign: str, rng: np.random.Generator) -> Frame:
    """Put figures into a frame with a currency sign, scan it and cut it out."""
    mm = float(rng.choice([200, 240, 300])) / 25.4
    high, wide = (float(rng.uniform(*span)) * mm for span in FRAME_MM)
    room = (wide - 9 * mm) / ink.shape[1], (high + mm) / ink.shape[0]
    scale = min(float(rng.uniform(*DIGIT_MM)) * mm / BASE, *room)
    size = (max(8, round(ink.shape[1] * scale)), max(8, round(ink.shape[0] * scale)))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = cv2.resize(ink, size, interpolation=method)
    box = Rect(round(AROUND_MM * mm), round(AROUND_MM * mm), round(wide), round(high))
    shape = (box.bottom + round(AROUND_MM * mm), box.right + round(AROUND_MM * mm))
    rule = np.zeros(shape, np.uint8)
    corner = (box.right - 1, box.bottom - 1)
    cv2.rectangle(rule, (box.x, box.y), corner, 1, max(1, round(rng.uniform(0.2, 0.4) * mm)))
    page = rule * np.float32(rng.uniform(0.5, 0.9))
    draw_sign(page, sign, (box.x + 1.2 * mm, box.y + 0.3 * high), 0.4 * high, rng)
    x = box.x + round(6 * mm + rng.uniform(0, max(1.0, wide - 8 * mm - size[0])))
    y = box.y + round((0.5 + rng.normal(0, 0.06)) * high) - size[1] // 2
    part = page[y : y + size[1], x : x + size[0]]
    np.maximum(part, small[: part.shape[0], : part.shape[1]], out=part)
    soft = cv2.GaussianBlur(page, (0, 0), float(rng.uniform(0.4, 0.9)) * max(1.0, mm / 10))
    return cut_out(scanned(soft, mm, rng), rule > 0, box, mm)


def cut_out(image: Grey, rule: Mask, box: Rect, mm: float) -> Frame:
    """Cut a frame out as `locate_cheque` does; `rule` bool (H, W) is where it was drawn."""
    dark = binarize.darkness(image, mm)
    inside = np.zeros(image.shape, bool)
    inside[box.y : box.bottom, box.x : box.right] = True
    strong = dark[inside & (dark > binarize.LEAST_INK)]
    level = float(np.percentile(strong, 90)) if strong.size else binarize.USUAL_INK
    near = cv2.dilate(rule.view(np.uint8), np.ones((5, 5), np.uint8)).view(np.bool_)
    ink = rules.without_rules(binarize.ink_mask(dark, level), near, near)
    _, labels = cv2.connectedComponents(ink.view(np.uint8), connectivity=8)
    area, within = (
        np.bincount(labels.ravel()),
        np.bincount(labels[inside], minlength=labels.max() + 1),
    )
    kept = (within >= 0.5 * area) & (area >= (SPECK_MM * mm) ** 2)
    kept[0] = False
    out = round(OUT * box.height)
    rect = Rect(box.x, box.y - out, box.width + out, box.height + 2 * out)
    part = (slice(rect.y, rect.bottom), slice(rect.x, rect.right))
    field = FieldImage(
        FieldSpec("amount", Kind.CELL),
        rect,
        np.ascontiguousarray(image[part]),
        np.ascontiguousarray(kept[labels][part]),
    )
    return Frame(field, dark[part], dark[box.y : box.bottom, box.x - 1 : box.x], box.height)


def draw_sign(
    page: Float, sign: str, place: Sequence[float], height: float, rng: np.random.Generator
) -> None:
    """Print a currency sign at a place and of a height in pixels."""
    shape, aspect = cheque_signs.SIGNS[sign]
    thick = max(1, round(float(rng.uniform(0.09, 0.15)) * height))
    for stroke in shape:
        points = np.array(stroke, np.float64) / 100 * (aspect * height, height) + place
        cv2.polylines(page, [np.rint(points).astype(np.int32)], False, 1.0, thick)


def scanned(ink: Float, mm: float, rng: np.random.Generator) -> Grey:
    """Put ink on paper, in half the pictures with woven print, and scan it: grey uint8 (H, W)."""
    paper = float(rng.uniform(170, 250))
    depth = float(rng.uniform(0.45, 0.95)) * paper
    page = paper + 0.8 * background(ink.shape, 4 * mm, paper, rng) - depth * ink
    return noisy(page, 5, 0.5, (50, 92), rng)
