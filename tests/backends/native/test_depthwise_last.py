"""Depthwise layers with channels last: the sums of `naive`, whatever the tile and its edges."""

from itertools import product

import numpy as np
import pytest

import convcore
from convcore.plugin import Geometry

parts = pytest.importorskip("convcore_native._parts")
bridge = pytest.importorskip("convcore_native._bridge")
channels_last = pytest.importorskip("convcore_native._channels_last")

GUARD = 77


def whole(seed, *shape, dtype="float32"):
    return np.random.default_rng(seed).integers(-4, 5, shape).astype(dtype)


def expected(x, w, rows, columns, extents):
    """By `naive`, from arrays (N, H, W, C) and (R, S, C)."""
    padding = []
    for (step, dilation, before), taps, extent, out in zip(
        (rows, columns), w.shape, x.shape[1:], extents, strict=False
    ):
        padding.append((before, (out - 1) * step + dilation * (taps - 1) + 1 - extent - before))
    stride, dilation = ((rows[i], columns[i]) for i in range(2))
    weight = w.transpose(2, 0, 1)[:, None].copy()
    x = x.transpose(0, 3, 1, 2).copy()
    steps = {"stride": stride, "dilation": dilation, "padding": tuple(padding)}
    y = convcore.conv(x, weight, **steps, groups=x.shape[1], backend="naive")
    return y.transpose(0, 2, 3, 1)


def require_right(x, w, rows, columns, extents, isa=None, threads=1):
    shape = (len(x), *extents, x.shape[3])
    room = np.full((int(np.prod(shape)) + 128,), GUARD, x.dtype)
    target = room[64:-64].reshape(shape)
    assert parts.depthwise_last(x, w, target, rows, columns, threads, isa)
    np.testing.assert_array_equal(target, expected(x, w, rows, columns, extents))
    assert (room[:64] == GUARD).all()
    assert (room[-64:] == GUARD).all()


@pytest.mark.parametrize("isa", bridge.available_isas())
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("channels", [16, 17, 31, 40, 64, 70, 131])
def test_every_number_of_channels(isa, dtype, channels):
    for width in (1, 2, 5, 6, 7, 9, 14):
        x, w = whole(0, 2, 5, width, channels, dtype=dtype), whole(1, 3, 3, channels, dtype=dtype)
        require_right(x, w, (1, 1, 1), (1, 1, 1), (5, width), isa, 2)


STEPS, DILATIONS, BEFORE = (1, 2, 3), (1, 2), (-2, 0, 1, 4)


@pytest.mark.parametrize("isa", bridge.available_isas())
@pytest.mark.parametrize(("step", "dilation", "before"), [*product(STEPS, DILATIONS, BEFORE)])
def test_every_way_to_read_an_axis(isa, step, dilation, before):
    for taps, extent, out in product((1, 2, 5), (3, 12), (1, 4, 11)):
        if (out - 1) * step + dilation * (taps - 1) + 1 < before:
            continue  # reads padding only, and `naive` cannot be asked for less than all of it
        x, w = whole(2, 1, extent, 6, 20), whole(3, taps, 1, 20)
        require_right(x, w, (step, dilation, before), (1, 1, 0), (out, 6), isa)
        x, w = x.transpose(0, 2, 1, 3).copy(), w.transpose(1, 0, 2).copy()
        require_right(x, w, (1, 1, 0), (step, dilation, before), (6, out), isa)


def require_right_gradient(x, gradient, taps, rows, columns, isa=None, threads=1):
    weight = np.full((*taps, x.shape[3]), GUARD, x.dtype)
    assert parts.depthwise_last_gradient(x, weight, gradient, rows, columns, threads, isa)
    want = np.zeros_like(weight)
    for r, s in np.ndindex(*taps):
        for i, j in np.ndindex(*gradient.shape[1:3]):
            at = i * rows[0] + r * rows[1] - rows[2], j * columns[0] + s * columns[1] - columns[2]
            if 0 <= at[0] < x.shape[1] and 0 <= at[1] < x.shape[2]:
                want[r, s] += (gradient[:, i, j] * x[:, at[0], at[1]]).sum(0)
    np.testing.assert_array_equal(weight, want)


@pytest.mark.parametrize("isa", bridge.available_isas())
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("channels", [16, 17, 31, 40, 64, 70])
def test_gradients_of_every_number_of_channels(isa, dtype, channels):
    for width, taps in product((1, 4, 9), ((3, 3), (1, 4), (2, 7))):
        x = whole(0, 2, 5, width, channels, dtype=dtype)
        gradient = whole(1, 2, 4, width, channels, dtype=dtype)
        require_right_gradient(x, gradient, taps, (1, 1, 1), (1, 1, 1), isa, 2)


@pytest.mark.parametrize("isa", bridge.available_isas())
@pytest.mark.parametrize(("step", "dilation", "before"), [*product(STEPS, DILATIONS, BEFORE)])
def test_gradients_of_every_way_to_read_an_axis(isa, step, dilation, before):
    for taps, extent, out in product((1, 3, 5), (3, 12), (1, 4, 11)):
        x, gradient = whole(2, 1, extent, 6, 20), whole(3, 1, out, 6, 20)
        read = step, dilation, before
        require_right_gradient(x, gradient, (taps, 1), read, (1, 1, 0), isa)
        x, gradient = (array.transpose(0, 2, 1, 3).copy() for array in (x, gradient))
        require_right_gradient(x, gradient, (1, taps), (1, 1, 0), read, isa)


def test_gradients_of_many_taps_are_left_alone():
    x, weight = np.ones((1, 12, 12, 16), "f4"), np.full((12, 12, 16), GUARD, "f4")
    gradient = np.ones((1, 1, 1, 16), "f4")
    assert not parts.depthwise_last_gradient(x, weight, gradient, (1, 1, 0), (1, 1, 0), 1)
    assert (weight == GUARD).all()


@pytest.mark.parametrize("isa", bridge.available_isas())
def test_gradients_by_other_threads_have_the_same_bits(isa):
    rng = np.random.default_rng(0)
    x, gradient = (rng.standard_normal((2, 30, 29, 70)).astype("f4") for _ in range(2))
    results = []
    for threads in (1, 2, 5):
        weight = np.empty((5, 5, 70), "f4")
        args = (x, weight, gradient, (1, 1, 2), (1, 1, 2))
        assert parts.depthwise_last_gradient(*args, threads, isa)
        results.append(weight.tobytes())
    assert len(set(results)) == 1


def test_fewer_channels_than_a_vector_are_left_alone():
    target = np.full((1, 4, 4, 3), GUARD, "float32")
    x, w = np.ones((1, 4, 4, 3), "float32"), np.ones((1, 1, 3), "float32")
    assert not parts.depthwise_last(x, w, target, (1, 1, 0), (1, 1, 0), 1)
    assert (target == GUARD).all()


@pytest.mark.parametrize("isa", bridge.available_isas())
def test_other_threads_have_the_same_bits(isa):
    rng = np.random.default_rng(0)
    x, w = (rng.standard_normal(shape).astype("f4") for shape in ((3, 30, 29, 40), (5, 5, 40)))
    results = []
    for threads in (1, 2, 5):
        y = np.empty_like(x)
        assert parts.depthwise_last(x, w, y, (1, 1, 2), (1, 1, 2), threads, isa)
        results.append(y.tobytes())
    assert len(set(results)) == 1


def test_what_is_not_finite_stays_where_it_enters():
    x, w = np.ones((1, 8, 9, 16), "float32"), np.full((3, 3, 16), np.inf, "float32")
    y = np.empty_like(x)
    assert parts.depthwise_last(x, w, y, (1, 1, 1), (1, 1, 1), 1)
    assert np.isinf(y).all()  # no infinite weight has met a zero of the padding
    x[0, 4, 4, 3], w[...] = np.nan, 1
    assert parts.depthwise_last(x, w, y, (1, 1, 1), (1, 1, 1), 1)
    assert np.isnan(y[0, 3:6, 3:6, 3]).all()
    assert np.isnan(y).sum() == 9


def test_a_product_that_underflows_leaves_no_minus_zero():
    x, w = np.full((1, 1, 1, 16), 1e-30, "float32"), np.full((1, 1, 16), -1e-30, "float32")
    y = np.empty_like(x)
    assert parts.depthwise_last(x, w, y, (1, 1, 0), (1, 1, 0), 1)
    assert not np.signbit(y).any()


@pytest.mark.parametrize("layout", ["NHWC", "NWC"])
@pytest.mark.parametrize("weight_layout", [None, "last"])
def test_layers_are_run_without_a_copy(layout, weight_layout, monkeypatch):
    seen = []
    monkeypatch.setattr(
        channels_last, "depthwise_last", lambda *a: seen.append(a[0]) or parts.depthwise_last(*a)
    )
    gradient_of = parts.depthwise_last_gradient
    monkeypatch.setattr(
        channels_last, "depthwise_last_gradient", lambda *a: seen.append(a[0]) or gradient_of(*a)
    )
    rank = len(layout) - 2
    x, w = whole(4, 2, *(9, 8)[:rank], 24), whole(5, *(3, 3)[:rank], 1, 24)
    given = {"layout": layout, "padding": 1, "groups": 24, "backend": "direct"}
    ours = np.moveaxis(x, -1, 1).copy(), w.transpose(rank + 1, rank, *range(rank)).copy()
    if weight_layout:
        given["weight_layout"] = layout[1:-1] + "IO"
    y = convcore.conv(x, w if weight_layout else ours[1], **given)
    want = convcore.conv(*ours, padding=1, groups=24, backend="naive")
    np.testing.assert_array_equal(np.moveaxis(y, -1, 1), want)
    assert np.shares_memory(seen[0], x)
    gradient = convcore.conv_grad_input(y, w if weight_layout else ours[1], x.shape, **given)
    want = convcore.conv_grad_input(
        want, ours[1], ours[0].shape, padding=1, groups=24, backend="naive"
    )
    np.testing.assert_array_equal(np.moveaxis(gradient, -1, 1), want)
    assert len(seen) == 2
    weight = convcore.conv_grad_weight(y, x, w.shape if weight_layout else ours[1].shape, **given)
    want = convcore.conv_grad_weight(
        np.moveaxis(y, -1, 1).copy(), ours[0], ours[1].shape, padding=1, groups=24, backend="naive"
    )
    order = (rank + 1, rank, *range(rank))
    np.testing.assert_array_equal(weight.transpose(order) if weight_layout else weight, want)
    assert np.shares_memory(seen[2], x)


@pytest.mark.parametrize(
    "geometry",
    [
        Geometry.of((1, 16, 5, 5), (32, 1, 3, 3), groups=16),
        Geometry.of((1, 16, 5, 5), (16, 16, 3, 3)),
        Geometry.of((1, 16, 5, 5, 5), (16, 1, 3, 3, 3), groups=16),
        Geometry.of((0, 16, 5, 5), (16, 1, 3, 3), groups=16),
    ],
)
def test_other_problems_are_left_alone(geometry):
    images = np.ones(geometry.input_shape, "f4"), np.ones(geometry.output_shape, "f4")
    weight = np.ones(geometry.weight_shape, "f4")
    assert not channels_last.run(geometry, "forward", images[0], weight, images[1], 1)


def test_the_gradient_of_a_strided_layer_is_left_alone():
    geometry = Geometry.of((1, 16, 5, 5), (16, 1, 3, 3), groups=16, stride=2)
    gradient, weight = np.ones(geometry.output_shape, "f4"), np.ones(geometry.weight_shape, "f4")
    out = np.ones(geometry.input_shape, "f4")
    assert not channels_last.run(geometry, "grad_input", gradient, weight, out, 1)
