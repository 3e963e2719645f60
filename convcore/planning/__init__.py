"""Which backend runs a problem, and why.

question      what is to be computed, under which options
requested     which backend is asked for: argument, `with`, default, environment
candidate     one backend held against a question
selection     refuse, estimate, sort, then build in that order until one fits
repair        what becomes of a chosen algorithm's results that are not finite
slabs         a problem cut into smaller ones
samples       sample by sample, where a batch must not change a bit
float16       the plan of float16, from plans of float32
plans         `plan`
explanation   `explain`
"""

from .explanation import Explanation, explain
from .float16 import WIDE, Float16Convolution
from .plans import plan, plan_for
from .question import Question
from .requested import check_spec, requested_backend, set_default_backend, use_backend

__all__ = [
    "WIDE",
    "Explanation",
    "Float16Convolution",
    "Question",
    "check_spec",
    "explain",
    "plan",
    "plan_for",
    "requested_backend",
    "set_default_backend",
    "use_backend",
]
