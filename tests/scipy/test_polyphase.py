"""Resampling against SciPy's own inner loop."""

import numpy as np
import pytest
from scipy import signal

from convcore.scipy import _polyphase
from convcore.scipy import signal as ours_signal

RATES = [
    (1, 1),
    (1, 4),
    (2, 1),
    (3, 2),
    (2, 3),
    (4, 6),
    (16, 15),
    (7, 3),
    (40, 37),
    (9, 40),
    (40, 9),
]


@pytest.mark.usefixtures("ours")
class TestAgainstScipy:
    @pytest.mark.parametrize(("up", "down"), RATES)
    @pytest.mark.parametrize("dtype", ["float32", "float64", "complex128"])
    @pytest.mark.parametrize("taps", [1, 8, 31])
    def test_rates(self, up, down, dtype, taps):
        random = np.random.default_rng(up + 10 * down)
        h = random.standard_normal(taps)
        for shape, axis in (((50,), 0), ((3, 40), 1), ((41, 2, 3), 0), ((1,), 0)):
            x = random.standard_normal(shape).astype(dtype)
            want = signal.upfirdn(h, x, up, down, axis)
            got = ours_signal.upfirdn(h, x, up, down, axis)
            assert got.dtype == want.dtype
            np.testing.assert_allclose(got, want, atol=1e-5 if dtype == "float32" else 1e-12)

    def test_zeros_between_the_taps_meet_no_nan(self):
        x = np.ones(400)
        x[200] = np.inf
        h = np.ones(5)
        want, got = signal.upfirdn(h, x, 3, 2), ours_signal.upfirdn(h, x, 3, 2)
        np.testing.assert_array_equal(got, want)
        assert np.isinf(got).sum() == np.isinf(want).sum() > 0

    @pytest.mark.parametrize("mode", ["wrap", "edge", "symmetric"])
    def test_other_modes_are_scipys(self, mode):
        x, h = np.arange(50.0), np.arange(1.0, 6.0)
        want = signal.upfirdn(h, x, 2, 3, mode=mode)
        np.testing.assert_array_equal(ours_signal.upfirdn(h, x, 2, 3, mode=mode), want)


@pytest.mark.usefixtures("ours")
def test_channels_that_no_output_reads_are_left_out(monkeypatch):
    met = []
    conv = _polyphase.conv
    monkeypatch.setattr(_polyphase, "conv", lambda *a, **k: met.append(a[1].shape) or conv(*a, **k))
    h, x = np.random.default_rng(0).standard_normal((2, 30))
    got = ours_signal.upfirdn(h, x[:5], 40, 37)
    np.testing.assert_allclose(got, signal.upfirdn(h, x[:5], 40, 37), atol=1e-12)
    assert [shape[0] for shape in met] == [3, 3]  # of 40 channels, for 6 outputs


@pytest.mark.parametrize(("up", "down", "taps"), [(160, 147, 3201), (3, 100, 61), (1, 7, 40)])
@pytest.mark.usefixtures("ours")
def test_a_third_of_a_kernel_is_taps(up, down, taps, monkeypatch):
    kernels = []
    conv = _polyphase.conv
    monkeypatch.setattr(_polyphase, "conv", lambda *a, **k: kernels.append(a[1]) or conv(*a, **k))
    ours_signal.upfirdn(np.ones(taps), np.ones(3000), up, down)
    whole = -(-taps // up)
    assert max(kernel.shape[2] for kernel in kernels) <= 3 * whole
    assert sum(kernel.shape[0] for kernel in kernels) == up


def test_too_few_products_for_each_kernel_are_left_to_scipy(monkeypatch):
    def apply(*arguments):
        raise ZeroDivisionError

    monkeypatch.setattr(_polyphase, "own", apply)
    with pytest.raises(ZeroDivisionError):
        ours_signal.upfirdn(np.ones(3), np.ones(10**5), 2, 999)
    assert ours_signal.upfirdn(np.ones(3), np.ones(10**5), 2, 3).size == 66667
