"""Stage 6 of 8: find the likeliest strings through a field's lattice.

Every glyph is an edge between two cuts; it may be read as a digit or passed over as a mark
(dot, comma, dash, currency sign, dirt). Dynamic programming keeps the best few strings at
every cut. Nothing here sees a pixel.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from formreader.document import Candidate, Character, Float, Glyph

DIGITS = "0123456789"
BEAM = 6
"""Strings kept at every cut; the margin needs two, alternatives four."""
WIDE_BEAM = 24
"""The same where a form allows only some strings, so that allowed ones are among them."""
CUT_WEIGHT = 1.2
"""Log-likelihood lost for a cut through ink one stroke wide."""
DEAREST_CUT = 2.6
"""Cost in stroke widths beyond which a cut counts no more against a reading."""
LOW, TALL = 0.7, 1.5
"""Heights, in digit heights, outside which a digit grows unlikely: commas end at 0.5, the
small 0s of quickly written thousands begin at 0.55."""
DIGIT_WIDTH = 0.5
"""Usual width of a digit in digit heights: what is wider may be two and costs twice."""
MARK_HEIGHT = 0.6
"""Height in digit heights from which ink passed over is more than a dot, comma or dash."""
INKY_CUT = 0.15
"""Cost in stroke widths from which a cut goes through ink."""
UNLIKELY = -7.0
"""Log-probability below which a glyph is not tried as a digit."""
PASS_LOW, PASS_TALL = -0.1, -2.0
"""Log-likelihood of passing over a mark as small as a dot, and over one as tall as a digit."""
PASS_BOX = -1.0
"""Log-likelihood of passing over what stands in a box, beside what the network says of it. Without
it numbers of which a speck was passed over were among the surest of composed ones."""


Path = tuple[float, str, tuple[tuple[int, int], ...]]
"""A partial reading: its score, its text and the edges taken (glyph index, class or −1). A plain
tuple: a hundred are made for every number."""


def assemble(
    glyphs: Sequence[Glyph],
    scores: Float,
    cuts: NDArray[np.float64],
    cells: int,
    longest: int = 0,
    beam: int = BEAM,
    filler: bool = False,
) -> list[Candidate]:
    """Return the best strings of one field, best first.

    `scores` float32 (N, K) are log-probabilities of the glyphs, digits in the first ten
    columns, not-a-digit in the last; `cuts` (nodes,) as `segment` gives them; `cells` is the
    number of boxes, 0 for free writing; `longest` is the most digits there can be, 0 any number;
    with `filler` boxes before the number may be struck out.
    """
    if not glyphs:
        return []
    paths = best_paths(glyphs, scores, cuts, cells, Limits(beam, longest, filler=filler))
    return to_candidates(paths, glyphs, scores, cuts)


def spell(
    glyphs: Sequence[Glyph],
    scores: Float,
    cuts: NDArray[np.float64],
    cells: int,
    texts: Collection[str],
) -> list[Candidate]:
    """Return the best way to read each of `texts`, best first; other arguments as `assemble`.

    A text that no path spells, such as one longer than there are glyphs, is left out.
    """
    if not glyphs:
        return []
    return to_candidates(paths_of(glyphs, scores, cuts, cells, texts), glyphs, scores, cuts)


def paths_of(
    glyphs: Sequence[Glyph],
    scores: Float,
    cuts: NDArray[np.float64],
    cells: int,
    texts: Collection[str],
) -> list[Path]:
    """Find the best path for each of `texts`, best first: forced alignment, as in speech."""
    begun = frozenset(text[:end] for text in texts for end in range(len(text) + 1))
    paths = best_paths(glyphs, scores, cuts, cells, Limits(len(begun), 0, begun))
    return [path for path in paths if path[1] in texts]


@dataclass(frozen=True, slots=True)
class Limits:
    """What strings are followed: `beam` at every cut, `longest` digits (0: any), only `begun`.

    With `filler` it costs nothing to pass over a box before the number.
    """

    beam: int
    longest: int = 0
    begun: frozenset[str] | None = None
    filler: bool = False


def best_paths(
    glyphs: Sequence[Glyph],
    scores: Float,
    cuts: NDArray[np.float64],
    cells: int,
    limits: Limits,
) -> list[Path]:
    """Follow the likeliest strings from the first cut to the last; returns them best first."""
    edges: dict[int, list[int]] = defaultdict(list)
    for index, glyph in enumerate(glyphs):
        edges[glyph.start].append(index)
    nodes = len(cuts)
    gains = scores.tolist()
    beams: list[dict[str, Path]] = [{} for _ in range(nodes)]
    beams[0][""] = (0.0, "", ())
    for node in range(nodes - 1):
        alive = sorted(beams[node].values(), key=itemgetter(0), reverse=True)[: limits.beam]
        toll = -CUT_WEIGHT * min(float(cuts[node]), DEAREST_CUT) if node else 0.0
        alive = [(score + toll, text, steps) for score, text, steps in alive]
        ends = {glyphs[i].end for i in edges[node]}
        if node + 1 not in ends:
            for path in alive:
                held = beams[node + 1].get(path[1])
                if held is None or path[0] > held[0]:
                    beams[node + 1][path[1]] = path
        for index in edges[node]:
            target = beams[glyphs[index].end]
            follow(target, alive, index, glyphs[index], gains[index], cells, limits)
    return sorted(beams[-1].values(), key=itemgetter(0), reverse=True)[: limits.beam]


def to_candidates(
    paths: Sequence[Path], glyphs: Sequence[Glyph], scores: Float, cuts: NDArray[np.float64]
) -> list[Candidate]:
    """Turn finished paths into candidates with their characters."""
    order = np.argsort(-scores, axis=1)[:, :3].tolist()
    chances = np.exp(scores).tolist()
    return [to_candidate(path, glyphs, order, chances, cuts) for path in paths]


def follow(
    target: dict[str, Path],
    alive: list[Path],
    index: int,
    glyph: Glyph,
    gains: list[float],
    cells: int,
    limits: Limits,
) -> None:
    """Extend partial readings by one glyph, read as each likely digit or passed over."""
    fit = 0.0 if cells else height_fit(glyph.height)
    least = UNLIKELY if limits.begun is None else -np.inf
    options = [(k, gain + fit) for k, gain in enumerate(gains[:10]) if gain > least]
    options.append((-1, passing(glyph, gains[-1], cells)))
    for score, begun, steps in alive:
        full = limits.longest and len(begun) >= limits.longest
        for symbol, gain in options[-1:] if full else options:
            text = begun + DIGITS[symbol] if symbol >= 0 else begun
            if limits.begun is not None and text not in limits.begun:
                continue
            if limits.filler and cells and not text:
                gain = gains[-1]
            held = target.get(text)
            if held is None or score + gain > held[0]:
                target[text] = (score + gain, text, (*steps, (index, symbol)))


def height_fit(height: float) -> float:
    """Return how well a digit's height in digit heights fits, as a log-likelihood ≤ 0."""
    if height < LOW:
        return -40.0 * (LOW - height) ** 2
    return -3.0 * max(0.0, height - TALL)


def passing(glyph: Glyph, not_a_digit: float, cells: int) -> float:
    """Return the log-likelihood of passing a glyph over."""
    if cells:
        return not_a_digit + PASS_BOX
    share = min(max((glyph.height - 0.2) / 0.6, 0.0), 1.0)
    trust = 0.5 + 0.5 * share
    tall = PASS_TALL * max(1.0, glyph.width / DIGIT_WIDTH)
    return PASS_LOW + share * (tall - PASS_LOW) + trust * max(not_a_digit, -6.0)


def to_candidate(
    path: Path,
    glyphs: Sequence[Glyph],
    order: list[list[int]],
    chances: list[list[float]],
    cuts: NDArray[np.float64],
) -> Candidate:
    """Turn a finished path into a candidate with its characters.

    `order` holds the three likeliest classes of every glyph, `chances` the probability of
    every class.
    """
    score, text, steps = path
    characters = []
    for index, symbol in steps:
        if symbol < 0:
            continue
        chance = chances[index]
        others = tuple(
            (DIGITS[k] if k < 10 else "?", chance[k]) for k in order[index] if k != symbol
        )[:2]
        characters.append(Character(DIGITS[symbol], chance[symbol], others, glyphs[index].rect))
    taken = [glyphs[index] for index, _ in steps]
    return Candidate(
        text,
        score,
        tuple(characters),
        passed=sum(s < 0 and glyphs[i].height > MARK_HEIGHT for i, s in steps),
        touching=sum(float(cuts[glyph.start]) > INKY_CUT for glyph in taken),
    )
