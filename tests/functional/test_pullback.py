"""`conv_vjp`: under the settings of the forward pass, one gradient at a time, pickled too."""

import pickle

import numpy as np
import pytest
from draws import draw
from draws import operands as drawn

import convcore

pytestmark = pytest.mark.usefixtures("isolated")

X, W = np.ones((1, 1, 5)), np.ones((1, 1, 3))
SHAPES = ((2, 4, 9, 8), (6, 2, 3, 3), (6,))
OPTIONS = {"groups": 2, "stride": 2, "padding": 1, "padding_mode": "reflect"}


@pytest.fixture
def operands():
    rng = np.random.default_rng(0)
    return [rng.integers(-4, 5, shape).astype("float64") for shape in SHAPES]


def test_each_gradient_can_be_had_alone(operands):
    output, pullback = convcore.conv_vjp(*operands, **OPTIONS)
    grad_input, grad_weight, grad_bias = pullback(output)
    assert (pullback.grad_input(output) == grad_input).all()
    assert (pullback.grad_weight(output) == grad_weight).all()
    assert (pullback.grad_bias(output) == grad_bias).all()
    assert [g.shape for g in (grad_input, grad_weight, grad_bias)] == list(SHAPES)


def test_only_what_is_asked_for_runs(operands):
    class OnlyWeight(convcore.get_backend("naive")):
        name = "only_weight"

        def _grad_input(self, grad_output, weight, grad_input):
            raise AssertionError("nobody asked")

    output, pullback = convcore.conv_vjp(*operands, **OPTIONS, backend=OnlyWeight)
    assert pullback.grad_weight(output).shape == SHAPES[1]
    with pytest.raises(AssertionError, match="nobody asked"):
        pullback.grad_input(output)


def test_without_a_bias_there_is_no_gradient_of_one(operands):
    output, pullback = convcore.conv_vjp(*operands[:2], **OPTIONS)
    assert pullback(output)[2] is None
    assert pullback.grad_bias(output) is None


def test_it_survives_a_pickle_with_its_options(operands):
    with convcore.use_backend("naive"), convcore.options(threads=1):
        output, pullback = convcore.conv_vjp(*operands, **OPTIONS)
    again = pickle.loads(pickle.dumps(pullback))
    assert again.in_force == pullback.in_force
    assert (again.in_force["backend"], again.in_force["threads"]) == ("naive", 1)
    for got, want in zip(again(output), pullback(output), strict=True):
        assert (got == want).all()


@pytest.mark.parametrize("name", ["grad_input", "grad_weight", "grad_bias"])
def test_what_does_not_fit_is_refused(operands, name):
    output, pullback = convcore.conv_vjp(*operands, **OPTIONS)
    with pytest.raises(convcore.ShapeError, match=r"grad_output: must have .*\(2, 6, 5, 4\)"):
        getattr(pullback, name)(output[:1])
    with pytest.raises(convcore.DtypeError, match="float"):
        getattr(pullback, name)(output.astype("float32"))


def test_vjp_agrees_with_the_three_functions_and_sums_the_bias(rng):
    input, weight = drawn(rng, 2, "float32")
    bias = draw(rng, (6,), "float32")
    options = {"groups": 2, "padding": "same", "padding_mode": "reflect", "flip": True}
    output, pullback = convcore.conv_vjp(input, weight, bias, **options)
    np.testing.assert_array_equal(output, convcore.conv(input, weight, bias, **options))
    gradient = draw(rng, output.shape, "float32")
    grad_input, grad_weight, grad_bias = pullback(gradient)
    np.testing.assert_array_equal(
        grad_input, convcore.conv_grad_input(gradient, weight, input.shape, **options)
    )
    np.testing.assert_array_equal(
        grad_weight, convcore.conv_grad_weight(gradient, input, weight.shape, **options)
    )
    np.testing.assert_allclose(grad_bias, gradient.sum(axis=(0, 2, 3)), rtol=1e-4)
    assert {entry.dtype for entry in (grad_input, grad_weight, grad_bias)} == {np.dtype("float32")}
    assert (
        convcore.conv_vjp(input, weight, groups=2)[1](draw(rng, (2, 6, 4, 4), "float32"))[2] is None
    )


def test_pullback_remembers_the_settings_it_was_made_under(rng):
    with convcore.use_backend("naive"):
        _, pullback = convcore.conv_vjp(*drawn(rng, 1), groups=2)
    with convcore.use_backend("fft"):
        first = pullback(np.ones((2, 6, 4)))
    with convcore.use_backend("naive"):
        second = pullback(np.ones((2, 6, 4)))
    assert all((a == b).all() for a, b in zip(first[:2], second[:2], strict=True))


def test_a_pullback_runs_under_the_options_of_its_forward_pass(numbered):
    with convcore.use_backend("b4"):
        _, pullback = convcore.conv_vjp(X, W)
    with convcore.use_backend("b5"):
        grad_input, grad_weight, _ = pullback(np.ones((1, 1, 3)))
    assert (grad_input.flat[0], grad_weight.flat[0]) == (4, 4)


def test_a_pullback_keeps_to_the_automatic_choice_of_its_forward_pass(numbered):
    _, pullback = convcore.conv_vjp(X, W)
    convcore.set_default_backend("b5")
    with convcore.use_backend("b4"):
        grad_input, grad_weight, _ = pullback(np.ones((1, 1, 3)))
    assert (grad_input.flat[2], grad_weight.flat[0]) == (3, 3)


def test_a_pullback_keeps_to_the_default_options_of_its_forward_pass():
    convcore.set_default_options(threads=3, deterministic=True)
    with convcore.options(deterministic=False):
        _, pullback = convcore.conv_vjp(X, W)
    convcore.set_default_options()
    assert pullback.in_force["threads"] == 3
    assert pullback.in_force["deterministic"] is False
