"""Find which glyphs of a field are the digits of a number that is known."""

from __future__ import annotations

from formreader import assemble
from formreader.document import Float
from formreader.segment import Lattice

NEVER = float("-inf")


def align(lattice: Lattice, scores: Float, text: str) -> list[int] | None:
    """Return the index of the glyph of each digit of `text`; None where they do not fit.

    `scores` float32 (N, K) are the glyphs' log-probabilities. The likeliest path through the
    lattice that spells `text`, under the costs of `assemble`: forced alignment, as in speech.
    """
    glyphs, cells = lattice.glyphs, lattice.cells
    nodes, length = len(lattice.cuts), len(text)
    best: list[list[tuple[float, tuple[int, ...]]]] = [
        [(NEVER, ())] * (length + 1) for _ in range(nodes)
    ]
    best[0][0] = (0.0, ())
    for node in range(nodes - 1):
        toll = assemble.CUT_WEIGHT * min(float(lattice.cuts[node]), assemble.DEAREST_CUT)
        here = [(score - (toll if node else 0.0), taken) for score, taken in best[node]]
        starting = [index for index, glyph in enumerate(glyphs) if glyph.start == node]
        if all(glyphs[index].end != node + 1 for index in starting):
            improve(best[node + 1], here)  # nothing stands between these two cuts
        for index in starting:
            glyph, gains = glyphs[index], scores[index]
            passed = assemble.passing(glyph, float(gains[-1]), cells)
            fit = 0.0 if cells else assemble.height_fit(glyph.height)
            there = [(score + passed, taken) for score, taken in here]
            for place, symbol in enumerate(text):
                score, taken = here[place]
                read = score + fit + float(gains[int(symbol)])
                there[place + 1] = max(there[place + 1], (read, (*taken, index)))
            improve(best[glyph.end], there)
    score, taken = best[-1][length]
    return None if score == NEVER else list(taken)


def improve(
    held: list[tuple[float, tuple[int, ...]]], offered: list[tuple[float, tuple[int, ...]]]
) -> None:
    """Keep the better path at each place of the text."""
    for place, path in enumerate(offered):
        held[place] = max(held[place], path)
