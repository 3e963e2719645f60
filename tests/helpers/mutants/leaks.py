"""Broken by what they keep, out of sight of the tools that watch Python's memory."""

import ctypes

from .base import TapConvolution, Wrapped, caught_by


def keep_in_c(data):
    """Copy some bytes to memory of C that nobody frees."""
    malloc = ctypes.CDLL(None).malloc
    malloc.restype, malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    ctypes.memmove(malloc(len(data)), data, len(data))


@caught_by("memory_of_calls")
class KeepsResultsInC(Wrapped):
    def around(self, compute, first, second, result):
        compute(first, second, result)
        keep_in_c(result.tobytes())


@caught_by("memory_of_calls")
class KeepsBytesOfWeightGradients(TapConvolution):
    """Results of a few hundred bytes: not much to be seen after a few calls."""

    kept = []  # noqa: RUF012

    def _grad_weight(self, grad_output, input, grad_weight):
        super()._grad_weight(grad_output, input, grad_weight)
        self.kept.append(grad_weight.tobytes())


@caught_by("memory_of_plans")
class KeepsPlans(TapConvolution):
    """A registry of plans that nobody strikes from, each with the memory that it works in."""

    def __init__(self, *problem, **limits):
        super().__init__(*problem, **limits)
        keep_in_c(bytes(1 << 14))
