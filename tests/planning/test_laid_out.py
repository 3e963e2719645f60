"""Plans and explanations of arrays in another order of axes."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import convcore

OPTIONS = {"stride": 2, "padding": 1, "groups": 2}
LAYOUTS = {"layout": "NHWC", "weight_layout": "HWIO", "out_layout": "CHWN"}
INPUT, WEIGHT = (0, 2, 3, 1), (2, 3, 1, 0)  # from the library's order
OUTPUT = (1, 2, 3, 0)


@pytest.fixture
def plans():
    plain = convcore.plan((3, 4, 9, 8), (6, 2, 3, 3), **OPTIONS, backend="naive")
    own = convcore.plan((3, 9, 8, 4), (3, 3, 2, 6), **OPTIONS, **LAYOUTS, backend="naive")
    return plain, own


def draw(*shapes):
    rng = np.random.default_rng(0)
    return [rng.standard_normal(shape, dtype="float32") for shape in shapes]


def moved(array, order):
    return np.ascontiguousarray(array.transpose(order))


def test_a_plan_takes_and_gives_the_orders_that_it_was_made_for(plans):
    plain, own = plans
    assert own.geometry == plain.geometry
    assert own.name == "naive"
    x, w, g = draw(*(plain.geometry.shape_of(role) for role in ("input", "weight", "output")))
    y = own.forward(moved(x, INPUT), moved(w, WEIGHT))
    assert y.flags.c_contiguous
    np.testing.assert_array_equal(y, plain.forward(x, w).transpose(OUTPUT))
    gradient = moved(g, OUTPUT)
    grad_input = own.grad_input(gradient, moved(w, WEIGHT))
    np.testing.assert_array_equal(grad_input, plain.grad_input(g, w).transpose(INPUT))
    grad_weight = own.grad_weight(gradient, moved(x, INPUT))
    np.testing.assert_array_equal(grad_weight, plain.grad_weight(g, x).transpose(WEIGHT))
    assert own.workspace_bytes("forward") > 0


def test_it_takes_an_out_and_a_prepared_weight_and_survives_a_pickle(plans):
    plain, own = plans
    x, w = draw(plain.geometry.input_shape, plain.geometry.weight_shape)
    x, w = moved(x, INPUT), moved(w, WEIGHT)
    want, out = own.forward(x, w), np.empty((6, 5, 4, 3), "float32")
    prepared = own.prepare(w)
    assert own.forward(x, prepared, out=out) is out
    np.testing.assert_array_equal(out, want)
    again = pickle.loads(pickle.dumps(own))
    np.testing.assert_array_equal(again.forward(x, w), want)
    with pytest.raises(convcore.ShapeError, match="weight: must be prepared by this very plan"):
        again.forward(x, prepared)


def test_it_refuses_what_does_not_fit(plans):
    plain, own = plans
    x, w = draw((3, 9, 8, 4), (3, 3, 2, 6))
    for change, message in (
        ((x.transpose(0, 3, 1, 2), w), r"input: must have shape \(3, 9, 8, 4\); got \(3, 4, 9, 8"),
        ((x, w.T), r"weight: must have shape \(3, 3, 2, 6\); got \(6, 2, 3, 3\)"),
        ((x.astype("float64"), w), "input: must have dtype float32"),
        ((x, plain.prepare(w.transpose(3, 2, 0, 1))), "weight: must be prepared by this very"),
    ):
        with pytest.raises((convcore.ShapeError, convcore.DtypeError), match=f"^{message}"):
            own.forward(*change)
    with pytest.raises(convcore.ShapeError, match=r"^weight: must have shape \(3, 3, 2, 6\)"):
        own.prepare(w.T)
    with pytest.raises(convcore.ShapeError, match=r"^out: must have shape \(6, 5, 4, 3\)"):
        own.forward(x, w, out=np.empty((3, 6, 5, 4), "float32"))
    with pytest.raises(convcore.ShapeError, match=r"^input: must have the 2 axes of layout='HW'"):
        convcore.plan((3, 9, 8), (3, 3), layout="HW", weight_layout="HW")


def test_leading_axes_and_float16():
    x, w = (array.astype("float16") for array in draw((2, 3, 4, 9), (6, 4, 3)))
    plan = convcore.plan(x.shape, w.shape, layout="...CX", dtype="float16", backend="naive")
    want = convcore.conv(x.reshape(6, 4, 9), w, backend="naive")
    np.testing.assert_array_equal(plan.forward(x, w), want.reshape(2, 3, 6, 7))
    assert plan.grad_input(plan.forward(x, w), w).shape == x.shape


def test_an_explanation_is_that_of_the_same_problem():
    plain = convcore.explain((3, 4, 9, 8), (6, 2, 3, 3), **OPTIONS)
    own = convcore.explain((3, 9, 8, 4), (3, 3, 2, 6), **OPTIONS, **LAYOUTS)
    assert own.geometry == plain.geometry
    assert own.chosen == plain.chosen
