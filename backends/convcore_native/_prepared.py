"""What the native backends share that transform their weight: once for many calls, if asked to."""

from __future__ import annotations

from dataclasses import dataclass

from convcore.plugin import OPERATIONS, Array, Operation

from ._estimate import EstimatingConvolution

FORWARD, GRAD_INPUT = 0, 1


@dataclass(frozen=True, eq=False)
class TransformedWeight:
    """What `prepare` makes of a weight: an opaque array."""

    values: Array


class TransformingConvolution(EstimatingConvolution):
    """A native backend whose plan can prepare the weight."""

    def _prepare(self, weight: Array, operation: Operation) -> Array | TransformedWeight:
        values = self._native.prepare(OPERATIONS.index(operation), weight)
        return weight if values is None else TransformedWeight(values)

    def _forward(self, input: Array, weight: Array | TransformedWeight, output: Array) -> None:
        self._with_weight(FORWARD, input, weight, output)

    def _grad_input(
        self, grad_output: Array, weight: Array | TransformedWeight, grad_input: Array
    ) -> None:
        self._with_weight(GRAD_INPUT, grad_output, weight, grad_input)

    def _with_weight(
        self, operation: int, first: Array, weight: Array | TransformedWeight, result: Array
    ) -> None:
        if isinstance(weight, TransformedWeight):
            self._native.run_prepared(operation, first, weight.values, result)
        else:
            self._native.run(operation, first, weight, result)
