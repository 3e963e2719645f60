"""Small operands: of zeros, of random numbers, and the inner product that adjoints are about."""

import numpy as np

from convcore.functional.padding_modes import NUMPY_MODES

EXTENTS, TAPS = (6, 5, 4, 3), (3, 2, 3, 2)
MODES = ("zeros", *NUMPY_MODES)


def array(*shape, dtype="float32"):
    """Zeros."""
    return np.zeros(shape, dtype)


def huge(*shape):
    """Array of any extents in the memory of one element."""
    return np.lib.stride_tricks.as_strided(np.zeros(1, "float32"), shape, (0,) * len(shape))


def draw(rng, shape, dtype="float64"):
    """Standard normal numbers, in both parts where they are complex."""
    values = rng.standard_normal(shape)
    if np.dtype(dtype).kind == "c":
        values = values + 1j * rng.standard_normal(shape)
    return values.astype(dtype)


def inner(a, b):
    """The inner product, conjugated in its second argument."""
    return np.sum(a * np.conj(b))


def operands(rng, rank, dtype="float64", groups=2):
    """An input and a weight of one spatial rank, in groups."""
    input = draw(rng, (2, 2 * groups, *EXTENTS[:rank]), dtype)
    return input, draw(rng, (3 * groups, 2, *TAPS[:rank]), dtype)
