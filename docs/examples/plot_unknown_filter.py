"""
Finding an unknown filter
=========================

What went in and what came out of a filter are known; the filter is not. The gradient with respect
to the weight, `conv_grad_weight`, leads to it.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_sample_image

import convcore

grey = load_sample_image("china.jpg").mean(axis=2)
image = ((grey - grey.mean()) / grey.std())[None, None]
steps = np.mgrid[-3:4, -3:4]
secret = np.exp(-((steps[0] - steps[1]) ** 2) / 2 - (steps[0] + steps[1]) ** 2 / 16)[None, None]
seen = convcore.conv(image, secret / secret.sum())

weight, velocity, moments = np.zeros_like(secret), np.zeros_like(secret), []
for _ in range(120):
    error = convcore.conv(image, weight) - seen
    moments.append(np.mean(error**2))
    slope = convcore.conv_grad_weight(error, image, weight.shape) / error.size
    velocity = 0.9 * velocity - 0.03 * slope
    weight += velocity

figure, axes = plt.subplots(1, 3, figsize=(9, 2.9), layout="constrained")
axes[0].imshow(secret[0, 0] / secret.sum(), cmap="viridis")
axes[0].set_title("the filter")
axes[1].imshow(weight[0, 0], cmap="viridis")
axes[1].set_title("found")
axes[2].semilogy(moments)
axes[2].set(title="mean square error", xlabel="step")
for axis in axes[:2]:
    axis.set_axis_off()
