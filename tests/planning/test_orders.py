"""Copies between orders of axes: a transposition is left to a backend, and all is copied."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import convcore
from convcore.planning.orders import FEW, as_matrices, as_stacks, copier


def shuffled(shape, order, dtype="float32"):
    """An array of this shape whose axes stand in memory in another order."""
    base = np.arange(np.prod(shape, dtype=int)).reshape([shape[axis] for axis in order])
    return base.astype(dtype).transpose(np.argsort(order))


# A shape, and two orders in which its axes stand in memory.
SHAPE_AND_ORDERS = st.lists(st.integers(1, 4), min_size=2, max_size=5).flatmap(
    lambda shape: st.tuples(
        st.just(shape),
        st.permutations(range(len(shape))),
        st.permutations(range(len(shape))),
    )
)


@given(SHAPE_AND_ORDERS)
def test_views_are_transpositions_of_the_same_elements(case):
    shape, one, other = case
    source, target = shuffled(shape, one), np.zeros_like(shuffled(shape, other))
    pair = as_matrices(source, target)
    if pair is None:
        return
    (a, b, c), views = pair[0].shape, zip(pair, (source, target), strict=True)
    assert pair[1].shape == (a, c, b)
    assert all(np.shares_memory(view, array) for view, array in views)
    assert all(view.strides[-1] == view.itemsize for view in pair)
    pair[1][...] = pair[0].transpose(0, 2, 1)
    np.testing.assert_array_equal(target, source)


@pytest.mark.parametrize(
    ("order", "found"),
    [
        ((0, 2, 3, 1), (2, 20, 3)),  # channels last: pixels by channels, for each sample
        ((2, 3, 1, 0), (3, 20, 2)),  # HWIO: taps by filters, for each channel
        ((0, 1, 2, 3), None),
        ((0, 1, 3, 2), (6, 5, 4)),
    ],
)
def test_the_usual_layouts_are_matrices(order, found):
    source = shuffled((2, 3, 4, 5), order)
    pair = as_matrices(source, np.empty((2, 3, 4, 5), "float32"))
    assert (pair and pair[0].shape) == found


@pytest.mark.parametrize(
    "source",
    [
        shuffled((2, 3, 4, 5), (0, 2, 3, 1))[:, :, :, ::2],
        shuffled((2, 3, 4, 5), (0, 2, 3, 1))[:, :, :, 1:],  # rows are no run of pixels any more
        shuffled((2, 6, 4, 5), (0, 2, 3, 1))[:, ::2],
        shuffled((2, 3, 4, 5), (0, 2, 3, 1), "float64"),
    ],
)
def test_others_are_not(source):
    assert as_matrices(source, np.empty(source.shape, "float32")) is None


@pytest.mark.parametrize("place", range(2))
def test_a_range_of_rows_is(place):
    arrays = [np.ones((1, 3, 20, 7), "float32"), np.ones((1, 20, 7, 3), "float32")]
    arrays[1] = arrays[1].transpose(0, 3, 1, 2)
    arrays[place] = arrays[place][:, :, 5:9]
    arrays[1 - place] = arrays[1 - place][:, :, :4]
    assert as_matrices(arrays[1], arrays[0]) is not None
    assert as_matrices(arrays[0], arrays[1]) is not None


@given(SHAPE_AND_ORDERS)
def test_stacks_are_the_same_elements_whose_last_axes_are_runs(case):
    shape, one, other = case
    source, target = shuffled(shape, one, "float16"), np.zeros_like(shuffled(shape, other))
    pair = as_stacks(source, target)
    if pair is None:
        return
    assert pair[0].ndim == 3
    assert pair[0].shape == pair[1].shape
    assert all(map(np.shares_memory, pair, (source, target)))
    if source.size > 1:
        assert pair[0].strides[-1] == 2 or pair[0].shape[-1] == 1
        assert 4 in pair[1].strides[-2:] or pair[1].shape[-1] == 1
    pair[1][...] = pair[0]
    np.testing.assert_array_equal(target, source)


@pytest.mark.parametrize(
    ("order", "asked"), [((0, 1, 2, 3), (1, 1, 1440)), ((0, 2, 3, 1), (2, 90, 8))]
)
def test_a_backend_is_asked_to_convert(order, asked):
    calls = []

    class Asked(convcore.get_backend("naive")):
        name = "asked"

        @classmethod
        def copy_converted(cls, array, out, *, threads=1):
            calls.append(array.shape)
            super().copy_converted(array, out)

    plan = convcore.plan((1, 1, 3), (1, 1, 1), backend=Asked)
    source = shuffled((2, 8, 9, 10), order, "float16")
    target = np.empty(source.shape, "float32")
    copier(plan)(target, source)
    np.testing.assert_array_equal(target, source)
    assert calls == [asked]


def test_elements_that_lie_between_items_are_left_to_numpy():
    pairs = np.zeros((40, 3), "float32").reshape(-1)
    source = np.ndarray((40,), "complex64", pairs, strides=(12,))
    assert as_stacks(source, np.empty(40, "complex64")) is None


@pytest.mark.parametrize("asked", [False, True])
def test_a_backend_is_asked_for_what_is_large(asked):
    calls = []

    class Asked(convcore.get_backend("naive")):
        name = "asked"

        @classmethod
        def copy_transposed(cls, array, out, *, threads=1):
            calls.append(threads)
            super().copy_transposed(array, out)

    with convcore.options(threads=2):
        plan = convcore.plan((1, 1, 3), (1, 1, 1), backend=Asked)
    source = shuffled((1, 8, FEW // 8 + asked), (0, 2, 1))
    target = np.empty(source.shape, "float32")
    copier(plan)(target, source)
    np.testing.assert_array_equal(target, source)
    assert calls == ([2] if asked else [])
