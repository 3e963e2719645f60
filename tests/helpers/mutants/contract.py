"""Mutants that declare or refuse what they should not."""

import math
from dataclasses import replace

import numpy as np

from convcore.plugin import Convolution, Refusal, UnsupportedError

from .base import TapConvolution, caught_by


@caught_by("declaration")
class NoDeclaration(TapConvolution):
    declaration = None


@caught_by("declaration")
class UnknownDtype(TapConvolution):
    declaration = replace(TapConvolution.declaration, dtypes=("float32", "bfloat16"))


@caught_by("declaration")
class PointlessBound(TapConvolution):
    declaration = replace(TapConvolution.declaration, bound=1e12)


@caught_by("declaration")
class PointlessTypicalError(TapConvolution):
    declaration = replace(
        TapConvolution.declaration, numerics="normwise", typical_error=float("nan")
    )


@caught_by("declaration")
class TypicalErrorOfComponents(TapConvolution):
    declaration = replace(TapConvolution.declaration, typical_error=3.0)


@caught_by("declaration")
class BadName(TapConvolution):
    name = "two words"


@caught_by("declaration")
class MissingGradient(Convolution):
    name = "half"
    declaration = TapConvolution.declaration
    _forward = TapConvolution._forward
    _grad_input = TapConvolution._grad_input


@caught_by("signatures")
class ExtraArgument(TapConvolution):
    def forward(self, input, weight, *, out=None, fast=True):
        return super().forward(input, weight, out=out)


@caught_by("signatures")
class RenamedArgument(TapConvolution):
    def grad_weight(self, grad_output, x, *, out=None):
        return super().grad_weight(grad_output, x, out=out)


@caught_by("signatures")
class PreparesForBothAlways(TapConvolution):
    def prepare(self, weight):
        return super().prepare(weight)


class Refusing(TapConvolution):
    """Gives its own answer in spatial rank 3."""

    answer = None

    @classmethod
    def refusal(cls, geometry, dtype, operation=None):
        return cls.answer if geometry.spatial_rank == 3 else None


@caught_by("refusal")
class RefusesWithString(Refusing):
    answer = "rank 3 is not for me"


@caught_by("refusal")
class RefusesInLowerCase(Refusing):
    answer = Refusal("rank", "rank 3 is not for me")


@caught_by("refusal")
class RefusesWithoutReason(Refusing):
    answer = Refusal("RANK", "")


@caught_by("refusal")
class RefusalRaises(TapConvolution):
    @classmethod
    def refusal(cls, geometry, dtype, operation=None):
        if geometry.groups > 1 and geometry.groups == geometry.in_channels:
            raise KeyError("depthwise")
        return super().refusal(geometry, dtype, operation)


@caught_by("refusal")
class ChangesItsMind(TapConvolution):
    asked = 0

    @classmethod
    def refusal(cls, geometry, dtype, operation=None):
        cls.asked += 1
        return Refusal("MOOD", "not now") if cls.asked % 7 == 0 else None


@caught_by("refusal")
class RefusesWholeButNoPart(TapConvolution):
    @classmethod
    def refusal(cls, geometry, dtype, operation=None):
        whole = operation is None and geometry.batch > 1
        return Refusal("BATCH", "one sample only") if whole else None


@caught_by("refusal_is_kept")
class RaisesItsOwnException(TapConvolution):
    def __init__(self, geometry, dtype, *, threads=None, max_workspace=None):
        if max(geometry.dilation) > 1:
            raise ValueError("no dilation")
        super().__init__(geometry, dtype, threads=threads, max_workspace=max_workspace)


@caught_by("refusal_is_kept")
class RefusesOnlyWhenPlanned(TapConvolution):
    def __init__(self, geometry, dtype, *, threads=None, max_workspace=None):
        super().__init__(geometry, dtype, threads=threads, max_workspace=max_workspace)
        if geometry.groups > 1:
            raise UnsupportedError("no groups")


@caught_by("refusal_is_kept")
class PlansWhatItRefuses(TapConvolution):
    @classmethod
    def refusal(cls, geometry, dtype, operation=None):
        wide = geometry.spatial_rank > 3
        return Refusal("RANK", "three axes at most") if wide else None

    def __init__(self, geometry, dtype, *, threads=None, max_workspace=None):
        self._geometry, self._dtype, self._threads = geometry, np.dtype(dtype), threads or 1
        self._max_workspace, self._factory = max_workspace, type(self)


@caught_by("declared_is_accepted")
class RefusesEverything(TapConvolution):
    @classmethod
    def refusal(cls, geometry, dtype, operation=None):
        return Refusal("NEVER", "nothing is ever right")


@caught_by("declared_is_accepted")
class DeclaresComplexAndRefusesIt(TapConvolution):
    @classmethod
    def refusal(cls, geometry, dtype, operation=None):
        return Refusal("DTYPE", "real only") if np.dtype(dtype).kind == "c" else None


@caught_by("declared_is_accepted")
class DeclaresRankFourAndRefusesIt(TapConvolution):
    @classmethod
    def refusal(cls, geometry, dtype, operation=None):
        return Refusal("RANK", "not four") if geometry.spatial_rank == 4 else None


@caught_by("undeclared_is_refused")
class TakesMoreThanItDeclares(TapConvolution):
    declaration = replace(TapConvolution.declaration, dtypes=("float32",), ranks=range(1, 4))

    @classmethod
    def refusal(cls, geometry, dtype, operation=None):
        return None


@caught_by("undeclared_is_refused")
class RefusesUndeclaredForwardOnly(TapConvolution):
    declaration = replace(TapConvolution.declaration, dtypes=("float32",))

    @classmethod
    def refusal(cls, geometry, dtype, operation=None):
        return None if operation == "grad_weight" else super().refusal(geometry, dtype, operation)


@caught_by("estimate")
class EstimatesNaN(TapConvolution):
    @classmethod
    def estimate(cls, geometry, dtype, operation, *, threads):
        return math.nan


@caught_by("estimate")
class EstimatesLessThanNothing(TapConvolution):
    @classmethod
    def estimate(cls, geometry, dtype, operation, *, threads):
        return 1e-6 * (1 - threads)


@caught_by("estimate")
class EstimateRaises(TapConvolution):
    @classmethod
    def estimate(cls, geometry, dtype, operation, *, threads):
        return 1.0 / (geometry.batch - 3) ** 2


@caught_by("plan_attributes")
class NegativeWorkspace(TapConvolution):
    def workspace_bytes(self, operation):
        return -1


@caught_by("planning_is_cheap")
class PlansWithTables(TapConvolution):
    def __init__(self, geometry, dtype, *, threads=None, max_workspace=None):
        super().__init__(geometry, dtype, threads=threads, max_workspace=max_workspace)
        self.table = np.empty(geometry.output_extents[0] * 64, np.int64)


@caught_by("estimate")
class EstimatesNothing(TapConvolution):
    @classmethod
    def estimate(cls, geometry, dtype, operation, *, threads):
        return 0.0
