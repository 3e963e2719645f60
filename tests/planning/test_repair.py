"""The automatic choice loses no finite answer, and leaves NaN and Inf where they belong.

Each backend that transforms is made the one that is chosen, whatever the problem.
"""

import pickle

import numpy as np
import pytest
from fakes import own_backends

import convcore
from convcore.plugin import OPERATIONS, Geometry
from convcore.testing import unit_bound

SPREADING = [
    name for name in own_backends() if convcore.get_backend(name).declaration.nonfinite == "spreads"
]
pytestmark = pytest.mark.usefixtures("isolated")
GEOMETRY = Geometry.of((2, 3, 33, 30), (5, 3, 3, 5), padding=((1, 2), (2, 0)))


@pytest.fixture(params=SPREADING)
def chosen(request):
    """The name of a backend that is chosen wherever it does not refuse."""

    class Chosen(convcore.get_backend(request.param)):
        name = "chosen"

        @classmethod
        def estimate(cls, geometry, dtype, operation, *, threads):
            return 0.0

    convcore.register_backend(Chosen)
    return request.param


def plan_for(geometry, dtype="float32"):
    steps = {name: getattr(geometry, name) for name in ("stride", "padding", "dilation", "groups")}
    plan = convcore.plan(geometry.input_shape, geometry.weight_shape, dtype=dtype, **steps)
    assert plan.name == "chosen"
    return plan


def draw(geometry, operation, dtype="float32", seed=0):
    rng = np.random.default_rng(seed)
    return [
        rng.standard_normal(shape).astype(dtype) for shape in geometry.operand_shapes(operation)
    ]


def check(plan, operation, first, second, got=None):
    """NaN and Inf as the definition has them, everything else within the normwise bound."""
    got = getattr(plan, operation)(first, second) if got is None else got
    exact = convcore.get_backend("naive")(plan.geometry, plan.dtype)
    want = getattr(exact, operation)(first, second)
    for special in (np.isnan, np.isposinf, np.isneginf):
        assert (special(got) == special(want)).all(), f"{operation}: {special.__name__}"
    finite = np.isfinite(want)
    clean = [np.where(np.isfinite(a), a, 0).astype("float64") for a in (first, second)]
    bound = 64 * np.finfo(plan.dtype).eps / np.finfo("float64").eps
    bound = bound * unit_bound("normwise", plan.geometry, operation, *clean)
    error = np.abs(got[finite].astype("float64") - want[finite])
    assert (error <= np.broadcast_to(bound, want.shape)[finite]).all()


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_one_value_that_is_not_finite(chosen, operation, which, value):
    operands = draw(GEOMETRY, operation)
    operands[which].flat[operands[which].size // 2] = value
    check(plan_for(GEOMETRY), operation, *operands)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_many_of_them(chosen, operation):
    first, second = draw(GEOMETRY, operation)
    rng = np.random.default_rng(1)
    for value in (np.nan, np.inf, -np.inf):
        first[rng.random(first.shape) < 0.1] = value
    check(plan_for(GEOMETRY), operation, first, second)


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(("large", "small"), [(1e37, 1.0), (1e20, 1e17), (3e38, 1e-3), (1.0, 1e37)])
def test_finite_operands_whose_result_is_finite(chosen, operation, large, small):
    """Sums on the way would overflow: of a constant over a tile, of the products."""
    first, second = draw(GEOMETRY, operation)
    first = np.clip(first, -1, 1) * np.float32(large)
    second = np.clip(second, -1, 1) * np.float32(small / 3e3)
    plan = plan_for(GEOMETRY)
    got = getattr(plan, operation)(first, second)
    assert np.isfinite(got).all()
    check(plan, operation, first, second, got)


# Axes along which samples and channels do not meet in a result.
APART = {"forward": (0, 0), "grad_input": (0, 1), "grad_weight": (1, 1)}


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("groups", [1, 2])
def test_what_is_small_does_not_underflow_beside_what_overflows(chosen, operation, groups):
    if chosen == "winograd":
        groups = 1
    geometry = Geometry.of((2, 4, 33, 30), (6, 4 // groups, 3, 5), padding=1, groups=groups)
    operands = draw(geometry, operation)
    for operand, axis, far in zip(operands, APART[operation], (1e-38, 1e-8), strict=True):
        rows = np.moveaxis(np.clip(operand, -1, 1, out=operand), axis, 0)
        rows[1::2] *= np.float32(far)
    operands[0] *= np.float32(3e38)
    operands[1] *= np.float32(1e-6)
    plan = plan_for(geometry)
    got = getattr(plan, operation)(*operands)
    assert np.isfinite(got).all()
    check(plan, operation, *operands, got)


def test_a_fill_value_beside_a_mean_filter():
    image = np.zeros((1, 1, 128, 128), "float32")
    image[..., 40:60, 40:60] = 9.97e36
    got = convcore.conv(image, np.full((1, 1, 25, 25), 1 / 625, "float32"))
    assert np.isfinite(got).all()
    assert got.max() == pytest.approx(9.97e36 * 400 / 625, rel=1e-5)
    assert convcore.explain((1, 1, 128, 128), (1, 1, 25, 25)).chosen in SPREADING


def test_a_missing_sample_costs_what_reads_it():
    signal = np.random.default_rng(0).standard_normal((1, 1, 1000))
    signal[0, 0, 500] = np.nan
    for backend in (None, "direct"):
        got = convcore.conv(signal, np.ones((1, 1, 200)), backend=backend)
        assert np.flatnonzero(np.isnan(got)).tolist() == list(range(301, 501))


def test_what_overflows_by_definition_still_does(chosen):
    first, second = draw(GEOMETRY, "forward")
    check(plan_for(GEOMETRY), "forward", np.full_like(first, 3e38), np.abs(second))


@pytest.mark.parametrize("dtype", ["complex64", "complex128", "float64"])
def test_other_dtypes(dtype):
    class Chosen(convcore.get_backend("fft")):
        name = "chosen"

        @classmethod
        def estimate(cls, geometry, dtype, operation, *, threads):
            return 0.0

    convcore.register_backend(Chosen)
    top = np.finfo(dtype).max / 100
    x = np.full((1, 1, 40), top, dtype)
    got = convcore.conv(x, np.full((1, 1, 20), 1 / 20, dtype))
    assert np.allclose(got / top, 1, rtol=1e-5)
    x[0, 0, 30] = np.nan
    got = convcore.conv(x, np.full((1, 1, 20), 1 / 20, dtype))
    assert np.flatnonzero(np.isnan(got)).tolist() == list(range(11, 21))


def test_prepared_weights_out_and_pickles_are_repaired_too(chosen):
    first, second = draw(GEOMETRY, "forward")
    first[1, 2, 3, 4] = np.nan
    plan = plan_for(GEOMETRY)
    for again in (plan, pickle.loads(pickle.dumps(plan))):
        check(again, "forward", first, second, again.forward(first, again.prepare(second)))
        out = np.empty(GEOMETRY.output_shape, "float32")
        assert again.forward(first, second, out=out) is out
        check(again, "forward", first, second, out)


def test_the_operands_stay_as_they_are(chosen):
    first, second = draw(GEOMETRY, "forward")
    first[0, 0, 0, 0] = np.inf
    kept = first.copy(), second.copy()
    plan_for(GEOMETRY).forward(first, second)
    assert (first == kept[0]).all()
    assert (second == kept[1]).all()
    first = np.full_like(first, 3e38)
    plan_for(GEOMETRY).forward(first, second)
    assert (first == np.float32(3e38)).all()


def test_a_backend_asked_for_by_name_does_as_it_declares():
    image = np.ones((1, 1, 40, 40), "float32")
    image[0, 0, 20, 20] = np.nan
    weight = np.ones((1, 1, 9, 9), "float32")
    assert np.isnan(convcore.conv(image, weight, backend="fft")).sum() > 81
    assert np.isnan(convcore.conv(image, weight)).sum() == 81
