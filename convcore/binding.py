"""From the arguments of a call to something that runs it, through a bounded cache.

Everything here depends on shapes, dtypes and options only. A `Bound` holds what `functional` needs
to compute: the problem as the caller put it, the border that a padding mode asks for, and the
plan for the zero-padded problem that is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import numpy as np

from . import registry, settings
from .arrays import FLOAT16, Array
from .boundary import Border, check_mode, zero_padded
from .convolution import Convolution
from .geometry import Geometry, Operation
from .parsing import Padding, PerAxis, freeze
from .selection import Problem, check_spec, choose
from .transposition import transposed_geometry
from .widening import WIDE, Widened, add_bias

CACHE_SIZE = 256


class Runner(Protocol):
    """The three operations with a bias added where the result has channels."""

    def forward(self, input: Array, weight: Array, bias: Array | None, out: Array | None) -> Array:
        """Convolution of `input` with `weight`, plus `bias`."""
        ...

    def grad_input(
        self, grad_output: Array, weight: Array, bias: Array | None, out: Array | None
    ) -> Array:
        """Gradient with respect to the input, plus `bias`."""
        ...

    def grad_weight(self, grad_output: Array, input: Array, out: Array | None) -> Array:
        """Gradient with respect to the weight."""
        ...


@dataclass(frozen=True)
class Direct:
    """Runs a plan of the operands' own dtype."""

    plan: Convolution

    def forward(self, input: Array, weight: Array, bias: Array | None, out: Array | None) -> Array:
        """Convolution of `input` with `weight`, plus `bias`."""
        return add_bias(self.plan.forward(input, weight, out=out), bias)

    def grad_input(
        self, grad_output: Array, weight: Array, bias: Array | None, out: Array | None
    ) -> Array:
        """Gradient with respect to the input, plus `bias`."""
        return add_bias(self.plan.grad_input(grad_output, weight, out=out), bias)

    def grad_weight(self, grad_output: Array, input: Array, out: Array | None) -> Array:
        """Gradient with respect to the weight."""
        return self.plan.grad_weight(grad_output, input, out=out)


@dataclass(frozen=True)
class Bound:
    """One call, bound: its geometry as the caller put it, its border, and what runs the rest."""

    geometry: Geometry
    dtype: np.dtype[Any]
    border: Border | None
    runner: Runner

    def forward(
        self, input: Array, weight: Array, bias: Array | None, value: Any, out: Array | None
    ) -> Array:
        """Extend the input, convolve, add the bias."""
        if self.border is not None:
            input = self.border.extend(input, value)
        return self.runner.forward(input, weight, bias, out)

    def grad_input(
        self, grad_output: Array, weight: Array, bias: Array | None, out: Array | None
    ) -> Array:
        """Gradient with respect to the extended input, folded back; plus the bias."""
        if self.border is None:
            return self.runner.grad_input(grad_output, weight, bias, out)
        extended = zero_padded(self.geometry).input_shape
        gradient = np.empty(extended, WIDE if self.dtype == FLOAT16 else self.dtype)
        self.runner.grad_input(grad_output, weight, None, gradient)
        out = np.empty(self.geometry.input_shape, self.dtype) if out is None else out
        self.border.fold(gradient, out)
        return out

    def grad_weight(self, grad_output: Array, input: Array, value: Any, out: Array | None) -> Array:
        """Gradient with respect to the weight, from the extended input."""
        if self.border is not None:
            input = self.border.extend(input, value)
        return self.runner.grad_weight(grad_output, input, out)


def bind(
    input_shape: Sequence[int],
    weight_shape: Sequence[int],
    dtype: np.dtype[Any],
    stride: PerAxis,
    padding: Padding,
    dilation: PerAxis,
    groups: int,
    padding_mode: str,
    operation: Operation,
    backend: settings.Spec,
) -> Bound:
    """`Bound` of a convolution; equal arguments under equal settings give the same one."""
    check_mode(padding_mode)
    return _bind(
        freeze(input_shape),
        weight_shape,
        dtype,
        freeze(stride),
        freeze(padding),
        freeze(dilation),
        freeze(groups),
        padding_mode,
        operation,
        backend if backend is None else check_spec(backend),
        _state(),
    )


def bind_transposed(
    input_shape: tuple[int, ...],
    weight_shape: tuple[int, ...],
    dtype: np.dtype[Any],
    stride: PerAxis,
    padding: Padding,
    output_padding: PerAxis,
    dilation: PerAxis,
    groups: int,
    backend: settings.Spec,
) -> Bound:
    """`Bound` of the convolution whose input gradient is the transposed convolution."""
    return _bind_transposed(
        input_shape,
        weight_shape,
        dtype,
        freeze(stride),
        freeze(padding),
        freeze(output_padding),
        freeze(dilation),
        freeze(groups),
        backend if backend is None else check_spec(backend),
        _state(),
    )


def _state() -> tuple[Any, ...]:
    """All that a choice depends on besides the arguments: part of the cache's key."""
    return settings.context(), settings.default_backend(), registry.generation()


@lru_cache(maxsize=CACHE_SIZE)
def _bind(
    input_shape: tuple[int, ...],
    weight_shape: tuple[int, ...],
    dtype: np.dtype[Any],
    stride: PerAxis,
    padding: Padding,
    dilation: PerAxis,
    groups: int,
    padding_mode: str,
    operation: Operation,
    backend: settings.Spec,
    state: object,
) -> Bound:
    geometry = Geometry.of(
        input_shape, weight_shape, stride=stride, padding=padding, dilation=dilation, groups=groups
    )
    if padding_mode == "zeros":
        return Bound(geometry, dtype, None, _runner(geometry, dtype, operation, backend))
    border = Border.of(geometry, padding_mode)
    runner = _runner(zero_padded(geometry), dtype, operation, backend)
    return Bound(geometry, dtype, border, runner)


@lru_cache(maxsize=CACHE_SIZE)
def _bind_transposed(
    input_shape: tuple[int, ...],
    weight_shape: tuple[int, ...],
    dtype: np.dtype[Any],
    stride: PerAxis,
    padding: Padding,
    output_padding: PerAxis,
    dilation: PerAxis,
    groups: int,
    backend: settings.Spec,
    state: object,
) -> Bound:
    geometry = transposed_geometry(
        input_shape, weight_shape, stride, padding, output_padding, dilation, groups
    )
    return Bound(geometry, dtype, None, _runner(geometry, dtype, "grad_input", backend))


def _runner(
    geometry: Geometry, dtype: np.dtype[Any], operation: Operation, backend: settings.Spec
) -> Runner:
    options = settings.resolve()

    def plan(part: Geometry, computed: np.dtype[Any] = dtype) -> Convolution:
        return choose(Problem(part, computed, operation, options), backend)

    if dtype != FLOAT16:
        return Direct(plan(geometry))
    wide = lru_cache(maxsize=16)(lambda part: plan(part, WIDE))
    wide(geometry)  # refuses here what no backend runs, before anything is computed
    return Widened(geometry, wide, options.max_workspace)
