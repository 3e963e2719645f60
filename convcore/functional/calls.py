"""From the arguments of a call to what runs it: kept, so that equal calls are planned once."""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np

from .. import registry, settings
from ..contract import Convolution, is_half
from ..errors import UnsupportedError
from ..planning import Question, SlabwiseConvolution, check_spec, plan_for
from ..problem import Geometry, Operation, Padding, PerAxis, freeze, transposed_geometry
from .borders import Border
from .call import Call, SlabwiseCall
from .halos import HaloCall, halos_of, is_worth_while
from .padding_modes import PaddingMode, check_mode, parse_modes

# Calls that are kept, with a plan of some kilobytes each.
CACHE_SIZE = 4096

# stride, padding, dilation, groups
Steps: TypeAlias = tuple[PerAxis, Padding, PerAxis, int]
# output_padding, output_shape
Ends: TypeAlias = tuple[PerAxis, PerAxis | None]


def call_for(
    input_shape: tuple[int, ...],
    weight_shape: tuple[int, ...],
    dtype: np.dtype[Any],
    steps: Steps,
    padding_mode: PaddingMode,
    operation: Operation,
    backend: settings.BackendSpec,
) -> Call:
    """`Call` of a convolution; equal arguments under equal settings give the same one.

    The shapes are those of arrays, or frozen: this is on the way of every call.
    """
    if type(padding_mode) is not str:
        check_mode(padding_mode)
        padding_mode = freeze(padding_mode)
    return _call_for(
        input_shape, weight_shape, dtype, _frozen(steps), padding_mode, operation, *_state(backend)
    )


def slabwise_call_for(
    input_shape: tuple[int, ...],
    weight_shape: tuple[int, ...],
    dtype: np.dtype[Any],
    steps: Steps,
    padding_mode: PaddingMode,
    operation: Operation,
    backend: settings.BackendSpec,
) -> Call:
    """The same for operands of any dtype and strides."""
    check_mode(padding_mode)
    key = (input_shape, weight_shape, dtype, _frozen(steps), freeze(padding_mode), operation)
    return _call_for(*key, *_state(backend), slabwise=True)


def transposed_call_for(
    input_shape: tuple[int, ...],
    weight_shape: tuple[int, ...],
    dtype: np.dtype[Any],
    steps: Steps,
    ends: Ends,
    operation: Operation = "grad_input",
    backend: settings.BackendSpec = None,
    **slabwise: bool,
) -> Call:
    """`Call` of the convolution whose input gradient is the transposed convolution."""
    output_padding, output_shape = ends
    ends = freeze(output_padding), None if output_shape is None else freeze(output_shape)
    key = (input_shape, weight_shape, dtype, _frozen(steps), ends, operation)
    return _transposed_call_for(*key, *_state(backend), **slabwise)


def _frozen(steps: Steps) -> Steps:
    stride, padding, dilation, groups = steps
    if type(stride) is type(padding) is type(dilation) is type(groups) is int:
        return steps
    key = id(stride), id(padding), id(dilation), id(groups)
    known = _known.get(key)
    return _remembered(key, steps) if known is None else known[1]


# What became of tuples that are given again and again, as the attributes of layers are, by their
# identities; they are kept with it, so that nothing else comes to have those.
_known: dict[tuple[int, int, int, int], tuple[Steps, Steps]] = {}


def _remembered(key: tuple[int, int, int, int], steps: Steps) -> Steps:
    frozen: Steps = freeze(steps)
    if _is_settled(steps):
        if len(_known) >= CACHE_SIZE:
            _known.clear()
        _known[key] = steps, frozen
    return frozen


def _is_settled(value: object) -> bool:
    """Whether nothing in it can change."""
    if type(value) is tuple:
        return all(map(_is_settled, value))
    return type(value) is int or type(value) is str


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
    padding_mode: PaddingMode,
    operation: Operation,
    backend: settings.BackendSpec,
    *state: object,
    slabwise: bool = False,
) -> Call:
    stride, padding, dilation, groups = steps
    geometry = Geometry.of(
        input_shape, weight_shape, stride=stride, padding=padding, dilation=dilation, groups=groups
    )
    rest = geometry, dtype, operation, backend, slabwise
    modes = parse_modes(padding_mode, geometry.spatial_rank)
    if operation == "grad_input" and "constant" in modes and not _is_cropped(geometry):
        # To this gradient a constant adds no more than zeros do.
        with suppress(UnsupportedError):  # a backend may run the extended problem, and not this one
            zeros = tuple("zeros" if mode == "constant" else mode for mode in modes)
            return _planned(_border(geometry, zeros), *rest)
    return _planned(_border(geometry, modes), *rest)


def _border(geometry: Geometry, modes: tuple[str, ...]) -> Border | None:
    return None if set(modes) == {"zeros"} else Border(geometry, modes)


def _is_cropped(geometry: Geometry) -> bool:
    """Whether some of the input has no gradient at all, not even what an algorithm rounds to."""
    return any(min(pair) < 0 for pair in geometry.padding)


@lru_cache(maxsize=CACHE_SIZE)
def _transposed_call_for(
    input_shape: tuple[int, ...],
    weight_shape: tuple[int, ...],
    dtype: np.dtype[Any],
    steps: Steps,
    ends: Ends,
    operation: Operation,
    backend: settings.BackendSpec,
    *state: object,
    slabwise: bool = False,
) -> Call:
    stride, padding, dilation, groups = steps
    output_padding, output_shape = ends
    geometry = transposed_geometry(
        input_shape, weight_shape, stride, padding, output_padding, dilation, groups, output_shape
    )
    return _planned(None, geometry, dtype, operation, backend, slabwise)


def _planned(
    border: Border | None,
    geometry: Geometry,
    dtype: np.dtype[Any],
    operation: Operation,
    backend: settings.BackendSpec,
    slabwise: bool,
) -> Call:
    if border is not None and not slabwise and not is_half(dtype):
        with suppress(UnsupportedError):  # a backend may run the problem, and not that of a halo
            if (call := _halo_call(geometry, dtype, border, operation, backend)) is not None:
                return call
    computed = geometry if border is None else border.remaining(geometry)
    question = Question.now(computed, dtype, operation)
    plan = plan_for(question, backend, slabwise=slabwise)
    kind = SlabwiseCall if isinstance(plan, SlabwiseConvolution) else Call
    return kind(geometry, dtype, border, plan)


def _halo_call(
    geometry: Geometry,
    dtype: np.dtype[Any],
    border: Border,
    operation: Operation,
    backend: settings.BackendSpec,
) -> HaloCall | None:
    """The call that leaves the input as it is, where that is worth while."""
    # Where a batch must not change a bit, it must not decide this.
    samples = 1 if settings.resolve().deterministic == "batch" else geometry.batch
    worth = is_worth_while(border, samples, geometry.in_channels)
    if geometry.degenerate or _is_cropped(geometry) or not worth:
        return None

    def planned(part: Geometry) -> Convolution:
        return plan_for(Question.now(part, dtype, operation), backend)

    halos = list(halos_of(border, geometry, planned))
    return HaloCall(geometry, dtype, border, planned(geometry), halos)
