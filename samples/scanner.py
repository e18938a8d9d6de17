"""What a scanner does to a sheet, and how the files are written, the same bytes every time."""

from __future__ import annotations

import csv
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from paper import DRAW_DPI, Field, Sheet, grain
from PIL import Image

Box = tuple[int, int, int, int]
FIXED_TIME = time.struct_time((2020, 1, 1, 0, 0, 0, 2, 1, 0))
"""Date written into PDF files, so that drawing twice gives the same bytes."""


@dataclass(frozen=True)
class Scanner:
    """Resolution, skew (counter-clockwise), blur and noise (share of white) of a scan."""

    dpi: int
    skew_deg: float = 0.0
    blur_px: float = 0.6
    noise: float = 0.012
    shade: float = 0.02
    specks: int = 25
    streaks: int = 0
    margin_mm: float = 2.0


def scan(
    sheet: Sheet, scanner: Scanner, rng: np.random.Generator
) -> tuple[NDArray[np.uint8], list[Box]]:
    """Scan a sheet: RGB uint8 (H, W, 3) and the box of each of its fields in pixels."""
    scale = scanner.dpi / DRAW_DPI
    margin = scanner.margin_mm / 25.4 * scanner.dpi
    height, width = sheet.image.shape[:2]
    size = (round(width * scale + 2 * margin), round(height * scale + 2 * margin))
    middle = (width / 2, height / 2)
    matrix = np.asarray(cv2.getRotationMatrix2D(middle, scanner.skew_deg, scale), np.float64)
    matrix[:, 2] += (size[0] / 2 - middle[0], size[1] / 2 - middle[1])
    matrix[:, 2] += rng.normal(0, margin / 4, 2)
    soft = cv2.GaussianBlur(sheet.image, (0, 0), max(0.4, 0.45 / scale) + scanner.blur_px / 2)
    lid = (0.9, 0.9, 0.905)
    flat = cv2.warpAffine(soft, matrix, size, flags=cv2.INTER_LINEAR, borderValue=lid)
    seen = add_noise(np.asarray(flat, np.float32), scanner, rng)
    boxes = [box_of(field, matrix) for field in sheet.fields]
    return np.round(np.clip(seen, 0, 1) * 255).astype(np.uint8), boxes


def add_noise(
    seen: NDArray[np.float32], scanner: Scanner, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Add uneven light, dust, feeder streaks and sensor noise to a scan."""
    height, width = seen.shape[:2]
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    light = 1 + scanner.shade * (rng.normal(0, 0.6) * x + rng.normal(0, 0.6) * y - 0.4 * x * x)
    seen = seen * light[..., None]
    for _ in range(scanner.specks):
        spot = (int(rng.integers(width)), int(rng.integers(height)))
        tone = float(rng.uniform(0.45, 0.85))
        cv2.circle(seen, spot, int(rng.integers(0, 2)), (tone, tone, tone), -1)
    for _ in range(scanner.streaks):
        seen[:, int(rng.integers(width))] *= np.float32(rng.uniform(0.86, 0.95))
    fine = rng.standard_normal(seen.shape).astype(np.float32) * np.float32(0.35)
    shared = rng.standard_normal((height, width, 1)).astype(np.float32)
    noisy = seen + (fine + shared) * np.float32(scanner.noise)
    return np.asarray(cv2.GaussianBlur(noisy, (0, 0), 0.45), np.float32)


def box_of(field: Field, matrix: NDArray[np.float64]) -> Box:
    """Return x1, y1, x2, y2 around the corners of a field after the scan's turn."""
    x, y, w, h = (v / 25.4 * DRAW_DPI for v in field.place_mm)
    corners = np.array([[x, y, 1], [x + w, y, 1], [x + w, y + h, 1], [x, y + h, 1]])
    points = corners @ matrix.T
    low, high = np.floor(points.min(axis=0)), np.ceil(points.max(axis=0))
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])


def grey(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a colour scan as grey."""
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)


def bilevel(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.bool_]:
    """Cut a scan to black and white as an office scanner does: one level, a little rough."""
    level = 165 + grain(image.shape[:2], 60, rng, 5)
    out: NDArray[np.bool_] = grey(image) > level
    return out


def save_jpeg(path: Path, image: NDArray[np.uint8], dpi: int, quality: int) -> None:
    """Write a JPEG file."""
    Image.fromarray(image).save(path, "JPEG", quality=quality, dpi=(dpi, dpi))


def save_g4(path: Path, pages: Sequence[NDArray[np.bool_]], dpi: int) -> None:
    """Write a multi-page black-and-white TIFF, G4 compressed."""
    first, *rest = [Image.fromarray(page) for page in pages]
    first.save(
        path,
        "TIFF",
        compression="group4",
        save_all=True,
        append_images=rest,
        dpi=(dpi, dpi),
    )


def save_pdf(path: Path, pages: Sequence[NDArray[np.uint8]], dpi: int, quality: int) -> None:
    """Write scanned pages as a PDF of JPEG pictures with a fixed date."""
    first, *rest = [Image.fromarray(page) for page in pages]
    first.save(
        path,
        "PDF",
        resolution=float(dpi),
        quality=quality,
        save_all=True,
        append_images=rest,
        creationDate=FIXED_TIME,
        modDate=FIXED_TIME,
        title="Sample pages",
        producer="formreader samples",
    )


def write_rows(path: Path, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Write a CSV file with plain line ends."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(head)
        writer.writerows(rows)


def write_truth(
    folder: Path, pages: Sequence[tuple[str, int, Sequence[Field], Sequence[Box]]]
) -> None:
    """Write truth.csv and boxes.csv of a folder of pages."""
    truth = [(name, n, f.name, f.value) for name, n, fields, _ in pages for f in fields]
    boxes = [
        (name, n, f.name, *box)
        for name, n, fields, places in pages
        for f, box in zip(fields, places, strict=True)
    ]
    write_rows(folder / "truth.csv", ("page", "page_number", "field", "value"), truth)
    head = ("page", "page_number", "field", "x1", "y1", "x2", "y2")
    write_rows(folder / "boxes.csv", head, boxes)
