"""The threads that share loops: a program of their own, with and without the thread sanitizer."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
NATIVE = ROOT / "backends" / "convcore_native" / "native"
SOURCES = [
    ROOT / "tests" / "helpers" / "native_pool.cpp",
    *(NATIVE / "machine" / f"{name}.cpp" for name in ("pool", "threads", "interruption")),
]
COMPILER = shutil.which("g++") or shutil.which("clang++")
FLAGS = ["-std=c++17", "-g1", "-O1", "-Wall", "-Wextra", "-Werror", "-pthread", f"-I{NATIVE}"]
# Threads at most: the callers of the one are never without company, those of the other often.
SCENARIOS = {
    "every_task_once": 5,
    "several_callers": 5,
    "loops_within_loops": 5,
    "a_thread_that_is_held_up": 2,
    "interruption": 5,
    "exit_at_work": 5,
}

pytestmark = pytest.mark.skipif(
    COMPILER is None or sys.platform == "win32", reason="needs a C++ compiler and POSIX threads"
)


def compiled(target, *flags):
    return subprocess.run(
        [COMPILER, *FLAGS, *flags, *SOURCES, "-o", target], capture_output=True, text=True
    )


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    target = tmp_path_factory.mktemp("pool") / "pool"
    done = compiled(target)
    assert done.returncode == 0, done.stderr
    return target


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    """The same under the thread sanitizer."""
    target = tmp_path_factory.mktemp("pool") / "watched"
    if compiled(target, "-fsanitize=thread").returncode != 0:
        pytest.skip("the compiler has no thread sanitizer")
    if run(target, "nothing", 2).returncode != 2:
        pytest.skip("the thread sanitizer does not run here")
    return target


def run(program, scenario, threads):
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    return subprocess.run(
        [program, scenario], capture_output=True, text=True, env=environment, timeout=300
    )


@pytest.mark.parametrize("scenario", [*SCENARIOS, "fork_at_work"])
def test_a_promise_is_kept(program, scenario):
    done = run(program, scenario, SCENARIOS.get(scenario, 3))
    assert (done.returncode, done.stdout) == (0, "well\n"), done.stderr


@pytest.mark.parametrize("scenario", SCENARIOS)  # the sanitizer itself does not survive a fork
def test_no_thread_races_another(watched, scenario):
    done = run(watched, scenario, SCENARIOS[scenario])
    assert (done.returncode, done.stdout) == (0, "well\n"), done.stderr


# A thread that the system runs only where nothing else wants a processor, and processors that are
# never idle: what it was given is done by the caller. Waiting for it would take a slice of the
# scheduler, some milliseconds, each time.
DESCHEDULED = """
import os, statistics, subprocess, sys, time
import numpy as np
from convcore.plugin import Geometry
from convcore_native import DirectConvolution

geometry = Geometry.of((1, 32, 40, 40), (32, 32, 3, 3), padding=1)
x, w = np.ones(geometry.input_shape, "f4"), np.ones(geometry.weight_shape, "f4")
one, two = (DirectConvolution(geometry, "float32", threads=n) for n in (1, 2))

def milliseconds(plan):
    start = time.perf_counter()
    plan.forward(x, w)
    return 1e3 * (time.perf_counter() - start)

before = set(os.listdir("/proc/self/task"))
two.forward(x, w)
(worker,) = set(os.listdir("/proc/self/task")) - before
os.sched_setscheduler(int(worker), os.SCHED_IDLE, os.sched_param(0))
busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"])
        for _ in os.sched_getaffinity(0)]
try:
    time.sleep(0.3)
    alone, shared = zip(*((milliseconds(one), milliseconds(two)) for _ in range(101)))
finally:
    for each in busy:
        each.kill()
print(statistics.median(shared), statistics.median(alone))
"""


@pytest.mark.skipif(not hasattr(os, "SCHED_IDLE"), reason="needs the scheduler of Linux")
@pytest.mark.usefixtures("isolated")
def test_a_thread_that_is_not_run_is_not_waited_for(python):
    pytest.importorskip("convcore_native._bridge")
    shared, alone = map(float, python(DESCHEDULED, OMP_NUM_THREADS="2").split())
    assert shared < 2 * alone + 1
