"""
The game of life
================

Counting neighbours is a convolution of integers, exact whatever the size; on a torus the padding
is ``"circular"``.
"""

import matplotlib.pyplot as plt
import numpy as np

import convcore

neighbours = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]], dtype="int8")
world = np.zeros((40, 60), dtype="int8")
world[18:21, 29:32] = [[0, 1, 1], [1, 1, 0], [0, 1, 0]]  # the R-pentomino

figure, axes = plt.subplots(1, 4, figsize=(10, 2.2), layout="constrained")
for generation in range(301):
    if generation % 100 == 0:
        axes[generation // 100].imshow(world, cmap="gray_r")
        axes[generation // 100].set_title(f"generation {generation}")
        axes[generation // 100].set_axis_off()
    count = convcore.conv(
        world,
        neighbours,
        layout="HW",
        weight_layout="HW",
        padding="same",
        padding_mode="circular",
    )
    world = ((count == 3) | ((count == 2) & (world == 1))).astype("int8")
