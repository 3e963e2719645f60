"""What the native backends share: the operations by a plan of the kernels, made once."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np

from convcore.plugin import OPERATIONS, Array, Convolution, Geometry, Operation, UnsupportedError

from ._bridge import NativePlan, TransformedWeight, at_once, share_loops_in
from ._parts import add_bias, convert, extend, fold, join, split, transpose

DEFAULT_WORKSPACE = 64 << 20
FORWARD, GRAD_INPUT, GRAD_WEIGHT = range(3)
# Operations that no batch changes, where that is wanted.
SETTLED: tuple[Operation, ...] = ("forward", "grad_input")
# What a `NativePlan` is made for: geometry, algorithm, dtype, threads, bytes of workspace, and
# whether the batch must not change a bit.
Key = tuple[Geometry, str, np.dtype[Any], int, int, bool]


class NativeConvolution(Convolution):
    """The three operations by a `NativePlan` of an algorithm.

    Arrays that are just what the kernels take go there at once; all else, a prepared weight, and a
    result that the host has to mend, is for the base class.
    """

    _algorithm: ClassVar[str]
    # What has to fit when a plan is made; where the batch must not change how, SETTLED too.
    _bounded: tuple[Operation, ...] = OPERATIONS

    def __init__(
        self,
        geometry: Geometry,
        dtype: Any,
        *,
        threads: int | None = None,
        max_workspace: int | None = None,
        variants: Mapping[Operation, str] | None = None,
        batch_invariant: bool = False,
    ) -> None:
        super().__init__(
            geometry,
            dtype,
            threads=threads,
            max_workspace=max_workspace,
            variants=variants,
            batch_invariant=batch_invariant,
        )
        limit = DEFAULT_WORKSPACE if self.max_workspace is None else self.max_workspace
        self._native = self._plan(
            (geometry, self._algorithm, self.dtype, self.threads, limit, batch_invariant)
        )
        self._check_fit(limit)

    def _plan(self, key: Key) -> NativePlan:
        return plan_to_run(key)

    def _check_fit(self, limit: int) -> None:
        for operation in self._bounded or (SETTLED if self._batch_invariant else ()):
            if not self._native.fits(OPERATIONS.index(operation)):
                raise UnsupportedError(
                    f"max_workspace: must hold the smallest tiles of {operation}; got {limit}"
                )

    @classmethod
    def estimate(
        cls, geometry: Geometry, dtype: Any, operation: Operation, *, threads: int
    ) -> float | None:
        """Seconds by the cost model that also chooses the kernels and their blocks."""
        limits = (threads, DEFAULT_WORKSPACE, False)
        plan = plan_asked((geometry, cls._algorithm, dtype, *limits))
        number = OPERATIONS.index(operation)
        return plan.seconds(number) if plan.fits(number) else None

    @classmethod
    def share_loops_in(cls, team: int) -> None:
        """Share loops among the threads of another library; 0 is our own again."""
        share_loops_in(team)

    @classmethod
    def copy_transposed(cls, array: Array, out: Array, *, threads: int = 1) -> None:
        """See `Convolution.copy_transposed`."""
        transpose(array, out, threads)

    @classmethod
    def copy_converted(cls, array: Array, out: Array, *, threads: int = 1) -> None:
        """See `Convolution.copy_converted`."""
        if not convert(array, out, threads):
            super().copy_converted(array, out)

    @classmethod
    def copy_extended(
        cls,
        array: Array,
        out: Array,
        rows: Array,
        columns: Array,
        value: Array,
        *,
        threads: int = 1,
    ) -> None:
        """See `Convolution.copy_extended`."""
        extend(array, out, rows, columns, value, threads)

    @classmethod
    def fold_extended(
        cls, array: Array, out: Array, rows: Array, columns: Array, *, threads: int = 1
    ) -> None:
        """See `Convolution.fold_extended`."""
        if not fold(array, out, rows, columns, threads):
            super().fold_extended(array, out, rows, columns)

    @classmethod
    def split_complex(
        cls, array: Array, real: Array, imaginary: Array, *, threads: int = 1
    ) -> None:
        """See `Convolution.split_complex`."""
        split(array, real, imaginary, threads)

    @classmethod
    def join_complex(cls, real: Array, imaginary: Array, out: Array, *, threads: int = 1) -> None:
        """See `Convolution.join_complex`."""
        join(real, imaginary, out, threads)

    @classmethod
    def add_bias(cls, output: Array, bias: Array, *, threads: int = 1) -> None:
        """See `Convolution.add_bias`."""
        if not add_bias(output, bias, threads):
            super().add_bias(output, bias, threads=threads)

    def workspace_bytes(self, operation: Operation) -> int:
        """Workspace of one call, in bytes."""
        return self._native.workspace_bytes(OPERATIONS.index(operation))

    def describe(self, operation: Operation) -> str:
        """Kernel class and block sizes."""
        return self._native.describe(OPERATIONS.index(operation))

    def forward(self, input: Array, weight: Any, *, out: Array | None = None) -> Array:
        """See `Convolution.forward`."""
        own, mended = NativeConvolution._forward, self._repair is not None
        result = at_once(self._native, FORWARD, self._forward, own, input, weight, out, mended)
        return super().forward(input, weight, out=out) if result is None else result

    def grad_input(self, grad_output: Array, weight: Any, *, out: Array | None = None) -> Array:
        """See `Convolution.grad_input`."""
        own, mended = NativeConvolution._grad_input, self._repair is not None
        result = at_once(
            self._native, GRAD_INPUT, self._grad_input, own, grad_output, weight, out, mended
        )
        return super().grad_input(grad_output, weight, out=out) if result is None else result

    def grad_weight(self, grad_output: Array, input: Array, *, out: Array | None = None) -> Array:
        """See `Convolution.grad_weight`."""
        own, mended = NativeConvolution._grad_weight, self._repair is not None
        result = at_once(
            self._native, GRAD_WEIGHT, self._grad_weight, own, grad_output, input, out, mended
        )
        return super().grad_weight(grad_output, input, out=out) if result is None else result

    def _prepare(self, weight: Array, operation: Operation) -> Array | TransformedWeight:
        prepared = self._native.prepare(OPERATIONS.index(operation), weight)
        return weight if prepared is None else prepared

    def _forward(
        self, input: Array, weight: Array | TransformedWeight, output: Array
    ) -> bool | None:
        return self._native.run(FORWARD, input, weight, output)

    def _grad_input(
        self, grad_output: Array, weight: Array | TransformedWeight, grad_input: Array
    ) -> bool | None:
        return self._native.run(GRAD_INPUT, grad_output, weight, grad_input)

    def _grad_weight(self, grad_output: Array, input: Array, grad_weight: Array) -> bool | None:
        return self._native.run(GRAD_WEIGHT, grad_output, input, grad_weight)


@lru_cache(maxsize=32)
def _box(key: Key) -> list[NativePlan]:
    """Where the plan that an estimate was made with waits for the `Convolution` that runs it.

    Then it leaves: what is kept has never run, and holds no more than tables of taps.
    """
    return []


def plan_asked(key: Key) -> NativePlan:
    """The plan that is asked about a problem."""
    box = _box(key)
    with suppress(IndexError):
        return box[0]
    plan = NativePlan(*key)
    box.append(plan)
    return plan


def plan_to_run(key: Key) -> NativePlan:
    """A plan to run: that which was asked about the same problem, if there is one."""
    with suppress(IndexError):
        return _box(key).pop()
    return NativePlan(*key)
