"""The native kernels in processes of their own: page guards, threads, forks, the environment."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from built import ISAS

pytestmark = pytest.mark.usefixtures("isolated")
HELPERS = Path(__file__).parents[2] / "helpers"
PROCESSORS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
linux = pytest.mark.skipif(sys.platform != "linux", reason="threads are counted in /proc")


@pytest.mark.skipif(sys.platform == "win32", reason="needs mprotect")
def test_nothing_beyond_an_array_is_touched():
    done = subprocess.run(
        [sys.executable, HELPERS / "native_guard.py"], capture_output=True, text=True, timeout=300
    )
    last = done.stdout.splitlines()[-1:]
    assert (done.returncode, last) == (0, ["all is well"]), f"{last}\n{done.stderr}"


@pytest.mark.parametrize("cap", ["", "baseline", "avx2", "avx512vl", "avx512"])
def test_the_instruction_set_can_be_capped(python, cap):
    code = "import convcore_native._bridge as b; print(b.active_isa())"
    active = python(code, CONVCORE_MAX_ISA=cap).strip()
    assert active == (cap if cap in ISAS else ISAS[0])


def test_an_unknown_cap_is_one_clear_sentence(python):
    code = """
import warnings, convcore
warnings.simplefilter("ignore")
try:
    convcore.plan((1, 1, 9), (1, 1, 3), backend="direct")
except convcore.BackendLoadError as error:
    print(error)
print(convcore.plan((1, 1, 9), (1, 1, 3)).name != "direct")
"""
    said, others_run = python(code, CONVCORE_MAX_ISA="nonsense").splitlines()
    assert said.endswith(
        "CONVCORE_MAX_ISA: must be one of baseline, avx2, avx512vl, avx512; got 'nonsense'"
    )
    assert others_run == "True"


COUNT = """
import os
import numpy as np
from convcore.plugin import Geometry
from convcore_native import DirectConvolution

def tasks():
    return len(os.listdir("/proc/self/task"))

geometry = Geometry.of((4, 32, 64, 64), (32, 32, 3, 3), padding=1)
x, w = np.ones(geometry.input_shape, "f4"), np.ones(geometry.weight_shape, "f4")
plan = DirectConvolution(geometry, "float32", threads={threads})
before = tasks()
{body}
print(tasks() - before)
"""


@linux
@pytest.mark.parametrize(
    ("threads", "variables", "started"),
    [
        (1, {"OMP_NUM_THREADS": "4"}, 0),
        (2, {"OMP_NUM_THREADS": "4"}, 1),
        (4, {"OMP_NUM_THREADS": "1"}, 0),
        (4, {"OMP_NUM_THREADS": "3,2"}, 2),
        (2, {"OMP_NUM_THREADS": ""}, min(2, PROCESSORS) - 1),
    ],
)
def test_as_many_threads_as_asked_for_and_as_the_environment_allows(
    python, threads, variables, started
):
    code = COUNT.format(threads=threads, body="plan.forward(x, w)")
    assert int(python(code, **variables)) == started


@linux
def test_nothing_small_starts_a_thread(python):
    body = "DirectConvolution(Geometry.of((1, 8, 8, 8), (8, 8, 3, 3)), 'float32', threads=2)"
    body += ".forward(x[:1, :8, :8, :8].copy(), w[:8, :8].copy())"
    assert python(COUNT.format(threads=2, body=body), OMP_NUM_THREADS="2").split() == ["0"]


BITS = """
import os, sys
import native
from convcore.plugin import OPERATIONS

def tasks():
    return len(os.listdir("/proc/self/task")) if sys.platform == "linux" else 0

algorithm, before, worth = {algorithm!r}, tasks(), dict.fromkeys(OPERATIONS, 0)
for name, geometry in native.THREADED.items():
    if algorithm not in native.algorithms(geometry, "float32"):
        continue
    arrays = native.normal(geometry)
    options = {{"dtype": "float32", "algorithm": algorithm}}
    plans = [native.native_plan(geometry, threads=n, **options) for n in (1, 2, 3, 5)]
    for number, operation in enumerate(OPERATIONS):
        one, *others = (native.run(plan, geometry, number, *arrays).tobytes() for plan in plans)
        assert all(other == one for other in others), (name, operation)
        worth[operation] += plans[-1].seconds(number) < plans[0].seconds(number)
assert all(count > 2 for count in worth.values()), worth
print(tasks() - before)
"""


@pytest.mark.parametrize("algorithm", ["direct", "tilefft", "winograd"])
def test_five_threads_change_no_bit_either(python, algorithm):
    """However few processors there are: there may be as many as OMP_NUM_THREADS says."""
    started = python(BITS.format(algorithm=algorithm), HELPERS, OMP_NUM_THREADS="5")
    assert int(started) == 4 or sys.platform != "linux"


LEAKS = """
import os
import numpy as np
from pathlib import Path
from convcore.plugin import Geometry
from convcore_native import DirectConvolution, TileFFTConvolution, WinogradConvolution

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

geometry = Geometry.of((1, 40, 40, 41), (50, 40, 3, 3), padding=1)
random = np.random.default_rng(0)
x, w, y = (random.standard_normal(s, "float32") for s in (
    geometry.input_shape, geometry.weight_shape, geometry.output_shape))

def use(backend):
    plan = backend(geometry, "float32", threads=2)
    prepared = plan.prepare(w)
    assert type(prepared.payloads["forward"]) is not np.ndarray
    plan.forward(x, prepared), plan.grad_input(y, prepared), plan.grad_weight(y, x)

for backend in (DirectConvolution, TileFFTConvolution, WinogradConvolution):
    for _ in range(50):
        use(backend)
    before = resident()
    for _ in range(300):
        use(backend)
    print(resident() - before)
"""


@linux
def test_plans_and_prepared_weights_do_not_leak(python):
    growth = [int(line) for line in python(LEAKS).splitlines()]
    assert max(growth) < 2e6, growth


FORK = """
import os, sys
import numpy as np
from convcore.plugin import Geometry
from convcore_native import DirectConvolution

geometry = Geometry.of((4, 32, 64, 64), (32, 32, 3, 3), padding=1)
random = np.random.default_rng(0)
x, w, y = (random.standard_normal(s, "float32") for s in (
    geometry.input_shape, geometry.weight_shape, geometry.output_shape))
plan = DirectConvolution(geometry, "float32", threads=2)

def results(plan):
    return [a.tobytes() for a in (
        plan.forward(x, w), plan.grad_input(y, w), plan.grad_weight(y, x))]

def threads():
    return len(os.listdir("/proc/self/task")) if sys.platform == "linux" else 0

before = results(plan)
child = os.fork()
if child == 0:
    anew = DirectConvolution(geometry, "float32", threads=2)
    forked = threads()
    same = results(plan) == results(anew) == before
    os._exit(0 if same and threads() == 2 * forked else 3)
_, status = os.waitpid(child, 0)
print(os.waitstatus_to_exitcode(status), results(plan) == before)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_fork_after_use_makes_threads_of_its_own(python):
    quiet = ("-W", "ignore::DeprecationWarning")  # Python >= 3.12 warns of forks with threads
    assert python(FORK, options=quiet, OMP_NUM_THREADS="2") == "0 True\n"
