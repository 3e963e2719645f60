"""Integers that wrap: each method of `direct` gives the bits of the naive backend."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from built import ISAS
from convcore_native import DirectConvolution, TileFFTConvolution, WinogradConvolution
from hypothesis import given, settings
from hypothesis import strategies as st
from native import PROBLEMS, THREADED, native_plan, reference, run
from strategies import INTEGERS, geometries

import convcore
from convcore.plugin import OPERATIONS, Geometry

pytestmark = pytest.mark.usefixtures("isolated")

# Signed and unsigned integers of a width are computed alike.
WIDTHS = ("uint8", "int16", "uint32", "int64")
OPERATION_NUMBERS = range(3)


def wrapping(geometry: Geometry, dtype: str, seed: int = 0) -> tuple[np.ndarray, ...]:
    """Input, weight and grad_output from the full range of the dtype, its ends among them."""
    random, ends = np.random.default_rng(seed), np.iinfo(dtype)
    arrays = []
    for shape in (geometry.input_shape, geometry.weight_shape, geometry.output_shape):
        array = random.integers(ends.min, ends.max, shape, dtype, endpoint=True)
        some = array.reshape(-1)[::3]
        some[...] = random.choice(np.array([ends.min, ends.max], dtype), some.size)
        arrays.append(array)
    return tuple(arrays)


def check(geometry: Geometry, dtype: str, *, isa=None, threads=1, methods=None, seed=0) -> None:
    """Each operation by each method that takes it, or by those of `methods`."""
    arrays = wrapping(geometry, dtype, seed)
    asked = native_plan(geometry, dtype, isa=isa, threads=threads)
    for number, operation in enumerate(OPERATIONS):
        wanted = reference(geometry, number, *arrays)
        for name in asked.variants(number):
            if methods and name not in methods:
                continue
            plan = native_plan(
                geometry, dtype, isa=isa, threads=threads, variants={operation: name}
            )
            found = run(plan, geometry, number, *arrays)
            assert np.array_equal(found, wanted), (operation, plan.describe(number))


@pytest.mark.parametrize("dtype", INTEGERS)
@pytest.mark.parametrize("isa", ISAS)
def test_the_catalogue_wraps_like_the_definition(isa, dtype):
    for geometry in PROBLEMS.values():
        check(geometry, dtype, isa=isa)


@pytest.mark.parametrize("dtype", WIDTHS)
@pytest.mark.parametrize("name", THREADED)
def test_every_method_has_the_same_bits_on_several_threads(name, dtype):
    check(THREADED[name], dtype, threads=3)


def possible(strategy):
    """Those that describe a convolution with something to compute."""
    return strategy.filter(lambda geometry: not geometry.degenerate)


@settings(max_examples=200)
@given(
    possible(geometries(smallest_batch=1)),
    st.sampled_from(ISAS),
    st.sampled_from(INTEGERS),
    st.integers(0, 2**32 - 1),
)
def test_random_problems_wrap_like_the_definition(geometry, isa, dtype, seed):
    check(geometry, dtype, isa=isa, seed=seed)


@settings(max_examples=150)
@given(
    batch=st.integers(1, 3),
    channels=st.integers(1, 20),
    outputs=st.integers(1, 20),
    groups=st.sampled_from([1, 1, 2, 5]),
    extents=st.lists(st.integers(3, 70), min_size=1, max_size=2),
    kernel=st.integers(1, 3),
    stride=st.integers(1, 3),
    padding=st.tuples(st.integers(-1, 3), st.integers(0, 3)),
    isa=st.sampled_from(ISAS),
    dtype=st.sampled_from(WIDTHS),
)
def test_every_edge_of_every_tile_wraps_like_the_definition(
    batch, channels, outputs, groups, extents, kernel, stride, padding, isa, dtype
):
    geometry = Geometry.of(
        (batch, groups * channels, *(extent + 1 for extent in extents)),
        (groups * outputs, channels, *[kernel] * len(extents)),
        stride=stride,
        padding=(padding,) * len(extents),
        groups=groups,
    )
    check(geometry, dtype, isa=isa)


@pytest.mark.parametrize("dtype", WIDTHS)
@pytest.mark.parametrize("isa", ISAS)
def test_single_channels_of_every_height_and_width(isa, dtype):
    heights, widths = (1, 2, 3, 4, 5, 7, 8, 11), (1, 3, 9, 16, 17, 33, 64, 65, 100)
    for (kernel, stride), width in product(
        ((1, 1), (2, 1), (3, 2), (5, 1), (7, 1), (9, 1)), widths
    ):
        for rows in heights:
            if rows + 2 * (kernel // 2) < kernel or width + 2 * (kernel // 2) < kernel:
                continue
            options = {"padding": kernel // 2, "stride": stride, "groups": 2}
            geometry = Geometry.of((1, 2, rows, width), (2, 1, kernel, kernel), **options)
            check(geometry, dtype, isa=isa, methods={"few_channels"})


@pytest.mark.parametrize("dtype", WIDTHS)
@pytest.mark.parametrize("isa", ISAS)
def test_every_number_of_few_channels(isa, dtype):
    for channels, outputs in product((1, 2, 3, 5), range(1, 14)):
        geometry = Geometry.of((1, channels, 6, 75), (outputs, channels, 3, 2), padding=1)
        check(geometry, dtype, isa=isa, methods={"few_channels", "few_positions"})


@pytest.mark.parametrize("dtype", WIDTHS)
@pytest.mark.parametrize("isa", ISAS)
def test_every_number_of_channels_of_a_panel(isa, dtype):
    for outputs in (*range(1, 10), 31, 32, 33, 63, 64, 65, 129):
        geometry = Geometry.of((1, 9, 5, 14), (outputs, 9, 3, 3), padding=((1, 2), (0, 1)))
        check(geometry, dtype, isa=isa, methods={"gemm_channels", "gemm_positions"})


@pytest.mark.parametrize("dtype", INTEGERS)
def test_the_most_negative_number_times_itself(dtype):
    geometry = Geometry.of((2, 40, 12, 50), (36, 40, 3, 3), padding=1)
    ends = np.iinfo(dtype)
    for one, other in product((ends.min, ends.max), repeat=2):
        x, w = (
            np.full(shape, end, dtype)
            for shape, end in zip(
                (geometry.input_shape, geometry.weight_shape), (one, other), strict=True
            )
        )
        y = np.full(geometry.output_shape, one, dtype)
        for number in OPERATION_NUMBERS:
            found = run(native_plan(geometry, dtype), geometry, number, x, w, y)
            assert np.array_equal(found, reference(geometry, number, x, w, y))


@pytest.mark.parametrize("dtype", INTEGERS)
def test_no_bit_depends_on_the_batch(dtype):
    geometry = Geometry.of((5, 12, 15, 30), (20, 12, 3, 3), padding=1)
    x, w, _ = wrapping(geometry, dtype)
    together = DirectConvolution(geometry, dtype, batch_invariant=True).forward(x, w)
    one = Geometry.of((1, 12, 15, 30), (20, 12, 3, 3), padding=1)
    alone = DirectConvolution(one, dtype, batch_invariant=True)
    for sample in range(5):
        assert np.array_equal(alone.forward(x[sample : sample + 1], w)[0], together[sample])


@pytest.mark.parametrize("dtype", INTEGERS)
def test_a_prepared_weight_wraps_too(dtype):
    geometry = Geometry.of((1, 24, 30, 30), (32, 24, 3, 3), padding=1)
    x, w, y = wrapping(geometry, dtype)
    plan = DirectConvolution(geometry, dtype)
    for operation, first in (("forward", x), ("grad_input", y)):
        prepared = plan.prepare(w, operation=operation)
        wanted = reference(geometry, OPERATIONS.index(operation), x, w, y)
        assert np.array_equal(getattr(plan, operation)(first, prepared), wanted)


@pytest.mark.parametrize(
    ("name", "dtype"), [("longlong", "int64"), ("ulonglong", "uint64"), ("intc", "int32")]
)
def test_other_names_of_a_dtype_are_the_same(name, dtype):
    geometry = Geometry.of((1, 3, 8, 40), (4, 3, 3, 3), padding=1)
    x, w, y = wrapping(geometry, dtype)
    wanted = reference(geometry, 0, x, w, y)
    other = [np.ascontiguousarray(array).astype(name) for array in (x, w)]
    for plan in (DirectConvolution(geometry, dtype), DirectConvolution(geometry, np.dtype(name))):
        out = np.empty(wanted.shape, name)
        assert plan.forward(*other, out=out) is out
        assert np.array_equal(out, wanted)
        assert np.array_equal(plan.forward(x, w), wanted)
        assert plan.forward(x, w).dtype == np.dtype(dtype)


def test_floats_of_the_same_width_are_refused():
    geometry = Geometry.of((1, 3, 8, 8), (4, 3, 3, 3), padding=1)
    x, w, _ = wrapping(geometry, "int32")
    with pytest.raises(convcore.DtypeError, match="float32"):
        DirectConvolution(geometry, "float32").forward(x, w)
    with pytest.raises(convcore.DtypeError, match="int32"):
        DirectConvolution(geometry, "uint32").forward(x, w)


def test_algorithms_that_round_take_floats_only():
    geometry = Geometry.of((1, 3, 40, 40), (4, 3, 3, 3), padding=1)
    for backend in (TileFFTConvolution, WinogradConvolution):
        assert backend.refusal(geometry, np.dtype("int32")).code == "DTYPE"


CHOSEN = {
    "dense": ((1, 64, 56, 56), (64, 64, 3, 3), {"padding": 1}),
    "depthwise": ((1, 32, 56, 56), (32, 1, 3, 3), {"padding": 1, "groups": 32}),
    "image": ((1, 1, 1080, 1920), (1, 1, 5, 5), {"padding": 2}),
    "signal": ((1, 1, 100_000), (1, 1, 31), {"padding": 15}),
}


@pytest.mark.parametrize("dtype", INTEGERS)
@pytest.mark.parametrize("name", CHOSEN)
def test_the_automatic_choice_takes_these_kernels(name, dtype):
    shape, weight, options = CHOSEN[name]
    for operation in OPERATIONS:
        plan = convcore.plan(shape, weight, dtype=dtype, operation=operation, **options)
        assert plan.name == "direct"


@pytest.mark.parametrize("dtype", ["int32", "uint32", "int16", "int64"])
def test_narrow_operands_are_summed_in_a_wider_dtype(dtype):
    geometry = Geometry.of((2, 8, 20, 33), (12, 8, 3, 3), padding=1)
    narrow = "uint8" if dtype.startswith("u") else "int8"
    x, w, y = wrapping(geometry, narrow)
    wide = [array.astype(dtype) for array in (x, w, y)]
    found = convcore.conv(x, w, padding=1, dtype=dtype)
    assert found.dtype == dtype
    assert np.array_equal(found, reference(geometry, 0, *wide))
