"""What is small is convolved by us all the same, in pieces that are small too."""

import pytest

from convcore.scipy import _loops, _pieces, _polyphase, _products


@pytest.fixture
def ours(monkeypatch):
    for module in (_loops, _products, _polyphase):
        monkeypatch.setattr(module, "FEW_PRODUCTS", 0)
    monkeypatch.setattr(_loops, "FEW_ALONG", 0)
    monkeypatch.setattr(_pieces, "PIECE", 128)
