"""The recognizer's network in plain Keras 3. Imported by `train` only."""

from __future__ import annotations

import keras
from keras import layers


def build(classes: int) -> keras.Model:
    """Build the digit network: glyphs (N, 28, 28) float32 in 0…1 → logits (N, classes).

    Five convolutions with batch normalisation (Simonyan & Zisserman 2015, Ioffe & Szegedy
    2015), global average pooling, one linear layer: 0.28 M weights. The first convolution
    strides: two more at full resolution cost half the speed, in training and in reading.
    """
    glyphs = keras.Input((28, 28), name="glyphs")
    x = layers.Reshape((28, 28, 1))(glyphs)
    for filters, kernel, stride in ((32, 5, 2), (64, 3, 1), (64, 3, 1), (128, 3, 1), (128, 3, 1)):
        if filters == 128 and x.shape[1] == 14:
            x = layers.MaxPooling2D()(x)
        x = layers.Conv2D(filters, kernel, stride, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization(momentum=0.95)(x)
        x = layers.ReLU()(x)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(0.2)(x)
    return keras.Model(glyphs, layers.Dense(classes, name="logits")(x), name="digits")


def build_strip_reader(symbols: int) -> keras.Model:
    """Build the segmentation-free reader: strips (N, 32, W) → logits (N, W/2, 1 + symbols).

    Convolutions only, no recurrent layer; one frame of output for two columns, class 0 the
    blank of CTC (Graves et al. 2006). 0.41 M weights.
    """
    strips = keras.Input((32, None), name="strips")
    x = layers.Reshape((32, -1, 1))(strips)
    steps = ((32, 5, (2, 2)), (48, 3, 1), (64, 3, 1), (64, 3, 1), (96, 3, 1))
    for place, (filters, kernel, stride) in enumerate(steps):
        x = layers.Conv2D(filters, kernel, stride, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization(momentum=0.95)(x)
        x = layers.ReLU()(x)
        if place in (1, 3):
            x = layers.MaxPooling2D((2, 1))(x)
    x = layers.Conv2D(128, (4, 1), use_bias=False)(x)
    x = layers.BatchNormalization(momentum=0.95)(x)
    x = layers.ReLU()(x)
    for _ in range(2):
        x = layers.Conv2D(128, (1, 7), padding="same", use_bias=False)(x)
        x = layers.BatchNormalization(momentum=0.95)(x)
        x = layers.ReLU()(x)
    x = layers.Dropout(0.2)(x)
    x = layers.Conv2D(1 + symbols, 1, name="frames")(x)
    return keras.Model(strips, layers.Reshape((-1, 1 + symbols), name="logits")(x), name="strips")
