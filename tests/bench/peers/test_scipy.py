"""SciPy, which knows neither channels nor strides."""

from benching import connected

from convcore.testing.catalogue.problems import LAYERS


def test_scipy_names_the_pairs_of_channels_that_are_too_many():
    problem = LAYERS["resnet.3x3 64c56 b8"]
    assert "4096 pairs" in connected("scipy").refusal(problem.geometry, "forward")
