"""PP-OCR's text detection: our evaluator beside onnxruntime and ONNX's own, in one run."""

from __future__ import annotations

import importlib.util
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from onnx.reference import ReferenceEvaluator

from convcore.adapters.onnx import Evaluator

ROUNDS = 15
# Times of onnxruntime's that ours may take, and how many of ours the reference takes at least.
SLOWER, FASTER = 2.5, 30


def model() -> str:
    """The model as rapidocr-onnxruntime ships it, which is not imported."""
    package = importlib.util.find_spec("rapidocr_onnxruntime")
    assert package
    assert package.origin
    return str(Path(package.origin).parent / "models" / "ch_PP-OCRv4_det_infer.onnx")


def seconds(run: Callable[..., Any], feeds: dict[str, Any]) -> float:
    """What one call takes."""
    began = time.perf_counter()
    run(None, feeds)
    return time.perf_counter() - began


def main() -> int:
    """0 where ours is as fast as it should be."""
    options = onnxruntime.SessionOptions()
    # Its idle threads would spin on the processors that ours are to use in their turn.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(model(), options)
    ours, reference = Evaluator(model()), ReferenceEvaluator(model())
    draw = np.random.default_rng(0).standard_normal
    large, small = ({"x": draw((1, 3, n, n)).astype("float32")} for n in (640, 160))
    turns = [(seconds(ours.run, large), seconds(session.run, large)) for _ in range(ROUNDS)]
    best, peer = (min(times) for times in zip(*turns, strict=True))
    seconds(ours.run, small)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the reference's sigmoid overflows
        gain = seconds(reference.run, small) / seconds(ours.run, small)
    print(f"640 x 640: {best / peer:.2f} of onnxruntime; 160 x 160: the reference takes {gain:.0f}")
    return int(best / peer > SLOWER or gain < FASTER)


if __name__ == "__main__":
    sys.exit(main())
