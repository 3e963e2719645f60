"""Backends broken on purpose, each with the check that must name it.

All of them are `base.TapConvolution` but for a line or two.
"""

from . import (  # noqa: F401
    adversary,
    adversary_conduct,
    adversary_scale,
    arrays,
    channels_last,
    conduct,
    contract,
    copies,
    corners,
    leaks,
    magnitude,
    numbers,
    prepared,
    rounding,
    survivors_conduct,
    survivors_data,
    threads,
    variants,
)
from .base import MUTANTS, TapConvolution
from .catching import caught_by_checks_of, home, require_caught

__all__ = ["MUTANTS", "TapConvolution", "caught_by_checks_of", "home", "require_caught"]
