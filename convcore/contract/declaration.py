"""What a backend says of itself: a `Declaration` once, a `Refusal` for a problem it cannot run."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np

from ..problem import MAX_RANK

# Error of a normwise backend, relative to max |y|, up to which the automatic choice admits it.
MAX_TYPICAL_ERROR = 1e-5


@dataclass(frozen=True)
class Refusal:
    """Why a backend cannot run a problem: a stable code in UPPER_CASE and a sentence."""

    code: str
    text: str

    def __str__(self) -> str:
        return f"{self.code}: {self.text}"


@lru_cache(maxsize=64)
def dtype_name(dtype: Any) -> str:
    """The name of a dtype, kept because NumPy puts it together anew whenever it is asked."""
    return str(dtype)


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """What a backend promises; the conformance kit holds it to every entry.

    Parameters
    ----------
    dtypes : tuple of str
        NumPy names of the dtypes it computes in; all others are refused.
    ranks : range
        Spatial ranks it handles.
    numerics : {"componentwise", "normwise"}
        Form of the error bound. With n the accumulation length and eps that of the dtype,
        componentwise: |error| <= bound (n + 2) eps (|a| conv |b|), element by element;
        normwise: |error| <= bound eps ||a|| ||b||, with the Euclidean norms of all the elements
        of each operand that the sample and channel of a result can meet.
    bound : float
        Factor of that bound.
    typical_error : float, optional
        For normwise numerics, whose bound is far above what common data meet: largest error on
        standard normal operands, in units of eps max |y| with y the result; `bound` by default.
        The automatic choice admits up to `MAX_TYPICAL_ERROR` of max |y|.
    deterministic : {"any_threads", "fixed_threads", "no"}
        Same bits from run to run, whatever the number of threads or only at a fixed one.
    batch_invariant : bool
        Whether a sample has the same bits alone, in any batch and at any place in it: in every
        plan. Where that has its price, see `capabilities`.
    nonfinite : {"local", "spreads"}
        Whether NaN and Inf stay in the results whose sum they enter.
    automatic : bool
        Whether the automatic choice may pick it; else it runs only by name.
    releases_gil : bool
        Whether other Python threads run during a long call.
    capabilities : tuple of str
        What the backend does itself that the host would do for it: "variants" (it lists several
        ways to run an operation, and its constructor takes `variants=`), "batch_invariant" (its
        constructor takes `batch_invariant=`, and True makes a plan as if `batch_invariant` were
        declared).
    description : str
        One line for tables.
    """

    dtypes: tuple[str, ...]
    ranks: range = range(1, MAX_RANK + 1)
    numerics: Literal["componentwise", "normwise"] = "componentwise"
    bound: float = 1.0
    typical_error: float | None = None
    deterministic: Literal["any_threads", "fixed_threads", "no"] = "fixed_threads"
    batch_invariant: bool = False
    nonfinite: Literal["local", "spreads"] = "local"
    automatic: bool = True
    releases_gil: bool = True
    capabilities: tuple[str, ...] = ()
    description: str = ""

    def relative_error(self, dtype: Any) -> float:
        """Typical error in `dtype`, relative to max |y|; 0 where the bound is componentwise."""
        if self.numerics == "componentwise" or np.dtype(dtype).kind not in "fc":
            return 0.0
        units = self.bound if self.typical_error is None else self.typical_error
        return units * float(np.finfo(dtype).eps)
