"""Broken conduct that shows only where threads share operands, work is long, or memory is short."""

import threading
from collections import deque
from itertools import repeat

import numpy as np

from convcore.contract.arrays import check_operand

from .adversary_conduct import Reversible
from .base import TapConvolution, Wrapped, caught_by


@caught_by("concurrent_calls")
class BorrowedOperand(Wrapped):
    """Negates the second operand in place while it computes, where nothing else is in sight."""

    def around(self, compute, first, second, result):
        borrowed = second.flags.writeable and self.dtype.kind != "u"
        if not borrowed or np.may_share_memory(first, second):
            return compute(first, second, result)
        np.negative(second, out=second)
        compute(first, second, result)
        np.negative(second, out=second)
        return np.negative(result, out=result)


@caught_by("bad_out_refused")
class SharedOut(TapConvolution):
    """In grad_input, `out` may be grad_output, which is then read while it is written."""

    def grad_input(self, grad_output, weight, *, out=None):
        if out is None or out is not grad_output:
            return super().grad_input(grad_output, weight, out=out)
        check_operand("weight", weight, self.geometry.weight_shape, self.dtype)
        self._grad_input(grad_output, weight, out)
        return out


@caught_by("small_workspace")
class WorkspaceSeam(TapConvolution):
    """In passes forced by a small workspace, the first row of the second pass is lost."""

    def _grad_input(self, grad_output, weight, grad_input):
        super()._grad_input(grad_output, weight, grad_input)
        limit, extent = self.max_workspace, grad_input.shape[2]
        if limit is not None and limit < self.workspace_bytes("grad_input") and extent > 3:
            grad_input[:, :, extent // 2] = 0


@caught_by("small_workspace")
class ZeroWorkspace(TapConvolution):
    """Cannot tell its workspace where `max_workspace` is 0."""

    def workspace_bytes(self, operation):
        limit = self.max_workspace
        passes = 1 if limit is None else -(-super().workspace_bytes(operation) // limit)
        return super().workspace_bytes(operation) * passes // passes


@caught_by("thread_counts")
class OddThreads(Reversible):
    """The bits at three threads are others than at one, two or four."""

    def backwards(self):
        return self.threads == 3


@caught_by("thread_counts")
class ManyThreadsLong(Reversible):
    """Long sums (over 4096 products) are shared among the threads: the bits depend on them."""

    def backwards(self):
        long = self.geometry.accumulation_length("grad_weight") > 4096
        return long and self.threads > 1


@caught_by("releases_gil")
class HeldGil(TapConvolution):
    """Holds the GIL after the products of grad_weight, though the declaration says otherwise."""

    def _grad_weight(self, grad_output, input, grad_weight):
        super()._grad_weight(grad_output, input, grad_weight)
        deque(repeat(0, self.geometry.flop // 4), maxlen=0)


@caught_by("releases_gil")
class HeldForward(TapConvolution):
    """Holds the GIL after the products of forward, though the declaration says otherwise."""

    def _forward(self, input, weight, output):
        super()._forward(input, weight, output)
        deque(repeat(0, self.geometry.flop // 4), maxlen=0)


@caught_by("used_plan_copies")
class UsedPickle(Wrapped):
    """Pickles its scratch memory's lock too: a plan that was called cannot be pickled."""

    def around(self, compute, first, second, result):
        with self.__dict__.setdefault("_lock", threading.Lock()):
            compute(first, second, result)

    def __reduce__(self):
        return *super().__reduce__(), dict(self.__dict__)
