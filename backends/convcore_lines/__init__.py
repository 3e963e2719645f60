"""Kernels with one axis, summed in the order of scipy.ndimage's filters, along any axis.

Smoothing and derivatives come as one kernel for each axis, even or odd about its middle. Their taps
are added in pairs here: (x[-r] + x[r]) w[r] for an even kernel, (x[-r] - x[r]) w[r] for an odd one.
That halves the products, keeps what is even even, and makes the derivative of a constant zero, to
the last bit, which code that looks for a change of sign relies on. No product is fused with the sum
it is added to, so that the results are the bits that scipy.ndimage.correlate1d computes.

All else is refused, with the reason. The backend runs by name only: `convcore.scipy` asks for it.
"""

from __future__ import annotations

from math import prod
from typing import Any, NoReturn

from convcore.plugin import (
    Array,
    BackendLoadError,
    Convolution,
    Declaration,
    Geometry,
    Operation,
    Refusal,
    UnsupportedError,
)

try:
    import convcore_lines._lines as _lines
except ImportError as error:
    raise BackendLoadError(
        "convcore_lines: the compiled module convcore_lines._lines must be built; got "
        f"{error}; install a C compiler and reinstall convcore"
    ) from error

__all__ = ["LinesConvolution"]


class LinesConvolution(Convolution):
    """One kernel axis, one channel at a time, forward; needs no memory, uses one thread."""

    name = "lines"
    declaration = Declaration(
        dtypes=("float32", "float64"),
        ranks=range(1, 4),
        deterministic="any_threads",
        batch_invariant=True,
        automatic=False,
        description="kernels with one axis, summed as scipy.ndimage does, by name only",
    )

    @classmethod
    def refusal(
        cls, geometry: Geometry, dtype: Any, operation: Operation | None = None
    ) -> Refusal | None:
        """What is not declared, and all but the plain forward filter along one axis."""
        return super().refusal(geometry, dtype, operation) or _unlike_a_filter(geometry, operation)

    def _forward(self, input: Array, weight: Array, output: Array) -> None:
        geometry = self.geometry
        axis = filtered_axis(geometry)
        outer = prod(geometry.input_extents[:axis])
        channels = (geometry.batch, geometry.groups)
        _lines.forward(
            input.reshape(*channels, outer, -1),
            weight.reshape(geometry.out_channels, -1),
            output.reshape(*channels, geometry.group_out_channels, outer, -1),
        )

    def _grad_input(self, grad_output: Array, weight: Array, grad_input: Array) -> NoReturn:
        raise UnsupportedError("backend 'lines' cannot compute grad_input")

    def _grad_weight(self, grad_output: Array, input: Array, grad_weight: Array) -> NoReturn:
        raise UnsupportedError("backend 'lines' cannot compute grad_weight")


def filtered_axis(geometry: Geometry) -> int:
    """The spatial axis along which the kernel extends; the last one for a single tap."""
    extents = geometry.kernel_extents
    return next((axis for axis, taps in enumerate(extents) if taps > 1), len(extents) - 1)


def _unlike_a_filter(geometry: Geometry, operation: Operation | None) -> Refusal | None:
    long = [taps for taps in geometry.kernel_extents if taps > 1]
    channels = geometry.group_in_channels
    for holds, code, rule, got in (
        (operation in (None, "forward"), "OPERATION", "it computes forward only", operation),
        (channels == 1, "CHANNELS", "an output channel sees one input channel", channels),
        (len(long) < 2, "KERNEL", "the kernel extends along one axis", geometry.kernel_extents),
        (set(geometry.stride) <= {1}, "STRIDE", "the stride is 1", geometry.stride),
        (not any(map(any, geometry.padding)), "PADDING", "the padding is 0", geometry.padding),
    ):
        if not holds:
            return Refusal(code, f"{rule}; got {got}")
    return None
