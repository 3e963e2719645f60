"""The three maps as operators of PyTorch; how they are differentiated is told in `derivatives`.

All take two operands and the shape of the result; `maps` says which.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, TypeAlias

import torch

from ..maps import NAMES, Problem, map_for
from .tensors import array_of, filled

Tensor: TypeAlias = torch.Tensor
# stride, padding (before and after by turns), dilation, groups, padding mode, backend
Steps: TypeAlias = tuple[Any, ...]
STEPS = "SymInt[] stride, SymInt[] padding, SymInt[] dilation, int groups, str mode, str backend"

library = torch.library.Library("convcore", "DEF")


def steps_of(problem: Problem) -> Steps:
    """The problem as an operator takes it."""
    mode, flat = problem.padding_mode, [end for pair in problem.padding for end in pair]
    mode = mode if isinstance(mode, str) else ",".join(mode)
    return (problem.stride, flat, problem.dilation, problem.groups, mode, problem.backend or "")


def _problem(steps: Steps) -> Problem:
    stride, padding, dilation, groups, mode, backend = steps
    pairs = tuple(zip(padding[::2], padding[1::2], strict=True))
    mode = tuple(mode.split(",")) if "," in mode else mode
    return Problem(tuple(stride), pairs, tuple(dilation), groups, mode, backend or None)


def _computed(
    made: str, first: Tensor, second: Tensor, shape: Sequence[int], *steps: Any
) -> Tensor:
    compute = map_for(made, tuple(shape), _problem(steps))
    return filled(first.new_empty(shape), compute, array_of(first), array_of(second))


def _shaped(first: Tensor, second: Tensor, shape: Sequence[int], *steps: Any) -> Tensor:
    """Where PyTorch traces: nothing but the shape."""
    return first.new_empty(shape)


for _made, _name in NAMES.items():
    library.define(f"{_name}(Tensor first, Tensor second, SymInt[] shape, {STEPS}) -> Tensor")
    library.impl(_name, partial(_computed, _made), "CPU")
    torch.library.register_fake(f"convcore::{_name}", _shaped, lib=library)

OPERATORS = {made: getattr(torch.ops.convcore, name).default for made, name in NAMES.items()}
