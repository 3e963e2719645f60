"""Every installed backend on random problems; what fails here belongs into the fixed catalogue."""

from __future__ import annotations

from dataclasses import replace
from operator import le

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from strategies import FLOATS, INTEGERS, geometries, operations, seeds

import convcore
from convcore.testing import Case, run_check
from convcore.testing.failures import NotApplicable

# Draws are of all kinds of problems, hardly one of which is a filter along one axis.
LEFT_OUT = {"lines"}
AVAILABLE = {record.name for record in convcore.backends() if record.state == "available"}
INSTALLED = sorted(AVAILABLE - LEFT_OUT)

pytestmark = pytest.mark.parametrize("name", INSTALLED)
# Examples are derived from the test alone: a failure is one for everybody, every time.
bounded = settings(
    deadline=None,
    max_examples=60,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def runnable(name, data, dtypes, geometry, operation, kind, seed):
    """A case in a declared dtype, of the drawn problem or of a plainer one that is not refused."""
    backend = convcore.get_backend(name)
    declared = [dtype for dtype in dtypes if dtype in backend.declaration.dtypes]
    if not declared:
        pytest.skip(f"{name} declares none of {', '.join(dtypes)}")
    case = Case(backend, geometry, data.draw(st.sampled_from(declared)), operation, kind, seed)
    for problem in (geometry, dense(geometry), three_taps(dense(geometry))):
        if (plainer := case.variant(geometry=problem)).refusal() is None:
            return plainer
    return assume(False)


def dense(p):
    """The problem without stride, dilation and groups, which special algorithms often refuse."""
    ones = (1,) * p.spatial_rank
    return replace(p, stride=ones, dilation=ones, groups=1)


def three_taps(p):
    """The problem with three taps on each axis, and padding for them."""
    axes = zip(p.padding, p.padded_extents, strict=True)
    padding = tuple((before, after + max(0, 3 - padded)) for (before, after), padded in axes)
    return replace(p, kernel_extents=(3,) * p.spatial_rank, padding=padding)


def check(about, case):
    """Run one check of the kit on a drawn case, which counts only if the check applies to it."""
    try:
        run_check(about, case)
    except NotApplicable:
        assume(False)


@bounded
@given(data=st.data(), geometry=geometries(), operation=operations, seed=seeds)
def test_exact_on_integer_valued_data(name, data, geometry, operation, seed):
    check("exact_integers", runnable(name, data, FLOATS, geometry, operation, "integers", seed))


@bounded
@given(data=st.data(), geometry=geometries(), operation=operations, seed=seeds)
def test_within_the_bound_on_random_data(name, data, geometry, operation, seed):
    check("error_bound", runnable(name, data, FLOATS, geometry, operation, "scaled", seed))


@bounded
@given(data=st.data(), geometry=geometries(), operation=operations, seed=seeds)
def test_integers_wrap(name, data, geometry, operation, seed):
    check(
        "wrapping_integers", runnable(name, data, INTEGERS, geometry, operation, "integers", seed)
    )


@bounded
@given(data=st.data(), geometry=geometries(), seed=seeds)
def test_gradients_are_adjoint(name, data, geometry, seed):
    check("adjoint_identity", runnable(name, data, FLOATS, geometry, "forward", "random", seed))


@bounded
@given(data=st.data(), geometry=geometries(), operation=operations, seed=seeds)
def test_linear_in_both_operands(name, data, geometry, operation, seed):
    check("linearity", runnable(name, data, FLOATS, geometry, operation, "integers", seed))


# Checks against a related problem, with what makes that another one than the problem itself.
RELATED = {
    "groups_concatenate": lambda p: p.groups > 1,
    "samples_are_independent": lambda p: p.batch > 1,
    "stride_subsamples": lambda p: max(p.stride) > 1,
    "dilation_stuffs_zeros": lambda p: max(p.dilation) > 1,
}


@bounded
@given(data=st.data(), geometry=geometries(smallest_batch=1), operation=operations, seed=seeds)
def test_related_problems_agree(name, data, geometry, operation, seed):
    case = runnable(name, data, FLOATS, geometry, operation, "integers", seed)
    meant = [related for related, meets in RELATED.items() if meets(case.geometry)]
    assume(meant)
    check(data.draw(st.sampled_from(meant)), case)


@bounded
@given(data=st.data(), geometry=geometries(), operation=operations, seed=seeds)
def test_out_is_overwritten_and_nothing_else(name, data, geometry, operation, seed):
    case = runnable(name, data, FLOATS, geometry, operation, "integers", seed)
    for about in ("out_overwritten", "out_guarded"):
        check(about, case)


@bounded
@given(data=st.data(), geometry=geometries(smallest_batch=1), seed=seeds)
def test_batch_and_mirror_images(name, data, geometry, seed):
    """Reordering samples reorders results, and mirroring everything mirrors the result."""
    case = runnable(name, data, FLOATS, geometry, "forward", "integers", seed)
    x, w = case.operands()
    order = np.random.default_rng(seed).permutation(case.geometry.batch)
    close = 2 * np.abs(case.tolerance).max(initial=0)
    y = case.call(x, w)
    assert (np.abs(case.call(x[order], w) - y[order]) <= close).all()
    if not case.geometry.degenerate:
        padding = tuple(mirror(case.geometry))
        cropped = [max(0, -before) + max(0, -after) for before, after in padding]
        assume(all(map(le, cropped, case.geometry.input_extents)))
        mirrored = case.variant(geometry=replace(case.geometry, padding=padding))
        axes = tuple(range(2, x.ndim))
        got = mirrored.call(np.flip(x, axes), np.flip(w, axes))
        assert (np.abs(got - np.flip(y, axes)) <= close).all()


def mirror(p):
    """Padding of the mirrored problem: exchanged, less what no output reads at the end."""
    for (before, after), padded, field, step in zip(
        p.padding, p.padded_extents, p.receptive_field, p.stride, strict=True
    ):
        yield after - (padded - field) % step, before
