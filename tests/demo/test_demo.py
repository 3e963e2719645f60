"""Which parts of the demo there are."""

from __future__ import annotations

import pytest

from convcore import demo

pytest.importorskip("convcore.demo.filters")


def test_parts_are_those_present():
    assert demo.present()[0] == "filters"
    assert set(demo.present()) <= set(demo.PARTS)
