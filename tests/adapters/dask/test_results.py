"""Which blocks a result has, what they are made of, and what they are called."""

import numpy as np
import pytest

import convcore

da = pytest.importorskip("dask.array")
chunked = pytest.importorskip("convcore.adapters.dask")


def test_chunks_of_the_output_follow_those_of_the_input():
    x = da.zeros((4, 2, 100, 60), chunks=(2, 1, 25, 20))
    y = chunked.conv(x, np.ones((3, 2, 5, 4)), padding="same")
    assert y.chunks == ((2, 2), (3,), (25,) * 4, (20,) * 3)
    y = chunked.conv(x, np.ones((3, 2, 5, 4)), padding="same", stride=(5, 3))
    assert y.chunks == ((2, 2), (3,), (5,) * 4, (7, 7, 6))
    y = chunked.conv(x, da.ones((3, 2, 5, 4), chunks=(2, 1, 5, 2)))
    assert y.chunks == ((2, 2), (2, 1), (23, 25, 25, 23), (19, 20, 18))
    g = chunked.conv_grad_input(y, np.ones((3, 2, 5, 4)), x.shape, chunks=x.chunks)
    assert g.chunks == x.chunks


def test_depthwise_channels_stay_apart_and_others_are_summed_as_a_tree():
    x = da.ones((1, 64, 8), chunks=(1, 1, 8))
    y = chunked.conv(x, np.ones((64, 1, 3)), groups=64)
    assert y.chunks[1] == (1,) * 64
    assert not [key for key in y.dask if "sum" in str(key)]
    y = chunked.conv(x, np.ones((2, 64, 3)))
    assert len([key for key in dict(y.dask) if "conv-sum" in str(key)]) == 8 + 1
    assert (y.compute() == 192).all()


def test_equal_calls_have_equal_names():
    x, w = da.from_array(np.ones((1, 1, 9)), chunks=3), np.ones((1, 1, 3))
    names = [chunked.conv(x, w.copy(), **options).name for options in ({}, {}, {"padding": 1})]
    assert names[0] == names[1] != names[2]
    with convcore.use_backend("naive"):
        assert chunked.conv(x, w).name not in names
    with convcore.options(accuracy="strict"):
        assert chunked.conv(x, w).name not in names
