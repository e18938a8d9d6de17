"""Other digit networks, to compare the bundled two with. Imported by `train_digits` only.

Each takes glyphs (N, 28, 28) float32 in 0…1 to logits (N, classes), so that an exported one
is read like any other.
"""

from __future__ import annotations

from collections.abc import Callable

import keras
from keras import layers

from formreader.network import convolve


def build(name: str, classes: int) -> keras.Model:
    """Build a digit network by its name: glyphs (N, 28, 28) → logits (N, classes)."""
    glyphs = keras.Input((28, 28), name="glyphs")
    features = NETWORKS[name](layers.Reshape((28, 28, 1))(glyphs))
    logits = layers.Dense(classes, name="logits")(layers.Dropout(0.2)(features))
    return keras.Model(glyphs, logits, name="digits")


def lenet(picture: keras.KerasTensor) -> keras.KerasTensor:
    """LeNet-5 (LeCun et al. 1998), cut at zero instead of tanh: 84 features, 62 k weights."""
    x = layers.Conv2D(6, 5, padding="same", activation="relu")(picture)
    x = layers.Conv2D(16, 5, activation="relu")(layers.AveragePooling2D(2)(x))
    x = layers.Flatten()(layers.AveragePooling2D(2)(x))
    return layers.Dense(84, activation="relu")(layers.Dense(120, activation="relu")(x))


def resnet(picture: keras.KerasTensor) -> keras.KerasTensor:
    """Six residual blocks of 16 to 64 filters (He et al. 2016): 64 features, 176 k weights."""
    x = convolve(picture, 16, 3)
    for filters, stride in ((16, 1), (16, 1), (32, 2), (32, 1), (64, 2), (64, 1)):
        beside = x if stride == 1 else layers.Conv2D(filters, 1, stride, use_bias=False)(x)
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(
            convolve(x, filters, 3, stride)
        )
        x = layers.ReLU()(layers.Add()([layers.BatchNormalization(momentum=0.95)(x), beside]))
    return layers.GlobalAveragePooling2D()(x)


def mobilenet(picture: keras.KerasTensor) -> keras.KerasTensor:
    """Depthwise separable convolutions (Howard et al. 2017): 256 features, 139 k weights."""
    x = convolve(picture, 32, 3, 2)
    for filters, stride in ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1)):
        x = layers.DepthwiseConv2D(3, stride, padding="same", use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization(momentum=0.95)(x))
        x = convolve(x, filters, 1)
    return layers.GlobalAveragePooling2D()(x)


NETWORKS: dict[str, Callable[[keras.KerasTensor], keras.KerasTensor]] = {
    "lenet": lenet,
    "resnet": resnet,
    "mobilenet": mobilenet,
}
