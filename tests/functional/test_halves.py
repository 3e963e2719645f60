"""float16 and bfloat16: taken as they are, summed in float32, rounded once."""

import pickle

import numpy as np
import pytest

import convcore
from convcore.contract import parse_dtype

MODES = ("zeros", "constant", "reflect", "symmetric", "replicate", "circular")


@pytest.fixture(params=["float16", "bfloat16"])
def half(request):
    if request.param == "bfloat16":
        pytest.importorskip("ml_dtypes")
    return parse_dtype(request.param)


def draw(seed, dtype, *shapes):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(shape).astype(dtype) for shape in shapes]


def wide(*arrays):
    return [array.astype("float64") for array in arrays]


def require_rounded_once(got, exact, dtype, share=0.999):
    """Nearly all what the exact sum rounds to, and all others a neighbour of that."""
    want = exact.astype(dtype)
    assert got.dtype == dtype
    assert got.shape == want.shape
    assert (got == want).mean() >= share
    steps = np.abs(_ordered(got) - _ordered(want))
    far = steps > 1
    # A sum that nearly cancels has the errors of float32, which are more than its own last place.
    assert (np.abs(got - exact)[far] < 1e-5).all()
    assert far.mean() < 1e-3


def _ordered(array):
    """Numbers of halves, in the order of their sizes."""
    bits = array.view("i2").astype(int)
    return np.where(bits < 0, -(bits & 0x7FFF), bits)


@pytest.mark.parametrize("mode", MODES)
def test_all_functions_round_the_exact_sum_once(half, mode):
    x, w, b = draw(0, half, (2, 4, 30, 31), (6, 4, 3, 3), (6,))
    steps = {"padding": ((1, 2), (2, 1)), "padding_mode": mode}
    steps |= {"padding_value": 1.5} if mode == "constant" else {}
    got, pullback = convcore.conv_vjp(x, w, b, **steps)
    exact, exact_pullback = convcore.conv_vjp(*wide(x, w, b), **steps, backend="naive")
    require_rounded_once(got, exact, half)
    gradients = zip(pullback(got), exact_pullback(*wide(got)), strict=True)
    for (gradient, want), share in zip(gradients, (0.999, 0.99, 0.99), strict=True):
        require_rounded_once(gradient, want, half, share)  # a weight's are sums of 1860 products


def test_transposed_convolutions_do(half):
    x, w = draw(1, half, (2, 4, 14, 15), (4, 12, 3, 3))
    steps = {"stride": 2, "padding": 1, "output_padding": 1}
    exact = convcore.conv_transpose(*wide(x, w), **steps, backend="naive")
    require_rounded_once(convcore.conv_transpose(x, w, **steps), exact, half)


@pytest.mark.parametrize("backend", ["naive", "im2col", "direct"])
@pytest.mark.parametrize("layout", [None, "NHWC"])
def test_every_backend_and_every_layout_does(half, backend, layout):
    x, w = draw(2, half, (2, 4, 20, 33), (24, 4, 3, 3))
    exact = convcore.conv(*wide(x, w), backend="naive")
    x = x if layout is None else np.ascontiguousarray(x.transpose(0, 2, 3, 1))
    got = convcore.conv(x, w, layout=layout, backend=backend)
    got = got if layout is None else np.ascontiguousarray(got.transpose(0, 3, 1, 2))
    require_rounded_once(got, exact, half)


def test_whole_numbers_are_exact(half, rng):
    x, w = rng.integers(-3, 4, (1, 5, 40, 40)), rng.integers(-2, 3, (6, 5, 3, 3))
    exact = convcore.conv(x, w)
    np.testing.assert_array_equal(convcore.conv(x.astype(half), w.astype(half)), exact.astype(half))


def test_a_plan_takes_halves_in_a_dtype_of_its_own(half):
    x, w = draw(3, half, (1, 8, 12, 12), (8, 8, 3, 3))
    plan = convcore.plan(x.shape, w.shape, dtype=half)
    want = convcore.conv(x, w)
    for each in (plan, pickle.loads(pickle.dumps(plan))):
        assert each.dtype == half
        assert (each.forward(x, w) == want).all()
        assert (each.forward(x, each.prepare(w)) == want).all()
    assert str(half) in str(convcore.explain(x.shape, w.shape, dtype=half)).splitlines()[0]


def test_operands_are_converted_to_and_from_halves(half):
    x, w = draw(4, half, (1, 4, 20, 20), (4, 4, 3, 3))
    assert convcore.conv(x, w, dtype="float32").dtype == np.float32
    single = [array.astype("float32") for array in (x, w)]
    assert (convcore.conv(*single, dtype=half) == convcore.conv(x, w)).all()
    with pytest.raises(convcore.DtypeError, match="weight: must have the dtype of input"):
        convcore.conv(x, single[1])
    with pytest.raises(convcore.DtypeError, match="casting='same_kind'"):
        convcore.conv(x, w, dtype="int32")
    with pytest.raises(convcore.DtypeError, match="casting='same_kind'"):
        convcore.conv(x.astype("complex64"), w, dtype=half)


def test_a_result_is_written_to_out(half):
    x, w = draw(5, half, (1, 4, 20, 20), (4, 4, 3, 3))
    out = np.zeros((1, 4, 18, 18), half)
    assert convcore.conv(x, w, out=out) is out
    assert (out == convcore.conv(x, w)).all()
    with pytest.raises(convcore.DtypeError, match=f"out: must have dtype {half}"):
        convcore.conv(x, w, out=out.astype("float32"))


def test_no_backend_sees_a_half(half):
    geometry = convcore.Geometry.of((1, 1, 9), (1, 1, 3))
    with pytest.raises(convcore.DtypeError, match=f"dtype: must be one of .*; got {half}"):
        convcore.get_backend("naive")(geometry, half)


def test_the_name_of_a_dtype_that_is_not_installed_says_what_to_install(monkeypatch):
    monkeypatch.setattr("convcore.contract.arrays._named", lambda name: np.dtype("no such dtype"))
    with pytest.raises(convcore.DtypeError, match="got 'bfloat16'; install ml_dtypes"):
        convcore.plan((1, 1, 9), (1, 1, 3), dtype="bfloat16")
