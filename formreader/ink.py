"""Ink and paper: binarize, remove ruled lines, label components, normalise a glyph.

Shared by the stages. `normalize_glyph` is the only way from ink to the network, used when
reading and when building training data alike.
"""

from __future__ import annotations

import cv2
import numpy as np

from formreader.document import Float, Grey, Mask, Rect

GLYPH_SIZE = 28
"""Side of a glyph in pixels (LeCun et al. 1998, MNIST)."""
GLYPH_INNER = 20
"""Longest side of the ink inside a glyph, in pixels (LeCun et al. 1998, MNIST)."""
INK_EDGE = 0.25
"""Darkness, as a share of full ink, from which a pixel counts for the bounding box."""


def normalize_glyph(darkness: Float) -> Float:
    """Bring the ink of one glyph to the network's frame.

    `darkness` float32 (H, W), 0 paper to 1 ink. Crops to the ink, scales the longest side to
    20 px (area interpolation when shrinking), pastes by centre of mass into 28×28 and
    stretches to full contrast, after the MNIST recipe. Returns float32 (28, 28) in 0…1, all
    zero where there is no ink.
    """
    glyph = np.zeros((GLYPH_SIZE, GLYPH_SIZE), np.float32)
    peak = float(darkness.max(initial=0.0))
    if peak < 0.05:
        return glyph
    darkness = darkness * np.float32(1.0 / peak)
    x, y, w, h = cv2.boundingRect((darkness > INK_EDGE).view(np.uint8))
    crop = darkness[y : y + h, x : x + w]
    scale = GLYPH_INNER / max(w, h)
    size = (max(1, round(w * scale)), max(1, round(h * scale)))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = cv2.resize(crop, size, interpolation=method) if scale != 1 else crop
    moments = cv2.moments(small)
    mass = moments["m00"] or 1.0
    left = round(GLYPH_SIZE / 2 - moments["m10"] / mass)
    top = round(GLYPH_SIZE / 2 - moments["m01"] / mass)
    left = min(max(left, 0), GLYPH_SIZE - size[0])
    top = min(max(top, 0), GLYPH_SIZE - size[1])
    glyph[top : top + size[1], left : left + size[0]] = small
    return glyph * np.float32(1.0 / max(float(glyph.max()), 1e-6))
