"""The functions on arrays: `conv`, its transpose, its gradients, and what surrounds them."""

from ..planning import explain, plan
from .forward import conv, conv_transpose, conv_vjp
from .gradients import conv_grad_input, conv_grad_weight
from .padding_modes import NUMPY_MODES as NUMPY_MODES
from .padding_modes import check_mode as check_mode

__all__ = [
    "conv",
    "conv_grad_input",
    "conv_grad_weight",
    "conv_transpose",
    "conv_vjp",
    "explain",
    "plan",
]
