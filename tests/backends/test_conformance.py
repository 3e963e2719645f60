"""Every installed backend: the conformance kit, and agreement with `naive`."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import convcore
from convcore.problem import OPERATIONS
from convcore.testing import Case, parametrize_with_checks
from convcore.testing.catalogue.problems import ALONE, CATALOGUE, LAYERS

INSTALLED = [record.name for record in convcore.backends() if record.state == "available"]
DTYPES = ("float32", "float64", "complex64", "complex128", "int8", "uint16", "int64", "uint64")


@pytest.mark.parametrize("record", convcore.backends(), ids=lambda record: record.name)
def test_no_installed_backend_is_broken(record):
    if record.state == "unavailable":
        pytest.skip(f"{record.name} is unavailable: {record.error}")
    assert record.state == "available", record.error


def test_the_backends_of_this_distribution_are_there():
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))
    names = project["project"]["entry-points"]["convcore.backends"]
    found = {record.name for record in convcore.backends() if record.distribution == "convcore"}
    assert found == set(names)


@parametrize_with_checks(INSTALLED)
def test_conformance(check):
    check()


@pytest.mark.parametrize("name", ["naive", "im2col"])
def test_these_refuse_nothing(name):
    backend = convcore.get_backend(name)
    for problem in (*CATALOGUE.values(), *LAYERS.values()):
        for dtype in map(np.dtype, DTYPES):
            for operation in (None, *OPERATIONS):
                assert backend.refusal(problem.geometry, dtype, operation) is None


@cache
def problems_with(dtype):
    """A third of the catalogue for each dtype, so that each problem meets several."""
    chosen = list(CATALOGUE.values())[DTYPES.index(dtype) % 3 :: 3]
    return [problem.geometry for problem in chosen]


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", [name for name in INSTALLED if name != "naive"])
def test_agrees_with_naive(name, dtype, operation):
    """Bit for bit where both are exact, within the sum of both bounds elsewhere."""
    backend, naive = convcore.get_backend(name), convcore.get_backend("naive")
    refusals, data = [], "integers" if np.dtype(dtype).kind in "iu" else "random"
    for geometry in problems_with(dtype):
        for kind in {"integers", data}:
            case = Case(backend, geometry, dtype, operation, kind)
            if (refusal := case.refusal()) is not None:
                refusals.append(str(refusal))
                continue
            other = case.variant(backend=naive)
            error = np.abs(case.call().astype(complex) - other.call())
            assert (error <= np.abs(case.tolerance) + np.abs(other.tolerance)).all(), case
    if len(refusals) == len(problems_with(dtype)) * len({"integers", data}):
        pytest.skip(f"{name} refuses every problem: {refusals[0]}")


CALLS = {
    "forward": lambda p, a, b, o: convcore.conv(a, b, **o),
    "grad_input": lambda p, a, b, o: convcore.conv_grad_input(a, b, p.input_shape, **o),
    "grad_weight": lambda p, a, b, o: convcore.conv_grad_weight(a, b, p.weight_shape, **o),
}


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("name", INSTALLED)
def test_functions_give_what_the_plan_gives(name, operation):
    """The functional surface on top of the same backend; complex gradients conjugate an operand."""
    backend = convcore.get_backend(name)
    for dtype in ("float32", "complex128"):
        for problem in list(ALONE.values())[::5]:
            p = problem.geometry
            case = Case(backend, p, dtype, operation)
            if case.refusal() is not None:
                continue
            first, second = case.operands()
            options = {"stride": p.stride, "padding": p.padding, "dilation": p.dilation}
            options |= {"groups": p.groups, "backend": name}
            got = CALLS[operation](p, first, second, options)
            conjugated = second if operation == "forward" else second.conj()
            want = case.call(first, conjugated)
            assert np.abs(got - want).max() <= 2 * np.abs(case.tolerance).max(), problem.name
