"""Gradients as functions of their own: their chunks, and the tree of their parts."""

import numpy as np
import pytest

da = pytest.importorskip("dask.array")
chunked = pytest.importorskip("convcore.adapters.dask")


def test_split_every_is_the_width_of_the_tree():
    x = da.ones((1, 1, 64), chunks=(1, 1, 4))
    for every, sums in ((2, 8 + 4 + 2 + 1), (4, 4 + 1), (16, 1)):
        grad = chunked.conv_grad_weight(x, x, (1, 1, 1), split_every=every)
        assert len([key for key in dict(grad.dask) if "weight-sum" in str(key)]) == sums
        assert grad.compute() == 64


def test_chunks_of_a_gradient_follow_those_of_the_output_unless_others_are_asked_for():
    g, w = da.ones((4, 3, 40), chunks=(2, 3, 10)), np.ones((3, 2, 5))
    followed = chunked.conv_grad_input(g, w, (4, 2, 44))
    assert followed.chunks == ((2, 2), (2,), (12, 10, 10, 12))
    asked = chunked.conv_grad_input(g, w, (4, 2, 44), chunks=(1, 1, 22))
    assert asked.chunks == ((1,) * 4, (1, 1), (22, 22))
    np.testing.assert_array_equal(followed.compute(), asked.compute())


def test_the_gradient_of_the_weight_has_the_chunks_of_the_output_channels():
    g, x = da.ones((1, 6, 8), chunks=(1, 4, 3)), da.ones((1, 4, 10), chunks=(1, 3, 10))
    gradient = chunked.conv_grad_weight(g, x, (6, 4, 3))
    assert gradient.chunks == ((4, 2), (4,), (3,))
    assert (gradient.compute() == 8).all()
