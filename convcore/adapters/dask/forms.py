"""In which layout and dtype arrays are given, and how lazy ones are brought in order and back."""

from __future__ import annotations

from typing import Any

import dask.array as da
import numpy as np

from ... import functional
from ...contract import check_cast, native_byte_order, parse_dtype
from ...errors import DtypeError, ShapeError
from ...problem import Layout, Role
from .operands import Chunks, Operand, Stored

Shape = tuple[int, ...]


class Form(functional.Form):
    """How the arrays of a call are given, lazy ones among them."""

    def dtype_of(self, **operands: Any) -> np.dtype[Any]:
        """The dtype to sum in, once all operands that are there can be cast to it."""
        given = {name: array.dtype for name, array in operands.items() if array is not None}
        for name, found in given.items():
            _check_taken(name, found)
        first, own = next(iter(given.items()))
        dtype = parse_dtype(own) if self.dtype is None else self.dtype
        for name, found in given.items():
            if self.dtype is None and native_byte_order(found) != dtype:
                raise DtypeError(
                    f"{name}: must have the dtype of {first}, {dtype}; got {found}; pass dtype= "
                    "to convert on the way"
                )
            check_cast(name, found, dtype)
        return dtype

    def full(self, role: Role, name: str, array: Any) -> Any:
        """An operand in the library's order."""
        if self.layouts is None:
            return array
        layout: Layout = getattr(self.layouts, role)
        lead = layout.leading_extents(name, array.shape)
        if isinstance(array, Stored):
            return _stored_in_full(name, array, layout, len(lead))
        collapsed = array.reshape(layout.collapsed_shape(name, array.shape))
        axes = layout.collapsed
        ordered = collapsed.transpose([axes.index(axis) for axis in layout.full if axis in axes])
        return ordered[tuple(slice(None) if axis in axes else None for axis in layout.full)]

    def own(self, role: Role, array: da.Array, lead: Shape = ()) -> da.Array:
        """A result in the caller's order, with `lead` where the dots stand."""
        if self.layouts is None:
            return array
        layout: Layout = getattr(self.layouts, role)
        shape = layout.own_shape(array.shape, lead)
        present = [axis for axis in layout.full if axis in layout.collapsed]
        kept = array[tuple(slice(None) if axis in present else 0 for axis in layout.full)]
        if present != list(layout.collapsed):
            kept = kept.transpose([present.index(axis) for axis in layout.collapsed])
        return kept.reshape(shape)

    def full_chunks(self, role: Role, chunks: Any, own: Shape, full: Shape) -> Chunks | None:
        """Chunks of a result in the library's order; None where they are not asked for.

        Those of several leading axes cannot be had in one: they are left to `rechunk`.
        """
        if chunks is None:
            return None
        normal: Chunks = da.core.normalize_chunks(chunks, own, dtype=self.dtype or "float64")
        if self.layouts is None:
            return normal
        layout: Layout = getattr(self.layouts, role)
        named = dict(zip(reversed(layout.axes), reversed(normal), strict=False))
        pairs = zip(layout.full, full, strict=True)
        return tuple(named.get(axis, (extent,)) for axis, extent in pairs)


def check_shape(name: str, array: Operand, shape: Shape) -> None:
    """Refuse an operand of another shape than the problem says."""
    if tuple(array.shape) != shape:
        raise ShapeError(f"{name}: must have shape {shape}; got {tuple(array.shape)}")


def _check_taken(name: str, dtype: np.dtype[Any]) -> None:
    try:
        parse_dtype(dtype)
    except DtypeError:
        raise DtypeError(
            f"{name}: must be float16, float32, float64, complex64, complex128 or an integer; "
            f"got dtype {dtype}; convert it with {name}.astype"
        ) from None


def _stored_in_full(name: str, array: Stored, layout: Layout, leading: int) -> Stored:
    if leading > 1:
        raise ShapeError(
            f"{name}: must have at most one leading axis where tasks read it themselves; got "
            f"{leading} in shape {array.shape}"
        )
    axes = layout.axes if leading == 0 else layout.collapsed
    return array.reordered([axes.index(a) if a in axes else None for a in layout.full])
