"""How much memory a task takes, and chunks that keep it below a limit."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import dask.array as da
import numpy as np

from ... import functional, settings
from ...errors import OptionError
from ...problem import Geometry, freeze
from .functions import conv
from .layer import Blocks, Source
from .operands import Chunks
from .recipes import Recipe
from .windows import Index, Span, Windows

# Options that make a geometry.
_NUMBERS = ("stride", "padding", "dilation", "groups")


def memory_per_task(array: da.Array) -> int:
    """Bytes that the largest task of a lazy result holds at its peak.

    Parameters
    ----------
    array : dask array
        What a function of this module has returned, or was made from that.

    Returns
    -------
    int
        The chunks and faces that the task is handed, the window put together from them, the weight,
        the result, and the workspace of the backend. What is read before and written after it is
        not counted, nor are chunks that wait for their turn.

    Raises
    ------
    OptionError
        If no function of this module has had a part in the array.

    Examples
    --------
    >>> import dask.array as da
    >>> from convcore.adapters.dask import conv, memory_per_task
    >>> y = conv(da.zeros((1, 1, 4096), chunks=1024), da.ones((1, 1, 9)), backend="naive")
    >>> memory_per_task(y)
    24808
    """
    layers = [layer for layer in array.dask.layers.values() if isinstance(layer, Blocks)]
    if not layers:
        raise OptionError(
            f"array: must come from a function of convcore.adapters.dask; got {array!r}"
        )
    return max(map(_bytes_of, layers))


def suggest_chunks(
    shape: Sequence[int],
    weight_shape: Sequence[int],
    memory_limit: int,
    *,
    dtype: Any = "float32",
    **options: Any,
) -> Chunks:
    """Chunks of an input for which no task of `conv` takes more than a limit.

    Parameters
    ----------
    shape, weight_shape : sequence of int
        (N, C, *S) and (K, C / groups, *R).
    memory_limit : int
        Bytes for one task. A worker runs as many as it has threads, and keeps chunks for its
        neighbours meanwhile: a third of its memory, divided by its threads, is a good limit.
    dtype : str or numpy.dtype
        Of the arrays.
    **options
        The options of `conv`, without layouts.

    Returns
    -------
    tuple of tuples of int
        Batches are cut first, then the longest of the spatial axes, in halves; channels are not.

    Raises
    ------
    OptionError
        If even chunks of the receptive field are too large.

    Examples
    --------
    >>> chunks = suggest_chunks((1, 1, 512, 512, 512), (1, 1, 7, 7, 7), 2**27, padding="same")
    >>> [axis[0] for axis in chunks]
    [1, 1, 128, 256, 256]
    """
    shape, weight_shape = freeze(shape), freeze(weight_shape)
    problem = {name: options[name] for name in _NUMBERS if name in options}
    fields = Geometry.of(shape, weight_shape, **problem).receptive_field
    weight = da.zeros(weight_shape, dtype=dtype, chunks=weight_shape)
    parts = [1] * len(shape)
    while True:
        sizes = [-(-extent // count) for extent, count in zip(shape, parts, strict=True)]
        array = da.zeros(shape, dtype=dtype, chunks=tuple(sizes))
        needed = memory_per_task(conv(array, weight, **options))
        if needed <= memory_limit:
            chunks: Chunks = array.chunks
            return chunks
        parts[_longest(sizes, fields, needed, memory_limit)] *= 2


def _longest(sizes: Sequence[int], fields: Sequence[int], needed: int, limit: int) -> int:
    """The axis that is cut next."""
    if sizes[0] > 1:
        return 0
    room = {
        axis: size
        for (axis, size), field in zip(enumerate(sizes[2:], 2), fields, strict=True)
        if size > field
    }
    if not room:
        raise OptionError(
            f"memory_limit: must be at least {needed}, for chunks of {tuple(sizes)}; got {limit}"
        )
    return max(room, key=lambda axis: room[axis])


def _bytes_of(layer: Blocks) -> int:
    """Bytes that the largest task of a layer holds."""
    recipe = layer.recipe
    part = tuple(map(_largest, recipe.windows[-1].axes))
    cut = zip(recipe.windows, recipe.windows_of(part), layer.sources, strict=True)
    elements = sum(
        _handed(windows, block, source) + _window(windows, block) for windows, block, source in cut
    )
    geometry = _own_geometry(recipe, part)
    elements += prod(geometry.weight_shape) + prod(geometry.result_shape(recipe.operation))
    return recipe.summed.itemsize * elements + _workspace(recipe, geometry)


def _largest(blocks: Sequence[Sequence[Span]]) -> int:
    extents = [sum(span.extent + sum(span.padding) for span in spans) for spans in blocks]
    return int(np.argmax(extents))


def _window(windows: Windows, block: Index) -> int:
    spans = next(windows.spans(block), ())
    return prod(span.extent for span in spans)


def _handed(windows: Windows, block: Index, source: Source) -> int:
    """Elements of the chunks and faces that a task is handed."""
    if source.stored is not None:
        return 0
    chunks = windows.chunks_of(block)
    home = next(chunks, None)
    if home is None:  # all of the window is padding
        return 0
    own = prod(extents[c] for extents, c in zip(windows.chunks, home, strict=True))
    places = (place for chunk in chunks for place in windows.face_places(chunk))
    return own + sum(prod(stop - start for start, stop in place) for place in places)


def _own_geometry(recipe: Recipe, part: Index) -> Geometry:
    """The problem that a part is."""
    piece, term = recipe.term_of(part[1])
    channels = [stop - start for start, stop in (piece.terms[term], piece.target)]
    if recipe.operation == "grad_input":
        channels.reverse()
    spans = next(recipe.windows[-1].spans(part))
    return Geometry(
        batch=spans[0].extent,
        in_channels=channels[0],
        out_channels=channels[1],
        groups=piece.groups,
        input_extents=recipe.input_extents(part),
        kernel_extents=recipe.kernel_extents,
        stride=recipe.stride,
        dilation=recipe.dilation,
        padding=tuple(span.padding for span in spans[2:]),
    )


def _workspace(recipe: Recipe, geometry: Geometry) -> int:
    with settings.overriding(**recipe.in_force):
        plan = functional.plan(
            geometry.input_shape,
            geometry.weight_shape,
            dtype=recipe.summed,
            stride=geometry.stride,
            padding=geometry.padding,
            dilation=geometry.dilation,
            groups=geometry.groups,
            operation=recipe.operation,
        )
    return plan.workspace_bytes(recipe.operation)
