"""Arrays outside of memory, of which tasks read their own windows."""

import pickle

import numpy as np
import pytest

import convcore
from convcore.errors import DtypeError

da = pytest.importorskip("dask.array")
chunked = pytest.importorskip("convcore.adapters.dask")


class Recorded:
    """An array that remembers what was read of it."""

    def __init__(self, array):
        self.array, self.read = array, []
        self.shape, self.ndim, self.dtype = array.shape, array.ndim, array.dtype

    def __getitem__(self, place):
        self.read.append(place)
        return self.array[place]


def test_each_task_reads_its_window_and_no_more():
    x = np.arange(100.0).reshape(1, 1, 10, 10)
    recorded = Recorded(x)
    lazy = chunked.conv(chunked.Stored(recorded, (1, 1, 5, 10)), np.ones((1, 1, 3, 3)), padding=1)
    assert recorded.read == []
    want = convcore.conv(x, np.ones((1, 1, 3, 3)), padding=1)
    np.testing.assert_array_equal(lazy.compute(scheduler="sync"), want)
    assert sorted(place[2].indices(10)[:2] for place in recorded.read) == [(0, 6), (4, 10)]


def test_a_circular_border_reads_the_other_end_alone():
    recorded = Recorded(np.arange(40.0).reshape(1, 1, 40))
    stored = chunked.Stored(recorded, (1, 1, 10))
    lazy = chunked.conv(stored, np.ones((1, 1, 5)), padding=2, padding_mode="circular")
    lazy.blocks[0, 0, 0].compute(scheduler="sync")
    assert sorted(place[2].indices(40)[:2] for place in recorded.read) == [(0, 12), (38, 40)]


def test_a_memmap_and_a_zarr_array_are_read_by_processes(tmp_path, client):
    zarr = pytest.importorskip("zarr")
    x = np.random.default_rng(0).integers(-4, 5, (30, 20)).astype("float32")
    w = np.ones((3, 3), "float32")
    options = {"layout": "HW", "weight_layout": "HW", "padding": "same"}
    mapped = np.memmap(tmp_path / "x.raw", x.dtype, "w+", shape=x.shape)
    mapped[:] = x
    mapped.flush()
    stored = zarr.create_array(tmp_path / "x.zarr", shape=x.shape, chunks=(8, 8), dtype=x.dtype)
    stored[:] = x
    want = convcore.conv(x, w, **options)
    for array in (mapped, stored):
        lazy = chunked.conv(chunked.Stored(array, chunks=7), w, **options)
        np.testing.assert_array_equal(client.compute(lazy).result(), want)


def test_zarr_to_zarr(tmp_path):
    zarr = pytest.importorskip("zarr")
    x = np.random.default_rng(0).integers(-4, 5, (24, 20, 18)).astype("float32")
    kernel = np.ones((3, 3, 3), "float32")
    options = {
        "layout": "DHW",
        "weight_layout": "DHW",
        "padding": "same",
        "padding_mode": "reflect",
    }
    source = zarr.create_array(tmp_path / "in.zarr", shape=x.shape, chunks=(8,) * 3, dtype=x.dtype)
    source[:] = x
    for number, input in enumerate((da.from_zarr(source), chunked.Stored(source, chunks=8))):
        target = tmp_path / f"out{number}.zarr"
        chunked.conv(input, kernel, **options).to_zarr(target)
        np.testing.assert_array_equal(
            zarr.open_array(target)[:], convcore.conv(x, kernel, **options)
        )


def test_equal_arrays_have_equal_names():
    x = np.ones((1, 1, 9))
    first, again = (chunked.conv(chunked.Stored(x.copy(), 3), x[..., :3]) for _ in range(2))
    other = chunked.conv(chunked.Stored(2 * x, 3), x[..., :3])
    assert first.name == again.name != other.name


def test_it_tells_what_it_is_and_can_be_pickled():
    stored = chunked.Stored(np.ones((1, 1, 9)), chunks=(1, 1, 4))
    assert repr(stored).endswith("chunks=((1,), (1,), (4, 4, 1)))")
    again = pickle.loads(pickle.dumps(stored))
    assert again.chunks == stored.chunks
    with pytest.raises(DtypeError, match=r"input: must be float16, .* got dtype bool"):
        chunked.conv(chunked.Stored(np.ones((1, 1, 9), bool)), np.ones((1, 1, 3)))
