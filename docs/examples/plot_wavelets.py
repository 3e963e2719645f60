"""
Details of each size, by dilation
=================================

The same five taps with a dilation of 1, 2, 4, ...: each level smooths what the one before left,
and the differences are the details of one size. Added up again they give the image.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_sample_image

import convcore

grey = load_sample_image("flower.jpg").mean(axis=2)
taps = np.array([1, 4, 6, 4, 1]) / 16
kernel = np.outer(taps, taps)

levels, rest = [], grey
for step in (1, 2, 4, 8):
    smoother = convcore.conv(
        rest,
        kernel,
        layout="HW",
        weight_layout="HW",
        dilation=step,
        padding="same",
        padding_mode="reflect",
    )
    levels.append(rest - smoother)
    rest = smoother

print(f"largest difference of the sum: {np.abs(sum(levels) + rest - grey).max():.1e}")

figure, axes = plt.subplots(2, 3, figsize=(9, 4.4), layout="constrained")
titles = ["photograph", "dilation 1", "2", "4", "8", "the rest"]
for axis, image, title in zip(axes.flat, [grey, *levels, rest], titles, strict=True):
    detail = image.min() < -1
    axis.imshow(image, cmap="gray", vmin=-25 if detail else 0, vmax=25 if detail else 255)
    axis.set_title(title)
    axis.set_axis_off()
