"""The process-wide state that a backend must leave alone, as a dictionary of readings."""

from __future__ import annotations

import gc
import importlib
import locale
import os
import random
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy as np

try:
    threadpoolctl: Any = importlib.import_module("threadpoolctl")
except ImportError:
    threadpoolctl = None


def _rounding() -> tuple[bool, bool, bool]:
    """Whether sums are rounded up, down or toward zero."""
    unit, tiny = np.float64(1.0), np.float64(1e-30)
    return bool(unit + tiny > unit), bool(-unit - tiny < -unit), bool(unit - tiny < unit)


def _subnormals() -> tuple[bool, bool]:
    """Whether subnormal results, and subnormal operands, count as zero."""
    smallest = np.finfo(np.float64).smallest_normal
    subnormal = np.array(1, np.int64).view(np.float64)
    with np.errstate(all="ignore"):
        return bool(smallest / 2 == 0), bool(subnormal * 2.0**60 == 0)


def _thread_pools() -> dict[str, int]:
    """Thread counts of the loaded BLAS and OpenMP libraries, where threadpoolctl can tell."""
    if threadpoolctl is None:
        return {}
    return {pool["filepath"]: pool["num_threads"] for pool in threadpoolctl.threadpool_info()}


def _fft_workers() -> Any:
    """Default number of workers of scipy.fft, if anybody has imported it."""
    module = sys.modules.get("scipy.fft")
    return None if module is None else module.get_workers()


def _affinity() -> Any:
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None


def _random() -> Any:
    return [np.asarray(part).tolist() for part in np.random.get_state(legacy=True)]


def _handlers() -> dict[Any, Any]:
    return {number: signal.getsignal(number) for number in signal.valid_signals()}


POOLS = "thread counts of the BLAS and OpenMP libraries"
READINGS: dict[str, Callable[[], Any]] = {
    "numpy.geterr()": np.geterr,
    "numpy.geterrcall()": np.geterrcall,
    "numpy.getbufsize()": np.getbufsize,
    "numpy.random's state": _random,
    "random's state": random.getstate,
    "the rounding mode": _rounding,
    "the handling of subnormal numbers": _subnormals,
    POOLS: _thread_pools,
    "numpy.get_printoptions()": lambda: {**np.get_printoptions(), "formatter": None},
    "scipy.fft.get_workers()": _fft_workers,
    "the processor affinity": _affinity,
    "the number of Python threads": threading.active_count,
    "os.environ": lambda: dict(os.environ),
    "the working directory": os.getcwd,
    "warnings.filters": lambda: list(warnings.filters),
    "signal handlers": _handlers,
    "the locale": lambda: locale.setlocale(locale.LC_ALL),
    "sys.path": lambda: list(sys.path),
    "sys.getswitchinterval()": sys.getswitchinterval,
    "sys.getrecursionlimit()": sys.getrecursionlimit,
    "the trace and profile functions": lambda: (sys.gettrace(), sys.getprofile()),
    "standard output and error": lambda: (sys.stdout, sys.stderr),
    "garbage collection": lambda: (gc.isenabled(), gc.get_threshold()),
}


@contextmanager
def unusual_state() -> Iterator[None]:
    """Settings that nobody would choose, so that a backend that sets its own is noticed."""
    generators = random.getstate(), np.random.get_state()
    limits = threadpoolctl.threadpool_limits(limits=3) if threadpoolctl else nullcontext()
    try:
        random.seed(20_31)
        np.random.seed(20_31)
        with limits, np.errstate(divide="raise", over="raise", under="warn", invalid="raise"):
            yield
    finally:
        random.setstate(generators[0])
        np.random.set_state(generators[1])


def snapshot() -> dict[str, Any]:
    """Every reading, by its name."""
    return {name: read() for name, read in READINGS.items()}


def differences(before: dict[str, Any], after: dict[str, Any]) -> str:
    """The readings that differ, with short values; empty where none does.

    A library loaded in between is no difference.
    """
    pools = before[POOLS]
    loaded = after[POOLS]
    kept = {path: loaded[path] for path in pools if path in loaded}
    after = {**after, POOLS: kept}
    changed = [name for name in before if before[name] != after[name]]
    return ", ".join(f"{name} ({_pair(before[name], after[name])})" for name in changed)


def _pair(before: Any, after: Any) -> str:
    texts = repr(before), repr(after)
    return " -> ".join(texts) if max(map(len, texts)) <= 60 else "long"
