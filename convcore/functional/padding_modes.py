"""Padding modes other than zeros: the extension of an array, and its adjoint.

Each position of the extended axis copies one position of the original, so the extension is a
linear map with a single 1 in every row; its adjoint adds every position of the halo back to the
position that it was copied from. Axes are independent of each other.
"""

from __future__ import annotations

from dataclasses import replace
from numbers import Number
from typing import Any, NamedTuple

import numpy as np

from ..contract import Array
from ..errors import DtypeError, GeometryError
from ..problem import Geometry, Pair

# Our names, after those of numpy.pad that mean the same.
NUMPY_MODES = {
    "constant": "constant",
    "reflect": "reflect",
    "symmetric": "symmetric",
    "replicate": "edge",
    "circular": "wrap",
}
MODES = ("zeros", *NUMPY_MODES)


class Border(NamedTuple):
    """How an input (N, C, *S) is cropped and extended before a convolution without padding.

    Parameters
    ----------
    mode : str
        One of `NUMPY_MODES`.
    extents : tuple of int
        S.
    crops, halos : tuple of (int, int)
        Elements removed and added (before, after) each spatial axis; crops come first.
    """

    mode: str
    extents: tuple[int, ...]
    crops: tuple[Pair, ...]
    halos: tuple[Pair, ...]

    @classmethod
    def of(cls, geometry: Geometry, mode: str) -> Border:
        """Border of a problem whose padding is filled by `mode`."""
        pairs = geometry.padding
        crops = tuple((max(0, -before), max(0, -after)) for before, after in pairs)
        halos = tuple((max(0, before), max(0, after)) for before, after in pairs)
        border = cls(mode, geometry.input_extents, crops, halos)
        for axis, extent in enumerate(border.cropped_extents):
            if extent == 0 and any(halos[axis]) and mode != "constant":
                raise GeometryError(
                    f"padding_mode: {mode!r} cannot extend an empty axis; got extent 0 on "
                    f"spatial axis {axis}"
                )
        return border

    @property
    def cropped_extents(self) -> tuple[int, ...]:
        """Extents between cropping and extending."""
        axes = zip(self.extents, self.crops, strict=True)
        return tuple(extent - before - after for extent, (before, after) in axes)

    def extend(self, input: Array, value: Any = 0) -> Array:
        """Crop and extend `input`; `value` fills where the mode is "constant"."""
        options = {"constant_values": value} if self.mode == "constant" else {}
        widths = ((0, 0), (0, 0), *self.halos)
        return np.pad(input[self._kept()], widths, NUMPY_MODES[self.mode], **options)  # type: ignore[call-overload, no-any-return]

    def fold(self, gradient: Array, out: Array) -> None:
        """Adjoint of `extend`: write to `out` (N, C, *S) what `gradient` says of the input."""
        out.fill(0)
        with np.errstate(over="ignore", invalid="ignore"):  # as where the padding is zeros
            for axis, (before, after) in enumerate(self.halos, start=2):
                if before or after:
                    gradient = self._fold_axis(gradient, axis, before, after)
            out[self._kept()] = gradient

    def _fold_axis(self, gradient: Array, axis: int, before: int, after: int) -> Array:
        extent = self.cropped_extents[axis - 2]
        rows = np.moveaxis(gradient, axis, 0)
        folded = rows[before : before + extent].copy()
        if self.mode != "constant":
            source = np.pad(np.arange(extent), (before, after), NUMPY_MODES[self.mode])  # type: ignore[call-overload]
            for position in (*range(before), *range(before + extent, len(source))):
                folded[source[position]] += rows[position]
        return np.moveaxis(folded, 0, axis)

    def _kept(self) -> tuple[slice, ...]:
        axes = zip(self.extents, self.crops, strict=True)
        kept = (slice(before, extent - after) for extent, (before, after) in axes)
        return (slice(None), slice(None), *kept)


def check_mode(mode: object) -> None:
    """Refuse a padding mode that is not known."""
    if not isinstance(mode, str) or mode not in MODES:
        raise GeometryError(f"padding_mode: must be one of {', '.join(MODES)}; got {mode!r}")


def check_value(value: Any, mode: str, dtype: np.dtype[Any]) -> None:
    """Refuse a padding value that the mode does not use or `dtype` cannot hold."""
    if type(value) is int and value == 0:  # the default fits every mode and every dtype
        return
    if mode != "constant":
        if _is_zero(value):
            return
        raise GeometryError(
            f"padding_value: needs padding_mode='constant'; got {value!r} with {mode!r}"
        )
    if not isinstance(value, Number | np.bool_) or not _fits(value, dtype):
        raise DtypeError(f"padding_value: must be a number that {dtype} can hold; got {value!r}")


def _is_zero(value: Any) -> bool:
    return bool(np.isscalar(value) and value == 0)


def _fits(value: Any, dtype: np.dtype[Any]) -> bool:
    if isinstance(value, np.timedelta64) or (dtype.kind != "c" and np.iscomplexobj(value)):
        return False
    try:
        if dtype.kind in "iu":
            info = np.iinfo(dtype)
            # As Python's integers: NumPy would compare in the value's dtype, and round the limits.
            return float(value).is_integer() and info.min <= int(value) <= info.max
        given = np.asarray(value)  # an array, so that the comparison is in the wider dtype
        with np.errstate(over="ignore"):
            held = given.astype(dtype)
    except OverflowError:  # a Python integer beyond every float
        return False
    return bool(np.isfinite(held) or held == given or held != held)  # infinite only where asked


def zero_padded(geometry: Geometry) -> Geometry:
    """The problem that is left once the border has been materialised."""
    none = ((0, 0),) * geometry.spatial_rank
    return replace(geometry, input_extents=geometry.padded_extents, padding=none)
