"""Our loops in PyTorch's threads: the same bits, on as many threads, and back in our own."""

import ctypes
import threading

import numpy as np
import pytest

import convcore

torch = pytest.importorskip("torch")
door = pytest.importorskip("convcore.adapters.torch")
from convcore.adapters.torch import teams  # noqa: E402

REGION = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint)


def product(threads):
    random = np.random.default_rng(0)
    x, w = random.standard_normal((4, 16, 40, 40)), random.standard_normal((16, 16, 3, 3))
    with convcore.options(threads=threads):
        return convcore.conv(x, w, backend="direct")


@pytest.fixture
def team():
    """A function that calls another in so many threads at once, and what it was asked for."""
    asked = []

    def region(function, data, threads, flags):
        asked.append(threads)
        call = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(function)
        others = [threading.Thread(target=call, args=(data,)) for _ in range(threads - 1)]
        for other in others:
            other.start()
        call(data)
        for other in others:
            other.join()

    kept = REGION(region)
    teams.share_loops_in(ctypes.cast(kept, ctypes.c_void_p).value)
    yield asked
    teams.share_loops_in(0)


def test_loops_are_shared_in_the_team_and_give_the_same_bits(team):
    found = product(2)
    assert set(team) == {2}
    teams.share_loops_in(0)
    team.clear()
    np.testing.assert_array_equal(found, product(2))
    assert not team


def test_one_thread_needs_no_team(team):
    product(1)
    assert not team


@pytest.mark.skipif("openmp" not in torch.__config__.parallel_info().lower(), reason="no OpenMP")
def test_pytorch_s_team_gives_the_same_bits():
    address = teams.openmp_team()
    assert address
    expected = product(2)
    teams.share_loops_in(address)
    try:
        for _ in range(20):
            np.testing.assert_array_equal(product(2), expected)
    finally:
        teams.share_loops_in(0)
