"""Halos on their own: the same as an extended copy of the input gives, and less to do."""

from __future__ import annotations

import pickle
import tracemalloc
from contextlib import contextmanager
from math import prod

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import convcore
from convcore.functional import calls, halos
from convcore.functional.borders import Border
from convcore.functional.halos import HaloCall, is_worth_while
from convcore.functional.padding_modes import MODES
from convcore.problem import Geometry

# Extent, padding, kernel extent, stride, dilation and mode of one axis.
pairs = st.tuples(st.integers(0, 6), st.integers(0, 6))
small = [st.integers(1, most) for most in (4, 3, 2)]
axes = st.tuples(st.integers(5, 7), pairs, *small, st.sampled_from(MODES))
DTYPES = ("float32", "complex64", "int16", "uint8")


@contextmanager
def halos_apart(apart):
    """Every border by halos, or none."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(calls, "is_worth_while", lambda *_: apart)
        calls._call_for.cache_clear()
        yield
    calls._call_for.cache_clear()


def whole(rng, shape, dtype):
    drawn = rng.integers(0, 6, shape)
    drawn = drawn - 2j * rng.integers(-3, 4, shape) if dtype.startswith("complex") else drawn
    return drawn.astype(dtype)


def results(x, w, g, value, options):
    with np.errstate(all="ignore"):
        y, pullback = convcore.conv_vjp(x, w, **options, padding_value=value)
        return [y, *pullback(g(y.shape))[:2]]


@given(
    st.lists(axes, min_size=1, max_size=3),
    st.sampled_from(DTYPES),
    st.integers(1, 2),
    st.integers(0, 99),
)
def test_all_three_operations_are_those_of_an_extended_input(given, dtype, groups, seed):
    extents, padding, kernel, stride, dilation, modes = zip(*given, strict=True)
    sizes = zip(extents, padding, kernel, dilation, strict=True)
    assume(all(s + sum(pair) > d * (r - 1) for s, pair, r, d in sizes))
    rng = np.random.default_rng(seed)
    x, w = whole(rng, (2, 2 * groups, *extents), dtype), whole(rng, (2 * groups, 2, *kernel), dtype)
    options = {"padding": padding, "padding_mode": modes, "stride": stride, "dilation": dilation}
    value = 3 if "constant" in modes else 0

    def gradient(shape):
        return whole(np.random.default_rng(seed + 1), shape, dtype)

    found = []
    for apart in (True, False):
        with halos_apart(apart):
            options |= {"groups": groups, "backend": "naive"}
            found.append(results(x, w, gradient, value, options))
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("value", [np.nan, np.inf, 2.5])
def test_a_constant_stays_in_the_windows_that_read_it(value):
    x, w = np.ones((1, 1, 8, 9)), np.ones((1, 1, 3, 3))
    options = {"padding": 1, "padding_mode": "constant", "padding_value": value}
    with halos_apart(True):
        y = convcore.conv(x, w, **options)
    assert (y[..., 1:-1, 1:-1] == 9).all()
    inner = np.zeros((8, 9), bool)
    inner[1:-1, 1:-1] = True
    want = np.where(np.isfinite(value), 6 + 3 * value, value)
    np.testing.assert_array_equal(y[0, 0, 0, 1:-1], np.full(7, want))
    assert np.isfinite(y[0, 0][inner]).all()


def test_a_bias_is_added_and_out_is_filled(rng):
    x, w, bias = rng.standard_normal((1, 2, 20, 20)), np.ones((3, 2, 3, 3)), np.arange(3.0)
    options = {"padding": 1, "padding_mode": "circular"}
    with halos_apart(False):
        want = convcore.conv(x, w, bias, **options)
    with halos_apart(True):
        out = np.full(want.shape, np.nan)
        assert convcore.conv(x, w, bias, out=out, **options) is out
    np.testing.assert_allclose(out, want, rtol=1e-12, atol=1e-12)


LARGE = (1, 1, 1200, 900)


def call(shape, padding, mode, **options):
    steps = (1, padding, 1, 1)
    return calls.call_for(shape, (1, 1, 3, 3), np.dtype("float32"), steps, mode, "forward", None)


def test_a_large_input_is_not_copied(rng):
    x, w = rng.standard_normal(LARGE).astype("float32"), np.ones((1, 1, 3, 3), "float32")
    assert type(call(LARGE, 1, "reflect")) is HaloCall
    out = np.empty_like(x)
    convcore.conv(x, w, padding=1, padding_mode="reflect", out=out)
    tracemalloc.start()
    convcore.conv(x, w, padding=1, padding_mode="reflect", out=out)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < x.nbytes / 10


def test_small_inputs_and_wide_borders_are_extended():
    assert type(call((1, 1, 20, 20), 1, "reflect")) is not HaloCall
    assert type(call(LARGE, 90, "circular")) is not HaloCall
    assert type(call(LARGE, 1, "zeros")) is not HaloCall
    assert type(call(LARGE, ((1, 1), (-1, 1)), "reflect")) is not HaloCall


def test_a_backend_that_refuses_a_halo_still_gets_the_extended_input(rng):
    x, w = (
        rng.standard_normal((1, 64, 128, 130)).astype("float32"),
        np.ones((2, 64, 3, 3), "float32"),
    )

    class Tall(convcore.get_backend("naive")):
        name = "tall"

        @classmethod
        def refusal(cls, geometry, dtype, operation=None):
            short = geometry.input_extents[0] < 10
            return convcore.Refusal("SHORT", "too short") if short else None

    y = convcore.conv(x, w, padding=1, padding_mode="reflect", backend=Tall)
    np.testing.assert_allclose(y, convcore.conv(x, w, padding=1, padding_mode="reflect"), atol=1e-3)


def test_a_batch_does_not_decide_where_it_must_not_change_a_bit():
    x = np.random.default_rng(0).standard_normal((8, 16, 110, 90)).astype("float32")
    w, options = np.ones((2, 16, 3, 3), "float32"), {"padding": 1, "padding_mode": "reflect"}
    assert prod(x.shape[1:]) < halos.LEAST_ELEMENTS <= x.size
    with convcore.options(deterministic="batch"):
        together = convcore.conv(x, w, **options)
        np.testing.assert_array_equal(together[:1], convcore.conv(x[:1], w, **options))


def test_halos_have_to_be_small():
    geometry = Geometry.of((1, 1, 1200, 900), (1, 1, 3, 3), padding=1)
    border = Border(geometry, ("reflect", "reflect"))
    assert is_worth_while(border, 1, 1)
    assert not is_worth_while(border, 0, 1)
    thin = Border(Geometry.of((1, 1, 10**6, 4), (1, 1, 3, 3), padding=1), ("reflect", "reflect"))
    assert not is_worth_while(thin, 1, 1)


def test_the_pullback_of_a_large_image_can_be_pickled(rng):
    x, w = rng.standard_normal(LARGE).astype("float32"), np.ones((1, 1, 3, 3), "float32")
    y, pullback = convcore.conv_vjp(x, w, padding=1, padding_mode="replicate")
    again = pickle.loads(pickle.dumps(pullback))
    for one, other in zip(pullback(y)[:2], again(y)[:2], strict=True):
        np.testing.assert_array_equal(one, other)
