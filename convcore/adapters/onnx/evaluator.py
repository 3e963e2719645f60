"""`Evaluator`: ONNX's reference evaluator with our operators, and with a short memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from onnx.reference import ReferenceEvaluator

from .convolutions import Conv, ConvTranspose
from .normalization import BatchNormalization
from .pools import AveragePool, GlobalAveragePool, GlobalMaxPool, MaxPool
from .quantized import ConvInteger, QLinearConv, Quantised
from .resize import Resize

OPS = [
    Conv,
    ConvTranspose,
    ConvInteger,
    QLinearConv,
    AveragePool,
    MaxPool,
    GlobalAveragePool,
    GlobalMaxPool,
    Resize,
    BatchNormalization,
]
# Called with each node that has run, and the seconds that it took.
Watch = Callable[[Any, float], object]


class Evaluator(ReferenceEvaluator):  # type: ignore[misc]
    """Runs an ONNX model on the CPU: convolutions and pools are ours, the rest is NumPy's.

    Unlike with ``ReferenceEvaluator(model, new_ops=OPS)``, functions of the model and the bodies
    of its loops have our operators too, weights that are constants are prepared once for the shape
    of input that they last met, and an intermediate result is let go when nothing reads it any
    more.

    Parameters
    ----------
    model : ModelProto, str or bytes
        The model, its path or its serialised form; and what else `ReferenceEvaluator` takes.
    new_ops : sequence of OpRun classes, optional
        Operators that come before ours.
    **others
        As in `onnx.reference.ReferenceEvaluator`.
    """

    def __init__(self, model: Any, *args: Any, new_ops: Any = None, **others: Any) -> None:
        super().__init__(model, *args, new_ops=[*(new_ops or ()), *OPS], **others)
        self._keep_constants()
        self._readers = _last_readers(self.rt_nodes_)
        self._prepare_weights()

    def _keep_constants(self) -> None:
        """Take the values of Constant nodes among the initialisers, once for all."""
        rest = []
        for node in self.rt_nodes_:
            if node.op_type == "Constant" and not node.has_linked_attribute:
                self.rt_inits_.update(zip(node.output, node.run(), strict=True))
            else:
                rest.append(node)
        self.rt_nodes_: list[Any] = rest

    def _prepare_weights(self) -> None:
        """Tell nodes of weights that are constants."""
        constants: dict[str, Any] = {"": None, **self.rt_inits_}
        for node in self.rt_nodes_:
            if isinstance(node, Conv | ConvTranspose | Quantised):
                names = [node.input[place] for place in node.WEIGHT if place < len(node.input)]
                if all(name in constants for name in names):
                    node.prepare(*(constants[name] for name in names))

    @property
    def required_inputs(self) -> list[str]:
        """Names of the inputs for which no initialiser stands."""
        return [name for name in self.input_names if name not in self.rt_inits_]

    def run(
        self,
        output_names: Sequence[str] | None,
        feed_inputs: Mapping[str, Any],
        attributes: Mapping[str, Any] | None = None,
        intermediate: bool = False,
        *args: Any,
        watch: Watch | None = None,
        **others: Any,
    ) -> Any:
        """Run the model.

        Parameters
        ----------
        output_names : sequence of str or None
            What is asked for; None is every output.
        feed_inputs : mapping of str to ndarray
            The inputs by their names.
        attributes, intermediate, *args, **others
            As in `onnx.reference.ReferenceEvaluator.run`, which runs the model where intermediate
            results are asked for or shapes are to be checked.
        watch : callable (node, seconds), optional
            Called after every node.

        Returns
        -------
        list of ndarray
            The outputs that are asked for.
        """
        checked = self.check_shape_annotations_ or any(args) or any(others.values())
        if intermediate or checked or self.verbose:
            return super().run(output_names, feed_inputs, attributes, intermediate, *args, **others)
        values = {"": None, **self.rt_inits_, **feed_inputs}
        wanted = list(output_names or self.output_names)
        with np.errstate(all="ignore"):  # what overflows inside a network is the network's affair
            for place, node in enumerate(self.rt_nodes_):
                began = time.perf_counter()
                self._step(node, values, attributes)
                for name in self._readers.get(place, ()):
                    if name not in wanted:
                        values.pop(name, None)
                if watch is not None:
                    watch(node, time.perf_counter() - began)
        return [_found(name, values) for name in wanted]

    def _step(self, node: Any, values: dict[str, Any], attributes: Any) -> None:
        """Run one node, and enter what it puts out."""
        others: dict[str, Any] = {}
        if node.has_linked_attribute and attributes:
            others["linked_attributes"] = attributes
        if node.need_context():
            others["context"] = values
        outputs = node.run(*(_found(name, values) for name in node.input), **others)
        values.update(zip(node.output, outputs, strict=False))


def _last_readers(nodes: Iterable[Any]) -> dict[int, list[str]]:
    """For the place of a node the names that no later node reads.

    A node with a body may read any name there is: where there is one, everything is kept.
    """
    last: dict[str, int] = {}
    for place, node in enumerate(nodes):
        if node.need_context():
            return {}
        last |= dict.fromkeys([*node.input, *node.output], place)
    found: dict[int, list[str]] = {}
    for name, place in last.items():
        if name:
            found.setdefault(place, []).append(name)
    return found


def _found(name: str, values: Mapping[str, Any]) -> Any:
    if name not in values:
        raise RuntimeError(
            f"{name}: must be an input, a constant or put out by an earlier node; got none of them"
        )
    return values[name]
