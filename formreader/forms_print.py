"""What is printed on a form: its rules and words in millimetres, the reference of registration.

A definition carries this list, and a small picture of the words, in a file beside it. Shared
below the stages: `form draft` writes it, `register` finds it again on a page.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from formreader import binarize, rules, rules_dotted, rules_tinted
from formreader.document import Grey, Mask
from formreader.errors import FormError

Segments = NDArray[np.float64]

SHORTEST_MM = 3.0
"""Shortest rule of the reference, in millimetres; feet and heads of letters are shorter."""
UNEVEN = 0.6
"""Swing of darkness along a rule from which it is a row of letters (see `rules.Level`)."""
DOT_MM = 0.25
"""Least side of a dot and height of a dash that are printed, in millimetres."""
LEANS, LEANING_MM = 0.15, 8.0
"""Lean from which a stroke shorter than so many millimetres is no rule: the slashes printed in the
date cells of a drawn form, of 4.6 mm, lean by 0.3, and were read as 1s."""
WORD_MM = (0.9, 4.5)
"""Least and greatest height of a printed word, in millimetres."""
WORD_GAP_MM = 1.0
"""Gap in millimetres up to which letters belong to one word."""
RULE_MM = 0.5
"""How far from the middle of a rule its ink reaches at most, in millimetres."""
LONGEST_WORD_MM = 30.0
"""Longest word in millimetres; what is longer has run together with something else."""

PICTURED_PER_MM, SHADES, LABEL_RIM_MM = 6.0, 4, 0.3
"""Pixels a millimetre of the picture of labels, its shades of grey, and the rim around each label
in millimetres. By 4 pixels small print of a 150-dpi scan is too like other print."""
DRAWN_PX = 2
"""Thickness in pixels of a rule that is drawn again, at the resolution it was described at."""
DESCRIBED_DPI = 200.0
"""Resolution at which a blank is described, in dpi: rules are then two pixels thick."""


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """Rules and words seen in one picture, in pixels: masks one pixel thin, word middles (N, 2)."""

    across: Mask
    up: Mask
    levels: Segments
    uprights: Segments
    words: Segments


@dataclass(frozen=True, slots=True, eq=False)
class Print:
    """The print of one page of a form, in millimetres.

    `levels` (N, 3) hold y, first x, last x; `uprights` (N, 3) x, first y, last y; `words`
    (N, 2) the middles of clear words, and `labels` (N, 4) left, top, right and bottom of all print.
    `picture` (H, W) shows the labels, PICTURED_PER_MM pixels a millimetre; older files have none.
    """

    width: float
    height: float
    levels: Segments
    uprights: Segments
    words: Segments
    labels: Segments = field(default_factory=lambda: np.zeros((0, 4)))
    picture: Grey | None = None


def see_lines(image: Grey, pixels_per_mm: float) -> Lines:
    """Find the rules and printed words of an upright picture uint8 (H, W)."""
    dark = binarize.darkness(image, pixels_per_mm)
    ink = binarize.ink_mask(dark, binarize.ink_level(dark))
    across = rules.find_rules(dark, pixels_per_mm)
    white = rules_tinted.white_boxes(image, pixels_per_mm)
    across = rules_tinted.with_tinted(across, white, pixels_per_mm)
    across = rules_dotted.with_dotted(across, rules_dotted.dotted_lines(ink, pixels_per_mm))
    turned = rules.find_levels(np.ascontiguousarray(dark.T), pixels_per_mm)
    level_mask, levels = _thin(across.levels, dark.shape, pixels_per_mm)
    up_mask, uprights = _thin(turned, dark.T.shape, pixels_per_mm)
    ink = rules.without_rules(ink, across.across, across.up)
    up = np.ascontiguousarray(up_mask.T)
    return Lines(level_mask, up, levels, uprights, _words(ink, pixels_per_mm))


def _thin(
    found: list[rules.Level], shape: tuple[int, ...], pixels_per_mm: float
) -> tuple[Mask, Segments]:
    """Draw the rules one pixel thin and list them: middle row, first and last column."""
    mask = np.zeros(shape, bool)
    least = SHORTEST_MM * pixels_per_mm
    kept = [
        v for v in found if len(v.y) >= least and v.even <= UNEVEN and not _leans(v, pixels_per_mm)
    ]
    if not kept:
        return mask, np.zeros((0, 3))
    rows = np.clip(np.rint(np.concatenate([level.y for level in kept])), 0, shape[0] - 1)
    cols = np.concatenate([np.arange(level.x0, level.x1) for level in kept])
    mask[rows.astype(np.int64), cols] = True
    return mask, np.array(
        [(rules.quantile(level.y, 0.5), level.x0, level.x1 - 1) for level in kept]
    )


def _leans(level: rules.Level, pixels_per_mm: float) -> bool:
    """Tell whether a short stroke leans as a slash does, and no rule of a levelled page."""
    leans = abs(float(level.y[-1] - level.y[0])) > LEANS * len(level.y)
    return leans and len(level.y) < LEANING_MM * pixels_per_mm


def _words(ink: Mask, pixels_per_mm: float) -> Segments:
    """Return the middles of what looks like printed words: (N, 2) x, y."""
    _, _, stats, middles = _joined(ink, pixels_per_mm)
    low, high = (mm * pixels_per_mm for mm in WORD_MM)
    wide, tall = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]
    kept = (tall >= low) & (tall <= high) & (wide >= tall)
    kept &= wide <= LONGEST_WORD_MM * pixels_per_mm
    kept[0] = False
    return np.asarray(middles[kept], np.float64)


def _labels(image: Grey, ruled: Mask, pixels_per_mm: float) -> Segments:
    """Return left, top, right and bottom of all print but rules: (N, 4).

    Stems of letters, which are short rules at 150 dpi, belong to it.
    """
    dark = binarize.darkness(image, pixels_per_mm)
    ink = binarize.ink_mask(dark, binarize.ink_level(dark))
    thick = 2 * round(RULE_MM * pixels_per_mm) + 1
    lines = cv2.dilate(ruled.view(np.uint8), np.ones((thick, thick), np.uint8))
    _, parts, stats, _ = _joined(ink & (lines == 0), pixels_per_mm)
    left, top, wide, tall = stats[:, :4].T
    low, high = (mm * pixels_per_mm for mm in WORD_MM)
    kept = (tall <= high) | ((tall <= 2 * high) & (wide <= high))
    narrow = kept & (wide < low) & (tall >= low) & (wide >= DOT_MM * pixels_per_mm)
    kept &= (wide >= low) & (tall >= DOT_MM * pixels_per_mm)
    for number in np.flatnonzero(narrow).tolist():
        kept[number] = _is_slash(parts, stats[number], number)
    kept[0] = False
    edges = np.stack([left, top, left + wide - 1, top + tall - 1], 1)
    dots = edges[
        (np.maximum(wide, tall) < low) & (np.minimum(wide, tall) >= DOT_MM * pixels_per_mm)
    ]
    return np.vstack([edges[kept], _colons(dots, low)]).astype(np.float64)


def _is_slash(parts: NDArray[np.int32], stats: NDArray[np.int32], number: int) -> bool:
    """Tell whether a narrow stroke, one of the `parts` (H, W), leans as a slash does.

    Of 32 cells that hold nothing but a printed one 21 were accepted as 1.
    """
    left, top, wide, tall = stats[:4]
    stroke = parts[top : top + tall, left : left + wide] == number
    end = max(1, tall // 4)
    upper, lower = (
        float(np.nonzero(stroke[part])[1].mean()) for part in (np.s_[:end], np.s_[-end:])
    )
    return abs(upper - lower) > LEANS * (tall - end)


def _colons(dots: NDArray[np.int32], apart: float) -> NDArray[np.int32]:
    """Return the boxes (M, 4) of two of the `dots` (N, 4), one over the other, within 4 `apart`.

    The : of a time is no word, and a cell that holds nothing else went to a person as no digit.
    """
    found: list[NDArray[np.int32]] = []
    for upper in dots:
        below = (np.abs(dots[:, [0, 2]] - upper[[0, 2]]).max(axis=1) <= 0.3 * apart) & (
            dots[:, 1] > upper[3]
        )
        near = dots[below & (dots[:, 3] - upper[1] < 4 * apart)]
        if len(near) == 1:
            found.append(np.concatenate([upper[:2], near[0, 2:]]))
    return np.array(found, np.int32).reshape(-1, 4)


def _joined(ink: Mask, pixels_per_mm: float) -> Sequence[Any]:
    """Join letters to words and find the connected components."""
    gap = max(2, round(WORD_GAP_MM * pixels_per_mm))
    joined = cv2.morphologyEx(ink.view(np.uint8), cv2.MORPH_CLOSE, np.ones((1, gap), np.uint8))
    return cv2.connectedComponentsWithStats(joined, connectivity=8)


def print_of(image: Grey, dpi: float) -> Print:
    """Describe the print of a straight blank page."""
    height, width = image.shape[0] * 25.4 / dpi, image.shape[1] * 25.4 / dpi
    zoom = min(1.0, DESCRIBED_DPI / dpi)
    small = np.asarray(
        cv2.resize(image, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA), np.uint8
    )
    scale = small.shape[1] / width
    seen = see_lines(small, scale)
    labels = _labels(small, seen.across | seen.up, scale)
    # pixels are counted from the middle of the first one, millimetres from the edge of the page
    parts = (seen.levels, seen.uprights, seen.words, labels)
    levels, uprights, words, labels = ((part + 0.5) / scale for part in parts)
    return Print(width, height, levels, uprights, words, labels, _picture(image, dpi, labels))


def pictured(labels: Segments) -> NDArray[np.int64]:
    """Return where labels lie in the picture of them, in its pixels and with a rim: (N, 4)."""
    rim = np.array([-LABEL_RIM_MM, -LABEL_RIM_MM, LABEL_RIM_MM, LABEL_RIM_MM])
    return np.maximum(np.rint((labels + rim) * PICTURED_PER_MM), 0).astype(np.int64)


def _picture(image: Grey, dpi: float, labels: Segments) -> Grey:
    """Draw the labels alone, in few shades that take little room."""
    zoom = PICTURED_PER_MM * 25.4 / dpi
    small = cv2.resize(image, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA)
    step = 255 // (SHADES - 1)
    picture = np.full(small.shape, 255, np.uint8)
    for left, top, right, bottom in pictured(labels).tolist():
        part = np.s_[top:bottom, left:right]
        picture[part] = (small[part].astype(np.uint16) + step // 2) // step * step
    return picture


def drawn(page: Print, dpi: float) -> Grey:
    """Draw the rules of a form's page black on white: uint8 (H, W)."""
    scale = dpi / 25.4
    image = np.full((round(page.height * scale), round(page.width * scale)), 255, np.uint8)
    for rules_, upright in ((page.levels, False), (page.uprights, True)):
        for at, first, last in (rules_ * scale).round().astype(int).tolist():
            ends = ((at, first), (at, last)) if upright else ((first, at), (last, at))
            cv2.line(image, *ends, 0, DRAWN_PX)
    return image


def write_prints(path: Path, pages: list[Print]) -> None:
    """Write the print of a form's pages, one line a rule, in hundredths of a millimetre."""
    held = [
        {
            "page_mm": [round(p.width, 2), round(p.height, 2)],
            "level_rules": _whole(p.levels),
            "upright_rules": _whole(p.uprights),
            "words": _whole(p.words),
            "labels": _whole(p.labels),
            "picture": "" if p.picture is None else _encoded(p.picture),
        }
        for p in pages
    ]
    path.write_text(json.dumps(held, separators=(",", ":")) + "\n", "utf-8")


def _encoded(picture: Grey) -> str:
    return base64.b64encode(cv2.imencode(".png", picture)[1].tobytes()).decode("ascii")


def _decoded(text: str) -> Grey | None:
    if not text:
        return None
    data = np.frombuffer(base64.b64decode(text, validate=True), np.uint8)
    picture = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
    if picture is None:
        raise ValueError("its picture is damaged")
    return np.asarray(picture, np.uint8)


def _whole(values: Segments) -> list[list[int]]:
    return [[round(100 * v) for v in row] for row in values.tolist()]


def read_prints(path: Path) -> list[Print]:
    """Read what `write_prints` wrote; raises FormError."""
    try:
        held = json.loads(path.read_text("utf-8"))
        return [
            Print(
                float(page["page_mm"][0]),
                float(page["page_mm"][1]),
                np.array(page["level_rules"], np.float64).reshape(-1, 3) / 100,
                np.array(page["upright_rules"], np.float64).reshape(-1, 3) / 100,
                np.array(page["words"], np.float64).reshape(-1, 2) / 100,
                np.array(page.get("labels", []), np.float64).reshape(-1, 4) / 100,
                _decoded(page.get("picture", "")),
            )
            for page in held
        ]
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise FormError(
            f"{path} is missing or damaged; it holds what is printed on the form. "
            "Delete it, if it is there, and make it again with `formreader form draft BLANK --out "
            "FORM.toml`: a definition that is there stays as it is."
        ) from error
