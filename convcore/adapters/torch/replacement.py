"""PyTorch's own convolutions on ours, under modules that know nothing of it.

`aten::convolution` and `aten::convolution_backward`, in which everything in PyTorch that convolves
real numbers ends, get other kernels on the CPU: these look up who runs the problem at hand. The
order of a result in memory is that of PyTorch's own when the problem was first seen.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import partial
from typing import Any, Literal

import torch

from ... import settings
from ...errors import OptionError
from ..contest import fastest
from .kernels import Kernel, Steps, Tensor, can_run, problem_from
from .teams import GRAIN, openmp_team, share_loops_in

Choice = Literal["faster", "always"]
CHOICES = ("faster", "always")
# Problems that are remembered; when there are more, all are forgotten.
MOST_PROBLEMS = 10_000
# Which of PyTorch's gradients one of ours stands for.
MASKS = {"grad_input": (True, False, False), "grad_weight": (False, True, False)}

_library: torch.library.Library | None = None
_choice: Choice = "faster"
_kernels: dict[Hashable, Kernel | None] = {}
_their_backward: Any = None


def install(choice: Choice = "faster") -> None:
    """Run the convolutions of unchanged PyTorch code on the CPU by ours.

    Parameters
    ----------
    choice : {"faster", "always"}
        "faster" times PyTorch and ours when a problem is first seen, on its own operands, and
        keeps who wins, as `torch.backends.cudnn.benchmark` does; where PyTorch is asked for
        deterministic algorithms it computes all itself, since a clock decides otherwise. "always"
        runs by ours whatever it can run. Either way the rest stays PyTorch's: other devices,
        complex numbers, empty tensors, layouts that are not strided.

    Raises
    ------
    OptionError
        If `choice` is neither.

    Notes
    -----
    Ours runs on PyTorch's own threads where it runs on OpenMP, for all of the process meanwhile: on
    as many as `torch.get_num_threads()` says, or on one where that is faster;
    `convcore.options(threads=)` comes first.
    """
    global _library, _choice, _their_backward
    if choice not in CHOICES:
        raise OptionError(f"choice: must be one of {', '.join(CHOICES)}; got {choice!r}")
    if choice != _choice:
        _kernels.clear()
    _choice = choice
    if _library is None:
        _their_backward = torch.library.get_kernel("aten::convolution_backward", "CPU")
        _library = torch.library.Library("aten", "IMPL")
        _library.impl("convolution", _convolution, "CPU")
        share_loops_in(openmp_team())
        _library.impl("convolution_backward", _backward, "CPU", with_keyset=True)


def uninstall() -> None:
    """Give PyTorch its own convolutions back; who was faster at what stays known."""
    global _library
    if _library is not None:
        _library._destroy()
        _library = None
        share_loops_in(0)


def installed() -> bool:
    """Whether PyTorch's convolutions may run by ours."""
    return _library is not None


def _convolution(input: Tensor, weight: Tensor, bias: Tensor | None, *steps: Any) -> Tensor:
    def theirs() -> Tensor:
        # What `aten::convolution` is by itself; the rest is about other devices.
        return torch._convolution(input, weight, bias, *steps, False, False, False, False)

    operands = (input, weight) if bias is None else (input, weight, bias)
    kernel = _kernel("forward", operands, operands, steps, theirs)
    return theirs() if kernel is None else kernel(*operands)


def _backward(
    keys: Any, grad: Tensor, input: Tensor, weight: Tensor, bias_sizes: list[int] | None, *rest: Any
) -> tuple[Tensor | None, ...]:
    *steps, wanted = rest

    def theirs(*mask: bool) -> tuple[Tensor | None, ...]:
        arguments = (grad, input, weight, bias_sizes, *steps, list(mask))
        return tuple(_their_backward.call_boxed(keys, *arguments))

    def ours(place: int, operation: str, second: Tensor) -> Tensor | None:
        if not wanted[place]:
            return None
        alone = lambda: theirs(*MASKS[operation])[place]  # noqa: E731
        kernel = _kernel(operation, (input, weight, grad), (grad, second), tuple(steps), alone)
        return None if kernel is None else kernel(grad, second)

    found = [ours(0, "grad_input", weight), ours(1, "grad_weight", input), None]
    if wanted[2] and found[1] is not None:
        found[2] = grad.sum((0, *range(2, grad.ndim)))
    left = [want and gradient is None for want, gradient in zip(wanted, found, strict=True)]
    if not any(left):
        return tuple(found)
    return tuple(f if t is None else t for f, t in zip(found, theirs(*left), strict=True))


def _kernel(
    operation: str,
    tensors: tuple[Tensor, ...],
    operands: tuple[Tensor, ...],
    steps: Steps,
    theirs: Callable[[], Any],
) -> Kernel | None:
    """What runs this problem by ours, or None where PyTorch does.

    `tensors` are input, weight and what else it is told by, `operands` what is computed with.
    """
    if _choice == "faster" and torch.are_deterministic_algorithms_enabled():
        return None
    seen = tuple([(t.shape, t.stride(), t.dtype) for t in tensors])
    stride, padding, dilation, transposed, ends, groups = steps
    flat = (tuple(stride), tuple(padding), tuple(dilation), transposed, tuple(ends), groups)
    key = (operation, seen, flat, torch.get_num_threads(), settings.context())
    try:
        return _kernels[key]
    except KeyError:
        if len(_kernels) >= MOST_PROBLEMS:
            _kernels.clear()
    found = _kernels[key] = _judged(operation, tensors, operands, steps, theirs)
    return found


def _judged(
    operation: str,
    tensors: tuple[Tensor, ...],
    operands: tuple[Tensor, ...],
    steps: Steps,
    theirs: Callable[[], Any],
) -> Kernel | None:
    if not can_run(*tensors):
        return None
    like, problem = theirs(), problem_from(tensors[0], tensors[1], steps)
    kernels = [
        Kernel(operation, operands, problem, steps[3], like, threads) for threads in _threads()
    ]
    if _choice == "always":
        return kernels[0]
    runs = [partial(kernel, *operands) for kernel in kernels]
    for run in runs:
        run()
    scratch = torch.zeros(torch.get_num_threads() * GRAIN)
    winner = fastest(theirs, *runs, between=lambda: scratch.add_(1))
    return kernels[winner - 1] if winner else None


def _threads() -> list[int]:
    """On how many ours may run."""
    asked = settings.context().threads
    return [asked] if asked else sorted({torch.get_num_threads(), 1}, reverse=True)
