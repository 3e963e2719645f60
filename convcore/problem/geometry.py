"""What a convolution problem is, in integers: extents, padding, stride, dilation, groups.

A `Geometry` is built and checked once, before any backend sees an array. It is frozen and
hashable, so that it can key a cache, and knows every number that is derived from the problem.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

from .arguments import (
    Padding,
    Pair,
    PerAxis,
    parse_extents,
    parse_padding,
    parse_per_axis,
    parse_positive,
)
from .attributes import derived
from .checks import check_axes, check_group_channels, check_sizes, checked_fields, checked_rank
from .cuts import Cut, Side, cut_axis
from .operation import ROLES, Operation, Role


@dataclass(frozen=True, kw_only=True)
class Geometry:
    """One N-d convolution problem; see `Geometry.of` for the way users write it.

    Parameters
    ----------
    batch, in_channels, out_channels : int
        N, C and K. Zero is allowed and makes every result empty or zero.
    groups : int
        G; divides both C and K. Each group of K / G output channels sees C / G input channels.
    input_extents, kernel_extents : tuple of int
        S and R, one entry per spatial axis.
    stride, dilation : tuple of int
        Step between output positions and between taps, per axis; a dilation of 1 is dense.
    padding : tuple of (int, int)
        Implicit zeros (before, after) each axis; a negative entry crops.

    Raises
    ------
    GeometryError
        If the numbers describe no convolution.
    """

    batch: int
    in_channels: int
    out_channels: int
    groups: int
    input_extents: tuple[int, ...]
    kernel_extents: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    padding: tuple[Pair, ...]

    def __post_init__(self) -> None:
        vars(self).update(checked_fields(vars(self)))  # the attributes of a frozen class
        check_axes(self)
        check_sizes(self)

    @classmethod
    def of(
        cls,
        input_shape: Sequence[int],
        weight_shape: Sequence[int],
        *,
        stride: PerAxis = 1,
        padding: Padding = 0,
        dilation: PerAxis = 1,
        groups: int = 1,
    ) -> Geometry:
        """Geometry of an input (N, C, *S) and a weight (K, C / groups, *R).

        Parameters
        ----------
        input_shape, weight_shape : sequence of int
            Shapes of the operands.
        stride, dilation : int or one int per spatial axis
            Steps between output positions and between taps.
        padding : int, one int or one (before, after) pair per axis, or a name
            Names: "valid" (none), "same" (output extent ceil(S / stride), the odd zero after),
            "same_lower" (the odd zero before), "full" (D * (R - 1) on both sides).
        groups : int
            Number of channel groups.

        Raises
        ------
        ShapeError
            If the two shapes do not fit each other.
        GeometryError
            If stride, padding, dilation or groups describe no convolution.

        Examples
        --------
        >>> Geometry.of((8, 3, 224, 224), (64, 3, 7, 7), stride=2, padding=3).output_shape
        (8, 64, 112, 112)
        """
        input_shape = parse_extents("input", input_shape)
        weight_shape = parse_extents("weight", weight_shape)
        rank = checked_rank(input_shape, weight_shape)
        groups = parse_positive("groups", groups)
        check_group_channels(input_shape, weight_shape, groups)
        stride = parse_per_axis("stride", stride, rank)
        dilation = parse_per_axis("dilation", dilation, rank, " (1 means dense)")
        return cls(
            batch=input_shape[0],
            in_channels=input_shape[1],
            out_channels=weight_shape[0],
            groups=groups,
            input_extents=input_shape[2:],
            kernel_extents=weight_shape[2:],
            stride=stride,
            dilation=dilation,
            padding=parse_padding(padding, input_shape[2:], weight_shape[2:], stride, dilation),
        )

    @property
    def spatial_rank(self) -> int:
        """Number of spatial axes."""
        return len(self.input_extents)

    @derived
    def receptive_field(self) -> tuple[int, ...]:
        """Input span of one output, D * (R - 1) + 1 per axis."""
        pairs = zip(self.dilation, self.kernel_extents, strict=True)
        return tuple(d * (r - 1) + 1 for d, r in pairs)

    @derived
    def padded_extents(self) -> tuple[int, ...]:
        """Extents of the input with its padding, S + before + after per axis."""
        pairs = zip(self.input_extents, self.padding, strict=True)
        return tuple(extent + before + after for extent, (before, after) in pairs)

    @derived
    def output_extents(self) -> tuple[int, ...]:
        """O per axis: floor((padded - receptive field) / stride) + 1; 0 where padded is 0."""
        axes = zip(self.padded_extents, self.receptive_field, self.stride, strict=True)
        return tuple((p - field) // s + 1 if p else 0 for p, field, s in axes)

    @derived
    def input_shape(self) -> tuple[int, ...]:
        """(N, C, *S)."""
        return (self.batch, self.in_channels, *self.input_extents)

    @derived
    def weight_shape(self) -> tuple[int, ...]:
        """(K, C / groups, *R)."""
        return (self.out_channels, self.group_in_channels, *self.kernel_extents)

    @derived
    def output_shape(self) -> tuple[int, ...]:
        """(N, K, *O)."""
        return (self.batch, self.out_channels, *self.output_extents)

    @derived
    def degenerate(self) -> bool:
        """Whether an operand or the output is empty, so that every result is empty or zero."""
        return not (prod(self.input_shape) and prod(self.weight_shape) and prod(self.output_shape))

    @derived
    def flop(self) -> int:
        """Floating-point operations of each of the three operations: 2 N K (C / G) |R| |O|."""
        return 2 * prod(self.output_shape) * prod(self.weight_shape[1:])

    @property
    def group_in_channels(self) -> int:
        """C / G, the input channels of one group."""
        return self.in_channels // self.groups

    @property
    def group_out_channels(self) -> int:
        """K / G, the output channels of one group."""
        return self.out_channels // self.groups

    def accumulation_length(self, operation: Operation) -> int:
        """Largest number of products summed into one element of the result of `operation`."""
        if operation == "forward":
            return prod(self.weight_shape[1:])
        if operation == "grad_input":
            return self.group_out_channels * prod(self.kernel_extents)
        return self.batch * prod(self.output_extents)

    def shape_of(self, role: Role) -> tuple[int, ...]:
        """Shape of the input, the weight or the output, and of the gradient with respect to it."""
        if role == "weight":
            return self.weight_shape
        return self.input_shape if role == "input" else self.output_shape

    @derived
    def signatures(self) -> Mapping[Operation, tuple[tuple[int, ...], ...]]:
        """For each operation the shapes of its two operands and of its result."""
        return {op: tuple(map(self.shape_of, roles)) for op, roles in ROLES.items()}

    def operand_shapes(self, operation: Operation) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Shapes of the two operands of `operation`, in the order of its arguments."""
        first, second, _ = self.signatures[operation]
        return first, second

    def result_shape(self, operation: Operation) -> tuple[int, ...]:
        """Shape of the array that `operation` computes."""
        return self.signatures[operation][2]

    def cut(self, axis: int, start: int, stop: int, *, of: Side = "output") -> Cut:
        """Part of a spatial axis that has a range of the output, or of the input.

        Parameters
        ----------
        axis : int
            Spatial axis, from 0 on.
        start, stop : int
            The range, not empty.
        of : {"output", "input"}
            What is cut: the output, with all that it reads; or the input, with all outputs that
            read it, for the gradient with respect to the range.

        Examples
        --------
        >>> Geometry.of((1, 1, 9), (1, 1, 3), padding=1).cut(0, 0, 4)
        Cut(input=slice(0, 5, None), output=slice(0, 4, None), padding=(1, 0))
        """
        return cut_axis(self, axis, start, stop, of)
