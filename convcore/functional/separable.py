"""Kernels that are outer products: found, and applied as one filter along each axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from .. import settings
from ..contract import Array, check_array
from ..errors import GeometryError, OptionError, ShapeError
from ..problem import MAX_RANK, Geometry, Padding, PerAxis
from .forms import Form
from .forward import conv
from .outer_products import factors_of, relative_error
from .padding_modes import PaddingMode, check_value, parse_modes


def separable(kernel: Array, *, tolerance: float | None = None) -> SeparableKernel:
    """Find the one-dimensional kernels whose outer product a kernel is.

    Parameters
    ----------
    kernel : ndarray of shape (*R)
        1 to 16 axes; integers are taken as float64.
    tolerance : float, optional
        The largest error to accept, ||kernel - product|| / ||kernel|| in Euclidean norms. By
        default the rounding of the kernel's dtype.

    Returns
    -------
    SeparableKernel
        The factors, the error that they make, and `conv`, which filters with them.

    Raises
    ------
    OptionError
        If no outer product that was found is so near.
    GeometryError, DtypeError
        If the kernel has no axes or no taps, or is no array of finite numbers.

    Notes
    -----
    Where the lines through the largest tap give the kernel but for rounding, they are the factors:
    zeros and symmetries stay what they are. Else the factors are the nearest ones, by the singular
    value decomposition; for three and more axes by the higher-order one [1]_ and alternating
    projections, which may end near the nearest.

    References
    ----------
    .. [1] L. De Lathauwer, B. De Moor and J. Vandewalle, "On the best rank-1 and
       rank-(R1, ..., RN) approximation of higher-order tensors", SIAM J. Matrix Anal. Appl. 21
       (2000), algorithm 3.2.

    Examples
    --------
    >>> import numpy as np
    >>> sobel = separable(np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]]))
    >>> sobel.factors
    (array([1., 2., 1.]), array([ 1.,  0., -1.]))
    >>> sobel.conv(np.arange(15.0).reshape(3, 5))
    array([[-8., -8., -8.]])
    >>> round(separable(np.array([[1.0, 1.0], [1.0, 0.9]]), tolerance=0.1).error, 4)
    0.0263
    """
    dtype = check_array("kernel", kernel)
    if not 1 <= kernel.ndim <= MAX_RANK or not kernel.size:
        raise GeometryError(
            f"kernel: must have 1 to {MAX_RANK} axes, and taps; got shape {kernel.shape}"
        )
    wide = kernel.astype(np.result_type(dtype, "float64"))
    if not np.isfinite(wide).all():
        raise GeometryError("kernel: must be finite; got NaN or infinity among its taps")
    dtype = wide.dtype if dtype.kind in "iu" else dtype
    rounding = (kernel.ndim + 1) * float(np.finfo(dtype).eps)
    factors = tuple(factor.astype(dtype) for factor in factors_of(wide, rounding))
    error, accepted = relative_error(wide, factors), rounding if tolerance is None else tolerance
    if not error <= accepted:
        raise OptionError(
            f"tolerance: must be at least {error:.3g}, the relative error of the nearest outer "
            f"product; got {accepted:.3g}; use the kernel itself, or allow the error"
        )
    return SeparableKernel(factors, error)


@dataclass(frozen=True, eq=False)
class SeparableKernel:
    """A kernel that is the outer product of one for each axis.

    Attributes
    ----------
    factors : tuple of ndarray
        The kernel for each axis.
    error : float
        ||kernel - product of the factors|| / ||kernel||, in Euclidean norms.
    """

    factors: tuple[Array, ...]
    error: float

    def conv(
        self,
        input: Array,
        *,
        axes: Sequence[int] | None = None,
        stride: PerAxis = 1,
        padding: Padding = 0,
        dilation: PerAxis = 1,
        padding_mode: PaddingMode = "zeros",
        padding_value: Any = 0,
        flip: bool = False,
        dtype: Any = None,
        backend: settings.BackendSpec = None,
    ) -> Array:
        """Filter an array along its axes, one after the other.

        This is `convcore.conv` with the whole kernel, but for `error` and the rounding of what
        stands between two axes. It takes as many products for each result as the extents add up to,
        in place of their product: 18 and not 81 for 9x9.

        Parameters
        ----------
        input : ndarray
            At least as many axes as the kernel; dtype of the factors where `dtype` is not given.
        axes : sequence of int, optional
            The axis for each factor; by default the last ones. With ``axes=(0, 1)`` an image may
            have its colours last.
        stride, padding, dilation, padding_mode, padding_value, flip, dtype, backend
            As in `convcore.conv`, for the axes that are filtered.

        Returns
        -------
        ndarray
            Along `axes` the extents that `convcore.conv` gives, along others those of `input`.
        """
        places = _places(axes, input, len(self.factors))
        dtype = Form.of(dtype, None, None, None).dtype_of(input=input, kernel=self.factors[0])
        geometry = Geometry.of(
            (1, 1, *(input.shape[place] for place in places)),
            (1, 1, *(factor.size for factor in self.factors)),
            stride=stride,
            padding=padding,
            dilation=dilation,
        )
        modes = parse_modes(padding_mode, len(places))
        check_value(padding_value, padding_mode, dtype)
        # Zeros last: beyond both ends of another axis there are zeros too, not its constant.
        for axis in sorted(range(len(places)), key=lambda axis: modes[axis] == "zeros"):
            weight, constant = self.factors[axis].astype(dtype), modes[axis] == "constant"
            options = {
                "stride": (1, geometry.stride[axis], 1),
                "padding": ((0, 0), geometry.padding[axis], (0, 0)),
                "dilation": (1, geometry.dilation[axis], 1),
                "padding_mode": ("zeros", modes[axis], "zeros"),
                "padding_value": padding_value if constant else 0,
                "flip": flip,
                "dtype": None if input.dtype == dtype else dtype,
                "backend": backend,
            }
            input = _along(input, weight, places[axis], geometry.output_extents[axis], options)
            padding_value = padding_value * weight.sum()  # of what lies beyond the other ends
        return input


def _along(input: Array, weight: Array, place: int, extent: int, options: dict[str, Any]) -> Array:
    """Filter along one axis, which has `extent` elements afterwards."""
    before, after = input.shape[:place], input.shape[place + 1 :]
    shape, lines = (*before, extent, *after), (prod(before), input.shape[place], prod(after))
    if not lines[0] * lines[2]:
        return np.zeros(shape, weight.dtype)
    result = conv(input.reshape(1, 1, *lines), weight.reshape(1, 1, 1, -1, 1), **options)
    return result.reshape(shape)


def _places(axes: Sequence[int] | None, input: Array, count: int) -> tuple[int, ...]:
    """The axis of `input` for each factor."""
    check_array("input", input)
    rank = input.ndim
    if rank < count:
        raise ShapeError(
            f"input: must have at least the {count} axes of the kernel; got shape {input.shape}"
        )
    places = range(rank - count, rank) if axes is None else [axis % rank for axis in axes]
    if len(set(places)) != count or any(not -rank <= axis < rank for axis in axes or ()):
        raise GeometryError(f"axes: must be {count} different axes of {rank}; got {axes!r}")
    return tuple(places)
