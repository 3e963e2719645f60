"""Pointwise layers whose channels come last are products of rows, and nothing is copied."""

import itertools

import numpy as np
import pytest
from fakes import looking_backend
from hypothesis import given
from hypothesis import strategies as st

import convcore
from convcore.planning.rows import product_of_rows, rows_of

WEIGHTS = ("OIHW", "HWIO", "OHWI")
DTYPES = ("float32", "float64", "complex64", "int16", "float16")


def moved(array, layout):
    """(N, C, H, W) or (O, I, H, W) in the order of a layout."""
    return np.ascontiguousarray(
        np.einsum("OIHW->" + layout if "O" in layout else "NCHW->" + layout, array)
    )


@given(
    st.tuples(*(st.integers(1, 4) for _ in range(5))),
    st.sampled_from(DTYPES),
    st.sampled_from(WEIGHTS),
    st.sampled_from(["NHWC", "NCHW", "HWNC"]),
    st.integers(0, 2**16),
)
def test_results_are_those_of_planes(extents, dtype, weight_layout, out_layout, seed):
    n, c, k, h, w = extents
    rng = np.random.default_rng(seed)
    draw = lambda *shape: rng.integers(-4, 5, shape).astype(dtype)  # noqa: E731
    x, weight, bias, gradient = draw(n, c, h, w), draw(k, c, 1, 1), draw(k), draw(n, k, h, w)
    want, pull = convcore.conv_vjp(x, weight, bias, backend="naive")
    layouts = {"layout": "NHWC", "weight_layout": weight_layout, "out_layout": out_layout}
    own = moved(x, "NHWC"), moved(weight, weight_layout), bias
    got, pull_own = convcore.conv_vjp(*own, **layouts)
    np.testing.assert_array_equal(got, moved(want, out_layout))
    found, plain = pull_own(moved(gradient, out_layout)), pull(gradient)
    np.testing.assert_array_equal(found[0], moved(plain[0], "NHWC"))
    np.testing.assert_array_equal(found[1], moved(plain[1], weight_layout))
    np.testing.assert_array_equal(found[2], plain[2])


@pytest.mark.parametrize("operation", ["forward", "grad_input", "grad_weight"])
@pytest.mark.parametrize("weight_layout", ["OIHW", "HWIO"])
def test_no_image_is_copied(operation, weight_layout):
    backend, seen = looking_backend()
    shapes = {"forward": "xw", "grad_input": "gw", "grad_weight": "gx"}[operation]
    weight_shape = (8, 6, 1, 1) if weight_layout == "OIHW" else (1, 1, 6, 8)
    every = {"x": (2, 5, 7, 6), "w": weight_shape, "g": (2, 5, 7, 8)}
    pair = [np.ones(every[name], "float32") for name in shapes]
    function = {"forward": convcore.conv}.get(operation) or getattr(convcore, f"conv_{operation}")
    shape = {"grad_input": [every["x"]], "grad_weight": [weight_shape]}.get(operation, [])
    layouts = {"layout": "NHWC", "weight_layout": weight_layout, "backend": backend}
    result = function(*pair, *shape, **layouts)
    (arrays,) = seen
    images = [array for name, array in zip(shapes, pair, strict=True) if name != "w"]
    images += [result] if operation != "grad_weight" else []
    for image in images:
        assert any(np.shares_memory(image, array) for array in arrays)


@pytest.mark.parametrize(
    ("operation", "problem"),
    [
        ("forward", ((1, 64, 96), (81, 64, 1))),
        ("grad_input", ((1, 96, 64), (81, 96, 1))),
        ("grad_weight", ((1, 96, 64), (81, 96, 1))),
        ("grad_weight", ((1, 64, 96), (81, 64, 1))),
    ],
)
def test_a_plan_says_what_memory_its_rows_take(operation, problem):
    plan = convcore.plan((1, 9, 9, 64), (96, 64, 1, 1), layout="NHWC", weight_layout="OIHW")
    way = "grad_input" if operation == "grad_weight" else "forward"
    rows = convcore.plan(*problem, operation=way)
    assert plan.workspace_bytes(operation) >= rows.workspace_bytes(way) + 4 * 64 * 96


def test_one_sample_does_not_change_the_bits_of_another():
    backend, seen = looking_backend()
    x, w = np.ones((2, 5, 7, 6), "float32"), np.ones((8, 6, 1, 1), "float32")
    with convcore.options(deterministic="batch"):
        convcore.conv(x, w, layout="NHWC", weight_layout="OIHW", backend=backend)
    assert {arrays[1].shape[:2] for arrays in seen} == {(8, 6)}


def test_a_backend_that_declines_the_product_runs_the_problem_itself():
    class Narrow(convcore.get_backend("naive")):
        name = "narrow"

        @classmethod
        def refusal(cls, geometry, dtype, operation=None):
            if geometry.out_channels > 8:
                return convcore.Refusal("CHANNELS", "it takes few channels only")
            return super().refusal(geometry, dtype, operation)

    x, w = np.ones((1, 5, 7, 6), "float32"), np.ones((8, 6, 1, 1), "float32")
    got = convcore.conv(x, w, layout="NHWC", weight_layout="OIHW", backend=Narrow)
    assert (got == 6).all()


GEOMETRY = convcore.Geometry.of((2, 3, 4, 5), (6, 3, 1, 1))
ARRAYS = [np.ones(shape) for shape in ((2, 4, 5, 3), (6, 3, 1, 1), (2, 4, 5, 6))]
VIEWS = ARRAYS[0].transpose(0, 3, 1, 2), ARRAYS[1], ARRAYS[2].transpose(0, 3, 1, 2)


@pytest.mark.parametrize(
    "change",
    [
        {"stride": 2},
        {"padding": 1},
        {"groups": 3, "weight": (6, 1, 1, 1)},
        {"weight": (6, 3, 1, 2)},
    ],
)
def test_other_problems_are_no_products_of_rows(change):
    change = dict(change)
    weight = change.pop("weight", (6, 3, 1, 1))
    other = convcore.Geometry.of((2, 3, 4, 5), weight, **change)
    assert product_of_rows(other, "forward", *VIEWS) is None
    assert product_of_rows(GEOMETRY, "forward", *VIEWS) is not None


def test_planes_are_no_rows():
    for place in (0, 2):
        planes = [*VIEWS]
        planes[place] = np.ascontiguousarray(planes[place])
        assert rows_of(planes[place]) is None
        assert product_of_rows(GEOMETRY, "forward", *planes) is None
        x, w, g = planes
        assert product_of_rows(GEOMETRY, "grad_weight", g, x, w) is None


@pytest.mark.parametrize("positions", [1, 3, 40])
@pytest.mark.parametrize(("c", "k"), list(itertools.product((2, 30), repeat=2)))
def test_a_weight_is_copied_where_it_is_smaller_than_the_images(positions, c, k):
    geometry = convcore.Geometry.of((1, c, positions), (k, c, 1))
    x, y = np.ones((1, positions, c)), np.empty((1, positions, k))
    views = x.transpose(0, 2, 1), np.ones((k, c, 1)), y.transpose(0, 2, 1)
    product = product_of_rows(geometry, "forward", *views)
    assert (product is not None) == (c * k <= positions * (c + k))
