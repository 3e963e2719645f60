"""
What lies beyond the border
===========================

The same blur of the same image, with each of the modes of padding. The centre never differs.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_sample_image

import convcore

grey = load_sample_image("china.jpg").mean(axis=2)[150:300, 400:600]
kernel = np.full((41, 41), 1 / 41**2)
modes = ("zeros", "constant", "reflect", "symmetric", "replicate", "circular")

figure, axes = plt.subplots(2, 3, figsize=(9, 4.8), layout="constrained")
for axis, mode in zip(axes.flat, modes, strict=True):
    value = {"padding_value": 255} if mode == "constant" else {}
    result = convcore.conv(
        grey,
        kernel,
        layout="HW",
        weight_layout="HW",
        padding="same",
        padding_mode=mode,
        **value,
    )
    axis.imshow(result, cmap="gray", vmin=0, vmax=255)
    axis.set_title(f"{mode}, 255" if value else mode)
    axis.set_axis_off()
