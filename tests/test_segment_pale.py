"""Digits that were not taken for ink are noticed."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from formreader.segment_pale import overlooked


@pytest.mark.parametrize(("torn_in", "noticed"), [(0, False), (4, True)])
def test_a_digit_left_out_in_pieces_as_if_it_were_print_is_noticed(
    torn_in: int, noticed: bool
) -> None:
    darkness, ink = np.zeros((2, 60, 120), np.float32)
    cv2.line(ink, (90, 10), (86, 50), 1.0, 5)
    darkness[:] = ink
    for piece in range(torn_in):  # a thin 3 in strokes of a quarter of its height
        cv2.ellipse(darkness, (40, 14 + 10 * piece), (10, 4), 0, -120, 60, 0.6, 2)
    assert overlooked(darkness, ink > 0.5, 40.0) is noticed
