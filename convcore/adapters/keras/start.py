"""Imports Keras, also where its NumPy backend misses JAX."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from types import ModuleType
from typing import Any

import numpy as np

from ...typing import Array


class Missing(ModuleType):
    """Stands where the backend keeps a module of JAX."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise ImportError(
            f"{self.__name__}.{name}: needs JAX, and there is none; "
            "convcore.adapters.keras.install() does without it"
        )


def _fft(transform: Any) -> Any:
    def transformed(pair: tuple[Array, Array]) -> tuple[Array, Array]:
        real, imaginary = pair
        found = transform(real + 1j * imaginary)
        return np.ascontiguousarray(found.real), np.ascontiguousarray(found.imag)

    return transformed


def _stand_ins() -> dict[str, ModuleType]:
    """What the backend imports, by name: nothing of JAX, and two transforms, which are NumPy's."""
    names = ("jax", "jax.lax", "keras.src.backend.jax", "keras.src.backend.jax.math")
    found: dict[str, ModuleType] = {name: Missing(name) for name in names}
    found["jax"].lax = found["jax.lax"]  # type: ignore[attr-defined]
    transforms = {"fft": _fft(np.fft.fft), "fft2": _fft(np.fft.fft2)}
    vars(found["keras.src.backend.jax.math"]).update(transforms)
    return found


@contextmanager
def _in_place_of_jax() -> Iterator[None]:
    """Stand-ins for JAX among the modules, until what is imported meanwhile has taken them."""
    there = _stand_ins()
    before = {name: sys.modules[name] for name in there if name in sys.modules}
    sys.modules.update(there)
    try:
        yield
    finally:
        for name in there:
            del sys.modules[name]
        sys.modules.update(before)


def _import_keras() -> ModuleType:
    if find_spec("keras") is None:
        raise ImportError(
            "convcore.adapters.keras: needs keras, and there is none; install it with: "
            'pip install "convcore[keras]"'
        )
    missing = "keras" not in sys.modules and find_spec("jax") is None
    if os.environ.setdefault("KERAS_BACKEND", "numpy") != "numpy" or not missing:
        return importlib.import_module("keras")
    with _in_place_of_jax():
        return importlib.import_module("keras")


keras = _import_keras()


def operators() -> ModuleType:
    """The module from which Keras takes convolutions and pools on the NumPy backend."""
    return importlib.import_module("keras.src.backend.numpy.nn")
