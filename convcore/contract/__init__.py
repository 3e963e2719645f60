"""What a backend is: the interface, its declaration, and which arrays are taken.

convolution       Convolution, which an author subclasses: checks, allocates, calls their method
base              what every plan carries: the problem and its options
declaration       Declaration and Refusal: what a backend says of itself
prepared_weight   a weight that a plan has prepared once
arrays            the checks that every operand and every result pass
"""

from .arrays import (
    BACKEND_DTYPES,
    FLOAT16,
    FLOAT_NAMES,
    INTEGER_NAMES,
    Array,
    check_operand,
    check_out,
    check_pair,
    direct,
    flipped,
    native,
    parse_dtype,
    result_array,
)
from .base import available_cpus
from .convolution import Convolution
from .declaration import MAX_TYPICAL_ERROR, Declaration, Refusal
from .prepared_weight import PreparedWeight

__all__ = [
    "BACKEND_DTYPES",
    "FLOAT16",
    "FLOAT_NAMES",
    "INTEGER_NAMES",
    "MAX_TYPICAL_ERROR",
    "Array",
    "Convolution",
    "Declaration",
    "PreparedWeight",
    "Refusal",
    "available_cpus",
    "check_operand",
    "check_out",
    "check_pair",
    "direct",
    "flipped",
    "native",
    "parse_dtype",
    "result_array",
]
