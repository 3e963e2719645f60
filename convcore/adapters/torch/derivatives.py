"""Derivatives of the three maps, of any order, forwards and backwards, and `vmap`.

A map is linear in each operand, and pulls a gradient back to one of them by another map. What is
not differentiated is conjugated then: PyTorch's convention. Batched operands of `vmap` become a
batch where they can, and groups where the weight is among them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import torch

from ..maps import NAMES, OPERANDS, merging_axis
from .operators import OPERATORS, Steps, Tensor, library


def mapped(made: str, first: Tensor, second: Tensor, shape: Sequence[int], *steps: Any) -> Tensor:
    """What `made` names ("x", "w" or "g"), of this shape, from the other two."""
    # The compiler wants an operator that knows its derivatives, and `torch.func` a Function.
    if torch.compiler.is_compiling():
        return OPERATORS[made](first, second, shape, *steps)
    return _Map.apply(made, first, second, shape, *steps)


def _keep(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    first, second, ctx.shape, *ctx.steps = inputs
    ctx.save_for_backward(first, second)


def _pulled_back(made: str, ctx: Any, wanted: Sequence[bool], t: Tensor) -> list[Tensor | None]:
    """Gradients of the two operands, where they are wanted, from that of the result."""
    tensors = dict(zip(OPERANDS[made], ctx.saved_tensors, strict=True))
    gradients: list[Tensor | None] = []
    for (role, operand), want in zip(tensors.items(), wanted, strict=True):
        given = {made: t} | {other: o.conj() for other, o in tensors.items() if other != role}
        ordered = (given[name] for name in OPERANDS[role])
        gradients.append(mapped(role, *ordered, operand.shape, *ctx.steps) if want else None)
    return gradients


class _Map(torch.autograd.Function):
    """`mapped` as `torch.autograd` and `torch.func` know it."""

    @staticmethod
    def forward(made: str, first: Tensor, second: Tensor, shape: Any, *steps: Any) -> Tensor:
        return OPERATORS[made](first, second, shape, *steps)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        ctx.made, *rest = inputs
        _keep(ctx, tuple(rest), output)
        ctx.save_for_forward(*rest[:2])

    @staticmethod
    def backward(ctx: Any, t: Tensor) -> Any:
        gradients = _pulled_back(ctx.made, ctx, ctx.needs_input_grad[1:3], t)
        return None, *gradients, None, *[None] * len(ctx.steps)

    @staticmethod
    def jvp(ctx: Any, made: None, first: Tensor | None, second: Tensor | None, *rest: None) -> Any:
        x, w = ctx.saved_tensors
        moved = [(first, w)] * (first is not None) + [(x, second)] * (second is not None)
        return sum(mapped(ctx.made, *pair, ctx.shape, *ctx.steps) for pair in moved)

    @staticmethod
    def vmap(info: Any, axes: tuple[Any, ...], made: str, *arguments: Any) -> tuple[Tensor, int]:
        return _batched(made, info.batch_size, axes[1:3], *arguments)


def _batched(
    made: str,
    count: int,
    axes: Sequence[int | None],
    first: Tensor,
    second: Tensor,
    shape: Sequence[int],
    *steps: Any,
) -> tuple[Tensor, int]:
    """All of `count` maps as one, and the axis along which their results stand."""
    roles = OPERANDS[made]
    grouped = made == "w" or axes[roles.index("w")] is not None
    stride, padding, dilation, groups, *rest = steps
    steps = (stride, padding, dilation, groups * count if grouped else groups, *rest)
    operands = [
        tensor
        if role == "w" and not grouped
        else _merged(tensor, axis, count, merging_axis(role, grouped))
        for role, tensor, axis in zip(roles, (first, second), axes, strict=True)
    ]
    place, wide = merging_axis(made, grouped), list(shape)
    wide[place] *= count
    return mapped(made, *operands, wide, *steps).unflatten(place, (count, shape[place])), place


def _merged(tensor: Tensor, axis: int | None, count: int, place: int) -> Tensor:
    """The tensor with the axis of `vmap`, or copies of it, merged into another."""
    batched = tensor.expand(count, *tensor.shape) if axis is None else tensor.movedim(axis, 0)
    return batched.movedim(0, place).flatten(place, place + 1)


def _backward(made: str, ctx: Any, t: Tensor) -> Steps:
    gradients = _pulled_back(made, ctx, ctx.needs_input_grad[:2], t)
    return *gradients, None, *[None] * len(ctx.steps)


def _vmap(made: str, info: Any, axes: tuple[Any, ...], *arguments: Any) -> tuple[Tensor, int]:
    return _batched(made, info.batch_size, axes[:2], *arguments)


for _made, _name in NAMES.items():
    torch.library.register_autograd(
        f"convcore::{_name}", partial(_backward, _made), setup_context=_keep, lib=library
    )
    torch.library.register_vmap(f"convcore::{_name}", partial(_vmap, _made), lib=library)
