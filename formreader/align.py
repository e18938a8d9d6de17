"""Find which glyphs of a field are the digits of a number that is known."""

from __future__ import annotations

from formreader import assemble
from formreader.document import Float
from formreader.segment import Lattice


def align(lattice: Lattice, scores: Float, text: str) -> list[int] | None:
    """Return the index of the glyph of each digit of `text`; None where they do not fit.

    `scores` float32 (N, K) are the glyphs' log-probabilities.
    """
    paths = assemble.paths_of(lattice.glyphs, scores, lattice.cuts, lattice.cells, {text})
    return [index for index, symbol in paths[0][2] if symbol >= 0] if paths else None
