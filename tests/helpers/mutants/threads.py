"""Mutants that are right until a second thread looks, or a second run."""

from dataclasses import replace

import numpy as np

from .base import TapConvolution, Wrapped, caught_by

_generator = np.random.default_rng()


@caught_by("repeatable")
class TapsInRandomOrder(TapConvolution):
    def taps(self):
        taps = list(super().taps())
        _generator.shuffle(taps)
        return iter(taps)


@caught_by("repeatable")
class SumsAnewInEveryCall(TapConvolution):
    """Every other call of a plan adds from the other end, as after choosing by measurement."""

    calls = 0

    def taps(self):
        self.calls += 1
        taps = list(super().taps())
        return iter(taps[:: -1 if self.calls % 2 else 1])


@caught_by("thread_counts")
class OrderDependsOnThreads(TapConvolution):
    def taps(self):
        taps = list(super().taps())
        return iter(taps[:: -1 if self.threads == 2 else 1])


@caught_by("thread_counts")
class FourThreadsForgetLastSample(Wrapped):
    declaration = replace(TapConvolution.declaration, deterministic="no")

    def around(self, compute, first, second, result):
        compute(first, second, result)
        if self.threads == 4 and result.size > 20_000:
            result[-1] = 0


@caught_by("batch_invariance")
class OrderDependsOnBatch(TapConvolution):
    """As where a larger problem is cut into other blocks."""

    declaration = replace(TapConvolution.declaration, batch_invariant=True)

    def taps(self):
        taps = list(super().taps())
        return iter(taps[:: -1 if self.geometry.batch > 1 else 1])


@caught_by("batch_invariance")
class OrderDependsOnPlace(Wrapped):
    """As where the last samples, too few for a block, go another way."""

    declaration = replace(TapConvolution.declaration, batch_invariant=True)
    backwards = False

    def around(self, compute, first, second, result):
        compute(first, second, result)
        if result.shape[0] == self.geometry.batch > 1:
            self.backwards, turned = True, np.empty_like(result)
            compute(first, second, turned)
            self.backwards, result[-1] = False, turned[-1]

    def taps(self):
        taps = list(super().taps())
        return iter(taps[:: -1 if self.backwards else 1])


@caught_by("batch_invariance")
class ForgetsWhatItWasTold(TapConvolution):
    """Right to be told, and to keep it; but what depends on the batch goes on as before."""

    declaration = replace(TapConvolution.declaration, capabilities=("batch_invariant",))

    def taps(self):
        taps = list(super().taps())
        return iter(taps[:: -1 if self.geometry.batch > 1 else 1])


@caught_by("batch_invariance")
class TakesWhatItDoesNotDeclare(TapConvolution):
    def __init__(self, *args, batch_invariant=False, **limits):
        super().__init__(*args, **limits)


@caught_by("concurrent_calls")
class SharedScratch(Wrapped):
    """A buffer on the plan: right until two threads use the plan at once."""

    def around(self, compute, first, second, result):
        if "_scratch" not in self.__dict__ or self._scratch.shape != result.shape:
            self._scratch = np.empty_like(result)
        compute(first, second, self._scratch)
        result[...] = self._scratch


_buffers = {}


@caught_by("concurrent_calls")
class GlobalScratch(Wrapped):
    """A buffer of the module: right until two plans are used at once."""

    def around(self, compute, first, second, result):
        scratch = _buffers.setdefault((result.shape, result.dtype), np.empty_like(result))
        compute(first, second, scratch)
        result[...] = scratch


@caught_by("concurrent_calls")
class RefusesSecondCaller(Wrapped):
    busy = False

    def around(self, compute, first, second, result):
        if self.busy:
            raise RuntimeError("the plan is in use")
        self.busy = True
        compute(first, second, result)
        self.busy = False


@caught_by("releases_gil")
class HoldsGil(Wrapped):
    def around(self, compute, first, second, result):
        compute(first, second, result)
        sum(range(4_000_000))  # one call into C that never lets go


@caught_by("repeatable")
class OrderDependsOnAddresses(Wrapped):
    """Adds from the other end where the first operand does not start at a round address."""

    def around(self, compute, first, second, result):
        self.odd = first.ctypes.data % 16
        compute(first, second, result)

    def taps(self):
        taps = list(super().taps())
        return iter(taps[:: -1 if self.odd else 1])


@caught_by("concurrent_calls")
class ScratchSharedByOperations(TapConvolution):
    """Each operation has a lock, and both write to the same buffer."""

    def _forward(self, input, weight, output):
        self.__dict__["_tap_weight"] = weight
        super()._forward(input, weight, output)
        output += self._tap_weight.reshape(-1)[0] - weight.reshape(-1)[0]

    def _grad_input(self, grad_output, weight, grad_input):
        self.__dict__["_tap_weight"] = weight
        super()._grad_input(grad_output, weight, grad_input)


@caught_by("concurrent_calls")
class BuildsTableInPlainSight(TapConvolution):
    """The first call builds a table; a second thread meets it half built."""

    table = None

    def taps(self):
        if self.table is None:
            self.table = []
            for entry in super().taps():
                self.table.append(entry)
        return iter(list(self.table))
