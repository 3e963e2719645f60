"""A volume larger than the memory it is allowed: the gradient magnitude of its blurred self.

Two workers, with less memory between them than the volume takes, write it as a zarr array, convolve
it with the three derivatives of a Gaussian, and write the magnitude of the result. Each task reads
its own window, so that memory is bounded by what one task holds.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dask
import dask.array as da
import numpy as np
import zarr
from distributed import Client, LocalCluster, as_completed, futures_of

from .. import functional
from ..adapters.dask import Stored, conv, memory_per_task, suggest_chunks
from ..errors import ConvcoreError
from ..plugin import Array
from ..terminal import progress
from ..text import binary_bytes, seconds
from .pictures import draw_slices

GIB = 2**30
WORKERS = 2
# Edge of a chunk on disk: small beside a block, so that windows read little that they do not need.
_DISK_CHUNK = 64
_RADIUS, _SIGMA = 3, 1.2
_BOXES, _BOX = 8, 24
# Largest difference from float64 that float32 explains, relative to the largest magnitude.
_TOLERANCE = 2e-5
# Share of a worker's memory that a task may take; the rest is Python's, and the writer's.
_SHARE = 3


def run(
    *,
    backends: Sequence[str] | None = None,
    epochs: int | None = None,
    out: Path = Path("convcore-demo"),
    gib: float = 4,
    memory: int = GIB,
) -> float:
    """Write a volume, filter it in bounded memory, check and draw it.

    Parameters
    ----------
    backends : sequence of str, optional
        What runs, as an ordered fallback; the automatic choice by default.
    epochs : int, optional
        Not used: nothing is trained here.
    out : Path
        An existing folder, which gets the picture ``volume.png``, and holds the arrays meanwhile.
    gib : float
        How large the volume is, in GiB.
    memory : int
        Bytes that the workers may take together.

    Returns
    -------
    float
        Largest error over the boxes that were checked, relative to the largest magnitude.

    Raises
    ------
    ConvcoreError
        If there is too little room on the disk, or a box is not what it has to be.
    """
    edge = max(1, round((gib * GIB / 4) ** (1 / 3) / _DISK_CHUNK)) * _DISK_CHUNK
    _check_disk(out, 2 * 4 * edge**3)
    with _folder(out) as folder, _cluster(memory) as client:
        print(f"Dashboard: {client.dashboard_link} (where bokeh is installed)")
        source, target = (_new_array(folder / name, edge) for name in ("volume", "magnitude"))
        started = time.perf_counter()
        _write(client, gyroid(edge), source, "Writing the volume")
        written = time.perf_counter()
        result = gradient_magnitude(source, memory // WORKERS // _SHARE, backends)
        _tell(source, memory, result)
        _write(client, result, target, "Filtering it")
        took = time.perf_counter() - written
        print(f"Written in {seconds(written - started)}, filtered in {seconds(took)}")
        error = check_boxes(source, target)
        middle = (edge // 2, slice(0, 512), slice(0, 512))
        draw_slices(out / "volume.png", [np.asarray(array[middle]) for array in (source, target)])
    print(f"{_BOXES} boxes agree with the direct answer: largest error {error:.1e} of the largest")
    print(f"Picture: {out / 'volume.png'}")
    return error


def kernels() -> Array:
    """The derivatives of a Gaussian along each axis, of shape (3, D, H, W)."""
    taps = np.arange(-_RADIUS, _RADIUS + 1)
    bell = np.exp(-(taps**2) / (2 * _SIGMA**2))
    bell /= bell.sum()
    slope = taps / _SIGMA**2 * bell
    axes = ([slope if a == axis else bell for a in range(3)] for axis in range(3))
    made = [np.einsum("i,j,k->ijk", *lines) for lines in axes]
    return np.stack(made).astype(np.float32)


def gradient_magnitude(
    source: Any, memory_limit: int, backends: Sequence[str] | None = None
) -> da.Array:
    """Magnitude of the gradient of the blurred volume, as a lazy array."""
    weight = kernels()
    options: dict[str, Any] = {
        "padding": "same",
        "padding_mode": "reflect",
        "backend": None if backends is None else list(backends),
    }
    shapes = (1, 1, *source.shape), (3, 1, *weight.shape[1:])
    blocks = suggest_chunks(*shapes, memory_limit, **options)[2:]
    layouts: dict[str, Any] = {"layout": "DHW", "weight_layout": "ODHW", "out_layout": "CDHW"}
    slopes = conv(Stored(source, blocks), weight, **layouts, **options)
    return slopes.map_blocks(magnitude, drop_axis=0, dtype=np.float32)


def magnitude(slopes: Array) -> Array:
    """Euclidean norm over the first axis."""
    total: Array = np.sqrt(np.einsum("c...,c...->...", slopes, slopes))
    return total


def gyroid(edge: int) -> da.Array:
    """Two labyrinths that never meet, with noise: a volume whose slices are worth seeing."""
    blocks = da.core.normalize_chunks(2 * _DISK_CHUNK, (edge,) * 3)
    meta = np.empty((0,) * 3, np.float32)
    return da.map_blocks(_gyroid_block, chunks=blocks, dtype=np.float32, meta=meta)


def _gyroid_block(block_info: Any = None) -> Array:
    place = block_info[None]["array-location"]
    angles = [np.arange(*ends, dtype=np.float32) / 20 for ends in place]
    (a, b, c), (u, v, w) = (
        np.meshgrid(*map(wave, angles), indexing="ij", sparse=True) for wave in (np.sin, np.cos)
    )
    noise = np.random.default_rng([start for start, _ in place])
    shape = [stop - start for start, stop in place]
    made: Array = a * v + b * w + c * u + noise.random(shape, np.float32)
    return made


def check_boxes(source: Any, target: Any) -> float:
    """Hold boxes anywhere, also at the border, against a convolution in float64."""
    rng, edge, largest, error = np.random.default_rng(0), source.shape[0], 0.0, 0.0
    positions = np.pad(np.arange(edge), _RADIUS, "reflect")
    corners = rng.integers(0, edge - _BOX + 1, (_BOXES, 3))
    corners[0], corners[1] = 0, edge - _BOX
    for corner in corners:
        read = tuple(positions[start : start + _BOX + 2 * _RADIUS] for start in corner)
        window = source.get_orthogonal_selection(read).astype(float)
        slopes = functional.conv(
            window, kernels().astype(float), layout="DHW", weight_layout="ODHW", out_layout="CDHW"
        )
        want = magnitude(slopes)
        got = target[tuple(slice(start, start + _BOX) for start in corner)]
        largest, error = max(largest, want.max()), max(error, abs(got - want).max())
    if not error <= _TOLERANCE * largest:
        raise ConvcoreError(f"volume: a box is off by {error / largest:.1e} of the largest value")
    return float(error / largest)


def _tell(source: Any, memory: int, result: da.Array) -> None:
    size = "x".join(map(str, source.shape))
    blocks = "x".join(str(axis[0]) for axis in result.chunks)
    print(
        f"{size} voxels, {binary_bytes(source.nbytes)}, with {binary_bytes(memory)} of memory: "
        f"{result.npartitions} blocks of {blocks}, {binary_bytes(memory_per_task(result))} a task"
    )


def _write(client: Client, array: da.Array, target: Any, title: str) -> None:
    """Compute an array block by block into a zarr array, under a progress bar."""
    ones = tuple((1,) * len(axis) for axis in array.chunks)
    kind = {"chunks": ones, "dtype": bool, "meta": np.empty((0,) * array.ndim, bool)}
    futures = futures_of(client.persist(array.map_blocks(_write_block, target, **kind)))
    with progress(title) as report:
        for count, future in enumerate(as_completed(futures), 1):
            future.result()
            report(count, len(futures), "")


def _write_block(block: Array, target: Any, block_info: Any = None) -> Array:
    place = block_info[0]["array-location"]
    target[tuple(slice(*ends) for ends in place)] = block
    return np.ones((1,) * block.ndim, bool)


def _new_array(path: Path, edge: int) -> Any:
    chunks = (_DISK_CHUNK,) * 3
    options: dict[str, Any] = {"dtype": "float32", "compressors": None}
    return zarr.create_array(path, shape=(edge,) * 3, chunks=chunks, **options)


def _check_disk(out: Path, needed: int) -> None:
    free = shutil.disk_usage(out).free
    if free < 1.1 * needed:
        raise ConvcoreError(
            f"out: must have {binary_bytes(needed)} of room for the volume; got "
            f"{binary_bytes(free)} in {out}; ask for a smaller one with --gib"
        )


@contextmanager
def _folder(out: Path) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="volume-", dir=out))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _cluster(memory: int) -> Iterator[Client]:
    options: dict[str, Any] = {"n_workers": WORKERS, "threads_per_worker": 1}
    address = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0"}
    with (
        dask.config.set({"distributed.worker.memory.spill": False}),
        LocalCluster(memory_limit=memory // WORKERS, **options, **address) as cluster,
        Client(cluster) as client,
    ):
        yield client
