"""The inner loops of scipy.signal against SciPy's own, and NumPy's convolve against NumPy's."""

import numpy as np
import pytest
from scipy.signal import _signaltools as tools

from convcore.scipy import _products as products

DTYPES = ["uint8", "int32", "int64", "float32", "float64", "complex64", "complex128"]
MODES = ["valid", "same", "full"]


def operands(seed, rank):
    random = np.random.default_rng(seed)
    for most in (14, 6):
        shape = random.integers(1, most, rank)
        array = random.standard_normal(shape) * 9 + 1j * random.standard_normal(shape)
        dtype = np.dtype(random.choice(DTYPES))
        yield (array if dtype.kind == "c" else np.abs(array.real)).astype(dtype)


def agree(got, want):
    assert got.dtype == want.dtype
    assert got.shape == want.shape
    if want.dtype.kind in "iu":
        np.testing.assert_array_equal(got, want)
    else:
        scale = np.abs(want).max(initial=1.0)
        np.testing.assert_allclose(got, want, atol=200 * np.finfo(want.dtype).eps * scale, rtol=0)


@pytest.mark.usefixtures("ours")
class TestAgainstTheirs:
    @pytest.mark.parametrize("seed", range(20))
    @pytest.mark.parametrize("mode", MODES)
    def test_sequences(self, seed, mode):
        a, v = operands(seed, 1)
        agree(products.convolve(a, v, mode), np.convolve(a, v, mode))
        agree(products.convolve(v, a, mode), np.convolve(v, a, mode))
        agree(products.correlate(a, v, mode), np.correlate(a, v, mode))

    @pytest.mark.parametrize("rank", [1, 2, 3])
    @pytest.mark.parametrize("seed", range(8))
    @pytest.mark.parametrize("mode", range(3))
    def test_direct_correlation(self, seed, rank, mode):
        a, v = operands(seed, rank)
        dtype = np.result_type(a, v)
        a, v = a.astype(dtype), v[tuple(slice(n) for n in a.shape)].astype(dtype)
        if mode:
            a = np.pad(a, [(0, r - 1) for r in v.shape])
        taken = [n - r + 1 for n, r in zip(a.shape, v.shape, strict=True)]
        shape = a.shape if mode == products.FULL else taken
        want = products.own._correlateND(a, v, np.empty(shape, dtype), mode)
        agree(products.correlate_nd(a, v, np.empty(shape, dtype), mode), want)

    @pytest.mark.parametrize("flip", [0, 1])
    @pytest.mark.parametrize("boundary", [0, 4, 8])
    @pytest.mark.parametrize("mode", range(3))
    def test_images(self, flip, boundary, mode):
        for seed in range(6):
            a, v = operands(seed, 2)
            v = v[tuple(slice(n) for n in a.shape)]
            want = products.own._convolve2d(a, v, flip, mode, boundary, 2)
            agree(products.convolve_2d(a, v, flip, mode, boundary, 2), want)

    @pytest.mark.parametrize("mode", MODES)
    @pytest.mark.parametrize("axes", [[0], [1, 2], [0, 1, 2]])
    def test_in_the_frequency_domain_some_axes_are_broadcast(self, axes, mode, monkeypatch):
        random = np.random.default_rng(4)
        for one in ((4, 1, 1), (4, 9, 8), (1, 9, 8)):
            taken = [3 if axis in axes else n for axis, n in enumerate(one)]
            a, v = random.standard_normal((4, 9, 8)), random.standard_normal(taken)
            want = tools.fftconvolve(a, v, mode, axes)
            with monkeypatch.context() as patch:
                patch.setattr(tools, "_freq_domain_conv", products.full_by_any)
                agree(tools.fftconvolve(a, v, mode, axes), want)
                agree(tools.fftconvolve(v, a, mode, axes), tools.fftconvolve(v, a, mode, axes))


@pytest.mark.parametrize("dtypes", [("c16", "c16"), ("c16", "f8"), ("f4", "c8"), ("i4", "c16")])
@pytest.mark.parametrize("taps", [5, 80])
def test_complex_numbers_in_the_frequency_domain(dtypes, taps, monkeypatch):
    a, v = np.arange(90) % 7 - 2.5j, np.arange(taps) % 5 + 1.5j
    a, v = (
        (x if dtype[0] == "c" else x.real).astype(dtype)
        for x, dtype in zip((a, v), dtypes, strict=True)
    )
    want = tools.fftconvolve(a, v)
    monkeypatch.setattr(tools, "_freq_domain_conv", products.full_by_any)
    agree(tools.fftconvolve(a, v), want)


def test_what_numpy_refuses_is_refused_in_its_words():
    for a, v, mode in (([], [1.0], "full"), (np.ones(9), np.ones(3), "some")):
        with pytest.raises(ValueError) as theirs:  # noqa: PT011
            np.convolve(a, v, mode)
        with pytest.raises(ValueError) as ours:  # noqa: PT011
            products.convolve(a, v, mode)
        assert str(ours.value) == str(theirs.value)


@pytest.mark.parametrize("dtype", ["float16", "longdouble", "object", "bool"])
def test_other_dtypes_are_numpys(dtype):
    a, v = np.ones(300).astype(dtype), np.ones(80).astype(dtype)
    got, want = products.convolve(a, v), np.convolve(a, v)
    assert got.dtype == want.dtype
    assert (got == want).all()


def test_nan_stays_where_it_enters_a_sum():
    a = np.ones(3000)
    a[1000] = np.nan
    got = products.convolve(a, np.ones(33))
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(got)), np.arange(1000, 1033))
