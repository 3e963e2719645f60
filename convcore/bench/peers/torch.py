"""PyTorch on the CPU."""

from __future__ import annotations

from ...plugin import Array, Geometry, Operation
from .interface import Call, Peer, symmetric_padding


class Torch(Peer):
    """`torch.nn.functional.conv*d` and the gradient functions of `torch.nn.grad`."""

    name = "torch"

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
        wrap = self.library.from_numpy
        padding = symmetric_padding(geometry)
        options = (geometry.stride, padding, geometry.dilation, geometry.groups)
        rank = geometry.spatial_rank
        if operation == "forward":
            convolve = getattr(self.library.nn.functional, f"conv{rank}d")
            return lambda: convolve(wrap(first), wrap(second), None, *options).numpy()
        if operation == "grad_input":
            gradient, shape = f"conv{rank}d_input", geometry.input_shape
            compute = getattr(self.library.nn.grad, gradient)
            return lambda: compute(shape, wrap(second), wrap(first), *options).numpy()
        compute = getattr(self.library.nn.grad, f"conv{rank}d_weight")
        shape = geometry.weight_shape
        return lambda: compute(wrap(second), shape, wrap(first), *options).numpy()
