"""Memory that a thread uses again."""

import pickle
import threading

import numpy as np
import pytest

pytest.importorskip("dask.array")
scratch = pytest.importorskip("convcore.adapters.dask.scratch")

DOUBLE, SINGLE = np.dtype("float64"), np.dtype("float32")


def test_a_thread_gets_its_memory_again_and_more_where_it_is_too_little():
    made = scratch.Scratch()
    first = made.empty(0, (4, 5), DOUBLE)
    assert first.shape == (4, 5)
    assert np.shares_memory(first, made.empty(0, (10, 4), SINGLE))
    assert not np.shares_memory(first, made.empty(1, (4, 5), DOUBLE))
    assert made.empty(0, (5, 5), DOUBLE).flags.carray
    assert made.empty(0, (0, 5), DOUBLE).size == 0


def test_threads_and_copies_have_their_own():
    made, others = scratch.Scratch(), []
    own = made.empty(0, (4,), DOUBLE)
    thread = threading.Thread(target=lambda: others.append(made.empty(0, (4,), DOUBLE)))
    thread.start()
    thread.join()
    others.append(pickle.loads(pickle.dumps(made)).empty(0, (4,), DOUBLE))
    assert not any(np.shares_memory(own, other) for other in others)
