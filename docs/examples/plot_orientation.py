"""
Directions, by a bank of filters
================================

Sixteen Gabor filters in one weight: each answers to edges and stripes of one direction. The colour
is the direction that answers most, the brightness how much.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import hsv_to_rgb
from sklearn.datasets import load_sample_image

import convcore

photo = load_sample_image("china.jpg")
grey = photo.mean(axis=2).astype("float32")


def gabor(angle, size=15, wavelength=6.0, sigma=3.0):
    """A complex wave under a bell; it has no answer to a constant brightness."""
    y, x = np.mgrid[:size, :size] - size // 2
    bell = np.exp(-(x**2 + y**2) / (2 * sigma**2))
    wave = np.exp(2j * np.pi * (x * np.cos(angle) + y * np.sin(angle)) / wavelength)
    return bell * (wave - (bell * wave).sum() / bell.sum())


angles = np.pi * np.arange(16) / 16
bank = np.array([gabor(angle) for angle in angles]).astype("complex64")

# %%
# A real image under a complex weight: ``dtype`` is what is summed in and returned.
answers = np.abs(
    convcore.conv(
        grey,
        bank,
        layout="HW",
        weight_layout="OHW",
        out_layout="CHW",
        dtype="complex64",
        padding="same",
        padding_mode="reflect",
    )
)

hue = angles[answers.argmax(axis=0)] / np.pi
strength = np.clip(answers.max(axis=0) / np.quantile(answers.max(axis=0), 0.98), 0, 1)
colours = hsv_to_rgb(np.stack([hue, np.ones_like(hue), strength], axis=-1))

figure, axes = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
for axis, image, title in zip(axes, (photo, colours), ("photograph", "direction"), strict=True):
    axis.imshow(image)
    axis.set_title(title)
    axis.set_axis_off()
