"""The filters part's input: two photographs, 1,797 handwritten digits, and banks of filters."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..plugin import Array, Geometry
from ..problem import PaddingName

# Weights of red, green and blue in the brightness of a pixel (ITU-R BT.601).
_LUMA = np.array([0.299, 0.587, 0.114])


@dataclass(frozen=True)
class Filtering:
    """A layer of stride 1 over real images."""

    title: str
    input: Array
    weight: Array
    padding: PaddingName = "valid"

    @cached_property
    def geometry(self) -> Geometry:
        """The problem in integers."""
        return Geometry.of(self.input.shape, self.weight.shape, padding=self.padding)


def problems(shrink: int = 1) -> list[Filtering]:
    """Read the images and build one problem for each bank of filters.

    The largest filters meet photographs of half the extents: that is enough to see them by, and
    the slow backends take seconds rather than minutes.

    Parameters
    ----------
    shrink : int
        Divides the extents of the photographs and the number of digits, for a quick look.
    """
    colour = shrunk(photographs(), shrink)
    grey = np.einsum("nchw,c->nhw", colour, _LUMA)[:, None]
    layer = _random_layer(16, 3).astype(np.float32)
    return [
        _filtering("edges 3x3, colour photographs", colour, edge_bank()[:, None] * _rgb()),
        _filtering("Gabor 9x9, grey photographs", grey, gabor_bank(9, 8)[:, None]),
        _filtering("Gabor 31x31, half-size grey", shrunk(grey, 2), gabor_bank(31, 4)[:, None]),
        Filtering("layer 3x3, digits", digits()[::shrink].astype(np.float32), layer, "same"),
    ]


def _filtering(title: str, images: Array, bank: Array) -> Filtering:
    """Filters over images whose last pixels are repeated outwards, so that no border answers."""
    reach = bank.shape[-1] // 2
    wide = np.pad(images, ((0, 0), (0, 0), (reach, reach), (reach, reach)), mode="edge")
    return Filtering(title, wide.astype(np.float32), bank.astype(np.float32))


def photographs() -> Array:
    """Two photographs, "china" and "flower": shape (2, 3, 427, 640), values from 0 to 1."""
    from sklearn.datasets import load_sample_images  # type: ignore[import-untyped]

    return np.stack(load_sample_images().images).transpose(0, 3, 1, 2) / 255.0


def digits() -> Array:
    """The handwritten digits: shape (1797, 1, 8, 8), values from 0 to 1."""
    from sklearn.datasets import load_digits

    images: Array = load_digits().images[:, None]
    return images / 16.0


def shrunk(images: Array, factor: int) -> Array:
    """Means over squares of `factor` x `factor` pixels of images of shape (N, C, H, W)."""
    height, width = (extent // factor * factor for extent in images.shape[2:])
    cut = images[:, :, :height, :width]
    blocks = cut.reshape(*images.shape[:2], height // factor, factor, width // factor, factor)
    means: Array = blocks.mean(axis=(3, 5))
    return means


def edge_bank() -> Array:
    """Sobel's derivatives across, down and along both diagonals: shape (4, 3, 3)."""
    across = np.array([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]])
    falling = np.array([[-2.0, -1.0, 0.0], [-1.0, 0.0, 1.0], [0.0, 1.0, 2.0]])
    return np.stack([across, across.T, falling, falling[::-1]]) / 8


def gabor_bank(extent: int, orientations: int) -> Array:
    """Waves under a Gaussian, turned in equal steps: shape (orientations, extent, extent).

    Each has mean 0, so that it answers to stripes and edges and not to brightness, and absolute
    values that add up to 1.
    """
    y, x = np.mgrid[:extent, :extent] - (extent - 1) / 2
    angles = np.pi * np.arange(orientations)[:, None, None] / orientations
    window = np.exp(-(x**2 + y**2) / (2 * (extent / 6) ** 2))
    waves = window * np.cos(4 * np.pi / extent * (x * np.cos(angles) + y * np.sin(angles)))
    spatial = (1, 2)
    waves -= window * (waves.sum(spatial) / window.sum())[:, None, None]
    bank: Array = waves / np.abs(waves).sum(spatial, keepdims=True)
    return bank


def _rgb() -> Array:
    return _LUMA[None, :, None, None]


def _random_layer(channels: int, extent: int) -> Array:
    """Weight of a layer before its training, for one input channel."""
    rng = np.random.default_rng(0)
    return rng.standard_normal((channels, 1, extent, extent)) / extent
