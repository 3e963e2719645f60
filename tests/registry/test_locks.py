"""A child that is forked at any moment of a parent's first calls can make calls of its own."""

import os

import pytest
from fakes import own_backends

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")

CHILD = """
import os, threading, time, warnings
import numpy as np
import convcore

warnings.simplefilter("ignore")  # of forking beside other threads, which is what is tried here
x, w = np.ones((1, 2, 16, 16), "float32"), np.ones((2, 2, 3, 3), "float32")


def call():
    return abs(convcore.conv(x, w, backend={backend!r}).flat[0] - 18) < 1e-4


first = threading.Thread(target=call)
first.start()
if {delay} is None:
    first.join()
else:
    time.sleep({delay})
child = os.fork()
if child == 0:
    os._exit(0 if call() else 1)
for _ in range(300):
    ended, status = os.waitpid(child, os.WNOHANG)
    if ended:
        break
    time.sleep(0.05)
else:
    os.kill(child, 9)
    raise SystemExit("the child waits for ever")
first.join()
assert call(), "the parent goes on"
assert status == 0, status
"""


# Seconds after the start of the first call, in which backends are found and loaded.
@pytest.mark.parametrize("delay", [0, 0.005, 0.02, 0.05, 0.08, None])
def test_a_fork_during_the_first_call(python, delay):
    python(CHILD.format(backend=None, delay=delay))


@pytest.mark.parametrize("delay", [0.01, None])
@pytest.mark.parametrize("backend", own_backends())
def test_a_fork_beside_a_backend(python, backend, delay):
    python(CHILD.format(backend=backend, delay=delay))
