"""One problem with its operands, drawn from a seed, and the truth about it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache, cached_property
from random import Random
from typing import Any
from unittest.mock import patch

import numpy as np

import convcore
from convcore.functional import halos

from . import oracle, truths
from .problems import draw_problem
from .truths import Truth
from .values import draw_array, draw_dtype, draw_kinds, sprinkle

MODES = ("constant", "reflect", "symmetric", "replicate", "circular")


# How often the automatic choice is made to take an algorithm whose results may need repair: left
# alone it does so for problems that are larger than those here.
FAVOURED = 0.4


@cache
def spreading() -> tuple[str, ...]:
    """Backends that may be chosen, and let NaN spread when they are left alone."""
    declared = {r.name: r.declaration for r in convcore.backends() if r.state == "available"}
    chosen = (n for n, d in declared.items() if d.automatic and d.nonfinite == "spreads")
    return tuple(sorted(chosen))


class Trial:
    """A problem and operands for it, drawn from a seed and a number, and the truth about it.

    Parameters
    ----------
    seed, index : int
        The same two draw the same.
    backends : tuple of str
        Those that are asked for by name.
    """

    def __init__(self, seed: int, index: int, backends: tuple[str, ...]) -> None:
        self.backends = backends
        self.r = r = Random(f"{seed}/{index}")
        self.favoured = r.choice(spreading()) if spreading() and r.random() < FAVOURED else None
        self.rng = np.random.Generator(np.random.PCG64(r.getrandbits(60)))
        self.problem = p = draw_problem(r)
        self.dtype = draw_dtype(r)
        self.kinds = draw_kinds(r, self.dtype)
        self.modes = tuple(r.choice(MODES) for _ in p.axes)
        self.mode = r.choice((*self.modes, "zeros", "zeros", "zeros"))
        if self.mode != "zeros" and r.random() < 0.5:
            self.mode = self.modes
        else:
            self.modes = (self.mode,) * len(p.axes)
        # Of inputs whose halos are computed on their own, which is as right for small ones.
        self.least_elements = r.choice((0, 1 << 20))
        self.flip = r.random() < 0.2
        hostile = self.dtype.kind not in "iu" and r.random() < 0.15
        self.sprinkled = r.choice(("x", "w", "g", "b", "xw", "xg")) if hostile else ""
        self.value = self._padding_value()
        self.x = self.array("x", p.input_shape, 0)
        self.w = self.array("w", p.weight_shape, 1)
        self._known: dict[Any, Truth] = {}

    @cached_property
    def g(self) -> np.ndarray:
        """A gradient with respect to the output."""
        return self.array("g", self.problem.output_shape, self.r.randrange(2))

    @cached_property
    def b(self) -> np.ndarray:
        """A bias."""
        return self.array("b", self.problem.weight_shape[:1], self.r.randrange(2))

    def array(self, name: str, shape: tuple[int, ...], place: int) -> np.ndarray:
        """An operand of the kind that is due."""
        kind = self.kinds[place]
        array = draw_array(self.r, self.rng, shape, self.dtype, kind)
        if name in self.sprinkled:
            sprinkle(self.r, array)
        return array

    def _padding_value(self) -> Any:
        if "constant" not in self.modes:
            return 0
        if self.dtype.kind == "u":
            return self.r.choice((0, 1, 100))
        return self.r.choice((0, 1, -2)) if self.dtype.kind == "i" else self.r.choice((0, 1.5, -2))

    @property
    def valid(self) -> bool:
        """Whether there is such a convolution; a border has to have something to copy."""
        if not self.problem.valid:
            return False
        return all(
            mode in ("zeros", "constant")
            or axis.extent > max(0, -axis.before) + max(0, -axis.after)
            or max(axis.before, axis.after) <= 0
            for axis, mode in zip(self.problem.axes, self.modes, strict=True)
        )

    @cached_property
    def extended(self) -> np.ndarray:
        """The input with its border, where that is not made of zeros."""
        return oracle.extend(self.problem, self.modes, self.x, self.value)

    def truth(self, operation: str, *, plain: bool = False) -> Truth:
        """The truth of `conv` or a gradient; `plain` is what a plan gives: no border, no flip."""
        key = operation, plain
        if key not in self._known:
            self._known[key] = self._plain(operation) if plain else self._truth(operation)
        return self._known[key]

    def _plain(self, operation: str) -> Truth:
        first = self.x if operation == "forward" else self.g
        second = self.x if operation == "grad_weight" else self.w
        return truths.truth_of(self.problem, operation, first, second)

    def _truth(self, operation: str) -> Truth:
        border = self.mode != "zeros"
        if operation == "bias":
            return truths.bias_truth(self.g)
        problem = self.problem.extended() if border else self.problem
        x, w = self.extended if border else self.x, self.flipped(self.w)
        if operation == "forward":
            return truths.truth_of(problem, operation, x, w)
        if operation == "grad_weight":
            return truths.truth_of(problem, operation, self.g, x.conj()).mapped(self.flipped)
        truth = truths.truth_of(problem, operation, self.g, w.conj())
        return truths.folded(truth, self.problem, self.modes) if border else truth

    def flipped(self, weight: np.ndarray) -> np.ndarray:
        """A weight as the trial's `flip` has it; anything that broadcasts to one likewise."""
        return np.flip(weight, tuple(range(2, weight.ndim))) if self.flip else weight

    @contextmanager
    def favouring(self) -> Iterator[None]:
        """Inside, the favoured backend expects to take no time, and halos may be for all inputs."""
        with ExitStack() as patches:
            least = patch.object(halos, "LEAST_ELEMENTS", self.least_elements)
            patches.enter_context(least)
            if self.favoured is not None:
                backend = convcore.get_backend(self.favoured)
                at_once = classmethod(lambda *problem, **options: 0.0)
                patches.enter_context(patch.object(backend, "estimate", at_once))
            yield

    def __str__(self) -> str:
        p = self.problem
        given = f"padding_mode={self.mode!r}, padding_value={self.value}, flip={self.flip}"
        favoured = f", {self.favoured} favoured" if self.favoured else ""
        return (
            f"{p.input_shape} with {p.weight_shape}, {self.dtype}, {p.steps}, {given}, values "
            f"{self.kinds}{', not finite in ' + self.sprinkled if self.sprinkled else ''}{favoured}"
        )
