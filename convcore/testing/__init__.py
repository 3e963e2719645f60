"""The conformance kit: whether a backend computes what it declares, and behaves meanwhile.

    >>> from convcore.testing import check_backend
    >>> report = check_backend("naive", checks=["declaration", "refusal"])
    >>> report.ok
    True

One engine stands behind three doors: `check_backend` for any class or name, the decorator
`parametrize_with_checks` for an author's own pytest suite, and ``convcore check NAME``.

    check_backend ──> engine ──> checks    contract          the declaration, signatures, refusals
                        │                  plans             what a plan says of itself and costs
                        │                  arrays            operands, results, `out`, layouts
                        │                  bad_arguments     what is turned away
                        │                  numbers           exact values, error bounds, NaN and Inf
                        │                  magnitude         huge and tiny operands
                        │                  automatic         both where results are repaired
                        │                  extremes          every pair of extremes of a problem
                        │                  large             many blocks, typical errors
                        │                  algebra           adjoints, linearity, groups, steps
                        │                  side_effects      nothing remembered or changed, no noise
                        │                  threads           same bits, many threads, the GIL
                        │                  memory            workspace, what a plan keeps
                        │                  resident          what a process keeps
                        │                  prepared_weights  prepared once for many calls
                        │                  variants          several ways to run an operation
                        │                     │
                        └──> report        cases ──> catalogue: problems, pairs, data, oracle

A check is a function of a few lines, registered under its own name with the cases that it runs
over. A case ends in one of three ways: it passes, the backend refuses it with a reason, or it
fails. Nothing here needs more than NumPy.
"""

from .cases import Case, unit_bound
from .catalogue.data import operands
from .catalogue.problems import CATALOGUE, CHOICES, LAYERS, Problem
from .check import Check
from .engine import CHECKS, check_backend, run_check
from .failures import CheckFailure, NotApplicable
from .pytest_door import parametrize_with_checks
from .report import Failure, Report, Result

__all__ = [
    "CATALOGUE",
    "CHECKS",
    "CHOICES",
    "LAYERS",
    "Case",
    "Check",
    "CheckFailure",
    "Failure",
    "NotApplicable",
    "Problem",
    "Report",
    "Result",
    "check_backend",
    "operands",
    "parametrize_with_checks",
    "run_check",
    "unit_bound",
]
