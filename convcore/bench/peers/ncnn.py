"""ncnn on the CPU, whose float32 Winograd is the one to beat on deep 3x3 layers."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ...plugin import Array, Geometry, Operation
from .interface import Call, Peer, unless_inference

# Numbers of its layer parameters per spatial axis, from the last axis to the first.
_TAPS, _DILATIONS, _STRIDES = (1, 11, 21), (2, 12, 22), (3, 13, 23)
_BEFORE, _AFTER = (4, 14, 24), (15, 16, 17)
_OUT_CHANNELS, _WEIGHT_SIZE, _GROUPS = 0, 6, 7
_PLANE_BYTES = 16
# The file of parameters begins with this number, that of weights with a flag for float32.
_MAGIC, _FLOAT32 = 7767517, np.uint32(0)


class Ncnn(Peer):
    """A network of one layer, called sample by sample, since it knows no batch.

    Weights are packed and transformed once, outside the timing, and the results stay in its own
    matrices: both in its favour.
    """

    name = module = "ncnn"
    dtypes = ("float32",)

    def refusal(self, geometry: Geometry, operation: Operation) -> str | None:
        """It only infers, with spatial ranks 1 to 3."""
        if geometry.spatial_rank > 3:
            return f"spatial rank {geometry.spatial_rank} is not in 1 to 3"
        return unless_inference(geometry, operation)

    def prepare(
        self, geometry: Geometry, operation: Operation, first: Array, second: Array
    ) -> Call:
        """The network is read once."""
        network = self._network(geometry, second)
        # Its grouped layers take planes of whole vectors only, in memory laid out by itself.
        copied = geometry.groups > 1 and first[0, 0].nbytes % _PLANE_BYTES

        def run(sample: Array) -> Any:
            extractor, matrix = network.create_extractor(), self.library.Mat(sample)
            extractor.input("input", matrix.clone() if copied else matrix)
            return extractor.extract("output")[1]

        return lambda: [run(sample) for sample in first]

    def array(self, result: Any) -> Array:
        """One matrix for each sample."""
        return np.stack([np.array(matrix) for matrix in result])

    def _network(self, geometry: Geometry, weight: Array) -> Any:
        network = self.library.Net()
        network.opt.num_threads = self.threads
        network.opt.use_vulkan_compute = False
        for narrow in ("fp16_packed", "fp16_storage", "fp16_arithmetic", "bf16_storage"):
            setattr(network.opt, f"use_{narrow}", False)
        with tempfile.TemporaryDirectory() as folder:
            parameters, weights = Path(folder, "layer.param"), Path(folder, "layer.bin")
            parameters.write_text(_text(geometry), encoding="ascii")
            weights.write_bytes(_FLOAT32.tobytes() + weight.tobytes())
            network.load_param(str(parameters))
            network.load_model(str(weights))
        return network


def _text(geometry: Geometry) -> str:
    """The network in its own language."""
    kind = "Convolution" + ("DepthWise" if geometry.groups > 1 else "")
    kind += {1: "1D", 2: "", 3: "3D"}[geometry.spatial_rank]
    options = " ".join(f"{key}={value}" for key, value in _parameters(geometry))
    layers = ["Input input 0 1 input", f"{kind} layer 1 1 input output {options}"]
    return "\n".join([str(_MAGIC), "2 2", *layers, ""])


def _parameters(geometry: Geometry) -> Iterator[tuple[int, int]]:
    p = geometry
    yield _OUT_CHANNELS, p.out_channels
    yield _WEIGHT_SIZE, int(np.prod(p.weight_shape))
    if p.groups > 1:
        yield _GROUPS, p.groups
    before, after = zip(*p.padding, strict=True)
    columns = (p.kernel_extents, p.dilation, p.stride, before, after)
    keys = (_TAPS, _DILATIONS, _STRIDES, _BEFORE, _AFTER)
    for places, entries in zip(keys, columns, strict=True):
        yield from zip(places, reversed(entries), strict=False)
