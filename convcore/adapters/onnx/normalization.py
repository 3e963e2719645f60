"""BatchNormalization at inference: one factor and one summand for each channel.

The reference evaluator takes the momentum of a model of opset 9 to 13 for a wish to train, and
normalises by the statistics of the input, which no other runtime does.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx.reference import ReferenceEvaluator
from onnx.reference.op_run import OpRun
from onnx.reference.ops import load_op

from ...typing import Array


class BatchNormalization(OpRun):  # type: ignore[misc]
    """ONNX's BatchNormalization; where it trains, and before opset 9, it is the reference's."""

    def _run(
        self, x: Array, scale: Array, bias: Array, mean: Array, variance: Array, **attributes: Any
    ) -> Any:
        version = self.run_params["opsets"][""]
        if len(self.output) > 1 or attributes.get("training_mode") or version < 9:
            reference = load_op("", self.op_type, version, evaluator_cls=ReferenceEvaluator)
            return reference(self.onnx_node, self.run_params).run(x, scale, bias, mean, variance)
        factor = scale / np.sqrt(variance + attributes["epsilon"])
        channels = (-1, *(1,) * (x.ndim - 2))
        y = x * factor.astype(x.dtype).reshape(channels)
        y += (bias - mean * factor).astype(x.dtype).reshape(channels)
        return (y,)
