"""Which backend runs a problem, and why.

question      what is to be computed, under which options
requested     which backend is asked for: argument, `with`, default, environment
candidate     one backend held against a question
selection     refuse, estimate, sort, then build in that order until one fits
repair        what becomes of a chosen algorithm's results that are not finite
products      complex products made of real ones
workspace     memory for the parts of arrays
real_parts    complex numbers by the plans of a backend that knows real ones
real_classes  what such a backend becomes
slabs         a problem cut into smaller ones
samples       sample by sample, where a batch must not change a bit
operand       what the operands of a slab are read from
orders        copies between different orders of axes
rows          pointwise problems whose channels come last, as matrix products
slabwise      operands of any dtype and strides, converted slab by slab
laid_out      a plan for arrays in another order of axes
plans         `plan`
explanation   `explain`

measurement   times of what is expected to be fast, where planning="measure" asks for them
race          callables that take turns
wisdom        what was measured, in this process and in a file
store         that file: lines that many processes append to
measured      a line of it: what was measured of one question
machine       what a measured time depends on beside the problem
lines         a problem as a line of JSON
recording     what a program asked for

Those below the blank line are imported where somebody measures, and not before.
"""

import importlib
from typing import TYPE_CHECKING, Any

from .explanation import Explanation, explain
from .operand import Operand, Source, summed_in
from .orders import Copy, assign, copier
from .plans import measure, plan, plan_for
from .question import Question
from .repair import repairing
from .requested import (
    check_spec,
    requested_backend,
    set_default_backend,
    set_default_options,
    use_backend,
)
from .slabs import Place
from .slabwise import SlabwiseConvolution
from .workspace import Workspace, in_lines

if TYPE_CHECKING:
    from .lines import ADJOINT, fields_of, read_questions
    from .measured import Measured
    from .wisdom import current_wisdom

__all__ = [
    "ADJOINT",
    "Copy",
    "Explanation",
    "Measured",
    "Operand",
    "Place",
    "Question",
    "SlabwiseConvolution",
    "Source",
    "Workspace",
    "assign",
    "check_spec",
    "copier",
    "current_wisdom",
    "explain",
    "fields_of",
    "in_lines",
    "measure",
    "plan",
    "plan_for",
    "read_questions",
    "repairing",
    "requested_backend",
    "set_default_backend",
    "set_default_options",
    "summed_in",
    "use_backend",
]

_LATER = {
    "ADJOINT": "lines",
    "Measured": "measured",
    "current_wisdom": "wisdom",
    "fields_of": "lines",
    "read_questions": "lines",
}


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(importlib.import_module(f"{__name__}.{_LATER[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
