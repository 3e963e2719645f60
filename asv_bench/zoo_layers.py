"""Layers of published networks, read from a file of JSON lines, as problems to time.

A line holds `kind` ("conv" or "conv_transpose"), the shapes `x` and `w` of input and weight,
`stride`, `padding` as (before, after) pairs, `output_padding`, `dilation` and `groups`, all with an
entry per axis; then `class`, the name of its kind of layer, `example`, a network that contains it,
and `calls`, how often. Unknown fields are ignored.
"""

import json
import random
from dataclasses import dataclass, replace
from pathlib import Path

from convcore.errors import ConvcoreError
from convcore.problem import Geometry, transposed_geometry
from convcore.testing import Problem

# What a transposed layer computes, told by the operations of the convolution that it is the
# adjoint of; the gradient of its weight is that of the convolution's.
_ADJOINT = {"forward": "grad_input", "grad_input": "forward", "grad_weight": "grad_weight"}


@dataclass(frozen=True)
class Layer:
    """A problem, the class it belongs to, and how often a network calls it."""

    problem: Problem
    transposed: bool
    kind: str
    network: str
    calls: int

    def operation(self, wanted):
        """The operation of `problem` that computes `wanted` of the layer."""
        return _ADJOINT[wanted] if self.transposed else wanted


class LayerFileError(ValueError):
    """A line that describes no layer; the text names file and line."""


def read(path, batch=1):
    """The layers of a file, each at this batch, under names that are unique.

    Raises
    ------
    LayerFileError
        If a line is no JSON object, or its numbers describe no convolution.
    """
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    return [_layer(path, number, line, batch) for number, line in enumerate(lines, 1) if line]


def _layer(path, number, line, batch):
    try:
        fields = json.loads(line)
        geometry = replace(_geometry(fields), batch=batch)
    except (ValueError, KeyError, TypeError, ConvcoreError) as error:
        raise LayerFileError(f"{path}, line {number}: describes no layer: {error!r}") from error
    network = fields.get("example", "?")
    return Layer(
        problem=Problem(f"{number} {_title(fields)}", geometry, network),
        transposed=fields["kind"] == "conv_transpose",
        kind=fields.get("class", "?"),
        network=network,
        calls=fields.get("calls", 1),
    )


def _geometry(fields):
    shared = {name: tuple(fields[name]) for name in ("stride", "dilation")}
    shared["padding"] = tuple(map(tuple, fields["padding"]))
    shared["groups"] = fields["groups"]
    if fields["kind"] == "conv_transpose":
        shared["output_padding"] = tuple(fields["output_padding"])
        return transposed_geometry(fields["x"], fields["w"], **shared)
    return Geometry.of(fields["x"], fields["w"], **shared)


def _title(fields):
    """Shapes and options in a few characters: ``64x56x56 128x64x3x3/2 g4``."""
    text = f"{_times(fields['x'][1:])} {_times(fields['w'])}"
    for sign, name in (("/", "stride"), (" d", "dilation")):
        if max(fields[name]) > 1:
            text += f"{sign}{_times(dict.fromkeys(fields[name]))}"
    text += f" g{fields['groups']}" if fields["groups"] > 1 else ""
    return f"{text} T" if fields["kind"] == "conv_transpose" else text


def _times(extents):
    return "x".join(map(str, extents))


def select(layers, classes=(), networks=(), count=None, seed=0):
    """Those whose class or network contains one of the words, `count` of them drawn by `seed`."""
    chosen = [
        layer
        for layer in layers
        if _contains(layer.kind, classes) and _contains(layer.network, networks)
    ]
    if count is None or count >= len(chosen):
        return chosen
    drawn = random.Random(seed).sample(range(len(chosen)), count)
    return [chosen[index] for index in sorted(drawn)]


def _contains(text, words):
    return not words or any(word.lower() in text.lower() for word in words)
