"""
Which backend for which kernel
==============================

The expected times by which the library chooses, without running anything: `explain` gives them for
any problem, here for square kernels of growing size over one image.
"""

import matplotlib.pyplot as plt

import convcore

sizes = (1, 3, 5, 9, 15, 25, 41, 65)
expected = {}
for size in sizes:
    found = convcore.explain((1, 1, 512, 512), (1, 1, size, size), padding="same")
    for row in found.rows:
        if row.seconds is not None:
            expected.setdefault(row.name, []).append((size, 1e3 * row.seconds))

figure, axis = plt.subplots(figsize=(8, 4), layout="constrained")
for name, points in expected.items():
    axis.loglog(*zip(*points, strict=True), marker="o", ms=4, label=name)
axis.set(xlabel="taps along each axis", ylabel="expected, ms", title="one image of 512 x 512")
axis.set_xticks(sizes, map(str, sizes))
axis.minorticks_off()
axis.legend(frameon=False)
