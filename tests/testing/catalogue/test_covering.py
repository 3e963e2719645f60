"""No pair of extremes is missing: counted from the problems themselves."""

import subprocess
import sys
from itertools import combinations, product

import numpy as np
import pytest
from mutants import TapConvolution

from convcore.plugin import OPERATIONS, Refusal
from convcore.testing.catalogue.covering import FEW, SIZES, SPACES, Space
from convcore.testing.checks.extremes import where_extremes_meet

COMMON = ("batch", "channels", "filters", "groups")
# By sign before, sign after, whether both are equal, and whether they are wider than the kernel.
PADDING = {
    (0, 0, True, False),
    (1, 1, True, False),
    (1, 0, False, False),
    (0, 1, False, False),
    (1, 1, False, False),
    (-1, -1, True, False),
    (-1, 0, False, False),
    (0, -1, False, False),
    (-1, 1, False, False),
    (1, -1, False, False),
    (1, 1, False, True),
}


def padding(before, after, field):
    """The class of a padding."""
    return (
        int(np.sign(before)),
        int(np.sign(after)),
        before == after,
        min(before - 1, after) >= field,
    )


def axes(geometry):
    """The axes with levels: all up to four, and of more the first, the last and two between."""
    rank = geometry.spatial_rank
    return range(rank) if rank <= 4 else [number * (rank - 1) // 3 for number in range(4)]


def levels(case):
    """The level of each factor of a case, by the factor."""
    p = case.geometry
    counts = (p.batch, p.group_in_channels, p.group_out_channels, p.groups)
    found = dict(zip(COMMON, counts, strict=True)) | {"dtype": case.dtype, "rank": p.spatial_rank}
    for number, axis in enumerate(axes(p)):
        for part in ("kernel_extents", "stride", "dilation", "output_extents"):
            found[part, number] = getattr(p, part)[axis]
        found["padding", number] = padding(*p.padding[axis], p.receptive_field[axis])
    return found


def tells(one, other, found):
    """Whether both factors do anything: a stride between outputs, a dilation between taps."""
    for (factor, level), (beside, _) in ((one, other), (other, one)):
        needs = {"stride": "output_extents", "dilation": "kernel_extents"}.get(factor[0])
        if needs and level > 1:
            needed = (needs, factor[1])
            if found[needed] == 1 and beside != needed:
                return False
    return True


def met(cases):
    """Every pair of levels of two factors that some case shows."""
    pairs = set()
    for case in cases:
        found = levels(case)
        pairs.update(pair for pair in combinations(found.items(), 2) if tells(*pair, found))
    return pairs


def wanted(ranks, axes, sizes):
    """Every pair that there is to be shown."""
    dtypes = set(TapConvolution.declaration.dtypes)
    factors = {factor: set(SIZES) for factor in COMMON} | {"dtype": dtypes, "rank": set(ranks)}
    for axis in range(axes):
        for part in ("kernel_extents", "stride", "dilation", "output_extents"):
            factors[part, axis] = set(sizes)
        factors["padding", axis] = PADDING
    for (one, its), (other, others) in combinations(factors.items(), 2):
        for pair in product(its, others):
            yield tuple(zip((one, other), pair, strict=True))


@pytest.fixture(scope="module")
def cases():
    return list(where_extremes_meet(TapConvolution, "standard"))


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(
    ("ranks", "axes", "sizes"),
    [((1,), 1, SIZES), ((2,), 2, SIZES), ((3,), 3, SIZES), ((4, 5, 16), 4, FEW)],
)
def test_no_pair_is_missing(cases, ranks, axes, sizes, operation):
    of_ranks = [
        case
        for case in cases
        if case.operation == operation and case.geometry.spatial_rank in ranks
    ]
    assert set(wanted(ranks, axes, sizes)) <= met(of_ranks)
    assert not set(wanted(ranks, axes, sizes)) <= met(of_ranks[: len(of_ranks) // 2])


def test_the_problems_are_small_and_none_is_there_twice(cases):
    geometries = [case.geometry for case in cases if case.operation == "forward"]
    assert max(p.flop for p in geometries) <= 100_000
    assert max(np.prod(p.input_shape) for p in geometries) <= 50_000
    assert not any(p.degenerate for p in geometries)
    assert len({case for case in cases}) == len(cases)


def test_arrays_are_the_same_everywhere():
    assert Space((1,), SIZES, 1).array() == SPACES[0].array()


def test_nothing_is_made_when_the_kit_is_imported():
    code = """
import convcore.testing
from convcore.testing.catalogue.covering import Space
assert Space.array.cache_info().currsize == 0
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_a_backend_that_takes_nothing_has_the_array():
    class Nothing(TapConvolution):
        @classmethod
        def refusal(cls, geometry, dtype, operation=None):
            return Refusal("NEVER", "nothing is ever right")

    refused = list(where_extremes_meet(Nothing, "quick"))
    assert len(refused) == 3 * sum(len(space.array()) for space in SPACES[:2])


class Dense(TapConvolution):
    """Takes kernels of three taps along each axis, side by side."""

    @classmethod
    def refusal(cls, geometry, dtype, operation=None):
        dense = set(geometry.stride + geometry.dilation) == {1}
        if not dense or set(geometry.kernel_extents) != {3}:
            return Refusal("KERNEL", "the kernel has not three taps side by side")
        return super().refusal(geometry, dtype, operation)


def test_what_a_backend_takes_meets_too():
    """Nearly none of it is in the arrays, which have all strides and kernels."""
    accepted = [case for case in where_extremes_meet(Dense, "quick") if case.refusal() is None]
    for rank in (1, 2):
        pairs = met([case for case in accepted if case.geometry.spatial_rank == rank])
        for one, other in combinations((*COMMON, ("output_extents", 0)), 2):
            for pair in product(SIZES, SIZES):
                both = min(pair) > 14  # which is more than a small problem, nine taps being nine
                assert both or tuple(zip((one, other), pair, strict=True)) in pairs
        padded = product(COMMON, SIZES[:-1], PADDING)
        assert {((one, size), (("padding", 0), kind)) for one, size, kind in padded} <= pairs
