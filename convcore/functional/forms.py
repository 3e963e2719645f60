"""How the arrays of a call are given: in which order of axes, and to be summed in which dtype.

Operands are looked at in the library's order and converted slab by slab; results are allocated in
the order that is asked for, and written through a view in the library's.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np

from ..contract import (
    Array,
    check_array,
    check_cast,
    check_out,
    check_pair,
    check_same_dtype,
    in_full,
    parse_dtype,
)
from ..errors import ShapeError
from ..planning import Operand
from ..problem import Layouts, Role, parse_layouts

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
    def of(cls, dtype: Any, layout: Any, weight_layout: Any, out_layout: Any) -> Self:
        """The form that users write."""
        parsed = None if dtype is None else parse_dtype(dtype)
        return cls(parsed, parse_layouts(layout, weight_layout, out_layout))

    def dtype_of(self, **operands: Array | None) -> np.dtype[Any]:
        """The dtype to sum in, once all operands are arrays that can be cast to it."""
        given = [(name, array) for name, array in operands.items() if array is not None]
        if self.dtype is None:
            dtype = check_pair(*given[0], *given[1])
            for name, array in given[2:]:
                check_same_dtype(name, check_array(name, array), dtype)
            return dtype
        for name, array in given:
            check_cast(name, check_array(name, array), self.dtype)
        return self.dtype

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

    def view(self, role: Role, name: str, array: Array) -> Array:
        """`array` in the library's order."""
        return array if self.layouts is None else in_full(name, array, getattr(self.layouts, role))

    def operand(
        self,
        role: Role,
        name: str,
        array: Array,
        dtype: np.dtype[Any],
        *,
        conjugated: bool = False,
    ) -> Operand:
        """What slabs of an operand are read from."""
        return Operand(self.view(role, name, array), dtype, conjugated)

    def check_gradient(self, grad_output: Array, full_shape: Shape, lead: Shape) -> None:
        """Refuse a gradient with respect to an output of another shape."""
        check_shape("grad_output", grad_output, self.own_shape("output", full_shape, lead))

    def result(
        self,
        role: Role,
        shape: Shape,
        dtype: np.dtype[Any],
        out: Array | None,
        *operands: Array | None,
    ) -> tuple[Array, Array]:
        """The array to return, of a shape in the caller's order, and a view in the library's."""
        if out is None:
            out = np.empty(shape, dtype)
        else:
            check_out(out, shape, dtype, *operands)
        return out, self.view(role, "out", out)


def check_shape(name: str, array: Array, shape: Shape) -> None:
    """Refuse an array of another shape."""
    if array.shape != shape:
        raise ShapeError(f"{name}: must have shape {shape}; got {array.shape}")
