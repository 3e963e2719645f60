"""Plans in other processes: pickling across spawn and fork, and the order of imports."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import re
from concurrent.futures import ProcessPoolExecutor
from operator import methodcaller

import numpy as np
import pytest
from fakes import backend_class, backend_source, own_backends

import convcore

pytestmark = pytest.mark.usefixtures("isolated")

SHAPES = (2, 4, 9, 9), (4, 4, 3, 3)
NAMES = own_backends()


@pytest.fixture
def operands():
    rng = np.random.default_rng(7)
    return [rng.standard_normal(shape, "float32") for shape in SHAPES]


def make_plan(backend):
    with convcore.options(threads=1, max_workspace=1 << 24):
        return convcore.plan(*SHAPES, padding=((1, 0), (0, 2)), backend=backend)


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("backend", NAMES)
def test_a_plan_is_pickled_by_name_and_options(backend, protocol, operands):
    plan = make_plan(backend)
    expected = plan.forward(*operands)  # whatever it has cached must not travel
    data = pickle.dumps(plan, protocol)
    assert backend.encode() in data
    assert type(plan).__module__.encode() not in data
    assert len(data) < 2000
    copy = pickle.loads(data)
    assert type(copy) is type(plan)
    for attribute in ("geometry", "dtype", "threads", "max_workspace"):
        assert getattr(copy, attribute) == getattr(plan, attribute)
    assert np.array_equal(copy.forward(*operands), expected)
    assert pickle.dumps(copy, protocol) == data


def test_a_plan_of_a_class_is_pickled_by_that_class(operands):
    plan = make_plan(convcore.get_backend("naive"))
    copy = pickle.loads(pickle.dumps(plan))
    assert np.array_equal(copy.forward(*operands), plan.forward(*operands))


def test_a_plan_follows_the_name_to_what_is_registered_there():
    convcore.register_backend(backend_class("mine", value=1))
    data = pickle.dumps(convcore.plan((1, 1, 5), (1, 1, 3), backend="mine"))
    convcore.register_backend(backend_class("mine", value=2))
    result = pickle.loads(data).forward(*(np.ones(s, "float32") for s in ((1, 1, 5), (1, 1, 3))))
    assert result.flat[0] == 2


def test_where_the_backend_is_absent_the_error_is_clear(fake_distribution):
    source = {"fake_plugin": backend_source("fake")}
    installed = fake_distribution("plugin", {"fake": "fake_plugin:Fake"}, source)
    data = pickle.dumps(convcore.plan((1, 1, 5), (1, 1, 3), backend="fake"))
    installed.uninstall()
    installed_now = ", ".join(sorted(record.name for record in convcore.backends()))
    rule = f"unknown name 'fake'; installed: {installed_now}"
    with pytest.raises(convcore.UnknownBackendError, match=re.escape(rule)):
        pickle.loads(data)


def test_where_the_backend_is_blocked_the_error_is_clear(environment):
    data = pickle.dumps(make_plan("naive"))
    environment(CONVCORE_BLOCK="naive")
    with pytest.raises(convcore.UnsupportedError, match="'naive' is blocked by CONVCORE_BLOCK"):
        pickle.loads(data)


@pytest.mark.parametrize(
    "error",
    [
        convcore.GeometryError("stride: must be >= 1; got 0"),
        convcore.UnknownBackendError("backend: unknown name 'x'"),
        convcore.BackendLoadError("backend 'x' is broken"),
    ],
)
def test_errors_can_be_sent_between_processes(error):
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy)) == (type(error), str(error))


def test_a_plan_crosses_spawn(operands):
    plans = [make_plan(backend) for backend in NAMES]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        for plan in plans:
            found = pool.submit(methodcaller("forward", *operands), plan).result(timeout=60)
            assert found.tobytes() == plan.forward(*operands).tobytes(), plan.name


FORK = """
import os
import numpy as np
import convcore

rng = np.random.default_rng(7)
x, w = (rng.standard_normal(s, "float32") for s in ((2, 16, 64, 64), (16, 16, 5, 5)))
backends = {backends}
convcore.options(threads=2).__enter__()
plans = [convcore.plan(x.shape, w.shape, backend=name) for name in backends]
before = [plan.forward(x, w) for plan in plans]

child = os.fork()
if child == 0:
    same = [np.array_equal(plan.forward(x, w), y) for plan, y in zip(plans, before)]
    anew = [np.array_equal(convcore.conv(x, w, backend=name), y)
            for name, y in zip(backends, before)]
    os._exit(0 if all(same + anew) else 3)
_, status = os.waitpid(child, 0)
after = [np.array_equal(plan.forward(x, w), y) for plan, y in zip(plans, before)]
print(os.waitstatus_to_exitcode(status), all(after))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_plans_and_their_threads_survive_a_fork(python):
    quiet = ("-W", "ignore::DeprecationWarning")  # Python >= 3.12 warns of forks with threads
    code = FORK.format(backends=NAMES)
    assert python(code, options=quiet, OMP_NUM_THREADS="2") == "0 True\n"


IMPORTS = ["convcore_im2col", "scipy.fft", "numpy.linalg", "convcore"]
IMPORTS += ["convcore_native"] if "direct" in NAMES else []


@pytest.mark.parametrize("first", IMPORTS)
def test_the_order_of_imports_does_not_matter(python, first):
    order = [first, *(name for name in IMPORTS if name != first)]
    code = f"import {', '.join(order)}; import numpy as np\n" + (
        "x, w = np.arange(32, dtype='f4').reshape(1, 2, 16), np.ones((1, 2, 3), 'f4')\n"
        f"print(*(convcore.conv(x, w, backend=b).sum().round(2) for b in {NAMES}))"
    )
    assert python(code).split() == ["1302.0"] * len(NAMES)
