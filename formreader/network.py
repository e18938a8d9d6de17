"""The recognizer's networks in plain Keras 3. Imported by `train` only."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

SMALL = 0.3
"""Weight of the small network's logits. On 11,193 digits of held-out writers the area under
the risk-coverage curve fell from 15.3e-5 (0) to 13.3e-5, as far as it does at 0.4 and 0.5; errors
were 55 and 58, at 0.5 61."""


def build(classes: int) -> keras.Model:
    """Build both digit networks: glyphs (N, 28, 28) float32 in 0…1 → logits (N, 2, classes).

    They share nothing but the glyph and learn side by side; `averaged` joins them. The second
    is small and of another kind, so that both are seldom sure of the same mistake.
    """
    glyphs = keras.Input((28, 28), name="glyphs")
    picture = layers.Reshape((28, 28, 1))(glyphs)
    logits = [deep_branch(picture, classes), small_branch(picture, classes)]
    return keras.Model(glyphs, layers.Concatenate(axis=1)(logits), name="digits")


def averaged(digits: keras.Model) -> keras.Model:
    """Join what `build` made: glyphs (N, 28, 28) → weighted mean logits (N, classes)."""
    deep, small = digits.output[:, 0], digits.output[:, 1]
    return keras.Model(digits.input, (1 - SMALL) * deep + SMALL * small, name="averaged")


def deep_branch(picture: keras.KerasTensor, classes: int) -> keras.KerasTensor:
    """Classify by five convolutions: logits (N, 1, classes), 0.28 M weights.

    Batch normalisation (Simonyan & Zisserman 2015, Ioffe & Szegedy 2015), global average
    pooling, one linear layer. The first convolution strides: two more at full resolution
    cost half the speed, in training and in reading.
    """
    x = picture
    for filters, kernel, stride in ((32, 5, 2), (64, 3, 1), (64, 3, 1), (128, 3, 1), (128, 3, 1)):
        if filters == 128 and x.shape[1] == 14:
            x = layers.MaxPooling2D()(x)
        x = convolve(x, filters, kernel, stride)
    x = layers.Dropout(0.2)(layers.GlobalAveragePooling2D()(x))
    return layers.Reshape((1, classes))(layers.Dense(classes)(x))


def small_branch(picture: keras.KerasTensor, classes: int) -> keras.KerasTensor:
    """Classify by four narrow convolutions: logits (N, 1, classes), 53 k weights.

    Its last layer sees where things lie, which the other's mean over the glyph does not.
    """
    x = convolve(convolve(picture, 16, 5, 2), 32, 3)
    x = convolve(layers.MaxPooling2D()(x), 48, 3)
    x = layers.MaxPooling2D()(convolve(x, 64, 3))
    x = layers.Dropout(0.2)(layers.Flatten()(x))
    return layers.Reshape((1, classes))(layers.Dense(classes)(x))


def convolve(
    x: keras.KerasTensor, filters: int, kernel: int | tuple[int, int], stride: int = 1
) -> keras.KerasTensor:
    """Convolve, normalise over the batch, cut at zero."""
    x = layers.Conv2D(filters, kernel, stride, padding="same", use_bias=False)(x)
    return layers.ReLU()(FusedNormalization(momentum=0.95)(x))


@keras.saving.register_keras_serializable("formreader")
class FusedNormalization(layers.BatchNormalization):  # type: ignore[misc]  # keras: untyped
    """Batch normalisation; where TensorFlow trains, by its one operation for it.

    Keras 3 writes the same out in a dozen: a fifth of the time of a step on two cores.
    """

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Normalise (N, H, W, C) over all but C; in training by the batch's own moments."""
        if not training or keras.backend.backend() != "tensorflow":
            return super().call(inputs, training=training, mask=mask)
        import tensorflow as tf

        gamma, beta = (keras.ops.convert_to_tensor(v) for v in (self.gamma, self.beta))
        out, mean, variance = tf.compat.v1.nn.fused_batch_norm(
            inputs, gamma, beta, epsilon=self.epsilon, is_training=True
        )
        for kept, new in ((self.moving_mean, mean), (self.moving_variance, variance)):
            kept.assign(kept * self.momentum + new * (1 - self.momentum))
        return out


def build_strip_reader(symbols: int) -> keras.Model:
    """Build the segmentation-free reader: strips (N, 32, W) → logits (N, W/2, 1 + symbols).

    Convolutions only, no recurrent layer; one frame of output for two columns, class 0 the
    blank of CTC (Graves et al. 2006). 0.41 M weights.
    """
    strips = keras.Input((32, None), name="strips")
    x = layers.Reshape((32, -1, 1))(strips)
    steps = ((32, 5, 2), (48, 3, 1), (64, 3, 1), (64, 3, 1), (96, 3, 1))
    for place, (filters, kernel, stride) in enumerate(steps):
        x = convolve(x, filters, kernel, stride)
        if place in (1, 3):
            x = layers.MaxPooling2D((2, 1))(x)
    x = layers.Conv2D(128, (4, 1), use_bias=False)(x)
    x = layers.ReLU()(FusedNormalization(momentum=0.95)(x))
    for _ in range(2):
        x = convolve(x, 128, (1, 7))
    x = layers.Dropout(0.2)(x)
    x = layers.Conv2D(1 + symbols, 1, name="frames")(x)
    return keras.Model(strips, layers.Reshape((-1, 1 + symbols), name="logits")(x), name="strips")


def build_print_detector() -> keras.Model:
    """Build the network that tells print from writing: glyphs (N, 28, 28) → logits (N, 1).

    Above 0 is print. Three narrow convolutions, then a layer that sees where things lie; 54 k
    weights.
    """
    glyphs = keras.Input((28, 28), name="glyphs")
    x = layers.Reshape((28, 28, 1))(glyphs)
    for filters, kernel in ((24, 5), (40, 3), (56, 3)):
        x = layers.MaxPooling2D()(convolve(x, filters, kernel))
    x = layers.Dropout(0.3)(layers.Flatten()(x))
    x = layers.Dense(48, activation="relu")(x)
    return keras.Model(glyphs, layers.Dense(1, name="print")(x), name="printed")
