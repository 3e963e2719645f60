"""Which backend runs a problem, and why.

question      what is to be computed, under which options
requested     which backend is asked for: argument, `with`, default, environment
candidate     one backend held against a question
selection     refuse, estimate, sort, then build in that order until one fits
repair        what becomes of a chosen algorithm's results that are not finite
slabs         a problem cut into smaller ones
samples       sample by sample, where a batch must not change a bit
slabwise      operands of any dtype and strides, converted slab by slab
laid_out      a plan for arrays in another order of axes
plans         `plan`
explanation   `explain`
"""

from .explanation import Explanation, explain
from .plans import plan, plan_for
from .question import Question
from .repair import repairing
from .requested import (
    check_spec,
    requested_backend,
    set_default_backend,
    set_default_options,
    use_backend,
)
from .slabwise import Operand, SlabwiseConvolution, Source, summed_in

__all__ = [
    "Explanation",
    "Operand",
    "Question",
    "SlabwiseConvolution",
    "Source",
    "check_spec",
    "explain",
    "plan",
    "plan_for",
    "repairing",
    "requested_backend",
    "set_default_backend",
    "set_default_options",
    "summed_in",
    "use_backend",
]
