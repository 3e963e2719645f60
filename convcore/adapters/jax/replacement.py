"""JAX's own convolutions on ours, in programs that know nothing of it.

The lowering of `lax.conv_general_dilated` to the CPU is another one while this is installed. For a
part of what it needs JAX has no public name; it is asked for when somebody installs.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable
from functools import partial
from typing import Any, Literal

import jax
import numpy as np
from jax import lax
from jax.interpreters import mlir

from ...errors import OptionError, UnsupportedError
from ..contest import fastest
from .primitives import called_back, computed
from .translation import translated

Choice = Literal["faster", "always"]
CHOICES = ("faster", "always")
# What NumPy calls the dtypes that are computed by ours.
DTYPES = {"float16", "bfloat16", "float32", "float64", "complex64", "complex128"}

_theirs: Any = None  # the rule that was registered before
_choice: Choice = "faster"
_verdicts: dict[Hashable, bool] = {}
# What a thread lowers by, "ours" or "theirs", while it finds out which is faster.
_contest = threading.local()


def install(choice: Choice = "faster") -> None:
    """Run the convolutions of unchanged JAX programs on the CPU by ours.

    Parameters
    ----------
    choice : {"faster", "always"}
        "faster" times JAX and ours when a problem is first compiled, on random operands, and keeps
        who wins: the way from a compiled program to ours and back takes about 0.1 ms, so small
        problems stay JAX's. "always" runs by ours whatever it can run. Either way the rest stays
        JAX's: other devices, integers, empty arrays.

    Raises
    ------
    OptionError
        If `choice` is neither.
    UnsupportedError
        If this version of JAX keeps its lowerings elsewhere.

    Notes
    -----
    All that JAX has compiled is forgotten, here and in `uninstall`.
    """
    global _theirs, _choice
    if choice not in CHOICES:
        raise OptionError(f"choice: must be one of {', '.join(CHOICES)}; got {choice!r}")
    if _theirs is None:
        _theirs = _registered()
        mlir.register_lowering(lax.conv_general_dilated_p, _lowered, platform="cpu")
    _choice = choice
    _verdicts.clear()
    jax.clear_caches()


def uninstall() -> None:
    """Give JAX its own convolutions back."""
    global _theirs
    if _theirs is not None:
        mlir.register_lowering(lax.conv_general_dilated_p, _theirs, platform="cpu")
        _theirs = None
        jax.clear_caches()


def installed() -> bool:
    """Whether JAX's convolutions may run by ours."""
    return _theirs is not None


def _registered() -> Any:
    """The rule by which JAX itself lowers convolutions to the CPU."""
    try:
        return mlir._platform_specific_lowerings["cpu"][lax.conv_general_dilated_p].rule
    except (AttributeError, KeyError) as error:
        raise UnsupportedError(
            "convcore.adapters.jax: install() knows JAX 0.10 and finds no lowering of convolutions "
            f"where that has it; got JAX {jax.__version__}"
        ) from error


def _lowered(context: Any, input: Any, weight: Any, **given: Any) -> Any:
    avals = (*context.avals_in, *context.avals_out)
    compute = _computing(avals, given)
    if compute is None:
        return _theirs(context, input, weight, **given)
    return called_back(context, partial(computed, compute), input, weight)


def _computing(avals: Any, given: dict[str, Any]) -> Any:
    """What computes it by ours, where it is to run by ours."""
    who = getattr(_contest, "who", None)
    dtypes = {aval.dtype.name for aval in avals}
    if who == "theirs" or len(dtypes) > 1 or not dtypes <= DTYPES:
        return None
    input, weight, output = avals
    compute = translated(input, weight, output, given)
    if compute is None or who == "ours" or _choice == "always":
        return compute
    key = (*((aval.shape, aval.dtype) for aval in avals), repr(sorted(given.items())))
    if key not in _verdicts:
        _verdicts[key] = _wins(avals[:2], given)
    return compute if _verdicts[key] else None


def _wins(avals: tuple[Any, ...], given: dict[str, Any]) -> bool:
    """Whether ours is faster, called from a compiled program as it will be."""
    random = np.random.default_rng(0)
    operands = [random.standard_normal(aval.shape).astype(aval.dtype) for aval in avals]
    runs = {}
    for who in ("ours", "theirs"):
        _contest.who = who
        try:
            program = jax.jit(lambda x, w: lax.conv_general_dilated_p.bind(x, w, **given))
            runs[who] = program.lower(*operands).compile()
        finally:
            _contest.who = None
        runs[who](*operands).block_until_ready()
    ours, theirs = (lambda run=run: run(*operands).block_until_ready() for run in runs.values())
    return fastest(theirs, ours) == 1
