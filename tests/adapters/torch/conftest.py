import pytest

pytest.importorskip("torch")


@pytest.fixture
def installed():
    """All of PyTorch's convolutions on ours for a test."""
    from convcore.adapters import torch as door
    from convcore.adapters.torch import replacement

    replacement._kernels.clear()
    door.install("always")
    yield door
    door.uninstall()
