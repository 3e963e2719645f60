"""Conv and ConvTranspose; a weight that is a constant of the model is prepared once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from onnx.reference.ops.op_conv import Conv as ReferenceConv
from onnx.reference.ops.op_conv_transpose import ConvTranspose as ReferenceConvTranspose

from ... import registry, settings
from ...functional import conv, conv_transpose, plan
from ...problem import transposed_geometry
from ...typing import Array
from .attributes import steps

TAKEN = ("float16", "float32", "float64")


class Prepared:
    """The plan of one shape of inputs with its weight prepared: the last one that was used.

    Parameters
    ----------
    weight : ndarray
        The constant; it must stay as it is.
    """

    def __init__(self, weight: Array) -> None:
        self.weight = weight
        self._kept: tuple[Any, Any, Any] = (None, None, None)

    def take(self, shape: tuple[int, ...], make: Callable[[], Any], operation: Any) -> Any:
        """The plan that `make` makes, and what its `operation` takes as the weight."""
        state = settings.context(), settings.default_key(), registry.generation()
        key, kept = (shape, *state), self._kept
        if kept[0] != key:
            made = make()
            kept = self._kept = (key, made, made.prepare(self.weight, operation=operation))
        return kept[1:]


def convolved(
    input: Array, weight: Array, prepared: Prepared | None, backend: Any = None, **keywords: Any
) -> Array:
    """`convcore.conv`, with what is prepared of the weight where it is."""
    if prepared is None:
        return conv(input, weight, backend=backend, **keywords)
    form = {"dtype": weight.dtype, "operation": "forward", "backend": backend}
    make = partial(plan, input.shape, weight.shape, **form, **keywords)
    planned, ready = prepared.take(input.shape, make, "forward")
    result: Array = planned.forward(input, ready)
    return result


class Conv(ReferenceConv):  # type: ignore[misc]
    """ONNX's Conv by `convcore.conv`."""

    # The inputs that the weight is made from.
    WEIGHT = (1,)
    prepared: Prepared | None = None

    def prepare(self, weight: Array) -> None:
        """Make the weight ready, which must stay as it is."""
        self.prepared = Prepared(weight)

    def _run(
        self, input: Array, weight: Array, bias: Array | None = None, **attributes: Any
    ) -> Any:
        if not _taken(input):
            return super()._run(input, weight, bias, **attributes)
        keywords = steps(attributes, input.ndim - 2)
        prepared = _prepared_of(self, weight)
        return (_biased(convolved(input, weight, prepared, **keywords), bias),)


class ConvTranspose(ReferenceConvTranspose):  # type: ignore[misc]
    """ONNX's ConvTranspose by `convcore.conv_transpose`."""

    WEIGHT = (1,)
    prepared: Prepared | None = None
    prepare = Conv.prepare

    def _run(
        self, input: Array, weight: Array, bias: Array | None = None, **attributes: Any
    ) -> Any:
        if not _taken(input):
            return super()._run(input, weight, bias, **attributes)
        keywords = steps(attributes, input.ndim - 2) | _ends(attributes)
        prepared = _prepared_of(self, weight)
        if prepared is None:
            return (conv_transpose(input, weight, bias, **keywords),)

        def make() -> Any:
            geometry = transposed_geometry(input.shape, weight.shape, **keywords)
            return plan(
                geometry.input_shape,
                weight.shape,
                dtype=weight.dtype,
                operation="grad_input",
                stride=geometry.stride,
                padding=geometry.padding,
                dilation=geometry.dilation,
                groups=geometry.groups,
            )

        planned, ready = prepared.take(input.shape, make, "grad_input")
        return (_biased(planned.grad_input(input, ready), bias),)


def _ends(attributes: dict[str, Any]) -> dict[str, Any]:
    """What says where the result of a transposed convolution ends; output_shape outdoes pads."""
    output_padding = attributes["output_padding"]
    found: dict[str, Any] = {"output_padding": tuple(output_padding) if output_padding else 0}
    if attributes["output_shape"]:
        found["output_shape"] = tuple(attributes["output_shape"])
        found["padding"] = "same" if attributes["auto_pad"] == "SAME_UPPER" else 0
    return found


def _prepared_of(node: Conv | ConvTranspose, weight: Array) -> Prepared | None:
    """What the node has prepared, unless it is of another weight."""
    kept = node.prepared
    return kept if kept is not None and kept.weight is weight else None


def _taken(x: Array) -> bool:
    return x.ndim > 2 and x.dtype.name in TAKEN


def _biased(output: Array, bias: Array | None) -> Array:
    if bias is not None:
        output += bias.reshape(-1, *(1,) * (output.ndim - 2))
    return output
