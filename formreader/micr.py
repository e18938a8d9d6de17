"""E-13B, the printed characters of a cheque's code line, as squares of their grid.

Where the figures come from. Trade descriptions of the standard (ISO 1004, ANSI X9.27) give a
grid of 0.013 in squares, nine high and seven wide, characters 0.117 in high and at least four
squares wide, and 1/8 in to a character. The drawings of the standard itself were not at hand.
Which squares are inked was written down in whole squares, with the outlines of the GnuMICR
font (GPL 2) and prints of the characters seen beforehand; so it is no independent derivation.
What the standard rounds or places by half squares is left to the blur of the recognizer.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from formreader.document import Float

MODULE_IN = 0.013
"""Side of a square of the grid in inches: the width of a thin bar."""
ROWS, COLUMNS = 9, 7
"""Squares in the grid; a character is aligned at its right edge."""
PITCH = 0.125 / MODULE_IN
"""Distance between the right edges of neighbours, in squares."""
TRANSIT, AMOUNT, ON_US, DASH = "⑆", "⑇", "⑈", "⑉"
"""The four symbols, U+2446 to U+2449 (the Unicode chart says which is which: it notes that
its own names for them are mixed up)."""

SYMBOLS = TRANSIT + AMOUNT + ON_US + DASH

SQUARES = {
    "0": ".#####. #.....# #.....# #.....# #.....# #.....# #.....# #.....# .#####.",
    "1": "...##.. ....#.. ....#.. ....#.. ....#.. ...#### ...#### ...#### ...####",
    "2": "...#### ......# ......# ......# ...#### ...#... ...#... ...#... ...####",
    "3": "..####. .....#. .....#. .....#. ..####. .....## .....## .....## ..#####",
    "4": ".##.... .##.... .##.... .##.... .##.... .##..## .###### .....## .....##",
    "5": "..##### ..#.... ..#.... ..#.... ..##### ......# ......# ......# ..#####",
    "6": ".####.. .#..#.. .#..... .#..... .#..... .###### .#....# .#....# .######",
    "7": "..##### ..#...# ..#...# ......# ....### ....#.. ....#.. ....#.. ....#..",
    "8": ".#####. .#...#. .#...#. .#...#. .#####. ##...## ##...## ##...## #######",
    "9": ".###### .#....# .#....# .#....# .###### .....## .....## .....## .....##",
    TRANSIT: "....### ##..### ##..### ##..... ##..... ##..... ##..### ##..### ....###",
    AMOUNT: ".....## .....## ...#.## ...#.## ...#... ##.#... ##.#... ##..... ##.....",
    ON_US: "....... ....### #.#.### #.#.### #.#.### #.#.... #.#.... #.#.... .......",
    DASH: "....... ....... ....... ##.##.# ##.##.# ##.##.# ##.##.# ....... .......",
}
"""Rows of every character from top to bottom, `#` ink."""
ALPHABET = "".join(SQUARES)


@cache
def shape(symbol: str, module_px: int) -> Float:
    """Draw one character: float32 (9, 7) squares of `module_px`, 0 paper to 1 ink."""
    rows = [[mark == "#" for mark in row] for row in SQUARES[symbol].split()]
    size = (COLUMNS * module_px, ROWS * module_px)
    return cv2.resize(np.array(rows, np.float32), size, interpolation=cv2.INTER_NEAREST)
