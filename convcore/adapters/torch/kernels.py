"""What runs a problem of `aten::convolution`, or of its backward pass, by ours."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, TypeAlias

import torch

from ... import settings
from ..maps import Problem, map_for, problem_of, transposed_problem
from .tensors import array_of, filled, in_memory, is_last

Tensor: TypeAlias = torch.Tensor
# stride, padding, dilation, whether it is transposed, output_padding, groups
Steps: TypeAlias = tuple[Any, ...]

DTYPES = {
    *(torch.float32, torch.float64, torch.float16, torch.bfloat16),
    *(torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64),
}
# By number of axes: the layouts of activations and of weights, channels first and last.
ACTIVATIONS = {4: ("NCHW", "NHWC"), 5: ("NCDHW", "NDHWC")}
WEIGHTS = {4: ("OIHW", "OHWI"), 5: ("OIDHW", "ODHWI")}


def can_run(*operands: Tensor) -> bool:
    """Whether these are tensors of ours; what does not fit together, PyTorch refuses before."""
    return all(t.layout is torch.strided and t.numel() and t.dtype in DTYPES for t in operands)


def problem_from(input: Tensor, weight: Tensor, steps: Steps) -> Problem:
    """The convolution that is computed, or whose transpose is."""
    rank = weight.ndim - 2
    per_axis = [value * rank if len(value) == 1 else value for value in (*steps[:3], steps[4])]
    stride, padding, dilation, ends = map(tuple, per_axis)
    shapes, groups = (tuple(input.shape), tuple(weight.shape)), steps[5]
    if steps[3]:
        return transposed_problem(*shapes, stride, padding, ends, dilation, groups)[0]
    return problem_of(*shapes, stride, padding, dilation, groups)[0]


def _made(operation: str, transposed: bool) -> str:
    """Which map it is; a transposed convolution goes backwards by going forwards."""
    if operation == "grad_weight":
        return "w"
    return "g" if (operation == "forward") != transposed else "x"


class Kernel:
    """Computes "forward", "grad_input" or "grad_weight" of one problem.

    Parameters
    ----------
    operation : str
        What is computed.
    operands : tuple of torch.Tensor
        Such as it will be called with: (input, weight), and perhaps a bias, (grad_output, weight)
        or (grad_output, input).
    problem : Problem
        Its own, or the one that it is the transpose of.
    transposed : bool
        Whether it is the transpose.
    like : torch.Tensor
        Has the shape, dtype and order of the result.
    threads : int
        On how many it runs.
    """

    def __init__(
        self,
        operation: str,
        operands: Sequence[Tensor],
        problem: Problem,
        transposed: bool,
        like: Tensor,
        threads: int,
    ) -> None:
        self.threads = threads
        self._swapped = operation == "grad_weight" and transposed
        self._like = (like.shape, like.stride(), like.dtype)
        tensors = (*operands[:2], like)
        lasts = [is_last(tensor) for tensor in tensors]
        weight = 2 if operation == "grad_weight" else 1
        activations = any(last for place, last in enumerate(lasts) if place != weight)
        self._lasts = [lasts[weight] if i == weight else activations for i in range(3)]
        form = {}
        if any(self._lasts):
            form["layout"] = ACTIVATIONS[like.ndim][activations]
            form["weight_layout"] = WEIGHTS[like.ndim][lasts[weight]]
        shape = tuple(in_memory(like, self._lasts[2]).shape)
        self._compute = partial(map_for(_made(operation, transposed), shape, problem), **form)

    def __call__(self, first: Tensor, second: Tensor, bias: Tensor | None = None) -> Tensor:
        """The result, with a bias for each channel."""
        shape, stride, dtype = self._like
        result = torch.empty_strided(shape, stride, dtype=dtype)
        arrays = [array_of(first, self._lasts[0]), array_of(second, self._lasts[1])]
        if self._swapped:
            arrays.reverse()
        with settings.overriding(threads=self.threads):
            filled(result, self._compute, *arrays, last=self._lasts[2])
        return result if bias is None else result.add_(bias.reshape(-1, *[1] * (result.ndim - 2)))
