"""Every installed backend on random problems; what fails here belongs into the fixed catalogue."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from strategies import FLOATS, INTEGERS, geometries, operations, seeds

import convcore
from convcore.testing import Case, run_check
from convcore.testing.judgement import NotApplicable

INSTALLED = [record.name for record in convcore.backends() if record.state == "available"]

pytestmark = pytest.mark.parametrize("name", INSTALLED)
# Examples are derived from the test alone: a failure is one for everybody, every time.
bounded = settings(
    deadline=None,
    max_examples=60,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)


def check(name, *case):
    """Run one check of the kit on a drawn case, which counts only if the backend runs it."""
    backend = convcore.get_backend(name)
    subject = Case(backend, *case[1:])
    if str(subject.dtype) not in backend.declaration.dtypes:
        pytest.skip(f"{name} declares no {subject.dtype}")
    refusal = subject.refusal()
    assert refusal is None, f"a problem of the declared kind is refused: {refusal}"
    try:
        run_check(case[0], subject)
    except NotApplicable:
        assume(False)


@bounded
@given(geometry=geometries(), dtype=st.sampled_from(FLOATS), operation=operations, seed=seeds)
def test_exact_on_integer_valued_data(name, geometry, dtype, operation, seed):
    check(name, "exact_integers", geometry, dtype, operation, "integers", seed)


@bounded
@given(geometry=geometries(), dtype=st.sampled_from(FLOATS), operation=operations, seed=seeds)
def test_within_the_bound_on_random_data(name, geometry, dtype, operation, seed):
    check(name, "error_bound", geometry, dtype, operation, "scaled", seed)


@bounded
@given(geometry=geometries(), dtype=st.sampled_from(INTEGERS), operation=operations, seed=seeds)
def test_integers_wrap(name, geometry, dtype, operation, seed):
    check(name, "wrapping_integers", geometry, dtype, operation, "integers", seed)


@bounded
@given(geometry=geometries(), dtype=st.sampled_from(FLOATS), seed=seeds)
def test_gradients_are_adjoint(name, geometry, dtype, seed):
    check(name, "adjoint_identity", geometry, dtype, "forward", "random", seed)


@bounded
@given(geometry=geometries(), dtype=st.sampled_from(FLOATS), operation=operations, seed=seeds)
def test_linear_in_both_operands(name, geometry, dtype, operation, seed):
    check(name, "linearity", geometry, dtype, operation, "integers", seed)


@bounded
@given(
    geometry=geometries(smallest_batch=1),
    dtype=st.sampled_from(FLOATS),
    operation=operations,
    seed=seeds,
    related=st.sampled_from(
        (
            "groups_concatenate",
            "samples_are_independent",
            "stride_subsamples",
            "dilation_stuffs_zeros",
        )
    ),
)
def test_related_problems_agree(name, geometry, dtype, operation, seed, related):
    check(name, related, geometry, dtype, operation, "integers", seed)


@bounded
@given(geometry=geometries(), dtype=st.sampled_from(FLOATS), operation=operations, seed=seeds)
def test_out_is_overwritten_and_nothing_else(name, geometry, dtype, operation, seed):
    for about in ("out_overwritten", "out_guarded"):
        check(name, about, geometry, dtype, operation, "integers", seed)


@bounded
@given(geometry=geometries(smallest_batch=1), dtype=st.sampled_from(FLOATS), seed=seeds)
def test_batch_and_mirror_images(name, geometry, dtype, seed):
    """Reordering samples reorders results, and mirroring everything mirrors the result."""
    case = Case(convcore.get_backend(name), geometry, dtype, "forward", "integers", seed)
    x, w = case.operands()
    order = np.random.default_rng(seed).permutation(geometry.batch)
    close = 2 * np.abs(case.tolerance).max(initial=0)
    y = case.call(x, w)
    assert (np.abs(case.call(x[order], w) - y[order]) <= close).all()
    if not geometry.degenerate:
        mirrored = case.variant(geometry=replace(geometry, padding=tuple(mirror(geometry))))
        axes = tuple(range(2, x.ndim))
        got = mirrored.call(np.flip(x, axes), np.flip(w, axes))
        assert (np.abs(got - np.flip(y, axes)) <= close).all()


def mirror(p):
    """Padding of the mirrored problem: exchanged, less what no output reads at the end."""
    for (before, after), padded, field, step in zip(
        p.padding, p.padded_extents, p.receptive_field, p.stride, strict=True
    ):
        yield after - (padded - field) % step, before
