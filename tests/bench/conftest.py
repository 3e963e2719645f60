"""What the tests of the benchmark share."""

import pytest
from benching import fake_peers  # noqa: F401

from convcore.bench import roofline
from convcore.bench.roofline import Roofline


@pytest.fixture
def fixed_roofline(monkeypatch):
    """A machine whose rates nobody measures."""
    monkeypatch.setattr(roofline, "measure", lambda dtype, threads: Roofline(1e9, 1e9))
