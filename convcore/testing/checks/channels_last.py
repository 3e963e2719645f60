"""The check of images whose channels stand last in memory: run rightly, or left alone."""

from __future__ import annotations

import numpy as np

from ...plugin import Array, Geometry
from ..cases import Case
from ..check import check, every, over
from ..failures import require, require_close

# Depthwise layers: edges all around and none, fewer and more channels than any vector has.
DEPTHWISE = [
    Geometry.of((2, 19, 9, 8), (19, 1, 3, 3), padding=1, groups=19),
    Geometry.of((1, 70, 7, 6), (70, 1, 3, 2), stride=(2, 1), padding=((2, 0), (0, 1)), groups=70),
    Geometry.of((1, 33, 11, 13), (33, 1, 5, 3), dilation=(1, 2), groups=33),
    Geometry.of((1, 16, 2, 3), (16, 1, 5, 7), padding=(2, 3), groups=16),
    Geometry.of((2, 40, 23), (40, 1, 4), stride=3, padding=2, groups=40),
]
OTHERS = [
    Geometry.of((1, 24, 9, 9), (24, 1, 3, 3), padding=((-2, 1), (3, -1)), groups=24),
    Geometry.of((1, 3, 6, 6), (3, 1, 3, 3), padding=1, groups=3),
    Geometry.of((1, 16, 6, 6), (32, 1, 3, 3), padding=1, groups=16),
    Geometry.of((1, 8, 7, 6), (4, 8, 3, 3), padding=1),
    Geometry.of((1, 16, 4, 5, 6), (16, 1, 3, 3, 3), padding=1, groups=16),
]
# What a result holds beforehand.
BEFORE = 77


@check(over(every, rotate=DEPTHWISE, later=OTHERS))
def channels_last(case: Case) -> None:
    """What is done to images with their channels last is right; what is not done stays undone."""
    one, other = case.operands()
    first, out = _with_channels_last(one), np.full(case.want.shape, BEFORE, one.dtype)
    if case.operation == "grad_weight":
        second = _with_channels_last(other)
    else:
        second, out = other, _with_channels_last(out)
    before = first.tobytes(), second.tobytes()
    for threads in (1, 3):
        done = case.backend.run_channels_last(
            case.geometry, case.operation, first, second, out, threads=threads
        )
        require(isinstance(done, bool), f"run_channels_last: must return a bool; got {done!r}")
        require(
            (first.tobytes(), second.tobytes()) == before,
            "run_channels_last: must not write to operands",
        )
        if done:
            require_close(out, case.want, case.tolerance, "result with channels last")
        else:
            untouched = np.array_equal(out, np.full_like(out, BEFORE))
            require(untouched, "run_channels_last: must write nothing where it returns False")


def _with_channels_last(array: Array) -> Array:
    """A copy of an image (N, C, *S) whose channels stand last in memory."""
    return np.moveaxis(np.ascontiguousarray(np.moveaxis(array, 1, -1)), -1, 1)
