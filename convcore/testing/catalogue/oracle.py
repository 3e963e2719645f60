"""What the three operations should give, computed unlike any backend does it.

A convolution is a list of products: output element y takes input element x times weight element w,
for every triple (y, x, w) in the list. `products` writes the list down from the definition; each
operation multiplies two of the three columns and sums into the third. Nothing here knows about
padding, windows, transforms or matrices, and no product with an implicit zero is ever formed.
"""

from __future__ import annotations

from functools import lru_cache, reduce
from itertools import pairwise
from math import fsum, prod

import numpy as np

from ...plugin import Array, Geometry, Operation
from ...problem import ROLES, Role

# Columns of the list that each operation multiplies, and the one that it sums into.
_COLUMN: dict[Role, int] = {"output": 0, "input": 1, "weight": 2}
COLUMNS: dict[Operation, list[int]] = {
    operation: [_COLUMN[role] for role in roles] for operation, roles in ROLES.items()
}


# Lists up to this length are kept: a catalogue is asked for its lists again and again. Of longer
# ones the last is, for the operations that come one after the other.
_KEPT_LENGTH = 5_000


def products(geometry: Geometry) -> tuple[Array, Array, Array]:
    """Flat positions (y, x, w) in output, input and weight, one triple per product.

    Examples
    --------
    Two taps slide over three elements: y0 = w0 x0 + w1 x1 and y1 = w0 x1 + w1 x2.

    >>> y, x, w = products(Geometry.of((1, 1, 3), (1, 1, 2)))
    >>> list(zip(y.tolist(), x.tolist(), w.tolist()))
    [(0, 0, 0), (0, 1, 1), (1, 1, 0), (1, 2, 1)]
    """
    return (_kept if geometry.flop <= 2 * _KEPT_LENGTH else _last)(geometry)


def _products(geometry: Geometry) -> tuple[Array, Array, Array]:
    """The three columns: each index of a product adds its own step to the position in each."""
    p = geometry
    outputs, inputs = p.group_out_channels, p.group_in_channels
    y, x, w = map(_pitches, (p.output_shape, p.input_shape, p.weight_shape))
    n, g, k, c = map(np.arange, (p.batch, p.groups, outputs, inputs))
    steps: list[tuple[Array, ...]] = [
        (n * y[0], n * x[0], n * 0),
        (g * outputs * y[1], g * inputs * x[1], g * outputs * w[0]),
        (k * y[1], k * 0, k * w[0]),
        (c * 0, c * x[1], c * w[1]),
    ]
    for axis, pitches in enumerate(zip(y[2:], x[2:], w[2:], strict=True)):
        places = _inside(p, axis)
        steps.append(tuple(at * pitch for at, pitch in zip(places, pitches, strict=True)))
    columns = zip(*steps, strict=True)
    first, second, third = (reduce(np.add.outer, column).reshape(-1) for column in columns)
    return first, second, third


_kept, _last = lru_cache(maxsize=1024)(_products), lru_cache(maxsize=1)(_products)


def _pitches(shape: tuple[int, ...]) -> list[int]:
    """Elements from one index to the next along each axis of an array in C order."""
    return [prod(shape[axis + 1 :]) for axis in range(len(shape))]


def _inside(geometry: Geometry, axis: int) -> tuple[Array, Array, Array]:
    """Output position o, tap r and the input position s between them, wherever there is one."""
    p = geometry
    o, r = np.indices((p.output_extents[axis], p.kernel_extents[axis]))
    s = o * p.stride[axis] + r * p.dilation[axis] - p.padding[axis][0]
    inside = (s >= 0) & (s < p.input_extents[axis])
    return o[inside], s[inside], r[inside]


def convolve(geometry: Geometry, operation: Operation, first: Array, second: Array) -> Array:
    """Result in the arithmetic of the operands' dtype.

    It is exact for integers, and for small whole numbers in floating point; NaN and Inf land where
    the definition puts them.

    Parameters
    ----------
    geometry : Geometry
        The problem.
    operation : {"forward", "grad_input", "grad_weight"}
        What to compute.
    first, second : ndarray
        Its operands, in the order of the method of that name.

    Returns
    -------
    ndarray
        The result, of the operands' dtype.
    """
    a, b, target = (products(geometry)[column] for column in COLUMNS[operation])
    result = np.zeros(geometry.result_shape(operation), first.dtype)
    with np.errstate(all="ignore"):
        np.add.at(result.reshape(-1), target, first.reshape(-1)[a] * second.reshape(-1)[b])
    return result


def exact(geometry: Geometry, operation: Operation, first: Array, second: Array) -> Array:
    """Correctly rounded float64 (complex128) result for operands whose products are exact.

    Products of float32 values are exact in float64, and so are those of float64 values of 26
    significant bits; `math.fsum` adds them without error. Parameters as in `convolve`.
    """
    a, b, target = (products(geometry)[column] for column in COLUMNS[operation])
    order = np.argsort(target, kind="stable")
    left, right = first.reshape(-1)[a[order]], second.reshape(-1)[b[order]]
    size = prod(geometry.result_shape(operation))
    starts = np.searchsorted(target[order], np.arange(size + 1)).tolist()
    parts = [
        _sums([x.astype(np.float64) * y for x, y in terms], starts)
        for terms in _real_terms(left, right)
    ]
    total = parts[0] if len(parts) == 1 else parts[0] + 1j * parts[1]
    return total.reshape(geometry.result_shape(operation))


def absolute(geometry: Geometry, operation: Operation, first: Array, second: Array) -> Array:
    """|first| conv |second|, in float64; for complex data the real and imaginary parts apart.

    The sum of the sizes of all products that enter a result, which scales the componentwise
    bound. Parameters as in `convolve`.
    """
    a, b, target = (products(geometry)[column] for column in COLUMNS[operation])
    shape = geometry.result_shape(operation)
    size, parts = prod(shape), []
    for terms in _real_terms(first.reshape(-1)[a], second.reshape(-1)[b]):
        sizes = sum(np.abs(x.astype(np.float64) * y) for x, y in terms)
        parts.append(np.bincount(target, sizes, minlength=size).reshape(shape))
    return parts[0] if len(parts) == 1 else parts[0] + 1j * parts[1]


def _real_terms(left: Array, right: Array) -> list[list[tuple[Array, Array]]]:
    """Pairs of real factors whose products sum to each real part of left * right."""
    if not np.iscomplexobj(left):
        return [[(left, right)]]
    return [
        [(left.real, right.real), (-left.imag, right.imag)],
        [(left.real, right.imag), (left.imag, right.real)],
    ]


def _sums(terms: list[Array], starts: list[int]) -> Array:
    flat = np.stack(terms, axis=1).reshape(-1).tolist()
    width = len(terms)
    return np.array([fsum(flat[width * i : width * j]) for i, j in pairwise(starts)], np.float64)


# Axes that a result's sample and channel leave open, once each array is seen as (N, G, K / G, O),
# (N, G, C / G, S) or (G, K / G, C / G, R): the sums of squares of both operands, and their product.
_NORMS: dict[Operation, tuple[str, str, str]] = {
    "forward": ("ngcs->ng", "gkcr->gk", "ng,gk->ngk"),
    "grad_input": ("ngko->ng", "gkcr->gc", "ng,gc->ngc"),
    "grad_weight": ("ngko->gk", "ngcs->gc", "gk,gc->gkc"),
}


def norms(geometry: Geometry, operation: Operation, first: Array, second: Array) -> Array:
    """||first|| ||second|| over all elements that the sample and channel of a result can meet.

    It scales the normwise bound; float64, of a shape that broadcasts against the result.
    Parameters as in `convolve`.
    """
    p, (left, right, outer) = geometry, _NORMS[operation]
    outputs, inputs = p.group_out_channels, p.group_in_channels
    grouped = (
        (p.batch, p.groups, outputs, prod(p.output_extents)),
        (p.batch, p.groups, inputs, prod(p.input_extents)),
        (p.groups, outputs, inputs, prod(p.kernel_extents)),
    )
    a, b, _ = COLUMNS[operation]
    squares = [
        np.einsum(axes, (np.abs(operand).astype(np.float64) ** 2).reshape(grouped[column]))
        for axes, operand, column in ((left, first, a), (right, second, b))
    ]
    shape = geometry.result_shape(operation)
    scale: Array = np.sqrt(np.einsum(outer, *squares))
    return scale.reshape(*shape[:2], *(1,) * (len(shape) - 2))
