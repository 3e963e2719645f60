"""Borders: one mode per axis, wider than the input, part by part, and their adjoints."""

from __future__ import annotations

import numpy as np
import pytest
from draws import draw
from hypothesis import given
from hypothesis import strategies as st

import convcore
from convcore.functional.borders import Border, source_positions
from convcore.functional.padding_modes import MODES, NUMPY_MODES
from convcore.planning import Operand

pairs = st.tuples(st.integers(-2, 9), st.integers(-2, 9))
axes = st.tuples(st.integers(4, 6), pairs, st.sampled_from(MODES))


def extended(input, modes, padding, value):
    """What np.pad makes of it, axis by axis; zeros come last."""
    order = sorted(range(len(modes)), key=lambda axis: modes[axis] == "zeros")
    for axis in order:
        before, after = padding[axis]
        extent = input.shape[axis + 2]
        kept = range(max(0, -before), extent - max(0, -after))
        input = np.take(input, kept, axis + 2)
        widths = [(0, 0)] * input.ndim
        widths[axis + 2] = (max(0, before), max(0, after))
        mode = NUMPY_MODES.get(modes[axis], "constant")
        constant = value if modes[axis] == "constant" else 0
        extra = {"constant_values": constant} if mode == "constant" else {}
        input = np.pad(input, widths, mode, **extra)
    return input


@given(st.lists(axes, min_size=1, max_size=3), st.integers(0, 99))
def test_each_axis_has_its_mode_however_wide(given, seed):
    extents, padding, modes = zip(*given, strict=True)
    rng, rank = np.random.default_rng(seed), len(given)
    x, w = draw(rng, (2, 2, *extents)), draw(rng, (3, 2, *(1,) * rank))
    value = 2.5 if "constant" in modes else 0
    options = {"padding": padding, "padding_mode": modes, "padding_value": value}
    y, pullback = convcore.conv_vjp(x, w, **options, backend="naive")
    plain = extended(x, modes, padding, value)
    np.testing.assert_array_equal(y, convcore.conv(plain, w, backend="naive"))
    gradient = draw(rng, y.shape)
    grad_input, grad_weight, _ = pullback(gradient)
    by_weight = convcore.conv_grad_weight(gradient, plain, w.shape, backend="naive")
    np.testing.assert_allclose(grad_weight, by_weight, rtol=1e-12)
    # The extension is affine; its linear part is that of the value 0.
    linear = convcore.conv(x, w, **options | {"padding_value": 0}, backend="naive")
    assert np.isclose(np.sum(grad_input * x), np.sum(linear * gradient))


@pytest.mark.parametrize("mode", ["reflect", "symmetric", "replicate", "circular"])
@pytest.mark.parametrize("extent", [1, 2, 3, 7])
def test_positions_are_those_of_numpy_pad(mode, extent):
    want = np.pad(np.arange(extent), (20, 23), NUMPY_MODES[mode])
    assert source_positions(mode, -20, extent + 23, extent).tolist() == want.tolist()


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "zeros"])
@pytest.mark.parametrize("padding", [((3, 2), (1, 4)), ((-2, 11), (0, -1)), ((0, 0), (2, 2))])
def test_any_part_is_that_of_the_whole(rng, mode, padding):
    x = draw(rng, (3, 2, 6, 5), "float32")
    geometry = convcore.Geometry.of(x.shape, (1, 2, 1, 1), padding=padding)
    border = Border(geometry, (mode, mode))
    input, all_of_it = Operand(x, x.dtype), slice(None)
    whole = border.extend(input, 1.5, all_of_it, all_of_it)
    np.testing.assert_array_equal(whole, extended(x, (mode, mode), padding, 1.5))
    for start in range(whole.shape[2]):
        for stop in range(start, whole.shape[2] + 1):
            part = border.extend(input, 1.5, slice(1, 3), slice(start, stop))
            np.testing.assert_array_equal(part, whole[1:3, :, start:stop])
            assert part.flags.c_contiguous


@pytest.mark.parametrize(
    ("modes", "message"),
    [
        (("reflect",), r"expected one mode for each of 2 spatial axes; got \('reflect',\)"),
        (["zeros"] * 3, "expected one mode for each of 2 spatial axes; got"),
        (("reflect", "mirror"), r"must be one of zeros, .*; got \('reflect', 'mirror'\)"),
        (("mirror", "zeros"), r".*; got \('mirror', 'zeros'\); write 'reflect'$"),
        ("edge", ".*; got 'edge'; write 'replicate'$"),
        ((), r"must be one of zeros, .*; got \(\)"),
    ],
)
def test_other_modes_are_refused(modes, message):
    with pytest.raises(convcore.GeometryError, match=f"^padding_mode: {message}"):
        convcore.conv(np.ones((1, 1, 4, 4)), np.ones((1, 1, 3, 3)), padding=1, padding_mode=modes)


def test_a_list_of_one_mode_is_that_mode(rng):
    x, w = draw(rng, (1, 2, 5, 6)), draw(rng, (3, 2, 3, 3))
    for mode in MODES:
        want = convcore.conv(x, w, padding=1, padding_mode=mode)
        got = convcore.conv(x, w, padding=1, padding_mode=[mode, mode])
        np.testing.assert_array_equal(got, want)


def test_only_the_axes_with_a_constant_take_its_value(rng):
    x, w = np.zeros((1, 1, 2, 2)), np.ones((1, 1, 1, 1))
    options = {"padding": 1, "padding_value": 5}
    y = convcore.conv(x, w, padding_mode=("zeros", "constant"), **options)
    assert y[0, 0].tolist() == [[0] * 4, [5, 0, 0, 5], [5, 0, 0, 5], [0] * 4]
    with pytest.raises(convcore.GeometryError, match="padding_value: needs padding_mode="):
        convcore.conv(x, w, padding_mode=("zeros", "reflect"), **options)


@pytest.mark.parametrize("backend", ["direct", "winograd", "tilefft"])
def test_what_is_cropped_has_no_gradient_whatever_the_others_are(rng, backend):
    grad_output = rng.standard_normal((1, 16, 14, 14)) * 10.0 ** rng.integers(-20, 20, (14, 14))
    weight = rng.standard_normal((16, 16, 3, 3)).astype("float32")
    found = convcore.conv_grad_input(
        grad_output.astype("float32"),
        weight,
        (1, 16, 18, 18),
        padding=-1,
        padding_mode="constant",
        backend=backend,
    )
    assert found[:, :, 1:-1, 1:-1].any()
    found[:, :, 1:-1, 1:-1] = 0
    assert not found.any()


def test_a_backend_that_refuses_zeros_may_compute_the_gradient_of_a_constant():
    arguments = {"stride": 3, "padding": 31, "backend": "tilefft"}
    grad_output, weight = np.ones((1, 1, 25, 25)), np.ones((1, 1, 1, 1))
    with pytest.raises(convcore.UnsupportedError, match="padding only"):
        convcore.conv_grad_input(grad_output, weight, (1, 1, 12, 12), **arguments)
    found = convcore.conv_grad_input(
        grad_output, weight, (1, 1, 12, 12), padding_mode="constant", **arguments
    )
    expected = convcore.conv_grad_input(
        grad_output, weight, (1, 1, 12, 12), **arguments | {"backend": "naive"}
    )
    np.testing.assert_allclose(found, expected, atol=1e-12)
