"""From the arguments of a call to something that runs it, through a bounded cache.

Everything here depends on shapes, dtypes and options only. A `Bound` holds what `functional` needs
to compute: the problem as the caller put it, the border that a padding mode asks for, and the
plan for the zero-padded problem that is left.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple, Protocol

import numpy as np

from .. import registry, settings
from ..contract import FLOAT16, Array, Convolution
from ..planning import Problem, check_spec, choose
from ..problem import Geometry, Operation, Padding, PerAxis, freeze, transposed_geometry
from .float16 import WIDE, Widened, add_bias
from .padding_modes import Border, check_mode, zero_padded

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


class Direct(NamedTuple):
    """Runs a plan of the operands' own dtype."""

    plan: Convolution

    def forward(self, input: Array, weight: Array, bias: Array | None, out: Array | None) -> Array:
        """Convolution of `input` with `weight`, plus `bias`."""
        output = self.plan.forward(input, weight, out=out)
        return output if bias is None else add_bias(output, bias)

    def grad_input(
        self, grad_output: Array, weight: Array, bias: Array | None, out: Array | None
    ) -> Array:
        """Gradient with respect to the input, plus `bias`."""
        gradient = self.plan.grad_input(grad_output, weight, out=out)
        return gradient if bias is None else add_bias(gradient, bias)

    def grad_weight(self, grad_output: Array, input: Array, out: Array | None) -> Array:
        """Gradient with respect to the weight."""
        return self.plan.grad_weight(grad_output, input, out=out)


class Bound(NamedTuple):
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
) -> Bound:
    """`Bound` of a convolution; equal arguments under equal settings give the same one.

    The shapes are those of arrays, or frozen: this is on the way of every call.
    """
    if type(padding_mode) is not str:
        check_mode(padding_mode)
    return _bind(
        input_shape,
        weight_shape,
        dtype,
        stride if type(stride) is int else freeze(stride),
        padding if type(padding) is int else freeze(padding),
        dilation if type(dilation) is int else freeze(dilation),
        groups if type(groups) is int else freeze(groups),
        padding_mode,
        operation,
        backend if backend is None or type(backend) is str else check_spec(backend),
        settings.context(),
        settings.default_key(),
        registry.generation(),
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
        backend if backend is None or type(backend) is str else check_spec(backend),
        settings.context(),
        settings.default_key(),
        registry.generation(),
    )


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
    *state: object,
) -> Bound:
    check_mode(padding_mode)
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
    *state: object,
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
