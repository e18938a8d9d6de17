"""A sheet of paper in millimetres: print on it, write on it by hand, remember its fields."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from formreader.strokes import Hand, pen_paths, random_hand, smooth

Picture = NDArray[np.float32]
Colour = tuple[float, float, float]

DRAW_DPI = 300
"""Resolution sheets are drawn at; scans are made from it at 300 dpi or less."""
FINER = 3
"""How much finer than the sheet a pen stroke is drawn, for smooth edges."""

BLACK: Colour = (0.13, 0.13, 0.14)
WHITE: Colour = (0.97, 0.97, 0.96)
GREY: Colour = (0.45, 0.45, 0.47)
BLUE_PEN: Colour = (0.14, 0.2, 0.56)
DARK_PEN: Colour = (0.1, 0.11, 0.2)
PENCIL: Colour = (0.36, 0.36, 0.38)


@dataclass(frozen=True)
class Pen:
    """A writing tool: stroke width in mm, colour, opacity 0…1, share of paper it skips."""

    width_mm: float
    colour: Colour
    opacity: float = 0.92
    skips: float = 0.04


@dataclass(frozen=True)
class Writer:
    """One person with one pen; `height` scales the size of everything written."""

    hand: Hand
    pen: Pen
    height: float
    gap: float


@dataclass(frozen=True)
class Field:
    """A field of the truth: its value and its place x, y, width, height in mm."""

    name: str
    value: str
    place_mm: tuple[float, float, float, float]


def make_writer(rng: np.random.Generator, colour: Colour, pencil: bool = False) -> Writer:
    """Make up a writer whose hand is plausible in a box: no extreme slant or width."""
    hand = random_hand(rng)
    while abs(hand.slant - 0.1) > 0.2 or hand.width > 0.75 or hand.roundness < 0.6:
        hand = random_hand(rng)
    width = float(rng.uniform(0.32, 0.52))
    pen = Pen(width, colour, 0.62, 0.3) if pencil else Pen(width, colour)
    return Writer(hand, pen, float(rng.uniform(0.88, 1.08)), float(rng.uniform(0.16, 0.3)))


def vector(values: Sequence[float]) -> Picture:
    """Return a colour or a point as float32 (n,)."""
    return np.array(values, np.float32)


def grain(
    shape: tuple[int, int], size_px: float, rng: np.random.Generator, sigma: float = 1.0
) -> Picture:
    """Return soft noise (H, W) of mean 0 and about the given deviation, blobs of `size_px`."""
    small = (max(2, int(shape[1] / size_px) + 2), max(2, int(shape[0] / size_px) + 2))
    coarse = rng.standard_normal((small[1], small[0])).astype(np.float32)
    soft = cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
    return np.float32(sigma * 1.25) * soft


@dataclass
class Sheet:
    """Paper of a size in mm; `image` float32 (H, W, 3) RGB, 0 black to 1 white."""

    width_mm: float
    height_mm: float
    rng: np.random.Generator
    tint: Colour = (0.97, 0.965, 0.95)
    fields: list[Field] = field(default_factory=list)
    image: Picture = field(init=False)

    def __post_init__(self) -> None:
        shape = (self.px(self.height_mm), self.px(self.width_mm))
        clouds = grain(shape, 90, self.rng, 0.006) + grain(shape, 3, self.rng, 0.008)
        self.image = vector(self.tint) + clouds[..., None]

    @staticmethod
    def px(mm: float) -> int:
        """Return millimetres as whole pixels of the sheet."""
        return round(mm / 25.4 * DRAW_DPI)

    def blend(self, mask: Picture, x: int, y: int, colour: Colour) -> None:
        """Lay ink over the paper, mask (H, W) in 0…1 at pixel x, y; only white covers."""
        top, left = max(0, y), max(0, x)
        bottom = min(self.image.shape[0], y + mask.shape[0])
        right = min(self.image.shape[1], x + mask.shape[1])
        if bottom <= top or right <= left:
            return
        part = mask[top - y : bottom - y, left - x : right - x, None]
        under = self.image[top:bottom, left:right]
        if colour == WHITE:
            under += part * (vector(WHITE) - under)
        else:
            under *= 1 - part * (1 - vector(colour))

    def line(
        self, points_mm: list[tuple[float, float]], width_mm: float = 0.22, colour: Colour = BLACK
    ) -> None:
        """Print a polyline."""
        points = np.array(points_mm, np.float32) / 25.4 * DRAW_DPI
        margin = self.px(width_mm) + 3
        low = np.floor(points.min(axis=0)).astype(int) - margin
        size = np.ceil(points.max(axis=0)).astype(int) + margin - low
        layer = np.zeros((size[1] * 2, size[0] * 2), np.uint8)
        fixed = np.round((points - low) * 2 * 16).astype(np.int32).reshape(-1, 1, 2)
        thick = max(1, round(width_mm / 25.4 * DRAW_DPI * 2))
        cv2.polylines(layer, [fixed], False, 255, thick, cv2.LINE_AA, 4)
        mask = cv2.resize(layer, (int(size[0]), int(size[1])), interpolation=cv2.INTER_AREA)
        self.blend(np.asarray(mask, np.float32) / np.float32(255), int(low[0]), int(low[1]), colour)

    def frame(
        self, x: float, y: float, w: float, h: float, width_mm: float = 0.22, colour: Colour = BLACK
    ) -> None:
        """Print the outline of a rectangle in mm."""
        self.line([(x, y), (x + w, y), (x + w, y + h), (x, y + h), (x, y)], width_mm, colour)

    def fill(self, x: float, y: float, w: float, h: float, colour: Colour) -> None:
        """Print a filled rectangle in mm."""
        mask = np.ones((self.px(h), self.px(w)), np.float32)
        self.blend(mask, self.px(x), self.px(y), colour)

    def print_text(
        self,
        x: float,
        y: float,
        text: str,
        height_mm: float = 3.0,
        colour: Colour = BLACK,
        anchor: str = "ls",
    ) -> None:
        """Print a label; x, y in mm is the anchor in Pillow's sense (ls: left, baseline)."""
        font = ImageFont.load_default(size=self.px(height_mm))
        left, top, right, bottom = font.getbbox(text, anchor=anchor)
        size = (int(right - left) + 8, int(bottom - top) + 8)
        layer = Image.new("L", size, 0)
        ImageDraw.Draw(layer).text((4 - left, 4 - top), text, 255, font, anchor=anchor)
        mask = np.asarray(layer, np.float32) / np.float32(255)
        self.blend(mask, self.px(x) + int(left) - 4, self.px(y) + int(top) - 4, colour)

    def stroke(self, paths_mm: list[Picture], pen: Pen) -> None:
        """Draw pen strokes: width and pressure vary along them, the paper's tooth shows."""
        points = np.concatenate(paths_mm) / 25.4 * DRAW_DPI
        margin = self.px(pen.width_mm) + 4
        low = np.floor(points.min(axis=0)).astype(int) - margin
        size = np.ceil(points.max(axis=0)).astype(int) + margin - low
        layer = np.zeros((int(size[1]) * FINER, int(size[0]) * FINER), np.uint8)
        for path in paths_mm:
            self.trail(layer, (path / 25.4 * DRAW_DPI - low) * FINER, pen)
        shape = (int(size[0]), int(size[1]))
        mask = cv2.resize(layer, shape, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
        pressure = 1 + grain(mask.shape, 25, self.rng, 0.07)
        tooth = grain(mask.shape, 1.6, self.rng, 1.0)
        skipped = np.clip(1 - pen.skips * np.clip(tooth + 0.8, 0, 3), 0.1, 1)
        mask = np.clip(mask * pressure * skipped * pen.opacity, 0, 1)
        self.blend(mask.astype(np.float32), int(low[0]), int(low[1]), pen.colour)

    def trail(self, layer: NDArray[np.uint8], path_px: Picture, pen: Pen) -> None:
        """Draw one path of varying width onto the fine layer, in place."""
        steps = np.linalg.norm(np.diff(path_px, axis=0), axis=1)
        along = np.concatenate([[0], np.cumsum(steps)])
        count = max(2, int(along[-1] / 6))
        at = np.linspace(0, along[-1], count)
        x, y = np.interp(at, along, path_px[:, 0]), np.interp(at, along, path_px[:, 1])
        wave = grain((1, count), 7, self.rng, 0.1)[0]
        ends = np.minimum(np.arange(count), np.arange(count)[::-1])
        taper = np.minimum(1, 0.72 + 0.09 * ends)
        full = pen.width_mm / 25.4 * DRAW_DPI * FINER
        wide = np.maximum(2, np.round(full * (1 + wave) * taper)).astype(int)
        spots = np.round(np.stack([x, y], 1)).astype(int)
        for a, b, w in zip(spots[:-1], spots[1:], wide[1:], strict=True):
            cv2.line(layer, (int(a[0]), int(a[1])), (int(b[0]), int(b[1])), 255, int(w))
            cv2.circle(layer, (int(b[0]), int(b[1])), int(w) // 2, 255, -1)

    def symbol(self, text: str, writer: Writer, height_mm: float) -> list[Picture]:
        """Return one symbol's paths in mm, left edge at 0 and the digit's top at 0."""
        rng = self.rng
        turn = rng.normal(0, 0.045)
        size = height_mm * (1 + rng.normal(0, 0.05))
        spin = np.array([[1 + rng.normal(0, 0.06), -turn], [turn, 1]], np.float32)
        paths = [p @ spin.T * np.float32(size) for p in pen_paths(text, writer.hand, rng)]
        left = min(float(p[:, 0].min()) for p in paths)
        return [p - vector([left, 0]) for p in paths]

    def write(self, x: float, y: float, text: str, writer: Writer, height_mm: float = 4.2) -> float:
        """Write text freely from x, its top at y, both in mm; return where it ends."""
        height = height_mm * writer.height
        slope = self.rng.normal(0, 0.012)
        start = x
        for symbol in text:
            if symbol == " ":
                x += height * 0.45
                continue
            paths = self.symbol(symbol, writer, height)
            drift = slope * (x - start) + self.rng.normal(0, 0.03) * height
            self.stroke([p + vector([x, y + drift]) for p in paths], writer.pen)
            wide = max(float(p[:, 0].max()) for p in paths)
            gap = writer.gap * height * float(self.rng.uniform(0.5, 1.4))
            x += wide + (gap * 0.8 if symbol in ".,-=" else gap)
        return x

    def write_in_cells(
        self, cells: list[tuple[float, float, float, float]], text: str, writer: Writer
    ) -> None:
        """Write one symbol into each cell (mm): a space leaves it, `X` strikes it out."""
        for (x, y, w, h), symbol in zip(cells, text, strict=True):
            if symbol == " ":
                continue
            height = (0.78 if symbol == "X" else 0.66) * h * writer.height
            paths = self.symbol(symbol, writer, height)
            wide = max(float(p[:, 0].max()) for p in paths)
            squeeze = min(1.0, 0.82 * w / max(wide, 0.1))
            dx = x + (w - wide * squeeze) / 2 + self.rng.normal(0, 0.05) * w
            dy = y + (h - height) / 2 + self.rng.normal(0.02, 0.045) * h
            scale = vector([squeeze, 1])
            self.stroke([p * scale + vector([dx, dy]) for p in paths], writer.pen)

    def scribble(self, x: float, y: float, w: float, h: float, writer: Writer) -> None:
        """Sign: a running line of loops from x over w mm, about h mm high."""
        count = max(8, int(w / 1.6))
        t = np.linspace(0, 1, count)
        swing = np.arange(count) % 2
        heights = np.where(swing, 0.9, 0.1) + self.rng.normal(0, 0.2, count) * (1 - 0.6 * t)
        heights[:3] += (0.2, -0.6, 0.4) * self.rng.uniform(0.2, 1.3, 3)
        across = x + w * t + np.where(swing, -1.1, 0.9) + self.rng.normal(0, 0.7, count)
        points = np.stack([across, y + h * heights], 1)
        tail = np.array([[x + w * 0.2, y + h * 1.1], [x + w * 1.05, y + h * 0.8]], np.float32)
        path = smooth(points.astype(np.float32), 1.0, 10)
        self.stroke(
            [path, tail + self.rng.normal(0, 0.4, tail.shape).astype(np.float32)], writer.pen
        )
