"""Convolutions of arrays beyond one machine's memory: the functions of `convcore` on dask arrays.

windows     what a block reads, as runs of elements from chunks
channels    which ranges of channels are convolved with each other, and what is summed
tables      for each axis what blocks read, and where borders send gradients
scratch     memory that a thread uses again
recipes     what is computed for a block, by the functions of `convcore`
layer       the tasks, made when they are asked for
operands    dask arrays, NumPy arrays, and arrays outside of memory
problems    what results depend on beside the arrays
results     from checked arguments to a lazy array
forms       layouts and dtypes
functions, gradients, pullback    what users call
memory      what a task takes, and chunks for a limit

The engine is dask's. `docs/dask.md` says how to use it, and what it costs.
"""

try:
    import dask.array as _dask_array  # noqa: F401
except ImportError:
    raise ImportError(
        "convcore.adapters.dask: needs dask, and there is none; install it with: "
        'pip install "convcore[dask]"'
    ) from None

from .functions import conv, conv_transpose
from .gradients import conv_grad_input, conv_grad_weight
from .memory import memory_per_task, suggest_chunks
from .operands import Stored
from .pullback import Pullback, conv_vjp

__all__ = [
    "Pullback",
    "Stored",
    "conv",
    "conv_grad_input",
    "conv_grad_weight",
    "conv_transpose",
    "conv_vjp",
    "memory_per_task",
    "suggest_chunks",
]
