"""Draw printed characters, and age them and written ones alike, to learn to tell them apart.

Whatever a scanner does to a character it does to print and to writing, so both go through the same
sizes, blurs, levels and codecs. What is left to tell them by is their shape.
"""

from __future__ import annotations

import ctypes
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from threading import Lock

import cv2
import numpy as np
from numpy.typing import NDArray

from formreader import strokes
from formreader.datasets import Glyphs
from formreader.document import Float
from formreader.ink import normalize_glyph

LETTERS = "ABCDEFGHKLMNPRSTUXYZabdefghkmnpqrstuy%"
"""What else is printed where numbers stand; a quarter of the printed characters."""
STANDARD = (
    *("Helvetica", "Helvetica-Bold", "Helvetica-Oblique", "Helvetica-BoldOblique"),
    *("Times-Roman", "Times-Bold", "Times-Italic", "Times-BoldItalic"),
    *("Courier", "Courier-Bold", "Courier-Oblique", "Courier-BoldOblique"),
)
"""Faces that every reader of PDF has (ISO 32000-1, 9.6.2.2), and most forms are set in. Without
them 3353 in the cell of a printed table was accepted."""
FACES = ("DejaVu", "STIXGeneral", "cmr10", "cmb10", "cmss10", "cmtt10", "cmti10")
"""Faces that come with matplotlib, under free licences."""
ONE_AT_A_TIME = Lock()
"""PDFium is not to be called by two threads at once."""
HIGH = 64
"""Height in pixels at which characters are drawn and restyled."""
VECTOR = 0.15
"""Share of the printed characters that are of OpenCV's vector fonts (Hershey, public domain)."""
RESTYLED = 0.6
"""Share of the others whose breadth is changed, as the faces are few: without that 13 % of the
characters of 70 other faces passed as written, with it 5 %."""
SLANTED = 0.5
"""Share of all characters that are slanted by up to `SLANT`: reading sets free writing upright by
the slant of its strokes, and the leg of a printed 7 has one. Without it 27 and 72 passed."""
SLANT = 0.45
SMALLEST, LARGEST = 12.0, 60.0
"""Heights in pixels in which characters are scanned."""
OWN_STROKES = 0.2
"""Share of the written characters that are drawn by the stroke model; the others are the data's."""


@cache
def set_in_type(face: str, symbol: str) -> NDArray[np.uint8]:
    """Set a character in a standard face of PDF or in that of a font file: darkness (H, W)."""
    if face in STANDARD:
        return _set_in_standard(face, symbol)
    from PIL import Image, ImageDraw, ImageFont

    picture = Image.new("L", (2 * HIGH, 2 * HIGH), 0)
    font = ImageFont.truetype(face, HIGH)
    ImageDraw.Draw(picture).text((HIGH // 2, HIGH // 4), symbol, fill=255, font=font)
    return np.asarray(picture)


def _set_in_standard(face: str, symbol: str) -> NDArray[np.uint8]:
    from pypdfium2 import PdfDocument, raw

    with ONE_AT_A_TIME:
        document = PdfDocument.new()
        page = document.new_page(2 * HIGH, 2 * HIGH)
        font = raw.FPDFText_LoadStandardFont(document, face.encode())
        text = raw.FPDFPageObj_CreateTextObj(document, font, HIGH)
        letters = ctypes.create_string_buffer(f"{symbol}\0".encode("utf-16-le"))
        raw.FPDFText_SetText(text, ctypes.cast(letters, raw.FPDF_WIDESTRING))
        raw.FPDFPageObj_Transform(text, 1, 0, 0, 1, HIGH / 2, HIGH / 2)
        raw.FPDFPage_InsertObject(page, text)
        raw.FPDFPage_GenerateContent(page)
        grey = page.render(grayscale=True).to_numpy().reshape(2 * HIGH, 2 * HIGH)
        document.close()
    return np.asarray(255 - grey, np.uint8)


@lru_cache
def font_files() -> tuple[str, ...]:
    """List the font files that come with matplotlib; none where it is not installed."""
    spec = find_spec("matplotlib")
    if spec is None or spec.origin is None:
        return ()
    folder = Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf"
    found = sorted(p for p in folder.glob("*.ttf") if p.name.startswith(FACES))
    return tuple(str(p) for p in found if "Display" not in p.name)


def printed(rng: np.random.Generator) -> Float:
    """Print a digit, or sometimes a letter: float32 darkness (H, W) in 0…1."""
    letter = LETTERS[int(rng.integers(len(LETTERS)))]
    symbol = letter if rng.random() < 0.25 else str(rng.integers(10))
    if rng.random() < VECTOR:
        canvas = np.zeros((2 * HIGH, 2 * HIGH), np.uint8)
        face, thick = int(rng.integers(6)), int(rng.integers(1, 10))
        cv2.putText(canvas, symbol, (24, 96), face, 2.2, 255, thick, cv2.LINE_AA)
        return canvas.astype(np.float32) / np.float32(255)
    faces = STANDARD if rng.random() < 0.5 else font_files() or STANDARD
    drawn = set_in_type(faces[int(rng.integers(len(faces)))], symbol)
    return restyled(drawn.astype(np.float32) / np.float32(255), rng)


def restyled(character: Float, rng: np.random.Generator) -> Float:
    """Make another face of one: narrower or broader, bolder or lighter."""
    if rng.random() < RESTYLED:
        broad = float(rng.uniform(0.72, 1.25))
        character = cv2.resize(character, None, fx=broad, fy=1.0, interpolation=cv2.INTER_LINEAR)
    if rng.random() < 0.5:
        dot = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
        change = cv2.dilate if rng.random() < 0.6 else cv2.erode
        changed = change(character, dot)
        character = changed if changed.max() > 0.6 else character
    return character


def scanned(character: Float, rng: np.random.Generator) -> Float | None:
    """Scan a character of any size: the glyph float32 (28, 28) that reading makes of it.

    None where too little of it is left to be a glyph.
    """
    x, y, wide, high = cv2.boundingRect((character > 0.3).view(np.uint8))
    if not high:
        return None
    scale = HIGH / high
    how = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
    tight = character[y : y + high, x : x + wide]
    broad = max(1, round(wide * scale * rng.uniform(0.9, 1.1)))
    picture = cv2.copyMakeBorder(
        cv2.resize(tight, (broad, HIGH), interpolation=how), 10, 10, 10, 10, cv2.BORDER_CONSTANT
    )
    if rng.random() < 0.7:  # hides the raster of what was small, and rounds corners
        picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.7, 2.7))
        picture = 1 / (1 + np.exp(-rng.uniform(6, 20) * (picture - rng.uniform(0.35, 0.65))))
    return _largest(_developed(_shrunk(picture, rng), rng), rng)


def _shrunk(picture: Float, rng: np.random.Generator) -> Float:
    """Bring a character to the size of a scan, turned and slanted a little."""
    scale = float(np.exp(rng.uniform(np.log(SMALLEST), np.log(LARGEST)))) / HIGH
    turn = np.deg2rad(rng.normal(0, 0.6))
    slant = rng.uniform(-SLANT, SLANT) if rng.random() < SLANTED else 0.0
    high, wide = picture.shape
    matrix = scale * np.array([[1, -np.sin(turn) - slant, 0], [np.sin(turn), 1, 0]])
    matrix[:, 2] = 2 + rng.random(2)
    matrix[0, 2] += max(0.0, slant) * high * scale
    size = (round((wide + abs(slant) * high) * scale) + 4, round(high * scale) + 4)
    smooth = cv2.GaussianBlur(picture, (0, 0), max(0.3, 0.4 / scale)) if scale < 1 else picture
    return np.asarray(cv2.warpAffine(smooth, matrix, size), np.float32)


def _developed(picture: Float, rng: np.random.Generator) -> Float:
    """Blur, pale, roughen and pack a scan as devices do."""
    if rng.random() < 0.7:
        picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.3, 1.2))
    noise = rng.normal(0, rng.uniform(0, 0.06), picture.shape)
    picture = np.clip(picture * rng.uniform(0.5, 1) + noise, 0, 1).astype(np.float32)
    if rng.random() < 0.3:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(40, 95))]
        packed = cv2.imencode(".jpg", (255 - 255 * picture).astype(np.uint8), quality)[1]
        grey = cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE)
        picture = (255 - np.asarray(grey, np.float32)) / np.float32(255)
    return picture


def _largest(picture: Float, rng: np.random.Generator) -> Float | None:
    """Cut out the largest piece of ink, in grey or in black and white, as a glyph."""
    ink = (picture > rng.uniform(0.3, 0.5) * picture.max()).view(np.uint8)
    if rng.random() < 0.15:
        picture = ink.astype(np.float32)
    near = cv2.dilate(ink, np.ones((3, 3), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(near)
    if count < 2:
        return None
    own = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    x, y, wide, high = stats[own, :4].tolist()
    if high < SMALLEST / 2:
        return None
    part = np.s_[y : y + high, x : x + wide]
    return normalize_glyph(picture[part] * (labels[part] == own))


def sample(digits: Glyphs, count: int, seed: list[int]) -> tuple[Float, NDArray[np.float32]]:
    """Draw `count` glyphs float32 (N, 28, 28), and 1 for print, 0 for writing, float32 (N,)."""
    rng = np.random.default_rng(seed)
    glyphs: list[Float] = []
    labels: list[bool] = []
    while len(glyphs) < count:
        is_print = rng.random() < 0.5
        if is_print:
            drawn = printed(rng)
        elif rng.random() < OWN_STROKES:
            hand = strokes.random_hand(rng, rng.random() < 0.75, strokes.OWN)
            drawn = strokes.draw_symbol(str(rng.integers(10)), hand, rng, 40)
        else:
            picture = digits.images[int(rng.integers(len(digits)))]
            drawn = picture.astype(np.float32) / np.float32(255)
        glyph = scanned(drawn, rng)
        if glyph is not None:
            glyphs.append(glyph)
            labels.append(is_print)
    return np.stack(glyphs), np.array(labels, np.float32)
