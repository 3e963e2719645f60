"""Seams: all are there, the copies of SciPy's modules are ours alone, versions are known."""

import importlib
import pickle
import sys

import pytest
import scipy

from convcore.scipy import _loops, _seams, ndimage, signal


def test_each_seam_is_a_name_in_scipy():
    for name, ours in _seams.SEAMS.items():
        assert ours().keys() <= vars(importlib.import_module(name)).keys()


def test_copies_run_on_ours_and_scipy_itself_does_not():
    copy, original = _seams.on_ours("scipy.ndimage._filters"), sys.modules["scipy.ndimage._filters"]
    assert copy._nd_image.correlate1d is _loops.correlate1d
    assert original._nd_image is _loops.own
    assert copy._nd_image.rank_filter is _loops.own.rank_filter


@pytest.mark.parametrize("module", [ndimage, signal])
def test_functions_are_scipys_but_for_where_they_live(module):
    theirs = getattr(scipy, module.__name__.rpartition(".")[2])
    for name in module.__all__:
        ours = getattr(module, name)
        assert ours is not getattr(theirs, name)
        assert ours.__module__ == module.__name__
        assert ours.__doc__.strip()
        assert pickle.loads(pickle.dumps(ours)) is ours


@pytest.mark.parametrize(
    ("version", "tested"),
    [("1.17.1", True), ("1.17.0rc1", True), ("1.12.0", False), ("2.0", False)],
)
def test_other_versions_are_not_touched(monkeypatch, version, tested):
    monkeypatch.setattr(scipy, "__version__", version)
    for function in (_seams.is_tested, _seams.on_ours):
        function.cache_clear()
    try:
        if tested:
            assert _seams.is_tested()
            return
        with pytest.warns(
            RuntimeWarning, match=f"tested with SciPy 1.16, 1.17; got {version}; SciPy's"
        ):
            assert not _seams.is_tested()
        name = "scipy.ndimage._filters"
        assert _seams.on_ours(name) is sys.modules[name]
        kept = sys.modules[name].sobel
        assert _seams.public(sys.modules[name], "sobel", "elsewhere") is kept
        assert kept.__module__ == name
    finally:
        for function in (_seams.is_tested, _seams.on_ours):
            function.cache_clear()
