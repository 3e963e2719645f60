"""
Undoing a blur
==============

Given the blur and the blurred image, find the image whose blur fits. The gradient of the misfit is
one call, `conv_grad_input`, and is exact also at the reflected borders.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_sample_image

import convcore

original = load_sample_image("flower.jpg").mean(axis=2)[120:320, 220:520, None, None] / 255
original = original.transpose(2, 3, 0, 1)
kernel = np.full((1, 1, 1, 9), 1 / 9)  # the camera moved sideways
options = {"padding": "same", "padding_mode": "reflect"}
noise = np.random.default_rng(0).normal(0, 0.002, original.shape)
blurred = convcore.conv(original, kernel, **options) + noise

estimate, losses = blurred.copy(), []
for _ in range(150):
    misfit = convcore.conv(estimate, kernel, **options) - blurred
    losses.append(np.sum(misfit**2))
    estimate -= convcore.conv_grad_input(misfit, kernel, original.shape, **options)
    np.clip(estimate, 0, 1, out=estimate)

figure, axes = plt.subplots(1, 3, figsize=(10, 2.6), layout="constrained")
for axis, image, title in zip(
    axes, (blurred, estimate, original), ("blurred", "recovered", "original"), strict=True
):
    axis.imshow(image[0, 0], cmap="gray", vmin=0, vmax=1)
    axis.set_title(title)
    axis.set_axis_off()

for name, image in (("blurred", blurred), ("recovered", estimate)):
    print(f"{name}: root mean square error {np.sqrt(np.mean((image - original) ** 2)):.3f}")
