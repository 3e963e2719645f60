"""What the benchmarks share: constant parameter lists, and the fixture that fills them with life.

The lists are constants, never made from what is installed, so that results of all machines and
commits line up. What a combination lacks makes `setup` skip it, in the words of whoever lacks it.
"""

import os
import sys
import time
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from asv_runner.benchmarks.mark import SkipNotImplemented

import convcore
from convcore.plugin import Convolution
from convcore.testing import LAYERS, operands, unit_bound

BACKENDS = ["naive", "im2col", "fft", "direct", "winograd", "tilefft", "torch"]
OPERATIONS = ["forward", "grad_input", "grad_weight"]

# Names of the catalogue: dense 3x3 shallow and deep, strided, pointwise, depthwise, grouped,
# dilated, one large kernel, one and three spatial axes, tiny, and extents that fit no tile.
PROBLEMS = [
    "tiny 3x3 8c8 b1",
    "odd 3x3 3-5 37x41 b3",
    "mnist.3x3 1-32 28 b64",
    "resnet.7x7s2 b8",
    "resnet.3x3 64c56 b8",
    "resnet.3x3 256c14 b8",
    "resnet.1x1 1024-256 14 b8",
    "mobilenet.dw3x3 144c56 b8",
    "resnext.3x3 g32 128c56 b8",
    "deeplab.3x3d6 256c33 b1",
    "image.25x25 1c1024 b1",
    "1d.wavenet k2d64 64c16k b1",
    "3d.3x3x3 32c16^3 b4",
]
BRIEF = ["tiny 3x3 8c8 b1", "mnist.3x3 1-32 28 b64", "resnet.3x3 64c56 b8"]

# Literal loops make some 10^9 FLOP a second, and nobody waits for them.
NAIVE_FLOP = 3e8
# Beyond this a problem is left out where ASV_SKIP_SLOW is set, as in a quick look.
SLOW_FLOP = 1e8
# On one thread the time of the processor is that of the work, and others on the machine hardly
# change it; where its clock is coarse, as on Windows, time goes by the clock on the wall.
FINE_SECONDS = 1e-6
FINE = time.get_clock_info("process_time").resolution <= FINE_SECONDS
TIMER = time.process_time if FINE else time.perf_counter
# Least and most samples of a round, and seconds to take them: where there is a `setup`, asv calls
# it before every single call and takes that call for a sample.
REPEAT = (10, 200, 1.0)
# Units of the normwise bound within which two right results of any two algorithms agree.
AGREEMENT = 64


def geometry_of(problem):
    """The geometry of a named problem; skips where this commit's catalogue lacks it."""
    if problem not in LAYERS:
        raise SkipNotImplemented(f"{problem!r} is not in the catalogue of this commit")
    return LAYERS[problem].geometry


def backend_class(backend):
    """The class of a backend; skips where it is not installed, fails where it is broken."""
    records = {record.name: record for record in convcore.backends()}
    if backend not in records:
        raise SkipNotImplemented(f"backend '{backend}' is not installed")
    if records[backend].state == "unavailable":
        raise SkipNotImplemented(str(records[backend].error))
    return convcore.get_backend(backend)


def bind(backend, problem, operation, dtype="float32"):
    """A plan of the backend for the problem; skips with the backend's own refusal."""
    geometry, cls = geometry_of(problem), backend_class(backend)
    refusal = cls.refusal(geometry, np.dtype(dtype), operation)
    if refusal is not None:
        raise SkipNotImplemented(f"backend '{backend}' refuses: {refusal}")
    return cls(geometry, dtype, threads=1)


def skip_slow(backend, problem):
    """Skip what takes too long."""
    flop = geometry_of(problem).flop
    if backend == "naive" and flop > NAIVE_FLOP:
        raise SkipNotImplemented(f"naive stops at {NAIVE_FLOP:g} FLOP; the problem takes {flop:g}")
    if os.environ.get("ASV_SKIP_SLOW", "0") not in ("", "0") and flop > SLOW_FLOP:
        raise SkipNotImplemented(f"ASV_SKIP_SLOW stops at {SLOW_FLOP:g} FLOP; it takes {flop:g}")


class Bound(NamedTuple):
    """One operation of a backend on a problem, ready to be called as `method(*operands, out=)`."""

    plan: Convolution
    method: Callable
    operands: tuple
    result: np.ndarray


# What is the same in every `setup` is done once per process.
@lru_cache(maxsize=1)
def prepared(backend, problem, operation):
    """Plan, operands and a result whose pages exist."""
    skip_slow(backend, problem)
    plan = bind(backend, problem, operation)
    pair = operands("random", plan.geometry, "float32", operation)
    result = np.ones(plan.geometry.result_shape(operation), np.float32)
    return Bound(plan, getattr(plan, operation), pair, result)


@lru_cache(maxsize=1)
def checked(backend, problem, operation):
    """The same, once the result agrees with another backend's, unless that one fails itself."""
    ready = prepared(backend, problem, operation)
    plan, geometry, pair = ready.plan, ready.plan.geometry, ready.operands
    got = ready.method(*pair, out=ready.result)
    try:
        other = backend_class("fft" if plan.name == "im2col" else "im2col")
        want = getattr(other(geometry, "float32", threads=1), operation)(*pair)
    except Exception as error:
        print(f"not checked: {error!r}", file=sys.stderr)
        return ready
    units = np.abs(got - want) / unit_bound("normwise", geometry, operation, *pair)
    assert units.max() <= AGREEMENT, f"{plan.name} and {other.name} are {units.max():.3g} eps apart"
    return ready


class Kernel:
    """One operation of every backend on every problem, planned and checked before it is timed."""

    params = (BACKENDS, PROBLEMS)
    param_names = ("backend", "problem")
    operation = "forward"
    timer, repeat = TIMER, REPEAT
    # Raised by hand when a benchmark comes to measure something else: old results then end.
    version = "1"
    timeout = 120

    def setup(self, backend, problem):
        """Bind, draw the operands, run once and check."""
        _, self.method, self.operands, self.result = checked(backend, problem, self.operation)
