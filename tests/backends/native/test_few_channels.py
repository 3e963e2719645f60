"""Single channels straight from the source: every width around a vector, and nothing beyond."""

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


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("kernel", [(3, 3), (1, 3)])
def test_every_width_around_a_vector(kernel, stride, dtype, isa):
    for rows, width, pad in itertools.product((1, 3, 13), (*range(1, 10), 15, 16, 17, 33), (0, 2)):
        padding = (min(pad, kernel[0] - 1), pad)
        if rows + 2 * padding[0] < kernel[0] or width + 2 * padding[1] < kernel[1]:
            continue
        shape = (2, 3, rows, width)
        check(
            Geometry.of(shape, (3, 1, *kernel), groups=3, padding=padding, stride=stride),
            dtype,
            isa,
        )
