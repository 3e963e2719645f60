"""What `conv_vjp` returns beside the output: one gradient at a time, in another process too."""

import pickle

import numpy as np
import pytest

import convcore

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
