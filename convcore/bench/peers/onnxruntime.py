"""ONNX Runtime on the CPU; the package onnx builds the model."""

from __future__ import annotations

import importlib
from typing import Any

from ...plugin import Array, Geometry, Operation
from .interface import Call, Peer, unless_inference

# Old enough for every release that runs on the Pythons of this project.
_OPSET, _IR_VERSION = 13, 8


class OnnxRuntime(Peer):
    """A session with one Conv node whose weight is a constant of the model, as in deployed models.

    What it can do once for a constant weight is therefore outside the timing, in its favour.
    """

    name = module = "onnxruntime"

    def __init__(self, threads: int) -> None:
        super().__init__(threads)
        self.onnx: Any = importlib.import_module("onnx")

    def refusal(self, geometry: Geometry, operation: Operation) -> str | None:
        """It only infers, and pads with what is not negative."""
        return unless_inference(geometry, operation)

    def prepare(
        self, geometry: Geometry, operation: Operation, first: Array, second: Array
    ) -> Call:
        """The session is made once."""
        options = self.library.SessionOptions()
        options.intra_op_num_threads = self.threads
        session = self.library.InferenceSession(
            self._model(geometry, second), options, providers=["CPUExecutionProvider"]
        )
        return lambda: session.run(None, {"input": first})[0]

    def _model(self, geometry: Geometry, weight: Array) -> bytes:
        helper, dtype = self.onnx.helper, self.onnx.helper.np_dtype_to_tensor_dtype(weight.dtype)
        node = helper.make_node(
            "Conv",
            ["input", "weight"],
            ["output"],
            strides=geometry.stride,
            dilations=geometry.dilation,
            group=geometry.groups,
            pads=[pair[side] for side in (0, 1) for pair in geometry.padding],
        )
        graph = helper.make_graph(
            [node],
            "convolution",
            [helper.make_tensor_value_info("input", dtype, geometry.input_shape)],
            [helper.make_tensor_value_info("output", dtype, geometry.output_shape)],
            [self.onnx.numpy_helper.from_array(weight, "weight")],
        )
        opset = helper.make_opsetid("", _OPSET)
        model = helper.make_model(graph, opset_imports=[opset], ir_version=_IR_VERSION)
        return bytes(model.SerializeToString())
