"""Types to annotate with: what the functions of convcore take and return.

Examples
--------
>>> from convcore.typing import Explanation
>>> import convcore
>>> found: Explanation = convcore.explain((1, 1, 8), (1, 1, 3))
"""

from .contract import Array, PreparedWeight
from .functional import PaddingMode, Pullback, SeparableKernel
from .planning import Explanation
from .problem import Operation, Padding, PaddingName, PerAxis
from .registry import BackendRecord
from .settings import BackendSpec

__all__ = [
    "Array",
    "BackendRecord",
    "BackendSpec",
    "Explanation",
    "Operation",
    "Padding",
    "PaddingMode",
    "PaddingName",
    "PerAxis",
    "PreparedWeight",
    "Pullback",
    "SeparableKernel",
]
