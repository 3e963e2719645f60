"""What is converted slab by slab, above all float16: rounded once, whatever the slabs."""

import pickle
import tracemalloc

import numpy as np
import pytest

import convcore
from convcore.plugin import OPERATIONS
from convcore.testing import operands, unit_bound

EPS = np.finfo("float16").eps


def draw(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape).astype("float16")


GEOMETRIES = [
    {"padding": 1},
    {"padding": ((60, -1), (2, 0)), "stride": (2, 3), "dilation": 2},
    {"padding": ((-2, 50), (0, 0)), "stride": (5, 1)},
    {"padding": "same", "padding_mode": "replicate"},
]


@pytest.mark.parametrize("limit", [None, 2_000, 20_000])
@pytest.mark.parametrize("options", GEOMETRIES)
def test_every_slab_size_gives_the_float32_result_rounded_once(limit, options):
    input, weight, bias = draw(0, 3, 4, 40, 11), draw(1, 6, 2, 3, 3), draw(2, 6)
    wide = [array.astype("float32") for array in (input, weight, bias)]
    options = options | {"groups": 2, "backend": "naive"}
    with convcore.options(max_workspace=limit):
        output, pullback = convcore.conv_vjp(input, weight, bias, **options)
        gradient = draw(3, *output.shape)
        given = (output, *pullback(gradient))
    expected, pullback = convcore.conv_vjp(*wide, **options)
    for half, exact in zip(given, (expected, *pullback(gradient.astype("float32"))), strict=True):
        assert half.dtype == np.float16
        # One rounding of a float32 result whose own error is far below it.
        np.testing.assert_allclose(half, exact, rtol=0.51 * EPS, atol=EPS * 1e-2)


@pytest.mark.parametrize("limit", [None, 2_000, 20_000])
@pytest.mark.parametrize("options", [{}, {"stride": 2, "output_padding": 1, "padding": 1}])
def test_transposed_convolution_is_the_float32_result_rounded_once(limit, options):
    arrays = draw(0, 3, 4, 40, 11), draw(1, 4, 2, 3, 3), draw(2, 4)
    options = options | {"groups": 2, "backend": "naive"}
    with convcore.options(max_workspace=limit):
        half = convcore.conv_transpose(*arrays, **options)
    exact = convcore.conv_transpose(*(array.astype("float32") for array in arrays), **options)
    assert half.dtype == np.float16
    np.testing.assert_allclose(half, exact, rtol=0.51 * EPS, atol=EPS * 1e-2)


def test_overflow_rounds_to_infinity_once():
    input = np.full((1, 1, 2), 60000, "float16")
    weight = np.array([[[1, 1]]], "float16")
    assert np.isinf(convcore.conv(input, weight, backend="naive")).all()
    # The sum of the products leaves float16's range, the result does not.
    bias = np.array([-60000], "float16")
    assert convcore.conv(input, weight, bias, backend="naive").item() == 60000


def test_memory_stays_bounded_for_one_large_sample():
    input, weight = np.ones((1, 1, 4096, 2048), "float16"), np.ones((1, 1, 3, 3), "float16")
    out = np.empty((1, 1, 4096, 2048), "float16")
    with convcore.options(max_workspace=2**20):
        convcore.conv(
            input[:, :, :64], weight, padding=1, backend="naive", out=out[:, :, :64].copy()
        )
        tracemalloc.start()
        convcore.conv(input, weight, padding=1, backend="naive", out=out)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 2 * 2**20
    assert out[0, 0, 1:-1, 1:-1].min() == out.max() == 9


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("limit", [None, 400])
def test_a_plan_computes_what_the_functions_do(operation, limit):
    geometry = convcore.Geometry.of((3, 4, 9, 8), (6, 2, 3, 3), groups=2, stride=2, padding=1)
    pair = [array.astype("float16") for array in operands("random", geometry, "f4", operation)]
    shapes = geometry.input_shape, geometry.weight_shape
    steps = {name: getattr(geometry, name) for name in ("stride", "padding", "groups")}
    with convcore.options(max_workspace=limit, threads=1):
        plan = convcore.plan(*shapes, dtype="float16", **steps, backend="naive")
    got = getattr(plan, operation)(*pair)
    wide = convcore.get_backend("naive")(geometry, "float32", threads=1)
    want = getattr(wide, operation)(*(array.astype("float32") for array in pair))
    assert (got.dtype, plan.dtype, plan.name) == ("float16", "float16", "naive")
    assert np.abs(got - want).max() <= np.spacing(np.float16(np.abs(want).max()))
    assert plan.workspace_bytes(operation) > 0
    again = pickle.loads(pickle.dumps(plan))
    assert (getattr(again, operation)(*pair) == got).all()
    assert (again.max_workspace, again.threads) == (limit, 1)


def test_a_plan_refuses_what_does_not_fit():
    plan = convcore.plan((1, 1, 4), (1, 1, 2), dtype="float16")
    x, w = np.ones((1, 1, 4), "float16"), np.ones((1, 1, 2), "float16")
    with pytest.raises(convcore.DtypeError, match="input: must have dtype float16"):
        plan.forward(x.astype("float32"), w)
    with pytest.raises(convcore.ShapeError, match=r"weight: must have shape \(1, 1, 2\)"):
        plan.forward(x, x)
    assert plan.forward(x, plan.prepare(w)).tolist() == [[[2, 2, 2]]]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_automatic_choice_rounds_a_float32_sum_once(operation):
    """Half a unit in the last place, and the componentwise bound of the sum in float32."""
    geometry = convcore.Geometry.of((1, 64, 14, 14), (64, 64, 3, 3), padding=1)
    pair = [array.astype("float16") for array in operands("normal", geometry, "f4", operation)]
    plan = convcore.plan((1, 64, 14, 14), (64, 64, 3, 3), padding=1, dtype="float16")
    got = getattr(plan, operation)(*pair)
    wide = [array.astype("float64") for array in pair]
    exact = getattr(convcore.get_backend("im2col")(geometry, "float64"), operation)(*wide)
    summed = unit_bound("componentwise", geometry, operation, *(a.astype("f4") for a in pair))
    half = np.spacing(np.abs(got)).astype("float64") / 2
    assert (np.abs(got - exact) <= half + summed).all()
    assert (got == exact.astype("float16")).mean() > 0.99


def test_no_backend_of_a_lower_class_of_accuracy_is_chosen():
    found = convcore.explain((1, 64, 56, 56), (64, 64, 3, 3), padding=1, dtype="float16")
    codes = {row.name: row.code for row in found.rows}
    assert (codes["winograd"], codes["fft"], codes["tilefft"]) == ("ACCURACY",) * 3
    assert found.chosen in ("direct", "im2col", "naive")
    wide = convcore.explain((1, 64, 56, 56), (64, 64, 3, 3), padding=1)
    assert {row.code for row in wide.rows if row.name == "winograd"} == {""}


@pytest.mark.parametrize("mode", ["reflect", "symmetric", "circular", "constant"])
@pytest.mark.parametrize("limit", [None, 300])
def test_a_border_and_a_bias_are_added_before_rounding(mode, limit):
    input, weight, bias = draw(0, 2, 4, 12, 9), draw(1, 6, 2, 3, 3), draw(2, 6)
    value = 1.5 if mode == "constant" else 0
    options = {"groups": 2, "padding": 2, "padding_mode": mode, "padding_value": value}
    with convcore.options(max_workspace=limit):
        half = convcore.conv(input, weight, bias, **options, backend="naive")
    wide = (array.astype("float32") for array in (input, weight, bias))
    exact = convcore.conv(*wide, **options, backend="naive")
    np.testing.assert_allclose(half, exact, rtol=0.51 * EPS, atol=EPS * 1e-2)


def test_a_plan_keeps_to_a_backend_that_is_named_and_to_its_refusal():
    assert convcore.plan((1, 1, 9), (1, 1, 3), dtype="float16", backend="naive").name == "naive"
    with pytest.raises(convcore.UnsupportedError, match=r"^backend 'winograd' cannot .* stride"):
        convcore.plan((1, 1, 9), (1, 1, 3), dtype="float16", stride=2, backend="winograd")


@pytest.mark.parametrize(
    ("input", "weight", "least", "most"),
    [
        ((1, 1, 4000, 3000), (1, 1, 3, 3), 5, 7),
        ((512, 512, 7, 7), (512, 512, 3, 3), 70, 90),  # the weight itself is 9 MiB
        ((1, 1, 99, 512, 512), (1, 1, 7, 7, 7), 50, 65),  # the halo of a slab is 6 MiB
        ((1, 1, 99, 999, 999), (1, 1, 20, 7, 7), 120, 210),  # 72 MiB
    ],
)
def test_a_slab_is_what_a_cache_holds_or_much_more_than_it_reads_anew(input, weight, least, most):
    plan = convcore.plan(input, weight, dtype="float16", padding="same", backend="naive")
    for operation in ("forward", "grad_input"):
        assert least <= plan.workspace_bytes(operation) / 2**20 <= most


@pytest.mark.parametrize("values", [(np.inf, 6e4), (6e4, 6e4), (1e-6, 1e-4), (np.nan, 0)])
def test_no_sum_and_no_rounding_of_one_says_that_it_overflows_or_underflows(values):
    x, w, b = np.full((3, 2, 9), values[0]), np.full((2, 2, 3), values[1]), np.full(2, values[0])
    x, w, b = (operand.astype("float16") for operand in (x, w, b))
    x[0, 0, 0] *= -1  # so that infinities of both signs are added
    options = {"padding": 2, "padding_mode": "circular"}
    with np.errstate(all="raise"), convcore.options(max_workspace=100):
        output, pullback = convcore.conv_vjp(x, w, b, **options)
        gradients = pullback(np.broadcast_to(x[:, :, :1], output.shape))
    assert {array.dtype.name for array in (output, *gradients)} == {"float16"}
