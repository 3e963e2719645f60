"""`conv` and its transpose on dask arrays: lazy, chunked, with the options of `convcore`.

They take no `out=`. Everything that the originals check is checked when a function is called, and
what a backend refuses when its task runs.
"""

from __future__ import annotations

from typing import Any

import dask.array as da
import numpy as np

from ... import settings
from ...functional import PaddingMode
from ...problem import Geometry, Padding, PerAxis, Role, transposed_geometry
from . import results
from .forms import Form, check_shape
from .operands import Operand, operand, small_operand
from .problems import Problem


def conv(
    input: Operand,
    weight: Any,
    bias: Any = None,
    *,
    stride: PerAxis = 1,
    padding: Padding = 0,
    dilation: PerAxis = 1,
    groups: int = 1,
    padding_mode: PaddingMode = "zeros",
    padding_value: Any = 0,
    flip: bool = False,
    dtype: Any = None,
    layout: str | None = None,
    weight_layout: str | None = None,
    out_layout: str | None = None,
    backend: settings.BackendSpec = None,
) -> da.Array:
    """`convcore.conv` of a dask array.

    Parameters
    ----------
    input : dask array or Stored, of shape (N, C, *S)
        In chunks of any extents along any axes, smaller than the halo if need be.
    weight : ndarray or dask array of shape (K, C / groups, *R)
        Its chunks of output channels are those of the result.
    bias : ndarray or dask array of shape (K,), optional
        Added to each output channel.
    stride, padding, dilation, groups, padding_mode, padding_value, flip, dtype, \
layout, weight_layout, out_layout, backend
        As in `convcore.conv`; the backend and the options in force travel with the tasks, each of
        which takes one thread unless ``options(threads=)`` says otherwise.

    Returns
    -------
    dask array of shape (N, K, *O)
        A block for each chunk of the input, of the outputs whose windows have their middle there.

    Raises
    ------
    GeometryError, ShapeError, DtypeError, OptionError, UnknownBackendError
        As in `convcore.conv`; ShapeError also where chunks are not known.

    Notes
    -----
    The bits are those of the whole array wherever a sum is made in an order that does not depend
    on the extents: always on integers and integer-valued data, and on all data for the backend
    "naive", unless input channels come in several chunks, whose sums are added one after another.
    """
    form = Form.of(dtype, layout, weight_layout, out_layout)
    shared, x, w, b = read(form, "input", input, weight, bias)
    geometry = Geometry.of(
        x.shape, w.shape, stride=stride, padding=padding, dilation=dilation, groups=groups
    )
    problem = Problem.of(geometry, shared, padding_mode, padding_value, flip, backend)
    if b is not None:
        check_shape("bias", b, w.shape[:1])
    return form.own("output", results.forward(problem, x, w, b), form.lead("input", input.shape))


def conv_transpose(
    input: Operand,
    weight: Any,
    bias: Any = None,
    *,
    stride: PerAxis = 1,
    padding: Padding = 0,
    output_padding: PerAxis = 0,
    output_shape: PerAxis | None = None,
    dilation: PerAxis = 1,
    groups: int = 1,
    flip: bool = False,
    dtype: Any = None,
    layout: str | None = None,
    weight_layout: str | None = None,
    out_layout: str | None = None,
    backend: settings.BackendSpec = None,
    chunks: Any = None,
) -> da.Array:
    """`convcore.conv_transpose` of a dask array.

    Parameters
    ----------
    input : dask array or Stored, of shape (N, C_in, *S)
        In any chunks.
    weight, bias, stride, padding, output_padding, output_shape, dilation, groups, flip, dtype, \
layout, weight_layout, out_layout, backend
        As in `convcore.conv_transpose`; weight and bias may be ndarrays or dask arrays.
    chunks : optional
        Of the result, as in `dask.array.rechunk`; by default they follow those of the input.

    Returns
    -------
    dask array of shape (N, C_out, *O)

    Raises
    ------
    GeometryError, ShapeError, DtypeError, OptionError, UnknownBackendError
        As in `conv`.
    """
    form = Form.of(dtype, layout, weight_layout, out_layout)
    shared, x, w, b = read(form, "input", input, weight, bias)
    geometry = transposed_geometry(
        x.shape, w.shape, stride, padding, output_padding, dilation, groups, output_shape
    )
    problem = Problem.of(geometry, shared, flip=flip, backend=backend)
    if b is not None:
        check_shape("bias", b, (geometry.in_channels,))
    lead = form.lead("input", input.shape)
    own = form.own_shape("output", geometry.input_shape, lead)
    asked = form.full_chunks("output", chunks, own, geometry.input_shape)
    result = results.grad_input(problem, x, w, b, chunks=asked, conjugated=False)
    return rechunked(form.own("output", result, lead), chunks)


def read(
    form: Form, name: str, array: Operand, weight: Any, bias: Any = None
) -> tuple[np.dtype[Any], Operand, da.Array, da.Array | None]:
    """The dtype to sum in, and the operands in the library's order."""
    array, weight = operand(name, array), small_operand("weight", weight)
    bias = None if bias is None else small_operand("bias", bias)
    dtype = form.dtype_of(**{name: array}, weight=weight, bias=bias)
    role: Role = "output" if name == "grad_output" else "input"
    return dtype, form.full(role, name, array), form.full("weight", "weight", weight), bias


def rechunked(array: da.Array, chunks: Any) -> da.Array:
    """The array in the chunks that were asked for, which it mostly has."""
    return array if chunks is None else array.rechunk(chunks)
