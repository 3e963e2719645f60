"""OpenVINO on the CPU."""

from __future__ import annotations

import importlib
import sys
from typing import Any

from ...plugin import Array, Geometry, Operation
from .interface import Call, Peer, unless_inference


class OpenVino(Peer):
    """A compiled model with one convolution whose weight is a constant.

    What it does once for a constant weight is outside the timing. Input and result share memory
    with the arrays, which is not its default; both are in its favour. Its threads are not pinned
    to processors, because the other contenders run in the same process.
    """

    name = module = "openvino"
    dtypes = ("float32",)

    def __init__(self, threads: int) -> None:
        # Its tools would report their import over the network, from a fork of this process.
        sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
        super().__init__(threads)
        self._operators: Any = importlib.import_module("openvino.opset8")

    def refusal(self, geometry: Geometry, operation: Operation) -> str | None:
        """It only infers, with spatial ranks 1 to 3."""
        if geometry.spatial_rank > 3:
            return f"spatial rank {geometry.spatial_rank} is not in 1 to 3"
        return unless_inference(geometry, operation)

    def prepare(
        self, geometry: Geometry, operation: Operation, first: Array, second: Array
    ) -> Call:
        """The model is compiled once."""
        settings = {
            "INFERENCE_NUM_THREADS": self.threads,
            "INFERENCE_PRECISION_HINT": "f32",
            "PERFORMANCE_HINT": "LATENCY",
            "ENABLE_CPU_PINNING": False,
        }
        model = self._model(geometry, second)
        request = self.library.Core().compile_model(model, "CPU", settings).create_infer_request()
        return lambda: request.infer([first], share_inputs=True, share_outputs=True)[0]

    def _model(self, geometry: Geometry, weight: Array) -> Any:
        p, operators = geometry, self._operators
        before, after = zip(*p.padding, strict=True)
        options = [list(entries) for entries in (p.stride, before, after, p.dilation)]
        source = operators.parameter(list(p.input_shape), weight.dtype)
        if p.groups == 1:
            result = operators.convolution(source, operators.constant(weight), *options)
        else:
            grouped = weight.reshape(p.groups, -1, *weight.shape[1:])
            result = operators.group_convolution(source, operators.constant(grouped), *options)
        return self.library.Model([result], [source], "convolution")
