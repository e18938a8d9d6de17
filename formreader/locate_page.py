"""A page while its fields are cut: its ink, rules, boxes and cells (a part of stage 3)."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from formreader import binarize, rules, rules_bars, rules_dotted, rules_tinted
from formreader import locate_boxes as boxes
from formreader import locate_combs as combs
from formreader import locate_doubts as doubts
from formreader import locate_even as even
from formreader import locate_groups as groups
from formreader import locate_rings as rings
from formreader import locate_rows as rows
from formreader import locate_tables as tables
from formreader import locate_text as text
from formreader import locate_torn as torn
from formreader import locate_zones as zones
from formreader.document import FieldImage, FieldSpec, Grey, Kind, Mask, Rect
from formreader.locate_boxes import Cell
from formreader.locate_doubts import Written
from formreader.locate_rounded import Rounded
from formreader.locate_rows import Row
from formreader.rules import Rules

DARK_SHARE = 0.3
"""Share of dark pixels around a group from which it stands on a bar or a picture."""
PALE = 0.6
"""Darkness of a field's ink, as a share of the page's, below which it may be a printed hint."""
PALE_DOUBT = 0.55
"""Doubt of such a field: enough that a person looks."""
EVEN_DOUBT = 0.501
"""Least doubt of what stands as evenly as print."""
PALE_PLACE_DOUBT = 0.501
"""The same in a cell of a table or on a line, where pencil is likelier than a hint: such a field
is shown to a person whatever it reads as. Nine numbers in pencil of a drawn table had no row."""
SHADED_NEAR = 2.0
"""Reach, in widths of a box that lies in shade or under a watermark, in which a number may go on
there: the box between it and those that were found may not have been seen at all."""
SPECK_MM = 0.22
"""Side of the smallest spot kept in a field, in millimetres; dust is smaller."""


class OpenPage:
    """What is known of one page while its fields are cut."""

    def __init__(self, image: Grey, small: Grey, dpi: float, zoom: float) -> None:
        self.image, self.small, self.zoom = image, small, zoom
        self.full_mm = dpi / 25.4
        self.scale = scale = dpi * zoom / 25.4
        self.small_dark = binarize.darkness(small, scale)
        self.level = binarize.ink_level(self.small_dark)
        self.paper = binarize.paper_of(image, self.full_mm, shadows=True)
        self.dark = binarize.darker(image, self.paper)
        self.pale_boxes = False
        ink = binarize.ink_mask(self.small_dark, self.level)
        self.dotted = rules_dotted.dotted_lines(ink, scale)
        self.rounded = Rounded(ink, scale)
        self.white = rules_tinted.white_boxes(small, scale)
        self.bars, self.bar_tops = rules_bars.edges(small, scale)
        self.see_rules(rules.FAINTEST)
        self.rows: list[Row] = []
        self.cells: list[Cell] = []
        self.seen: list[Cell] = []
        self.shaded: list[Cell] = []
        self.labels: list[Cell] = []

    def search(self) -> None:
        """Find rows of boxes and other cells; look again for fainter ones where there are none."""
        self.find()
        if not any(len(row.cells) > 2 for row in self.rows):
            self.look_for_paler()
            self.find()

    def split_tables(self) -> None:
        """Take the rows of tables for what they are: cells that are a field each."""
        ink, seen = binarize.ink_mask(self.small_dark, self.level), self.seen + self.shaded
        self.rows, cells = tables.split(self.rows, seen, ink, self.small, self.scale)
        self.cells += cells

    def look_for_paler(self) -> None:
        """Take fainter lines for rules; their boxes are then too pale to be taken for ink."""
        self.pale_boxes = True
        self.see_rules(rules.FAINTEST_AGAIN)

    def trust_bar_tops(self) -> None:
        """Take the upper edges of dark bars for rules, too, as on a blank.

        Where something is written, digits that reach into a bar are lost with it.
        """
        self.bars += self.bar_tops
        self.see_rules(rules.FAINTEST)

    @cached_property
    def level_lines(self) -> Mask:
        """Return where level rules run, in the working copy."""
        return zones.level_lines(self.rules, self.scale)

    def see_rules(self, faintest: int) -> None:
        """Take lines that are at least `faintest` dark for the page's rules."""
        found = rules.find_rules(self.small_dark, self.scale, faintest)
        found = rules_tinted.with_tinted(found, self.white, self.scale)
        found = rules_bars.with_bars(found, self.bars, self.scale)
        self.rules: Rules = rules_dotted.with_dotted(found, self.dotted)
        self.__dict__.pop("level_lines", None)

    def find(self) -> None:
        """Find rows of boxes and other cells among the page's rules."""
        scale = self.scale
        seen = self.rounded.with_cells(boxes.find_cells(self.rules, scale))
        paper = boxes.paper_cells(seen, self.small_dark, self.level)
        white = set(paper)
        self.shaded = [c for c in seen if boxes.is_box(c, scale) and c not in white]
        self.seen = cells = boxes.outermost(paper, scale)
        found, alone = rows.box_rows(cells, self.rules, scale, tables.in_columns(cells, scale))
        found = [row for row in found if not rings.are_zeros(row.cells, self.small_dark, scale)]
        alone = [cell for cell in alone if not rings.are_zeros([cell], self.small_dark, scale)]
        ticked = combs.comb_rows(self.rules, found, scale)
        self.rows = [
            row
            for row in rows.distinct(found + ticked)
            if len(row.cells) > 1 and rows.on_paper(row, self.small_dark, self.level)
        ]
        alone += [r.cells[0] for r in found if len(r.cells) == 1]
        penned = rings.between_strokes(alone, self.rules.levels, scale)
        self.cells = [cell for cell, pen in zip(alone, penned, strict=True) if not pen]
        self.cells += combs.open_frames(self.rules, cells, found, scale)

    def cut_mask(self, mask: Mask, rect: Rect) -> Mask:
        """Cut `rect` of the full picture out of a mask of the working copy."""
        zoom = self.zoom
        cols = ((np.arange(rect.x, rect.right) + 0.5) * zoom).astype(np.int64)
        lines = ((np.arange(rect.y, rect.bottom) + 0.5) * zoom).astype(np.int64)
        lines, cols = np.minimum(lines, mask.shape[0] - 1), np.minimum(cols, mask.shape[1] - 1)
        part = mask[lines[0] : lines[-1] + 1, cols[0] : cols[-1] + 1]
        cut = part.take(lines - lines[0], axis=0).take(cols - cols[0], axis=1)
        return np.asarray(cut, np.bool_)

    def rect_of(self, left: float, top: float, right: float, bottom: float) -> Rect:
        """Turn edges of the working copy into a rectangle of the picture, cut to the page."""
        height, width = self.image.shape
        x0, y0 = max(0, round(left / self.zoom)), max(0, round(top / self.zoom))
        x1, y1 = min(width, round(right / self.zoom)), min(height, round(bottom / self.zoom))
        return Rect(x0, y0, max(1, x1 - x0), max(1, y1 - y0))

    @property
    def least_own(self) -> float:
        """Return the darkness below which nothing is a field's own ink, 0 to 255."""
        return max(binarize.LEAST_INK, 0.35 * self.level)

    def picture(self, rect: Rect) -> Grey:
        """Cut a field out of the picture, the edge of a shadow across it taken out."""
        part = np.s_[rect.y : rect.bottom, rect.x : rect.right]
        image, paper = self.image[part], self.paper[part]
        if paper.min() < binarize.SHADED * paper.max():
            image = 255 - self.dark[part]
        return np.ascontiguousarray(image)

    def own_level(self, dark: Grey) -> float:
        """Return the usual darkness of a field's own ink, at most the page's.

        A field written in fainter ink than the page's print is measured by its own ink.
        """
        strong = dark[dark > self.least_own]
        own = float(np.percentile(strong, 90)) if strong.size > 20 else self.level
        return min(self.level, own)

    def by_shaded_box(self, left: float, right: float, middle: float) -> bool:
        """Tell whether a box that is no paper stands in line with a place, near one of its ends."""
        return any(
            box.top < middle < box.bottom
            and max(box.left - right, left - box.right) < SHADED_NEAR * box.width
            for box in self.shaded
        )

    def own_ink(self, ink: Mask, inside: Mask, share: float, points: bool = False) -> Mask:
        """Keep the ink that lies in the boxes at least by `share`, without dust.

        Where it may have `points`, small round spots stay: a point of 0.5 mm is not twice as long
        as dust, and 282.00 was read 28200.
        """
        count, labels, stats, _ = cv2.connectedComponentsWithStats(
            ink.view(np.uint8), connectivity=8
        )
        within = np.bincount(labels[inside], minlength=count)
        area = stats[:, cv2.CC_STAT_AREA]
        side = max(2.0, SPECK_MM * self.full_mm)
        kept = (within >= share * area) & (area >= side * side)
        if not points:
            long = np.maximum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
            kept &= long >= 2 * side
        kept[0] = False
        return np.asarray(kept[labels], np.bool_)

    def written(self, anywhere: bool = True) -> list[FieldImage]:
        """Cut out what is written in cells and, if `anywhere`, on lines and on plain paper.

        Where not, the cells are those of a form, and what looks like print is left to `cut`.
        """
        dark = self._small_strokes()
        ink = self._with_pale_cells(binarize.ink_mask(dark, self.level), dark)
        across, levels = zones.level_zone(self.rules, self.cells, self.scale)
        ink = rules.without_rules(
            ink, across, zones.upright_zone(self.rules, self.cells, self.scale)
        )
        outside = ink.copy()
        for row in self.rows:
            f, pad = row.frame, 0.12 * row.frame.height
            outside[
                max(0, int(f.top - pad)) : int(f.bottom + pad) + 1,
                max(0, int(f.left - pad)) : int(f.right + pad) + 1,
            ] = False
        spots = groups.spots(outside, self.scale)
        found = text.find_written(spots, dark * ink, self.cells, levels, self.scale, anywhere)
        if anywhere:
            numbers = [w.group for w in found if w.doubt < doubts.PRINT]
            parts = torn.parts_of_one(numbers, self.rules.up)
            crowded = torn.in_one_cell(numbers, self.cells, spots)
            doubtful = [part or other for part, other in zip(parts, crowded, strict=True)]
            doubtful += [False] * (len(found) - len(numbers))
            found = [
                w.doubted(torn.DOUBT) if is_part else w
                for w, is_part in zip(found, doubtful, strict=True)
            ]
        cut = (self._written_field(w, ink, not anywhere) for w in found)
        return [field for field in cut if field is not None]

    def _with_pale_cells(self, ink: Mask, dark: Grey) -> Mask:
        """Add the ink of cells that hold paler ink only, as much of it as is ink by its own level.

        By the page's level four of thirteen numbers in pencil of a drawn table were not found.
        """
        rim = round(0.4 * self.scale)
        for cell in self.cells:
            inside = (
                slice(int(cell.top) + rim, max(0, int(cell.bottom) - rim)),
                slice(int(cell.left) + rim, max(0, int(cell.right) - rim)),
            )
            own = self.own_level(dark[inside])
            if own < PALE * self.level:
                ink[inside] |= binarize.ink_mask(dark[inside], own)
        return ink

    def _small_strokes(self) -> Grey:
        """Return darkness of the working copy with thin strokes as dark as in the picture."""
        if self.zoom >= 1:
            return self.small_dark
        kept = cv2.dilate(self.dark, np.ones((2, 2), np.uint8))
        size = self.small_dark.shape[::-1]
        return np.asarray(cv2.resize(kept, size, interpolation=cv2.INTER_AREA), np.uint8)

    def _on_dark(self, group: groups.Group, ink: Mask) -> bool:
        """Tell whether a group stands on a bar or a picture rather than on paper."""
        ring = int(1.0 * group.height)
        y, x = max(0, group.top - ring), max(0, group.left - ring)
        dark = ink[y : group.bottom + ring, x : group.right + ring]
        own = dark[group.top - y : group.bottom - y, group.left - x : group.right - x]
        around = dark.size - own.size
        return around > 0 and (int(dark.sum()) - int(own.sum())) / around > DARK_SHARE

    def _written_field(self, written: Written, ink: Mask, is_known: bool) -> FieldImage | None:
        group = written.group
        if self._on_dark(group, ink):
            return None
        pad = max(2.0, 0.15 * group.height)
        rect = self.rect_of(
            group.left - pad, group.top - pad, group.right + pad, group.bottom + pad
        )
        near = cv2.dilate(ink.view(np.uint8), np.ones((3, 3), np.uint8)).view(np.bool_)
        dark = self.dark[rect.y : rect.bottom, rect.x : rect.right]
        own = binarize.ink_mask(dark, self.own_level(dark)) & self.cut_mask(near, rect)
        keep = np.zeros(dark.shape, bool)
        span = self.rect_of(group.left - 1, group.top - 1, group.right + 1, group.bottom + 1)
        span = span.moved(-rect.x, -rect.y)
        keep[max(0, span.y) : span.bottom, max(0, span.x) : span.right] = True
        own = self.own_ink(own, keep, 0.6)
        if not own.any():
            return None
        up, middle = self.rules.up, (group.top + group.bottom) / 2
        in_part = torn.beside(group, ink, up, written.kind is Kind.CELL, is_known)
        in_part = in_part or self.by_shaded_box(group.left, group.right, middle)
        if in_part or torn.crossed(group, up):
            written = written.doubted(torn.DOUBT)
        spec, image = FieldSpec("", written.kind), self.picture(rect)
        field = FieldImage(
            *(spec, rect, image, own, (), written.doubt),
            print_like=written.doubt,
            penned=None if is_known else written.penned,
        )
        spans = self._spans(group, dark, own, rect)
        if written.uneven < written.doubt and even.is_penned(spans):
            field = replace(field, doubt=written.uneven)
        elif even.is_printed(spans):
            field = replace(field, doubt=max(field.doubt, EVEN_DOUBT))
        if self.is_pale(dark[own]):
            least = PALE_DOUBT if written.kind is Kind.FREE else PALE_PLACE_DOUBT
            field = replace(field, doubt=max(field.doubt, least), pale=field.doubt)
        return field

    def is_pale(self, own: NDArray[np.uint8]) -> bool:
        """Tell whether a field's ink, its darkness (N,), may be that of a printed hint."""
        return float(np.median(own)) < PALE * self.level

    def _spans(
        self, group: groups.Group, dark: Grey, ink: Mask, rect: Rect
    ) -> list[tuple[float, float]]:
        """Return between which rows each character of a group stands, in pixels of its field."""
        spans = []
        for x, y, wide, high in group.tall[:, :4].tolist():
            box = self.rect_of(x, y, x + wide, y + high).moved(-rect.x, -rect.y)
            top = max(0, box.y - even.RIM)
            part = np.s_[top : box.bottom + even.RIM, max(0, box.x) : box.right]
            if found := even.edges(dark[part], ink[part]):
                spans.append((top + found[0], top + found[1]))
        return spans
