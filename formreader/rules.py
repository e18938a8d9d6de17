"""Ruled lines: find them, follow them, and take them out of the ink they cross.

Shared below the stages. All work is on darkness (see `binarize`) with upright lines that may
lean by a few degrees. Sizes are in millimetres, turned into pixels by `pixels_per_mm`.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from formreader.document import Grey, Mask

THIN_RULE_MM = 0.9
"""Thickness of the usual rule at most, in millimetres; letters are wider and taller."""
WIDEST_RULE_MM = 1.7
"""Thickest printed rule in millimetres; what is thicker is a bar or a picture."""
SHORTEST_ACROSS_MM = 2.0
"""Shortest level stroke taken for a rule, in millimetres: the top of a small box."""
SHORTEST_UP_MM = 1.6
"""Shortest upright stroke taken for a rule, in millimetres: the tick of a comb."""
DENSE = 0.86
"""Share of a short stretch of rule that must be dark; below it, letters in a row pass."""
JOIN_MM = 1.3
"""Gap over which a level rule is taken to go on, in millimetres: less than between boxes."""
NOISE_SHARE = 0.6
"""Share of a picture that holds no rule in either direction; a rule is thrice as dark as it."""
FAINTEST = 12
"""Least darkness of a rule; the ripples around strokes in a JPEG picture reach about 10."""
FAINTEST_AGAIN = 5
"""The same for a second look at pages with no boxes: pale boxes in soft photos have 6 to 10."""
LEAST_RUNS = 200
"""Length of a rule in pixels from which its own thickness counts, 17 mm at 300 dpi. By the usual
thickness of all rules of a page, which a thick frame and bars made 1 pixel, a line stayed under a
number, and with it went the 6 that touched it: 7547842150 was accepted. Shorter ones may be bars of
digits side by side: with 60 pixels 8775 lost those of its 7s, and 8115 was accepted."""
Spots = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """One level rule: its row at every column from `x0` on, and where it is really seen.

    `even` is the swing of darkness along it as a share of its mean: print rules stay below
    0.4, letters in a row reach 0.6.
    """

    x0: int
    y: NDArray[np.float64]
    seen: Mask
    thick: float
    even: float

    @property
    def x1(self) -> int:
        """Return the first column beyond the rule."""
        return self.x0 + len(self.y)


@dataclass(frozen=True, slots=True, eq=False)
class Rules:
    """Rules of one picture.

    `across` and `up` are bool (H, W): the level and the upright ones, each a pixel wider on
    both sides than printed. `levels` are the level rules, from top to bottom; `dark` is the
    darkness they were found in.
    """

    dark: Grey
    across: Mask
    up: Mask
    levels: list[Level]


def quantile(values: NDArray[np.number], share: float) -> float:
    """Return a quantile as `np.quantile` does, in a fifth of its time for a few values."""
    ordered = np.sort(values)
    at = share * (len(ordered) - 1)
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return float(ordered[low] + (at - low) * (ordered[high] - ordered[low]))


def _line_kernel(length: int, upright: bool) -> NDArray[np.uint8]:
    return np.ones((length, 1) if upright else (1, length), np.uint8)


def _runs(thin: Grey, scale: float, upright: bool, shortest_mm: float, faintest: int) -> Grey:
    """Keep what is dark along most of a short line in one direction."""
    smooth = _line_kernel(max(3, round(0.4 * scale) | 1), upright)
    thin = cv2.blur(thin, smooth.shape[::-1])
    sample = np.ascontiguousarray(thin[:: max(1, thin.shape[0] // 400)])
    counts = np.cumsum(cv2.calcHist([sample], [0], None, [256], [0, 256]))
    noise = int(np.searchsorted(counts, NOISE_SHARE * counts[-1]))
    found = cv2.threshold(thin, max(faintest, 3 * noise), 255, cv2.THRESH_BINARY)[1]
    run = _line_kernel(max(5, round(shortest_mm * scale)), upright)
    share = cv2.blur(found, run.shape[::-1])
    dense = cv2.threshold(share, round(255 * DENSE) - 1, 1, cv2.THRESH_BINARY)[1]
    return np.asarray(cv2.dilate(dense, run), np.uint8)


def _rule_mask(dark: Grey, scale: float, upright: bool, shortest_mm: float, faintest: int) -> Grey:
    """Find thin rules and, apart from them, thick ones, which no letter's stroke reaches."""
    thin = _line_kernel(max(4, round(THIN_RULE_MM * scale)), not upright)
    least = _line_kernel(max(3, round(0.7 * THIN_RULE_MM * scale)), not upright)
    thick = _line_kernel(max(6, round(WIDEST_RULE_MM * scale)), not upright)
    narrow = cv2.subtract(dark, cv2.morphologyEx(dark, cv2.MORPH_OPEN, thin))
    solid = cv2.morphologyEx(dark, cv2.MORPH_OPEN, least)
    solid = cv2.subtract(solid, cv2.morphologyEx(dark, cv2.MORPH_OPEN, thick))
    found = cv2.bitwise_or(
        _runs(narrow, scale, upright, shortest_mm, faintest),
        _runs(solid, scale, upright, 1.5 * shortest_mm, faintest),
    )
    return np.asarray(found, np.uint8)


def _follow(mask: Grey, dark: Grey, scale: float) -> tuple[Mask, list[Level]]:
    """Turn the components of a level mask into rules, joined over short gaps."""
    few = cv2.countNonZero(mask) < 5 * 2**16  # of a rule's least length: short labels will do
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        mask, connectivity=8, ltype=cv2.CV_16U if few else cv2.CV_32S
    )
    length = stats[:, cv2.CC_STAT_WIDTH]
    thick = stats[:, cv2.CC_STAT_AREA] / np.maximum(1, length)
    kept = thick <= 1.3 * WIDEST_RULE_MM * scale + 1
    kept[0] = False
    spots = cv2.findNonZero(mask)
    cols, rows = (np.zeros((0, 2), np.int32) if spots is None else spots.reshape(-1, 2)).T
    which = labels[rows, cols]
    offset = np.cumsum(length) - length
    first = offset - stats[:, cv2.CC_STAT_LEFT]
    key = first[which] + cols
    number = np.bincount(key, minlength=int(length.sum()))
    middle = np.bincount(key, rows, int(length.sum())) / np.maximum(1, number)
    owner = np.repeat(np.arange(count), length)
    column = np.arange(len(owner)) - first[owner]
    row = np.clip(np.rint(middle), 0, dark.shape[0] - 1).astype(np.int64)
    near = (np.clip(row + step, 0, dark.shape[0] - 1) for step in (-1, 0, 1))
    value = np.max([dark[r, column] for r in near], axis=0).astype(np.float64)
    mean = np.bincount(owner, value, count) / length
    spread = np.bincount(owner, value * value, count) / length - mean**2
    even = np.sqrt(np.maximum(0, spread)) / np.maximum(mean, 1)
    whole = np.ones(mask.shape[1], bool)
    levels = [
        Level(
            int(stats[i, cv2.CC_STAT_LEFT]),
            middle[offset[i] : offset[i] + length[i]],
            whole[: length[i]],
            max(1.0, float(thick[i])),
            float(even[i]),
        )
        for i in np.flatnonzero(kept)
    ]
    across = mask.astype(np.bool_)
    dropped = ~kept[which]
    across[rows[dropped], cols[dropped]] = False
    return across, _join(levels, scale)


def _join(levels: list[Level], scale: float) -> list[Level]:
    """Join level rules that go on in the same row after a short gap."""
    reach, slack = JOIN_MM * scale, max(2.0, 0.25 * scale)
    chains: list[list[Level]] = []
    ends: dict[int, list[tuple[int, float, int]]] = {}  # by row: column beyond, row, chain
    for level in sorted(levels, key=lambda level: level.x0):
        start, y = level.x0, float(level.y[0])
        fits = []
        for row in range(int(y) - 4, int(y) + 5):
            if row in ends:
                near = ends[row] = [end for end in ends[row] if start - end[0] <= reach]
                if not near:
                    del ends[row]
                fits += [e for e in near if start - e[0] >= -2 and abs(e[1] - y) <= slack]
        number = len(chains)
        if fits:
            best = max(fits, key=lambda end: end[0])
            ends[int(best[1])].remove(best)
            number = best[2]
            chains[number].append(level)
        else:
            chains.append([level])
        last = float(level.y[-1])
        ends.setdefault(int(last), []).append((level.x1, last, number))
    joined = [_joined(chain) for chain in chains]
    if not joined:
        return joined
    lengths = np.array([len(level.y) for level in joined])
    starts = np.cumsum(lengths) - lengths
    means = np.add.reduceat(np.concatenate([level.y for level in joined]), starts) / lengths
    return [joined[i] for i in np.argsort(means, kind="stable")]


def _joined(parts: list[Level]) -> Level:
    """Make one rule of rules that follow each other from left to right."""
    if len(parts) == 1:
        return parts[0]
    rows, seen = [parts[0].y], [parts[0].seen]
    for before, part in pairwise(parts):
        gap = part.x0 - before.x1
        if gap > 0:
            rows.append(np.linspace(before.y[-1], part.y[0], gap))
            seen.append(np.zeros(gap, bool))
        rows.append(part.y[max(0, -gap) :])
        seen.append(part.seen[max(0, -gap) :])
    return Level(
        parts[0].x0,
        np.concatenate(rows),
        np.concatenate(seen),
        max(part.thick for part in parts),
        max(part.even for part in parts),
    )


def find_rules(dark: Grey, pixels_per_mm: float, faintest: int = FAINTEST) -> Rules:
    """Find the level and upright rules in `dark` uint8 (H, W), at least `faintest` dark."""
    level = _rule_mask(dark, pixels_per_mm, False, SHORTEST_ACROSS_MM, faintest)
    up = _rule_mask(dark, pixels_per_mm, True, SHORTEST_UP_MM, faintest)
    across, levels = _follow(level, dark, pixels_per_mm)
    wider = np.ones((3, 1), np.uint8)
    across = cv2.dilate(across.view(np.uint8), wider).view(np.bool_)
    return Rules(dark, across, cv2.dilate(up, wider.T).view(np.bool_), levels)


def find_levels(dark: Grey, pixels_per_mm: float) -> list[Level]:
    """Find the level rules alone, from top to bottom."""
    level = _rule_mask(dark, pixels_per_mm, False, SHORTEST_ACROSS_MM, FAINTEST)
    return _follow(level, dark, pixels_per_mm)[1]


def _thick(spot: Grey, zone: Grey, upright: bool) -> tuple[Spots, Spots]:
    """Return where the ink on rules lies, counted along the rows, and how thick its rule's ink is.

    The ink `spot` lies within the `zone` where rules run; a short one is as thick as the usual.
    """
    labels = cv2.connectedComponents(zone, connectivity=8)[1]
    across = spot if upright else spot.T
    padded = np.zeros((across.shape[0], across.shape[1] + 1), np.uint8)
    padded[:, :-1] = across
    flat = padded.ravel()
    ends = np.flatnonzero(flat[1:] != flat[:-1]) + 1  # each run's first pixel and the one after
    ends = np.concatenate([[0], ends]) if flat[0] else ends
    first, length = ends[::2], ends[1::2] - ends[::2]
    row, column = np.divmod(first, padded.shape[1])
    rule = labels[row, column] if upright else labels[column, row]
    ordered = length[np.lexsort((length, rule))]
    count = np.bincount(rule, minlength=int(labels.max()) + 1)
    middle = np.minimum(np.cumsum(count) - count + count // 2, len(ordered) - 1)
    thick = np.where(count >= LEAST_RUNS, ordered[middle], int(np.median(length)))
    where = np.flatnonzero(spot)
    return where, thick[labels.ravel()[where]]


def without_rules(ink: Mask, across: Mask, up: Mask) -> Mask:
    """Take printed rules out of `ink`, keeping the strokes that cross them.

    `across` and `up` (H, W) say where level and upright rules run. A pixel there goes unless
    it belongs to a stroke clearly longer across the rule than that rule is thick.
    """
    left = ink.view(np.uint8).copy()
    for zone, upright in ((up, True), (across, False)):
        spot = left & zone.view(np.uint8)
        if not spot.any():
            continue
        where, thick = _thick(spot, zone.view(np.uint8), upright)
        crosses = np.zeros(len(where), bool)
        for each in np.unique(thick).tolist():
            stroke = _line_kernel(round(1.6 * each) + 2, not upright)
            crossing = cv2.morphologyEx(left, cv2.MORPH_OPEN, stroke).ravel()[where]
            crosses |= (thick == each) & (crossing > 0)
        left.ravel()[where[~crosses]] = 0
    return left.view(np.bool_)
