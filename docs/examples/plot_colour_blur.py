"""
A colour photograph as it comes
===============================

Colours last, 8 bits: nothing has to be moved or converted beforehand. Each colour is an image of
its own, so the colour axis is the batch (``N``).
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_sample_image

import convcore

photo = load_sample_image("flower.jpg")  # (427, 640, 3), uint8
steps = np.arange(-12, 13)
bell = np.exp(-(steps**2) / (2 * 5.0**2))
kernel = (np.outer(bell, bell) / bell.sum() ** 2).astype("float32")

blurred = convcore.conv(
    photo,
    kernel,
    layout="HWN",
    weight_layout="HW",
    dtype="float32",
    padding="same",
    padding_mode="reflect",
)

figure, axes = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
axes[0].imshow(photo)
axes[1].imshow(np.clip(blurred, 0, 255).astype("uint8"))
for axis, title in zip(axes, ("as it comes", "blurred, sigma 5"), strict=True):
    axis.set_title(title)
    axis.set_axis_off()
