"""What backends for real numbers become for complex ones.

Each becomes a class like any other for every way in which complex products are made of real ones,
with a declaration, refusals and estimates that follow from its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from .. import registry
from ..contract import COPIES, Convolution, Declaration
from .products import Channels, Four, Products, Three
from .real_parts import COMPLEX, REAL, RealPartsConvolution

WAYS: tuple[type[Products], ...] = (Channels, Four, Three)
# What three products add to errors that are bounded by norms: each of two is of operands of up to
# sqrt 2 times the norm. Typical errors of sums of many terms are below twice eps max |y|.
THREE_BOUND, THREE_TYPICAL = 3.0, 8.0


@lru_cache(maxsize=128)
def in_real_parts(backend: type[Convolution], way: type[Products]) -> type[Convolution]:
    """What a backend for real numbers becomes for complex ones.

    Parameters
    ----------
    backend : type[Convolution]
        Of which plans are made.
    way : type[Products]
        How a complex product is made of real ones.
    """
    namespace = {
        "backend": backend,
        "products": way(backend),
        **{name: getattr(backend, name) for name in COPIES},
        "name": backend.name,
        "declaration": _declaration(backend.declaration, way),
    }
    return type(f"Complex{backend.__name__}", (RealPartsConvolution,), namespace)


def _declaration(real: Declaration, way: type[Products]) -> Declaration:
    """What a real backend promises of complex numbers."""
    dtypes = tuple(COMPLEX[name] for name in real.dtypes if name in COMPLEX)
    if way.componentwise:
        return replace(real, dtypes=dtypes)
    typical = real.bound if real.typical_error is None else real.typical_error
    componentwise = real.numerics == "componentwise"
    return replace(
        real,
        dtypes=dtypes,
        numerics="normwise",
        bound=THREE_BOUND * real.bound * (4 if componentwise else 1),
        typical_error=THREE_TYPICAL if componentwise else THREE_BOUND * typical,
        nonfinite="spreads",
    )


def classes_for(backend: type[Convolution], dtype: np.dtype[Any]) -> Sequence[type[Convolution]]:
    """What may run for a backend, or says why not: itself, or what it becomes if it knows reals."""
    names = {*backend.declaration.dtypes}
    if dtype not in REAL or str(dtype) in names or names.isdisjoint(COMPLEX):
        return (backend,)
    return tuple(in_real_parts(backend, way) for way in WAYS)


class RealPartsFactory:
    """Builds, wherever a pickle is opened, a plan of what a backend becomes for complex numbers."""

    def __init__(self, factory: Any, way: type[Products]) -> None:
        self.factory, self.way = factory, way

    def __call__(self, *args: Any, **limits: Any) -> Convolution:
        """The plan."""
        named = isinstance(self.factory, registry.NamedFactory)
        backend = registry.get_backend(self.factory.name) if named else self.factory
        plan = in_real_parts(backend, self.way)(*args, **limits)
        plan._factory = self
        return plan
