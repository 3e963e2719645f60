"""SciPy, which knows neither channels nor strides."""

import numpy as np
import pytest
from benching import connected

from convcore import Geometry
from convcore.bench.peers import scipy
from convcore.problem import OPERATIONS
from convcore.testing import operands
from convcore.testing.catalogue import oracle
from convcore.testing.catalogue.problems import LAYERS


def test_scipy_names_the_pairs_of_channels_that_are_too_many():
    problem = LAYERS["resnet.3x3 64c56 b8"]
    assert "4096 pairs" in connected("scipy").refusal(problem.geometry, "forward")


STEPPED = Geometry.of(
    (2, 4, 9, 8), (4, 2, 3, 2), stride=(2, 1), dilation=(1, 2), groups=2, padding=1
)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_both_ways_of_a_pair_are_right_through_steps_and_groups(operation):
    peer, pair = scipy.SciPy(1), operands("integers", STEPPED, "float64", operation)
    want = oracle.convolve(STEPPED, operation, *pair)
    for way in (peer._overlap_add, peer._correlate):
        got = scipy._OPERATIONS[operation](STEPPED, *pair, way)
        np.testing.assert_allclose(got, want, rtol=0, atol=1e-9 * np.abs(want).max())


def test_all_pairs_at_once_are_right_forward():
    pair = operands("integers", STEPPED, "float64", "forward")
    got = scipy.SciPy(1)._forward_at_once(STEPPED, *pair)
    want = oracle.convolve(STEPPED, "forward", *pair)
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-9 * np.abs(want).max())
