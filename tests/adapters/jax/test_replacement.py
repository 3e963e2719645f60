"""JAX's own convolutions on ours: forward, both gradients, any order of axes; and back again."""

from itertools import product

import numpy as np
import pytest

import convcore

jax = pytest.importorskip("jax")
door = pytest.importorskip("convcore.adapters.jax")
from jax import lax  # noqa: E402

from convcore.adapters.jax import replacement, translation  # noqa: E402

STEPS = [
    {
        "window_strides": (stride, 1),
        "rhs_dilation": (1, gap),
        "lhs_dilation": (wide, 1),
        "feature_group_count": groups,
        "padding": ((1, 2), (0, -1)),
    }
    for stride, gap, wide, groups in product((1, 2), (1, 2), (1, 2), (1, 2))
]


@pytest.fixture
def calls(monkeypatch):
    """How often ours has run, while it is installed."""
    made = []
    map_for = translation.map_for

    def noted(*problem):
        compute = map_for(*problem)
        return lambda *arrays: made.append(problem[0]) or compute(*arrays)

    monkeypatch.setattr(translation, "map_for", noted)
    door.install("always")
    yield made
    door.uninstall()


def results(steps, x, w):
    def run(x, w):
        return lax.conv_general_dilated(x, w, **steps)

    y, pullback = jax.vjp(run, x, w)
    return (y, *pullback(np.cos(y)))


def arrays(groups=1):
    random = np.random.default_rng(0)
    shapes = (2, 4, 9, 8), (6, 4 // groups, 3, 2)
    return [random.standard_normal(shape).astype("float32") for shape in shapes]


@pytest.mark.parametrize("steps", STEPS)
def test_results_and_gradients(calls, steps):
    operands = arrays(steps["feature_group_count"])
    ours = results(steps, *operands)
    alone = steps["window_strides"][0] == 1 or steps["lhs_dilation"][0] == 1
    assert "g" in calls or "x" in calls or not alone
    door.uninstall()
    for mine, theirs in zip(ours, results(steps, *operands), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-4)


def test_a_gradient_of_the_weight_is_recognised(calls):
    x, w = arrays()
    ours = results({"window_strides": (1, 1), "padding": "SAME"}, x, w)
    assert sorted(calls) in (["g", "g", "w"], ["g", "w", "x"])
    assert ours[2].shape == w.shape


@pytest.mark.parametrize("orders", [("NHWC", "HWIO", "NHWC"), ("CHWN", "OHWI", "NCHW")])
def test_orders_of_axes(calls, orders):
    x, w = arrays()
    x, w = (
        a.transpose(["NCHW".find(axis) if i == 0 else "OIHW".find(axis) for axis in order])
        for i, (a, order) in enumerate(zip((x, w), orders, strict=False))
    )
    steps = {"window_strides": (2, 1), "padding": "SAME", "dimension_numbers": orders}
    ours = results(steps, x, w)
    assert calls
    door.uninstall()
    for mine, theirs in zip(ours, results(steps, x, w), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-4)


def test_integers_and_empty_arrays_stay_with_jax(calls):
    ones = np.ones((1, 1, 4, 4), "int32")
    assert lax.conv(ones, ones[..., :2], (1, 1), "VALID").shape == (1, 1, 1, 3)
    assert lax.conv(np.ones((0, 1, 4, 4)), np.ones((2, 1, 2, 2)), (1, 1), "VALID").size == 0
    assert not calls


@pytest.mark.parametrize("winner", [0, 1])
def test_the_faster_one_is_kept(monkeypatch, winner):
    monkeypatch.setattr(replacement, "fastest", lambda *runs: [run() for run in runs] and winner)
    x, w = arrays()
    expected = lax.conv(x, w, (1, 1), "VALID")
    door.install()
    try:
        assert door.installed()
        np.testing.assert_allclose(lax.conv(x, w, (1, 1), "VALID"), expected, atol=1e-4)
        assert list(replacement._verdicts.values()) == [bool(winner)]
    finally:
        door.uninstall()
    assert not door.installed()


def test_a_version_that_keeps_its_lowerings_elsewhere_is_refused(monkeypatch):
    monkeypatch.setattr(replacement.mlir, "_platform_specific_lowerings", {})
    with pytest.raises(convcore.UnsupportedError, match=r"install\(\) knows JAX"):
        door.install()
    assert not door.installed()


def test_an_unknown_choice_is_an_error():
    with pytest.raises(convcore.OptionError, match=r"^choice: must be one of faster, always; got"):
        door.install("sometimes")
