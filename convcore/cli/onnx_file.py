"""The convolutions of an ONNX file, as questions; its weights are not loaded."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from ..errors import ConvcoreError, GeometryError
from ..planning import Question
from ..problem import Geometry, transposed_geometry

# By name of a tensor: its dtype as ONNX numbers it, and its extents, None where not known.
Shapes: TypeAlias = Mapping[str, tuple[int, tuple[int | None, ...]]]
_AUTO_PAD = {"SAME_UPPER": "same", "SAME_LOWER": "same_lower", "VALID": "valid"}


def onnx_questions(path: Path, batch: int | None) -> Iterator[tuple[str, Question]]:
    """Name and forward question of each Conv and ConvTranspose whose shapes are known.

    Parameters
    ----------
    path : Path
        The file.
    batch : int or None
        Samples; as in the file, or 1 where that leaves it open, by default.

    Raises
    ------
    ConvcoreError
        If onnx is not installed or cannot read the file.
    """
    model = _loaded(path)
    shapes = _shapes(model.graph)
    for number, node in enumerate(model.graph.node):
        if node.op_type in ("Conv", "ConvTranspose"):
            name = node.name or f"{node.op_type} {number}"
            try:
                yield name, _question(node, shapes, batch)
            except ConvcoreError as error:
                warnings.warn(f"{path}: {name} is left out; {error}", RuntimeWarning, stacklevel=2)


def _loaded(path: Path) -> Any:
    try:
        onnx: Any = importlib.import_module("onnx")
    except ImportError:
        raise ConvcoreError(f"{path}: needs onnx to be read; pip install onnx") from None
    try:
        model = onnx.load(str(path), load_external_data=False)
        return onnx.shape_inference.infer_shapes(model)
    except OSError:
        raise
    except Exception as error:  # whatever a damaged file makes of protobuf
        raise ConvcoreError(f"{path}: must be an ONNX file; {error}") from None


def _shapes(graph: Any) -> Shapes:
    found = {tensor.name: (tensor.data_type, tuple(tensor.dims)) for tensor in graph.initializer}
    for value in (*graph.input, *graph.value_info, *graph.output):
        tensor = value.type.tensor_type
        extents = tuple(dim.dim_value or None for dim in tensor.shape.dim)
        found.setdefault(value.name, (tensor.elem_type, extents))
    return found


def _question(node: Any, shapes: Shapes, batch: int | None) -> Question:
    helper: Any = importlib.import_module("onnx.helper")
    attributes = {entry.name: helper.get_attribute_value(entry) for entry in node.attribute}
    (number, x), (_, w) = (shapes.get(name, (0, ())) for name in node.input[:2])
    if batch is None and x[:1] == (None,):
        batch = 1
    x = x if batch is None else (batch, *x[1:])
    if not x or not w or None in (*x, *w):
        raise GeometryError("input: must have a shape that is known; got one that is left open")
    steps = {
        "stride": attributes.get("strides", 1),
        "dilation": attributes.get("dilations", 1),
        "groups": attributes.get("group", 1),
        "padding": _padding(attributes),
    }
    dtype = helper.tensor_dtype_to_np_dtype(number)
    if node.op_type == "Conv":
        return Question.now(Geometry.of(x, w, **steps), dtype, "forward")  # type: ignore[arg-type]
    geometry = transposed_geometry(
        x,  # type: ignore[arg-type]
        w,  # type: ignore[arg-type]
        **steps,
        output_padding=attributes.get("output_padding", 0),
        output_shape=attributes.get("output_shape"),
    )
    return Question.now(geometry, dtype, "grad_input")


def _padding(attributes: Mapping[str, Any]) -> Any:
    named = attributes.get("auto_pad", b"NOTSET").decode()
    if named in _AUTO_PAD:
        return _AUTO_PAD[named]
    pads = attributes.get("pads", ())
    half = len(pads) // 2
    return 0 if not pads else tuple(zip(pads[:half], pads[half:], strict=True))
