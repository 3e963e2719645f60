"""Mutants that list variants which they do not have, or have others than they list."""

from dataclasses import replace

import numpy as np

from convcore.plugin import UnsupportedError

from .base import TapConvolution, caught_by

NAMES = ("tap by tap", "backwards")


class VariedConvolution(TapConvolution):
    """The base with a second way to run everything: the taps from the last to the first."""

    declaration = replace(TapConvolution.declaration, capabilities=("variants",))

    def __init__(self, *problem, variants=None, **limits):
        super().__init__(*problem, variants=variants, **limits)
        for operation, name in (variants or {}).items():
            known = self.variants(self.geometry, self.dtype, operation, threads=self.threads)
            if name not in known:
                raise UnsupportedError(f"variants: must be one of {known}; got {name!r}")
        self.wanted = variants or {}

    @classmethod
    def variants(cls, geometry, dtype, operation, *, threads, max_workspace=None):
        return NAMES

    def taps(self):
        taps = list(super().taps())
        return taps[::-1] if NAMES[1] in self.wanted.values() else taps


@caught_by("declaration")
class UnknownCapability(TapConvolution):
    declaration = replace(TapConvolution.declaration, capabilities=("variants", "flies"))


@caught_by("declaration")
class CapabilityThatIsNoTuple(TapConvolution):
    declaration = replace(TapConvolution.declaration, capabilities="variants")


@caught_by("signatures")
class VariantsOfThreadsAlone(TapConvolution):
    @classmethod
    def variants(cls, geometry, dtype, operation, *, threads):
        return ("default",)


@caught_by("variants")
class SecondVariantIsWrong(VariedConvolution):
    def add(self, target, where, axes, first, second):
        super().add(target, where, axes, first, second)
        if NAMES[1] in self.wanted.values():
            target[(..., *where)] += 1


@caught_by("variants")
class VariantOfOneGradientIsWrong(VariedConvolution):
    def _grad_weight(self, grad_output, input, grad_weight):
        super()._grad_weight(grad_output, input, grad_weight)
        if self.wanted.get("grad_weight") == NAMES[1]:
            grad_weight[...] = np.flip(grad_weight, 2)


@caught_by("variants")
class ListsWhatItRefuses(VariedConvolution):
    def __init__(self, *problem, variants=None, **limits):
        super().__init__(*problem, variants=variants, **limits)
        if NAMES[1] in self.wanted.values():
            raise UnsupportedError("variants: must not be backwards today")


@caught_by("variants")
class ListsNamesTwice(VariedConvolution):
    @classmethod
    def variants(cls, geometry, dtype, operation, *, threads, max_workspace=None):
        return (*NAMES, NAMES[0])


@caught_by("variants")
class ListsNothing(VariedConvolution):
    @classmethod
    def variants(cls, geometry, dtype, operation, *, threads, max_workspace=None):
        return NAMES if threads == 2 else ()


@caught_by("variants")
class ListsNamesWithoutLetters(VariedConvolution):
    @classmethod
    def variants(cls, geometry, dtype, operation, *, threads, max_workspace=None):
        return (*NAMES, "")


@caught_by("variants")
class ListsAList(VariedConvolution):
    @classmethod
    def variants(cls, geometry, dtype, operation, *, threads, max_workspace=None):
        return list(NAMES)


@caught_by("variants")
class ListsSeveralUndeclared(TapConvolution):
    variants = VariedConvolution.variants


@caught_by("variants")
class TakesVariantsUndeclared(TapConvolution):
    def __init__(self, *problem, variants=None, **limits):
        super().__init__(*problem, **limits)


@caught_by("variants")
class TakesAnyName(VariedConvolution):
    def __init__(self, *problem, variants=None, **limits):
        super(VariedConvolution, self).__init__(*problem, variants=variants, **limits)
        self.wanted = variants or {}


@caught_by("variants")
class FallsBackToItsOwnChoice(VariedConvolution):
    """Takes an unknown name for one that was not given."""

    def __init__(self, *problem, variants=None, **limits):
        known = {operation: name for operation, name in (variants or {}).items() if name in NAMES}
        super().__init__(*problem, variants=known or None, **limits)


@caught_by("variants")
class CopiesForgetVariants(VariedConvolution):
    def __reduce__(self):
        rebuild, (factory, geometry, dtype, limits) = super().__reduce__()
        return rebuild, (factory, geometry, dtype, {**limits, "variants": None})
