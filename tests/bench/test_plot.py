"""The picture of a comparison."""

import pytest
from benching import comparison, result

from convcore.bench import plot


def test_a_backend_and_a_peer_of_one_name_are_two_bars(tmp_path, monkeypatch):
    axes = pytest.importorskip("matplotlib.axes").Axes
    drawn, bar = [], axes.bar

    def noted(self, places, rates, width, **style):
        drawn.append((places, rates, style["hatch"]))
        return bar(self, places, rates, width, **style)

    monkeypatch.setattr(axes, "bar", noted)
    found = comparison(result("torch", "backend", 2.0), result("torch", "peer", 1.0))
    plot.draw(found, tmp_path / "bench.png")
    (own, own_rates, plain), (peer, peer_rates, hatched) = drawn
    assert [len(own_rates), len(peer_rates)] == [1, 1]
    assert own[0] < peer[0]
    assert (plain, hatched) == (None, "///")
