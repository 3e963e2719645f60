"""Whole functions against SciPy's, on arrays large enough to be ours."""

import numpy as np
import pytest
import scipy.signal as theirs

from convcore.scipy import signal as ours

RANDOM = np.random.default_rng(0)
LINE, TAPS = RANDOM.standard_normal(20_000), RANDOM.standard_normal(301)
IMAGE, WINDOW = RANDOM.standard_normal((200, 210)), RANDOM.standard_normal((9, 8))
CALLS = {
    "convolve": [(LINE, TAPS), (LINE, TAPS, "same", "direct"), (IMAGE, WINDOW, "valid", "fft")],
    "correlate": [(LINE, TAPS, "same"), (IMAGE, WINDOW, "full", "direct")],
    "convolve2d": [(IMAGE, WINDOW), (IMAGE, WINDOW, "same", "symm"), (WINDOW, IMAGE, "valid")],
    "correlate2d": [(IMAGE, WINDOW, "same", "wrap"), (IMAGE, WINDOW, "full", "fill", 2)],
    "fftconvolve": [(LINE, TAPS), (IMAGE, WINDOW, "same"), (IMAGE, IMAGE[:, :9], "full", 1)],
    "oaconvolve": [(LINE, TAPS), (IMAGE, WINDOW, "valid"), (IMAGE, IMAGE[:, :9], "same", 1)],
    "upfirdn": [(TAPS, LINE), (TAPS, LINE, 3, 2), (TAPS, IMAGE, 2, 5, 0)],
    "resample_poly": [(LINE, 160, 147), (IMAGE, 2, 3)],
    "decimate": [(LINE, 5), (LINE, 5, 40, "fir"), (IMAGE, 3, None, "fir", 0, False)],
    "lfilter": [(TAPS, [1.0], IMAGE), (TAPS, [1.0, 0.1], LINE)],
}


@pytest.mark.parametrize("name", CALLS)
def test_results_are_scipys(name):
    for arguments in CALLS[name]:
        want, got = (getattr(module, name)(*arguments) for module in (theirs, ours))
        assert got.shape == want.shape
        assert got.dtype == want.dtype
        np.testing.assert_allclose(got, want, rtol=0, atol=1e-12 * np.abs(want).max())


def test_the_choice_of_a_method_is_scipys():
    for operands in ((LINE, TAPS), (LINE[:50], TAPS[:5]), (IMAGE, WINDOW)):
        assert ours.choose_conv_method(*operands) == theirs.choose_conv_method(*operands)


def test_nan_stays_where_it_is():
    line = LINE.copy()
    line[1000] = np.nan
    for function in (ours.fftconvolve, ours.oaconvolve):
        assert np.isnan(function(line, TAPS)).sum() == TAPS.size


def test_other_names_are_scipys():
    assert ours.firwin is theirs.firwin
