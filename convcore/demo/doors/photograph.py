"""Filters of scikit-image over a photograph: what they ask of SciPy is computed by ours."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from skimage import feature, filters, metrics

from ...plugin import Array
from ...scipy import patched
from ..problems import photographs
from .pictures import draw_images
from .turns import Outcome, compared

# Filters along one axis have SciPy's bits; its means carry rounding errors along a line.
_ALLOWED = 1e-9


def run(path: Path) -> list[Outcome]:
    """Time scikit-image outside and inside `patched`, and draw what comes out inside."""
    image = photographs()[0].mean(axis=0)
    outcomes, drawn = [], {"photograph": image}
    for name, call in calls(image).items():
        outcome, drawn[name] = compared(
            f"scikit-image, {name}", call, partial(inside, call), allowed=_ALLOWED
        )
        outcomes.append(outcome)
    draw_images(path, "scikit-image, on our loops", drawn)
    return outcomes


def calls(image: Array) -> dict[str, Callable[[], Array]]:
    """Functions of scikit-image that end in SciPy's filters; each gives an image."""
    noisy = image + 0.1 * np.random.default_rng(0).standard_normal(image.shape)
    return {
        "Gaussian": partial(filters.gaussian, image, 4),
        "Sobel": partial(filters.sobel, image),
        "Canny": partial(feature.canny, image, 2),
        "Harris corners": partial(feature.corner_harris, image),
        "similarity to a noisy copy": lambda: metrics.structural_similarity(
            image, noisy, data_range=1.0, full=True
        )[1],
    }


def inside(call: Callable[[], Array]) -> Array:
    """The call, with SciPy's functions on ours."""
    with patched():
        return call()
