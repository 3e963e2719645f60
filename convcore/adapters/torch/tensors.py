"""Tensors as arrays: the same memory where its order and dtype are what NumPy knows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from ...contract import Array

# Dtypes that NumPy has not: computed in this one, and rounded once.
WIDENED = {torch.bfloat16: torch.float32}
# By number of axes, what PyTorch calls the order of memory with the channels last.
CHANNELS_LAST = {4: torch.channels_last, 5: torch.channels_last_3d}


def is_last(tensor: torch.Tensor) -> bool:
    """Whether the channels are last in memory, and not also where they are by default."""
    order = CHANNELS_LAST.get(tensor.ndim)
    if order is None or tensor.is_contiguous():
        return False
    return bool(tensor.is_contiguous(memory_format=order))


def in_memory(tensor: torch.Tensor, last: bool) -> torch.Tensor:
    """A view whose axes stand as they do in memory."""
    return tensor.movedim(1, -1) if last else tensor


def array_of(tensor: torch.Tensor, last: bool = False) -> Array:
    """The tensor's memory as a C-contiguous array, or a copy of it; the channels last if asked."""
    wide = WIDENED.get(tensor.dtype)
    if wide is not None:
        tensor = tensor.to(wide)
    array: Array = in_memory(tensor, last).contiguous().numpy(force=True)
    return array


def filled(
    result: torch.Tensor, compute: Callable[..., Any], *arrays: Array, last: bool = False
) -> torch.Tensor:
    """`result` after `compute(*arrays, out=array)` has filled it, or what is copied to it."""
    target = in_memory(result, last)
    if result.dtype not in WIDENED and target.is_contiguous():
        compute(*arrays, out=target.numpy())
        return result
    target.copy_(torch.from_numpy(compute(*arrays)))
    return result
