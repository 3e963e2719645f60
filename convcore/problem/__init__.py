"""What a convolution is, in integers: nothing here sees an array or a backend.

operation    the three operations
arguments    what users write, turned into tuples of ints
geometry     Geometry: one problem with every number that is derived from it
checks       what makes numbers no convolution
transposed   the problem that a transposed convolution is the adjoint of
"""

from .arguments import (
    MOST_THREADS,
    PADDING_NAMES,
    Padding,
    PaddingName,
    Pair,
    PerAxis,
    freeze,
    parse_padding,
    parse_per_axis,
    parse_threads,
    parse_workspace,
)
from .checks import MAX_RANK
from .geometry import OPERATIONS, Geometry, Operation
from .transposed import transposed_geometry

__all__ = [
    "MAX_RANK",
    "MOST_THREADS",
    "OPERATIONS",
    "PADDING_NAMES",
    "Geometry",
    "Operation",
    "Padding",
    "PaddingName",
    "Pair",
    "PerAxis",
    "freeze",
    "parse_padding",
    "parse_per_axis",
    "parse_threads",
    "parse_workspace",
    "transposed_geometry",
]
