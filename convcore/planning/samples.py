"""Sample by sample: a sample has the same bits alone, in any batch and at any place in it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from math import prod
from typing import Any

from .. import settings
from ..contract import (
    FLOAT_NAMES,
    INTEGER_NAMES,
    Array,
    Convolution,
    Declaration,
    PreparedWeight,
    Weight,
    WeightOperation,
)
from ..errors import UnsupportedError
from ..problem import Operation
from .candidate import takes_batches
from .question import Question
from .repair import repair_samples, repairing
from .selection import choose


def chosen_plan(question: Question, spec: settings.BackendSpec) -> Convolution:
    """The plan that runs what is asked; one that was chosen automatically repairs its results."""
    if spec is None:
        _look_up(deciding(question))
    if question.options.deterministic == "batch":
        return _batch_invariant(question, spec)
    plan = choose(question, spec)
    return repairing(plan) if spec is None else plan


def _look_up(question: Question) -> None:
    """Note what is asked, and have it measured, where somebody wants that."""
    if (path := settings.environment().record) is not None:
        from .recording import note  # imported where somebody records

        note(question, path)
    if question.options.planning == "measure":
        from .measurement import measured  # imported where somebody measures

        measured(question)


def deciding(question: Question) -> Question:
    """The question that decides who runs: where a batch must not change a bit, of one sample."""
    if question.options.deterministic != "batch":
        return question
    return question._replace(geometry=replace(question.geometry, batch=1))


def way(plan: Convolution, question: Question) -> str:
    """How a plan of a single sample goes about a batch that must not change a bit, for tables."""
    if question.options.deterministic != "batch" or question.geometry.batch == 1:
        return ""
    return "as in any batch: " if takes_batches(plan.declaration) else "sample by sample: "


def _batch_invariant(question: Question, spec: settings.BackendSpec) -> Convolution:
    """What is chosen for a single sample, run on each of them unless it takes them all alike."""
    single = choose(deciding(question), spec)
    if question.geometry.batch > 1 and takes_batches(single.declaration):
        with suppress(UnsupportedError):  # all of them may need more workspace than there is
            whole = choose(question, (type(single),))
            whole._factory = single._factory
            return repairing(whole, repair_samples) if spec is None else whole
    single = repairing(single) if spec is None else single
    return single if question.geometry.batch == 1 else SamplewiseConvolution(question, spec, single)


class SamplewiseConvolution(Convolution):
    """Runs the plan of a single sample on each sample of a batch.

    The weight is prepared once; gradients with respect to it are added in the order of the samples.

    Parameters
    ----------
    question : Question
        The problem and its options.
    spec : str, Convolution subclass, tuple of those, or None
        The backends that are asked for.
    single : Convolution
        The plan of one sample.
    """

    # That of the single sample's backend, which has refused already what it cannot do.
    declaration = Declaration(dtypes=FLOAT_NAMES + INTEGER_NAMES)

    def __init__(self, question: Question, spec: settings.BackendSpec, single: Convolution) -> None:
        self.name, self.declaration = single.name, single.declaration  # type: ignore[misc]
        super().__init__(
            question.geometry,
            question.dtype,
            threads=single.threads,
            max_workspace=single.max_workspace,
        )
        self._question, self._spec, self._single = question, spec, single

    def __reduce__(self) -> tuple[Any, ...]:
        return chosen_plan, (self._question, self._spec)

    def workspace_bytes(self, operation: Operation) -> int:
        """The workspace of one sample's plan, and the gradient of one sample."""
        summed = prod(self.geometry.weight_shape) if operation == "grad_weight" else 0
        return self._single.workspace_bytes(operation) + summed * self.dtype.itemsize

    def describe(self, operation: Operation) -> str:
        """How one sample is carried out."""
        return f"sample by sample: {self._single.describe(operation)}"

    def _prepare(self, weight: Array, operation: WeightOperation) -> PreparedWeight:
        return self._single.prepare(weight, operation=operation)

    def _prepared(self, weight: Weight, operation: WeightOperation) -> PreparedWeight:
        """What stands for the weight in the plan of one sample."""
        if isinstance(weight, PreparedWeight):
            return weight
        return self._prepare(weight, operation)

    def _forward(self, input: Array, weight: Weight, output: Array) -> None:
        prepared = self._prepared(weight, "forward")
        for n in range(self.geometry.batch):
            self._single.forward(input[n : n + 1], prepared, out=output[n : n + 1])

    def _grad_input(self, grad_output: Array, weight: Weight, grad_input: Array) -> None:
        prepared = self._prepared(weight, "grad_input")
        for n in range(self.geometry.batch):
            self._single.grad_input(grad_output[n : n + 1], prepared, out=grad_input[n : n + 1])

    def _grad_weight(self, grad_output: Array, input: Array, grad_weight: Array) -> None:
        self._single.grad_weight(grad_output[:1], input[:1], out=grad_weight)
        for n in range(1, self.geometry.batch):
            grad_weight += self._single.grad_weight(grad_output[n : n + 1], input[n : n + 1])
