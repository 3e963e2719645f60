"""SciPy's own functions inside and outside `patched`."""

import sys
from functools import partial

import numpy as np
import pytest
import scipy.ndimage
import scipy.signal
from scipy.ndimage import gaussian_filter  # imported before anything is patched

from convcore.scipy import _patching, _seams, patched


@pytest.fixture
def counted(monkeypatch):
    """Names of our loops that have been called."""
    calls = []
    honest = {name: seams() for name, seams in _seams.SEAMS.items()}

    def counting(name, function):
        return lambda *a, **k: calls.append(name) or function(*a, **k)

    loops = honest["scipy.ndimage._filters"]["_nd_image"]
    loops.correlate1d = counting("correlate1d", loops.correlate1d)
    tools = honest["scipy.signal._signaltools"]
    tools["_freq_domain_conv"] = counting("full", tools["_freq_domain_conv"])
    seams = {name: partial(dict, ours) for name, ours in honest.items()}
    monkeypatch.setattr(_patching, "SEAMS", seams)
    return calls


def test_functions_imported_earlier_run_on_ours_until_the_last_block_ends(counted):
    image = np.random.default_rng(0).random((150, 160))
    want = gaussian_filter(image, 2)
    assert counted == []
    with patched():
        with patched():
            np.testing.assert_array_equal(gaussian_filter(image, 2), want)
        np.testing.assert_array_equal(scipy.ndimage.gaussian_filter(image, 2), want)
        scipy.signal.fftconvolve(image, image[:9, :9])
    assert counted == ["correlate1d"] * 4 + ["full"]
    gaussian_filter(image, 2)
    assert len(counted) == 5


def test_what_was_there_comes_back_after_an_error():
    before = {name: dict(vars(sys.modules[name])) for name in _seams.SEAMS}
    with pytest.raises(ZeroDivisionError), patched():
        raise ZeroDivisionError
    assert before == {name: vars(sys.modules[name]) for name in before}


def test_an_unknown_version_is_left_alone(monkeypatch):
    monkeypatch.setattr(_patching, "is_tested", lambda: False)
    with patched():
        assert vars(sys.modules["scipy.ndimage._filters"])["_nd_image"] is scipy.ndimage._nd_image
