"""Rate a recognizer on spoiled digits and on ink that is no digit.

Spoiled digits go the way of a form's box: paper, contrast, cut, normalise, score. What is no
digit goes straight to the network, as when it was learned.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from formreader import degrade, segment
from formreader.document import FieldImage, FieldSpec, Float, Grey, Kind, Rect
from formreader.evaluate_rates import SYMBOLS, rate
from formreader.ink import INK_LEVEL, darkness_of, normalize_glyph, use_one_thread
from formreader.junk import KINDS as LEARNED
from formreader.junk import Maker
from formreader.junk_unseen import UNSEEN

DIGITS = 2000
"""Digits that are spoiled, drawn at random once: none wrong of 2,000 accepted proves 0.15 %.
46 ways take about a minute on one core."""
PIECES = 500
"""Pieces of each kind that is no digit: 1 % is five of them."""
HALVABLE, WIDE_PX = (0, 2, 3, 5, 6, 7, 8), 13
"""Digits, and their width in pixels, that `junk` can halve into no other digit; it looks for
one until it finds it."""
STRICT = 0.99
"""A second confidence at which spoiled digits are rated, to see what strictness would cost."""
SHOWN = 5
"""Pictures kept of every kind."""
SEED = 20

Judge = Callable[[Float], tuple[NDArray[np.int64], NDArray[np.float64]]]
"""Glyphs (N, 28, 28) → the likeliest digit of each (N,), and how sure it is (N,): 0 where it
is called no digit."""
Album = dict[str, list[Grey]]


def in_own_box(picture: Grey) -> Float | None:
    """Read the one box that a picture is, as on a form; None where no ink is found."""
    darkness, contrast = darkness_of(picture)
    whole = Rect(0, 0, picture.shape[1], picture.shape[0])
    field = FieldImage(
        FieldSpec("box", Kind.BOXES, 1),
        whole,
        picture,
        darkness > INK_LEVEL,
        (whole,),
        flat=(darkness, contrast),
    )
    glyphs = segment.segment(field).glyphs
    return glyphs[0].image if glyphs else None


def spoiled_digits(
    darkness: Float, labels: NDArray[np.int64], judge: Judge, threshold: float, album: Album
) -> list[dict[str, Any]]:
    """Return the table of degradations, one row for each kind and strength.

    `darkness` float32 (N, H, W) 0 paper to 1 ink. A few pictures of each row go to `album`.
    """
    use_one_thread()
    rng = np.random.default_rng(SEED)
    picked = rng.permutation(len(labels))[:DIGITS]
    boxes = [degrade.in_box(darkness[i]) for i in picked]
    rows = []
    ways = [(degrade.CLEAN, 0.0), *((kind, s) for kind in degrade.KINDS for s in kind.strengths)]
    for kind, strength in ways:
        pictures = [kind.spoil(box, strength, rng) for box in boxes]
        row = one_row(pictures, labels[picked], judge, threshold)
        name = f"{kind.name} {strength:g}"
        album[name] = pictures[:SHOWN]
        rows.append(
            {
                "kind": kind.name,
                "trained": kind.trained,
                "strength": f"{strength:g} {kind.unit}" if kind.unit else "",
                **row,
                "pictures": name,
            }
        )
    return rows


def one_row(
    pictures: list[Grey], labels: NDArray[np.int64], judge: Judge, threshold: float
) -> dict[str, Any]:
    """Rate the pictures of one kind and strength."""
    glyphs = [in_own_box(picture) for picture in pictures]
    blank = np.zeros((28, 28), np.float32)
    digits, sure = judge(np.stack([blank if g is None else g for g in glyphs]))
    seen = np.array([g is not None for g in glyphs]) & (sure > 0)
    right = seen & (digits == labels)
    accepted, strict = seen & passes(sure, threshold), seen & passes(sure, STRICT)
    return {
        "right": rate(int(right.sum()), len(labels)),
        "read": rate(int(accepted.sum()), len(labels)),
        "accepted_wrong": rate(int((accepted & ~right).sum()), int(accepted.sum())),
        "read_strict": rate(int(strict.sum()), len(labels)),
        "wrong_strict": rate(int((strict & ~right).sum()), int(strict.sum())),
    }


def passes(sure: NDArray[np.float64], threshold: float) -> NDArray[np.bool_]:
    """Say what passes as a digit: called one, and surely enough."""
    return (sure > 0) & (sure >= threshold)


def not_digits(
    glyphs: Float, labels: NDArray[np.int64], judge: Judge, threshold: float, album: Album
) -> list[dict[str, Any]]:
    """Return how much of every kind that is no digit passes as one.

    `glyphs` float32 (N, 28, 28) are the digits of which some kinds are made; without digits fit
    for that the table is empty. The pictures likeliest to pass go to `album`.
    """
    width = (glyphs > 0.5).any(axis=1).sum(axis=1)
    if not (np.isin(labels, HALVABLE) & (width >= WIDE_PX)).any():
        return []
    glyphs, labels = glyphs[width > 0], labels[width > 0]
    rng = np.random.default_rng(SEED)
    learned = {name: maker for name, (_, maker) in LEARNED.items()}
    kinds: Mapping[str, Mapping[str, Maker]] = {"unseen": UNSEEN, "learned": learned}
    rows = []
    for group, makers in kinds.items():
        for name, make in makers.items():
            pieces = [normalize_glyph(make(glyphs, labels, rng)) for _ in range(PIECES)]
            digits, sure = judge(np.stack(pieces))
            passed = passes(sure, threshold)
            worst = np.argsort(-sure, kind="stable")[:SHOWN]
            key = f"{group} {name}"
            album[key] = [(255 * (1 - pieces[i])).astype(np.uint8) for i in worst]
            called = np.bincount(digits[passed], minlength=len(SYMBOLS))
            rows.append(
                {
                    "kind": name,
                    "trained": group == "learned",
                    "passed": rate(int(passed.sum()), PIECES),
                    "called": {SYMBOLS[d]: int(n) for d, n in enumerate(called) if n},
                    "pictures": key,
                }
            )
    return rows


def in_all(rows: list[dict[str, Any]], trained: bool) -> dict[str, Any]:
    """Add up what passes over the kinds that training draws, or over the others."""
    of = [row["passed"] for row in rows if row["trained"] == trained]
    return rate(sum(r["count"] for r in of), sum(r["of"] for r in of))
