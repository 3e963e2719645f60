"""Plans that no batch changes: a sample has the same bits in any batch and at any place in it."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest
from built import ISAS
from convcore_native import DirectConvolution, TileFFTConvolution, WinogradConvolution
from hypothesis import given, settings
from hypothesis import strategies as st
from native import DTYPES, expected, integers, native_plan, run
from strategies import geometries, seeds

from convcore.plugin import OPERATIONS, Geometry, UnsupportedError

BATCHES = (1, 2, 3, 8, 17)
FORWARD, GRAD_INPUT, GRAD_WEIGHT = range(3)
# What the batch decides about where it may: tiles, partial sums, blocks, and who computes.
MINIMAL = {
    "few tiles": Geometry.of((1, 130, 7, 7), (70, 130, 3, 3), padding=1),
    "many tiles": Geometry.of((1, 70, 27, 27), (20, 70, 3, 3), padding=1),
    "tiles of 5": Geometry.of((1, 48, 14, 14), (32, 48, 3, 3), padding=1),
    "5 taps": Geometry.of((1, 32, 9, 9), (32, 32, 5, 5), padding=2),
    "rank 1": Geometry.of((1, 40, 50), (24, 40, 5), padding=2),
    "rank 3": Geometry.of((1, 20, 5, 6, 7), (20, 20, 3, 3, 3), padding=1),
}
PROBLEMS = MINIMAL | {
    "small": Geometry.of((1, 8, 8, 8), (8, 8, 3, 3), padding=1),
    "cut channels": Geometry.of((1, 300, 7, 7), (40, 300, 3, 3), padding=1),
    "one position": Geometry.of((1, 200, 1, 1), (90, 200, 1, 1)),
    "far taps": Geometry.of((1, 70, 13, 12), (40, 70, 3, 3), padding=5, dilation=5),
    "rows outside": Geometry.of((1, 20, 21, 40), (33, 20, 3, 3), padding=((3, 3), (1, 1))),
    "depthwise": Geometry.of((1, 12, 7, 7), (12, 1, 3, 3), padding=1, groups=12),
    "sliding rows": Geometry.of((1, 6, 40, 33), (6, 1, 9, 9), padding=8, groups=6),
    "wide kernel": Geometry.of((1, 1, 38, 90), (1, 1, 9, 41), padding=((8, 8), (40, 40))),
    "long rows": Geometry.of((1, 1, 700), (1, 1, 31), padding=30),
    "strided": Geometry.of((1, 24, 15, 15), (40, 24, 3, 3), stride=2, padding=1),
    "few channels": Geometry.of((1, 3, 30, 31), (17, 3, 7, 7), stride=2, padding=3),
}


def draw(geometry, operation, dtype, seed=0):
    """Samples and a weight, over so many decades that each order of a sum has its own bits."""
    random = np.random.default_rng(seed)
    sample = geometry.operand_shapes(OPERATIONS[operation])[0][1:]

    def array(*shape):
        return (random.standard_normal(shape) * 10.0 ** random.integers(-3, 3, shape)).astype(dtype)

    return array(max(BATCHES), *sample), array(*geometry.weight_shape)


def tiny(geometry, operation, dtype, seed=0):
    """Products that underflow to -0, which a zero of the padding turns into +0."""
    samples, weight = draw(geometry, operation, dtype, seed)
    scale = np.sqrt(np.finfo(dtype).smallest_subnormal)
    return -scale * np.abs(samples), scale * np.abs(weight)


def results(geometry, operation, samples, weight, **options):
    """What a plan makes of the samples, as many at a time as the batch has."""
    plan = native_plan(geometry, samples.dtype, batch_invariant=True, **options)
    assert plan.fits(operation)
    whole = len(samples) // geometry.batch * geometry.batch
    parts = []
    for first in range(0, whole, geometry.batch):
        part = np.ascontiguousarray(samples[first : first + geometry.batch])
        result = np.full(geometry.result_shape(OPERATIONS[operation]), np.nan, samples.dtype)
        plan.run(operation, part, weight, result)
        parts.append(result)
    return np.concatenate(parts)


def require_alike(geometry, operation, arrays, **options):
    """Each sample has the bits in every batch that it has alone."""
    alone = results(replace(geometry, batch=1), operation, *arrays, **options)
    for batch in BATCHES[1:]:
        found = results(replace(geometry, batch=batch), operation, *arrays, **options)
        assert found.tobytes() == alone[: len(found)].tobytes(), (geometry, batch, options)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("operation", [FORWARD, GRAD_INPUT])
@pytest.mark.parametrize("case", MINIMAL)
def test_winograd_keeps_the_bits_of_a_sample(case, operation, isa):
    arrays = draw(MINIMAL[case], operation, "float32")
    for threads in (1, 3):
        options = {"algorithm": "winograd", "isa": isa, "threads": threads}
        require_alike(MINIMAL[case], operation, arrays, **options)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("operation", [FORWARD, GRAD_INPUT])
@pytest.mark.parametrize("case", PROBLEMS)
def test_direct_keeps_the_bits_of_a_sample(case, operation, isa, dtype):
    arrays = draw(PROBLEMS[case], operation, dtype)
    for threads in (1, 3):
        require_alike(PROBLEMS[case], operation, arrays, isa=isa, threads=threads)


@pytest.mark.parametrize("make", [draw, tiny])
@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("operation", [FORWARD, GRAD_INPUT])
@pytest.mark.parametrize("case", PROBLEMS)
def test_each_variant_keeps_the_bits_of_a_sample(case, operation, isa, make):
    geometry = PROBLEMS[case]
    arrays = make(geometry, operation, np.float32)
    asked = native_plan(geometry, "float32", isa=isa, batch_invariant=True)
    for name in asked.variants(operation):
        if name != "reference":
            require_alike(
                geometry, operation, arrays, isa=isa, variants={OPERATIONS[operation]: name}
            )


@settings(max_examples=60)
@given(geometries(smallest_batch=1), st.sampled_from((FORWARD, GRAD_INPUT)), seeds, st.data())
def test_any_problem_keeps_the_bits_of_a_sample(geometry, operation, seed, data):
    if geometry.degenerate:
        return
    dtype = data.draw(st.sampled_from(DTYPES))
    options = {
        "isa": data.draw(st.sampled_from(ISAS)),
        "threads": data.draw(st.sampled_from((1, 2))),
    }
    arrays = draw(geometry, operation, dtype, seed)
    require_alike(geometry, operation, arrays, **options)
    if WinogradConvolution.refusal(geometry, np.dtype("float32")) is None:
        arrays = [array.astype("float32") for array in arrays]
        require_alike(geometry, operation, arrays, algorithm="winograd", **options)


@pytest.mark.parametrize("case", PROBLEMS)
def test_nothing_that_is_chosen_depends_on_the_batch(case):
    for operation in (FORWARD, GRAD_INPUT):
        plans = [
            native_plan(replace(PROBLEMS[case], batch=n), "float32", batch_invariant=True)
            for n in BATCHES
        ]
        assert len({plan.name(operation) for plan in plans}) == 1


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("case", PROBLEMS)
def test_such_plans_are_exact_where_any_is(case, isa):
    geometry = replace(PROBLEMS[case], batch=3)
    plan = native_plan(geometry, "float32", isa=isa, threads=2, batch_invariant=True)
    for operation in (FORWARD, GRAD_INPUT, GRAD_WEIGHT):
        found = run(plan, geometry, operation, *integers(geometry, "float32"))
        assert np.array_equal(found, expected(geometry, operation, "float32"))


@pytest.mark.parametrize("backend", [DirectConvolution, WinogradConvolution])
@pytest.mark.parametrize("case", MINIMAL)
def test_little_workspace_changes_no_bit_or_is_refused(case, backend):
    arrays = draw(MINIMAL[case], FORWARD, "float32")
    for limit in (0, 1 << 12, 1 << 15, 1 << 17, 1 << 19, 1 << 21):
        found = []
        for batch in BATCHES:
            geometry = replace(MINIMAL[case], batch=batch)
            try:
                backend(geometry, "float32", threads=2, max_workspace=limit, batch_invariant=True)
            except UnsupportedError:
                continue
            options = {"algorithm": backend.name, "threads": 2, "workspace": limit}
            found.append(results(geometry, FORWARD, *arrays, **options))
        for each in found:
            assert each[:1].tobytes() == found[0][:1].tobytes()


def test_a_plan_keeps_what_it_was_told():
    plan = DirectConvolution(PROBLEMS["small"], "float32", batch_invariant=True)
    assert pickle.loads(pickle.dumps(plan))._batch_invariant
    with pytest.raises(UnsupportedError, match="'tilefft' does not take batch_invariant=True"):
        TileFFTConvolution(PROBLEMS["small"], "float32", batch_invariant=True)
