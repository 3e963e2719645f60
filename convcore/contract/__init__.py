"""What a backend is: the interface, its declaration, and which arrays are taken.

convolution       Convolution, which an author subclasses: checks, allocates, calls their method
base              what every plan carries: the problem and its options
copies            what the host copies for it, and a backend may be quicker at
declaration       Declaration and Refusal: what a backend says of itself
prepared_weight   a weight that a plan has prepared once
forks             the gate that a fork waits at while a library must not be left
arrays            the checks that every operand and every result pass
layouts           arrays in another order of axes, seen in the library's
"""

from .arrays import (
    BACKEND_DTYPES,
    FLOAT16,
    FLOAT_NAMES,
    HALF_NAMES,
    INTEGER_NAMES,
    Array,
    as_plain,
    check_array,
    check_cast,
    check_operand,
    check_out,
    check_pair,
    check_same_dtype,
    flipped,
    is_half,
    native_byte_order,
    parse_dtype,
    result_array,
)
from .convolution import Convolution
from .copies import COPIES
from .declaration import MAX_TYPICAL_ERROR, Declaration, Refusal
from .forks import FORK_GATE
from .layouts import in_full
from .limits import MOST_THREADS, parse_threads, parse_workspace
from .prepared_weight import PreparedWeight, Weight, WeightOperation
from .processors import available_cpus, usable_processors

__all__ = [
    "BACKEND_DTYPES",
    "COPIES",
    "FLOAT16",
    "FLOAT_NAMES",
    "FORK_GATE",
    "HALF_NAMES",
    "INTEGER_NAMES",
    "MAX_TYPICAL_ERROR",
    "MOST_THREADS",
    "Array",
    "Convolution",
    "Declaration",
    "PreparedWeight",
    "Refusal",
    "Weight",
    "WeightOperation",
    "as_plain",
    "available_cpus",
    "check_array",
    "check_cast",
    "check_operand",
    "check_out",
    "check_pair",
    "check_same_dtype",
    "flipped",
    "in_full",
    "is_half",
    "native_byte_order",
    "parse_dtype",
    "parse_threads",
    "parse_workspace",
    "result_array",
    "usable_processors",
]
