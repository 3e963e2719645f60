"""The gate at which a fork waits, and forks beside every backend at work: no child hangs."""

import os
import threading
import time

import pytest
from fakes import own_backends

from convcore.contract.forks import FORK_GATE, ForkGate

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")


def closing(gate):
    """A thread that closes the gate and opens it again, and an event for when it is closed."""
    closed = threading.Event()

    def close():
        gate.close()
        closed.set()
        gate.open()

    return threading.Thread(target=close), closed


def test_it_closes_when_nobody_else_is_inside():
    gate = ForkGate()
    thread, closed = closing(gate)
    with gate:
        thread.start()
        assert not closed.wait(0.1)
    assert closed.wait(10)
    thread.join()
    assert gate.inside == 0


def test_nobody_enters_while_it_is_closed():
    gate, entered = ForkGate(), threading.Event()

    def enter():
        with gate:
            entered.set()

    gate.close()
    thread = threading.Thread(target=enter)
    thread.start()
    assert not entered.wait(0.1)
    gate.open()
    assert entered.wait(10)
    thread.join()


def test_who_is_inside_may_fork_and_enter_again():
    gate = ForkGate()
    with gate, gate:
        assert gate.inside == 2
        gate.close()
        gate.open()
    assert gate.inside == 0


def test_an_error_leaves_the_gate():
    gate = ForkGate()
    with pytest.raises(ZeroDivisionError), gate:
        raise ZeroDivisionError
    assert gate.inside == 0


def test_entering_costs_little():
    start = time.perf_counter()
    for _ in range(1000):
        with FORK_GATE:
            pass
    assert time.perf_counter() - start < 0.05


BESIDE = """
import os, threading
from convcore.plugin import FORK_GATE


def child():
    child = os.fork()
    if child == 0:
        os._exit(FORK_GATE.beside_threads)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


print(child())
waiting = threading.Event()
threading.Thread(target=waiting.wait).start()
print(child(), FORK_GATE.beside_threads)
waiting.set()
"""


def test_a_child_knows_whether_there_were_threads(python):
    quiet = ("-W", "ignore::DeprecationWarning")  # Python >= 3.12 warns of forks with threads
    assert python(BESIDE, options=quiet) == "0\n1 False\n"


# Forks several times while another thread is in calls of the backend, and looks whether children
# and that thread still get results. `{other}` is what the thread does.
AT_WORK = """
import os, threading, time, warnings
import numpy as np
import convcore

warnings.simplefilter("ignore")  # of forking beside other threads, which is what is tried here
x, w = np.ones({x}, "float32"), np.ones({w}, "float32")
calls, stop = 0, False


def call():
    result = convcore.conv(x, w, backend={backend!r})
    return abs(result.flat[0] / w[0].size - 1) < 1e-3


def work():
    global calls
    while not stop:
        assert call()
        calls += 1


def status(child):
    for _ in range(600):
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return status
        time.sleep(0.05)
    os.kill(child, 9)
    raise SystemExit("the child waits for ever")


assert call()
other = threading.Thread(target=work, daemon=True)
other.start()
for turn in range(8):
    time.sleep(0.007 * turn)
    child = os.fork()
    if child == 0:
        os._exit(0 if call() else 1)
    assert status(child) == 0
    before, end = calls, time.monotonic() + 30
    while calls < before + 2 and other.is_alive() and time.monotonic() < end:
        time.sleep(0.01)
    assert calls >= before + 2, "the thread of the parent got no further"
stop = True
other.join(30)
assert not other.is_alive()
"""
# Large enough for several threads of BLAS, and of scipy.fft in one transform.
SHAPES = {
    "fft": ((1, 1, 1024, 1024), (1, 1, 500, 500)),
    "im2col": ((1, 64, 40, 40), (64, 64, 3, 3)),
    "naive": ((1, 8, 40, 40), (8, 8, 3, 3)),
}


@pytest.mark.parametrize("backend", [*own_backends(), None])
def test_a_fork_beside_calls(python, backend):
    x, w = SHAPES.get(backend, ((1, 16, 64, 64), (16, 16, 3, 3)))
    python(AT_WORK.format(backend=backend, x=x, w=w), timeout=200, OMP_NUM_THREADS="2")
