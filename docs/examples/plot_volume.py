"""
Three dimensions
================

Noise in a box, smoothed along three axes, is a cloud. Nothing changes but the number of axes.
"""

import matplotlib.pyplot as plt
import numpy as np

import convcore

noise = np.random.default_rng(0).standard_normal((48, 96, 96), dtype="float32")
steps = np.arange(-8, 9)
bell = np.exp(-(steps**2) / (2 * 3.0**2))
kernel = np.einsum("i,j,k->ijk", bell, bell, bell).astype("float32")

cloud = convcore.conv(
    noise,
    kernel / np.sqrt(np.sum(kernel**2)),
    layout="DHW",
    weight_layout="DHW",
    padding="same",
    padding_mode="circular",
)
print(convcore.explain((1, 1, *noise.shape), (1, 1, *kernel.shape), padding="same"))

figure, axes = plt.subplots(1, 4, figsize=(10, 2.7), layout="constrained")
for axis, depth in zip(axes, (0, 4, 8, 12), strict=True):
    axis.imshow(cloud[depth], cmap="Blues_r", vmin=-2.5, vmax=2.5)
    axis.set_title(f"depth {depth}")
    axis.set_axis_off()
