"""What a function should return, and how far from it a result may be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np

from .oracle import convolve, fold, widened
from .problems import Problem


@dataclass(frozen=True)
class Truth:
    """The right result, in the arithmetic of the oracle.

    Parameters
    ----------
    want : ndarray
        The result.
    scale : ndarray
        Sum of the sizes of all products in it, those with operands that are not finite left out.
    norms : ndarray
        ||a|| ||b|| of what its sample and channel can meet, likewise.
    length : int
        Products in a sum, and what was added afterwards.
    added : int
        What was added after the convolution: a bias, what a border folds onto one element.
    finite : bool
        Whether all operands are.
    largest : float
        Largest finite entry of an operand.
    reach : float
        Largest norm of an operand: what underflows in the other one meets that.
    """

    want: np.ndarray
    scale: np.ndarray
    norms: np.ndarray
    length: int
    finite: bool
    largest: Any = 0
    reach: Any = 0
    added: int = 0

    def mapped(self, change: Callable[[np.ndarray], np.ndarray], added: int = 0) -> Truth:
        """The truth of a linear change that adds up to `added` further elements to each."""
        length, added = self.length + added, self.added + added
        with np.errstate(all="ignore"):
            want = change(self.want)
            if want.dtype.kind == "u":
                return replace(self, want=want)
            scale, norms = change(self.scale), change(np.broadcast_to(self.norms, self.want.shape))
        changes = {"want": want, "scale": scale, "norms": norms, "length": length, "added": added}
        return replace(self, **changes)

    def plus(self, bias: np.ndarray) -> Truth:
        """With a bias added to every output channel."""
        column = bias.reshape(-1, *(1,) * (self.want.ndim - 2))
        clean, finite = cleaned(column)
        wide, size = widened(column), parts_of(np.abs, widened(clean))
        with np.errstate(all="ignore"):
            return replace(
                self,
                want=self.want + wide,
                scale=self.scale + size,
                length=self.length + 1,
                added=self.added + 1,
                finite=self.finite and finite,
            )


def cleaned(array: np.ndarray) -> tuple[np.ndarray, bool]:
    """The array with zeros where it is not finite, and whether there was nothing to replace."""
    if array.dtype.kind in "iu":
        return array, True
    finite = np.isfinite(array)
    if finite.all():
        return array, True
    return np.where(finite, array, array.dtype.type(0)), False


def parts_of(function: Callable[[Any], Any], array: np.ndarray) -> np.ndarray:
    """`function` of the real and the imaginary part."""
    if array.dtype.kind != "c":
        return function(array)
    result = np.empty_like(array)
    result.real, result.imag = function(array.real), function(array.imag)
    return result


def truth_of(problem: Problem, operation: str, first: np.ndarray, second: np.ndarray) -> Truth:
    """The truth of one of the three bilinear operations on plain operands."""
    length = _length(problem, operation)
    want = convolve(problem, operation, widened(first), widened(second))
    if first.dtype.kind in "iu":
        zero = np.zeros(())
        return Truth(want, zero, zero, length, True)
    (a, one), (b, other) = cleaned(first), cleaned(second)
    a, b = widened(a), widened(b)
    scale = _scale(problem, operation, a, b)
    norms = _norms(problem, operation, a, b)
    largest = max(np.abs(array).max(initial=0) for array in (a, b))
    reach = max(np.sqrt((np.abs(array) ** 2).sum()) for array in (a, b))
    return Truth(want, scale, norms, length, one and other, largest, reach)


def _length(p: Problem, operation: str) -> int:
    taps = prod(axis.taps for axis in p.axes)
    if operation == "grad_weight":
        return p.batch * prod(axis.outputs for axis in p.axes)
    return taps * (p.inputs if operation == "forward" else p.outputs)


def _scale(p: Problem, operation: str, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    a, b = parts_of(np.abs, a), parts_of(np.abs, b)
    if a.dtype.kind != "c":
        return convolve(p, operation, a, b)
    scale = convolve(p, operation, a, b)  # its imaginary part is |a'||b"| + |a"||b'|
    scale.real = convolve(p, operation, a, b.conj()).real
    return scale


# How each operand is grouped, which axes are summed over, and how the two roots are multiplied.
_NORMS = {
    "forward": ("ng", "gk", "ng,gk->ngk"),
    "grad_input": ("ng", "gc", "ng,gc->ngc"),
    "grad_weight": ("gk", "gc", "gk,gc->gkc"),
}


def _norms(p: Problem, operation: str, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    left, right, outer = _NORMS[operation]
    weight = None if operation == "grad_weight" else "gkc"
    roots = [_root(p, a, "ng" + ("c" if operation == "forward" else "k"), left)]
    roots.append(_root(p, b, weight or "ngc", right))
    norms = np.einsum(outer, *roots)
    if operation == "grad_weight":
        return norms.reshape(p.groups * p.outputs, p.inputs, *(1,) * p.rank)
    return norms.reshape(p.batch, prod(norms.shape[1:]), *(1,) * p.rank)


def _root(p: Problem, array: np.ndarray, axes: str, kept: str) -> np.ndarray:
    """Root of the sum of squares over all but the axes that are kept."""
    sizes = {"n": p.batch, "g": p.groups, "k": p.outputs, "c": p.inputs}
    shape = [sizes[axis] for axis in axes]
    positions = prod(array.shape[2:])
    squares = np.abs(array.reshape(*shape, positions)) ** 2
    return np.sqrt(np.einsum(f"{axes}z->{kept}", squares))


def folded(truth: Truth, problem: Problem, modes: Sequence[str]) -> Truth:
    """The truth of the gradient with respect to what a border has extended."""
    added = prod(1 + max(0, axis.before) + max(0, axis.after) for axis in problem.axes) - 1
    return truth.mapped(lambda array: fold(problem, modes, array), min(added, 10**6))


def bias_truth(grad_output: np.ndarray) -> Truth:
    """The truth of the gradient with respect to the bias."""
    axes = (0, *range(2, grad_output.ndim))
    clean, finite = cleaned(grad_output)
    with np.errstate(all="ignore"):
        want = widened(grad_output).sum(axis=axes)
        scale = parts_of(np.abs, widened(clean)).sum(axis=axes)
    length = grad_output.size // max(1, grad_output.shape[1])
    return Truth(want, scale, np.abs(scale), length, finite, added=length)
