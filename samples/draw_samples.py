"""Redraw every sample page with its truth: python samples/draw_samples.py.

The seed is fixed: the same versions of the libraries draw the same bytes.
"""

from __future__ import annotations

from pathlib import Path

from amounts_images import draw_amounts
from cheques_pages import draw_cheques
from forms_pages import draw_forms

SEED = 2024


def main(folder: Path) -> None:
    """Draw the forms, the cheques and the amounts into subfolders."""
    draw_forms(folder / "forms", SEED)
    draw_cheques(folder / "cheques", SEED)
    draw_amounts(folder / "amounts", SEED)


if __name__ == "__main__":
    main(Path(__file__).parent)
