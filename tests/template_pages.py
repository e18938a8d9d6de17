"""Numbers and pages of boxes in the hand that the model of templates reads."""

from __future__ import annotations

import cv2
import numpy as np
from template_model import write_digit

from formreader.document import Float, Grey, Page, Reading
from formreader.pipeline import Options, Reader

DPI = 200.0
BOX = 48
"""Side of a box in pixels: 6 mm."""


def page_of(image: Grey, source: str = "a.png", number: int = 1) -> Page:
    return Page(source, number, image, DPI)


def ink_on(image: Grey, ink: Float, x: int, y: int) -> None:
    place = image[y : y + ink.shape[0], x : x + ink.shape[1]]
    place[:] = np.minimum(place, (255 - 215 * ink[:, : place.shape[1]]).astype(np.uint8))


def number_image(text: str, gap_px: int = 12, height_px: int = 40) -> Grey:
    """Draw a pre-cut number."""
    tiles = [write_digit(symbol, place, height_px) for place, symbol in enumerate(text)]
    width = sum(tile.shape[1] + gap_px for tile in tiles) + 40
    image = np.full((height_px + 40, width), 240, np.uint8)
    pen = 20
    for tile in tiles:
        ink_on(image, tile, pen, 20 + height_px - tile.shape[0])
        pen += tile.shape[1] + gap_px
    return image


def form(*rows: str) -> Grey:
    """Draw a page with a row of boxes for each text; a blank leaves its box empty."""
    image = np.full((800, 1000), 252, np.uint8)
    for line in range(4):
        words = "the numbers below are kept by this office"[line:]
        cv2.putText(image, words, (80, 40 + 28 * line), 0, 0.6, 40, 1, cv2.LINE_AA)
    for line, text in enumerate(rows):
        top, left = 150 + 160 * line, 300
        for index, symbol in enumerate(text):
            x = left + index * BOX
            image[top : top + BOX, x : x + 2] = image[top : top + BOX, x + BOX : x + BOX + 2] = 60
            image[top : top + 2, x : x + BOX] = image[top + BOX : top + BOX + 2, x : x + BOX] = 60
            if symbol == "X":
                cross = np.eye(26, dtype=np.float32)
                ink_on(image, np.maximum.reduce([cross, np.roll(cross, 1, 0)]), x + 11, top + 11)
                cross = cross[::-1]
                ink_on(image, np.maximum.reduce([cross, np.roll(cross, 1, 0)]), x + 11, top + 11)
            elif symbol != " ":
                # no hand writes two digits equally high, nor on one line
                tile = write_digit(symbol, index, 25 + 3 * (7 * index % 4))
                rise = (5 * index + line) % 7
                ink_on(image, tile, x + 2 + (BOX - tile.shape[1]) // 2, top + 6 + rise)
    return image


def read_field(image: Grey, options: Options | None = None) -> Reading:
    result = Reader(options or Options(form="field")).read_page(page_of(image))
    [reading] = result.readings
    return reading
