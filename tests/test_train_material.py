"""The batches that both networks learn from."""

from __future__ import annotations

import numpy as np
import pytest

from formreader import datasets, train_material
from formreader.datasets import hands_of


def test_a_batch_holds_digits_and_junk_in_their_shares() -> None:
    digits = datasets.draw_digits(200, 1)
    some = digits.at(np.arange(100))
    glyphs, labels = train_material.batch(some, digits, [1, 2])
    assert glyphs.shape == (116, 28, 28)
    assert glyphs.dtype == np.float32
    assert (labels == 10).sum() == 16
    assert np.array_equal(labels[:100], some.labels)


def material_of(count: int, others: int = 0) -> train_material.Material:
    """Return material of drawn digits, with `others` black squares that are no digits."""
    digits = datasets.draw_digits(count, 1)
    squares = np.full((others, 28, 28), 255, np.uint8)
    return train_material.Material(digits, digits, digits, None, {}, others=squares)


@pytest.mark.parametrize("size", [50, 100, 200])
def test_an_epochs_batch_holds_digits_junk_and_glyphs_of_lattices(size: int) -> None:
    material = material_of(400)
    hands = hands_of(material.written)
    steps = range(400 // size)
    made = [train_material.epoch_batch(material, hands, 1, 0, step, size) for step in steps]
    assert all(len(glyphs) == len(labels) for glyphs, labels in made)
    digits = sum((labels[int(1.16 * size) :] < 10).sum() for _, labels in made)
    others = sum((labels == 10).sum() for _, labels in made)
    assert 0.7 * 0.22 * 400 <= digits <= 0.22 * 400
    assert 0.26 * 400 <= others <= 0.30 * 400 + len(steps)


def test_batches_of_a_single_digit_are_made_too() -> None:
    material = material_of(60)
    hands = hands_of(material.written)
    for step in range(60):
        glyphs, labels = train_material.epoch_batch(material, hands, 1, 0, step, 1)
        assert len(glyphs) == len(labels) >= 2


def test_own_pictures_of_what_is_no_digit_are_learned_as_often_as_digits() -> None:
    material = material_of(600, others=6)
    hands = hands_of(material.written)
    black = 0
    for step in range(30):
        glyphs, labels = train_material.epoch_batch(material, hands, 1, 0, step, 20)
        black += int((glyphs[labels == 10].mean((1, 2)) > 0.4).sum())
    assert black <= 25  # six each once in the pass, and what is as black by itself
