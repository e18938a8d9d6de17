"""Give every stroke to the box that it belongs to (a part of stage 4)."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from formreader.document import Mask, Rect

SPILT = 0.35
"""Height in box heights from which a stroke that leaves its box is no residue of a rule."""


def owners(ink: Mask, cells: tuple[Rect, ...]) -> tuple[NDArray[np.int32], int]:
    """Give every connected stroke to the box that holds most of it.

    A stroke with a third or more of its ink in a second box is cut at the border. Returns
    int32 (H, W), the box's index or −1, and how many strokes of a third of a box's height
    were cut or leave the crop above or below: halves of an X drawn over two boxes read as 1.
    """
    column = np.full(ink.shape[1], -1, np.int32)
    for index, cell in enumerate(cells):
        column[max(cell.x, 0) : cell.right] = index
    owner = np.full(ink.size, -1, np.int32)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(ink.view(np.uint8), connectivity=8)
    tops, heights = stats[:, cv2.CC_STAT_TOP], stats[:, cv2.CC_STAT_HEIGHT]
    spots = np.flatnonzero(ink)
    which, place = labels.take(spots), column[spots % ink.shape[1]]
    inside = place >= 0
    key = which[inside] * len(cells) + place[inside]
    tally = np.bincount(key, minlength=count * len(cells)).reshape(count, len(cells))
    best = tally.argmax(1).astype(np.int32)
    spread = tally.max(1) < 0.67 * np.maximum(tally.sum(1), 1)
    whole = tally.sum(1)[which] > 0
    owner[spots] = np.where(whole, np.where(spread[which], place, best[which]), -1)
    edge = round(0.04 * ink.shape[0])
    leaves = (tops <= edge) | (tops + heights >= ink.shape[0] - edge)
    spilt = (spread | leaves) & (tally.sum(1) > 0) & (heights > SPILT * cells[0].height)
    return owner.reshape(ink.shape), int(spilt[1:].sum())
