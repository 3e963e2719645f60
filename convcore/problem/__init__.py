"""What a convolution is, in integers: nothing here sees an array or a backend.

operation    the three operations, and who plays which role in each
arguments    what users write, turned into tuples of ints
geometry     Geometry: one problem with every number that is derived from it
checks       what makes numbers no convolution
attributes   attributes that are computed when they are first asked for
cuts         what a range of outputs reads, and what reads a range of inputs
layout       the order of an array's axes, from strings such as "NHWC"
merging      the same problem with fewer axes
transposed   the problem that a transposed convolution is the adjoint of
"""

from .arguments import (
    PADDING_NAMES,
    Padding,
    PaddingName,
    Pair,
    PerAxis,
    freeze,
    parse_extents,
    parse_int,
    parse_padding,
    parse_per_axis,
)
from .attributes import derived
from .checks import MAX_RANK
from .cuts import Cut
from .geometry import Geometry
from .layout import Layout, Layouts, parse_layouts
from .merging import merged
from .operation import OPERANDS, OPERATIONS, ROLES, Operation, Role, parse_operation
from .transposed import transposed_geometry

__all__ = [
    "MAX_RANK",
    "OPERANDS",
    "OPERATIONS",
    "PADDING_NAMES",
    "ROLES",
    "Cut",
    "Geometry",
    "Layout",
    "Layouts",
    "Operation",
    "Padding",
    "PaddingName",
    "Pair",
    "PerAxis",
    "Role",
    "derived",
    "freeze",
    "merged",
    "parse_extents",
    "parse_int",
    "parse_layouts",
    "parse_operation",
    "parse_padding",
    "parse_per_axis",
    "transposed_geometry",
]
