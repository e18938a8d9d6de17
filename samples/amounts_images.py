"""Courtesy amounts as another program cuts them out: small, coarse, on security print."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from paper import BLACK, DARK_PEN, Sheet, Writer, grain, make_writer
from PIL import Image
from scanner import grey, write_rows

COUNT = 24
WRITERS = 8
MARGIN_MM = 6.0
TOUCHING = 0.015
"""Gap between the digits of a crowded amount, in digit heights: some touch, all stay legible."""


def amount_text(rng: np.random.Generator, index: int) -> str:
    """Return an amount as people write it: plain, with a dot, with a trailing dash."""
    size = int(rng.integers(3, 7))
    value = str(rng.integers(10 ** (size - 1), 10**size))
    if index % 5 == 1:
        value = value[:-3] + "000" if len(value) > 3 else value[:-2] + "00"
    if index % 3 and len(value) > 3:
        value = value[:-3] + "." + value[-3:]
    return value + ("", "", "-", ".-", "=", "")[index % 6]


def security_print(sheet: Sheet, kind: int) -> None:
    """Print one of four backgrounds: waves, crossed lines, dots, or a plain grey tone."""
    rng = sheet.rng
    tone = float(rng.uniform(0.6, 0.8))
    colour = (tone, tone, tone)
    x = np.linspace(-5, sheet.width_mm + 5, 120)
    if kind == 3:
        sheet.fill(0, 0, sheet.width_mm, sheet.height_mm, (0.72, 0.72, 0.72))
        colour = (0.8, 0.8, 0.8)
    if kind == 2:
        for cx in np.arange(0, sheet.width_mm, 0.9):
            for cy in np.arange(0, sheet.height_mm, 0.9):
                sheet.line([(cx, cy), (cx + 0.2, cy)], 0.3, colour)
        return
    step = 0.85 if kind == 3 else 1.1
    for y0 in np.arange(-8, sheet.height_mm + 8, step):
        lean = 0.0 if kind == 3 else float(0.12 if kind == 0 else 0.35)
        y = y0 + lean * x + 0.5 * np.sin(x / 3 + y0 * (0.0 if kind == 3 else 0.4))
        sheet.line(list(zip(x.tolist(), y.tolist(), strict=True)), 0.16, colour)
        if kind == 1:
            crossed = y0 - lean * (x - sheet.width_mm)
            sheet.line(list(zip(x.tolist(), crossed.tolist(), strict=True)), 0.13, colour)


def amount_image(rng: np.random.Generator, who: Writer, text: str, kind: int) -> NDArray[np.uint8]:
    """Draw one amount and cut it as closely and carelessly as real ones are: grey uint8."""
    sheet = Sheet(16 + 5.2 * len(text), 18, rng)
    security_print(sheet, kind)
    before = sheet.image.copy()
    sheet.write(MARGIN_MM, 6.5, text, who, 5.0)
    ink = (before - sheet.image).max(axis=2) > 0.2
    if kind == 1:
        sheet.line([(0, 12.6), (sheet.width_mm, 12.4)], 0.35, BLACK)
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    pad = rng.integers(6, 34, 4)
    top, bottom = max(0, rows[0] - pad[0]), rows[-1] + pad[1]
    left, right = max(0, columns[0] - pad[2]), columns[-1] + pad[3]
    cut = sheet.image[top:bottom, left:right]
    scale = float(rng.uniform(0.42, 0.62))
    soft = cv2.GaussianBlur(cut, (0, 0), 0.42 / scale + 0.5)
    size = (round(cut.shape[1] * scale), round(cut.shape[0] * scale))
    small = cv2.resize(soft, size, interpolation=cv2.INTER_AREA)
    small = (
        small * np.float32(rng.uniform(0.82, 0.98))
        + grain(small.shape[:2], 1, rng, 0.018)[..., None]
    )
    return grey(np.round(np.clip(small, 0, 1) * 255).astype(np.uint8))


def draw_amounts(folder: Path, seed: int, count: int = COUNT) -> None:
    """Draw so many amounts with their truth into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for index in range(count):
        person = np.random.default_rng([seed, 3, index % WRITERS])
        who = make_writer(person, DARK_PEN)
        rng = np.random.default_rng([seed, 4, index])
        if index % 4 == 3:
            who = Writer(who.hand, who.pen, who.height, TOUCHING)
        text = amount_text(rng, index)
        image = amount_image(rng, who, text, index // 2 % 4)
        name = f"amount-{index + 1:02d}.png"
        Image.fromarray(image).save(folder / name, "PNG", optimize=True)
        rows.append((name, "amount", "".join(c for c in text if c.isdigit())))
    write_rows(folder / "truth.csv", ("page", "field", "value"), rows)
