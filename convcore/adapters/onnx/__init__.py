"""ONNX models on our convolutions: operators for ONNX's reference evaluator, and an evaluator.

    from convcore.adapters.onnx import Evaluator
    outputs = Evaluator("model.onnx").run(None, {"x": x})

attributes      ONNX's attributes as the arguments of `convcore.conv`
convolutions    Conv, ConvTranspose
quantized       ConvInteger, QLinearConv, by exact sums
pools           AveragePool, MaxPool, and the global ones
resize          Resize to the nearest element
normalization   BatchNormalization at inference
evaluator       runs a model, and forgets what nobody reads any more

Operators that stand in for those of `onnx.reference` leave to them what they do not translate.
"""

try:
    import onnx.reference as _reference  # noqa: F401
except ImportError:
    raise ImportError(
        "convcore.adapters.onnx: needs onnx, and there is none; install it with: "
        'pip install "convcore[onnx]"'
    ) from None

from .convolutions import Conv, ConvTranspose
from .evaluator import OPS, Evaluator
from .normalization import BatchNormalization
from .pools import AveragePool, GlobalAveragePool, GlobalMaxPool, MaxPool
from .quantized import ConvInteger, QLinearConv
from .resize import Resize

__all__ = [
    "OPS",
    "AveragePool",
    "BatchNormalization",
    "Conv",
    "ConvInteger",
    "ConvTranspose",
    "Evaluator",
    "GlobalAveragePool",
    "GlobalMaxPool",
    "MaxPool",
    "QLinearConv",
    "Resize",
]
