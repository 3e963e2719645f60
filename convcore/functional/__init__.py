"""The functions on arrays: `conv`, its transpose, its gradients, and what surrounds them.

forward         conv, conv_transpose
gradients       conv_grad_input, conv_grad_weight
pullback        conv_vjp
calls           from arguments to what runs them, kept
padding_modes   borders other than zeros, and their adjoints
bias            added afterwards, and its gradient
"""

from ..planning import explain, plan
from .forward import conv, conv_transpose
from .gradients import conv_grad_input, conv_grad_weight
from .padding_modes import NUMPY_MODES as NUMPY_MODES
from .padding_modes import check_mode as check_mode
from .pullback import Pullback as Pullback
from .pullback import conv_vjp

__all__ = [
    "conv",
    "conv_grad_input",
    "conv_grad_weight",
    "conv_transpose",
    "conv_vjp",
    "explain",
    "plan",
]
