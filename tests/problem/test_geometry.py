"""Extents by enumeration, what users may write for padding, and every refusal with its values."""

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convcore import Geometry, GeometryError


def geometry(extent=8, taps=3, **options):
    return Geometry.of((2, 4, extent), (6, 4, taps), **options)


def positions(extent, taps, stride, dilation, before, after):
    """Starts of all windows that lie inside the padded axis, found by trying each."""
    span = dilation * (taps - 1)
    return [s for s in range(-before, extent + after, stride) if s + span < extent + after]


@settings(max_examples=300)
@given(
    extent=st.integers(0, 12),
    taps=st.integers(1, 5),
    stride=st.integers(1, 5),
    dilation=st.integers(1, 4),
    before=st.integers(-4, 6),
    after=st.integers(-4, 6),
)
def test_output_extent_counts_the_windows(extent, taps, stride, dilation, before, after):
    padded = extent + before + after
    cropped = max(0, -before) + max(0, -after)
    options = {"stride": stride, "dilation": dilation, "padding": ((before, after),)}
    if cropped > extent or 0 < padded < dilation * (taps - 1) + 1:
        with pytest.raises(GeometryError):
            geometry(extent, taps, **options)
        return
    expected = positions(extent, taps, stride, dilation, before, after) if padded else []
    assert geometry(extent, taps, **options).output_extents == (len(expected),)


def test_derived_numbers():
    problem = Geometry.of((8, 6, 20, 30), (4, 3, 3, 5), stride=(2, 1), dilation=2, groups=2)
    assert problem.spatial_rank == 2
    assert problem.receptive_field == (5, 9)
    assert problem.input_shape == (8, 6, 20, 30)
    assert problem.weight_shape == (4, 3, 3, 5)
    assert problem.output_shape == (8, 4, 8, 22)
    assert problem.flop == 2 * 8 * 4 * 3 * 15 * 8 * 22
    assert problem.accumulation_length("forward") == 3 * 15
    assert problem.accumulation_length("grad_input") == 2 * 15
    assert problem.accumulation_length("grad_weight") == 8 * 8 * 22
    assert [problem.result_shape(name) for name in ("forward", "grad_input", "grad_weight")] == [
        problem.output_shape,
        problem.input_shape,
        problem.weight_shape,
    ]


def test_is_a_value():
    problem = geometry(padding=1)
    assert problem == geometry(padding=((1, 1),))
    assert hash(problem) == hash(geometry(padding=(1,)))
    assert problem != geometry(padding=2)
    assert pickle.loads(pickle.dumps(problem)) == problem
    with pytest.raises(AttributeError):
        problem.batch = 3


@pytest.mark.parametrize("shapes", [((0, 4, 8), (6, 4, 3)), ((2, 0, 8), (6, 0, 3))])
def test_empty_operands_are_degenerate(shapes):
    assert Geometry.of(*shapes).degenerate
    assert not geometry().degenerate


def test_a_padded_extent_of_zero_gives_an_empty_output():
    assert geometry(extent=0).output_shape == (2, 6, 0)
    assert geometry(extent=4, padding=-2).output_shape == (2, 6, 0)
