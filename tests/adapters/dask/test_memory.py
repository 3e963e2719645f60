"""What a task is said to take, held against what it takes."""

import tracemalloc

import numpy as np
import pytest

from convcore.errors import OptionError

da = pytest.importorskip("dask.array")
chunked = pytest.importorskip("convcore.adapters.dask")

SHAPE, WEIGHT = (1, 2, 240, 200), (4, 2, 7, 5)


class Zeros:
    """An array outside of memory: parts of it are made when they are read."""

    def __init__(self, shape, dtype="float32"):
        self.shape, self.ndim, self.dtype = shape, len(shape), np.dtype(dtype)

    def __getitem__(self, place):
        return np.zeros([part.stop - part.start for part in place], self.dtype)


def peak_of(lazy, block):
    """Bytes that the task of one block allocates at its peak, the result included."""
    tasks = dict(lazy.dask)
    task = tasks[(lazy.name, *block)]
    values = {key: tasks[key]() for key in task.dependencies if not tasks[key].dependencies}
    for key in task.dependencies - values.keys():
        values[key] = tasks[key]({name: tasks[name]() for name in tasks[key].dependencies})
    task(values)  # backends load, and calls are planned
    vars(
        next(value.scratch for value in values.values() if hasattr(value, "scratch"))._local
    ).clear()
    tracemalloc.start()
    task(values)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


@pytest.mark.parametrize("backend", ["naive", "im2col", "direct"])
@pytest.mark.parametrize("mode", ["zeros", "reflect"])
def test_a_task_takes_what_it_is_said_to(backend, mode):
    input = chunked.Stored(Zeros(SHAPE), chunks=(1, 2, 120, 100))
    options = {"padding": "same", "padding_mode": mode, "backend": backend}
    lazy = chunked.conv(input, da.ones(WEIGHT, dtype="float32", chunks=WEIGHT), **options)
    said, took = chunked.memory_per_task(lazy), peak_of(lazy, (0, 0, 1, 1))
    assert 0.7 * said <= took <= 1.1 * said + 50_000


def test_gradients_and_faces_are_counted():
    x = da.zeros(SHAPE, chunks=(1, 2, 120, 100), dtype="float32")
    y, pullback = chunked.conv_vjp(x, np.ones(WEIGHT, "float32"), padding="same", backend="naive")
    chunk = 4 * 120 * 100
    forward = chunked.memory_per_task(y)
    assert 2 * 2 * chunk + 4 * chunk < forward < 1.1 * (2 * 2 * chunk + 4 * chunk)
    gradient = chunked.memory_per_task(pullback.grad_input(da.zeros_like(y)))
    assert 2 * 4 * chunk + 2 * chunk < gradient < 1.1 * (2 * 4 * chunk + 2 * chunk)
    weight = chunked.memory_per_task(pullback.grad_weight(da.zeros_like(y)))
    assert 2 * 4 * chunk < weight < 1.1 * (2 * 2 + 2 * 4) * chunk


def test_the_largest_of_a_chain_counts():
    x = da.zeros(SHAPE, chunks=(1, 2, 120, 100), dtype="float32")
    y = chunked.conv(x, np.ones(WEIGHT, "float32"), padding="same")
    z = chunked.conv(y, np.ones((1, 4, 1, 1), "float32"))
    assert chunked.memory_per_task(abs(z)) == chunked.memory_per_task(y)
    with pytest.raises(OptionError, match="array: must come from a function of convcore"):
        chunked.memory_per_task(x)


@pytest.mark.parametrize("limit", [2**20, 2**18, 2**16])
def test_suggested_chunks_keep_tasks_below_the_limit(limit):
    options = {"padding": "same", "backend": "naive"}
    chunks = chunked.suggest_chunks((8, *SHAPE[1:]), WEIGHT, limit, **options)
    x = da.zeros((8, *SHAPE[1:]), chunks=chunks, dtype="float32")
    needed = chunked.memory_per_task(chunked.conv(x, np.ones(WEIGHT, "float32"), **options))
    assert limit / 4 < needed <= limit
    assert chunks[0][0] == 1
    assert chunks[1] == (2,)


def test_a_limit_below_any_chunk_is_told():
    with pytest.raises(OptionError, match=r"memory_limit: must be at least \d+, for chunks of"):
        chunked.suggest_chunks(SHAPE, WEIGHT, 1000, padding="same")


def test_options_of_the_problem_count():
    options = {"dtype": "float64", "backend": "naive"}
    few = chunked.suggest_chunks(SHAPE, WEIGHT, 10**6, stride=4, **options)
    many = chunked.suggest_chunks(SHAPE, WEIGHT, 10**6, **options)
    assert len(few[2]) * len(few[3]) < len(many[2]) * len(many[3])
