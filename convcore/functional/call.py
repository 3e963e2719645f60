"""One operation on arrays, ready to run: a plan, and what stands around it.

The input is extended where a padding mode says so, its gradient folded back, a bias added.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import prod
from typing import Any, TypeAlias

import numpy as np

from ..contract import Array, Convolution
from ..planning import Operand, SlabwiseConvolution, Workspace, in_lines, summed_in
from ..problem import Geometry, Operation
from .borders import Border, Extended

# An operand: an array, or for a `SlabwiseCall` also what its parts are read from.
Given: TypeAlias = Any


class Call:
    """One operation on arrays of certain shapes, ready to run.

    Parameters
    ----------
    geometry : Geometry
        The problem as the caller put it.
    dtype : numpy.dtype
        Of the result, and here of the operands.
    border : Border or None
        How the input is extended beforehand; None where the padding is zeros.
    plan : Convolution
        Runs what is left.
    """

    __slots__ = ("border", "dtype", "geometry", "plan")

    def __init__(
        self,
        geometry: Geometry,
        dtype: np.dtype[Any],
        border: Border | None,
        plan: Convolution,
    ) -> None:
        self.geometry, self.dtype, self.border, self.plan = geometry, dtype, border, plan

    def forward(
        self, input: Given, weight: Given, bias: Array | None, value: Any, out: Array | None
    ) -> Array:
        """Extend the input, convolve, add the bias."""

        def run(input: Given) -> Array:
            return self._run("forward", input, weight, bias, out)

        return run(input) if self.border is None else self._on_extended(input, value, run)

    def grad_input(
        self,
        grad_output: Given,
        weight: Given,
        bias: Array | None,
        out: Array | None,
    ) -> Array:
        """Gradient with respect to the extended input, folded back; plus the bias."""
        if self.border is None:
            return self._run("grad_input", grad_output, weight, bias, out)
        out = np.empty(self.geometry.input_shape, self.dtype) if out is None else out
        with self._space() as space:
            gradient = space.array(self.plan.geometry.input_shape)
            self._run("grad_input", grad_output, weight, None, gradient)
            self.border.fold(gradient, out, self.plan)
        return out

    def grad_weight(self, grad_output: Given, input: Given, value: Any, out: Array | None) -> Array:
        """Gradient with respect to the weight, from the extended input."""

        def run(input: Given) -> Array:
            return self._run("grad_weight", grad_output, input, None, out)

        return run(input) if self.border is None else self._on_extended(input, value, run)

    def _on_extended(self, input: Given, value: Any, run: Callable[[Given], Array]) -> Array:
        """What `run` gives of the extended input."""
        with self._space() as space:
            return run(self._extended(input, value).part((), space))

    def _extended(self, input: Given, value: Any) -> Extended:
        assert self.border is not None
        return Extended(self.border, _operand(input, self.dtype), value, self.plan)

    def _space(self) -> Workspace:
        """Memory for the extended input, or for the gradient with respect to it."""
        elements = in_lines(prod(self.plan.geometry.input_shape))
        return Workspace(elements, summed_in(self.dtype))

    def _run(
        self,
        operation: Operation,
        first: Given,
        second: Given,
        bias: Array | None,
        out: Array | None,
    ) -> Array:
        result: Array = getattr(self.plan, operation)(first, second, out=out)
        return result if bias is None else self._biased(result, bias)

    def _biased(self, result: Array, bias: Array) -> Array:
        """`result`, with the bias added to it in place."""
        self.plan.add_bias(result, bias, threads=self.plan.threads)
        return result


class SlabwiseCall(Call):
    """A call that converts its operands slab by slab, and rounds its sums, the bias included, once.

    Operands, given as arrays or as what parts of them are read from, may have any dtype and, as
    `out`, any strides.
    """

    __slots__ = ()
    plan: SlabwiseConvolution

    def _on_extended(self, input: Given, value: Any, run: Callable[[Given], Array]) -> Array:
        return run(self._extended(input, value))

    def _run(
        self,
        operation: Operation,
        first: Given,
        second: Given,
        bias: Array | None,
        out: Array | None,
    ) -> Array:
        first, second = (_operand(operand, self.dtype) for operand in (first, second))
        if out is None:
            out = np.empty(self.plan.geometry.result_shape(operation), self.dtype)
        epilogue = None
        if bias is not None:
            epilogue = partial(self._biased, bias=_operand(bias, self.dtype).part(()))
        self.plan.run(operation, first, second, out, epilogue)
        return out


def _operand(given: Given, dtype: np.dtype[Any]) -> Any:
    """What a slab is read from, where an array is given."""
    return Operand(given, dtype) if isinstance(given, np.ndarray) else given
