"""Mutants that compute the right thing once, alone, and when nobody looks."""

import os
import random
import warnings

import numpy as np

from .base import TapConvolution, Wrapped, caught_by


@caught_by("operands_are_read_anew")
class KeepsWeightById(TapConvolution):
    def _forward(self, input, weight, output):
        kept = self.__dict__.setdefault("_kept", {})
        super()._forward(input, kept.setdefault(id(weight), weight.copy()), output)


@caught_by("operands_are_read_anew")
class PacksFirstOperandOnce(Wrapped):
    def around(self, compute, first, second, result):
        key = f"_packed{compute.__name__}"
        compute(self.__dict__.setdefault(key, first.copy()), second, result)


@caught_by("operations_do_not_mix")
class SharesPackedWeight(TapConvolution):
    """Forward and grad_input pack the same weight, as long as it is the same."""

    def _forward(self, input, weight, output):
        super()._forward(input, self.__dict__.pop("_packed", weight), output)

    def _grad_input(self, grad_output, weight, grad_input):
        self._packed = weight.copy()
        super()._grad_input(grad_output, weight, grad_input)


@caught_by("global_state")
class SetsErrstate(TapConvolution):
    @classmethod
    def estimate(cls, geometry, dtype, operation, *, threads):
        np.seterr(all="ignore")
        return super().estimate(geometry, dtype, operation, threads=threads)


@caught_by("global_state")
class SeedsNumpy(Wrapped):
    def around(self, compute, first, second, result):
        np.random.seed(0)
        compute(first, second, result)


@caught_by("global_state")
class DrawsFromRandom(Wrapped):
    def around(self, compute, first, second, result):
        random.random()
        compute(first, second, result)


@caught_by("global_state")
class SetsEnvironment(Wrapped):
    def around(self, compute, first, second, result):
        os.environ["MUTANT_NUM_THREADS"] = str(len(os.environ))
        compute(first, second, result)


@caught_by("global_state")
class SilencesWarnings(Wrapped):
    def around(self, compute, first, second, result):
        warnings.simplefilter("ignore", ResourceWarning)
        compute(first, second, result)


@caught_by("quiet")
class Warns(Wrapped):
    def around(self, compute, first, second, result):
        warnings.warn("slow path", RuntimeWarning, stacklevel=2)
        compute(first, second, result)


@caught_by("quiet")
class DividesByZeroOnTheWay(TapConvolution):
    def forward(self, input, weight, *, out=None):
        np.zeros(1) / np.zeros(1)
        return super().forward(input, weight, out=out)


@caught_by("workspace_stated")
class HidesCopy(Wrapped):
    def around(self, compute, first, second, result):
        kept = [first.copy() for _ in range(3)]
        compute(kept[0], second, result)


@caught_by("workspace_stated")
class HoardsAtFirstCall(Wrapped):
    """Keeps scratch memory from the first call of a plan on, and states none of it."""

    def around(self, compute, first, second, result):
        if "_hoard" not in self.__dict__:
            self._hoard = np.empty(1 << 24, np.uint8)
        compute(first, second, result)


@caught_by("workspace_bounded")
class IgnoresBound(TapConvolution):
    def workspace_bytes(self, operation):
        return 50 << 20


@caught_by("plan_copies")
class LosesThreadsInPickle(TapConvolution):
    def __reduce__(self):
        return type(self), (self.geometry, self.dtype)


@caught_by("plan_attributes")
class WriteableThreads(TapConvolution):
    threads = property(
        lambda self: self._threads, lambda self, value: setattr(self, "_threads", value)
    )


@caught_by("plan_attributes")
class ClampsThreads(TapConvolution):
    threads = property(lambda self: min(self._threads, 2))


@caught_by("exact_integers")
class ExitsInRankThree(Wrapped):
    def around(self, compute, first, second, result):
        if self.geometry.spatial_rank == 3:
            raise SystemExit(3)
        compute(first, second, result)


@caught_by("quiet")
class Prints(Wrapped):
    def around(self, compute, first, second, result):
        print("computing")
        compute(first, second, result)


@caught_by("quiet")
class PrintsPastPython(Wrapped):
    """Writes to the file descriptor, as compiled code does."""

    def around(self, compute, first, second, result):
        os.write(1, b"computing")
        compute(first, second, result)


@caught_by("nothing_is_kept")
class KeepsLastOperands(Wrapped):
    def around(self, compute, first, second, result):
        self._last = first, second
        compute(first, second, result)


@caught_by("nothing_is_kept")
class Logs(Wrapped):
    log = ()

    def around(self, compute, first, second, result):
        compute(first, second, result)
        self.log = (*self.log, first.copy())


@caught_by("small_workspace")
class WrongInSmallTiles(Wrapped):
    def around(self, compute, first, second, result):
        compute(first, second, result)
        if self.max_workspace is not None and self.max_workspace < first.nbytes:
            result[..., -1] = 0


@caught_by("subclass_is_respected")
class SkipsOverriddenMethods(TapConvolution):
    """A fast path that never looks whether a subclass has its own `_forward`."""

    def forward(self, input, weight, *, out=None):
        plan = TapConvolution(self.geometry, self.dtype)
        return plan.forward(input, weight, out=out)


@caught_by("global_state")
class SetsPrintOptions(Wrapped):
    def around(self, compute, first, second, result):
        np.set_printoptions(precision=np.get_printoptions()["precision"] % 9 + 1)
        compute(first, second, result)
