"""Backends broken on purpose, each with the check that must name it.

All of them are `base.TapConvolution` but for a line or two.
"""

from . import arrays, conduct, contract, numbers, rounding, threads  # noqa: F401
from .base import MUTANTS, TapConvolution

__all__ = ["MUTANTS", "TapConvolution"]
