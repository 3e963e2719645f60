"""The roofline: the slower of arithmetic and memory, measured as it is used."""

import pytest
from benching import GEOMETRY, comparison, result

from convcore.bench import roofline
from convcore.bench.roofline import Roofline


def test_the_roofline_is_the_slower_of_arithmetic_and_memory():
    # (1, 1, 16) * (1, 1, 3): 16 outputs of 3 products, and 16 + 3 + 16 elements.
    assert GEOMETRY.flop == 96
    assert roofline.traffic(GEOMETRY, 4) == 140
    assert Roofline(1.0, 1e9).seconds(GEOMETRY, 4) == 96.0
    assert Roofline(1e9, 1.0).seconds(GEOMETRY, 4) == 140.0
    found = comparison(own := result("im2col", "backend", 280e-9))
    assert found.share(own, 4) == pytest.approx(0.5)
    assert Roofline(1.0, 1e9).bound(GEOMETRY, 4) == "arithmetic"
    assert Roofline(1e9, 1.0).bound(GEOMETRY, 4) == "memory"


def test_the_roofline_is_measured_and_only_rises():
    measured = roofline.measure("float32", 1)
    assert measured.peak > 1e8
    assert measured.bandwidth > 1e8
    assert Roofline(2.0, 1.0).better(Roofline(1.0, 2.0)) == Roofline(2.0, 2.0)


def test_traffic_counts_both_operands_and_the_result_once():
    assert roofline.traffic(GEOMETRY, 8) == 2 * roofline.traffic(GEOMETRY, 4) == 280
