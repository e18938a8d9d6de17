"""Stage 3 of 8: find the places where numbers were filled in, with no form definition.

Rows of boxes and combs come from ruled lines (`locate_boxes`, `locate_rows`), numbers in
table cells, on lines and on plain paper from the writing itself (`locate_text`). Geometry is
measured on a copy of about 200 dots per inch; the fields are cut from the picture itself.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from formreader import binarize, rules
from formreader import locate_boxes as boxes
from formreader import locate_combs as combs
from formreader import locate_groups as groups
from formreader import locate_placed as placed
from formreader import locate_rows as rows
from formreader import locate_text as text
from formreader import locate_torn as torn
from formreader.document import FieldImage, FieldSpec, Grey, Mask, Rect
from formreader.locate_boxes import Cell as Cell
from formreader.locate_order import enlarged, in_reading_order, stretched
from formreader.locate_placed import Place as Place
from formreader.locate_rows import Row
from formreader.rules import Rules

WORKING_DPI = 200.0
"""Resolution of the copy in which geometry is measured: thin rules keep two pixels."""
LONGEST_PX = 2900
"""Longest side of that copy in pixels (A4 at 200 has 2340), so a wrong resolution costs time
but never much of it."""
PAGE_MM = 297.0
"""Longest side in millimetres taken for a picture whose resolution is not believable."""
MARGIN = 0.2
"""Margin around a field's boxes, as a share of their height: digits often reach out."""
DARK_SHARE = 0.3
"""Share of dark pixels around a group from which it stands on a bar or a picture."""
PALE = 0.6
"""Darkness of a field's ink, as a share of the page's, below which it may be a printed hint."""
PALE_DOUBT = 0.55
"""Doubt of such a field: enough that a person looks."""
SPECK_MM = 0.22
"""Side of the smallest spot kept in a field, in millimetres; dust is smaller."""


def locate(image: Grey, dpi: float) -> list[FieldImage]:
    """Find the fields of an upright page, in reading order.

    `image` uint8 (H, W), `dpi` its resolution. Returns the fields named f01, f02, …; boxes
    and combs also when blank, everything else only where something was written.
    """
    if min(image.shape) < 12:
        return []
    page = _page_of(image, dpi)
    tables = combs.in_tables(page.rows, page.scale)
    found = [page.row_field(row) for row in page.rows]
    fields = [
        f
        for f, in_table in zip(found, tables, strict=True)
        if f is not None and (f.ink.any() or not in_table)
    ]
    fields += page.written()
    return in_reading_order(fields)


def at_places(image: Grey, dpi: float, places: list[Place]) -> list[tuple[FieldImage, float]]:
    """Cut the fields of a form out of an upright page; also how much of their lines was found."""
    page = _page_of(image, dpi)
    single = any(len(place.rects) == 1 for place in places)
    written = page.written() if single else []
    cuts = (placed.cut(page, place, written) for place in places)
    return [(field, found) for field, found in cuts if field is not None]


def empty_places(image: Grey, dpi: float) -> tuple[list[Row], list[Cell], list[rules.Level]]:
    """Find rows of boxes, other cells and level rules of an upright blank, in its pixels."""
    page = _page_of(image, dpi)
    grown = [
        replace(row, cells=tuple(enlarged(c, page.zoom) for c in row.cells)) for row in page.rows
    ]
    cells = [enlarged(c, page.zoom) for c in page.cells]
    lines = [level for level in page.rules.levels if level.even < 0.6]
    return grown, cells, [stretched(level, page.zoom) for level in lines]


def _page_of(image: Grey, dpi: float) -> _Page:
    """Measure a page on a copy of the working resolution."""
    height, width = image.shape
    if not 20 <= dpi <= 1300 or max(height, width) / dpi > 20:
        dpi = max(height, width) / PAGE_MM * 25.4
    zoom = min(WORKING_DPI / dpi, LONGEST_PX / max(height, width))
    size = (max(8, round(width * zoom)), max(8, round(height * zoom)))
    method = cv2.INTER_AREA if zoom < 1 else cv2.INTER_CUBIC
    small = np.asarray(cv2.resize(image, size, interpolation=method), np.uint8)
    return _Page(image, small, dpi, zoom)


class _Page:
    """What is known of one page while its fields are cut."""

    def __init__(self, image: Grey, small: Grey, dpi: float, zoom: float) -> None:
        self.image, self.zoom = image, zoom
        self.full_mm = dpi / 25.4
        self.scale = scale = dpi * zoom / 25.4
        self.small_dark = binarize.darkness(small, scale)
        self.level = binarize.ink_level(self.small_dark)
        self.dark = binarize.darkness(image, self.full_mm)
        self._find(rules.FAINTEST)
        if not any(len(row.cells) > 2 for row in self.rows):
            self._find(rules.FAINTEST_AGAIN)

    def _find(self, faintest: int) -> None:
        """Find the page's rules, the rows of boxes and the other cells."""
        scale = self.scale
        self.rules: Rules = rules.find_rules(self.small_dark, scale, faintest)
        cells = boxes.find_cells(self.rules, scale)
        cells = boxes.outermost(boxes.paper_cells(cells, self.small_dark, self.level), scale)
        found, alone = rows.box_rows(cells, self.rules, scale)
        ticked = combs.comb_rows(self.rules, found, scale)
        self.rows: list[Row] = [
            row
            for row in rows.distinct(found + ticked)
            if len(row.cells) > 1 and rows.on_paper(row, self.small_dark, self.level)
        ]
        single = [r.cells[0] for r in found if len(r.cells) == 1]
        self.cells = alone + single + combs.open_frames(self.rules, cells, found, scale)

    def _mask(self, mask: Mask, rect: Rect) -> Mask:
        """Cut `rect` of the full picture out of a mask of the working copy."""
        zoom = self.zoom
        cols = ((np.arange(rect.x, rect.right) + 0.5) * zoom).astype(np.int64)
        lines = ((np.arange(rect.y, rect.bottom) + 0.5) * zoom).astype(np.int64)
        lines = np.clip(lines, 0, mask.shape[0] - 1)
        cut = mask.view(np.uint8)[np.ix_(lines, np.clip(cols, 0, mask.shape[1] - 1))]
        return np.ascontiguousarray(cut).view(np.bool_)

    def _rect(self, left: float, top: float, right: float, bottom: float) -> Rect:
        """Turn edges of the working copy into a rectangle of the picture, cut to the page."""
        height, width = self.image.shape
        x0, y0 = max(0, round(left / self.zoom)), max(0, round(top / self.zoom))
        x1, y1 = min(width, round(right / self.zoom)), min(height, round(bottom / self.zoom))
        return Rect(x0, y0, max(1, x1 - x0), max(1, y1 - y0))

    def _own_level(self, dark: Grey) -> float:
        """Return the usual darkness of a field's own ink, at most the page's.

        A field written in fainter ink than the page's print is measured by its own ink.
        """
        strong = dark[dark > max(binarize.LEAST_INK, 0.35 * self.level)]
        own = float(np.percentile(strong, 90)) if strong.size > 20 else self.level
        return min(self.level, own)

    def row_field(self, row: Row) -> FieldImage | None:
        """Cut out a row of boxes."""
        frame = row.frame
        margin = MARGIN * frame.height
        rect = self._rect(
            frame.left - margin, frame.top - margin, frame.right + margin, frame.bottom + margin
        )
        dark = self.dark[rect.y : rect.bottom, rect.x : rect.right]
        inside, within = np.zeros(dark.shape, bool), np.zeros(dark.shape, bool)
        cells = []
        for cell in row.cells:
            box = self._rect(cell.left, cell.top, cell.right, cell.bottom).moved(-rect.x, -rect.y)
            cells.append(box)
            rim = max(1, round(0.25 * self.full_mm))
            inside[box.y + rim : box.bottom - rim, box.x + rim : box.right - rim] = True
            within[:, box.x + rim : box.right - rim] = True
        if not inside.any():
            return None
        own = self._own_level(dark[inside])
        across, up = self._mask(self.rules.across, rect), self._mask(self.rules.up, rect)
        guides = (across | up) & inside & (dark < PALE * own)
        ink = binarize.ink_mask(dark, own) & ~guides
        ink = rules.without_rules(ink, across & ~inside, up & ~within)
        ink = self._own_ink(ink, inside, 0.35)
        image = np.ascontiguousarray(self.image[rect.y : rect.bottom, rect.x : rect.right])
        spec = FieldSpec("", row.kind, len(cells))
        doubt = self._row_doubt(ink, dark, cells)
        if self._goes_on(row, own):
            doubt = max(doubt, torn.DOUBT)
        return FieldImage(spec, rect, image, ink, tuple(cells), doubt)

    def _goes_on(self, row: Row, own: float) -> bool:
        """Tell whether a number goes on right before or after a row of boxes."""
        frame, first, last = row.frame, row.cells[0], row.cells[-1]
        reach = torn.BOX_BESIDE
        for left, right in (
            (max(0.0, first.left - reach * first.width), first.left),
            (last.right, last.right + reach * last.width),
        ):
            rect = self._rect(left, frame.top, right, frame.bottom)
            dark = self.dark[rect.y : rect.bottom, rect.x : rect.right]
            across, up = self._mask(self.rules.across, rect), self._mask(self.rules.up, rect)
            ink = rules.without_rules(binarize.ink_mask(dark, own), across, up)
            if torn.as_tall_as_half(ink):
                return True
        return False

    def _own_ink(self, ink: Mask, inside: Mask, share: float) -> Mask:
        """Keep the ink that lies in the boxes at least by `share`, without dust."""
        count, labels, stats, _ = cv2.connectedComponentsWithStats(
            ink.view(np.uint8), connectivity=8
        )
        within = np.bincount(labels[inside], minlength=count)
        area = stats[:, cv2.CC_STAT_AREA]
        side = max(2.0, SPECK_MM * self.full_mm)
        kept = (within >= share * area) & (area >= side * side)
        kept &= np.maximum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]) >= 2 * side
        kept[0] = False
        return np.asarray(kept[labels], np.bool_)

    def _row_doubt(self, ink: Mask, dark: Grey, cells: list[Rect]) -> float:
        """Return how much the characters in boxes look printed: one height, one row, or pale."""
        spans = []
        for cell in cells:
            lines = np.flatnonzero(ink[cell.y : cell.bottom, cell.x : cell.right].any(axis=1))
            if lines.size:
                spans.append((lines[0], lines[-1] + 1))
        if not spans:
            return 0.0
        doubt = PALE_DOUBT if float(np.median(dark[ink])) < PALE * self.level else 0.1
        top, bottom = np.array(spans, np.float64).T
        slack = max(1.0, 0.03 * float(np.median(bottom - top)))
        if len(spans) > 1 and np.ptp(top) <= 2 * slack and np.ptp(bottom) <= 2 * slack:
            return 0.7
        return doubt

    def written(self) -> list[FieldImage]:
        """Cut out what is written in cells, on lines and on plain paper."""
        ink = binarize.ink_mask(self._small_strokes(), self.level)
        across, levels = self._level_zone(ink.shape)
        ink = rules.without_rules(ink, across, self._upright_zone(ink.shape))
        for row in self.rows:
            f, pad = row.frame, 0.12 * row.frame.height
            ink[
                max(0, int(f.top - pad)) : int(f.bottom + pad) + 1,
                max(0, int(f.left - pad)) : int(f.right + pad) + 1,
            ] = False
        spots = groups.spots(ink, self.scale)
        found = text.find_written(spots, self.cells, levels, self.scale)
        return [f for f in (self._written_field(w, ink) for w in found) if f is not None]

    def _small_strokes(self) -> Grey:
        """Return darkness of the working copy with thin strokes as dark as in the picture."""
        if self.zoom >= 1:
            return self.small_dark
        kept = cv2.dilate(self.dark, np.ones((2, 2), np.uint8))
        size = self.small_dark.shape[::-1]
        return np.asarray(cv2.resize(kept, size, interpolation=cv2.INTER_AREA), np.uint8)

    def _level_zone(self, shape: tuple[int, ...]) -> tuple[Mask, list[rules.Level]]:
        """Return where long level rules and the tops and bottoms of cells are, and the former."""
        zone = np.zeros(shape, bool)
        levels = [v for v in self.rules.levels if len(v.y) >= 6 * self.scale and v.even < 0.6]
        for level in levels:
            half = level.thick / 2 + 1
            for shift in np.arange(-half, half + 0.5):
                lines = np.clip(np.rint(level.y + shift), 0, shape[0] - 1).astype(np.int64)
                zone[lines, np.arange(level.x0, level.x1)] = True
        reach = max(4, round(0.7 * self.scale))
        for cell in self.cells:
            for y in (cell.top, cell.bottom):
                part = (
                    slice(max(0, int(y) - reach), int(y) + reach + 1),
                    slice(max(0, int(cell.left) - reach), int(cell.right) + reach + 1),
                )
                zone[part] |= self.rules.across[part]
        return zone, levels

    def _upright_zone(self, shape: tuple[int, ...]) -> Mask:
        """Return where long upright rules and the walls of cells are."""
        long = np.ones((round(8 * self.scale), 1), np.uint8)
        up = self.rules.up.view(np.uint8)
        zone = np.asarray(cv2.morphologyEx(up, cv2.MORPH_OPEN, long), np.uint8).view(np.bool_)
        reach = max(4, round(0.7 * self.scale))
        for cell in self.cells:
            for x in (cell.left, cell.right):
                part = (
                    slice(max(0, int(cell.top) - reach), int(cell.bottom) + reach + 1),
                    slice(max(0, int(x) - reach), int(x) + reach + 1),
                )
                zone[part] |= self.rules.up[part]
        return zone

    def _on_dark(self, group: groups.Group, ink: Mask) -> bool:
        """Tell whether a group stands on a bar or a picture rather than on paper."""
        ring = int(1.0 * group.height)
        y, x = max(0, group.top - ring), max(0, group.left - ring)
        dark = ink[y : group.bottom + ring, x : group.right + ring]
        own = dark[group.top - y : group.bottom - y, group.left - x : group.right - x]
        around = dark.size - own.size
        return around > 0 and (int(dark.sum()) - int(own.sum())) / around > DARK_SHARE

    def _written_field(self, written: text.Written, ink: Mask) -> FieldImage | None:
        group = written.group
        if self._on_dark(group, ink):
            return None
        pad = max(2.0, 0.15 * group.height)
        rect = self._rect(group.left - pad, group.top - pad, group.right + pad, group.bottom + pad)
        near = cv2.dilate(ink.view(np.uint8), np.ones((3, 3), np.uint8)).view(np.bool_)
        dark = self.dark[rect.y : rect.bottom, rect.x : rect.right]
        own = binarize.ink_mask(dark, self._own_level(dark)) & self._mask(near, rect)
        keep = np.zeros(dark.shape, bool)
        span = self._rect(group.left - 1, group.top - 1, group.right + 1, group.bottom + 1)
        span = span.moved(-rect.x, -rect.y)
        keep[max(0, span.y) : span.bottom, max(0, span.x) : span.right] = True
        own = self._own_ink(own, keep, 0.6)
        if not own.any():
            return None
        pale = float(np.median(dark[own])) < PALE * self.level
        doubt = max(written.doubt, PALE_DOUBT) if pale else written.doubt
        doubt = max(doubt, torn.DOUBT) if torn.beside(group, ink) else doubt
        image = np.ascontiguousarray(self.image[rect.y : rect.bottom, rect.x : rect.right])
        return FieldImage(FieldSpec("", written.kind), rect, image, own, (), doubt)
