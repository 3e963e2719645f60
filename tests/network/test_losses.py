"""Losses: their formulas, and what they refuse."""

import numpy as np
import pytest

from convcore.errors import ShapeError
from convcore.network import (
    ACTIVATIONS,
    SGD,
    Network,
    fit,
    softmax_cross_entropy,
    squared_error,
)


def test_fused_loss_is_softmax_followed_by_cross_entropy():
    z, labels = np.random.default_rng(0).standard_normal((5, 4)), np.array([0, 3, 2, 2, 1])
    softmax = ACTIVATIONS["softmax"]
    p = softmax.value(z)
    grad_p = np.zeros_like(p)
    grad_p[np.arange(5), labels] = -1 / (5 * p[np.arange(5), labels])
    loss, grad_z = softmax_cross_entropy(z, labels)
    assert loss == pytest.approx(-np.mean(np.log(p[np.arange(5), labels])), rel=1e-12)
    np.testing.assert_allclose(grad_z, softmax.backward(grad_p, z, p), rtol=1e-10, atol=1e-15)


def test_fused_loss_stays_finite_where_softmax_rounds_to_zero():
    loss, grad_z = softmax_cross_entropy(np.array([[0.0, 2000.0]]), np.array([0]))
    assert loss == 2000
    np.testing.assert_array_equal(grad_z, [[-1, 1]])


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.array([0, 3]), "must be integers from 0 to 2; got int64 from 0 to 3"),
        (np.array([-1, 0]), "got int64 from -1 to 0"),
        (np.array([0.0, 1.0]), "got float64"),
        (np.array([0]), r"labels: must have shape \(N,\) .* got \(1,\) beside \(2, 3\)"),
    ],
)
def test_cross_entropy_refuses_labels_that_are_no_classes(labels, message):
    with pytest.raises(ShapeError, match=message):
        softmax_cross_entropy(np.zeros((2, 3)), labels)


def test_losses_refuse_no_samples_and_other_shapes():
    with pytest.raises(ShapeError, match="at least one"):
        softmax_cross_entropy(np.zeros((0, 3)), np.zeros(0, int))
    with pytest.raises(ShapeError, match=r"target: .* \(2, 3\) of y.* got \(2,\)"):
        squared_error(np.zeros((2, 3)), np.zeros(2))
    with pytest.raises(ShapeError, match="one entry per sample, 2; got 3"):
        fit(Network([]), np.zeros((2, 1)), np.zeros(3), optimiser=SGD())
