"""Turn a negative, white writing on a dark ground, into a positive (a part of stage 1).

Microfilm, photostats and faulty bilevel scans are negatives; of 70 drawn numbers in white on black
4 were read right, and one was taken for blank.
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFilter

from formreader.document import Grey

DARK = 100
"""Median grey from which a picture is none: photos of paper in the shade have 103 and more."""
SIDE = 600
"""Longest side in pixels at which writing is looked for."""
CLEAR = 60
"""Grey levels by which the brightest of it stands out from its ground."""
BRIGHT = (0.002, 0.4)
"""Share of a picture that is nearer to these than to the ground."""
WIDEST, SOLID = 15, 0.25
"""Width in pixels of a stroke at most, odd, and share of what is bright that may be wider: 0.6 and
more in photos of sheets on a dark table, 0.28 in crops of dark photos; none in negatives of forms,
or 0.2 to 0.5 where headings stand on bars."""


def positive(image: Grey) -> Grey:
    """Return a picture uint8 (H, W), turned dark on white where it is white on dark."""
    step = max(1, max(image.shape) // SIDE)
    ground = float(np.median(image[::step, ::step]))
    if ground >= DARK:
        return image
    small = Image.fromarray(image)
    small.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
    brightest = float(np.percentile(np.asarray(small), 99.5))
    bright = np.asarray(small) > (ground + brightest) / 2
    if brightest - ground < CLEAR or not BRIGHT[0] < bright.mean() < BRIGHT[1]:
        return image
    solid = Image.fromarray(bright).convert("L").filter(ImageFilter.MinFilter(WIDEST))
    wide = np.asarray(solid.filter(ImageFilter.MaxFilter(WIDEST))) > 0
    return image if wide.sum() > SOLID * bright.sum() else np.asarray(255 - image, np.uint8)
