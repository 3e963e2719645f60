"""The oracle against sums done by hand, and against functions that others wrote."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from scipy import signal

from convcore.problem import OPERATIONS, Geometry
from convcore.testing.catalogue import oracle
from convcore.testing.catalogue.data import operands
from convcore.testing.catalogue.problems import ALONE, compose


def array(*values, shape, dtype=np.int64):
    return np.array(values, dtype).reshape(shape)


def test_two_taps_over_three_elements():
    geometry = Geometry.of((1, 1, 3), (1, 1, 2))
    x, w, g = array(1, 2, 3, shape=(1, 1, 3)), array(10, 1, shape=(1, 1, 2)), [[[5, 7]]]
    g = np.array(g)
    assert oracle.convolve(geometry, "forward", x, w).tolist() == [[[12, 23]]]
    assert oracle.convolve(geometry, "grad_input", g, w).tolist() == [[[50, 75, 7]]]
    assert oracle.convolve(geometry, "grad_weight", g, x).tolist() == [[[19, 31]]]


def test_stride_dilation_and_asymmetric_padding():
    # Positions -1, 0, .., 5; taps at o * 2 - 1 and o * 2 + 2: o = 0 reads 2; o = 1 reads 1 and 4.
    geometry = Geometry.of((1, 1, 5), (1, 1, 2), stride=2, dilation=3, padding=((1, 0),))
    x, w = array(1, 2, 3, 4, 5, shape=(1, 1, 5)), array(1, 10, shape=(1, 1, 2))
    assert oracle.convolve(geometry, "forward", x, w).tolist() == [[[30, 52]]]


def test_crops_come_off_the_input():
    geometry = Geometry.of((1, 1, 4), (1, 1, 1), padding=((-1, -2),))
    x, w = array(1, 2, 3, 4, shape=(1, 1, 4)), array(1, shape=(1, 1, 1))
    assert oracle.convolve(geometry, "forward", x, w).tolist() == [[[2]]]
    assert oracle.convolve(geometry, "grad_input", array(7, shape=(1, 1, 1)), w).tolist() == [
        [[0, 7, 0, 0]]
    ]


def test_groups_see_their_own_channels():
    geometry = Geometry.of((1, 4, 1), (2, 2, 1), groups=2)
    x, w = array(1, 2, 3, 4, shape=(1, 4, 1)), array(1, 10, 100, 1000, shape=(2, 2, 1))
    assert oracle.convolve(geometry, "forward", x, w).ravel().tolist() == [21, 4300]


def test_depthwise_multiplier_keeps_outputs_of_a_group_together():
    geometry = Geometry.of((1, 2, 1), (4, 1, 1), groups=2)
    x, w = array(1, 10, shape=(1, 2, 1)), array(1, 2, 3, 4, shape=(4, 1, 1))
    assert oracle.convolve(geometry, "forward", x, w).ravel().tolist() == [1, 2, 30, 40]


def test_samples_are_summed_in_the_weight_gradient():
    geometry = Geometry.of((2, 1, 1), (1, 1, 1))
    g, x = array(2, 3, shape=(2, 1, 1)), array(10, 100, shape=(2, 1, 1))
    assert oracle.convolve(geometry, "grad_weight", g, x).ravel().tolist() == [320]


def test_integers_wrap():
    geometry = Geometry.of((1, 1, 1), (1, 1, 1))
    x = array(100, shape=(1, 1, 1), dtype=np.int8)
    assert oracle.convolve(geometry, "forward", x, x).ravel().tolist() == [10_000 - 39 * 256]


def test_nothing_is_multiplied_by_an_implicit_zero():
    geometry = Geometry.of((1, 1, 2), (1, 1, 3), padding=1)
    x = array(1, 2, shape=(1, 1, 2), dtype=np.float64)
    w = array(np.inf, 1, 1, shape=(1, 1, 3), dtype=np.float64)
    assert oracle.convolve(geometry, "forward", x, w).ravel().tolist() == [3, np.inf]


def test_complex_operands_are_not_conjugated():
    geometry = Geometry.of((1, 1, 1), (1, 1, 1))
    i = array(1j, shape=(1, 1, 1), dtype=complex)
    for operation in OPERATIONS:
        assert oracle.convolve(geometry, operation, i, i).ravel().tolist() == [-1]
        assert oracle.exact(geometry, operation, i, i).ravel().tolist() == [-1]


def test_exact_sums_what_floating_point_loses():
    geometry = Geometry.of((1, 1, 3), (1, 1, 3))
    x = array(2.0**60, 1.0, -(2.0**60), shape=(1, 1, 3), dtype=np.float64)
    w = np.ones((1, 1, 3))
    assert oracle.exact(geometry, "forward", x, w).item() == 1
    assert oracle.absolute(geometry, "forward", x, w).item() == 2.0**61 + 1


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_exact_is_the_rounded_rational_sum(operation, dtype):
    geometry = compose(2, "groups", "stride", "asymmetric")
    pair = operands("scaled", geometry, dtype, operation)
    want = _rational(geometry, operation, *pair)
    got = oracle.exact(geometry, operation, *pair).reshape(-1)
    assert [(g.real, g.imag) for g in got.tolist()] == [(float(r), float(i)) for r, i in want]


def _rational(geometry, operation, first, second):
    """The sum of products in rational numbers, with the real and imaginary parts apart."""
    a, b, target = (oracle.products(geometry)[column] for column in oracle.COLUMNS[operation])
    sums = [[Fraction(0), Fraction(0)] for _ in range(np.prod(geometry.result_shape(operation)))]
    left, right = first.reshape(-1).tolist(), second.reshape(-1).tolist()
    for i, j, at in zip(a.tolist(), b.tolist(), target.tolist(), strict=True):
        (xr, xi), (yr, yi) = ((Fraction(z.real), Fraction(z.imag)) for z in (left[i], right[j]))
        sums[at][0] += xr * yr - xi * yi
        sums[at][1] += xr * yi + xi * yr
    return sums


def test_agrees_with_scipy():
    rng = np.random.default_rng(3)
    x, w = rng.normal(size=(9, 8)), rng.normal(size=(3, 2))
    geometry = Geometry.of((1, 1, 9, 8), (1, 1, 3, 2))
    got = oracle.exact(geometry, "forward", x[None, None], w[None, None])[0, 0]
    assert np.allclose(got, signal.correlate(x, w, "valid"), rtol=1e-14)


@pytest.mark.parametrize("name", ["1d+everything", "2d+everything", "3d+groups", "2d+multiplier"])
def test_list_of_products_is_the_definition(name):
    """Every triple of the list, found again by walking all indices of the sum."""
    p = ALONE[name].geometry
    y, x, w = oracle.products(p)
    got = set(zip(y.tolist(), x.tolist(), w.tolist(), strict=True))
    assert len(got) == y.size
    assert got == set(_walk(p))


def _walk(p):
    inputs, outputs = p.in_channels // p.groups, p.out_channels // p.groups
    for n, k, c in product(range(p.batch), range(p.out_channels), range(inputs)):
        for o, r in product(np.ndindex(*p.output_extents), np.ndindex(*p.kernel_extents)):
            axes = range(p.spatial_rank)
            s = tuple(o[i] * p.stride[i] + r[i] * p.dilation[i] - p.padding[i][0] for i in axes)
            if all(0 <= s[i] < p.input_extents[i] for i in axes):
                yield (
                    int(np.ravel_multi_index((n, k, *o), p.output_shape)),
                    int(np.ravel_multi_index((n, k // outputs * inputs + c, *s), p.input_shape)),
                    int(np.ravel_multi_index((k, c, *r), p.weight_shape)),
                )


def test_norms_are_those_of_what_a_result_can_meet():
    """Groups of 3 input and 2 output channels, and a batch of 3."""
    p = compose(2, "groups", "batch3")
    norm = np.linalg.norm
    y, w = operands("random", p, "complex64", "grad_input")
    x, _ = operands("random", p, "complex64", "forward")
    forward = oracle.norms(p, "forward", x, w)
    grad_input = oracle.norms(p, "grad_input", y, w)
    grad_weight = oracle.norms(p, "grad_weight", y, x)
    assert np.isclose(forward[2, 3, 0, 0], norm(x[2, 3:]) * norm(w[3]))
    assert np.isclose(grad_input[1, 4, 0, 0], norm(y[1, 2:]) * norm(w[2:, 1]))
    assert np.isclose(grad_weight[1, 2, 0, 0], norm(y[:, 1]) * norm(x[:, 2]))
