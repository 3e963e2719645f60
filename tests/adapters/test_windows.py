"""Pools: held to the definition, window by window."""

from itertools import product

import numpy as np
import pytest

from convcore.adapters._windows import Window, max_pool, mean_pool, padded_window, same_window

X = np.random.default_rng(0).standard_normal((2, 3, 9, 8))
CASES = {
    "touching": (padded_window(9, 3, 3), padded_window(8, 2, 2)),
    "overlapping, dilated": (padded_window(9, 3, 2, 2), padded_window(8, 4, 1)),
    "padded": (padded_window(9, 3, 2, 1, 1, 2), padded_window(8, 2, 3, 1, 0, 1)),
    "not complete": (padded_window(9, 3, 4, ceil=True), padded_window(8, 3, 2, 1, 1, 1, ceil=True)),
    "same": (same_window(9, 4, 2), same_window(8, 3, 3)),
    "same, lower": (same_window(9, 4, 2, lower=True), same_window(8, 2, 1, lower=True)),
    "one tap": (padded_window(9, 1, 2), padded_window(8, 1, 1)),
}


def seen(window, output):
    """The positions that a window has on the input and on its padding."""
    for tap in range(window.taps):
        position = output * window.stride - window.before + tap * window.dilation
        if position < window.extent + window.after:
            yield position


def by_definition(windows, reduce, padding):
    first, second = windows
    result = np.empty((2, 3, first.outputs, second.outputs))
    for i, j in product(range(first.outputs), range(second.outputs)):
        found = []
        for row, column in product(seen(first, i), seen(second, j)):
            inside = 0 <= row < 9 and 0 <= column < 8
            if inside or padding:
                found.append(X[:, :, row, column] if inside else np.zeros((2, 3)))
        result[:, :, i, j] = reduce(found, axis=0)
    return result


@pytest.mark.parametrize("case", CASES)
def test_the_largest(case):
    windows = dict(zip((2, 3), CASES[case], strict=True))
    assert np.array_equal(max_pool(X, windows), by_definition(CASES[case], np.max, False))


@pytest.mark.parametrize("padding", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_the_mean(case, padding):
    windows = dict(zip((2, 3), CASES[case], strict=True))
    expected = by_definition(CASES[case], np.mean, padding)
    np.testing.assert_allclose(mean_pool(X, windows, padding=padding), expected, atol=1e-14)


def test_channels_may_come_last():
    windows = dict(zip((1, 2), CASES["same"], strict=True))
    first = max_pool(X, dict(zip((2, 3), CASES["same"], strict=True)))
    assert np.array_equal(max_pool(X.transpose(0, 2, 3, 1), windows), first.transpose(0, 2, 3, 1))


def test_integers_have_a_least_one():
    x = np.full((1, 1, 3), -128, "int8")
    assert max_pool(x, {2: padded_window(3, 2, 1, 1, 1, 1)}).tolist() == [[[-128] * 4]]


@pytest.mark.parametrize("stride", [1, 3])
def test_windows_that_do_not_fit_leave_nothing(stride):
    windows = {2: padded_window(9, 10, stride), 3: padded_window(8, 3, stride)}
    assert max_pool(X, windows).shape == (2, 3, 0, -(-6 // stride))
    assert mean_pool(X, windows).shape == (2, 3, 0, -(-6 // stride))


def test_half_precision_is_rounded_once():
    x = np.full((1, 1, 4096), 1.001, "float16")
    found = mean_pool(x, {2: padded_window(4096, 4096, 1)})
    assert found.dtype == np.float16
    assert found.item() == x[0, 0, 0]


def test_what_goes_in_is_not_what_comes_out():
    x = X.copy()
    found = max_pool(x, {2: padded_window(9, 1, 1)})
    assert not np.shares_memory(found, x)
    assert np.array_equal(x, X)


def test_a_window_that_begins_in_the_padding_is_left_out():
    assert padded_window(4, 1, 3, 1, 0, 2, ceil=True).outputs == 2
    assert padded_window(4, 2, 3, 1, 0, 1, ceil=True) == Window(4, 2, 3, 1, 0, 1, 2)
