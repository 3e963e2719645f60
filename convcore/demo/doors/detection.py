"""PP-OCR's network that finds text, on a photograph with text drawn over it."""

from __future__ import annotations

import importlib.util
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from onnx.reference import ReferenceEvaluator
from scipy import ndimage

from ...adapters.onnx import BatchNormalization, Evaluator
from ...plugin import Array
from ..problems import photographs
from .pictures import Box, draw_boxes, written
from .turns import Outcome, compared

LINES = ("Convolution", "for NumPy arrays", "in 1, 2 or 3 dimensions")
# Of the page: multiples of 32, since the network halves its maps five times.
HEIGHT, WIDTH = 256, 448
# Mean and standard deviation of the channels that it was trained on: blue, green, red.
_MEAN, _DEVIATION = np.array([[0.406, 0.456, 0.485], [0.225, 0.224, 0.229]]).reshape(2, 3, 1, 1)
# What counts as text, and how far it goes beyond that, in shares of a line's height.
_TEXT, _BEYOND = 0.3, 0.6
# Pixels below which what was found is a speck, as a roof has many.
_SPECK = 300
_ALLOWED = 1e-3


def run(path: Path) -> list[Outcome]:
    """Find the text, by theirs and by ours, and draw boxes around it."""
    picture = page()
    feeds = {"x": prepared(picture)}
    ours = partial(_probabilities, Evaluator(model()), feeds)
    outcomes = []
    for name, runner in runners().items():
        theirs = partial(_probabilities, runner, feeds)
        outcome, found = compared(f"PP-OCR's detection, {name}", theirs, ours, allowed=_ALLOWED)
        outcomes.append(outcome)
    draw_boxes(path, picture, found, boxes(found))
    return outcomes


def model() -> str:
    """The model as rapidocr-onnxruntime ships it, which is not imported."""
    package = importlib.util.find_spec("rapidocr_onnxruntime")
    assert package is not None
    assert package.origin is not None
    return str(Path(package.origin).parent / "models" / "ch_PP-OCRv4_det_infer.onnx")


def runners() -> dict[str, Any]:
    """Who else can run the model."""
    # ONNX's evaluator as it is normalises by the statistics of the picture, as in training.
    mended = ReferenceEvaluator(model(), new_ops=[BatchNormalization])
    found: dict[str, Any] = {"onnx.reference": mended}
    if importlib.util.find_spec("onnxruntime") is not None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        # Its idle threads would spin on the processors that ours are to use in their turn.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        found["onnxruntime"] = onnxruntime.InferenceSession(model(), options)
    return found


def page() -> Array:
    """A photograph with lines of text over it: shape (H, W, 3), values from 0 to 1."""
    return written(photographs()[0].transpose(1, 2, 0)[:HEIGHT, :WIDTH], LINES)


def prepared(picture: Array) -> Array:
    """The picture as the network takes it: shape (1, 3, H, W), blue first, normalised."""
    channels = picture[..., ::-1].transpose(2, 0, 1)[None]
    return np.ascontiguousarray((channels - _MEAN) / _DEVIATION, np.float32)


def _probabilities(runner: Any, feeds: dict[str, Array]) -> Array:
    """Of shape (H, W): how sure the network is of text at each pixel."""
    with np.errstate(all="ignore"):  # the reference's sigmoid overflows
        found: Array = runner.run(None, feeds)[0][0, 0]
    return found


def boxes(probabilities: Array) -> list[Box]:
    """Rows and columns from and to which each line of text reaches."""
    labels, _ = ndimage.label(probabilities > _TEXT)
    found = []
    for place, (rows, columns) in enumerate(ndimage.find_objects(labels), 1):
        if np.count_nonzero(labels[rows, columns] == place) >= _SPECK:
            more = _BEYOND * (rows.stop - rows.start)
            found.append(
                (rows.start - more, rows.stop + more, columns.start - more, columns.stop + more)
            )
    return found
