"""The winograd backend: its matrices, its edges, its errors, and what it refuses."""

import re
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from built import ISAS, bridge, winograd_matrices
from convcore_naive import NaiveConvolution
from convcore_native import DirectConvolution, WinogradConvolution

from convcore.plugin import OPERATIONS, Geometry, UnsupportedError

EPS = float(np.finfo(np.float32).eps)
DECLARED = WinogradConvolution.declaration
KINDS = ("normal", "mean 100", "badly scaled", "cancelling")
MIB = 1 << 20


def values(kind, shape, seed):
    """Data of a kind; those of seed 1 cancel against those of another."""
    rng = np.random.default_rng([seed, *shape])
    data = rng.standard_normal(shape)
    if kind == "mean 100":
        data += 100
    elif kind == "badly scaled":
        data *= 10.0 ** rng.uniform(-3, 3, (1, shape[1]) + (1,) * (len(shape) - 2))
    elif kind == "cancelling":
        spatial = tuple(range(2, len(shape)))
        data = data / 64 + 100 if seed == 1 else data - data.mean(axis=spatial, keepdims=True)
    return data.astype(np.float32)


def operands(geometry, operation, kind="normal"):
    x = values(kind, geometry.input_shape, 1)
    w = values(kind, geometry.weight_shape, 2)
    dy = values(kind, geometry.output_shape, 3)
    return {"forward": (x, w), "grad_input": (dy, w), "grad_weight": (dy, x)}[operation]


def exact(geometry, operation, first, second):
    definition = NaiveConvolution(geometry, np.dtype("float64"))
    return getattr(definition, operation)(first.astype(float), second.astype(float))


def norms(operation, first, second):
    """||a|| ||b|| of what each result can meet, shaped to broadcast against the results."""
    spatial = tuple(range(2, first.ndim))
    kept = {"forward": (0, 0), "grad_input": (0, 1), "grad_weight": (1, 1)}[operation]
    one, other = (
        np.sqrt((array.astype(float) ** 2).sum(axis=(1 - axis, *spatial)))
        for array, axis in zip((first, second), kept, strict=True)
    )
    return np.multiply.outer(one, other).reshape(one.size, other.size, *(1 for _ in spatial))


def run(geometry, operation, first, second, **options):
    plan = WinogradConvolution(geometry, np.dtype("float32"), **options)
    return getattr(plan, operation)(first, second)


def errors(geometry, operation, kind="normal"):
    """Largest error in units of eps ||a|| ||b||, and relative to the largest result."""
    first, second = operands(geometry, operation, kind)
    wanted = exact(geometry, operation, first, second)
    error = np.abs(run(geometry, operation, first, second) - wanted)
    in_units = error / np.maximum(EPS * norms(operation, first, second), np.finfo(float).tiny)
    return in_units.max(), error.max() / np.abs(wanted).max()


def problem(input_shape, weight_shape, padding, dilation=1):
    return Geometry.of(input_shape, weight_shape, padding=padding, dilation=dilation)


# --- matrices ---------------------------------------------------------------------------------


def test_header_is_what_the_script_generates():
    assert winograd_matrices.HEADER.read_text() == winograd_matrices.header()


@pytest.mark.parametrize(("tile", "taps"), winograd_matrices.POINTS)
def test_matrices_filter_exactly(tile, taps):
    matrix = winograd_matrices.matrices(tile, taps, winograd_matrices.POINTS[tile, taps])
    n = tile + taps - 1
    for tap, place in product(range(taps), range(n)):
        g, d = [Fraction(i == tap) for i in range(taps)], [Fraction(i == place) for i in range(n)]
        transformed = [
            sum(a * b for a, b in zip(weight, g, strict=True))
            * sum(a * b for a, b in zip(source, d, strict=True))
            for weight, source in zip(matrix["G"], matrix["BT"], strict=True)
        ]
        y = [sum(a * b for a, b in zip(row, transformed, strict=True)) for row in matrix["AT"]]
        assert y == [Fraction(i + tap == place) for i in range(tile)]


@pytest.mark.parametrize(("tile", "taps"), winograd_matrices.POINTS)
def test_source_and_target_matrices_are_exact_in_float32(tile, taps):
    matrix = winograd_matrices.matrices(tile, taps, winograd_matrices.POINTS[tile, taps])
    entries = [entry for name in ("AT", "BT") for row in matrix[name] for entry in row]
    assert all(Fraction(float(np.float32(float(entry)))) == entry for entry in entries)


def test_too_few_points():
    with pytest.raises(ValueError, match=r"positive: F\(4, 3\) has 5 finite points; got 3"):
        winograd_matrices.matrices(4, 3, ("1",))


def test_points_are_nearly_the_best_of_the_scan():
    found = dict(winograd_matrices.scan(4, 3))
    chosen = tuple(map(Fraction, winograd_matrices.POINTS[4, 3]))
    assert max(found[chosen]) <= 1.02 * min(max(each) for each in found.values())


@pytest.mark.parametrize(("tile", "taps"), winograd_matrices.POINTS)
def test_points_are_no_worse_than_their_neighbours(tile, taps):
    chosen = tuple(map(Fraction, winograd_matrices.POINTS[tile, taps]))
    step = Fraction(1, 8)
    near = product(*((p - step, p, p + step) for p in chosen))
    found = [max(winograd_matrices.errors(tile, taps, points)) for points in near]
    assert max(winograd_matrices.errors(tile, taps, chosen)) <= 1.02 * min(found)


# --- accuracy ---------------------------------------------------------------------------------

ACCURACY = {
    "3x3, 64 channels": problem((2, 64, 14, 14), (64, 64, 3, 3), 1),
    "3x3, tiles of 5": problem((1, 64, 30, 25), (64, 64, 3, 3), 1),
    "3x3, 512 channels": problem((1, 512, 14, 14), (16, 512, 3, 3), 1),
    "3x3 and one channel": problem((1, 1, 60, 60), (1, 1, 3, 3), 0),
    "5x5": problem((2, 16, 17, 19), (16, 16, 5, 5), 2),
    "5x5, 256 channels": problem((1, 256, 14, 14), (8, 256, 5, 5), 2),
    "3x5": problem((2, 16, 17, 19), (16, 16, 3, 5), (1, 2)),
    "1-D, 3 taps": problem((2, 32, 300), (32, 32, 3), 1),
    "1-D, 5 taps": problem((2, 32, 300), (32, 32, 5), 2),
    "1-D, 7 taps": problem((2, 32, 300), (32, 32, 7), 3),
    "7x1, 256 channels": problem((1, 256, 17, 17), (16, 256, 7, 1), (3, 0)),
    "3-D": problem((1, 16, 9, 9, 9), (16, 16, 3, 3, 3), 1),
    "3x3, dilated": problem((1, 64, 33, 33), (64, 64, 3, 3), 6, 6),
    "3-D, 5x5x3": problem((1, 8, 9, 9, 9), (8, 8, 5, 5, 3), (2, 2, 1)),
}


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ACCURACY)
def test_error_is_within_the_declared_bound(name, kind, operation):
    in_units, relative = errors(ACCURACY[name], operation, kind)
    assert in_units <= DECLARED.bound
    if kind == "normal":
        assert relative <= DECLARED.typical_error * EPS <= 1e-5
        assert relative <= 5e-6 or max(ACCURACY[name].kernel_extents) > 3


# --- edges ------------------------------------------------------------------------------------

EDGES = [
    *[problem((2, 5, n), (9, 5, 3), 1) for n in range(1, 10)],
    *[problem((2, 5, n), (9, 5, 5), 2) for n in range(1, 10)],
    *[problem((2, 5, n), (9, 5, 7), 3) for n in range(1, 14)],
    *[problem((2, 5, n, 9), (9, 5, 1, 7), ((0, 0), (1, 4))) for n in (1, 6)],
    problem((1, 3, 11, 5), (5, 3, 7, 1), ((-2, 7), (0, 1)), (2, 3)),
    *[problem((2, 9, n, n + 1), (5, 9, 3, 3), 1) for n in range(1, 10)],
    *[problem((1, 3, n + 4, 11 - n), (5, 3, 5, 3), ((0, 1), (1, 1))) for n in range(1, 10)],
    *[problem((2, 9, n, 4, 10 - n), (5, 9, 3, 3, 3), 1) for n in range(1, 10)],
    problem((1, 3, 9, 7), (5, 3, 3, 1), ((1, 2), (1, -1))),
    problem((1, 3, 9, 7), (5, 3, 1, 3), ((-2, 2), (4, 0))),
    problem((2, 3, 6, 5, 7), (5, 3, 3, 1, 5), ((0, 1), (0, 0), (2, 1))),
    problem((1, 2, 3), (1, 2, 3), ((9, -1),)),
    problem((1, 7, 230), (33, 7, 3), 1),
    problem((3, 20, 26, 26), (40, 20, 3, 3), ((2, 2), (0, 1))),
    problem((2, 9, 14, 10), (20, 9, 3, 3), 1),
    # Dilations: strips of all places between taps and of some, dilations beyond the extents.
    *[problem((2, 5, 70), (9, 5, 3), d, d) for d in (2, 3, 7, 15, 16, 17, 40, 90)],
    *[problem((2, 9, n, 2 * n), (5, 9, 3, 3), 2, (3, 2)) for n in range(3, 12)],
    problem((2, 3, 9, 70), (20, 3, 3, 5), (5, 30), (5, 17)),
    problem((1, 20, 33, 31), (17, 20, 5, 3), ((3, 9), (-1, 6)), (3, 6)),
    problem((2, 5, 8, 5, 13), (3, 5, 3, 3, 3), (2, 1, 4), (2, 1, 4)),
    problem((1, 3, 9, 12), (5, 3, 3, 1), (2, 0), (2, 5)),
]


def test_edges_meet_every_tile():
    native = [
        bridge.NativePlan(geometry, "winograd", np.dtype("float32"), 1, 64 * MIB)
        for geometry in EDGES
    ]
    used = {tile for plan in native for tile in re.findall(r"F\((\d),(\d)\)", plan.describe(0))}
    assert used == {(str(tile), str(taps)) for tile, taps in winograd_matrices.POINTS}


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("geometry", EDGES, ids=str)
def test_every_edge(geometry, operation):
    in_units, _ = errors(geometry, operation)
    assert in_units <= DECLARED.bound


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("operation", range(3))
def test_every_instruction_set(operation, isa):
    name = OPERATIONS[operation]
    for geometry in EDGES[::4]:
        first, second = operands(geometry, name)
        wanted = exact(geometry, name, first, second)
        result = np.full(wanted.shape, np.nan, np.float32)
        plan = bridge.NativePlan(geometry, "winograd", np.dtype("float32"), 2, 64 * MIB, isa=isa)
        plan.run(operation, first, second, result)
        limit = DECLARED.bound * EPS * norms(name, first, second)
        assert (np.abs(result - wanted) <= limit).all()


def surrounded(array):
    """A copy with NaN on both sides, and the buffer that it lies in."""
    buffer = np.full(array.size + 128, np.nan, array.dtype)
    inner = buffer[64:-64].reshape(array.shape)
    inner[...] = array
    return inner, buffer


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("geometry", EDGES[::3], ids=str)
def test_nothing_outside_the_arrays_is_touched(geometry, operation):
    first, second = operands(geometry, operation)
    wanted = run(geometry, operation, first, second)
    out, buffer = surrounded(np.zeros_like(wanted))
    plan = WinogradConvolution(geometry, np.dtype("float32"))
    getattr(plan, operation)(surrounded(first)[0], surrounded(second)[0], out=out)
    assert (out == wanted).all()
    assert np.isnan(buffer[:64]).all()
    assert np.isnan(buffer[-64:]).all()


# --- conduct ----------------------------------------------------------------------------------

LARGE = [
    problem((4, 40, 36, 36), (70, 40, 3, 3), 1),
    problem((2, 130, 7, 7), (70, 130, 3, 3), 1),
    problem((2, 24, 3000), (40, 24, 5), 2),
    problem((2, 40, 36, 36), (70, 40, 3, 3), 5, 5),
]
# Few tiles and many, with weights that no level 2 cache holds once they are transformed.
FAR = [
    problem((1, 500, 9, 8), (520, 500, 3, 3), 1),
    problem((1, 200, 50, 54), (210, 200, 3, 3), 1),
]


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("geometry", FAR, ids=str)
def test_weights_from_far_are_met_in_their_places(geometry, operation):
    first, second = operands(geometry, operation)
    wanted = getattr(DirectConvolution(geometry, np.dtype("float32")), operation)(first, second)
    error = np.abs(run(geometry, operation, first, second) - wanted)
    assert (error <= 2 * DECLARED.bound * EPS * norms(operation, first, second)).all()


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("geometry", [*LARGE, *FAR], ids=str)
def test_same_bits_for_any_threads(geometry, operation):
    first, second = operands(geometry, operation)
    results = [run(geometry, operation, first, second, threads=n) for n in (1, 2, 3)]
    assert all((each == results[0]).all() for each in results)


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("geometry", LARGE, ids=str)
@pytest.mark.parametrize("bound", [MIB, 4 * MIB])
def test_workspace_stays_under_its_bound(geometry, operation, bound):
    plan = WinogradConvolution(geometry, np.dtype("float32"), max_workspace=bound)
    assert plan.workspace_bytes(operation) <= bound
    first, second = operands(geometry, operation)
    unbounded = run(geometry, operation, first, second)
    error = np.abs(getattr(plan, operation)(first, second) - unbounded)
    assert (error <= 2 * DECLARED.bound * EPS * norms(operation, first, second)).all()


@pytest.mark.parametrize("bound", [0, 4096, 10_000])
@pytest.mark.parametrize("geometry", LARGE, ids=str)
def test_what_leaves_no_room_for_a_block_is_refused(geometry, bound):
    said = rf"max_workspace: must hold the smallest tiles of \w+; got {bound}$"
    with pytest.raises(UnsupportedError, match=said):
        WinogradConvolution(geometry, "float32", max_workspace=bound)


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("geometry", LARGE, ids=str)
def test_more_threads_than_there_is_memory_for_are_not_used(geometry, operation):
    bound = MIB
    first, second = operands(geometry, operation)
    one, two, many = (
        run(geometry, operation, first, second, threads=n, max_workspace=bound)
        for n in (1, 2, 1000)
    )
    assert (one == two).all()
    assert (one == many).all()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_workspace_of_many_channels_is_bounded(operation):
    for extent in (7, 56):
        geometry = problem((8, 2048, extent, extent), (2048, 2048, 3, 3), 1)
        plan = WinogradConvolution(geometry, np.dtype("float32"))
        assert 0 < plan.workspace_bytes(operation) <= 64 * MIB
        assert plan._native.describe(OPERATIONS.index(operation)).startswith("winograd")


@pytest.mark.parametrize("operation", ["forward", "grad_input"])
@pytest.mark.parametrize("geometry", [*LARGE, *FAR], ids=str)
def test_prepared_weight_gives_the_same_bits(geometry, operation):
    first, weight = operands(geometry, operation)
    plan = WinogradConvolution(geometry, np.dtype("float32"))
    call = getattr(plan, operation)
    assert (call(first, plan.prepare(weight)) == call(first, weight)).all()


@pytest.mark.parametrize("geometry", LARGE, ids=str)
def test_prepared_weights_are_transformed(geometry):
    plan = WinogradConvolution(geometry, np.dtype("float32"))
    assert plan._native.prepare(0, values("normal", geometry.weight_shape, 2)) is not None


@pytest.mark.parametrize("operation", OPERATIONS)
def test_fewer_multiplications_are_expected_to_pay(operation):
    geometry = problem((8, 64, 56, 56), (64, 64, 3, 3), 1)
    seconds = [
        WinogradConvolution.estimate(geometry, np.dtype("float32"), operation, threads=n)
        for n in (1, 2)
    ]
    assert geometry.flop / seconds[0] > 120e9 or not bridge.active_isa().startswith("avx")
    assert seconds[1] < 0.6 * seconds[0]


REFUSED = {
    "float64": (((1, 2, 8), (2, 2, 3)), {}, "float64", "DTYPE", "dtype float64 is not one of"),
    "rank": (((1, 2, 4, 4, 4, 4), (2, 2, 3, 3, 3, 3)), {}, "float32", "RANK", "spatial rank 4"),
    "stride": (((1, 2, 8), (2, 2, 3)), {"stride": 2}, "float32", "STRIDE", r"stride \(2,\)"),
    "groups": (((1, 2, 8), (2, 1, 3)), {"groups": 2}, "float32", "GROUPS", "2 groups"),
    "9 taps": (((1, 2, 9), (2, 2, 9)), {}, "float32", "KERNEL", r"kernel extents \(9,\)"),
    "7x3": (((1, 2, 8, 8), (2, 2, 7, 3)), {}, "float32", "KERNEL", "too many digits"),
    "7x7": (((1, 2, 8, 8), (2, 2, 7, 7)), {}, "float32", "KERNEL", "too many digits"),
    "2 taps": (((1, 2, 8, 8), (2, 2, 3, 2)), {}, "float32", "KERNEL", r"extents \(3, 2\)"),
    "1 tap": (((1, 2, 8, 8), (2, 2, 1, 1)), {}, "float32", "KERNEL", "nothing to save"),
    "5x5x5": (((1, 2, 8, 8, 8), (2, 2, 5, 5, 5)), {}, "float32", "KERNEL", "too many digits"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals(name):
    shapes, options, dtype, code, text = REFUSED[name]
    refusal = WinogradConvolution.refusal(Geometry.of(*shapes, **options), np.dtype(dtype))
    assert refusal.code == code
    assert re.search(text, refusal.text)
