"""Doubt that what stands in a cell, on a line or on plain paper is a number by hand (stage 3)."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from formreader import locate_print as prints
from formreader.document import Grey, Kind
from formreader.locate_boxes import Cell, is_box
from formreader.locate_groups import Group
from formreader.rules import Level

PRINTED = 0.7
"""Likeness to print from which a group is left out."""
RULED_DOUBT = 0.16
"""Doubt of a number in a cell or on a line before its likeness to print is added."""
LEAST_CHARACTERS = {Kind.CELL: 1, Kind.LINE: 2, Kind.FREE: 3}
"""Characters from which a number may be sure of itself; fewer may be a piece of print."""
FREE_DOUBT = 0.3
"""The same for a number on plain paper, where labels and headings stand too."""
CLOSE = 0.45
"""Gap between two digits on plain paper, in their heights, up to which they are surely one number:
of a table without its rules 7 and 5 of two cells were accepted as 75."""
TICKED_RULE = 2.0
"""Greatest length of a comb's rule, as a share of what was found written on it."""
LONE_BOX_DOUBT = 0.55
"""Least doubt of one character in one box by itself, as likely a tick as a digit, and of
what stands in brackets or is too short."""


KNOWN_DOUBT = 0.1
"""Doubt of what stands in a cell that a form's definition knows."""
PRINT = 1.0
"""Doubt of what is left out as print, whatever it reads as, unless its shapes are a hand's."""
ABOVE_RULE, UNDER_RULE = 0.35, 0.7
"""How far above and below the feet of a character, as a share of its height, the rule lies that it
was written on."""
LINES_APART_MM = 1.5
"""Gap in millimetres between two lines to write on from which they are two."""


@dataclass(frozen=True, slots=True)
class Written:
    """Where a number seems to be written, and its doubt.

    What of it remains if its characters stand as unevenly as by hand is `uneven`, if their
    shapes are a hand's `penned`.
    """

    group: Group
    kind: Kind
    doubt: float
    uneven: float
    penned: float

    def doubted(self, least: float) -> Written:
        """Return the place with so much doubt at least."""
        return replace(
            self,
            doubt=max(self.doubt, least),
            uneven=max(self.uneven, least),
            penned=max(self.penned, least),
        )


@dataclass(frozen=True, slots=True)
class Print:
    """What is known of a page's print: the heights of its characters and its lines of them.

    `alike` is by group how much its characters stand just so elsewhere, `printed` the groups
    that are print, `labels` those of three characters or more.
    """

    heights: NDArray[np.float64]
    alike: dict[int, float]
    printed: set[int]
    labels: list[Group]
    lines: prints.Lines


def known_print(
    placed: Sequence[tuple[Group, int, bool]],
    likely: list[Group],
    boxes: NDArray[np.int64],
    dark: Grey,
) -> Print:
    """Tell print by its rows outside of cells and lines, and by its shapes.

    `likely` are the groups that may be numbers.

    Of 119 numbers in cells of tax forms, digits as level as most hands write them, 32 had no
    row at all when their rows alone made them print.
    """
    shares = prints.likeness(likely, boxes, dark)
    alike = {id(group): share for group, share in zip(likely, shares, strict=True)}
    printed: set[int] = set()
    labels: list[Group] = []
    lines: prints.Lines = []
    for g, home, ruled in placed:
        in_place = (home >= 0 or ruled) and id(g) in alike
        level = len(g.tall) > 1 and g.printed >= PRINTED and not in_place
        if level or prints.same(g, alike.get(id(g), 0.0)):
            printed.add(id(g))
            if len(g.tall) >= 3 and g.printed >= 0.75:
                labels.append(g)
                lines.append((g.left, g.right, g.base, g.height, home))
    heights = prints.print_heights([g for g, _, _ in placed])
    return Print(heights, alike, printed, labels, lines)


def judged(group: Group, kind: Kind, known: Print) -> Written:
    """Say how much a group looks like print, not like a number by hand."""
    base = FREE_DOUBT if kind is Kind.FREE else RULED_DOUBT
    level = base + 0.45 * group.printed + 0.15 * prints.as_print(group, known.heights)
    if group.printed >= PRINTED:
        level = max(level, LONE_BOX_DOUBT)
    free = kind is Kind.FREE  # where the dates of stamps stand unevenly too
    place = Written(group, kind, min(1.0, level), level if free else base, base)
    short = len(group.tall) < LEAST_CHARACTERS[kind]
    if prints.bracketed(group) or prints.ordinal(group) or (short and not _close(group)):
        return place.doubted(LONE_BOX_DOUBT)
    alike = known.alike.get(id(group), 0.0) >= prints.MAYBE
    if short or alike or prints.as_small_as_print(group, known.heights):
        return replace(place.doubted(LONE_BOX_DOUBT), penned=base)
    return place


def _close(group: Group) -> bool:
    """Tell whether several characters stand as close as those of one number."""
    ends = group.tall[:, 0] + group.tall[:, 2]
    gaps = group.tall[1:, 0] - ends[:-1]
    return bool(gaps.size and gaps.max() <= CLOSE * group.height)


def known_place(group: Group, kind: Kind) -> Written:
    """Say the same of what stands in a form's own cell, whatever it looks like."""
    return Written(group, kind, KNOWN_DOUBT, KNOWN_DOUBT, KNOWN_DOUBT)


def hidden(group: Group, kind: Kind) -> Written:
    """Take a group for print, unless its shapes are a hand's."""
    left = FREE_DOUBT if kind is Kind.FREE else RULED_DOUBT
    if len(group.tall) < LEAST_CHARACTERS[kind] and not _close(group):
        left = LONE_BOX_DOUBT
    return Written(group, kind, PRINT, PRINT, left)


def inside(group: Group, cell: Cell) -> bool:
    """Tell whether a group's middle lies in a cell."""
    x, y = (group.left + group.right) / 2, (group.top + group.bottom) / 2
    return cell.left < x < cell.right and cell.top < y < cell.bottom


def lone(place: Written, cell: Cell, is_alone: bool, known: Print, scale: float) -> Written:
    """Doubt a figure by itself in a cell that is a single box or holds print, as a heading does.

    A cell of a table that `is_alone`, nothing in those beside it, is no box of a row that was not
    seen: there a digit is a number if its shape is a hand's.
    """
    if any(inside(group, cell) for group in known.labels):
        return place.doubted(LONE_BOX_DOUBT)
    if not is_box(cell, scale):
        return place
    doubtful = place.doubted(LONE_BOX_DOUBT)
    return replace(doubtful, penned=place.penned) if is_alone else doubtful


def on_two_lines(group: Group, levels: list[Level], scale: float) -> bool:
    """Tell whether the characters of a group stand on two lines with a gap between them.

    12 / 2024, written on two lines with the slash printed between, was accepted as 1212024.
    """
    left, top, wide, high = group.tall[:, :4].T
    middle, base = left + wide // 2, top + high
    under = []
    for level in levels:
        over = (middle >= level.x0) & (middle < level.x1)
        below = (level.y[middle[over] - level.x0] - base[over]) / high[over]
        if ((below > -ABOVE_RULE) & (below < UNDER_RULE)).any():
            under.append((level.x0, level.x1))
    under.sort()
    return any(b[0] - a[1] > LINES_APART_MM * scale for a, b in itertools.pairwise(under))


def holds_tick(group: Group, levels: list[Level]) -> bool:
    """Tell whether a bar of the group rises from an end of a short level rule: a comb's tick.

    Of a 49607 in a comb whose uneven teeth were not seen, 14960 was accepted.
    """
    high = group.height
    bars = group.tall[group.tall[:, 2] < prints.BAR * group.tall[:, 3]]
    for level in levels:
        if level.x1 - level.x0 > TICKED_RULE * (group.right - group.left):
            continue
        if abs(float(level.y.mean()) - group.base) > 0.5 * high:
            continue
        middles = bars[:, 0] + bars[:, 2] / 2
        if any((np.abs(middles - end) < 0.3 * high).any() for end in (level.x0, level.x1)):
            return True
    return False
