"""Ctrl-C in the middle of a call: it ends soon, and what it used can be used again."""

from __future__ import annotations

import signal
import sys

import pytest

import convcore

BACKENDS = [
    record.name
    for record in convcore.backends()
    if record.distribution == "convcore"
    and record.state == "available"
    and record.declaration.automatic
]

# Calls of seconds. What passes between the signal and the end of the call is counted as the time of
# processors, which is the same however busy they are with other things.
INTERRUPT = """
import os, signal, threading, time
import numpy as np
import convcore

def seconds():
    return time.process_time()

def send():
    time.sleep(0.2)
    sent.append(seconds())
    os.kill(os.getpid(), signal.SIGINT)

small = convcore.plan((1, 3, 20, 20), (4, 3, 3, 3), backend={backend!r})
tiny = np.ones((1, 3, 20, 20), "f4"), np.ones((4, 3, 3, 3), "f4")
before = small.forward(*tiny)

with convcore.options(threads=2):
    plan = convcore.plan((8, 1024, 64, 64), (1024, 1024, 3, 3), padding=1, backend={backend!r})
x, w = np.ones((8, 1024, 64, 64), "f4"), np.ones((1024, 1024, 3, 3), "f4")
out = np.empty_like(x)
for operation in (plan.forward, plan.grad_input, plan.forward):
    sent = []
    threading.Thread(target=send).start()
    try:
        while True:
            operation(x, w, out=out)
    except KeyboardInterrupt:
        print(seconds() - sent[0])
assert np.array_equal(small.forward(*tiny), before)
sent = []
threading.Thread(target=send).start()
try:
    while True:
        plan.grad_weight(x, x)
except KeyboardInterrupt:
    print(seconds() - sent[0])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent otherwise there")
@pytest.mark.usefixtures("isolated")
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_call_ends_within_half_a_second(python, backend):
    passed = [*map(float, python(INTERRUPT.format(backend=backend), timeout=300).split())]
    assert len(passed) == 4
    assert max(passed) < 1, f"two threads for half a second at most: {passed}"


HANDLER = """
import signal, threading, time
import numpy as np
import convcore

calls = []
def handler(number, frame):
    calls.append(float(convcore.conv(*small).sum()))

small = np.ones((1, 1, 9), "f4"), np.ones((1, 1, 3), "f4")
assert convcore.conv(*small).sum() == 21
signal.signal(signal.SIGALRM, handler)
c = {channels}
plan = convcore.plan((2, c, 64, 64), (c, c, 3, 3), padding=1, backend={backend!r})
x, w = np.ones((2, c, 64, 64), "f4"), np.ones((c, c, 3, 3), "f4")
before = plan.forward(x, w)
signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
start = time.perf_counter()
while len(calls) < 5 or time.perf_counter() - start < 1:
    assert np.array_equal(plan.forward(x, w), before)
signal.setitimer(signal.ITIMER_REAL, 0)
print(set(calls))
"""


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no timers")
@pytest.mark.usefixtures("isolated")
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_handler_that_returns_changes_nothing(python, backend):
    code = HANDLER.format(backend=backend, channels=64 if backend == "naive" else 512)
    assert python(code, timeout=300) == "{21.0}\n"


AFTERWARDS = """
import os, signal, threading, time
import numpy as np
import convcore

direct = convcore.get_backend("direct")
x, w = np.ones((8, 1024, 64, 64), "f4"), np.ones((1024, 1024, 3, 3), "f4")
with convcore.options(threads=2):
    plan = convcore.plan(x.shape, w.shape, padding=1, backend="direct")
threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    while True:
        plan.forward(x, w)
except KeyboardInterrupt:
    pass
given, out = np.arange(300000.0).reshape(1, 500, 600), np.zeros((1, 600, 500))
direct.copy_transposed(given, out, threads=2)
assert np.array_equal(out, given.transpose(0, 2, 1))
threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    while True:
        direct.copy_transposed(given, out, threads=2)
except KeyboardInterrupt:
    print("ended")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent otherwise there")
@pytest.mark.skipif("direct" not in BACKENDS, reason="there are no native kernels")
@pytest.mark.usefixtures("isolated")
def test_copies_after_an_interrupted_call_are_whole_and_can_be_interrupted_themselves(python):
    assert python(AFTERWARDS, timeout=300).split() == ["ended"]
