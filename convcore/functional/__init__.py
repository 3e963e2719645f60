"""The functions on arrays: `conv`, its transpose, its gradients, and what surrounds them.

forward         conv
transposed      conv_transpose
gradients       conv_grad_input, conv_grad_weight
pullback        conv_vjp, conv_transpose_vjp
forms           in which layouts and dtypes arrays are given
formed          conv and its gradients on such arrays
call            one operation, ready to run
calls           from arguments to what runs them, kept
padding_modes   what the padding is filled with
borders         inputs extended by other than zeros, and the adjoint of that
boxes           parts of such an input, and the adjoint of copying them
halos           the same without copying the input: what each halo adds
separable       kernels that are outer products, one axis after the other
outer_products  the factors of such a kernel
bias            added afterwards, and its gradient
"""

from ..planning import explain, plan
from .forms import Form as Form
from .forward import conv
from .gradients import conv_grad_input, conv_grad_weight
from .padding_modes import NUMPY_MODES as NUMPY_MODES
from .padding_modes import PaddingMode as PaddingMode
from .padding_modes import check_mode as check_mode
from .padding_modes import check_value as check_value
from .padding_modes import parse_modes as parse_modes
from .pullback import Pullback as Pullback
from .pullback import conv_transpose_vjp, conv_vjp
from .separable import SeparableKernel as SeparableKernel
from .separable import separable
from .transposed import conv_transpose

__all__ = [
    "conv",
    "conv_grad_input",
    "conv_grad_weight",
    "conv_transpose",
    "conv_transpose_vjp",
    "conv_vjp",
    "explain",
    "plan",
    "separable",
]
