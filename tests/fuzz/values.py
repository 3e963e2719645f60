"""Operands with every kind of number in them."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np

try:
    import ml_dtypes
except ImportError:
    ml_dtypes = None

# Summed in float32.
HALVES = ("float16", "bfloat16") if ml_dtypes else ("float16",)
FLOATS = ("float32", "float64", "complex64", "complex128", *HALVES)
INTEGERS = tuple(f"{kind}int{bits}" for kind in ("", "u") for bits in (8, 16, 32, 64))
# Kinds of the first and the second operand, and how often.
FLOAT_KINDS = {
    ("normal", "normal"): 24,
    ("whole", "whole"): 12,
    ("positive", "positive"): 4,
    ("zero", "normal"): 1,
    ("sparse", "normal"): 4,
    ("constant", "constant"): 3,
    ("normal", "constant"): 2,
    ("decades", "normal"): 4,
    ("decades", "decades"): 4,
    ("huge", "normal"): 4,
    ("normal", "huge"): 3,
    ("huge", "tiny"): 4,
    ("tiny", "huge"): 3,
    ("large", "large"): 3,
    ("tiny", "normal"): 3,
    ("tiny", "tiny"): 2,
    ("denormal", "normal"): 3,
    ("normal", "denormal"): 2,
    ("denormal", "huge"): 2,
    ("patch", "constant"): 3,
    ("limits", "normal"): 3,
    ("limits", "limits"): 2,
}
INTEGER_KINDS = {
    ("whole", "whole"): 3,
    ("range", "range"): 4,
    ("limits", "limits"): 3,
    ("sparse", "range"): 1,
}
SPECIAL = (np.nan, np.inf, -np.inf)


def draw_dtype(r: Random) -> np.dtype[Any]:
    """Any dtype, float32 most often."""
    names = r.choices((("float32",), FLOATS, INTEGERS), (4, 5, 3))[0]
    return np.dtype(r.choice(names))


def draw_kinds(r: Random, dtype: np.dtype[Any]) -> tuple[str, str]:
    """Kinds of two operands that are worth meeting each other."""
    kinds = INTEGER_KINDS if dtype.kind in "iu" else FLOAT_KINDS
    return r.choices(list(kinds), list(kinds.values()))[0]


def draw_array(
    r: Random, rng: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype[Any], kind: str
) -> np.ndarray:
    """An array of a kind; complex ones are of that kind in both parts."""
    if dtype.kind in "iu":
        return _integers(rng, shape, dtype, kind)
    if dtype.kind != "c":
        return _floats(rng, shape, dtype, kind)
    parts = [_floats(rng, shape, np.dtype(f"f{dtype.itemsize // 2}"), kind) for _ in range(2)]
    array = np.empty(shape, dtype)
    array.real, array.imag = parts
    if r.random() < 0.1:
        array.imag = 0
    return array


def finfo(dtype: np.dtype[Any]) -> Any:
    """What NumPy's says, of bfloat16 too."""
    return np.finfo(dtype) if dtype.kind in "fc" else ml_dtypes.finfo(dtype)


def summed(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype that sums are in."""
    return np.dtype("float32") if str(dtype) in HALVES else dtype


def sprinkle(r: Random, array: np.ndarray) -> None:
    """Put a few values that are not finite, or zeros, into a float array."""
    if not array.size:
        return
    flat = array.reshape(-1)
    few = r.choice((1, 1, 2, max(1, flat.size // 10), flat.size))
    values = r.choice((SPECIAL, (np.nan,), (np.inf,), (np.inf, -np.inf)))
    for _ in range(min(few, 50)):
        flat[r.randrange(flat.size)] = r.choice(values)
    if few == flat.size and r.random() < 0.2:
        flat[...] = r.choice(values)


def _integers(
    rng: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype[Any], kind: str
) -> np.ndarray:
    info = np.iinfo(dtype)
    if kind == "whole":
        return rng.integers(max(info.min, -8), 9, shape).astype(dtype)
    if kind == "limits":
        limits = np.array([info.min, info.max, 0, 1, info.max - 1, info.min + 1], dtype)
        return rng.choice(limits, shape)
    array = rng.integers(info.min, info.max, shape, dtype, endpoint=True)
    if kind == "sparse":
        array *= rng.random(shape) < 0.1
    return array


def _floats(
    rng: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype[Any], kind: str
) -> np.ndarray:
    with np.errstate(all="ignore"):
        return _wide(rng, shape, finfo(dtype), kind).astype(dtype)


def _wide(rng: np.random.Generator, shape: tuple[int, ...], info: Any, kind: str) -> np.ndarray:
    """In float64, whose range holds that of every other."""
    largest, least = float(info.max), float(info.smallest_normal)
    normal = rng.standard_normal(shape)
    if kind == "whole":
        return np.rint(3 * normal)
    if kind == "positive":
        return np.abs(normal)
    if kind == "zero":
        return np.where(normal > 0, 0.0, -0.0)
    if kind == "sparse":
        return np.where(np.abs(normal) > 1.5, normal, 0)
    if kind == "constant":
        return np.full(shape, rng.choice((1.0, -1.0, 0.1, 3.0)))
    if kind == "decades":
        return normal * largest ** rng.uniform(-0.9, 0.9, shape)
    if kind == "patch":
        return np.where(rng.random(shape) < 0.3, 0.03 * largest, 0)
    if kind == "limits":
        some = (largest, -largest, least, float(info.smallest_subnormal), 0.0, -0.0, 1.0, info.eps)
        return rng.choice(np.array(some), shape)
    scales = {"huge": 0.01 * largest, "large": largest**0.48, "tiny": 10 * least}
    scales |= {"denormal": 0.01 * least, "normal": 1.0}
    return normal * scales[kind]
