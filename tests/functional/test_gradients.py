"""Both gradients as functions: adjoint in every mode, folded exactly, closed under derivation."""

import numpy as np
import pytest
from draws import MODES, array, draw, inner, operands

import convcore
from convcore import (
    ShapeError,
)


@pytest.mark.parametrize("rank", [1, 2, 3, 4])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_gradients_are_adjoint_in_every_mode(rng, rank, mode, dtype):
    input, weight = operands(rng, rank, dtype)
    dilation = (1, 2, 1, 1)[:rank]
    for padding in ("same", "full", ((-1, 3),) * rank):
        options = {
            "stride": 2, "dilation": dilation, "groups": 2, "padding": padding,
            "padding_mode": mode, "flip": rank == 2,
        }  # fmt: skip
        output = convcore.conv(input, weight, **options)
        gradient = draw(rng, output.shape, dtype)
        grad_input = convcore.conv_grad_input(gradient, weight, input.shape, **options)
        grad_weight = convcore.conv_grad_weight(gradient, input, weight.shape, **options)
        expected = inner(output, gradient)
        np.testing.assert_allclose(inner(input, grad_input), expected, rtol=1e-10)
        np.testing.assert_allclose(inner(weight, grad_weight), expected, rtol=1e-10)


def test_gradients_fold_integers_exactly():
    input = np.arange(5, dtype="int64").reshape(1, 1, 5)
    weight = np.array([[[1, 10, 100]]])
    gradient = np.ones((1, 1, 5), "int64")
    options = {"padding": 1, "padding_mode": "replicate"}
    grad = convcore.conv_grad_input(gradient, weight, input.shape, **options)
    # Each tap reads every position once, and an end once more where it reads the halo.
    assert grad.tolist() == [[[12, 111, 111, 111, 210]]]


def test_the_gradient_with_respect_to_the_weight_conjugates_the_padding_value(rng):
    input, weight = operands(rng, 2, "complex128")
    options = {"groups": 2, "padding": 2, "padding_mode": "constant", "padding_value": 2 - 3j}
    output, pullback = convcore.conv_vjp(input, weight, **options)
    gradient = draw(rng, output.shape, "complex128")
    by_weight = convcore.conv_grad_weight(gradient, input, weight.shape, **options)
    for grad_weight in (by_weight, pullback(gradient)[1]):
        np.testing.assert_allclose(inner(weight, grad_weight), inner(output, gradient), rtol=1e-10)


def test_double_backward_closes_under_the_three_maps(rng):
    """Gradients of <grad_input(g, w), v> are a convolution and a weight gradient again."""
    input, weight = operands(rng, 2)
    options = {"groups": 2, "padding": 1, "stride": 2}
    gradient = draw(rng, convcore.conv(input, weight, **options).shape)
    probe = draw(rng, input.shape)
    value = inner(convcore.conv_grad_input(gradient, weight, input.shape, **options), probe)
    by_gradient = convcore.conv(probe, weight, **options)
    by_weight = convcore.conv_grad_weight(gradient, probe, weight.shape, **options)
    assert np.isclose(inner(gradient, by_gradient), value)
    assert np.isclose(inner(weight, by_weight), value)


def test_gradients_check_the_shape_of_the_output():
    with pytest.raises(ShapeError) as caught:
        convcore.conv_grad_input(array(1, 2, 4), array(2, 1, 3), (1, 1, 5))
    assert str(caught.value) == (
        "grad_output: must have the output's shape (1, 2, 3); got (1, 2, 4)"
    )
