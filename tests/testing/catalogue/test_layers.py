"""Problems worth timing, each with the network and layer it comes from."""

from __future__ import annotations

from convcore.testing.catalogue.problems import LAYERS


def test_layers_have_names_sources_and_extents():
    assert len(LAYERS) >= 28
    assert all(problem.source for problem in LAYERS.values())
    flop = {name: round(problem.geometry.flop / 1e9, 2) for name, problem in LAYERS.items()}
    assert flop["resnet.7x7s2 b8"] == 1.89
    assert flop["image.65x65 3-8 512 b1"] == 53.16
    assert flop["1d.filterbank k1024 1-64 16k b4"] == 8.39
    assert flop["replk.dw31 128c28 b1"] == 0.19
