"""Parts of an axis: each computes its own range, and reads no more than it needs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from convcore import Geometry, get_backend

PROBLEMS = [
    Geometry.of((1, 1, 3, 12), (1, 1, 1, 3), stride=stride, dilation=dilation, padding=padding)
    for stride in (1, 2, 5)
    for dilation in (1, 3)
    for padding in (0, ((0, 0), (4, 9)), ((0, 0), (-2, 3)), "full")
]


def part_of(geometry, cut):
    """The problem that a part of the second axis is."""
    extents = (geometry.input_extents[0], cut.input.stop - cut.input.start)
    return replace(geometry, input_extents=extents, padding=(geometry.padding[0], cut.padding))


def ranges(extent):
    return [(start, stop) for start in range(extent) for stop in range(start + 1, extent + 1)]


@pytest.mark.parametrize("geometry", PROBLEMS)
def test_a_range_of_outputs_is_computed_from_what_it_reads(geometry):
    naive, rng = get_backend("naive"), np.random.default_rng(0)
    x, w = (rng.standard_normal(geometry.shape_of(role)) for role in ("input", "weight"))
    whole = naive(geometry, "float64").forward(x, w)
    for start, stop in ranges(geometry.output_extents[1]):
        cut = geometry.cut(1, start, stop)
        assert cut.output == slice(start, stop)
        own = np.ascontiguousarray(x[..., cut.input])
        got = naive(part_of(geometry, cut), "float64").forward(own, w)
        assert got.tobytes() == whole[..., start:stop].tobytes()


@pytest.mark.parametrize("geometry", PROBLEMS)
def test_a_range_of_inputs_has_its_gradient_from_the_outputs_that_read_it(geometry):
    naive, rng = get_backend("naive"), np.random.default_rng(0)
    g, w = (rng.standard_normal(geometry.shape_of(role)) for role in ("output", "weight"))
    whole = naive(geometry, "float64").grad_input(g, w)
    for start, stop in ranges(geometry.input_extents[1]):
        cut = geometry.cut(1, start, stop, of="input")
        assert cut.input == slice(start, stop)
        own = np.ascontiguousarray(g[..., cut.output])
        got = naive(part_of(geometry, cut), "float64").grad_input(own, w)
        assert got.tobytes() == whole[..., start:stop].tobytes()


def test_nothing_is_read_that_lies_outside_every_window():
    geometry = Geometry.of((1, 1, 100), (1, 1, 3), padding=1)
    assert geometry.cut(0, 0, 10).input == slice(0, 11)
    assert geometry.cut(0, 10, 20).input == slice(9, 21)
    assert geometry.cut(0, 90, 100) == (slice(89, 100), slice(90, 100), (0, 1))
    assert geometry.cut(0, 10, 20, of="input").output == slice(9, 21)
    wide = Geometry.of((1, 1, 4), (1, 1, 2), padding=10)
    assert wide.cut(0, 0, 3) == (slice(0, 0), slice(0, 3), (4, 0))
