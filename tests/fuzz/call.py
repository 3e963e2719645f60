"""One call: who runs, under which options, in which layouts, and what may be refused."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import numpy as np

import convcore
from convcore.plugin import Geometry

from .judge import Promise, fault
from .layouts import guarded, guards_intact, laid_out
from .trial import Trial
from .truths import Truth
from .values import summed


class Finding(Exception):
    """Something is not as it should be."""


class Refused(Exception):
    """A backend asked for by name does not run this; and it need not."""


def promised(declaration: convcore.Declaration, *, named: bool) -> Promise:
    """What a backend promises, asked for by name or chosen."""
    local = not named or declaration.nonfinite == "local"
    return Promise(declaration.numerics, declaration.bound, local)


@dataclass
class Asked:
    """What a plan would be made for: shapes and steps, and the operation."""

    input_shape: tuple[int, ...]
    weight_shape: tuple[int, ...]
    steps: dict[str, Any]
    operation: str

    def geometry(self) -> Geometry:
        """The problem as convcore knows it."""
        return Geometry.of(self.input_shape, self.weight_shape, **self.steps)


@dataclass
class Call:
    """Who runs, under which options, and how operands and results are laid out.

    Attributes
    ----------
    log : list
        Of every call that went well: a function that does it again, and the bytes of its result.
    """

    trial: Trial
    backend: str | None = None
    way: str = "argument"
    options: dict[str, Any] = field(default_factory=dict)
    strict_caller: bool = False
    log: list[tuple[Any, bytes]] = field(default_factory=list)
    made: Any = "no call yet"

    @classmethod
    def draw(cls, trial: Trial) -> Call:
        """A call by name or not, under options or not."""
        r = trial.r
        name = r.choice(trial.backends) if trial.backends and r.random() < 0.5 else None
        way = r.choice(("argument", "argument", "list", "class", "with"))
        return cls(trial, name, way, draw_options(r), r.random() < 0.05)

    def settings(self) -> ExitStack:
        """Everything that is set around the call."""
        stack = ExitStack()
        if self.options:
            stack.enter_context(convcore.options(**self.options))
        if self.backend is not None and self.way == "with":
            stack.enter_context(convcore.use_backend(self.backend))
        if self.strict_caller:
            stack.enter_context(np.errstate(all="raise"))
        return stack

    @property
    def asking(self) -> dict[str, Any]:
        """The argument that names the backend."""
        if self.backend is None or self.way == "with":
            return {}
        ways = {"argument": self.backend, "list": [self.backend]}
        return {"backend": ways.get(self.way) or convcore.get_backend(self.backend)}

    def operand(self, array: np.ndarray) -> np.ndarray:
        """The array in some layout."""
        return laid_out(array, self.trial.r)

    def invoke(self, function: Any, *operands: Any, asked: Asked, **keywords: Any) -> Any:
        """What the function returns; the operands have to stay as they are."""
        arrays = [array for array in operands if isinstance(array, np.ndarray)]
        before = [array.tobytes() for array in arrays]
        self.made = function, arrays, keywords
        try:
            with self.settings():
                result = function(*operands, **keywords)
        except convcore.UnsupportedError as error:
            if self.may_refuse(asked):
                raise Refused from error
            raise
        if [array.tobytes() for array in arrays] != before:
            raise Finding("an operand was written to")
        return result

    def result(
        self, function: Any, *operands: Any, truth: Truth, asked: Asked, **keywords: Any
    ) -> np.ndarray:
        """What a function that returns one array returns, once it is found to be right."""
        r, shape = self.trial.r, truth.want.shape
        out, buffer = guarded(shape, self.trial.dtype, r) if r.random() < 0.2 else (None, None)
        given = keywords if out is None else keywords | {"out": out}
        result = self.invoke(function, *operands, asked=asked, **given)
        if out is not None and (result is not out or not guards_intact(out, buffer)):
            raise Finding("out: is not what was returned, or something beside it was written to")
        for array in operands:
            if isinstance(array, np.ndarray) and np.may_share_memory(result, array):
                raise Finding("the result shares memory with an operand")
        self.check(result, truth, asked)
        self.log.append((self._repeat(function, operands, keywords), result.tobytes()))
        return result

    def _repeat(self, function: Any, operands: Any, keywords: Any) -> Callable[[], Any]:
        """Makes the same call again, whatever becomes of this object."""
        settings = replace(self).settings

        def repeat() -> Any:
            with settings():
                return function(*operands, **keywords)

        return repeat

    def check(self, result: Any, truth: Truth, asked: Asked) -> None:
        """Type, dtype, shape and numbers."""
        if type(result) is not np.ndarray or result.dtype != self.trial.dtype:
            raise Finding(f"the result is {type(result)}, {getattr(result, 'dtype', None)}")
        flags = result.flags
        if result.shape != truth.want.shape or not (flags.carray and result.dtype.isnative):
            raise Finding(f"want shape {truth.want.shape}, plain; got {result.shape}, {flags}")
        promise = Promise()
        if self.backend is not None:
            promise = promised(convcore.get_backend(self.backend).declaration, named=True)
        found = fault(result, truth, promise)
        if found and self.backend is None and not self.exacting:
            found = fault(result, truth, promised(self.chosen(asked), named=False))
        if found:
            raise Finding(found)

    @property
    def exacting(self) -> bool:
        """Whether the automatic choice takes a componentwise bound only."""
        dtype = self.trial.dtype
        return self.options.get("accuracy") == "strict" or summed(dtype) != dtype

    def chosen(self, asked: Asked) -> convcore.Declaration:
        """What the automatic choice takes promises, of numbers of this dtype."""
        with self.settings():
            plan = convcore.plan(
                asked.input_shape,
                asked.weight_shape,
                dtype=self.trial.dtype,
                operation=asked.operation,
                **asked.steps,
            )
        return plan.declaration

    def may_refuse(self, asked: Asked) -> bool:
        """Whether a backend that was asked for by name has a reason."""
        if self.backend is None:
            return False
        if "max_workspace" in self.options:
            return True
        dtype = summed(self.trial.dtype)
        backend = convcore.get_backend(self.backend)
        operations = ("forward", "grad_input", "grad_weight")
        wanted = operations if asked.operation == "all" else (asked.operation,)
        geometry = asked.geometry()
        return any(backend.refusal(geometry, dtype, each) is not None for each in (None, *wanted))

    @property
    def said(self) -> str:
        """The last call, to be read."""
        if isinstance(self.made, str):
            return self.made
        function, arrays, keywords = self.made
        keywords = {k: v.shape if isinstance(v, np.ndarray) else v for k, v in keywords.items()}
        shapes = ", ".join(f"{a.shape}{_layout(a)}" for a in arrays)
        return f"{_name(function)}({shapes}, {keywords}) as {self}"

    def __str__(self) -> str:
        who = f"{self.backend!r} by {self.way}" if self.backend else "the automatic choice"
        under = f" under {self.options}" if self.options else ""
        return who + under + (" with np.errstate(all='raise')" if self.strict_caller else "")


def require_sentence(error: BaseException) -> None:
    """A message is one sentence on one line."""
    text = str(error)
    if not text or "\n" in text or text.endswith(".") or len(text) > 1500:
        raise Finding(f"this is not one sentence: {text!r}") from error


def draw_options(r: Random) -> dict[str, Any]:
    """Options of a `with` block, mostly none."""
    drawn: dict[str, Any] = {"threads": r.choice((1, 1, 1, 2, 3))}
    if r.random() < 0.2:
        drawn["accuracy"] = r.choice(("default", "strict"))
    if r.random() < 0.15:
        drawn["max_workspace"] = r.choice((0, 1, 1000, 30_000, 10**6, 10**9))
    if r.random() < 0.2:
        drawn["deterministic"] = r.choice((True, False, "batch"))
    return drawn


def _name(function: Any) -> str:
    owner = getattr(function, "__self__", None)
    name = getattr(function, "__name__", type(function).__name__)
    return name if owner is None else f"{owner!r}.{name}"


def _layout(array: np.ndarray) -> str:
    if array.flags.carray and array.dtype.isnative:
        return ""
    writeable = "" if array.flags.writeable else ", read-only"
    return f" of {array.dtype.str} with strides {array.strides}{writeable}"
