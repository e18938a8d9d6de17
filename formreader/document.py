"""The nouns that pass between the stages: pages, fields, glyphs, characters, readings.

All are frozen; a stage returns the next noun and changes nothing in place.
Arrays are `[row, column]`, points `(x, y)`, angles counter-clockwise, pages counted from 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import reduce

import numpy as np
from numpy.typing import NDArray

DATE_BOXES = 8
"""Boxes of a date: two for the day, two for the month, four for the year."""
SHORT_DATE_BOXES = 6
"""Boxes of a date whose year has two."""
Grey = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Float = NDArray[np.float32]


class Status(StrEnum):
    """What is to be done with a reading."""

    ACCEPTED = "accepted"
    REVIEW = "review"
    BLANK = "blank"
    FAILED = "failed"


class Reason(StrEnum):
    """Why a reading needs a person; the value is the sentence shown to them."""

    LOW_CONFIDENCE = "low confidence"
    TOUCHING = "touching characters"
    NOT_A_DIGIT = "not a digit"
    WRONG_LENGTH = "wrong length"
    STRUCK_OUT = "struck out or overwritten"
    EMPTY_BOX_INSIDE = "empty box between digits"
    SPILT = "ink runs out of its box"
    LINE_OR_ONE = "first or last stroke may be a line"
    READERS_DISAGREE = "readers disagree"
    NOT_A_FIELD = "may not be a handwritten number"
    FAINT = "faint ink"
    PALER = "one stroke is much paler than the others"
    UNREAD = "a printed character could not be read"
    STRAY_INK = "ink over the printed line"
    UNKNOWN_LAYOUT = "code line of an unknown layout"
    CUT_OFF = "may not be all of it"
    SEVERAL = "may be several numbers side by side"
    CHECK_DIGIT = "check digit failed"
    NO_SUCH_DATE = "no such date"
    SLASH_OR_ONE = "a stroke may part day, month and year or be a digit"
    LONG_STROKE = "a long stroke may be a slash, a bracket or a digit"
    FAR_DATE = "date too long ago or too far ahead"
    GROUPING = "commas and digits do not fit together"
    NOT_FOUND = "its place was not found on the cheque"
    WORDS = "amount in words: compare it with the figures"
    MISFIT = "does not fit the form"
    NARROWED = "changed to what fits the form"
    RULE = "does not agree with other fields"
    JOINT = "changed so that each value of the form's list stands once"
    TWICE = "read in another field too, where each value of the list stands once"
    MISSING = "must not be empty"
    PLACE = "may not be at its place: the page differs from the form here"
    UNNAMED = "the code that names the form was not found on the page"
    NO_CODE = "the code could not be read"
    SEVERAL_CODES = "several codes lie here"
    UNCHECKED_CODE = "a code without a check digit: compare it with the picture"


class Kind(StrEnum):
    """How a field is laid out on paper."""

    COMB = "comb"
    BOXES = "boxes"
    CELL = "cell"
    LINE = "line"
    FREE = "free"
    CHECKBOX = "checkbox"
    BARCODE = "barcode"


@dataclass(frozen=True, slots=True)
class Rect:
    """A rectangle in pixels: left, top, width, height."""

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """Return the first column beyond the rectangle."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """Return the first row beyond the rectangle."""
        return self.y + self.height

    def joined(self, other: Rect) -> Rect:
        """Return the smallest rectangle around both."""
        x, y = min(self.x, other.x), min(self.y, other.y)
        right, bottom = max(self.right, other.right), max(self.bottom, other.bottom)
        return Rect(x, y, right - x, bottom - y)

    def moved(self, dx: int, dy: int) -> Rect:
        """Return the rectangle shifted by whole pixels."""
        return Rect(self.x + dx, self.y + dy, self.width, self.height)


def union(rects: list[Rect]) -> Rect:
    """Return the smallest rectangle around one or more rectangles."""
    return reduce(Rect.joined, rects)


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """One page as loaded: `image` uint8 (H, W), 0 black to 255 white."""

    source: str
    number: int
    image: Grey
    dpi: float


@dataclass(frozen=True, slots=True, eq=False)
class Registration:
    """How the upright page lies on the loaded one.

    `matrix` (3, 3) float64 takes upright pixels to loaded pixels; `skew_deg` is the fine
    rotation that was taken out and `turns` the quarter turns, both counter-clockwise. `bend`
    (10, 2) is what bent paper adds to upright pixels before that, as powers up to the third
    degree over a page of `size` (width, height). `doubted` names fields around which the page
    differs from its form; `unnamed` tells that the code which names the form was not found,
    `heads_down` that no more of its words have their heads above than below on the loaded page.
    """

    matrix: NDArray[np.float64]
    skew_deg: float
    turns: int
    residual_mm: float = 0.0
    doubted: frozenset[str] = frozenset()
    unnamed: bool = False
    heads_down: bool = False
    bend: NDArray[np.float64] | None = None
    size: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """What is known of a field before it is read; `length` 0 means any length.

    `fits` tells which strings of digits a form allows; `filler` that empty boxes before the
    number may be struck out; `needed` that the field must not be empty; `vouched` that the form
    would tell most wrong values; `parted` that print was taken out between its digits.
    """

    name: str
    kind: Kind
    length: int = 0
    fits: Callable[[str], bool] | None = None
    filler: bool = False
    needed: bool = False
    vouched: bool = False
    parted: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class FieldImage:
    """One field cut out of an upright page: `rect` in its pixels, `image` uint8 (H, W) grey.

    `ink` bool lacks printed lines, `cells` are its boxes. `doubt` in 0…1 is how much it looks like
    print, `print_like` at least how much before its characters were found uneven, `pale` the doubt
    but for paler ink, `penned` what a hand's shapes leave, `like_print` their logit of print.
    """

    spec: FieldSpec
    rect: Rect
    image: Grey
    ink: Mask
    cells: tuple[Rect, ...] = ()
    doubt: float = 0.0
    flat: tuple[Float, float] | None = None  # `ink.darkness_of(image)`, if known
    print_like: float = 0.0
    pale: float | None = None
    penned: float | None = None
    like_print: float = 0.0

    @property
    def is_print(self) -> bool:
        """Tell whether the place is taken for print, and left out whatever it reads as."""
        return self.doubt >= 1


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A frame that may hold an amount: its field, its darkness and that right before it.

    `height` is the frame's in pixels; the field is taller by what stands out of it.
    """

    field: FieldImage
    dark: Grey
    before: Grey
    height: int


@dataclass(frozen=True, slots=True, eq=False)
class Lined:
    """What stands right of a mark that looks like a currency sign, by `likeness` 0…1.

    `sign` is the mark's place in pixels of the cheque.
    """

    field: FieldImage
    likeness: float
    sign: Rect


@dataclass(frozen=True, slots=True, eq=False)
class ChequePlaces:
    """What a cheque shows, in pixels of its picture.

    `rows` are rows of boxes, `amounts` frames of an amount's size in the right half, `frames`
    the rectangles of all frames; `ink` bool (H, W) is all ink without ruled lines. `lined` is
    what stands beside currency signs, likeliest first, `days` what stands on short lines at the
    right, lowest first.
    """

    rows: list[FieldImage]
    amounts: list[Frame]
    frames: list[Rect]
    ink: Mask
    lined: Sequence[Lined] = ()
    days: Sequence[FieldImage] = ()

    @property
    def dates(self) -> list[FieldImage]:
        """Return the rows that have as many boxes as a date has digits."""
        return [row for row in self.rows if len(row.cells) == DATE_BOXES]

    @property
    def short_dates(self) -> list[FieldImage]:
        """Return the rows with boxes for a date whose year has two digits."""
        return [row for row in self.rows if len(row.cells) == SHORT_DATE_BOXES]


@dataclass(frozen=True, slots=True, eq=False)
class Glyph:
    """Pixels that may be one character: a span between two cuts of a field.

    `rect` is in crop pixels, `image` float32 (28, 28), 0 paper to 1 ink, `start` and `end`
    are nodes of the field's lattice; `height` and `width` are in digit heights of the field
    (a comma is 0.3 high, a digit about 1). `cell` is the box it lies in, −1 outside boxes.
    """

    rect: Rect
    image: Float
    start: int
    end: int
    height: float
    width: float
    cell: int = -1


@dataclass(frozen=True, slots=True)
class Character:
    """One symbol read: `probability` and `alternatives` (symbol, probability) in 0…1."""

    text: str
    probability: float
    alternatives: tuple[tuple[str, float], ...]
    rect: Rect


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to read a whole field; `score` is a log-likelihood, higher is better.

    `passed` counts glyphs as tall as digits that were passed over, `touching` cuts through
    ink.
    """

    text: str
    score: float
    characters: tuple[Character, ...]
    passed: int = 0
    touching: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """What one field says, how sure that is, and what is to be done with it."""

    field: str
    text: str
    confidence: float
    status: Status
    reasons: tuple[Reason, ...]
    characters: tuple[Character, ...]
    rect: Rect
    alternatives: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class PageResult:
    """All readings of one page, or the sentence that says why there are none."""

    source: str
    number: int
    form: str
    readings: tuple[Reading, ...]
    failure: str = ""
