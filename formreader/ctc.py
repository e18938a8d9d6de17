"""Read frames of a segmentation-free network: beam search and exact posteriors.

Connectionist temporal classification (Graves et al. 2006): class 0 is the blank, classes
1…10 the digits. Numbers and text only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import reduce
from itertools import product

import numpy as np

from formreader.document import Float

BEAM = 4
"""Prefixes kept; on composed numbers 16 gave the same best string in 1,000 of 1,000."""
LIKELY = -7.0
"""Log-probability below which a symbol is not followed in a frame."""
SURELY_BLANK = -1e-5
"""Log-probability from which a frame is surely blank: two thirds of all frames are. A second
one in a row changes nothing but adds its 0.00001 at most to a posterior's error."""
DIGITS = "0123456789"
NEVER = -math.inf
RESCALED = 4
"""Frames between two rescalings of the forward recursion; doubles reach down to 1e-300."""


def decode(looks: Sequence[Float], longest: int = 0) -> list[tuple[str, float]]:
    """Return the likeliest strings with their log-posteriors, best first.

    `looks` are the log-probabilities float32 (T, 11) of every look at the same number; each
    proposes strings, all of them score these. `longest` is the most digits there can be, 0 any
    number.
    """
    texts = list(dict.fromkeys(text for frames in looks for text in likeliest(frames, longest)))
    scored = zip(texts, log_posteriors(looks, texts), strict=True)
    return sorted(scored, key=lambda pair: -pair[1])


def likeliest(frames: Float, longest: int = 0) -> list[str]:
    """Propose strings for frames (T, 11) by a prefix beam search (Hannun 2014)."""
    frames = without_repeated_blanks(frames)
    beams: dict[str, tuple[float, float]] = {"": (0.0, NEVER)}
    for frame in frames.tolist():
        blank = frame[0]
        likely = [(DIGITS[k], gain) for k, gain in enumerate(frame[1:]) if gain > LIKELY]
        if not likely:
            beams = {prefix: (log_add(*ends) + blank, NEVER) for prefix, ends in beams.items()}
            continue
        fresh: dict[str, tuple[float, float]] = {}
        for prefix, (ends_blank, ends_symbol) in beams.items():
            total = log_add(ends_blank, ends_symbol)
            add(fresh, prefix, total + blank, NEVER)
            full = longest and len(prefix) >= longest
            for symbol, gain in likely:
                if full:
                    if prefix[-1] == symbol:
                        add(fresh, prefix, NEVER, ends_symbol + gain)
                elif prefix and prefix[-1] == symbol:
                    add(fresh, prefix, NEVER, ends_symbol + gain)
                    add(fresh, prefix + symbol, NEVER, ends_blank + gain)
                else:
                    add(fresh, prefix + symbol, NEVER, total + gain)
        beams = dict(sorted(fresh.items(), key=lambda item: -log_add(*item[1]))[:BEAM])
    return list(beams)


def strings(looks: Sequence[Float], lengths: frozenset[int]) -> list[str]:
    """List all strings of these lengths of the digits that are likely in any of the frames."""
    gains = np.concatenate(looks)[:, 1:].max(axis=0)
    likely = [DIGITS[k] for k, gain in enumerate(gains) if gain > LIKELY]
    return ["".join(choice) for n in sorted(lengths) for choice in product(likely, repeat=n)]


def without_repeated_blanks(frames: Float) -> Float:
    """Keep the first of every run of frames (T, 11) that are surely blank."""
    blank = frames[:, 0] > SURELY_BLANK
    return frames[~(blank & np.concatenate([[False], blank[:-1]]))]


def log_add(a: float, b: float) -> float:
    """Return log(exp a + exp b); plain floats are many times faster here than arrays."""
    if a < b:
        a, b = b, a
    return a if b == NEVER else a + math.log1p(math.exp(b - a))


def add(beams: dict[str, tuple[float, float]], prefix: str, blank: float, symbol: float) -> None:
    """Add log-probability to a prefix that ends in a blank or in its symbol."""
    held = beams.get(prefix)
    if held is None:
        beams[prefix] = (blank, symbol)
    else:
        beams[prefix] = (log_add(held[0], blank), log_add(held[1], symbol))


def log_posteriors(looks: Sequence[Float], texts: Sequence[str]) -> list[float]:
    """Return the log of each string's exact probability, the mean over all looks at the number."""
    scores = [exact(without_repeated_blanks(frames), texts) for frames in looks]
    return [reduce(log_add, each) - math.log(len(looks)) for each in zip(*scores, strict=True)]


def exact(frames: Float, texts: Sequence[str]) -> list[float]:
    """Return the exact log-probability of each string: the sum over all its alignments.

    The forward recursion of Graves et al. 2006 over all strings in one vector, two states
    that stay empty before each; rescaled every fourth frame so that long strips do not
    underflow.
    """
    if not texts:
        return []
    codes: list[int] = []
    ends = []
    for text in texts:
        codes += [-1, -1, 0]
        for symbol in text:
            codes += [DIGITS.index(symbol) + 1, 0]
        ends.append(len(codes) - 1)
    states = np.array(codes)
    skip = ((states[2:] > 0) & (states[2:] != states[:-2])).astype(np.float64)
    gains = np.exp(frames.astype(np.float64))[:, states] * (states >= 0)
    alpha = np.zeros(len(states))
    begun = np.flatnonzero(states < 0)[1::2] + 1
    alpha[begun] = gains[0, begun]
    first = begun[[len(text) > 0 for text in texts]] + 1
    alpha[first] = gains[0, first]
    scale = 0.0
    for number, gain in enumerate(gains[1:, 2:]):
        moved = alpha[2:] + alpha[1:-1]
        moved += skip * alpha[:-2]
        alpha[2:] = moved * gain
        if number % RESCALED == 0:
            peak = max(float(alpha.max()), 1e-300)
            alpha /= peak
            scale += math.log(peak)
    chances = [
        alpha[end] + (alpha[end - 1] if text else 0.0)
        for end, text in zip(ends, texts, strict=True)
    ]
    return [scale + math.log(max(float(chance), 1e-300)) for chance in chances]
