"""Ways to run an operation: each that the native backends list, and what they refuse to run."""

from __future__ import annotations

import pickle
import random

import numpy as np
import pytest
from built import ISAS
from convcore_native import DirectConvolution, TileFFTConvolution, WinogradConvolution, _native
from native import (
    DTYPES,
    PROBLEMS,
    THREADED,
    algorithms,
    expected,
    integers,
    native_plan,
    normal,
    reference,
    run,
)

from convcore.plugin import OPERATIONS, Geometry, UnsupportedError

SMALL = Geometry.of((2, 3, 8, 7), (4, 3, 3, 3), padding=1)
EMPTY = Geometry.of((0, 3, 8), (4, 3, 3))
NAMES = ["gemm_channels", "gemm_positions", "few_channels", "few_positions", "reference"]
BOUNDED = (WinogradConvolution, TileFFTConvolution)


def listed(geometry, dtype, operation, **limits):
    options = {"threads": 2} | limits
    return DirectConvolution.variants(geometry, np.dtype(dtype), OPERATIONS[operation], **options)


# -- what is wanted is what runs ----------------------------------------------------------------


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("isa", ISAS)
def test_every_variant_is_exact(isa, dtype, threads):
    seen = set()
    for geometry in (PROBLEMS | THREADED).values():
        arrays = integers(geometry, dtype)
        asked = native_plan(geometry, dtype, isa=isa, threads=threads)
        for number, operation in enumerate(OPERATIONS):
            for name in asked.variants(number):
                if name == "reference" and (isa, threads) != (ISAS[-1], 1):
                    continue  # the same for all
                wanted = {operation: name}
                plan = native_plan(geometry, dtype, isa=isa, threads=threads, variants=wanted)
                found = run(plan, geometry, number, *arrays)
                assert plan.name(number) == name
                assert np.array_equal(found, expected(geometry, number, dtype)), (geometry, name)
                seen.add(name)
    assert seen >= set(NAMES) - {"reference"}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("isa", ISAS)
def test_what_other_algorithms_list_is_right_too(isa, dtype):
    for geometry in PROBLEMS.values():
        arrays = integers(geometry, dtype)
        for algorithm in {"winograd", "tilefft"} & set(algorithms(geometry, dtype)):
            for number, operation in enumerate(OPERATIONS):
                options = {"isa": isa, "algorithm": algorithm}
                (name,) = native_plan(geometry, dtype, **options).variants(number)
                plan = native_plan(geometry, dtype, variants={operation: name}, **options)
                assert plan.name(number) == name == algorithm
                want = expected(geometry, number, dtype)
                error = np.abs(run(plan, geometry, number, *arrays) - want).max()
                assert error <= 100 * np.finfo(dtype).eps * max(10, np.abs(want).max())
                assert not native_plan(
                    geometry, dtype, variants={operation: "few_positions"}, **options
                ).fits(number)


@pytest.mark.parametrize("number", range(3))
def test_the_first_is_what_the_backend_takes_by_itself(number):
    firsts = set()
    for geometry in (PROBLEMS | THREADED).values():
        names = listed(geometry, "float32", number)
        plan = DirectConvolution(geometry, "float32", threads=2)
        assert names[0] == plan._native.name(number)
        assert len(set(names)) == len(names)
        assert [name for name in NAMES if name in names[1:]] == list(names[1:])
        firsts.add(names[0])
    assert len(firsts) > 1
    assert "reference" not in firsts


def test_a_plan_of_a_variant_says_which():
    plan = DirectConvolution(SMALL, "float32", variants={"forward": "few_channels"})
    assert plan.describe("forward").startswith("few channels")
    assert plan._native.name(1) == DirectConvolution(SMALL, "float32")._native.name(1)
    x, w, _ = integers(SMALL, "float32")
    assert np.array_equal(plan.forward(x, w), reference(SMALL, 0, x, w, None))
    again = pickle.loads(pickle.dumps(plan))
    assert again.describe("forward") == plan.describe("forward")


@pytest.mark.parametrize(
    ("variants", "options", "said"),
    [
        (
            {"forward": "fft"},
            {},
            r"forward must be one of few_positions, gemm_channels, .*; got 'fft'$",
        ),
        ({"grad_input": 3}, {}, "grad_input must be one of .*; got 3$"),
        (
            {"grad_weight": "few_positions"},
            {},
            "grad_weight must be one of .*, reference; got 'few_positions'$",
        ),
        ({"backward": "few_positions"}, {}, "must be of forward, .*; got one of 'backward'$"),
        ({"forward": "gemm_channels"}, {"max_workspace": 0}, "must be one of reference; got"),
    ],
)
def test_what_is_no_variant_is_refused(variants, options, said):
    with pytest.raises(UnsupportedError, match=said):
        DirectConvolution(SMALL, "float32", variants=variants, **options)


@pytest.mark.parametrize("number", range(3))
def test_an_empty_problem_has_a_variant_too(number):
    (name,) = listed(EMPTY, "float32", number)
    plan = DirectConvolution(EMPTY, "float32", variants={OPERATIONS[number]: name})
    assert plan.workspace_bytes(OPERATIONS[number]) == 0


@pytest.mark.parametrize("bound", [0, 1, 4096, 100_000])
def test_variants_keep_within_the_workspace(bound):
    for geometry in THREADED.values():
        for number, operation in enumerate(OPERATIONS):
            for name in listed(geometry, "float32", number, max_workspace=bound):
                wanted = {operation: name}
                plan = DirectConvolution(
                    geometry, "float32", threads=2, max_workspace=bound, variants=wanted
                )
                assert plan.workspace_bytes(operation) <= bound


# -- an algorithm, or a refusal -----------------------------------------------------------------


def random_geometries(count):
    """Problems of every rank, with few and with very many channels."""
    draw = random.Random(0)
    while count:
        rank = draw.choice([1, 2, 3])
        kernel = [draw.choice([1, 2, 3, 5, 9, 31]) for _ in range(rank)]
        extents = [draw.choice([1, 4, 7, 14, 30, 60, 200][: 8 - rank]) for _ in range(rank)]
        channels, outputs = (draw.choice([1, 3, 16, 64, 256, 1024, 4000]) for _ in range(2))
        padding = [draw.choice([0, extent // 2]) for extent in kernel]
        fields = zip(extents, kernel, padding, strict=True)
        if all(extent + 2 * before >= field for extent, field, before in fields):
            count -= 1
            shapes = (draw.choice([1, 2, 8]), channels, *extents), (outputs, channels, *kernel)
            yield Geometry.of(*shapes, padding=padding)


def check_kept(backend, geometry, dtype, **limits):
    """A plan that runs its own algorithm within the limits, or a refusal; whether there was one."""
    refusal = backend.refusal(geometry, np.dtype(dtype))
    try:
        plan = backend(geometry, dtype, **limits)
    except UnsupportedError as error:
        said = str(error)
        assert (refusal.text if refusal else "must hold the smallest tiles of") in said
        return False
    assert refusal is None
    for operation in OPERATIONS:
        assert plan.workspace_bytes(operation) <= limits["max_workspace"]
        assert plan._native.name(OPERATIONS.index(operation)) == backend.name
    return True


@pytest.mark.parametrize("backend", BOUNDED, ids=lambda backend: backend.name)
@pytest.mark.parametrize("bound", [0, 1, 1024, 4096, 1 << 16, 1 << 20, 64 << 20])
@pytest.mark.parametrize("threads", [1, 64])
def test_a_named_algorithm_runs_or_refuses(backend, bound, threads):
    taken = 0
    for geometry in [*PROBLEMS.values(), *random_geometries(300)]:
        for dtype in DTYPES:
            taken += check_kept(backend, geometry, dtype, threads=threads, max_workspace=bound)
    if bound != 4096:  # holds a tile of the shortest vectors alone
        assert (taken > 0) == (bound >= 1 << 16)


@pytest.mark.parametrize("backend", BOUNDED, ids=lambda backend: backend.name)
def test_the_catalogue_is_taken_without_a_bound(backend):
    for geometry in PROBLEMS.values():
        for dtype in DTYPES:
            refusals = [backend.refusal(geometry, np.dtype(dtype), each) for each in OPERATIONS]
            if not any(refusals):
                assert check_kept(backend, geometry, dtype, threads=2, max_workspace=64 << 20)
                backend(geometry, dtype)


@pytest.mark.parametrize("backend", BOUNDED, ids=lambda backend: backend.name)
def test_an_empty_problem_is_taken_within_any_bound(backend):
    plan = backend(EMPTY, "float32", max_workspace=0)
    assert plan.forward(*integers(EMPTY, "float32")[:2]).shape == (0, 4, 6)


@pytest.mark.parametrize("bound", [50_000, 300_000, 1 << 20])
def test_threads_change_no_bit_where_there_is_little_workspace(bound):
    for geometry in THREADED.values():
        arrays = normal(geometry)
        for algorithm in algorithms(geometry, "float32"):
            options = {"workspace": bound, "algorithm": algorithm}
            one, *others = (
                native_plan(geometry, "float32", threads=n, **options) for n in (1, 2, 64)
            )
            for number in range(3):
                if not one.fits(number):
                    assert not any(plan.fits(number) for plan in others)
                    continue
                want = run(one, geometry, number, *arrays).tobytes()
                for plan in others:
                    assert plan.name(number) == one.name(number)
                    assert plan.workspace_bytes(number) <= bound
                    assert run(plan, geometry, number, *arrays).tobytes() == want


# -- planned once -------------------------------------------------------------------------------


@pytest.fixture
def plans_made(monkeypatch):
    """The keys of all plans that are made."""
    made = []

    def counted(*key):
        made.append(key)
        return native(*key)

    native = _native.NativePlan
    monkeypatch.setattr(_native, "NativePlan", counted)
    _native._box.cache_clear()
    return made


@pytest.mark.parametrize("backend", [DirectConvolution, *BOUNDED], ids=lambda each: each.name)
def test_the_plan_that_was_estimated_is_the_one_that_runs(backend, plans_made):
    geometry = Geometry.of((1, 3, 12, 12), (2, 3, 3, 3))
    for operation in OPERATIONS:
        assert backend.estimate(geometry, np.dtype("float32"), operation, threads=2) > 0
    backend(geometry, "float32", threads=2)
    assert len(plans_made) == 1
    backend(geometry, "float32", threads=2)  # the first one left with its plan
    backend(geometry, "float32", threads=1)
    backend(geometry, "float32", threads=2, max_workspace=1 << 20)
    assert len(plans_made) == 4


def test_few_plans_wait_to_be_run(plans_made):
    for extent in range(100):
        geometry = Geometry.of((1, 1, 8 + extent), (1, 1, 3))
        DirectConvolution.estimate(geometry, np.dtype("float32"), "forward", threads=1)
    assert len(plans_made) == 100
    assert _native._box.cache_info().currsize <= 32


# -- what they are expected to take ---------------------------------------------------------------

ONE_POSITION = Geometry.of((1, 16, 5, 5), (120, 16, 5, 5))


def seconds(geometry, operation, name, threads=1):
    """What a variant of `direct` is expected to take."""
    plan = native_plan(geometry, "float32", threads=threads, variants={operation: name})
    return plan.seconds(OPERATIONS.index(operation))


@pytest.mark.parametrize("geometry", PROBLEMS.values(), ids=PROBLEMS)
def test_what_is_chosen_is_expected_to_take_least(geometry):
    for number, operation in enumerate(OPERATIONS):
        names = set(listed(geometry, "float32", number, threads=1)) - {"reference"}
        chosen = native_plan(geometry, "float32", threads=1)
        if chosen.name(number) in names:
            least = min(seconds(geometry, operation, name) for name in names - {"few_channels"})
            assert chosen.seconds(number) <= least


def test_threads_share_only_what_there_is_to_share():
    one, many = (seconds(ONE_POSITION, "grad_weight", "few_channels", n) for n in (1, 8))
    assert one == many, "one slice of one group is one task"
    wide = Geometry.of((8, 4, 64, 64), (4, 4, 3, 3), padding=1)
    one, many = (seconds(wide, "grad_weight", "few_channels", n) for n in (1, 8))
    assert many < 0.5 * one


def test_weights_are_packed_and_lanes_summed_up_at_a_price():
    weights = 120 * 16 * 25
    assert seconds(ONE_POSITION, "grad_input", "few_channels") > weights * 1e-9
    # Nearly a block a row, each with a sum of lanes for every few of the weights.
    many = Geometry.of((1, 729, 9, 9, 9), (2, 729, 3, 3, 3), padding=1)
    assert seconds(many, "grad_weight", "few_channels") > 81 * 729 * 9 * 5e-9


@pytest.mark.parametrize("extents", [(40, 127), (40, 128), (40, 300)])
@pytest.mark.parametrize("dtype", DTYPES)
def test_tall_columns_over_wide_rows_are_exact(dtype, extents):
    geometry = Geometry.of((2, 1, *extents), (1, 1, 33, 1), padding=(16, 0))
    arrays = integers(geometry, dtype)
    for number, operation in enumerate(OPERATIONS):
        for name in listed(geometry, dtype, number):
            plan = native_plan(geometry, dtype, variants={operation: name})
            found = run(plan, geometry, number, *arrays)
            assert np.array_equal(found, expected(geometry, number, dtype)), (operation, name)


def test_tall_columns_over_wide_rows_keep_rows_together():
    geometry = Geometry.of((1, 1, 1080, 1920), (1, 1, 65, 1), padding=(32, 0))
    plan = native_plan(geometry, "float64", variants=dict.fromkeys(OPERATIONS, "few_channels"))
    for number in range(3):
        assert "blocks of 1x" not in plan.describe(number)
        assert plan.seconds(number) < 3 * native_plan(
            Geometry.of((1, 1, 1920, 1080), (1, 1, 1, 65), padding=(0, 32)),
            "float64",
            variants=dict.fromkeys(OPERATIONS, "few_channels"),
        ).seconds(number)
