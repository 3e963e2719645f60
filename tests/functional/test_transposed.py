"""`conv_transpose`: names of paddings, the extents that are asked for, and its gradients."""

from __future__ import annotations

import numpy as np
import pytest
from draws import draw

import convcore

OPTIONS = [
    {},
    {"stride": 2, "padding": "same"},
    {"stride": (3, 1), "padding": "same_lower", "dilation": 2},
    {"stride": 3, "dilation": 4, "output_padding": 3, "padding": 1},
    {"stride": 2, "output_padding": (1, 0), "padding": ((1, 0), (0, 2))},
    {"stride": 2, "output_shape": (9, 11)},
    {"stride": 2, "output_shape": (19, 21)},
]


def full(x, w, **options):
    """The result before cropping."""
    return convcore.conv_transpose(x, w, **options | {"padding": 0, "output_shape": None})


def onnx_pads(total, *, upper):
    """How ONNX divides a total padding, as its operators' documentation has it."""
    return (total // 2, total - total // 2) if upper else (total - total // 2, total // 2)


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("taps", [1, 2, 3, 4])
@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize("name", ["same", "same_lower"])
def test_same_makes_the_extent_a_multiple(rng, stride, taps, dilation, name):
    x, w = draw(rng, (1, 2, 5)), draw(rng, (2, 3, taps))
    for end in range(max(stride, dilation)):
        options = {"stride": stride, "dilation": dilation, "output_padding": end}
        y = convcore.conv_transpose(x, w, padding=name, **options)
        whole = full(x, w, **options)
        assert y.shape == (1, 3, 5 * stride)
        total = whole.shape[2] - 5 * stride
        before = onnx_pads(total, upper=name == "same")[0] if total > 0 else 0
        want = np.pad(whole, ((0, 0), (0, 0), (0, max(0, -total))))
        np.testing.assert_array_equal(y, want[:, :, before : before + 5 * stride])


@pytest.mark.parametrize("extent", range(16))
@pytest.mark.parametrize("padding", [0, "same", "same_lower"])
def test_the_padding_follows_from_the_extents_that_are_asked_for(rng, extent, padding):
    x, w = draw(rng, (1, 2, 5)), draw(rng, (2, 3, 4))
    y = convcore.conv_transpose(x, w, stride=2, output_shape=extent, padding=padding)
    whole = full(x, w, stride=2)  # 12 elements
    before, _ = onnx_pads(12 - extent, upper=padding == "same") if extent < 12 else (0, 0)
    want = np.pad(whole, ((0, 0), (0, 0), (0, 12)))[:, :, before : before + extent]
    np.testing.assert_array_equal(y, want)


def test_valid_crops_nothing(rng):
    x, w = draw(rng, (1, 2, 5, 4)), draw(rng, (2, 3, 4, 2))
    got = convcore.conv_transpose(x, w, padding="valid")
    np.testing.assert_array_equal(got, convcore.conv_transpose(x, w))


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("options", OPTIONS)
def test_its_gradients_are_adjoint(rng, options, dtype, flip):
    x, w, b = (draw(rng, shape, dtype) for shape in ((2, 6, 5, 4), (6, 2, 3, 3), (4,)))
    options = options | {"groups": 2, "flip": flip}
    y, pullback = convcore.conv_transpose_vjp(x, w, b, **options)
    np.testing.assert_array_equal(y, convcore.conv_transpose(x, w, b, **options))
    gradient = draw(rng, y.shape, dtype)
    grad_input, grad_weight, grad_bias = pullback(gradient)
    want = np.sum((y - b[:, None, None]) * gradient.conj())
    assert np.isclose(np.sum(x * grad_input.conj()), want)
    assert np.isclose(np.sum(w * grad_weight.conj()), want)
    np.testing.assert_allclose(grad_bias, gradient.sum(axis=(0, 2, 3)))


def test_a_pullback_runs_under_the_options_of_its_forward_pass(rng, numbered):
    x, w = draw(rng, (1, 1, 5)), draw(rng, (1, 1, 3))
    with convcore.use_backend("b4"):
        y, pullback = convcore.conv_transpose_vjp(x, w)
    with convcore.use_backend("b5"):
        grad_input, grad_weight, grad_bias = pullback(y)
    assert (grad_input.flat[0], grad_weight.flat[0], grad_bias) == (4, 4, None)
    assert pullback.grad_bias(y) is None


def test_a_gradient_that_does_not_fit_is_refused(rng):
    x, w, b = draw(rng, (1, 2, 5)), draw(rng, (2, 3, 3)), draw(rng, (3,))
    y, pullback = convcore.conv_transpose_vjp(x, w, b, stride=2)
    for pull in (pullback.grad_input, pullback.grad_weight, pullback.grad_bias):
        with pytest.raises(convcore.ShapeError, match=r"^grad_output: must have shape \(1, 3, 11"):
            pull(y[:, :, 1:])
        with pytest.raises(convcore.DtypeError, match="dtype="):
            pull(y.astype("float32"))
