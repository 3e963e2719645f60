"""What the tests of the native backends share: operands, references, and runs of one plan."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from built import bridge

from convcore.plugin import OPERATIONS, Geometry
from convcore.testing.catalogue.problems import CATALOGUE, LARGE

DTYPES = ("float32", "float64")
PROBLEMS = {
    name: problem.geometry
    for name, problem in {**CATALOGUE, **LARGE}.items()
    if not problem.geometry.degenerate
}
# What takes so long that threads are used, one for each kind of kernel.
THREADED = {
    "dense": Geometry.of((2, 40, 35, 37), (50, 40, 3, 3), padding=1),
    "strided": Geometry.of((2, 24, 41, 40), (30, 24, 3, 3), stride=2, padding=1),
    "pointwise": Geometry.of((2, 70, 33, 31), (90, 70, 1, 1)),
    "pointwise groups": Geometry.of((2, 36, 40, 41), (90, 12, 1, 1), groups=3),
    "pointwise strided": Geometry.of((2, 40, 61, 60), (48, 40, 1, 1), stride=2),
    "pointwise strided evenly": Geometry.of((2, 40, 60, 62), (48, 40, 1, 1), stride=2),
    "few channels": Geometry.of((1, 3, 70, 65), (33, 3, 7, 7), padding=3, stride=2),
    "depthwise": Geometry.of((2, 40, 60, 61), (40, 1, 5, 5), groups=40, padding=2),
    "depthwise 3x3": Geometry.of((3, 40, 31, 61), (40, 1, 3, 3), groups=40, padding=1),
    "depthwise strided": Geometry.of((3, 40, 61, 62), (40, 1, 3, 3), groups=40, stride=2),
    "depthwise planes": Geometry.of((1, 9, 9, 40, 41), (9, 1, 1, 3, 3), groups=9, padding=1),
    "groups": Geometry.of((2, 32, 40, 40), (32, 4, 3, 3), groups=8, padding=1),
    "many rows": Geometry.of((1, 64, 9, 9), (700, 64, 3, 3)),
    "rank 1": Geometry.of((2, 16, 3000), (24, 16, 9), padding=4, dilation=2),
    "rank 3": Geometry.of((1, 12, 14, 15, 16), (17, 12, 3, 3, 3), padding=1),
    "planes": Geometry.of((3, 16, 18, 16, 15), (19, 16, 3, 3, 3), padding=((3, 2), (1, 1), (1, 1))),
    "samples": Geometry.of((29, 64, 5, 7), (20, 64, 3, 3), padding=1),
    "padded rank 1": Geometry.of((2, 64, 400), (40, 64, 5), padding=((40, 41),), dilation=3),
    "padded rank 3": Geometry.of((1, 64, 7, 8, 9), (64, 64, 3, 3, 3), padding=1),
    "far taps": Geometry.of((1, 64, 21, 20), (20, 64, 3, 3), padding=6, dilation=6),
}


def integers(geometry: Geometry, dtype: str, seed: int = 0) -> tuple[np.ndarray, ...]:
    """Input, weight and grad_output of integers so small that every sum of them is exact."""
    random = np.random.default_rng(seed)
    shapes = (geometry.input_shape, geometry.weight_shape, geometry.output_shape)
    return tuple(random.integers(-3, 4, shape).astype(dtype) for shape in shapes)


def normal(geometry: Geometry) -> list[np.ndarray]:
    """Input, weight and grad_output whose sums tell in which order they were taken."""
    random = np.random.default_rng(0)
    shapes = (geometry.input_shape, geometry.weight_shape, geometry.output_shape)
    return [random.standard_normal(shape, "float32") for shape in shapes]


def operands(operation: int, x, w, y):
    """First, second operand of an operation, by its number."""
    return [(x, w), (y, w), (y, x)][operation]


def reference(geometry: Geometry, operation: int, x, w, y) -> np.ndarray:
    """The result of the naive backend."""
    from convcore_naive import NaiveConvolution

    plan = NaiveConvolution(geometry, x.dtype)
    return getattr(plan, OPERATIONS[operation])(*operands(operation, x, w, y))


@lru_cache(maxsize=4096)
def expected(geometry: Geometry, operation: int, dtype: str) -> np.ndarray:
    """The result of the naive backend for `integers`."""
    return reference(geometry, operation, *integers(geometry, dtype))


def native_plan(
    geometry: Geometry,
    dtype,
    *,
    isa=None,
    threads=1,
    workspace=64 << 20,
    algorithm="direct",
    variants=None,
    batch_invariant=False,
):
    """A plan of an algorithm for an instruction set."""
    limits = (np.dtype(dtype), threads, workspace, batch_invariant)
    return bridge.NativePlan(geometry, algorithm, *limits, isa, variants)


def algorithms(geometry: Geometry, dtype) -> list[str]:
    """The native backends that take a problem."""
    import convcore_native

    backends = (getattr(convcore_native, name) for name in convcore_native.__all__)
    return [each.name for each in backends if each.refusal(geometry, np.dtype(dtype)) is None]


def run(plan, geometry: Geometry, operation: int, x, w, y) -> np.ndarray:
    """The result of one operation, in memory that held NaN, or an integer, before."""
    before = np.nan if x.dtype.kind == "f" else 77
    result = np.full(geometry.result_shape(OPERATIONS[operation]), before, x.dtype)
    plan.run(operation, *operands(operation, x, w, y), result)
    return result
