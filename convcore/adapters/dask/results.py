"""From checked arguments to a lazy array: which blocks there are, and what each is made of."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import dask.array as da
import numpy as np
from dask.base import tokenize
from dask.highlevelgraph import HighLevelGraph

from .channels import Piece, pieces_of
from .layer import Blocks
from .operands import Chunks, Operand, bounds, read_chunks, source_of
from .problems import Problem
from .recipes import Forward, GradInput, GradWeight, Recipe
from .tables import LOCAL_MODES, Bounds, input_bounds, input_spans, output_bounds, output_spans
from .windows import Span, Windows, span_of_range


def forward(problem: Problem, input: Operand, weight: da.Array, bias: da.Array | None) -> da.Array:
    """Blocks of the output follow the chunks of the input, and those of the weight."""
    geometry, blocks = problem.geometry, bounds(input.chunks)
    space = [output_bounds(geometry, axis, cuts) for axis, cuts in enumerate(blocks[2:])]
    targets = [blocks[0], bounds(weight.chunks)[0], *space]
    pieces = pieces_of(geometry.groups, targets[1], blocks[1])
    chunks = _chunks(targets, pieces)
    if problem.empty:
        return _zeros(problem, geometry.output_shape, chunks, bias)
    recipe = Forward(
        windows=(_input_windows(problem, input, pieces, targets),),
        pieces=tuple(pieces),
        grid=(),
        **problem.recipe_options(_left(problem)),
    )
    return _array("conv", problem, recipe, chunks, [input], weight, bias)


def grad_input(
    problem: Problem,
    grad_output: Operand,
    weight: da.Array,
    bias: da.Array | None = None,
    *,
    chunks: Chunks | None = None,
    conjugated: bool = True,
) -> da.Array:
    """Blocks of the input's gradient, those of `chunks` or what follows those of the output."""
    geometry, blocks = problem.geometry, bounds(grad_output.chunks)
    if chunks is None:
        space = [input_bounds(geometry, axis, cuts) for axis, cuts in enumerate(blocks[2:])]
        targets = [blocks[0], (0, geometry.in_channels), *space]
    else:
        targets = bounds(chunks)
    pieces = pieces_of(geometry.groups, targets[1], blocks[1])
    result_chunks = _chunks(targets, pieces)
    if problem.empty:
        return _zeros(problem, geometry.input_shape, result_chunks, bias)
    own = bounds(read_chunks(grad_output))
    rows = [
        input_spans(geometry, axis, mode, targets[2 + axis], own[2 + axis])
        for axis, mode in enumerate(problem.modes)
    ]
    spans = (tuple(spans) for spans, _ in rows)
    axes = (_ranges(targets[0], own[0]), _terms(pieces, own[1]), *spans)
    recipe = GradInput(
        windows=(Windows(axes, read_chunks(grad_output)),),
        pieces=tuple(pieces),
        grid=(),
        folds=tuple(tuple(folds) for _, folds in rows),
        conjugated=conjugated,
        **problem.recipe_options(["zeros"] * geometry.spatial_rank),
    )
    kind = "conv_grad_input" if conjugated else "conv_transpose"
    return _array(kind, problem, recipe, result_chunks, [grad_output], weight, bias)


def grad_weight(
    problem: Problem, grad_output: Operand, input: Operand, split_every: int
) -> da.Array:
    """Blocks of the weight's gradient: one for each chunk of the output's channels."""
    geometry, blocks = problem.geometry, bounds(grad_output.chunks)
    pieces = pieces_of(geometry.groups, blocks[1], bounds(input.chunks)[1])
    sizes = tuple(stop - start for start, stop in (piece.target for piece in pieces))
    chunks = (sizes, *((extent,) for extent in geometry.weight_shape[1:]))
    if problem.empty:
        return _zeros(problem, geometry.weight_shape, chunks, None)
    own = bounds(read_chunks(grad_output))
    channels = tuple((span_of_range(*piece.target, own[1]),) for piece in pieces)
    space = [_ranges(*pair) for pair in zip(blocks[2:], own[2:], strict=True)]
    gradient = Windows((_ranges(blocks[0], own[0]), channels, *space), read_chunks(grad_output))
    read = _input_windows(problem, input, pieces, blocks)
    recipe = GradWeight(
        windows=(gradient, read),
        pieces=tuple(pieces),
        grid=tuple(len(axis) - 1 for axis in blocks),
        **problem.recipe_options(_left(problem)),
    )
    arrays = [grad_output, input]
    return _array("conv_grad_weight", problem, recipe, chunks, arrays, split_every=split_every)


def _input_windows(
    problem: Problem, input: Operand, pieces: Sequence[Piece], outputs: Sequence[Bounds]
) -> Windows:
    """The windows of the input that blocks of the output read."""
    own = bounds(read_chunks(input))
    space = [
        tuple(output_spans(problem.geometry, axis, mode, outputs[2 + axis], own[2 + axis]))
        for axis, mode in enumerate(problem.modes)
    ]
    axes = (_ranges(outputs[0], own[0]), _terms(pieces, own[1]), *space)
    return Windows(axes, read_chunks(input))


def _left(problem: Problem) -> list[str]:
    """The modes that are left to be padded: windows hold the other borders already."""
    return [mode if mode in LOCAL_MODES else "zeros" for mode in problem.modes]


def _ranges(blocks: Sequence[int], own: Sequence[int]) -> tuple[tuple[Span], ...]:
    return tuple((span_of_range(*block, own),) for block in pairwise(blocks))


def _terms(pieces: Sequence[Piece], own: Sequence[int]) -> tuple[tuple[Span], ...]:
    return tuple((span_of_range(*term, own),) for piece in pieces for term in piece.terms)


def _chunks(targets: Sequence[Bounds], pieces: Sequence[Piece]) -> Chunks:
    """Chunks of a result: those that were meant, but its channels in pieces."""
    lengths = [tuple(stop - start for start, stop in pairwise(axis)) for axis in targets]
    lengths[1] = tuple(stop - start for start, stop in (piece.target for piece in pieces))
    return tuple(lengths)


def _zeros(
    problem: Problem, shape: tuple[int, ...], chunks: Chunks, bias: da.Array | None
) -> da.Array:
    zeros = da.zeros(shape, dtype=problem.dtype, chunks=chunks)
    if bias is None:
        return zeros
    added = zeros + bias.astype(problem.dtype).reshape(-1, *(1,) * problem.geometry.spatial_rank)
    return added.rechunk(chunks)


def _array(
    kind: str,
    problem: Problem,
    recipe: Recipe,
    chunks: Chunks,
    operands: Sequence[Operand],
    weight: da.Array | None = None,
    bias: da.Array | None = None,
    *,
    split_every: int = 8,
) -> da.Array:
    """The lazy array of a recipe; equal arguments give equal names."""
    parts = None
    if weight is not None:
        rows = range(sum(len(piece.terms) for piece in recipe.pieces))
        ranges = sorted({recipe.weight_range(row) for row in rows})
        sizes = tuple(stop - start for start, stop in ranges)
        weight = weight.rechunk((sizes, *((extent,) for extent in weight.shape[1:])))
        parts = (weight.name, {part: number for number, part in enumerate(ranges)})
    bias = None if bias is None else bias.rechunk(-1)
    sources = [source_of(array) for array in operands]
    token = tokenize(kind, problem, chunks, sources, parts, bias, split_every)
    layer = Blocks(
        f"{kind}-{token}",
        recipe,
        tuple(map(len, chunks)),
        sources,
        parts,
        None if bias is None else bias.name,
        split_every,
    )
    arrays = [array for array in (*operands, weight, bias) if isinstance(array, da.Array)]
    graph = HighLevelGraph.from_collections(layer.name, layer, dependencies=arrays)
    return da.Array(graph, layer.name, chunks, meta=np.empty((0,) * len(chunks), problem.dtype))
