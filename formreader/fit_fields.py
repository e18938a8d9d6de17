"""Compose the fields of each kind on which a confidence is fitted.

A sixteenth of them are no numbers at all, so that junk has a price.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from formreader import calibrate, pipeline
from formreader.compose import compose, random_text, shaped
from formreader.document import FieldImage, FieldSpec, Float, Kind, Rect
from formreader.ink import INK_LEVEL, darkness_of
from formreader.junk import NO_NUMBER, make_junk, trim
from formreader.paper import background, on_paper

JUNK_SHARE = 1 / 16
SPOILING = (*NO_NUMBER, "two digits")
"""Kinds of junk that spoil a box."""

RIM = 0.06
"""Least distance, in box heights, of a digit from the edge of its box: what comes nearer runs out
of it to the reader, goes to a person, and says nothing of what may be accepted."""

Maker = Callable[[Float, NDArray[np.int64], np.random.Generator], tuple[FieldImage, str | None]]


def free_field(
    glyphs: Float, labels: NDArray[np.int64], rng: np.random.Generator
) -> tuple[FieldImage, str | None]:
    """Compose a number on paper, or now and then something that is none."""
    if rng.random() > JUNK_SHARE:
        number = compose(glyphs, labels, rng)
        return pipeline.whole_image(number.image), number.text
    pieces = make_junk(glyphs, labels, int(rng.integers(1, 4)), rng, NO_NUMBER)
    tall = [cv2.resize(p, (max(3, p.shape[1] * 32 // p.shape[0]), 32)) for p in pieces]
    image, _ = on_paper(np.concatenate([p[:, :96] for p in tall], 1), rng)
    return pipeline.whole_image(image), None


def boxed_field(
    glyphs: Float, labels: NDArray[np.int64], rng: np.random.Generator
) -> tuple[FieldImage, str | None]:
    """Compose a number in boxes whose lines are taken out; now and then one box is junk."""
    text = random_text(rng)
    side = int(np.exp(rng.uniform(np.log(18), np.log(70))))
    page = np.zeros((side, side * len(text)), np.float32)
    spoiled = rng.random() < JUNK_SHARE
    victim = int(rng.integers(len(text)))
    shear, edge = float(rng.normal(0, 0.1)), float(rng.uniform(0.1, 0.45))
    for place, symbol in enumerate(text):
        own = np.flatnonzero(labels == int(symbol))
        tile = glyphs[own[int(rng.integers(len(own)))]] if len(own) else glyphs[0]
        if not len(own):
            text = text[:place] + str(labels[0]) + text[place + 1 :]
        if spoiled and place == victim:
            tile = make_junk(glyphs, labels, 1, rng, SPOILING)[0]
            tile = tile * np.float32(1 / max(float(tile.max()), 0.1))
            zoom = 20 / max(trim(tile).shape)
            tile = cv2.resize(tile, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA)
        ink = shaped(tile, side * float(rng.uniform(0.45, 0.85)), shear, edge)[:side, :side]
        left = place * side + int(rng.uniform(0.2, 0.8) * (side - ink.shape[1]))
        room = side - ink.shape[0]
        top = int(rng.uniform(min(RIM * side, room / 2), max(room - RIM * side, room / 2)))
        patch = page[top : top + ink.shape[0], left : left + ink.shape[1]]
        np.maximum(patch, ink, out=patch)
    paper = float(rng.uniform(170, 250))
    depth = float(rng.uniform(0.3, 0.9)) * paper
    blurred = cv2.GaussianBlur(page, (0, 0), float(rng.uniform(0.3, 0.9)) * max(1.0, side / 40))
    grey = paper + 0.4 * background(page.shape, side, paper, rng) - depth * blurred
    grey = grey + rng.normal(0, rng.uniform(0.5, 6), grey.shape)
    image = np.clip(grey, 0, 255).astype(np.uint8)
    darkness, _ = darkness_of(image)
    cells = tuple(Rect(i * side, 0, side, side) for i in range(len(text)))
    spec = FieldSpec("boxes", Kind.BOXES, len(text))
    whole = Rect(0, 0, image.shape[1], side)
    return FieldImage(spec, whole, image, darkness > INK_LEVEL, cells), None if spoiled else text


MAKERS: dict[str, tuple[Maker, int]] = {
    calibrate.FREE: (free_field, 11),
    calibrate.CELLS: (boxed_field, 12),
}
"""What makes a field of each kind, and the number that tells its random draws from others'."""
