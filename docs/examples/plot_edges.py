"""
Edges of a photograph
=====================

Two kernels in one call: the weight has one output channel for each, so a single convolution gives
both slopes of the brightness.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_sample_image

import convcore

grey = load_sample_image("china.jpg").mean(axis=2)

smooth, slope = np.array([1, 2, 1]) / 4, np.array([-1, 0, 1]) / 2
sobel = np.stack([np.outer(smooth, slope), np.outer(slope, smooth)])  # (2, 3, 3)

# %%
# ``OHW`` says that the weight's first axis counts output channels; the image has no axis besides
# its two, and the result gets one for the channels.
options = {"layout": "HW", "weight_layout": "OHW", "out_layout": "CHW"}
across, down = convcore.conv(grey, sobel, padding="same", padding_mode="replicate", **options)

figure, axes = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
axes[0].imshow(grey, cmap="gray")
axes[1].imshow(np.hypot(across, down), cmap="magma", vmax=60)
for axis, title in zip(axes, ("brightness", "steepness"), strict=True):
    axis.set_title(title)
    axis.set_axis_off()
