"""The native kernels against the naive backend: every instruction set that this processor has."""

from __future__ import annotations

import dataclasses
import re
from concurrent.futures import ThreadPoolExecutor
from itertools import product

import numpy as np
import pytest
from built import ISAS
from convcore_native import DirectConvolution
from fakes import goes_on_during
from hypothesis import given, settings
from hypothesis import strategies as st
from native import (
    DTYPES,
    PROBLEMS,
    THREADED,
    algorithms,
    expected,
    integers,
    native_plan,
    normal,
    operands,
    reference,
    run,
)
from strategies import geometries

from convcore.plugin import OPERATIONS, Geometry

pytestmark = pytest.mark.usefixtures("isolated")

OPERATION_NUMBERS = range(3)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("isa", ISAS)
def test_the_catalogue_is_exact(isa, dtype, threads):
    wrong = []
    for name, geometry in (PROBLEMS | THREADED).items():
        plan = native_plan(geometry, dtype, isa=isa, threads=threads)
        arrays = integers(geometry, dtype)
        for operation in OPERATION_NUMBERS:
            if not np.array_equal(
                run(plan, geometry, operation, *arrays), expected(geometry, operation, dtype)
            ):
                wrong.append((name, OPERATIONS[operation], plan.describe(operation)))
    assert not wrong


@st.composite
def wider(draw):
    """Problems with as many channels or positions as it takes to fill every kind of tile."""
    geometry = draw(geometries(smallest_batch=1))
    channels, outputs = draw(st.integers(1, 20)), draw(st.integers(1, 20))
    longer = draw(st.integers(0, 40 if geometry.spatial_rank < 3 else 6))
    extents = (*geometry.input_extents[:-1], geometry.input_extents[-1] + longer)
    return dataclasses.replace(
        geometry,
        in_channels=geometry.groups * channels,
        out_channels=geometry.groups * outputs,
        input_extents=tuple(
            max(extent, 1 - min(0, *pair))
            for extent, pair in zip(extents, geometry.padding, strict=True)
        ),
    )


def possible(geometry_strategy):
    """Those that describe a convolution with something to compute."""
    return geometry_strategy.filter(lambda geometry: not geometry.degenerate)


@settings(max_examples=150)
@given(st.data(), st.sampled_from(ISAS), st.sampled_from(DTYPES), st.sampled_from([1, 2]))
def test_random_problems_are_exact(data, isa, dtype, threads):
    geometry = data.draw(possible(geometries(smallest_batch=1)))
    check_exact(native_plan(geometry, dtype, isa=isa, threads=threads), geometry, dtype)


@settings(max_examples=100)
@given(
    batch=st.integers(1, 3),
    channels=st.integers(1, 20),
    outputs=st.integers(1, 20),
    groups=st.sampled_from([1, 1, 2, 5]),
    extents=st.lists(st.integers(3, 40), min_size=1, max_size=2),
    kernel=st.integers(1, 3),
    stride=st.integers(1, 3),
    padding=st.integers(0, 2),
    isa=st.sampled_from(ISAS),
    dtype=st.sampled_from(DTYPES),
)
def test_every_edge_of_every_tile_is_exact(
    batch, channels, outputs, groups, extents, kernel, stride, padding, isa, dtype
):
    geometry = Geometry.of(
        (batch, groups * channels, *extents),
        (groups * outputs, channels, *[kernel] * len(extents)),
        stride=stride,
        padding=padding,
        groups=groups,
    )
    check_exact(native_plan(geometry, dtype, isa=isa, threads=1), geometry, dtype)


@pytest.mark.parametrize("height", range(1, 10))
def test_rows_of_every_height_and_width_are_exact(height):
    for width in range(1, 42):
        rows = 9000 // width + height  # too many for the kernel of small problems
        kernel = height, min(width, 3)
        padding = tuple(k // 2 for k in kernel)
        geometry = Geometry.of((1, 2, rows, width), (2, 1, *kernel), groups=2, padding=padding)
        for isa in ISAS:
            assert "few channels" in native_plan(geometry, "float32", isa=isa).describe(0)
            check_exact(native_plan(geometry, "float32", isa=isa, threads=1), geometry, "float32")


FEW_CHANNELS = dict.fromkeys(OPERATIONS, "few_channels")


@pytest.mark.parametrize("height", range(2, 9))
def test_every_number_of_rows_is_exact(height):
    for rows, width in product(range(1, 27), (5, 16, 43)):
        channels = 9000 // (rows * width) + 1
        geometry = Geometry.of(
            (1, channels, rows, width),
            (channels, 1, height, 4),
            groups=channels,
            padding=((height // 2, (height - 1) // 2), (1, 2)),
        )
        for isa in ISAS:
            # Asked for: which rows the estimate leaves to it depends on the caches.
            sliding = native_plan(geometry, "float32", isa=isa, variants=FEW_CHANNELS)
            assert "sliding rows" in sliding.describe(0)
            check_exact(sliding, geometry, "float32")


NOT_COPIED = {
    "3x3": ((3, 3), ((1, 1), (1, 1))),
    "padding of one side": ((3, 3), ((0, 2), (2, 0))),
    "wide padding": ((3, 3), ((4, 0), (19, 11))),
    "cropped": ((3, 3), ((-1, 1), (1, -1))),
    "one row": ((1, 3), ((0, 0), (1, 1))),
    "row of padding": ((1, 3), ((1, 0), (0, 0))),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("name", NOT_COPIED)
def test_rows_that_are_not_copied_are_exact(name, stride, dtype):
    kernel, padding = NOT_COPIED[name]
    for width in range(5, 40):
        shape = (2, 3, 6000 // width + width % 4, width)
        options = {"groups": 3, "stride": stride, "padding": padding}
        geometry = Geometry.of(shape, (3, 1, *kernel), **options)
        x, w, y = integers(geometry, dtype)
        x.flat[:: x.size // 40] = np.nan  # must not reach what does not read it
        for isa in ISAS:
            plan = native_plan(geometry, dtype, isa=isa)
            assert "not copied" in plan.describe(0)
            found = run(plan, geometry, 0, x, w, y)
            assert np.array_equal(found, reference(geometry, 0, x, w, y), equal_nan=True)


COLUMNS = {
    "1x1": ((1, 1), ((0, 0), (0, 0))),
    "3x3": ((3, 3), ((1, 1), (1, 1))),
    "padding of one side": ((3, 2), ((0, 2), (2, 0))),
    "wide padding": ((2, 3), ((4, 0), (9, 11))),
    "cropped": ((1, 3), ((-1, 1), (1, -1))),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("name", COLUMNS)
def test_columns_of_every_width_are_exact(name, stride, dtype):
    kernel, padding = COLUMNS[name]
    chosen = False
    for width in [*range(4, 18), 24, 25, 49]:
        shape = (3, 33, 2 + 40 // width, width)
        outputs = (66 if stride < 3 else 1000) + width % 5  # to be worth it, lane by lane
        geometry = Geometry.of(shape, (outputs, 33, *kernel), stride=stride, padding=padding)
        x, w, y = integers(geometry, dtype)
        for array in (x, y):
            array.flat[:: array.size // 7] = np.nan  # must not reach what does not read it
        for isa in ISAS:
            plan = native_plan(geometry, dtype, isa=isa)
            for operation in (0, 1):
                chosen |= "gemm, positions as lanes" in plan.describe(operation)
                found = run(plan, geometry, operation, x, w, y)
                wanted = reference(geometry, operation, x, w, y)
                assert np.array_equal(found, wanted, equal_nan=True), plan.describe(operation)
    assert chosen


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_phases_that_take_turns_are_exact(rank, dtype):
    in_pairs = set()
    for width in [*range(30, 46), 100]:
        shape = (2, 40, *(9, 6)[: rank - 1], width if rank > 1 else 20 * width)
        options = {"stride": 2, "padding": 1}
        geometry = Geometry.of(shape, (40 + width % 5, 40, *(3,) * rank), **options)
        arrays = integers(geometry, dtype)
        arrays[2].flat[:: arrays[2].size // 7] = np.nan  # must not reach what does not read it
        for isa in ISAS:
            plan = native_plan(geometry, dtype, isa=isa, threads=2)
            if "phases in pairs" in plan.describe(1):
                in_pairs.add(width % 2 if rank > 1 else 0)
            found = run(plan, geometry, 1, *arrays)
            wanted = reference(geometry, 1, *arrays)
            assert np.array_equal(found, wanted, equal_nan=True), plan.describe(1)
    assert in_pairs == {0}


@pytest.mark.parametrize("dtype", DTYPES)
def test_zeros_between_positions_are_exact(dtype):
    strides = {1: [2, 3], 2: [2, (3, 2), (1, 2), (2, 1)], 3: [2, (1, 1, 2)]}
    whole = set()
    for rank, width in product(strides, (60, 61, 64, 66, 68, 76, 200)):
        shape = (2, 40, *(6, 12)[: rank - 1], width if rank > 1 else 30 * width)
        kernel = 1 + width // 4 % 2  # the second tap reads padding or not, for either parity
        options = {"dilation": 2, "padding": (kernel - 1) * (width // 8 % 2) * 2}
        for stride, value in product(strides[rank], (0, np.inf)):  # which padding must not meet
            weight = 70 + width % 5, 40, *(kernel,) * rank
            geometry = Geometry.of(shape, weight, stride=stride, **options)
            arrays = integers(geometry, dtype)
            arrays[1].flat[0] += value
            wanted = reference(geometry, 1, *arrays)
            for isa in ISAS:
                plan = native_plan(geometry, dtype, isa=isa, threads=2)
                if "with the zeros between" in plan.describe(1):
                    whole.add((rank, stride))
                found = run(plan, geometry, 1, *arrays)
                assert np.array_equal(found, wanted, equal_nan=True), plan.describe(1)
    assert whole == {(1, 2), (2, 2), (2, (1, 2)), (3, (1, 1, 2))}


def test_planes_that_share_source_are_copied_together():
    found = native_plan(THREADED["planes"], "float32", isa="baseline").describe(0)
    positions = int(re.search(r"blocks of (\d+) positions", found)[1])
    assert positions > 16 * 15, found


def check_exact(plan, geometry, dtype):
    arrays = integers(geometry, dtype, seed=1)
    for operation in OPERATION_NUMBERS:
        found = run(plan, geometry, operation, *arrays)
        wanted = reference(geometry, operation, *arrays)
        assert np.array_equal(found, wanted), plan.describe(operation)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("name", THREADED)
def test_threads_change_no_bit(name, isa):
    geometry = THREADED[name]
    arrays = normal(geometry)
    plans = [native_plan(geometry, "float32", isa=isa, threads=n) for n in (1, 2, 3)]
    for operation in OPERATION_NUMBERS:
        one, *others = (run(plan, geometry, operation, *arrays).tobytes() for plan in plans)
        same = [other == one for other in others]
        assert all(same), plans[0].describe(operation)


@pytest.mark.parametrize("isa", ISAS)
def test_what_a_call_left_in_the_workspace_changes_no_bit(isa):
    wide = Geometry.of((1, 1000, 4, 4), (500, 1000, 1, 1))
    other = native_plan(wide, "float32", isa=isa, variants={"forward": "gemm_channels"})
    assert other.workspace_bytes(0) > 2e6

    def leave_nans(plan, geometry, operation):
        shapes = geometry.input_shape, geometry.weight_shape, geometry.output_shape
        run(plan, geometry, operation, *(np.full(shape, np.nan, "float32") for shape in shapes))

    for geometry in (PROBLEMS | THREADED).values():
        arrays = normal(geometry)
        for algorithm in algorithms(geometry, "float32"):
            plan = native_plan(geometry, "float32", isa=isa, algorithm=algorithm)
            for operation in OPERATION_NUMBERS:
                before = run(plan, geometry, operation, *arrays)
                if plan.workspace_bytes(operation) <= other.workspace_bytes(0):
                    leave_nans(other, wide, 0)
                else:
                    leave_nans(plan, geometry, operation)
                after = run(plan, geometry, operation, *arrays)
                assert before.tobytes() == after.tobytes(), plan.describe(operation)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("operation", [0, 1])
def test_prepared_weights_give_the_same_bits(operation, dtype):
    taken = 0
    for geometry in (PROBLEMS | THREADED).values():
        arrays = [array.astype(dtype) for array in normal(geometry)]
        first, weight = operands(operation, *arrays)
        for isa in ISAS:
            plan = native_plan(geometry, dtype, isa=isa, threads=2)
            prepared = plan.prepare(operation, weight)
            if prepared is None:
                continue
            taken += 1
            found = np.full(geometry.result_shape(OPERATIONS[operation]), np.nan, dtype)
            plan.run(operation, first, prepared, found)
            wanted = run(plan, geometry, operation, *arrays)
            assert found.tobytes() == wanted.tobytes(), plan.describe(operation)
    assert taken


def test_bytes_that_no_plan_prepared_are_refused():
    geometry = THREADED["dense"]
    x, w, _ = normal(geometry)
    plan = native_plan(geometry, "float32")
    prepared, y = plan.prepare(0, w), np.empty(geometry.output_shape, "float32")
    plan.run(0, x, prepared, y)
    prepared.values = prepared.values[:-8]
    with pytest.raises(ValueError, match="those of this plan"):
        plan.run(0, x, prepared, y)


NONFINITE = {
    "small": Geometry.of((1, 3, 6, 7), (4, 3, 3, 3), padding=1),
    "dense": Geometry.of((2, 20, 30, 31), (18, 20, 3, 3), padding=((2, 1), (0, 3))),
    "strided": Geometry.of((2, 7, 33, 32), (9, 7, 3, 3), stride=2, padding=1),
    "strided pairs": Geometry.of((2, 24, 33, 40), (30, 24, 3, 3), stride=2, padding=1),
    "depthwise": Geometry.of((2, 9, 40, 41), (9, 1, 5, 5), groups=9, padding=2),
    "few channels": Geometry.of((1, 1, 60, 50), (20, 1, 5, 5), padding=2),
    "rank 1": Geometry.of((2, 4, 500), (5, 4, 9), padding=8, dilation=2),
}


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("place", range(3))
@pytest.mark.parametrize("name", NONFINITE)
def test_what_is_not_finite_stays_where_it_belongs(name, place, value):
    geometry = NONFINITE[name]
    arrays = integers(geometry, "float32")
    # The first and the last element meet the padding.
    arrays[place].flat[0] = value
    arrays[place].flat[-1] = -value
    for isa in ISAS:
        plan = native_plan(geometry, "float32", isa=isa, threads=2)
        for operation in OPERATION_NUMBERS:
            with np.errstate(invalid="ignore"):
                wanted = reference(geometry, operation, *arrays)
            found = run(plan, geometry, operation, *arrays)
            assert np.array_equal(found, wanted, equal_nan=True), plan.describe(operation)


def test_a_prepared_weight_that_is_not_finite_stays_away_from_the_padding():
    geometry = Geometry.of((2, 30, 20, 21), (70, 30, 3, 3), padding=1)
    x, w, _ = integers(geometry, "float32")
    plan = DirectConvolution(geometry, "float32", variants={"forward": "gemm_positions"})
    assert plan._native.prepare(0, w) is not None
    w[3, 4, 0, 0] = np.inf
    assert plan._native.prepare(0, w) is None
    with np.errstate(invalid="ignore"):
        wanted = reference(geometry, 0, x, w, None)
    assert np.array_equal(plan.forward(x, plan.prepare(w)), wanted, equal_nan=True)


@pytest.mark.parametrize("bound", [1, 1000, 20_000, 300_000])
@pytest.mark.parametrize("name", THREADED)
def test_any_bound_on_the_workspace_is_kept(name, bound):
    geometry = THREADED[name]
    arrays = integers(geometry, "float32")
    plan = native_plan(geometry, "float32", threads=2, workspace=bound)
    for operation in OPERATION_NUMBERS:
        assert plan.workspace_bytes(operation) <= bound
        found = run(plan, geometry, operation, *arrays)
        assert np.array_equal(found, expected(geometry, operation, "float32"))


def test_eight_threads_may_call_one_plan_and_several():
    plans = [native_plan(geometry, "float32", threads=2) for geometry in THREADED.values()]

    def call(number):
        turn = number % len(plans)
        geometry = list(THREADED.values())[turn]
        arrays = integers(geometry, "float32")
        return all(
            np.array_equal(
                run(plans[turn], geometry, operation, *arrays),
                expected(geometry, operation, "float32"),
            )
            for operation in OPERATION_NUMBERS
        )

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(call, range(3 * len(plans))))


def test_the_interpreter_goes_on_while_a_kernel_runs():
    geometry = Geometry.of((4, 64, 64, 64), (64, 64, 3, 3), padding=1)
    plan = native_plan(geometry, "float32")
    x, w, y = integers(geometry, "float32")
    assert goes_on_during(lambda: plan.run(0, x, w, y))


# -- the compiled front of the public methods ------------------------------------------------------
