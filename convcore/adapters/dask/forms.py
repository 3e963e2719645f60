"""In which layout and dtype arrays are given, and how lazy ones are brought in order and back."""

from __future__ import annotations

from typing import Any, NamedTuple

import dask.array as da
import numpy as np

from ...contract import check_cast, native_byte_order, parse_dtype
from ...errors import DtypeError, ShapeError
from ...problem import Layout, Layouts, Role, parse_layouts
from .operands import Chunks, Operand, Stored

Shape = tuple[int, ...]


class Form(NamedTuple):
    """How the arrays of a call are given.

    Parameters
    ----------
    dtype : numpy.dtype or None
        What is summed in and returned; None where it is that of the operands.
    layouts : Layouts or None
        The order of their axes; None where it is that of the library.
    """

    dtype: np.dtype[Any] | None
    layouts: Layouts | None

    @classmethod
    def of(
        cls,
        dtype: Any = None,
        layout: Any = None,
        weight_layout: Any = None,
        out_layout: Any = None,
    ) -> Form:
        """The form that users write."""
        parsed = None if dtype is None else parse_dtype(dtype)
        return cls(parsed, parse_layouts(layout, weight_layout, out_layout))

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

    def full_shape(self, role: Role, name: str, shape: Shape) -> Shape:
        """`shape` in the library's order."""
        if self.layouts is None:
            return shape
        found: Shape = getattr(self.layouts, role).full_shape(name, shape)
        return found

    def own_shape(self, role: Role, full_shape: Shape, lead: Shape) -> Shape:
        """`full_shape`, which is in the library's order, in the caller's."""
        if self.layouts is None:
            return full_shape
        found: Shape = getattr(self.layouts, role).own_shape(full_shape, lead)
        return found

    def lead(self, name: str, shape: Shape) -> Shape:
        """Extents of the leading axes of an input."""
        return () if self.layouts is None else self.layouts.input.leading_extents(name, shape)

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
