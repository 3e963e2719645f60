"""Keras' convolutions and pools, by ours and NumPy's; the signatures are those of `keras.ops`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from ... import functional
from ...typing import Array
from .._windows import max_pool as largest
from .._windows import mean_pool as mean
from .._windows import padded_window, same_window
from .start import keras

PerAxis: TypeAlias = int | Sequence[int]


def conv(
    inputs: Any,
    kernel: Any,
    strides: PerAxis = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: PerAxis = 1,
) -> Array:
    """`keras.ops.conv`: a kernel of fewer input channels than there are makes groups."""
    inputs, kernel = _arrays(inputs, kernel)
    channels = _first(inputs, data_format).shape[1]
    if channels % kernel.shape[-2]:
        raise ValueError(
            "The number of input channels must be evenly divisible by kernel's in_channels. "
            f"Received input channels {channels} and kernel in_channels {kernel.shape[-2]}."
        )
    groups = channels // kernel.shape[-2]
    return _convolved(inputs, kernel, strides, padding, data_format, dilation_rate, groups)


def depthwise_conv(
    inputs: Any,
    kernel: Any,
    strides: PerAxis = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: PerAxis = 1,
) -> Array:
    """`keras.ops.depthwise_conv`: every input channel is a group with outputs of its own."""
    inputs, kernel = _arrays(inputs, kernel)
    groups = kernel.shape[-2]
    kernel = kernel.reshape(*kernel.shape[:-2], 1, -1)
    return _convolved(inputs, kernel, strides, padding, data_format, dilation_rate, groups)


def _convolved(
    inputs: Array,
    kernel: Array,
    strides: PerAxis,
    padding: str,
    data_format: str | None,
    dilation_rate: PerAxis,
    groups: int,
) -> Array:
    return _typed(
        functional.conv,
        inputs,
        kernel,
        data_format,
        stride=_entries(strides),
        padding="same" if _is_same(padding) else "valid",
        dilation=_entries(dilation_rate),
        groups=groups,
    )


def conv_transpose(
    inputs: Any,
    kernel: Any,
    strides: PerAxis = 1,
    padding: str = "valid",
    output_padding: PerAxis | None = None,
    data_format: str | None = None,
    dilation_rate: PerAxis = 1,
) -> Array:
    """`keras.ops.conv_transpose`: the gradient of `conv` with the kernel, read forwards."""
    inputs, kernel = _arrays(inputs, kernel)
    rank = inputs.ndim - 2
    steps, gaps = _per_axis(strides, rank), _per_axis(dilation_rate, rank)
    ends = (None,) * rank if output_padding is None else _per_axis(output_padding, rank)
    spans = [gap * (taps - 1) + 1 for gap, taps in zip(gaps, kernel.shape, strict=False)]
    cut = _cropped_same if _is_same(padding) else _cropped_valid
    return _typed(
        functional.conv_transpose,
        inputs,
        kernel,
        data_format,
        stride=steps,
        padding=tuple(map(cut, spans, steps, ends)),
        dilation=gaps,
    )


def _cropped_valid(span: int, stride: int, end: int | None) -> tuple[int, int]:
    """Nothing is cropped, and zeros follow: `end` of them, or until a stride is full."""
    return 0, -(max(0, stride - span) if end is None else end)


def _cropped_same(span: int, stride: int, end: int | None) -> tuple[int, int]:
    """What is cropped from the (S - 1) stride + span elements of the result along one axis.

    S stride of them stay, or with `end` (S - 1) stride + span % 2 + end; where there are too few,
    zeros follow.
    """
    surplus = span - stride if end is None else span - span % 2 - end
    before = max(0, surplus // 2)
    return before, surplus - before


def max_pool(
    inputs: Any,
    pool_size: PerAxis,
    strides: PerAxis | None = None,
    padding: str = "valid",
    data_format: str | None = None,
) -> Array:
    """`keras.ops.max_pool`."""
    return _pooled(largest, inputs, pool_size, strides, padding, data_format)


def average_pool(
    inputs: Any,
    pool_size: PerAxis,
    strides: PerAxis | None = None,
    padding: str = "valid",
    data_format: str | None = None,
) -> Array:
    """`keras.ops.average_pool`: the padding does not count."""
    return _pooled(mean, inputs, pool_size, strides, padding, data_format)


def _pooled(
    pool: Callable[..., Array],
    inputs: Any,
    pool_size: PerAxis,
    strides: PerAxis | None,
    padding: str,
    data_format: str | None,
) -> Array:
    (inputs,) = _arrays(inputs)
    x = _first(inputs, data_format)
    taps = _per_axis(pool_size, x.ndim - 2)
    steps = taps if strides is None else _per_axis(strides, x.ndim - 2)
    window = same_window if _is_same(padding) else padded_window
    axes = enumerate(zip(x.shape[2:], taps, steps, strict=True), 2)
    return _back(pool(x, {axis: window(*entries) for axis, entries in axes}), data_format)


def _arrays(*values: Any) -> tuple[Array, ...]:
    return tuple(np.asarray(keras.ops.convert_to_tensor(value)) for value in values)


def _typed(
    function: Callable[..., Array],
    inputs: Array,
    kernel: Array,
    data_format: str | None,
    **keywords: Any,
) -> Array:
    """`function` in the dtype that Keras gives the result; one that we lack goes by float32."""
    wanted = keras.backend.result_type(inputs.dtype, kernel.dtype)
    dtype = "float32" if wanted == "bfloat16" else wanted
    x = np.ascontiguousarray(_first(inputs, data_format), dtype)
    w = np.ascontiguousarray(np.moveaxis(kernel, (-1, -2), (0, 1)), dtype)
    result = function(x, w, **keywords)
    result = result.astype(keras.ops.convert_to_tensor(0, wanted).dtype, copy=False)
    return _back(result, data_format)


def _is_last(data_format: str | None) -> bool:
    return (data_format or keras.config.image_data_format()) == "channels_last"


def _first(x: Array, data_format: str | None) -> Array:
    """A view with the channels first."""
    return np.moveaxis(x, -1, 1) if _is_last(data_format) else x


def _back(x: Array, data_format: str | None) -> Array:
    """A view with the channels where Keras wants them.

    In memory they stay first, through NumPy's elementwise operations too, so that nothing has to
    be moved between one convolution and the next.
    """
    return np.moveaxis(x, 1, -1) if _is_last(data_format) else x


def _entries(values: PerAxis) -> int | tuple[int, ...]:
    return tuple(values) if isinstance(values, list | tuple) else int(values)  # type: ignore[arg-type]


def _per_axis(values: PerAxis, rank: int) -> tuple[int, ...]:
    entries = _entries(values)
    return (entries,) * rank if isinstance(entries, int) else entries


def _is_same(padding: str) -> bool:
    """Whether the padding is "same" and not "valid"; Keras has no others."""
    if padding.lower() not in ("same", "valid"):
        raise ValueError(f"padding: must be 'same' or 'valid'; got {padding!r}")
    return padding.lower() == "same"
