"""
A network that reads digits
===========================

Two convolutional layers and a dense one, on the 1,797 handwritten digits of scikit-learn.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

from convcore.network import Adam, Convolutional, Dense, Flatten, MaxPooling, Network, accuracy, fit

digits = load_digits()
images = (digits.images[:, None] / 8 - 1).astype("float32")
known, held_out = slice(0, 1400), slice(1400, None)

network = Network(
    [
        Convolutional(1, 16, (3, 3), padding=1, activation="relu", seed=0),
        Convolutional(16, 16, (3, 3), padding=1, activation="relu", seed=1),
        MaxPooling((2, 2)),
        Flatten(),
        Dense(16 * 4 * 4, 10, seed=2),
    ]
)
losses = fit(network, images[known], digits.target[known], optimiser=Adam(0.003), epochs=8)
scores = network.forward(images[held_out])
share = accuracy(network, images[held_out], digits.target[held_out])
print(f"{100 * share:.1f} % of {len(scores)} digits that it had not seen")

# %%
# The filters of the first layer, and the digits that it takes for another.
answers = scores.argmax(axis=1)
wrong = np.flatnonzero(answers != digits.target[held_out])[:16]
figure = plt.figure(figsize=(9, 3), layout="constrained")
left, right = figure.subfigures(1, 2)
left.suptitle("filters of the first layer")
for axis, weight in zip(left.subplots(2, 8).flat, network.parameters["0.weight"], strict=True):
    axis.imshow(weight[0], cmap="RdBu", vmin=-1, vmax=1)
    axis.set_axis_off()
right.suptitle("digits taken for another")
for axis in (panels := right.subplots(2, 8)).flat:
    axis.set_axis_off()
for axis, index in zip(panels.flat, wrong, strict=False):
    axis.imshow(images[held_out][index, 0], cmap="gray_r")
    axis.set_title(f"{answers[index]}", fontsize=9)
