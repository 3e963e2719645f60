"""What is computed for a block: a recipe that all tasks of one result share.

A recipe is made once, where the graph is built, and travels to the workers: the tables of windows,
the numbers of the convolution, and the backend and the options that were in force.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise, product
from typing import Any, ClassVar, TypeAlias

import numpy as np

from ... import functional, settings
from ...plugin import Array, derived
from ...problem import Operation, Pair
from .channels import Piece
from .scratch import Scratch
from .tables import Fold, folded
from .windows import Index, Span, Windows, bounds_of

# The number of an operand, the block that is computed, and what its windows are cut of.
Operand: TypeAlias = tuple[int, Index, Sequence[Any]]


@dataclass(frozen=True, kw_only=True)
class Recipe(ABC):
    """What the tasks of one result have in common.

    Parameters
    ----------
    windows : tuple of Windows
        Of each operand that is cut; the second axis has a row for each term of each piece.
    pieces : tuple of Piece
        The channels of the result.
    grid : tuple of int
        Over how many blocks a part of the result is summed along each axis; 1 where it is not.
    kernel_extents, stride, dilation : tuple of int
        Of the convolution.
    modes, value, flip
        As in `convcore.conv`; modes of borders that the windows hold already are "zeros".
    summed, dtype : numpy.dtype
        What sums are made in, and what is returned.
    in_force : dict
        The backend that was asked for, and every option.
    scratch : Scratch
        Where windows are put together.
    """

    operation: ClassVar[Operation]
    windows: tuple[Windows, ...]
    pieces: tuple[Piece, ...]
    grid: tuple[int, ...]
    kernel_extents: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    modes: tuple[str, ...]
    value: Any
    flip: bool
    summed: np.dtype[Any]
    dtype: np.dtype[Any]
    in_force: dict[str, Any]
    scratch: Scratch = field(default_factory=Scratch, compare=False, repr=False)

    @derived
    def _first_rows(self) -> tuple[int, ...]:
        return bounds_of([len(piece.terms) for piece in self.pieces])

    def rows_of(self, piece: int) -> range:
        """Rows of the tables of channels that belong to a piece, one for each term."""
        return range(*self._first_rows[piece : piece + 2])

    def term_of(self, row: int) -> tuple[Piece, int]:
        """The piece that a row belongs to, and which of its terms it is."""
        piece = bisect_right(self._first_rows, row) - 1
        return self.pieces[piece], row - self._first_rows[piece]

    def parts_of(self, block: Index) -> list[list[Index]]:
        """The parts of a block of the result: those of a list are summed, the lists are joined."""
        return [[(block[0], row, *block[2:]) for row in self.rows_of(block[1])]]

    def windows_of(self, part: Index) -> tuple[Index, ...]:
        """For each operand the block whose windows a part needs."""
        return (part,)

    def input_extents(self, part: Index) -> tuple[int, ...]:
        """Spatial extents of the input of a part, seen as a problem of its own."""
        spans = next(self.windows[-1].spans(part))
        return tuple(span.extent for span in spans[2:])

    @abstractmethod
    def weight_range(self, row: int) -> Pair:
        """The output channels [start, stop) of the weight that a term needs."""

    def compute(self, part: Index, weight: Array | None, arrays: Sequence[Any]) -> Array:
        """One part, from what its windows are cut of."""
        operands = []
        for number, block in enumerate(self.windows_of(part)):
            count = sum(1 for _ in self.windows[number].chunks_of(block))
            operands.append((number, block, arrays[:count]))
            arrays = arrays[count:]
        with settings.overriding(**self.in_force):
            return self._compute(part, weight, *operands)

    @abstractmethod
    def _compute(self, part: Index, weight: Any, *operands: Operand) -> Array: ...

    def finish(self, block: Index, bias: Array | None, sums: Sequence[Array]) -> Array:
        """Join the sums of parts, add the bias, and round to the dtype of the result."""
        result = sums[0] if len(sums) == 1 else np.concatenate(sums, axis=1)
        with np.errstate(over="ignore", invalid="ignore"):
            if bias is not None:
                own = bias[slice(*self.pieces[block[1]].target)].astype(self.summed, copy=False)
                result = result + own.reshape(-1, *(1,) * (result.ndim - 2))
            return result.astype(self.dtype, copy=False)

    def _window(self, operand: Operand, spans: Sequence[Span]) -> Array:
        number, block, arrays = operand
        new = partial(self.scratch.empty, number, dtype=self.summed)
        return self.windows[number].window(block, spans, arrays, new)

    def _options(self, piece: Piece, spans: Sequence[Span]) -> dict[str, Any]:
        """How a part is convolved by itself."""
        modes = set(self.modes)
        return {
            "stride": self.stride,
            "padding": [span.padding for span in spans[2:]],
            "dilation": self.dilation,
            "groups": piece.groups,
            "padding_mode": self.modes if len(modes) > 1 else self.modes[0],
            "flip": self.flip,
        }


class Forward(Recipe):
    """Of a convolution."""

    operation = "forward"

    def weight_range(self, row: int) -> Pair:
        """The channels of the piece."""
        return self.term_of(row)[0].target

    def _compute(self, part: Index, weight: Any, *operands: Operand) -> Array:
        piece, term = self.term_of(part[1])
        (spans,) = self.windows[0].spans(part)
        window = self._window(operands[0], spans)
        own = weight[:, slice(*piece.inner[term])].astype(self.summed, copy=False)
        options = self._options(piece, spans)
        return functional.conv(window, own, padding_value=self.value, **options)


@dataclass(frozen=True, kw_only=True)
class GradInput(Recipe):
    """Of the gradient with respect to the input.

    Parameters
    ----------
    folds : tuple
        ``folds[axis][block]`` for each spatial axis.
    conjugated : bool
        Whether the weight is conjugated, as in a gradient, or not, as in a transposed convolution.
    """

    operation = "grad_input"
    folds: tuple[tuple[Fold, ...], ...]
    conjugated: bool

    def input_extents(self, part: Index) -> tuple[int, ...]:
        """The largest of the ranges that are computed, along each axis."""
        folds = zip(self.folds, part[2:], strict=True)
        return tuple(max(axis[b].extents, default=0) for axis, b in folds)

    def weight_range(self, row: int) -> Pair:
        """The channels of the term."""
        piece, term = self.term_of(row)
        return piece.terms[term]

    def _compute(self, part: Index, weight: Any, *operands: Operand) -> Array:
        piece, _ = self.term_of(part[1])
        own = weight[:, slice(*piece.own)].astype(self.summed, copy=False)
        own = own if self.conjugated else own.conj()
        folds = [blocks[b] for blocks, b in zip(self.folds, part[2:], strict=True)]
        windows = self.windows[0]
        start, stop = piece.target
        shape = (windows.axes[0][part[0]][0].extent, stop - start)
        extended = np.empty((*shape, *(sum(fold.extents) for fold in folds)), self.summed)
        places = product(*(pairwise(bounds_of(fold.extents)) for fold in folds))
        for spans, place in zip(windows.spans(part), places, strict=True):
            window, options = self._window(operands[0], spans), self._options(piece, spans)
            extents = (high - low for low, high in place)
            gradient = functional.conv_grad_input(window, own, (*shape, *extents), **options)
            if gradient.shape == extended.shape:  # nothing else will be beside it
                return folded(gradient, folds)
            inside: Any = (..., *(slice(*pair) for pair in place))
            extended[inside] = gradient
        return folded(extended, folds)


class GradWeight(Recipe):
    """Of the gradient with respect to the weight."""

    operation = "grad_weight"

    def parts_of(self, block: Index) -> list[list[Index]]:
        """For each term all blocks of the gradient that came in."""
        batch, _, *space = (range(count) for count in self.grid)
        return [
            [(n, row, *place) for n, *place in product(batch, *space)]
            for row in self.rows_of(block[0])
        ]

    def windows_of(self, part: Index) -> tuple[Index, ...]:
        """A block of the output's gradient, and what it was computed from."""
        piece = bisect_right(self._first_rows, part[1]) - 1
        return (part[0], piece, *part[2:]), part

    def weight_range(self, row: int) -> Pair:
        """No weight is needed."""
        raise NotImplementedError

    def _compute(self, part: Index, weight: Any, *operands: Operand) -> Array:
        piece, term = self.term_of(part[1])
        (spans,), (own,) = (
            list(self.windows[number].spans(block)) for number, block, _ in operands
        )
        grad_output, window = self._window(operands[0], spans), self._window(operands[1], own)
        ranges = piece.target, piece.inner[term]
        shape = (*(stop - start for start, stop in ranges), *self.kernel_extents)
        options = self._options(piece, own)
        return functional.conv_grad_weight(
            grad_output, window, shape, padding_value=self.value, **options
        )
