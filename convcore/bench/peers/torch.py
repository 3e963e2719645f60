"""PyTorch on the CPU: given arrays as they are, and given arrays in the layout it likes best."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...plugin import Array, Geometry, Operation
from .interface import Call, Peer, symmetric_padding

# Of the results of `convolution_backward`, which to compute.
_WANTED = {"grad_input": (True, False, False), "grad_weight": (False, True, False)}


class Torch(Peer):
    """`torch.nn.functional.conv*d`, and for gradients the function that its autograd calls.

    `torch.nn.grad` is that function too, with a made-up array for the operand that is not needed;
    it takes a little longer.
    """

    name = module = "torch"

    def __init__(self, threads: int) -> None:
        super().__init__(threads)
        self.library.set_num_threads(threads)

    def refusal(self, geometry: Geometry, operation: Operation) -> str | None:
        """PyTorch knows spatial ranks 1 to 3 and the same padding on both sides."""
        if geometry.spatial_rank > 3:
            return f"spatial rank {geometry.spatial_rank} is not in 1 to 3"
        if symmetric_padding(geometry) is None:
            return f"padding {geometry.padding} differs before and after an axis"
        return None

    def prepare(
        self, geometry: Geometry, operation: Operation, first: Array, second: Array
    ) -> Call:
        """Wrapping the arrays shares their memory and belongs to every call."""
        wrap, compute = self.library.from_numpy, self._operation(geometry, operation, first)
        return lambda: compute(wrap(first), wrap(second)).numpy()

    def _operation(
        self, geometry: Geometry, operation: Operation, like: Array
    ) -> Callable[[Any, Any], Any]:
        """The operation as a function of two tensors."""
        stride, dilation, groups = geometry.stride, geometry.dilation, geometry.groups
        padding, none = symmetric_padding(geometry), (0,) * geometry.spatial_rank
        if operation == "forward":
            convolve = getattr(self.library.nn.functional, f"conv{geometry.spatial_rank}d")
            return lambda x, w: convolve(x, w, None, stride, padding, dilation, groups)
        backward = self.library.ops.aten.convolution_backward
        options = (None, stride, padding, dilation, False, none, groups, _WANTED[operation])
        zeros = self.library.from_numpy(like).new_zeros
        if operation == "grad_input":
            x = self._tensor(zeros(geometry.input_shape))
            return lambda dy, w: backward(dy, x, w, *options)[0]
        w = self._tensor(zeros(geometry.weight_shape))
        return lambda dy, x: backward(dy, x, w, *options)[1]

    def _tensor(self, tensor: Any) -> Any:
        """`tensor` in the layout of this peer."""
        return tensor


class TorchChannelsLast(Torch):
    """The same with tensors in channels_last memory order, which is oneDNN's own, in and out.

    The operands are in that order before the timing starts and the result stays in it: nothing is
    paid for C-contiguous arrays, neither coming nor going. A contender apart, and in its favour.
    """

    name = "torch-nhwc"

    def refusal(self, geometry: Geometry, operation: Operation) -> str | None:
        """There is a channels_last order for spatial ranks 2 and 3 only."""
        if geometry.spatial_rank == 1:
            return "spatial rank 1 has no channels_last order"
        return super().refusal(geometry, operation)

    def prepare(
        self, geometry: Geometry, operation: Operation, first: Array, second: Array
    ) -> Call:
        """Both operands are put in order once."""
        compute = self._operation(geometry, operation, first)
        left, right = (self._tensor(self.library.from_numpy(a)) for a in (first, second))
        return lambda: compute(left, right).numpy()

    def _tensor(self, tensor: Any) -> Any:
        order = "channels_last" if tensor.ndim == 4 else "channels_last_3d"
        return tensor.to(memory_format=getattr(self.library, order))
