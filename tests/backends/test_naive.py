"""The literal loops against the definition by enumeration, hand-computed cases, and extremes."""

import importlib
import pickle
import sys
import tracemalloc

import numpy as np
import pytest
from convcore_naive import NaiveConvolution
from fakes import goes_on_during

from convcore.plugin import FLOAT_NAMES, INTEGER_NAMES, OPERATIONS, BackendLoadError, Geometry

GEOMETRIES = {
    "rank 1": Geometry.of((2, 3, 9), (4, 3, 3), padding=((2, 1),)),
    "stride and dilation": Geometry.of((1, 2, 12), (2, 2, 3), stride=2, dilation=3, padding=1),
    "groups": Geometry.of((2, 4, 5, 4), (6, 2, 2, 3), groups=2, padding=((0, 2), (1, 0))),
    "depthwise": Geometry.of((1, 3, 5, 5), (6, 1, 3, 3), groups=3, stride=(2, 1)),
    "crop": Geometry.of((1, 2, 8, 6), (2, 2, 2, 2), padding=((-2, 1), (0, -1))),
    "rank 3": Geometry.of((1, 2, 4, 3, 5), (2, 2, 2, 3, 2), stride=(1, 2, 2), padding=1),
    "rank 4": Geometry.of((1, 1, 3, 2, 3, 2), (2, 1, 2, 2, 1, 2), dilation=(1, 1, 2, 1)),
    "all padding": Geometry.of((1, 1, 2), (1, 1, 2), padding=4, stride=3),
}


def positions(geometry, tap, output):
    """Where a tap of an output reads the input, or None in the padding."""
    steps = zip(output, tap, geometry.stride, geometry.dilation, geometry.padding, strict=True)
    found = tuple(o * stride + r * dilation - pad[0] for o, r, stride, dilation, pad in steps)
    inside = zip(found, geometry.input_extents, strict=True)
    return found if all(0 <= position < extent for position, extent in inside) else None


def definition(geometry, operation, x, w, y):
    """The sum over all (n, k, c, r, o), term by term; the operand that results may be None."""
    result = np.zeros(geometry.result_shape(operation), (w if x is None else x).dtype)
    channels = geometry.in_channels // geometry.groups
    filters = geometry.out_channels // geometry.groups
    for n, k, c in np.ndindex(geometry.batch, geometry.out_channels, channels):
        for tap in np.ndindex(geometry.kernel_extents):
            for o in np.ndindex(geometry.output_extents):
                position = positions(geometry, tap, o)
                if position is None:
                    continue
                at_x = (n, k // filters * channels + c, *position)
                at_w, at_y = (k, c, *tap), (n, k, *o)
                if operation == "forward":
                    result[at_y] += w[at_w] * x[at_x]
                elif operation == "grad_input":
                    result[at_x] += w[at_w] * y[at_y]
                else:
                    result[at_w] += y[at_y] * x[at_x]
    return result


def operands(geometry, dtype, seed=0):
    """Input, weight and grad_output of small integers."""
    random = np.random.default_rng(seed)
    low = 0 if dtype.startswith("u") else -4
    shapes = (geometry.input_shape, geometry.weight_shape, geometry.output_shape)
    arrays = [random.integers(low, 5, shape).astype(dtype) for shape in shapes]
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


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("name", GEOMETRIES)
def test_equals_the_definition(name, operation):
    geometry = GEOMETRIES[name]
    x, w, y = operands(geometry, "float64")
    result = run(NaiveConvolution(geometry, "float64"), operation, x, w, y)
    np.testing.assert_array_equal(result, definition(geometry, operation, x, w, y))


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("dtype", FLOAT_NAMES + INTEGER_NAMES)
def test_every_dtype_is_exact(dtype, operation):
    geometry = GEOMETRIES["groups"]
    x, w, y = operands(geometry, dtype)
    result = run(NaiveConvolution(geometry, dtype), operation, x, w, y)
    assert result.dtype == dtype
    np.testing.assert_array_equal(result, definition(geometry, operation, x, w, y))


def test_one_dimension_by_hand():
    plan = NaiveConvolution(Geometry.of((1, 1, 4), (1, 1, 2)), "float64")
    x, w, dy = (np.array([[row]], float) for row in ([1, 2, 3, 4], [10, 1], [1, 10, 100]))
    assert plan.forward(x, w).tolist() == [[[12, 23, 34]]]
    assert plan.grad_weight(dy, x).tolist() == [[[321, 432]]]
    assert plan.grad_input(dy, w).tolist() == [[[10, 101, 1010, 100]]]


def test_grad_input_is_the_true_convolution():
    plan = NaiveConvolution(Geometry.of((1, 1, 9), (1, 1, 4)), "float64")
    dy, w = np.arange(1.0, 7), np.array([3.0, -1, 4, 2])
    result = plan.grad_input(dy[None, None], w[None, None])
    np.testing.assert_array_equal(result[0, 0], np.convolve(dy, w))


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("dtype", INTEGER_NAMES)
def test_integers_wrap(dtype, operation):
    geometry = Geometry.of((1, 2, 6), (2, 2, 3), padding=1)
    limits = np.iinfo(dtype)
    random = np.random.default_rng(1)
    shapes = (geometry.input_shape, geometry.weight_shape, geometry.output_shape)
    x, w, y = (random.integers(limits.min, limits.max, s, dtype, endpoint=True) for s in shapes)
    x.flat[0] = w.flat[0] = y.flat[0] = limits.max
    exact = definition(geometry, operation, *(a.astype(object) for a in (x, w, y)))
    wrapped = np.vectorize(lambda value: value % 2**limits.bits, otypes=["uint64"])(exact)
    result = run(NaiveConvolution(geometry, dtype), operation, x, w, y)
    np.testing.assert_array_equal(result, wrapped.astype(dtype))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        # Outputs at positions -2**40, 0 and 2**40: only the middle one meets the input.
        ({"padding": 2**40, "stride": 2**40}, [0, 7, 0]),
        ({"padding": ((2**58, 2**57),), "stride": 2**60}, [0]),
        ({"dilation": 2**60}, [7]),
    ],
)
def test_extreme_steps(arguments, expected):
    plan = NaiveConvolution(Geometry.of((1, 1, 1), (1, 1, 1), **arguments), "float32")
    x, w = np.full((1, 1, 1), 7, "f"), np.ones((1, 1, 1), "f")
    y = plan.forward(x, w)
    assert y.ravel().tolist() == expected
    assert plan.grad_input(np.ones_like(y), w).sum() == sum(value == 7 for value in expected)
    assert plan.grad_weight(np.ones_like(y), x).sum() == sum(expected)


def test_dilation_that_reaches_over_the_input():
    far = 2**57
    geometry = Geometry.of((1, 1, 2), (1, 1, 3), dilation=far, padding=far)
    plan = NaiveConvolution(geometry, "float64")
    x, w = np.array([[[1.0, 2]]]), np.array([[[5.0, 7, np.nan]]])
    assert plan.forward(x, w).tolist() == [[[7, 14]]]
    assert plan.grad_weight(np.ones((1, 1, 2)), x).tolist() == [[[0, 3, 0]]]


def test_rank_16():
    geometry = Geometry.of((1, 1, *[2] * 16), (1, 1, *[2] * 16))
    x, w, _ = operands(geometry, "int64")
    assert NaiveConvolution(geometry, "int64").forward(x, w).item() == (x * w).sum()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_nonfinite_values_stay_local(operation):
    geometry = Geometry.of((1, 2, 6, 5), (2, 2, 3, 3), padding=2, stride=(2, 1), dilation=(1, 2))
    x, w, y = operands(geometry, "float64")
    x[0, 1, 2, 2], w[1, 0, 0, 2], y[0, 0, 1, 1] = np.nan, np.inf, -np.inf
    result = run(NaiveConvolution(geometry, "float64"), operation, x, w, y)
    with np.errstate(invalid="ignore"):
        expected = definition(geometry, operation, x, w, y)
    assert np.isfinite(expected).any()
    np.testing.assert_array_equal(result, expected)


def test_random_data_stays_in_the_bound():
    geometry = Geometry.of((2, 3, 10, 9), (4, 3, 3, 3), padding=1)
    random = np.random.default_rng(2)
    shapes = (geometry.input_shape, geometry.weight_shape, geometry.output_shape)
    single = [random.standard_normal(shape).astype("float32") for shape in shapes]
    plan, exact = (NaiveConvolution(geometry, dtype) for dtype in ("float32", "float64"))
    for operation in OPERATIONS:
        error = run(plan, operation, *single) - run(
            exact, operation, *(a.astype(float) for a in single)
        )
        size = run(exact, operation, *(np.abs(a.astype(float)) for a in single))
        terms = geometry.accumulation_length(operation) + 2
        assert (np.abs(error) <= terms * np.finfo("float32").eps * size).all()


def test_takes_no_memory():
    geometry = Geometry.of((1, 8, 64, 64), (8, 8, 3, 3), padding=1)
    plan = NaiveConvolution(geometry, "float32")
    x, w, y = operands(geometry, "float32")
    plan.forward(x, w, out=y)
    tracemalloc.start()
    plan.forward(x, w, out=y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert plan.workspace_bytes("forward") == 0
    assert peak < 8192


def test_reads_read_only_operands_and_pickles():
    geometry = GEOMETRIES["rank 1"]
    plan = NaiveConvolution(geometry, "int8")
    x, w, y = operands(geometry, "int8")
    for array in (x, w, y):
        array.flags.writeable = False
    for operation in OPERATIONS:
        first = run(plan, operation, x, w, y)
        again = run(pickle.loads(pickle.dumps(plan)), operation, x, w, y)
        np.testing.assert_array_equal(first, again)


def test_releases_the_gil():
    geometry = Geometry.of((1, 16, 128, 128), (16, 16, 3, 3))
    plan = NaiveConvolution(geometry, "float64")
    x, w, _ = operands(geometry, "float64")
    assert goes_on_during(lambda: plan.forward(x, w))


def test_estimate_grows_with_the_problem():
    small, large = (Geometry.of((n, 8, 32, 32), (8, 8, 3, 3)) for n in (1, 8))
    times = [NaiveConvolution.estimate(g, "float32", "forward", threads=1) for g in (small, large)]
    assert 0 < times[0] < times[1] < 1


def test_says_what_to_do_where_it_is_not_built(monkeypatch):
    monkeypatch.setitem(sys.modules, "convcore_naive._loops", None)
    monkeypatch.delattr("convcore_naive._loops")
    module = sys.modules["convcore_naive"]
    monkeypatch.delitem(sys.modules, "convcore_naive")
    with pytest.raises(BackendLoadError, match=r"convcore_naive\._loops must be built; got .*;"):
        importlib.import_module("convcore_naive")
    assert module.NaiveConvolution is NaiveConvolution


@pytest.mark.parametrize(
    "geometry",
    [
        Geometry.of((1, 1, 200_000), (1, 1, 1001), stride=2, dilation=3, padding=((700, 5),)),
        Geometry.of((1, 1, 300, 310), (1, 1, 41, 43), dilation=(2, 1), padding=((30, 7), (3, 40))),
    ],
    ids=["one axis", "two axes"],
)
def test_what_takes_long_is_done_in_parts(geometry):
    """As adjoints of each other, and some results of the forward pass term by term."""
    random = np.random.default_rng(0)
    x, w, y = (
        random.integers(-3, 4, shape).astype("f8")
        for shape in (geometry.input_shape, geometry.weight_shape, geometry.output_shape)
    )
    plan = NaiveConvolution(geometry, "float64")
    output = plan.forward(x, w)
    expected = (output * y).sum()
    assert (plan.grad_input(y, w) * x).sum() == expected
    assert (plan.grad_weight(y, x) * w).sum() == expected
    padded = np.pad(x, ((0, 0), (0, 0), *geometry.padding))
    windows = np.lib.stride_tricks.sliding_window_view(
        padded, geometry.receptive_field, axis=tuple(range(2, x.ndim))
    )
    steps = tuple(slice(None, None, step) for step in geometry.stride)
    taps = tuple(slice(None, None, step) for step in geometry.dilation)
    places = windows[(0, 0, *steps)][(*[slice(None, None, 97)] * len(steps), *taps)]
    found = output[(0, 0, *[slice(None, None, 97)] * len(steps))]
    np.testing.assert_array_equal((places * w[0, 0]).sum(tuple(range(-len(taps), 0))), found)
