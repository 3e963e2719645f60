"""
Spikes of a neuron
==================

A series has one spatial axis. A matched filter is the pattern itself slid over the series, and
answers most where the pattern stands: here a spike of a neuron, cut out of the recording that
Matplotlib ships.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib import cbook

import convcore

with cbook.get_sample_data("membrane.dat") as file:
    potential = np.frombuffer(file.read(), "<f4").astype("float64")[1000:5000]
series = potential - potential.mean()

peak = series.argmax()
pattern = series[peak - 20 : peak + 20] - series[peak - 20 : peak + 20].mean()
answer = convcore.conv(
    series,
    pattern / np.sum(pattern**2),
    layout="W",
    weight_layout="W",
    padding="same_lower",
    padding_mode="reflect",
)

milliseconds = 0.5 * np.arange(len(series))
figure, axes = plt.subplots(2, 1, figsize=(9, 4), sharex=True, layout="constrained")
axes[0].plot(milliseconds, potential * 100, lw=0.8)
axes[0].set_ylabel("potential, mV")
axes[1].plot(milliseconds, answer, lw=0.8, color="C3")
axes[1].axhline(0.6, color="grey", lw=0.8, ls="--")
axes[1].set(ylabel="likeness", xlabel="ms")
spikes = np.flatnonzero((answer[1:-1] > 0.6) & (np.diff(np.sign(np.diff(answer))) < 0))
print(f"{len(spikes)} spikes in {milliseconds[-1] / 1000:.1f} s")
