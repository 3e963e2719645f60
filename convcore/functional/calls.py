"""From the arguments of a call to what runs it: kept, so that equal calls are planned once.

A `Call` holds the plan and what stands around it: the input is extended where a padding mode says
so, its gradient folded back, a bias added.
"""

from __future__ import annotations

from functools import lru_cache, partial
from typing import Any, TypeAlias

import numpy as np

from .. import registry, settings
from ..contract import FLOAT16, Array, Convolution
from ..planning import WIDE, Float16Convolution, Question, check_spec, plan_for
from ..problem import Geometry, Operation, Padding, PerAxis, freeze, transposed_geometry
from .bias import add_bias
from .padding_modes import Border, check_mode, zero_padded

# Calls that are kept, with a plan of some kilobytes each.
CACHE_SIZE = 4096

# stride, padding, dilation, groups
Steps: TypeAlias = tuple[PerAxis, Padding, PerAxis, int]


class Call:
    """One operation on arrays of certain shapes, ready to run.

    Parameters
    ----------
    geometry : Geometry
        The problem as the caller put it.
    dtype : numpy.dtype
        Of the operands and of the result.
    border : Border or None
        How the input is extended beforehand; None where the padding is zeros.
    plan : Convolution
        Runs what is left.
    """

    __slots__ = ("border", "dtype", "geometry", "plan")
    # In which dtype results are summed, where that is not the operands' own.
    summed: np.dtype[Any] | None = None

    def __init__(
        self,
        geometry: Geometry,
        dtype: np.dtype[Any],
        border: Border | None,
        plan: Convolution,
    ) -> None:
        self.geometry, self.dtype, self.border, self.plan = geometry, dtype, border, plan

    def forward(
        self, input: Array, weight: Array, bias: Array | None, value: Any, out: Array | None
    ) -> Array:
        """Extend the input, convolve, add the bias."""
        if self.border is not None:
            input = self.border.extend(input, value)
        return self._run("forward", input, weight, bias, out)

    def grad_input(
        self, grad_output: Array, weight: Array, bias: Array | None, out: Array | None
    ) -> Array:
        """Gradient with respect to the extended input, folded back; plus the bias."""
        if self.border is None:
            return self._run("grad_input", grad_output, weight, bias, out)
        gradient = np.empty(self.plan.geometry.input_shape, self.summed or self.dtype)
        self._run("grad_input", grad_output, weight, None, gradient)
        out = np.empty(self.geometry.input_shape, self.dtype) if out is None else out
        self.border.fold(gradient, out)
        return out

    def grad_weight(self, grad_output: Array, input: Array, value: Any, out: Array | None) -> Array:
        """Gradient with respect to the weight, from the extended input."""
        if self.border is not None:
            input = self.border.extend(input, value)
        return self._run("grad_weight", grad_output, input, None, out)

    def _run(
        self,
        operation: Operation,
        first: Array,
        second: Array,
        bias: Array | None,
        out: Array | None,
    ) -> Array:
        result: Array = getattr(self.plan, operation)(first, second, out=out)
        return result if bias is None else add_bias(result, bias)


class Float16Call(Call):
    """A call whose sums are wide until they are rounded, the bias included."""

    __slots__ = ()
    plan: Float16Convolution
    summed = WIDE

    def _run(
        self,
        operation: Operation,
        first: Array,
        second: Array,
        bias: Array | None,
        out: Array | None,
    ) -> Array:
        epilogue = None if bias is None else partial(add_bias, bias=bias)
        return self.plan.run(operation, first, second, out, epilogue)


def call_for(
    input_shape: tuple[int, ...],
    weight_shape: tuple[int, ...],
    dtype: np.dtype[Any],
    steps: Steps,
    padding_mode: str,
    operation: Operation,
    backend: settings.BackendSpec,
) -> Call:
    """`Call` of a convolution; equal arguments under equal settings give the same one.

    The shapes are those of arrays, or frozen: this is on the way of every call.
    """
    if type(padding_mode) is not str:
        check_mode(padding_mode)
    return _call_for(
        input_shape, weight_shape, dtype, _frozen(steps), padding_mode, operation, *_state(backend)
    )


def transposed_call_for(
    input_shape: tuple[int, ...],
    weight_shape: tuple[int, ...],
    dtype: np.dtype[Any],
    steps: Steps,
    output_padding: PerAxis,
    backend: settings.BackendSpec,
) -> Call:
    """`Call` of the convolution whose input gradient is the transposed convolution."""
    return _transposed_call_for(
        input_shape, weight_shape, dtype, _frozen(steps), freeze(output_padding), *_state(backend)
    )


def _frozen(steps: Steps) -> Steps:
    stride, padding, dilation, groups = steps
    if type(stride) is type(padding) is type(dilation) is type(groups) is int:
        return steps
    return freeze(steps)  # type: ignore[no-any-return]


def _state(backend: settings.BackendSpec) -> tuple[Any, ...]:
    """All that a choice depends on beside the problem."""
    if backend is not None and type(backend) is not str:
        backend = check_spec(backend)
    return backend, settings.context(), settings.default_key(), registry.generation()


@lru_cache(maxsize=CACHE_SIZE)
def _call_for(
    input_shape: tuple[int, ...],
    weight_shape: tuple[int, ...],
    dtype: np.dtype[Any],
    steps: Steps,
    padding_mode: str,
    operation: Operation,
    backend: settings.BackendSpec,
    *state: object,
) -> Call:
    check_mode(padding_mode)
    stride, padding, dilation, groups = steps
    geometry = Geometry.of(
        input_shape, weight_shape, stride=stride, padding=padding, dilation=dilation, groups=groups
    )
    if padding_mode == "zeros":
        return _planned(geometry, dtype, None, operation, backend)
    return _planned(geometry, dtype, Border.of(geometry, padding_mode), operation, backend)


@lru_cache(maxsize=CACHE_SIZE)
def _transposed_call_for(
    input_shape: tuple[int, ...],
    weight_shape: tuple[int, ...],
    dtype: np.dtype[Any],
    steps: Steps,
    output_padding: PerAxis,
    backend: settings.BackendSpec,
    *state: object,
) -> Call:
    stride, padding, dilation, groups = steps
    geometry = transposed_geometry(
        input_shape, weight_shape, stride, padding, output_padding, dilation, groups
    )
    return _planned(geometry, dtype, None, "grad_input", backend)


def _planned(
    geometry: Geometry,
    dtype: np.dtype[Any],
    border: Border | None,
    operation: Operation,
    backend: settings.BackendSpec,
) -> Call:
    computed = geometry if border is None else zero_padded(geometry)
    plan = plan_for(Question.now(computed, dtype, operation), backend)
    return (Float16Call if dtype == FLOAT16 else Call)(geometry, dtype, border, plan)
