"""Random problems on chunked arrays, whose results have exact values."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

import convcore

MODES = ("zeros", "constant", "reflect", "symmetric", "replicate", "circular")
DTYPES = ("float32", "float64", "float16", "complex64", "int8", "uint16", "int64")
# Keeps every sum exact in each of the dtypes: integers wrap, and the others have room.
_LARGEST = 2
_MOST_ELEMENTS = 3000


class Problem(NamedTuple):
    """Shapes, options as they are written, and how the arrays are cut."""

    geometry: convcore.Geometry
    options: dict[str, Any]
    padding_value: int
    dtype: str
    input_chunks: Any
    grad_chunks: Any
    weight_chunks: Any

    def array(self, role, rng):
        """Random integers in the dtype of the problem."""
        shape = self.geometry.shape_of(role)
        low = 0 if self.dtype.startswith("u") else -_LARGEST
        array = rng.integers(low, _LARGEST + 1, shape)
        if self.dtype.startswith("c"):
            array = array + 1j * rng.integers(low, _LARGEST + 1, shape)
        return array.astype(self.dtype)


def random_problem(rng):
    """A problem with few elements and any options, cut anywhere."""
    while True:
        try:
            problem = _drawn(rng)
        except convcore.GeometryError:
            continue
        shapes = map(problem.geometry.shape_of, ("input", "weight", "output"))
        fits = all(0 < np.prod(shape) <= _MOST_ELEMENTS for shape in shapes)
        if fits and not _crops_all(problem.geometry):
            return problem


def _crops_all(geometry):
    """Whether nothing of an axis is left to be extended, which most padding modes refuse."""
    axes = zip(geometry.input_extents, geometry.padding, strict=True)
    return any(extent + sum(min(0, end) for end in pair) == 0 for extent, pair in axes)


def _drawn(rng):
    rank = int(rng.integers(1, 5))
    extents = _ints(rng, 1, {1: 60, 2: 24, 3: 10, 4: 6}[rank], rank)
    kernel = _ints(rng, 1, 5 if rank < 4 else 3, rank)
    groups, (a, b) = int(rng.integers(1, 4)), _ints(rng, 1, 4, 2)
    padding = [tuple(_ints(rng, -2, 6, 2)) if rng.random() < 0.8 else (0, 0) for _ in kernel]
    modes = tuple(rng.choice(MODES, rank).tolist())
    options = {
        "stride": tuple(_ints(rng, 1, 4, rank)),
        "dilation": tuple(_ints(rng, 1, 3, rank)),
        "padding": tuple(padding),
        "groups": groups,
        "flip": bool(rng.random() < 0.3),
    }
    geometry_options = {name: options[name] for name in options if name != "flip"}
    input_shape = (int(rng.integers(1, 4)), groups * a, *extents)
    geometry = convcore.Geometry.of(input_shape, (groups * b, a, *kernel), **geometry_options)
    options["padding_mode"] = modes[0] if rng.random() < 0.7 else modes
    return Problem(
        geometry,
        options,
        int(rng.integers(0, 3)) if "constant" in np.atleast_1d(options["padding_mode"]) else 0,
        str(rng.choice(DTYPES)),
        *(random_chunks(rng, geometry.shape_of(role)) for role in ("input", "output")),
        random_chunks(rng, (groups * b,)),
    )


def _ints(rng, low, high, count):
    return rng.integers(low, high + 1, count).tolist()


def random_chunks(rng, shape):
    """Chunks of any extents, from 1 to all."""
    return tuple(_axis_chunks(rng, extent) for extent in shape)


def _axis_chunks(rng, extent):
    kind = rng.random()
    if kind < 0.3:
        return (extent,)
    if kind < 0.45 and extent <= 12:
        return (1,) * extent
    cuts = rng.integers(0, extent + 1, int(rng.integers(1, 4)))
    edges = sorted({0, extent, *cuts.tolist()})
    return tuple(stop - start for start, stop in pairwise(edges))


def lazy_and_whole(dask_functions, wrap, problem, rng, backend=None):
    """All three operations on chunked operands, and on whole ones."""
    x, w, g = (problem.array(role, rng) for role in ("input", "weight", "output"))
    bias = problem.array("output", rng)[0].reshape(len(w), -1)[:, 0].copy()
    options = problem.options | {"backend": backend}
    filled = options | {"padding_value": problem.padding_value}
    input, grad_output = wrap(x, problem.input_chunks), wrap(g, problem.grad_chunks)
    chunks = problem.input_chunks if rng.random() < 0.5 else None
    lazy = [
        dask_functions.conv(input, w, bias, **filled),
        dask_functions.conv_grad_input(grad_output, w, x.shape, chunks=chunks, **options),
        dask_functions.conv_grad_weight(grad_output, input, w.shape, **filled),
    ]
    whole = [
        convcore.conv(x, w, bias, **filled),
        convcore.conv_grad_input(g, w, x.shape, **options),
        convcore.conv_grad_weight(g, x, w.shape, **filled),
    ]
    return lazy, whole
