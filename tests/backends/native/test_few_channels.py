"""Positions as lanes: every width around a vector, every height around a tile, nothing beyond."""

import itertools

import numpy as np
import pytest
from built import ISAS
from native import integers, native_plan, run

from convcore.plugin import Geometry

OURS = {"forward": "few_channels"}
DEFINITION = {"forward": "reference"}
GUARD = 32


def guarded(values, fill):
    """A copy with `fill` on both sides of it, and the memory that both stand in."""
    memory = np.full(values.size + 2 * GUARD, fill, values.dtype)
    inner = memory[GUARD:-GUARD].reshape(values.shape)
    inner[...] = values
    return inner, memory


def check(geometry, dtype, isa):
    """Bit for bit what the definition gives, with NaN around the input and a guarded result."""
    source, weight, target = integers(geometry, dtype)
    wanted = native_plan(geometry, dtype, isa=isa, variants=DEFINITION)
    expected = run(wanted, geometry, 0, source, weight, target)
    source, _ = guarded(source, np.nan)
    for threads in (1, 2):
        plan = native_plan(geometry, dtype, isa=isa, threads=threads, variants=OURS)
        found, memory = guarded(np.zeros(geometry.output_shape, dtype), 7)
        plan.run(0, source, weight, found)
        assert np.array_equal(found, expected)
        assert (memory[:GUARD] == 7).all()
        assert (memory[-GUARD:] == 7).all()


def check_extents(kernel, stride, extents, pads, dtype, isa, groups=3):
    """All of `extents`, padded by all of `pads`, that a kernel fits into."""
    for (rows, width), pad in itertools.product(extents, pads):
        padding = (min(pad, kernel[0] - 1), pad)
        if rows + 2 * padding[0] < kernel[0] or width + 2 * padding[1] < kernel[1]:
            continue
        shapes = (2, groups, rows, width), (groups, 1, *kernel)
        check(Geometry.of(*shapes, groups=groups, padding=padding, stride=stride), dtype, isa)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("kernel", [(3, 3), (1, 3), (5, 5), (7, 7)])
def test_every_width_around_a_vector(kernel, stride, dtype, isa):
    widths = (*range(1, 10), 15, 16, 17, 33)
    check_extents(kernel, stride, itertools.product((1, 3, 13), widths), (0, 2), dtype, isa)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("kernel", [(3, 3), (1, 3), (5, 5), (7, 7)])
def test_every_height_around_a_tile(kernel, stride, isa):
    heights = (*range(1, 20), 33, 35)
    check_extents(kernel, stride, itertools.product(heights, (6, 9)), (1, 4), "float32", isa)


@pytest.mark.parametrize("isa", ISAS)
def test_short_rows_of_blocks_that_threads_share(isa):
    extents = itertools.product((64, 67), (3, 5, 8))
    check_extents((3, 3), 1, extents, (1,), "float32", isa, groups=1)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("channels", [(3, 1, 3), (6, 1, 3), (5, 2, 1)])
def test_weight_gradients_of_every_width_around_a_vector(channels, stride, isa):
    out, each, groups = channels
    for rows, width in itertools.product((3, 9), (*range(1, 10), 15, 16, 17, 33)):
        shapes = (2, each * groups, rows, width), (out, each, 3, 3)
        geometry = Geometry.of(*shapes, groups=groups, padding=1, stride=stride)
        arrays = integers(geometry, "float32")
        found, expected = (
            run(
                native_plan(geometry, "float32", isa=isa, variants={"grad_weight": name}),
                geometry,
                2,
                *arrays,
            )
            for name in ("few_channels", "reference")
        )
        assert np.array_equal(found, expected)
