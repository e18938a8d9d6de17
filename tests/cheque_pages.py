"""Cheques of invented banks with known truth, drawn in code: other layouts than any real one."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from formreader.micr import AMOUNT, DASH, ON_US, PITCH, TRANSIT, shape

FINE_DPI = 616
"""Resolution of the drawing: eight pixels to a square of the code line's grid."""
MM = FINE_DPI / 25.4
Image = NDArray[np.uint8]
Generator = np.random.Generator


@dataclass(frozen=True)
class Drawn:
    """A cheque: picture, its resolution, the code line as text and its parts by name."""

    image: Image
    dpi: int
    line: str
    parts: dict[str, str]


def digits(rng: Generator, number: int) -> str:
    return "".join(map(str, rng.integers(0, 10, number)))


def routing(rng: Generator, valid: bool = True) -> str:
    """Return nine digits that pass or fail the ABA check."""
    head = str(rng.integers(1, 4)) + digits(rng, 7)
    total = sum(int(d) * (3, 7, 1)[i % 3] for i, d in enumerate(head))
    check = (10 - total % 10) % 10
    return head + str(check if valid else (check + int(rng.integers(1, 10))) % 10)


def us_line(rng: Generator, valid: bool = True) -> tuple[list[str], dict[str, str]]:
    """Return the groups of a US code line, which spaces part, and its fields."""
    code = routing(rng, valid)
    account = digits(rng, int(rng.integers(6, 11)))
    if rng.random() < 0.3:
        account = f"{account[:4]}{DASH}{account[4:]}"
    groups, parts = [f"{TRANSIT}{code}{TRANSIT}"], {"routing": code}
    if rng.random() < 0.5:
        serial = digits(rng, 6)
        groups.insert(0, f"{ON_US}{serial}{ON_US}")
        groups.append(f"{account}{ON_US}")
        parts |= {"auxiliary": serial, "on_us": f"{account}{ON_US}"}
    else:
        serial = digits(rng, 4)
        groups += [f"{account}{ON_US}", serial]
        parts["on_us"] = f"{account}{ON_US}{serial}"
    if rng.random() < 0.3:
        amount = "000" + digits(rng, 7)
        groups.append(f"{AMOUNT}{amount}{AMOUNT}")
        parts["micr_amount"] = amount
    return groups, parts


def indian_line(rng: Generator) -> tuple[list[str], dict[str, str]]:
    """Return the groups of an Indian code line, which spaces part, and its fields."""
    number, sort, account, kind = (digits(rng, n) for n in (6, 9, 6, 2))
    groups = [f"{ON_US}{number}{ON_US}", f"{sort}{TRANSIT}", f"{account}{ON_US}", kind]
    names = ("cheque_no", "sort_code", "micr_account", "transaction_code")
    return groups, dict(zip(names, (number, sort, account, kind), strict=True))


def print_line(sheet: Image, groups: list[str], rng: Generator, foot_mm: float) -> None:
    """Print a code line whose characters wander and spread a little, as printers have it."""
    right = (rng.uniform(18, 34)) * MM
    foot = sheet.shape[0] - foot_mm * MM
    for group in groups:
        for symbol in group:
            drawn = shape(symbol, FINE_DPI * 13 // 1000)
            spread = int(rng.integers(-1, 3))
            kernel = np.ones((abs(spread) + 1,) * 2, np.uint8)
            ink = np.pad(drawn, 3)
            ink = cv2.dilate(ink, kernel) if spread >= 0 else cv2.erode(ink, kernel)
            x = round(right - ink.shape[1] + rng.normal(0, 0.02) * MM)
            y = round(foot - ink.shape[0] + rng.normal(0, 0.02) * MM)
            part = sheet[y : y + ink.shape[0], x : x + ink.shape[1]]
            np.minimum(part, (255 - 225 * ink * rng.uniform(0.85, 1)).astype(np.uint8), out=part)
            right += PITCH * 8
        right += float(rng.uniform(0.8, 2.4)) * 0.125 * FINE_DPI


def face(sheet: Image, rng: Generator) -> None:
    """Print what stands above the code line: tint, waves, words, lines and an amount's frame."""
    height, width = sheet.shape
    clear = round(height - 16 * MM)
    sheet[:clear] = int(rng.integers(205, 245))
    x = np.arange(width)
    for y0 in range(0, clear, round(rng.uniform(1.2, 4) * MM)):
        y = y0 + 0.8 * MM * np.sin(x / (rng.uniform(5, 12) * MM))
        points = np.stack([x, np.clip(y, 0, clear - 3)], 1).astype(np.int32)
        cv2.polylines(sheet, [points], False, 190, 2)
    for words, at in (("FIRST SAMPLE BANK", (10, 12)), ("Pay to the order of", (8, 30))):
        place = (round(at[0] * MM), round(at[1] * MM))
        cv2.putText(sheet, words, place, cv2.FONT_HERSHEY_DUPLEX, 2.4, 30, 5)
    cv2.putText(
        sheet, digits(rng, 10), (round(12 * MM), round(50 * MM)), cv2.FONT_HERSHEY_PLAIN, 5, 20, 6
    )
    cv2.line(sheet, (round(40 * MM), round(31 * MM)), (round(120 * MM), round(31 * MM)), 60, 4)


def scanned(sheet: Image, rng: Generator, dpi: int) -> Image:
    """Scan a sheet: turned a little, blurred, uneven, noisy."""
    scale = dpi / FINE_DPI
    height, width = sheet.shape
    margin = 20
    size = (round(width * scale) + 2 * margin, round(height * scale) + 2 * margin)
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), float(rng.normal(0, 0.8)), scale)
    turn[:, 2] += (size[0] / 2 - width / 2, size[1] / 2 - height / 2)
    soft = cv2.GaussianBlur(sheet, (0, 0), 0.5 / scale)
    flat = cv2.warpAffine(soft, turn, size, borderValue=235).astype(np.float32)
    blurred = cv2.GaussianBlur(flat, (0, 0), float(rng.uniform(0.3, 0.9)))
    light = np.linspace(1, rng.uniform(0.8, 1), size[0], dtype=np.float32)
    noisy = blurred * light + rng.normal(0, rng.uniform(1, 9), blurred.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


def draw(seed: int, valid: bool = True) -> Drawn:
    """Draw one cheque by its number: the even ones are from the US, the odd ones Indian."""
    rng = np.random.default_rng([5, seed])
    groups, parts = us_line(rng, valid) if seed % 2 == 0 else indian_line(rng)
    width, height = ((152, 70), (178, 84), (203, 92))[int(rng.integers(3))]
    if sum(map(len, groups)) > 36:
        width, height = 203, 92
    longest_mm = 34 + 3.175 * (sum(map(len, groups)) + 2.4 * len(groups))
    width = max(width, round(longest_mm) + 6)  # a cheque is as wide as its line needs
    sheet = np.full((round(height * MM), round(width * MM)), 250, np.uint8)
    face(sheet, rng)
    print_line(sheet, groups, rng, float(rng.uniform(4.5, 6.5)))
    dpi = int(rng.choice([200, 240, 300, 400]))
    return Drawn(scanned(sheet, rng, dpi), dpi, "".join(groups), parts)
