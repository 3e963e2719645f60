"""Convolution by PyTorch on the CPU, for who has it installed: by name only.

It shows what a backend that wraps a large library looks like. The library is imported by the first
call and not with the module. What it cannot do is refused beforehand: more than three spatial axes,
integers, and sizes beyond 32 bits. What it does not offer is made from what it does: padding that
differs between two ends, or crops, by extending the input first; complex numbers, whose gradients
it lacks, from their real and imaginary parts. Its settings, threads among them, stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import util
from math import prod
from typing import Any

from convcore.plugin import (
    FLOAT_NAMES,
    OPERATIONS,
    Array,
    BackendLoadError,
    Convolution,
    Declaration,
    Geometry,
    Operation,
    Refusal,
    UnsupportedError,
    derived,
)

if util.find_spec("torch") is None:
    raise BackendLoadError("convcore_torch: needs PyTorch; install it as in: pip install torch")

__all__ = ["TorchConvolution"]

# Elements and steps that the libraries behind PyTorch take as 32-bit integers.
LARGEST = 2**31 - 1


class TorchConvolution(Convolution):
    """`torch.nn.functional.conv1d`, `conv2d` and `conv3d`, and their backward pass.

    PyTorch keeps its own number of threads, whatever `threads` says: see `torch.set_num_threads`.
    """

    name = "torch"
    declaration = Declaration(
        dtypes=FLOAT_NAMES,
        ranks=range(1, 4),
        deterministic="fixed_threads",
        nonfinite="spreads",
        automatic=False,
        description="PyTorch on the CPU, by name only",
    )

    def __init__(
        self,
        geometry: Geometry,
        dtype: Any,
        *,
        threads: int | None = None,
        max_workspace: int | None = None,
    ) -> None:
        super().__init__(geometry, dtype, threads=threads, max_workspace=max_workspace)
        needed = max(map(self.workspace_bytes, OPERATIONS))
        if max_workspace is not None and needed > max_workspace:
            raise UnsupportedError(
                f"max_workspace: must be at least the {needed} bytes that backend 'torch' may "
                f"need; got {max_workspace}"
            )

    @classmethod
    def refusal(
        cls, geometry: Geometry, dtype: Any, operation: Operation | None = None
    ) -> Refusal | None:
        """What is not declared, and sizes that do not fit 32 bits."""
        declined = super().refusal(geometry, dtype, operation)
        return declined or _too_large(geometry)

    def workspace_bytes(self, operation: Operation) -> int:
        """The copies made here, and the columns of PyTorch's own im2col where it uses that.

        This is an upper bound of what was seen with PyTorch 2.13; PyTorch itself does not tell.
        """
        g = self.geometry
        padded, output = prod(self._padded_shape), prod(g.output_shape)
        columns = g.batch * g.in_channels * prod(g.kernel_extents) * prod(g.output_extents)
        copies = 3 * (padded + output + prod(g.weight_shape))
        return self.dtype.itemsize * (copies + columns)

    def _forward(self, input: Array, weight: Array, output: Array) -> None:
        _run(self._convolve, input, weight, output)

    def _grad_input(self, grad_output: Array, weight: Array, grad_input: Array) -> None:
        _run(self._pull_to_input, grad_output, weight, grad_input)

    def _grad_weight(self, grad_output: Array, input: Array, grad_weight: Array) -> None:
        _run(self._pull_to_weight, grad_output, input, grad_weight)

    def _convolve(self, x: Any, w: Any) -> Any:
        """Convolution of two real tensors."""
        from torch.nn import functional

        g = self.geometry
        convolve = (functional.conv1d, functional.conv2d, functional.conv3d)[g.spatial_rank - 1]
        options = (g.stride, self._symmetric, g.dilation, g.groups)
        return convolve(self._extended(x), w, None, *options)

    def _pull_to_input(self, dy: Any, w: Any) -> Any:
        """Gradient of two real tensors with respect to the extended input, cut to the input."""
        from torch.nn import functional

        x = dy.new_empty(1).expand(self._padded_shape)  # only its shape counts
        gradient = self._gradient(0, dy, x, w)
        return functional.pad(gradient, [-end for end in self._ends])

    def _pull_to_weight(self, dy: Any, x: Any) -> Any:
        """Gradient of two real tensors with respect to the weight."""
        w = dy.new_empty(1).expand(self.geometry.weight_shape)  # only its shape counts
        return self._gradient(1, dy, self._extended(x), w)

    def _gradient(self, which: int, dy: Any, x: Any, w: Any) -> Any:
        """Gradient of real tensors with respect to the extended input (0) or the weight (1)."""
        import torch

        g = self.geometry
        wanted = [place == which for place in range(3)]  # the third would be that of a bias
        steps = (g.stride, self._symmetric, g.dilation)
        transposed, output_padding = False, (0,) * g.spatial_rank
        return torch.ops.aten.convolution_backward(
            dy, x, w, None, *steps, transposed, output_padding, g.groups, wanted
        )[which]

    @derived
    def _symmetric(self) -> tuple[int, ...]:
        """Padding that PyTorch's convolution can do itself; zeros where it cannot."""
        pairs = self.geometry.padding
        fits = all(before == after >= 0 for before, after in pairs)
        return tuple(before if fits else 0 for before, _ in pairs)

    @derived
    def _ends(self) -> list[int]:
        """What is left to extend or crop, as `functional.pad` wants it: the last axis first."""
        pairs = zip(self.geometry.padding, self._symmetric, strict=True)
        left = [(before - done, after - done) for (before, after), done in pairs]
        return [end for pair in reversed(left) for end in pair]

    @derived
    def _padded_shape(self) -> tuple[int, ...]:
        """Shape of the input once it is extended or cropped."""
        g = self.geometry
        pairs = zip(g.padded_extents, self._symmetric, strict=True)
        return (g.batch, g.in_channels, *(extent - 2 * done for extent, done in pairs))

    def _extended(self, x: Any) -> Any:
        """`x` with the zeros, or without the elements, that PyTorch's own padding cannot do."""
        from torch.nn import functional

        return functional.pad(x, self._ends) if any(self._ends) else x


def _too_large(geometry: Geometry) -> Refusal | None:
    padded = (geometry.batch, geometry.in_channels, *geometry.padded_extents)
    shapes = (padded, geometry.weight_shape, geometry.output_shape)
    largest = max(*map(prod, shapes), *geometry.stride, *geometry.dilation)
    if largest > LARGEST:
        return Refusal("SIZE", f"sizes and steps must be below 2**31; got {largest}")
    return None


def _run(function: Callable[[Any, Any], Any], first: Array, second: Array, result: Array) -> None:
    """Store function(first, second), which is real and bilinear, in `result`."""
    import torch

    # Inside somebody's autocast the products would be taken in bfloat16.
    with torch.no_grad(), torch.autocast("cpu", enabled=False):
        if result.dtype.kind != "c":
            result[...] = function(_tensor(first), _tensor(second)).numpy()
            return
        a, b = _tensor(first.real), _tensor(first.imag)
        c, d = _tensor(second.real), _tensor(second.imag)
        result.real = (function(a, c) - function(b, d)).numpy()
        result.imag = (function(a, d) + function(b, c)).numpy()


def _tensor(array: Array) -> Any:
    """A copy of `array` in memory that PyTorch aligned, on which the last bits would depend."""
    import torch

    tensor = torch.empty(array.shape, dtype=getattr(torch, str(array.dtype)), device="cpu")
    tensor.numpy()[...] = array
    return tensor
