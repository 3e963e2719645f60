"""A memmap is an array: operands and `out` may lie in a file."""

import numpy as np
import pytest

import convcore


@pytest.fixture
def mapped(tmp_path):
    """A function that puts an array into a file."""

    def put(array):
        path = tmp_path / str(len(list(tmp_path.iterdir())))
        file = np.memmap(path, array.dtype, "w+", shape=array.shape)
        file[...] = array
        return file

    return put


@pytest.mark.parametrize("options", [{}, {"padding": 1, "padding_mode": "reflect"}, {"flip": True}])
@pytest.mark.parametrize("dtype", ["float16", "float32", "complex64", "int16"])
@pytest.mark.parametrize("backend", [None, "naive", "im2col"])
def test_it_gives_what_an_array_in_memory_gives(mapped, backend, dtype, options):
    x = (np.arange(2 * 4 * 9 * 9) % 7).astype(dtype).reshape(2, 4, 9, 9)
    w, b = np.ones((4, 2, 3, 3), dtype), np.arange(4).astype(dtype)
    options = options | {"groups": 2, "backend": backend}
    want, want_pullback = convcore.conv_vjp(x, w, b, **options)
    got, pullback = convcore.conv_vjp(*map(mapped, (x, w, b)), **options)
    pairs = zip((want, *want_pullback(want)), (got, *pullback(mapped(want))), strict=True)
    for expected, found in pairs:
        assert type(found) is np.ndarray
        assert (found == expected).all()


def test_a_result_can_go_into_a_file(mapped):
    x, w = np.ones((1, 2, 6)), np.ones((3, 2, 2))
    out = mapped(np.zeros((1, 3, 5)))
    assert convcore.conv(mapped(x), w, out=out) is out
    assert (out == 4).all()
    plan = convcore.plan(x.shape, w.shape, dtype="float64")
    assert (plan.forward(mapped(x), mapped(w), out=mapped(np.zeros((1, 3, 5)))) == 4).all()


def test_a_subclass_of_it_is_none(mapped):
    class Special(np.memmap):
        pass

    with pytest.raises(convcore.DtypeError, match=r"input: must be a numpy\.ndarray; got Special"):
        convcore.conv(mapped(np.ones((1, 1, 4))).view(Special), np.ones((1, 1, 2)))
