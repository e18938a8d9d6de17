"""E-13B, the printed characters of a cheque's code line, as squares of their grid.

Where the figures come from. Trade descriptions of the standard (ISO 1004, ANSI X9.27) give a
grid of 0.013 in squares, nine high and seven wide, characters at least four squares wide and,
all but on-us and dash, 0.117 in high, and 1/8 in to a character. The drawings of the standard
itself were not at hand. What is inked was measured on print for the digits, transit and on-us:
1,431 characters of the code lines of 53 real cheques were laid over each other, a quarter of
a square is inked where their mean is darker than half. The drawn shapes correlate with these
means by 0.963 (0) to 0.981 (1); 11 of 3,024 quarters, all at corners, lie too near to half to
tell (0.43 to 0.63). Amount and dash were not among them: their squares were written down with
the outlines of the GnuMICR font (GPL 2) seen, and no print has confirmed them.
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
    "0": "▗#####▖ #▘...▝# #.....# #.....# #.....# #.....# #.....# #▖...▗# ▝#####▘",
    "1": "...##.. ...▀#.. ....#.. ....#.. ....#.. ...#### ...#### ...#### ...####",
    "2": "...#### ......# ......# ......# ...#### ...#... ...#... ...#... ...####",
    "3": "..####. .....#. .....#. .....#. ..####▄ .....## .....## .....## ..#####",
    "4": ".##.... .##.... .##.... .##.... .##.... .##..## .###### .....## .....##",
    "5": "..##### ..#.... ..#.... ..#.... ..##### ......# ......# ......# ..#####",
    "6": ".####.. .#..#.. .#..▀.. .#..... .#..... .###### .#....# .#....# .######",
    "7": "..##### ..#...# ..#...# .....▗# ....#▛▘ ....#.. ....#.. ....#.. ....#..",
    "8": ".#####. .#...#. .#...#. .#...#. ▄#####▄ ##...## ##...## ##...## #######",
    "9": ".###### .#....# .#....# .#....# .###### .....## .....## .....## .....##",
    TRANSIT: "....### ▄▄..### ##..### ##..... ##..... ##..... ##..### ▀▀..### ....###",
    AMOUNT: ".....## .....## ...#.## ...#.## ...#... ##.#... ##.#... ##..... ##.....",
    ON_US: "....... ....### #.#.### #.#.### #.#.### #.#.... #.#.... #.#.... .......",
    DASH: "....... ....... ....... ##.##.# ##.##.# ##.##.# ##.##.# ....... .......",
}
"""Rows of every character from top to bottom: `#` ink, `.` paper, and of the others the part
of the square that is drawn black (`▀` its upper half)."""
QUARTERS = {
    "#": (1, 1, 1, 1),
    ".": (0, 0, 0, 0),
    "▀": (1, 1, 0, 0),
    "▄": (0, 0, 1, 1),
    "▘": (1, 0, 0, 0),
    "▝": (0, 1, 0, 0),
    "▖": (0, 0, 1, 0),
    "▗": (0, 0, 0, 1),
    "▛": (1, 1, 1, 0),
}
"""Ink in the quarters of a square: upper left and right, lower left and right."""
ALPHABET = "".join(SQUARES)


@cache
def shape(symbol: str, module_px: int) -> Float:
    """Draw one character: float32 (9, 7) squares of `module_px`, 0 paper to 1 ink."""
    squares = [[QUARTERS[mark] for mark in row] for row in SQUARES[symbol].split()]
    quarters = np.array(squares, np.float32).reshape(ROWS, COLUMNS, 2, 2)
    halves = quarters.transpose(0, 2, 1, 3).reshape(2 * ROWS, 2 * COLUMNS)
    size = (COLUMNS * module_px, ROWS * module_px)
    return cv2.resize(halves, size, interpolation=cv2.INTER_NEAREST)
