"""What a process has for state is read, and a change of it noticed."""

from __future__ import annotations

import ctypes
import platform
import sys

import pytest

from convcore.testing.checks.process_state import READINGS, differences, snapshot, unusual_state


def test_state_is_the_same_when_nothing_happens():
    assert differences(snapshot(), snapshot()) == ""
    with unusual_state():
        inside = snapshot()
        assert inside["numpy.geterr()"]["under"] == "warn"
    assert "numpy.geterr()" in differences(inside, snapshot())


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="takes fesetround from glibc")
def test_a_changed_rounding_mode_is_noticed():
    libm = ctypes.CDLL("libm.so.6")
    upward = {"x86_64": 0x800, "aarch64": 0x400000}.get(platform.machine())
    if upward is None:
        pytest.skip("the code of the rounding mode is not known here")
    before, mode = READINGS["the rounding mode"](), libm.fegetround()
    try:
        assert libm.fesetround(upward) == 0
        after = READINGS["the rounding mode"]()
    finally:
        libm.fesetround(mode)
    assert before == (False, False, False)
    assert after != before
