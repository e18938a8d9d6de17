"""Read a field whole, without cutting it, as it is and written smaller."""

from __future__ import annotations

from formreader.classify import StripReader
from formreader.document import Float
from formreader.ink import smaller
from formreader.pipeline_judge import Cut

SECOND_LOOK = (0.85, 2)
"""Size at which the strip reader looks again, and how many rows down. What it knows of a digit
depends on how tall it is beside the tallest stroke, such as a comma: of 677 real amounts (part
`train`) it read 559 alone with both looks, 540 with one, both readers together 573 and 567."""


def looks_at(cut: Cut, strips: StripReader | None) -> list[Float]:
    """Read a field's strip as it is and written smaller: log-probabilities (T, 11) of each.

    Empty where there is no strip reader, or no strip as in boxes.
    """
    strip = cut.lattice.strip
    if strips is None or strip is None:
        return []
    sizes = [strip, smaller(strip, *SECOND_LOOK)]
    return [strips.read(size) for size in sizes[: strips.looks]]
