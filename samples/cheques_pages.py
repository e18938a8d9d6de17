"""Cheques of two invented banks: security print, date boxes, an amount, a code line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from forms_pages import boxes, digits, put
from paper import (
    BLACK,
    BLUE_PEN,
    DARK_PEN,
    DRAW_DPI,
    GREY,
    Colour,
    Field,
    Sheet,
    Writer,
    make_writer,
)
from scanner import Scanner, save_jpeg, scan, write_truth

from formreader.cheque_signs import SIGNS
from formreader.micr import COLUMNS as MICR_COLUMNS
from formreader.micr import MODULE_IN, ON_US, PITCH, TRANSIT, shape
from formreader.micr import ROWS as MICR_ROWS
from formreader.strokes import smooth

WIDTH_MM, HEIGHT_MM = 178.0, 84.0
CODE_BAND_MM = 16.0
"""Height of the clear band at the foot that carries the code line (ISO 1004 asks for 16 mm)."""
SQUARE_MM = MODULE_IN * 25.4
PAYEES = ("Nerum Mahwe Kran", "Raunaher u Mann", "Werk Hanakam", "Theker Marna", "Wanne Purkeru")
WORDS = ("Ee uhunrer nhh awrk", "Faen hunr rank auem", "Nun werham kaene", "Vea nhuner kahr")


@dataclass(frozen=True)
class Bank:
    """What one bank prints: name, colours, currency sign and the way of its background."""

    name: str
    branch: str
    tint: Colour
    print_colour: Colour
    deep: Colour
    sign: str
    is_wavy: bool


BANKS = (
    Bank(
        "SAMPLE BANK",
        "12 Quay Street, Northmoor",
        (0.87, 0.95, 0.91),
        (0.62, 0.82, 0.74),
        (0.05, 0.38, 0.3),
        "$",
        True,
    ),
    Bank(
        "Harbour Sample Bank",
        "3 Lantern Square, Eastwick",
        (0.96, 0.92, 0.9),
        (0.86, 0.72, 0.76),
        (0.45, 0.1, 0.2),
        "₹",
        False,
    ),
)


def guilloche(sheet: Sheet, bank: Bank) -> None:
    """Print the security background: woven waves, or rosettes over slanted lines."""
    foot = HEIGHT_MM - CODE_BAND_MM
    x = np.linspace(0, WIDTH_MM, 500)
    lines = 58 if bank.is_wavy else 34
    for i in range(lines):
        y0 = foot * (i + 0.5) / lines
        swell = 1.6 * np.sin(x / 9 + i * 0.42) + 0.8 * np.sin(x / 3.7 - i * 0.3)
        y = y0 + swell if bank.is_wavy else y0 + 0.5 * np.sin(x / 2.1 + i)
        points = list(zip(x.tolist(), np.clip(y, 0.3, foot - 0.3).tolist(), strict=True))
        sheet.line(points, 0.1, bank.print_colour)
    if bank.is_wavy:
        return
    for cx, cy, radius in ((58.0, 36.0, 20.0), (139.0, 32.0, 24.0)):
        for k in range(9):
            turn = np.linspace(0, 2 * np.pi, 420)
            r = radius * (0.62 + 0.32 * np.sin(8 * turn + k * 0.7))
            ring = zip(
                (cx + r * np.cos(turn)).tolist(), (cy + r * np.sin(turn)).tolist(), strict=True
            )
            sheet.line(list(ring), 0.1, bank.print_colour)


def code_line(sheet: Sheet, number: str, rng: np.random.Generator) -> None:
    """Print the E-13B code line in the clear band, laid out as on Indian cheques."""
    parts = {
        "cheque_no": (f"{ON_US}{number}{ON_US}", number),
        "sort_code": (f"{(sort := digits(rng, 9))}{TRANSIT}", sort),
        "micr_account": (f"{(account := digits(rng, 6))}{ON_US}", account),
        "transaction_code": ((kind := digits(rng, 2)), kind),
    }
    right, foot = 41.0, HEIGHT_MM - 5.6
    for name, (printed, value) in parts.items():
        left = right - MICR_COLUMNS * SQUARE_MM
        for symbol in printed:
            print_square_by_square(sheet, symbol, right, foot)
            right += PITCH * SQUARE_MM
        height = MICR_ROWS * SQUARE_MM
        place = (left, foot - height, right - PITCH * SQUARE_MM - left, height)
        sheet.fields.append(Field(name, value, place))
        right += PITCH * SQUARE_MM


def print_square_by_square(sheet: Sheet, symbol: str, right: float, foot: float) -> None:
    """Print one E-13B character with its right lower corner at a point in mm."""
    fine = 10  # parts of a sheet pixel, which is a quarter of a square
    ink = shape(symbol, round(SQUARE_MM / 25.4 * DRAW_DPI * fine))
    at = [mm / 25.4 * DRAW_DPI for mm in (right, foot)]
    x, y = (int(edge) - side // fine - 1 for edge, side in zip(at, ink.shape[::-1], strict=True))
    canvas = np.zeros(((ink.shape[0] // fine + 3) * fine, (ink.shape[1] // fine + 3) * fine))
    column, row = (round((e - s) * fine) for e, s in zip(at, (x, y), strict=True))
    canvas[row - ink.shape[0] : row, column - ink.shape[1] : column] = ink
    size = (canvas.shape[1] // fine, canvas.shape[0] // fine)
    mask = cv2.resize(canvas.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    sheet.blend(np.asarray(mask, np.float32), x, y, BLACK)


def cheque(rng: np.random.Generator, bank: Bank, who: Writer, amount: str, index: int) -> Sheet:
    """Draw one filled-in cheque; `amount` is written with its marks."""
    sheet = Sheet(WIDTH_MM, HEIGHT_MM, rng, (0.965, 0.96, 0.95))
    sheet.fill(0, 0, WIDTH_MM, HEIGHT_MM - CODE_BAND_MM, bank.tint)
    guilloche(sheet, bank)
    sheet.print_text(10, 12, bank.name, 6.0, bank.deep)
    sheet.print_text(10, 17, bank.branch, 2.4, BLACK)
    number = digits(rng, 6, 2)
    sheet.print_text(112, 9, f"No. {number}", 2.8, BLACK, "rs")
    date_boxes(sheet, who, rng)
    deep = bank.deep
    sheet.print_text(8, 30, "Pay", 3.0, deep)
    sheet.line([(17, 31), (150, 31)], 0.2, deep)
    sheet.print_text(170, 30, "or bearer", 2.6, deep, "rs")
    sheet.write(24, 25.4, PAYEES[index % len(PAYEES)], who, 4.2)
    sheet.print_text(8, 40, "The sum of", 3.0, deep)
    sheet.line([(26, 41), (118, 41)], 0.2, deep)
    sheet.line([(8, 50), (112, 50)], 0.2, deep)
    sheet.write(31, 35.6, WORDS[index % len(WORDS)], who, 4.0)
    end = 14 + 80 * float(rng.uniform(0.7, 1))
    strike = np.array([[14, 46.6], [(14 + end) / 2, 46.0], [end, 46.4]], np.float32)
    sheet.stroke([smooth(strike, 1.0, 30)], who.pen)
    amount_box(sheet, bank, who, amount)
    sheet.print_text(8, 57.5, "Account", 2.6, deep)
    sheet.frame(22, 53, 46, 7, 0.2, deep)
    account = digits(rng, 11)
    sheet.print_text(45, 58.2, account, 4.0, BLACK, "ms")
    sheet.fields.append(Field("account", account, (22, 53, 46, 7)))
    sheet.line([(118, 62), (170, 62)], 0.2, deep)
    sheet.print_text(144, 65.4, "Please sign above", 2.1, GREY, "ms")
    sheet.scribble(122, 53, 38, 6, who)
    code_line(sheet, number, rng)
    return sheet


def date_boxes(sheet: Sheet, who: Writer, rng: np.random.Generator) -> None:
    """Print and fill the eight boxes of the date."""
    day, month, year = rng.integers(1, 29), rng.integers(1, 13), rng.integers(2018, 2026)
    cells = boxes(sheet, 122, 6.5, 6.0, 6.8, 8)
    put(sheet, "date", cells, f"{day:02d}{month:02d}{year}", who)
    for cell, letter in zip(cells, "DDMMYYYY", strict=True):
        sheet.print_text(cell[0] + cell[2] / 2, 16.2, letter, 2.0, GREY, "ms")


def amount_box(sheet: Sheet, bank: Bank, who: Writer, amount: str) -> None:
    """Print the currency sign and the amount's box, and write the figures into it."""
    place = (132.0, 35.5, 40.0, 11.0)
    sheet.fill(*place, (0.985, 0.985, 0.985))
    sheet.frame(*place, width_mm=0.3, colour=bank.deep)
    sheet.frame(122, 35.5, 10, 11, 0.3, bank.deep)
    if bank.sign == "₹":  # the font has none
        strokes, aspect = SIGNS["₹"]
        for stroke in strokes:
            points = [(125.2 + 0.05 * aspect * x, 38.3 + 0.05 * y) for x, y in stroke]
            sheet.line(points, 0.4, bank.deep)
    else:
        sheet.print_text(127, 43.2, bank.sign, 6.0, bank.deep, "ms")
    sheet.write(134 + float(sheet.rng.uniform(0, 2)), 37.9, amount, who, 5.6)
    sheet.fields.append(Field("amount", "".join(c for c in amount if c.isdigit()), place))


def draw_cheques(folder: Path, seed: int) -> None:
    """Draw every cheque with its truth into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    pages = []
    amounts = ("1,250/-", "88,400=", "970/-", "14.305-", "2600")
    for index, amount in enumerate(amounts):
        rng = np.random.default_rng([seed, 2, index])
        bank = BANKS[index % 2]
        who = make_writer(rng, BLUE_PEN if index in (0, 3) else DARK_PEN)
        sheet = cheque(rng, bank, who, amount, index)
        skew = float(rng.normal(0, 0.6))
        dpi = 300 if index == 0 else 200
        scanner = Scanner(dpi, skew, 0.7, 0.01, 0.04, 15, index % 2, 1.0)
        image, places = scan(sheet, scanner, rng)
        name = f"cheque-{index + 1}.jpg"
        save_jpeg(folder / name, image, dpi, 70)
        pages.append((name, 1, sheet.fields, places))
    write_truth(folder, pages)
