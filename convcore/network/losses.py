"""What training makes small: E, the mean over a batch, with its gradient dE/dx^L.

A loss is any function (output, target) -> (E, dE/d output).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from ..errors import ShapeError
from .base import Array

Loss: TypeAlias = Callable[[Array, Array], tuple[float, Array]]


def softmax_cross_entropy(z: Array, labels: Array) -> tuple[float, Array]:
    """Cross-entropy of softmax(z), the two fused.

    E = mean over i of -log p_(i, label_i) with p = softmax(z). Fused, the logarithm undoes the
    exponential, so that nothing overflows, and the gradient is just p minus the truth:
    dE/dz_(i,k) = (p_(i,k) - (1 if k = label_i else 0)) / N.

    Parameters
    ----------
    z : ndarray of shape (N, K)
        Output of the last layer, one number per class, before any softmax.
    labels : ndarray of int, of shape (N,)
        The right classes, 0 to K - 1.

    Returns
    -------
    loss : float
        E.
    grad_z : ndarray of shape (N, K)
        dE/dz.

    Raises
    ------
    ShapeError
        If `z` or `labels` has another shape, or a label is no class.

    Examples
    --------
    >>> loss, grad = softmax_cross_entropy(np.zeros((1, 4)), np.array([2]))
    >>> bool(np.isclose(loss, np.log(4))), grad
    (True, array([[ 0.25,  0.25, -0.75,  0.25]]))
    """
    _check_labels(z, labels)
    rows = np.arange(len(z))
    shifted = z - z.max(axis=1, keepdims=True)
    exponential = np.exp(shifted)
    total = exponential.sum(axis=1, keepdims=True)
    loss = np.mean(np.log(total[:, 0]) - shifted[rows, labels])
    probability = exponential / total
    probability[rows, labels] -= 1
    return float(loss), probability / len(z)


def _check_labels(z: Array, labels: Array) -> None:
    if z.ndim != 2 or labels.shape != z.shape[:1]:
        raise ShapeError(
            f"labels: must have shape (N,) beside z of shape (N, K); got {labels.shape} "
            f"beside {z.shape}"
        )
    if len(labels) == 0:
        raise ShapeError("labels: must hold at least one; got 0")
    if labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() >= z.shape[1]:
        raise ShapeError(
            f"labels: must be integers from 0 to {z.shape[1] - 1}; got {labels.dtype} from "
            f"{labels.min()} to {labels.max()}"
        )


def squared_error(y: Array, target: Array) -> tuple[float, Array]:
    """Half the mean square of y - target, and its gradient with respect to y.

    Parameters
    ----------
    y, target : ndarray of the same shape (N, ...)
        Output of the last layer and what it should be.

    Returns
    -------
    loss : float
        E = sum of (y - target)^2 / (2 N).
    grad_y : ndarray of the shape of y
        dE/dy = (y - target) / N.

    Raises
    ------
    ShapeError
        If the shapes differ or there is no sample.
    """
    if y.shape != target.shape or len(y) == 0:
        raise ShapeError(f"target: must have the shape {y.shape} of y, N >= 1; got {target.shape}")
    difference: Any = y - target
    return float(np.sum(difference * difference) / (2 * len(y))), difference / len(y)
