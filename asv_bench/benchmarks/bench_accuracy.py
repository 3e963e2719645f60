"""Largest error, in units of the bound that the backend declares: above 1 the promise is broken."""

from asv_runner.benchmarks.mark import SkipNotImplemented

from convcore.testing import CATALOGUE, Case, CheckFailure

from .common import BACKENDS, OPERATIONS, backend_class

# Small enough for the exact result: plain, every option at once, many channels, a long kernel.
PROBLEMS = ["1d.long-kernel", "2d", "2d+everything", "2d.channels", "2d.kernel9", "3d.cube5"]


class Accuracy:
    params = (BACKENDS, PROBLEMS, OPERATIONS)
    param_names = ("backend", "problem", "operation")
    version = "1"
    unit = "bounds"

    def setup(self, backend, problem, operation):
        if problem not in CATALOGUE:
            raise SkipNotImplemented(f"{problem!r} is not in the catalogue of this commit")
        geometry, cls = CATALOGUE[problem].geometry, backend_class(backend)
        self.case = Case(cls, geometry, "float32", operation, data="random", threads=1)
        if (refusal := self.case.refusal()) is not None:
            raise SkipNotImplemented(f"backend '{backend}' refuses: {refusal}")

    def track_error(self, backend, problem, operation):
        try:
            return self.case.require_right(self.case.call())
        except CheckFailure as failure:
            return failure.units
