"""The resident size while shapes, plans and prepared weights come and go."""

from __future__ import annotations

import gc
import os
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

import convcore

from .values import HALVES

# What is kept on purpose, such as the plans of 4,096 calls, is full after this share of the calls.
WARM = 0.4
# Growth after that which still is flat: allocators round, and free what they like.
FLAT_BYTES = 12 << 20
REPORTS = 20
DTYPES = ("float32", "float64", "complex64", "int32", *HALVES)


def watch(options: Any, names: tuple[str, ...], at: Callable[[int], None]) -> int:
    """Make calls with ever new shapes, and print the resident size; status 1 where it grows."""
    every = max(1, options.calls // REPORTS)
    started, warm, grown = time.monotonic(), None, 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for index in range(options.calls):
            at(index)
            one_call(Random(f"{options.seed}/{index}"), index, names)
            if (index + 1) % every == 0:
                size = resident_bytes()
                seconds = time.monotonic() - started
                print(f"{index + 1} calls, {seconds:.0f} s: {size / 2**20:.1f} MiB", flush=True)
                if warm is None and index + 1 >= WARM * options.calls:
                    warm = size
                grown = 0 if warm is None else size - warm
    verdict = "flat" if grown <= FLAT_BYTES else "grows"
    print(f"{grown / 2**20:+.1f} MiB after the first {WARM:.0%} of the calls: {verdict}")
    return 0 if grown <= FLAT_BYTES else 1


def resident_bytes() -> int:
    """What the process holds in memory, once garbage is collected."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def one_call(r: Random, index: int, names: tuple[str, ...]) -> None:
    """One call of a shape that has hardly been there before; sizes do not grow with the number."""
    extent, other = 9 + index % 97, 9 + index // 97 % 89
    batch, channels = r.randint(1, 2), r.randint(1, 3)
    x = np.ones((batch, channels, extent, other), r.choice(DTYPES))
    w = np.ones((r.randint(1, 3), channels, r.randint(1, 5), 3), x.dtype)
    padding = r.randint(0, 2), r.randint(0, 2)
    backend = r.choice((None, None, *names))
    try:
        r.choice((_conv, _plan, _prepared, _pullback))(x, w, padding=padding, backend=backend)
    except convcore.UnsupportedError:
        if backend is None:
            raise


def _conv(x: np.ndarray, w: np.ndarray, **keywords: Any) -> None:
    convcore.conv(x, w, **keywords)


def _plan(x: np.ndarray, w: np.ndarray, **keywords: Any) -> None:
    plan = convcore.plan(x.shape, w.shape, dtype=x.dtype, **keywords)
    plan.grad_weight(plan.forward(x, w), x)


def _prepared(x: np.ndarray, w: np.ndarray, **keywords: Any) -> None:
    plan = convcore.plan(x.shape, w.shape, dtype=x.dtype, **keywords)
    weight = plan.prepare(w)
    plan.grad_input(plan.forward(x, weight), weight)


def _pullback(x: np.ndarray, w: np.ndarray, **keywords: Any) -> None:
    output, pullback = convcore.conv_vjp(x, w, **keywords)
    pullback(output)
