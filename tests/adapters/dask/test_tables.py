"""Tables of one axis: which blocks there are, and where borders send gradients."""

import numpy as np
import pytest

from convcore import Geometry
from convcore.errors import GeometryError

pytest.importorskip("dask.array")
tables = pytest.importorskip("convcore.adapters.dask.tables")


def line(extent, taps, **options):
    return Geometry.of((1, 1, extent), (1, 1, taps), **options)


@pytest.mark.parametrize(
    ("geometry", "bounds"),
    [
        (line(20, 3, padding="same"), (0, 8, 16, 20)),
        (line(20, 4, padding="same"), (0, 8, 16, 20)),
        (line(20, 4, padding="same_lower"), (0, 8, 16, 20)),
        (line(20, 3, padding="same", stride=2), (0, 4, 8, 10)),
        (line(20, 5), (0, 6, 14, 16)),
        (line(20, 3, padding="full"), (0, 9, 17, 22)),
        (line(20, 20), (0, 1)),
        (line(20, 1, stride=9), (0, 1, 2, 3)),
        (line(20, 1, padding=((-12, 0),)), (0, 4, 8)),
    ],
)
def test_outputs_belong_to_the_chunk_under_the_middle_of_their_window(geometry, bounds):
    assert tables.output_bounds(geometry, 0, (0, 8, 16, 20)) == bounds


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", [0, "same", "full", ((-3, 2),)])
def test_blocks_of_gradients_go_with_those_of_outputs(stride, padding):
    geometry = line(60, 4, stride=stride, padding=padding)
    outputs = tables.output_bounds(geometry, 0, (0, 24, 36, 60))
    back = tables.input_bounds(geometry, 0, outputs)
    assert len(back) == len(outputs)
    assert back[0] == 0
    assert back[-1] == 60
    assert all(abs(a - b) < stride + 2 for a, b in zip(back, (0, 24, 36, 60), strict=True))


@pytest.mark.parametrize("mode", ["reflect", "symmetric", "replicate", "circular"])
@pytest.mark.parametrize("padding", [(2, 3), (-2, 4), (9, 0), (0, 0), (-3, -3)])
@pytest.mark.parametrize("targets", [(0, 10), (0, 3, 10), tuple(range(11))])
def test_folds_send_every_position_of_the_border_to_its_element(mode, padding, targets):
    geometry = line(10, 1, padding=(padding,))
    sources = tables.extended_positions(geometry, 0, mode)
    found = []
    _, folds = tables.input_spans(geometry, 0, mode, targets, (0, len(sources)))
    for target, fold in zip(targets[:-1], folds, strict=True):
        first = target + fold.target[0]
        found += range(first, target + fold.target[1])
        found += [first + element for _, element in fold.extra]
    assert sorted(found) == sorted(sources.tolist())


def test_only_zeros_and_constants_can_fill_an_empty_axis():
    geometry = line(4, 1, padding=((-4, 2),))
    with pytest.raises(GeometryError, match="'reflect' cannot extend an empty axis"):
        tables.extended_positions(geometry, 0, "reflect")
    assert np.size(tables.extended_positions(line(4, 1, padding=((-4, 0),)), 0, "reflect")) == 0
