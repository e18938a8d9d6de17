"""Draw test pages whose fields are known to the pixel."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from formreader.document import FieldImage, Grey, Rect
from formreader.form_names import Draft

# Digits as polylines in a unit square, x to the right, y down: a plain writing hand.
_STROKES = {
    "0": [[(0.5, 0), (0.15, 0.25), (0.1, 0.7), (0.45, 1), (0.85, 0.75), (0.85, 0.25), (0.5, 0)]],
    "1": [[(0.5, 0), (0.48, 1)]],
    "2": [[(0.1, 0.2), (0.45, 0), (0.85, 0.2), (0.7, 0.5), (0.1, 1), (0.9, 0.95)]],
    "3": [[(0.1, 0.1), (0.6, 0), (0.8, 0.25), (0.4, 0.48), (0.85, 0.7), (0.6, 1), (0.1, 0.9)]],
    "4": [[(0.5, 0), (0.05, 0.6), (0.9, 0.62)], [(0.65, 0.3), (0.6, 1)]],
    "5": [[(0.85, 0), (0.2, 0.03), (0.15, 0.45), (0.7, 0.45), (0.85, 0.75), (0.5, 1), (0.1, 0.9)]],
    "6": [[(0.7, 0), (0.25, 0.4), (0.15, 0.8), (0.5, 1), (0.85, 0.75), (0.6, 0.52), (0.2, 0.65)]],
    "7": [[(0.1, 0.03), (0.85, 0), (0.4, 1)]],
    "8": [
        [(0.5, 0.45), (0.2, 0.2), (0.5, 0), (0.8, 0.2), (0.5, 0.45), (0.15, 0.75), (0.5, 1)],
        [(0.5, 1), (0.85, 0.75), (0.5, 0.45)],
    ],
    "9": [[(0.8, 0.3), (0.4, 0.5), (0.2, 0.2), (0.5, 0), (0.8, 0.2), (0.7, 0.6), (0.6, 1)]],
}


@dataclass
class Sheet:
    """A page being drawn: millimetres in, pixels out. `truth` lists the drawn rows."""

    width_mm: float = 130.0
    height_mm: float = 90.0
    dpi: float = 200.0
    line_mm: float = 0.25
    line_grey: int = 60
    truth: list[tuple[Rect, str]] = field(default_factory=list)
    seed: int = 0

    def __post_init__(self) -> None:
        self.mm = self.dpi / 25.4
        self.rng = np.random.default_rng(self.seed)
        shape = (round(self.height_mm * self.mm), round(self.width_mm * self.mm))
        self.image: Grey = np.full(shape, 255, np.uint8)

    def px(self, x_mm: float, y_mm: float) -> tuple[int, int]:
        return round(x_mm * self.mm), round(y_mm * self.mm)

    def line(self, x0: float, y0: float, x1: float, y1: float, dotted: bool = False) -> None:
        thick = max(1, round(self.line_mm * self.mm))
        if not dotted:
            cv2.line(self.image, self.px(x0, y0), self.px(x1, y1), self.line_grey, thick)
            return
        length = float(np.hypot(x1 - x0, y1 - y0))
        for at in np.arange(0, length, 0.5):
            x, y = x0 + (x1 - x0) * at / length, y0 + (y1 - y0) * at / length
            a, b = self.px(x, y), self.px(x + 0.25 * (x1 != x0), y + 0.25 * (y1 != y0))
            cv2.line(self.image, a, b, self.line_grey, thick)

    def box(self, x: float, y: float, w: float, h: float) -> None:
        for ends in ((x, y, x + w, y), (x, y + h, x + w, y + h)):
            self.line(*ends)
        for ends in ((x, y, x, y + h), (x + w, y, x + w, y + h)):
            self.line(*ends)

    def digit(self, text: str, x: float, y: float, w: float, h: float) -> None:
        """Write one digit by hand into a rectangle in millimetres."""
        lean, grow = self.rng.uniform(-0.1, 0.1), self.rng.uniform(0.85, 1.0, 2)
        shift = self.rng.uniform(0, 0.12, 2)
        for stroke in _STROKES[text]:
            points = []
            for px, py in stroke:
                sx = x + w * (shift[0] + px * grow[0] * 0.85 + lean * (0.5 - py))
                sy = y + h * (shift[1] + py * grow[1] * 0.88)
                points.append(self.px(sx, sy))
            thick = max(1, round(0.45 * self.mm))
            cv2.polylines(self.image, [np.array(points, np.int32)], False, 20, thick, cv2.LINE_AA)

    def number(self, text: str, x: float, y: float, pitch: float, high: float) -> None:
        for i, character in enumerate(text):
            if character != " ":
                wobble = self.rng.uniform(-0.08, 0.08) * high
                self.digit(character, x + i * pitch + 0.18 * pitch, y + wobble, 0.64 * pitch, high)

    def row(
        self, text: str, x: float, y: float, box: float = 6.0, gap: float = 0.0, high: float = 7.0
    ) -> None:
        """Draw boxes `gap` apart, one per character of `text`; a blank leaves its box empty."""
        for i in range(len(text)):
            self.box(x + i * (box + gap), y, box, high)
        self.number(text, x, y + 0.17 * high, box + gap, 0.62 * high)
        self._note(text, x, y, len(text) * (box + gap) - gap, high)

    def comb(
        self, text: str, x: float, y: float, pitch: float = 5.5, tick: float = 2.5,
        dotted: bool = False,
    ) -> None:  # fmt: skip
        """Draw a level rule with ticks, open at the top."""
        width = len(text) * pitch
        self.line(x, y, x + width, y)
        for i in range(len(text) + 1):
            self.line(x + i * pitch, y - tick, x + i * pitch, y, dotted)
        self.number(text, x, y - 5.2, pitch, 4.4)
        self._note(text, x, y - 6, width, 6)

    def label(self, text: str, x: float, y: float, high: float = 2.4) -> None:
        """Print text whose capitals are `high` mm tall, standing on row `y`."""
        scale = high * self.mm / 22.0
        thick = max(1, round(0.3 * self.mm))
        cv2.putText(
            self.image, text, self.px(x, y), cv2.FONT_HERSHEY_SIMPLEX, scale, 30, thick, cv2.LINE_AA
        )

    def paragraph(self, x: float, y: float, lines: int = 6) -> None:
        words = "the number filled in below will be kept by this office until the date printed"
        for i in range(lines):
            self.label(words[i:], x, y + 4.6 * i)

    def _note(self, text: str, x: float, y: float, w: float, h: float) -> None:
        left, top = self.px(x, y)
        right, bottom = self.px(x + w, y + h)
        self.truth.append((Rect(left, top, right - left, bottom - top), text))


def over(fields: list[FieldImage], sheet: Sheet, x_mm: float, y_mm: float) -> list[FieldImage]:
    """Return the located fields that hold a point in millimetres."""
    x, y = sheet.px(x_mm, y_mm)
    return [
        f for f in fields if f.rect.x <= x < f.rect.right and f.rect.y <= y < f.rect.bottom
    ]  # fmt: skip


def drafted(fields: list[Draft], x_mm: float, y_mm: float) -> list[Draft]:
    """Return the drafted places that hold a point in millimetres."""
    return [
        f
        for f in fields
        if f.box[0] <= x_mm < f.box[0] + f.box[2] and f.box[1] <= y_mm < f.box[1] + f.box[3]
    ]


def rotated(image: Grey, degrees: float) -> Grey:
    """Turn a page counter-clockwise on a sheet large enough, white outside."""
    height, width = image.shape
    pad = round(0.2 * max(height, width))
    big = cv2.copyMakeBorder(image, pad, pad, pad, pad, cv2.BORDER_CONSTANT, value=255)
    middle = (big.shape[1] / 2, big.shape[0] / 2)
    matrix = cv2.getRotationMatrix2D(middle, degrees, 1.0)
    size = (big.shape[1], big.shape[0])
    turned = cv2.warpAffine(big, matrix, size, flags=cv2.INTER_LINEAR, borderValue=255)
    return np.asarray(turned, np.uint8)


def form(dpi: float = 200.0, seed: int = 0) -> Sheet:
    """Draw a small form with text, boxes, a comb, a table and a line, filled in by hand."""
    sheet = Sheet(dpi=dpi, seed=seed)
    sheet.paragraph(6, 8)
    sheet.label("Reference", 6, 45)
    sheet.row("20417", 40, 40)
    sheet.label("Telephone", 6, 56)
    sheet.row("81 36", 40, 51, box=5.5, gap=1.5)
    sheet.label("Account", 6, 68)
    sheet.comb("735290", 40, 68)
    return sheet
