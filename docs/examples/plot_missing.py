"""
Filling gaps
============

Half of the pixels are missing. A weighted mean over those that are there: the sum of the known
values by the sum of the weights that met one.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_sample_image

import convcore

grey = load_sample_image("china.jpg").mean(axis=2)[100:300, 250:550]
known = np.random.default_rng(0).random(grey.shape) < 0.5
steps = np.arange(-4, 5)
bell = np.exp(-(steps**2) / 2.0)
kernel = np.outer(bell, bell)


def blur(image):
    """Zeros beyond the border: what is not there has no weight."""
    return convcore.conv(image, kernel, layout="HW", weight_layout="HW", padding="same")


filled = blur(np.where(known, grey, 0)) / blur(known.astype(float))
result = np.where(known, grey, filled)

figure, axes = plt.subplots(1, 3, figsize=(10, 2.6), layout="constrained")
images = (np.where(known, grey, np.nan), result, grey)
for axis, image, title in zip(axes, images, ("half of it", "filled", "the original"), strict=True):
    axis.imshow(image, cmap="gray", vmin=0, vmax=255)
    axis.set_title(title)
    axis.set_axis_off()
