"""im2col against einsum over windows of explicitly padded arrays, in every path and workspace."""

import threading
import tracemalloc
from math import prod

import numpy as np
import pytest
from convcore_im2col import Im2colConvolution, _products
from convcore_im2col._columns import Columns
from convcore_im2col._taps import Taps
from convcore_im2col._tiles import DEFAULT_WORKSPACE, column_tile
from convcore_naive import NaiveConvolution
from numpy.lib.stride_tricks import sliding_window_view

from convcore.plugin import FLOAT_NAMES, FORK_GATE, INTEGER_NAMES, OPERATIONS, Geometry
from convcore.testing.checks.threads import longest_stall

GEOMETRIES = {
    "rank 1": Geometry.of((3, 4, 40), (6, 4, 5), padding=((2, 4),), stride=2),
    "same": Geometry.of((2, 5, 13, 11), (4, 5, 3, 3), padding=1),
    "same, far taps": Geometry.of((2, 3, 7, 9), (4, 3, 3, 4), padding="same", dilation=(8, 5)),
    "same, shifted": Geometry.of((2, 3, 9, 8), (4, 3, 3, 2), padding=((4, -2), (-3, 4))),
    "same, inner axes": Geometry.of(
        (2, 3, 7, 5, 6), (4, 3, 2, 3, 3), padding=((1, 0), (1, 1), (1, 1)), stride=(2, 1, 1)
    ),
    "small images": Geometry.of((9, 6, 5, 5), (7, 6, 3, 3), padding="same"),
    "stride and dilation": Geometry.of(
        (1, 3, 17, 15), (5, 3, 3, 4), stride=(2, 3), dilation=(3, 1)
    ),
    "groups": Geometry.of((2, 6, 9, 8), (9, 2, 3, 2), groups=3, padding=((0, 2), (1, 0))),
    "depthwise": Geometry.of((4, 7, 9, 9), (14, 1, 3, 3), groups=7, padding=1, stride=(1, 2)),
    "crop": Geometry.of((2, 3, 12, 9), (4, 3, 2, 2), padding=((-3, 1), (2, -1))),
    "pointwise": Geometry.of((3, 8, 6, 7), (5, 8, 1, 1)),
    "pointwise, groups": Geometry.of((2, 6, 20, 20), (4, 3, 1, 1), groups=2),
    "pointwise, stride": Geometry.of((2, 8, 9, 9), (5, 8, 1, 1), stride=2),
    "pointwise, padding": Geometry.of((2, 3, 5), (5, 3, 1), padding=((1, 2),)),
    "rank 3": Geometry.of((2, 2, 6, 5, 7), (3, 2, 2, 3, 2), stride=(1, 2, 2), padding=1),
    "one position": Geometry.of((1, 7, 4, 3), (5, 7, 4, 3)),
    "dense layer": Geometry.of((1, 9, 1, 1), (6, 9, 1, 1)),
    "dense layer, batch": Geometry.of((4, 9, 1, 1), (6, 9, 1, 1)),
    "one filter": Geometry.of((2, 4, 8, 9), (1, 4, 3, 3), padding=1),
    "rank 4": Geometry.of((1, 2, 4, 3, 4, 5), (2, 2, 2, 2, 1, 3), dilation=(1, 1, 2, 2), padding=1),
}


def padded(geometry, x):
    """The input with its padding as zeros, cropped where that is negative."""
    before_after = [(max(0, before), max(0, after)) for before, after in geometry.padding]
    x = np.pad(x, [(0, 0), (0, 0), *before_after])
    crops = [(max(0, -before), -max(0, -after) or None) for before, after in geometry.padding]
    return x[(..., *(slice(*crop) for crop in crops))]


def windows(geometry, padded_input):
    """(N, G, C / G, *O, *R): what every tap of every output reads."""
    rank = geometry.spatial_rank
    axes = tuple(range(2, 2 + rank))
    view = sliding_window_view(padded_input, geometry.receptive_field, axis=axes, writeable=True)
    view = view[(..., *(slice(None, None, s) for s in (*geometry.stride, *geometry.dilation)))]
    return view.reshape(geometry.batch, geometry.groups, -1, *view.shape[2:])


def expected(geometry, operation, x, w, y):
    """The operation by einsum; the gradient of the input is summed into an array with padding."""
    groups, rank = geometry.groups, geometry.spatial_rank
    o, r = "opqs"[:rank], "abde"[:rank]
    w = w.reshape(groups, -1, *w.shape[1:])
    y = y.reshape(len(y), groups, -1, *geometry.output_extents)
    looks = windows(geometry, padded(geometry, x))
    if operation == "forward":
        result = np.einsum(f"gkc{r},ngc{o}{r}->ngk{o}", w, looks, dtype=w.dtype)
    elif operation == "grad_weight":
        result = np.einsum(f"ngk{o},ngc{o}{r}->gkc{r}", y, looks, dtype=w.dtype)
    else:
        return scattered(geometry, np.einsum(f"gkc{r},ngk{o}->ngc{o}{r}", w, y, dtype=w.dtype))
    return result.reshape(geometry.result_shape(operation))


def scattered(geometry, columns):
    """Every column added to the input elements it came from, found by their numbers."""
    count = prod(geometry.input_shape)
    numbers = np.arange(1, count + 1).reshape(geometry.input_shape)
    sums = np.zeros(count + 1, columns.dtype)
    np.add.at(sums, windows(geometry, padded(geometry, numbers)).ravel(), columns.ravel())
    return sums[1:].reshape(geometry.input_shape)


def operands(geometry, dtype, seed=0):
    """Input, weight and grad_output: small integers for floats, the whole range for integers."""
    random = np.random.default_rng(seed)
    shapes = (geometry.input_shape, geometry.weight_shape, geometry.output_shape)
    if dtype in INTEGER_NAMES:
        limits = np.iinfo(dtype)
        return [random.integers(limits.min, limits.max, s, dtype, endpoint=True) for s in shapes]
    arrays = [random.integers(-4, 5, shape).astype(dtype) for shape in shapes]
    if dtype.startswith("complex"):
        arrays = [array + (1j * random.integers(-4, 5, array.shape)) for array in arrays]
    return [array.astype(dtype) for array in arrays]


def run(plan, operation, x, w, y):
    """One operation of a plan on those of the three operands that it takes."""
    if operation == "forward":
        return plan.forward(x, w)
    if operation == "grad_input":
        return plan.grad_input(y, w)
    return plan.grad_weight(y, x)


@pytest.mark.parametrize("max_workspace", [None, 0, 4096, 20_000])
@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("name", GEOMETRIES)
def test_equals_einsum(name, operation, max_workspace):
    geometry = GEOMETRIES[name]
    if max_workspace == 0 and geometry.flop > 20_000:
        geometry = Geometry.of((1, 2, 5, 5), (2, 1, 3, 3), padding=1, groups=2)
    arrays = operands(geometry, "float32")
    plan = Im2colConvolution(geometry, "float32", max_workspace=max_workspace)
    wanted = expected(geometry, operation, *arrays)
    np.testing.assert_array_equal(run(plan, operation, *arrays), wanted)


@pytest.mark.parametrize("max_workspace", [None, 1000])
@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("dtype", FLOAT_NAMES + INTEGER_NAMES)
@pytest.mark.parametrize("name", ["groups", "one position", "one filter"])
def test_every_dtype_is_exact_and_wraps(name, dtype, operation, max_workspace):
    geometry = GEOMETRIES[name]
    arrays = operands(geometry, dtype)
    plan = Im2colConvolution(geometry, dtype, max_workspace=max_workspace)
    result = run(plan, operation, *arrays)
    assert result.dtype == dtype
    np.testing.assert_array_equal(result, expected(geometry, operation, *arrays))


def test_by_hand():
    plan = Im2colConvolution(Geometry.of((1, 1, 3), (1, 1, 2), padding=((1, 0),)), "float64")
    x, w, dy = (np.array([[row]], float) for row in ([1, 2, 3], [10, 1], [1, 10, 100]))
    assert plan.forward(x, w).tolist() == [[[1, 12, 23]]]
    assert plan.grad_weight(dy, x).tolist() == [[[210, 321]]]
    assert plan.grad_input(dy, w).tolist() == [[[101, 1010, 100]]]


@pytest.mark.parametrize("max_workspace", [None, 64])
def test_extreme_steps(max_workspace):
    far = Geometry.of((1, 1, 2), (1, 1, 3), dilation=2**57, padding=2**57)
    x, w = np.array([[[1.0, 2]]]), np.array([[[5.0, 7, np.nan]]])
    plan = Im2colConvolution(far, "float64", max_workspace=max_workspace)
    assert plan.forward(x, w).tolist() == [[[7, 14]]]
    assert plan.grad_weight(np.full((1, 1, 2), np.inf), x).tolist() == [[[0, np.inf, 0]]]
    wide = Geometry.of((1, 1, 1), (1, 1, 1), padding=2**40, stride=2**40)
    plan = Im2colConvolution(wide, "int8", max_workspace=max_workspace)
    seven, one = np.full((1, 1, 1), 7, "int8"), np.ones((1, 1, 1), "int8")
    assert plan.forward(seven, one).tolist() == [[[0, 7, 0]]]


@pytest.mark.parametrize("max_workspace", [None, 2000])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", FLOAT_NAMES)
@pytest.mark.parametrize("name", ["same", "groups", "depthwise", "crop", "rank 3"])
def test_nonfinite_values_stay_local(name, dtype, value, max_workspace):
    geometry = GEOMETRIES[name]
    arrays = operands(geometry, dtype)
    plans = [
        Im2colConvolution(geometry, dtype, max_workspace=max_workspace),
        NaiveConvolution(geometry, dtype),
    ]
    for array in arrays:
        array.flat[array.size // 3] = value
    spoiled = []
    for operation in OPERATIONS:
        result, wanted = (run(plan, operation, *arrays) for plan in plans)
        finite = np.isfinite(wanted)
        spoiled.append(not finite.all())
        assert finite.any()
        np.testing.assert_array_equal(np.isfinite(result), finite)
        np.testing.assert_array_equal(result[finite], wanted[finite])
        if not dtype.startswith("complex"):
            np.testing.assert_array_equal(result, wanted)
    assert any(spoiled)


@pytest.mark.parametrize("dtype", FLOAT_NAMES)
def test_random_data_stays_in_the_bound(dtype):
    geometry = Geometry.of((3, 20, 14, 14), (24, 20, 3, 3), padding=1)
    random = np.random.default_rng(3)
    shapes = (geometry.input_shape, geometry.weight_shape, geometry.output_shape)
    arrays = [random.standard_normal(shape) for shape in shapes]
    if dtype.startswith("complex"):
        arrays = [array + 1j * random.standard_normal(array.shape) for array in arrays]
    arrays = [array.astype(dtype) for array in arrays]
    exact = NaiveConvolution(geometry, wide(dtype))
    sizes = NaiveConvolution(geometry, "float64")
    for bound in (None, 30_000):
        plan = Im2colConvolution(geometry, dtype, max_workspace=bound)
        for operation in OPERATIONS:
            error = run(plan, operation, *arrays) - run(
                exact, operation, *(array.astype(wide(dtype)) for array in arrays)
            )
            size = run(sizes, operation, *(np.abs(array).astype(float) for array in arrays))
            allowed = (geometry.accumulation_length(operation) + 2) * np.finfo(dtype).eps * size
            assert (np.abs(error) <= allowed).all()


def wide(dtype):
    return "complex128" if dtype.startswith("complex") else "float64"


def traced(call):
    """Peak of the memory allocated by a second call."""
    call()
    tracemalloc.start()
    call()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


# Slices, views and memoryviews: what a call takes besides its buffers, whatever the problem.
OBJECTS = 16 * 1024


@pytest.mark.parametrize("value", [1, np.nan])
@pytest.mark.parametrize("max_workspace", [None, 50_000, 400_000])
@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(
    "geometry",
    [
        Geometry.of((4, 32, 20, 20), (48, 32, 3, 3), padding=1),
        Geometry.of((16, 24, 6, 6), (24, 24, 3, 3), padding=1),
        Geometry.of((2, 64, 24, 24), (64, 1, 3, 3), padding=1, groups=64),
        Geometry.of((2, 64, 24, 24), (64, 64, 1, 1)),
    ],
    ids=lambda geometry: str(geometry.input_shape),
)
def test_workspace_is_what_is_allocated(geometry, operation, max_workspace, value):
    plan = Im2colConvolution(geometry, "float32", max_workspace=max_workspace)
    arrays = operands(geometry, "float32")
    arrays[1].flat[0] = arrays[2].flat[0] = value
    out = np.empty(geometry.result_shape(operation), "float32")
    x, w, y = arrays
    first, second = {"forward": (x, w), "grad_input": (y, w), "grad_weight": (y, x)}[operation]
    peak = traced(lambda: getattr(plan, operation)(first, second, out=out))
    assert plan.workspace_bytes(operation) <= (max_workspace or DEFAULT_WORKSPACE)
    assert peak <= plan.workspace_bytes(operation) + OBJECTS


@pytest.mark.parametrize("max_workspace", [None, 10**6, 4096])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_workspace_of_huge_problems_is_bounded(operation, max_workspace):
    bound = max_workspace or DEFAULT_WORKSPACE
    for geometry in (
        Geometry.of((1, 64, 512, 512), (64, 64, 9, 9), padding=4),
        Geometry.of((256, 2048, 7, 7), (2048, 2048, 3, 3), padding=1),
        Geometry.of((8, 1024, 999), (1024, 1, 31), groups=1024),
        Geometry.of((1, 1, 10**8), (10**6, 1, 1000), stride=10**7),
    ):
        plan = Im2colConvolution(geometry, "complex128", max_workspace=max_workspace)
        assert plan.workspace_bytes(operation) <= bound


def test_pointwise_needs_no_workspace():
    plan = Im2colConvolution(GEOMETRIES["pointwise"], "float32")
    assert plan.workspace_bytes("forward") == plan.workspace_bytes("grad_input") == 0


@pytest.mark.parametrize("name", ["same", "one position", "dense layer, batch"])
def test_a_single_tile_needs_no_product_to_be_added(name):
    geometry = GEOMETRIES[name]
    plan = Im2colConvolution(geometry, "float32")
    assert "product" not in {key for key, size in sizes(plan, "grad_weight").items() if size}
    x, w, y = operands(geometry, "float32")
    out = np.full(geometry.weight_shape, np.nan, "float32")
    plan.grad_weight(y, x, out=out)
    np.testing.assert_array_equal(out, expected(geometry, "grad_weight", x, w, y))


def sizes(plan, operation):
    """Elements of the buffers of a plan's tile."""
    tile = column_tile(plan._folded, operation, DEFAULT_WORKSPACE)
    return tile.elements(plan._folded, operation)


def test_paths_are_those_meant():
    geometry = GEOMETRIES["same"]
    roomy, narrow = (Im2colConvolution(geometry, "float32", max_workspace=m) for m in (None, 4096))
    assert isinstance(roomy._path("forward"), Columns)
    assert isinstance(roomy._path("forward", careful=True), Taps)
    assert isinstance(narrow._path("forward"), Taps)


def assert_same_bits(threads):
    """That plans for these numbers of threads agree."""
    geometry = Geometry.of((3, 16, 30, 30), (24, 16, 3, 3), padding=1)
    random = np.random.default_rng(4)
    shapes = (geometry.input_shape, geometry.weight_shape, geometry.output_shape)
    arrays = [random.standard_normal(shape).astype("float32") for shape in shapes]
    for operation in OPERATIONS:
        plans = [Im2colConvolution(geometry, "float32", threads=number) for number in threads]
        results = {run(plan, operation, *arrays).tobytes() for plan in plans}
        assert len(results) == 1


def test_the_number_of_threads_is_left_to_blas():
    assert_same_bits(threads=(1, 2, 1))


@pytest.mark.parametrize("blas_threads", [1, 2, 3])
def test_same_bits_every_time_for_a_fixed_number_of_blas_threads(blas_threads):
    threadpoolctl = pytest.importorskip("threadpoolctl")
    with threadpoolctl.threadpool_limits(blas_threads, user_api="blas"):
        assert_same_bits(threads=(1,) * 5)


def test_threads_share_a_plan():
    geometry = GEOMETRIES["same"]
    plan = Im2colConvolution(geometry, "float64")
    arrays = [operands(geometry, "float64", seed) for seed in range(4)]
    results = [None] * 4

    def work(index):
        results[index] = [run(plan, operation, *arrays[index]) for operation in OPERATIONS]

    workers = [threading.Thread(target=work, args=(index,)) for index in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for found, operand in zip(results, arrays, strict=True):
        for operation, result in zip(OPERATIONS, found, strict=True):
            np.testing.assert_array_equal(result, expected(geometry, operation, *operand))


def test_estimates_rank_lowering_against_loops():
    big = Geometry.of((8, 64, 56, 56), (64, 64, 3, 3), padding=1)
    for operation in OPERATIONS:
        fast = Im2colConvolution.estimate(big, "float32", operation, threads=1)
        slow = NaiveConvolution.estimate(big, "float32", operation, threads=1)
        assert 0 < 5 * fast < slow
    more = Im2colConvolution.estimate(big, "float32", "forward", threads=4)
    assert more < Im2colConvolution.estimate(big, "float32", "forward", threads=1)


def test_estimates_count_what_is_read_and_written():
    def seconds(geometry, operation="grad_weight"):
        return Im2colConvolution.estimate(geometry, "float32", operation, threads=2)

    dense = Geometry.of((1, 2048, 1, 1), (1000, 2048, 1, 1))
    assert seconds(dense) > 5 * seconds(GEOMETRIES["dense layer"]), "8 MB of weight"
    assert seconds(dense) > seconds(dense, "forward"), "written is more than read"
    # As many elements of columns, in runs of 1 and of 4096.
    short, long = (Geometry.of((1, 1, *s), (8, 1, 16, 16)) for s in ((4111, 16), (16, 4111)))
    assert seconds(short, "forward") > 1.5 * seconds(long, "forward")


WITHOUT_COMPILER = """
import sys

sys.modules["convcore_im2col._lowering"] = None
sys.modules["convcore_naive._loops"] = None
import numpy as np
import convcore
from convcore.testing import check_backend

checks = ["wrapping_integers", "error_bound", "nonfinite", "adjoint_identity", "workspace_stated"]
report = check_backend("im2col", profile="quick", checks=checks)
assert report.ok, report
x, w = np.ones((1, 1, 8), "int16"), np.ones((1, 1, 3), "int16")
assert convcore.conv(x, w).tolist() == [[[3] * 6]]
rows = {row.name: row for row in convcore.explain((1, 1, 8), (1, 1, 3), dtype="int32").rows}
assert "lowered by NumPy" in rows["im2col"].text, rows["im2col"]
assert rows["naive"].code == "UNAVAILABLE"
assert "convcore_naive._loops" in rows["naive"].text
assert "circular" not in rows["naive"].text
"""


def test_without_a_compiler_numpy_lowers(python):
    python(WITHOUT_COMPILER, timeout=300)


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("dtype", ["float32", "complex64", "int16"])
def test_a_child_forked_beside_threads_keeps_out_of_the_locks_of_blas(
    dtype, operation, monkeypatch
):
    geometry = Geometry.of((2, 20, 13, 11), (70, 20, 3, 3), padding=1)
    arrays, largest = operands(geometry, dtype), []

    def watched(left, right, **options):
        (rows, terms), columns = left.shape[-2:], right.shape[-1]
        largest.append(rows * terms * columns)
        return matmul(left, right, **options)

    matmul = np.matmul
    monkeypatch.setattr(FORK_GATE, "beside_threads", True)
    monkeypatch.setattr(np, "matmul", watched)
    result = run(Im2colConvolution(geometry, dtype), operation, *arrays)
    np.testing.assert_array_equal(result, expected(geometry, operation, *arrays))
    if dtype != "int16":  # which BLAS does not multiply
        assert max(largest) <= {"float32": 64**3, "complex64": 32**3}[dtype]


def test_lowering_releases_the_gil():
    geometry = Geometry.of((8, 16, 200, 200), (1, 16, 5, 5), padding=2)
    folded = Im2colConvolution(geometry, "float32")._folded
    x = folded.input(np.ones(geometry.input_shape, "float32")).reshape(8, 16, -1)
    columns = np.empty((8, 16 * 25, 4000), "float32")
    # Another process may keep the second thread from running, but not again and again.
    calls = (longest_stall(lambda: folded.im2col(x, columns, 0)) for _ in range(10))
    assert any(stall < 0.5 * seconds for stall, seconds in calls)


@pytest.mark.parametrize("dtype", ["float32", "complex128", "uint8"])
@pytest.mark.parametrize(("rows", "columns"), [(100, 7), (9, 300), (8, 8), (65, 65)])
def test_a_product_that_takes_long_is_cut(dtype, rows, columns, monkeypatch):
    random = np.random.default_rng(0)
    first = random.integers(0, 9, (3, rows, 11)).astype(dtype)
    second = random.integers(0, 9, (3, 11, columns)).astype(dtype)
    pieces, product = [], np.matmul

    def recorded(first, second, *, out):
        pieces.append(out.size)
        product(first, second, out=out)

    monkeypatch.setattr(_products, "PATIENCE", 1e-9)
    monkeypatch.setattr(_products.np, "matmul", recorded)
    found = np.zeros((3, rows, columns), dtype)
    _products.multiply(first, second, out=found)
    np.testing.assert_array_equal(found, product(first, second))
    assert max(pieces) <= 3 * _products.NARROW**2
    assert sum(pieces) == found.size
