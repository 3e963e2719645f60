"""How the fft backend plans: tiles, expected seconds, threads; and what that may cost."""

import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import scipy.fft
from convcore_fft import FFTConvolution, _choice
from convcore_fft._choice import choose
from convcore_fft._cost import seconds, seconds_in_one_block
from convcore_fft._dense import Dense
from convcore_fft._memory import DEFAULT_WORKSPACE, largest_block
from convcore_fft._search import cut_into
from convcore_fft._threads import share
from convcore_fft._tiles import Tile, fast_length

from convcore.plugin import OPERATIONS, Geometry
from convcore.testing import CATALOGUE, LAYERS

PROBLEMS = {
    name: problem.geometry
    for name, problem in {**CATALOGUE, **LAYERS}.items()
    if not problem.geometry.degenerate
}
# Geometry, operation; extents of a tile, tiles of a sample, tiles in a chunk.
CUTS = [
    (Geometry.of((1, 16, 100), (16, 16, 65)), "forward", (100,), 1, 1),
    (Geometry.of((1, 16, 400), (16, 16, 65)), "forward", (180,), 3, 3),
    (Geometry.of((1, 1, 10**6), (1, 1, 200)), "forward", (32768,), 31, 7),
    (Geometry.of((1, 16, 120, 120), (16, 16, 3, 3), padding=1), "forward", (32, 12), 48, 39),
    (Geometry.of((1, 1, 1024, 1024), (1, 1, 25, 25)), "forward", (225, 360), 15, 3),
]


@pytest.mark.parametrize(("geometry", "operation", "extents", "tiles", "together"), CUTS)
def test_cuts_that_are_meant(geometry, operation, extents, tiles, together):
    cut = choose(geometry, np.dtype("f4"), operation, DEFAULT_WORKSPACE).cut
    assert (cut.extents, cut.tile.number) == (extents, tiles)
    assert (cut.block, cut.together[1]) == (cut.dense.channels, together)


def test_a_small_problem_is_one_tile():
    for geometry in (
        Geometry.of((2, 3, 50), (4, 3, 9)),
        Geometry.of((2, 3, 17, 12), (4, 3, 5, 4), padding="same"),
        Geometry.of((1, 2, 7, 6, 9), (2, 2, 3, 2, 4), padding=1),
        Geometry.of((2, 6, 15, 15), (9, 2, 4, 4), groups=3, padding=((0, 3), (2, 1))),
    ):
        choice = FFTConvolution(geometry, "float32", threads=4)._choice("forward")
        assert (choice.cut.chunk_count, choice.team(4)) == (1, (1, 1))


def test_short_kernel_on_a_long_signal_needs_little_memory():
    geometry = Geometry.of((1, 1, 2**22), (1, 1, 31))
    assert FFTConvolution(geometry, "float64").workspace_bytes("forward") < 2**24


@pytest.mark.parametrize("dtype", ["float32", "complex128"])
@pytest.mark.parametrize("octave", [0, 2, 5])
def test_seconds_written_out_are_those_of_the_cut(octave, dtype):
    compared = 0
    for geometry in PROBLEMS.values():
        dense = Dense(geometry, np.dtype(dtype), DEFAULT_WORKSPACE, adjoint=False)
        tile = Tile.of(dense, [axis.taps << octave for axis in dense.axes])
        if largest_block(dense, tile) == dense.channels:
            compared += 1
            cut = cut_into(dense, tile, dense.channels)
            assert seconds_in_one_block(dense, tile) == seconds(cut)
    assert compared > len(PROBLEMS) // 2


@pytest.mark.parametrize("dtype", ["float32", "complex128"])
def test_an_estimate_is_about_what_the_cut_that_runs_is_expected_to_take(dtype):
    ratios = []
    for geometry in PROBLEMS.values():
        for operation in OPERATIONS:
            plan = FFTConvolution(geometry, dtype, threads=1)
            estimate = FFTConvolution.estimate(geometry, plan.dtype, operation, threads=1)
            ratios.append(estimate / plan._choice(operation).seconds)
    assert 0.9 < min(ratios)
    assert max(ratios) < 1.2
    assert 0.97 < np.mean(ratios) < 1.03


@pytest.fixture
def no_search(monkeypatch):
    def search(dense):
        raise AssertionError("searched")

    monkeypatch.setattr(_choice, "Search", search)


@pytest.mark.usefixtures("no_search")
def test_an_estimate_of_a_small_problem_makes_no_search():
    for length in range(601, 640):
        geometry = Geometry.of((2, 16, length), (16, 16, 9))
        assert FFTConvolution.estimate(geometry, np.dtype("f4"), "forward", threads=2) > 0


@pytest.mark.usefixtures("no_search")
def test_a_plan_is_cut_when_it_is_first_run_and_not_before():
    geometry = Geometry.of((2, 3, 597), (4, 3, 9))
    plan = FFTConvolution(geometry, "float32", threads=2)
    with pytest.raises(AssertionError, match="searched"):
        plan.forward(np.zeros(geometry.input_shape, "f4"), np.zeros(geometry.weight_shape, "f4"))


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_every_job_is_done_once(threads):
    done = []
    before = threading.active_count()
    share(done.extend, range(100), threads)
    assert sorted(done) == list(range(100))
    assert threading.active_count() == before


@pytest.mark.parametrize("threads", [1, 3])
def test_an_error_in_a_thread_gets_out(threads):
    def work(jobs):
        for job in jobs:
            if job == 7:
                raise KeyError(job)

    before = threading.active_count()
    with pytest.raises(KeyError, match="7"):
        share(work, range(10_000), threads)
    assert threading.active_count() == before


def test_an_interruption_gets_out_when_the_threads_have_ended(monkeypatch):
    before, interrupted, join = threading.active_count(), [], threading.Thread.join

    def interrupt(thread):
        if not interrupted:
            interrupted.append(thread)
            raise KeyboardInterrupt
        join(thread)

    def work(jobs):
        if threading.current_thread() is not threading.main_thread():
            for _ in jobs:
                time.sleep(0.001)

    monkeypatch.setattr(threading.Thread, "join", interrupt)
    with pytest.raises(KeyboardInterrupt):
        share(work, range(10**6), 2)
    assert threading.active_count() == before


def test_where_no_thread_can_be_had_the_caller_does_it_all(monkeypatch):
    def refuse(thread):
        raise RuntimeError("can't start new thread")

    done = []
    monkeypatch.setattr(threading.Thread, "start", refuse)
    share(done.extend, range(10), 4)
    assert done == list(range(10))


def test_estimate_prefers_fft_for_large_kernels_only():
    """In GFLOP/s of the direct sum, which a transform can exceed and a small kernel cannot."""

    def rate(*shapes):
        geometry = Geometry.of(*shapes)
        expected = FFTConvolution.estimate(geometry, np.dtype("f4"), "forward", threads=1)
        return geometry.flop / expected / 1e9

    assert rate((1, 3, 512, 512), (8, 3, 65, 65)) > 500
    assert rate((1, 3, 512, 512), (8, 3, 3, 3)) < 20
    assert rate((1, 1, 8, 8), (1, 1, 3, 3)) < 0.1


@pytest.mark.parametrize("dtype", ["float32", "complex128"])
def test_threads_make_no_estimate_longer(dtype):
    for geometry in PROBLEMS.values():
        for operation in OPERATIONS:
            alone, shared = (
                FFTConvolution.estimate(geometry, np.dtype(dtype), operation, threads=threads)
                for threads in (1, 2)
            )
            assert 0 < shared <= alone


def test_fast_length_is_that_of_scipy():
    for length in [*range(1, 2000), 99_991, 10**6 + 3, 2**24 + 1]:
        assert fast_length(length) == scipy.fft.next_fast_len(length, real=True)


def test_neither_import_nor_estimate_imports_scipy():
    code = """if True:
        import sys, convcore_fft
        from convcore.plugin import Geometry
        geometry = Geometry.of((1, 1, 99), (1, 1, 9))
        convcore_fft.FFTConvolution.estimate(geometry, "float32", "forward", threads=1)
        convcore_fft.FFTConvolution(geometry, "float32").workspace_bytes("forward")
        assert not any(name.split(".")[0] == "scipy" for name in sys.modules)
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
