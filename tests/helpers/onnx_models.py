"""Small ONNX models, and what another runtime makes of them."""

import numpy as np
import onnx
from onnx import helper, numpy_helper

OPSET = 21


def model(nodes, inputs, constants=(), outputs=("y",), functions=(), opset=OPSET):
    """A model of these nodes; `inputs` and `constants` map names to arrays."""
    graph = helper.make_graph(
        nodes,
        "graph",
        [_value(name, array.dtype, array.shape) for name, array in dict(inputs).items()],
        [onnx.ValueInfoProto(name=name) for name in outputs],
        [numpy_helper.from_array(array, name) for name, array in dict(constants).items()],
    )
    domains = {function.domain for function in functions}
    opsets = [helper.make_opsetid("", opset), *(helper.make_opsetid(d, 1) for d in domains)]
    return helper.make_model(graph, opset_imports=opsets, functions=functions, ir_version=9)


def _value(name, dtype, shape):
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(dtype), shape)


def node(operator, *names, outputs=("y",), **attributes):
    """One node that reads `names`."""
    return helper.make_node(operator, list(names), list(outputs), **attributes)


def single(operator, *arrays, constant=(), opset=OPSET, **attributes):
    """A model of one node, and its feeds; inputs at the places in `constant` are initialisers."""
    named = {f"x{place}": array for place, array in enumerate(arrays) if array is not None}
    fixed = {f"x{place}": named[f"x{place}"] for place in constant}
    feeds = {name: array for name, array in named.items() if name not in fixed}
    names = [f"x{place}" if array is not None else "" for place, array in enumerate(arrays)]
    return model([node(operator, *names, **attributes)], feeds, fixed, opset=opset), feeds


def definition(x, w, stride, pads, dilation, groups):
    """The convolution in float64, tap by tap, of arrays of any spatial rank."""
    x = np.pad(x.astype(float), [(0, 0), (0, 0), *pads])
    spans = [d * (r - 1) + 1 for d, r in zip(dilation, w.shape[2:], strict=True)]
    windows = np.lib.stride_tricks.sliding_window_view(x, spans, axis=tuple(range(2, x.ndim)))
    rank = x.ndim - 2
    windows = windows[:, :, *(slice(None, None, s) for s in stride)]
    windows = windows[(..., *(slice(None, None, d) for d in dilation))]
    each = []
    for group, weight in enumerate(np.split(w.astype(float), groups)):
        seen = windows[:, group * w.shape[1] : (group + 1) * w.shape[1]]
        axes = [1, *range(2 + rank, 2 + 2 * rank)]
        each.append(np.moveaxis(np.tensordot(seen, weight, (axes, range(1, rank + 2))), -1, 1))
    return np.concatenate(each, axis=1)
